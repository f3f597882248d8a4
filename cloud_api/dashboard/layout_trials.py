"""The cards of the Layout page that begin a trial, and say what the trials show."""

from __future__ import annotations

from functools import partial
from html import escape

from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.acting import pressed, see_may
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import button, html, read, say_refused
from cloud_api.dashboard.job_card import show_job
from cloud_api.dashboard.words import change, counted, span
from cloud_api.errors import CloudError
from cloud_api.flows.layout_planning import MOVES_MAX
from cloud_api.flows.trials import TrialDesign, TrialList, TrialView
from cloud_api.rules.layout_trial import ScoreWorth


async def show_trials(desk: Desk, stores: list[StoreRecord], found: TrialList) -> None:
    """The trials so far, and the button that begins the next."""
    names = {store.store_id: store.name for store in stores}
    design = await read(desk.trials.design)
    if design is None:
        return
    with ui.element("section").classes("card"):
        html(f"<h2>Trials</h2><p>{escape(_worth(found.worth))}</p>")
        for trial in found.trials:
            _show_trial(desk, trial, names)
        _offer(desk, design, names, found)


def _worth(worth: ScoreWorth | None) -> str:
    if worth is None:
        return "No trial has ended yet, so no gain in sales is claimed for any move"
    tenth = 0.1
    low, mean, high = (change(tenth * value) for value in (worth.low, worth.per_point, worth.high))
    trials = counted(worth.trials, "trial", "trials")
    if worth.low <= 0.0 <= worth.high:
        return f"{trials.capitalize()} ended: a tenth of the score brought between {low} and {high} of sales, which may be nothing"
    return f"{trials.capitalize()} ended: a tenth of the score brought {mean} of sales, between {low} and {high}"


def _show_trial(desk: Desk, trial: TrialView, names: dict[str, str]) -> None:
    with ui.element("div").classes("line"):
        state = {"running": "● running", "stopped": "stopped", "ended": "ended"}[trial.state]
        last = trial.first.fromordinal(trial.first.toordinal() + 7 * trial.weeks - 1)
        stated = f"Stated beforehand: {trial.detectable:.1%} found four times in five, in {len(trial.pairs)} pairs.".replace("%", " %")
        html(
            f'<div class="row-line"><h3>{escape(span(trial.first, last))}</h3><span class="state look">{state}</span>'
            f'<span class="end">{trial.weeks_done} of {trial.weeks} weeks</span></div><p>{escape(_shown(trial))}</p>'
            f'<p class="quiet">{stated}</p>'
        )
        with ui.element("details"):
            html("Shops and their moves", tag="summary")
            html(_shops(trial, names))
        if trial.state == "running":
            with ui.element("div").classes("buttons"):
                button("End this trial", partial(_stop, desk, trial.trial_id))


def _shown(trial: TrialView) -> str:
    reading = trial.reading
    if reading is None:
        return "No whole week yet"
    found = f"{change(reading.effect)} sales, between {change(reading.low)} and {change(reading.high)}"
    return f"{reading.verdict.capitalize()}: {found}"


def _shops(trial: TrialView, names: dict[str, str]) -> str:
    rows = "".join(
        f"<tr><td>{escape(names.get(changed, changed))}</td><td>{escape(names.get(same, same))}</td>"
        f"<td>{'; '.join(escape(', '.join(move.name for move in step.moves)) for step in trial.moves.get(changed, [])) or 'none'}</td></tr>"
        for changed, same in trial.pairs
    )
    head = "<tr><th>Changed</th><th>Left as it is</th><th>Bays that change places</th></tr>"
    return f'<div class="scroll"><table class="figures"><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _offer(desk: Desk, design: TrialDesign, names: dict[str, str], found: TrialList) -> None:
    with ui.element("div").classes("line"):
        html(f"<p>{escape(design.sentence).replace('%', ' %')}.</p>")
        if not design.can_begin:
            return
        changed = ", ".join(escape(names.get(shop, shop)) for shop, _ in design.pairs)
        html(f'<p class="quiet">The lot changes {changed}. It begins on {design.first.day} {design.first:%B}.</p>')
        place = ui.element("div").classes("buttons")

    async def begin() -> None:
        try:
            await see_may(desk, "trials", "begin a trial")
        except CloudError as error:
            say_refused(error)
            return
        pairs, weeks = len(design.pairs), design.weeks
        job = desk.jobs.start(
            "begin a trial", lambda progress: desk.trials.begin(weeks=weeks, pairs=pairs, moves_max=MOVES_MAX, progress=progress)
        )
        place.clear()
        with place:
            show_job(job, "Working out the moves of each shop.", lambda _: ui.navigate.reload())

    with place:
        button(f"Try it in these {len(design.pairs)} shops for {counted(design.weeks, 'week', 'weeks')}", begin, is_main=not found.trials)


async def _stop(desk: Desk, trial_id: str) -> None:
    try:
        await pressed(desk, "trials", f"stop {trial_id}", lambda _: desk.trials.stop(trial_id))
    except CloudError as error:
        say_refused(error)
        return
    ui.navigate.reload()

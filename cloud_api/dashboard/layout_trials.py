"""The cards of the Layout page that begin a trial, and say what the trials show."""

from __future__ import annotations

from functools import partial
from html import escape

from nicegui import ui

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.acting import press
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import button, html, read
from cloud_api.dashboard.job_card import show_job
from cloud_api.dashboard.reader import Reader, capital
from cloud_api.dashboard.table import Column, table
from cloud_api.flows.layout_planning import MOVES_MAX
from cloud_api.flows.trials import TrialDesign, TrialList, TrialView
from cloud_api.rules.layout_trial import ScoreWorth


async def show_trials(desk: Desk, reader: Reader, stores: list[StoreRecord], found: TrialList) -> None:
    """The trials so far, and the button that begins the next."""
    names = {store.store_id: store.name for store in stores}
    design = await read(desk.trials.design)
    if design is None:
        return
    with ui.element("section").classes("card") as card:
        card.props('id="trials"')
        html(f"<h2>{reader.t('Trials')}</h2><p>{escape(_worth(reader, found.worth))}</p>")
        for trial in found.trials:
            _show_trial(desk, reader, trial, names)
        _offer(desk, reader, design, names, found)


def _worth(reader: Reader, worth: ScoreWorth | None) -> str:
    if worth is None:
        return reader.t("No trial has ended yet, so no gain in sales is claimed for any move")
    low, mean, high = (reader.change(0.1 * value) for value in (worth.low, worth.per_point, worth.high))
    ended = capital(reader.n("{count} trial ended", "{count} trials ended", worth.trials))
    if worth.low <= 0.0 <= worth.high:
        shown = reader.t("a tenth of the score brought between {low} and {high} of sales, which may be nothing", low=low, high=high)
    else:
        shown = reader.t("a tenth of the score brought {mean} of sales, between {low} and {high}", mean=mean, low=low, high=high)
    return reader.t("{ended}: {shown}", ended=ended, shown=shown)


def _show_trial(desk: Desk, reader: Reader, trial: TrialView, names: dict[str, str]) -> None:
    with ui.element("div").classes("line"):
        state = {"running": f"● {reader.t('running')}", "stopped": reader.t("stopped"), "ended": reader.t("ended")}[trial.state]
        stated = reader.t(
            "Stated beforehand: {share} found four times in five, in {pairs} pairs.",
            share=reader.percent(trial.detectable, decimals=1), pairs=len(trial.pairs),
        )  # fmt: skip
        weeks = reader.t("{done} of {weeks} weeks", done=trial.weeks_done, weeks=trial.weeks)
        html(
            f'<div class="row-line"><h3>{escape(reader.days(trial.first, trial.last))}</h3><span class="state look">{state}</span>'
            f'<span class="end">{weeks}</span></div><p>{escape(trial_shown(reader, trial))}</p>'
            f'<p class="quiet">{stated}</p>'
        )
        with ui.element("details"):
            html(reader.t("Shops and their moves"), tag="summary")
            html(_shops(reader, trial, names))
        if trial.state == "running":
            with ui.element("div").classes("buttons"):
                button(reader.t("End this trial"), partial(_stop, desk, trial.trial_id))


def trial_shown(reader: Reader, trial: TrialView) -> str:
    """What a trial has shown so far, with its doubt."""
    reading = trial.reading
    if reading is None:
        return reader.t("Too few pairs have told their sales") if trial.weeks_done else reader.t("No whole week yet")
    effect, low, high = (reader.change(share) for share in (reading.effect, reading.low, reading.high))
    found = reader.t("{effect} sales, between {low} and {high}", effect=effect, low=low, high=high)
    return reader.t("{verdict}: {found}", verdict=capital(reader.say(reading.verdict)), found=found)


def _shops(reader: Reader, trial: TrialView, names: dict[str, str]) -> str:
    rows = [
        (
            escape(names.get(changed, changed)), escape(names.get(same, same)),
            "; ".join(escape(", ".join(move.name for move in step.moves)) for step in trial.moves.get(changed, [])) or "–",
        )
        for changed, same in trial.pairs
    ]  # fmt: skip
    columns = (Column(reader.t("Changed shop")), Column(reader.t("Left as it is")), Column(reader.t("Bays that change places")))
    return table(columns, rows)


def _offer(desk: Desk, reader: Reader, design: TrialDesign, names: dict[str, str], found: TrialList) -> None:
    with ui.element("div").classes("line"):
        html(f"<p>{escape(reader.told(design.sentence))}</p>")
        if not design.can_begin:
            return
        changed = reader.listed([escape(names.get(shop, shop)) for shop, _ in design.pairs])
        begins = reader.t("The lot changes {shops}. It begins on {day}.", shops=changed, day=reader.day(design.first))
        html(f'<p class="quiet">{begins}</p>')
        place = ui.element("div").classes("buttons")

    async def begin() -> None:
        if not await press(desk, "trials", "begin a trial", lambda _: None):
            return
        pairs, weeks = len(design.pairs), design.weeks
        job = desk.jobs.start(
            "begin a trial", lambda progress: desk.trials.begin(weeks=weeks, pairs=pairs, moves_max=MOVES_MAX, progress=progress)
        )
        place.clear()
        with place:
            show_job(job, reader.t("Working out the moves of each shop."), lambda _: ui.navigate.reload())

    with place:
        weeks = reader.n("{count} week", "{count} weeks", design.weeks)
        button(reader.t("Try it in these {pairs} shops for {weeks}", pairs=len(design.pairs), weeks=weeks), begin, is_main=not found.trials)


async def _stop(desk: Desk, trial_id: str) -> None:
    if await press(desk, "trials", f"stop {trial_id}", lambda _: desk.trials.stop(trial_id)):
        ui.navigate.reload()

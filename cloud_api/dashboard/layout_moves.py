"""The card of the Layout page that proposes moves: before and after on the plan, the few moves in order, what was not known."""

from __future__ import annotations

from datetime import date
from functools import partial
from html import escape

from nicegui import ui

from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import button, html
from cloud_api.dashboard.job_card import show_job
from cloud_api.dashboard.layout_drawing import before_and_after, moved_numbers
from cloud_api.dashboard.reader import Reader, capital
from cloud_api.flows.layout_planning import MOVES_MAX, LayoutWork
from cloud_api.rules.layout_moves import MoveStep
from cloud_api.rules.layout_trial import ScoreWorth, expected_sales

_CHOICES = (2, 4, MOVES_MAX, 12)


def show_moves(desk: Desk, reader: Reader, store_id: str, worth: ScoreWorth | None, *, first: date, last: date) -> None:
    """Offer to work out moves; the work runs beside the page. `worth` is what trials have shown a point of score to sell."""
    with ui.element("section").classes("card"):
        html(f"<h2>{reader.t('Moves worth trying')}</h2>")
        place = ui.element("div").classes("stack")

    def work(most: int) -> None:
        name = f"layout {store_id} {first} {last} {most}"
        job = desk.jobs.start(
            name, lambda progress: desk.layouts.propose(store_id, first=first, last=last, moves_max=most, progress=progress)
        )
        place.clear()
        with place:
            show_job(job, reader.t("Trying places for the bays; the first time takes some ten seconds more."), show)

    def offer() -> None:
        html(f'<p class="quiet">{reader.t("How many bays may move in one go?")}</p>')
        with ui.element("div").classes("buttons"):
            for most in _CHOICES:
                button(reader.n("{count} bay", "{count} bays", most), partial(work, most), is_main=most == MOVES_MAX)

    def show(answer: LayoutWork) -> None:
        _show_answer(reader, answer, worth)
        offer()

    with place:
        offer()


def _show_answer(reader: Reader, answer: LayoutWork, worth: ScoreWorth | None) -> None:
    proposal, planogram = answer.proposal, answer.view.planogram
    html(f"<h3>{escape(reader.say(proposal.sentence))}</h3>")
    baskets = reader.n("{count} basket counted in the window.", "{count} baskets counted in the window.", answer.baskets)
    html(f'<p class="quiet">{_promise(reader, proposal.nearer + proposal.seen, worth)} {capital(baskets)}</p>')
    if proposal.steps:
        html(before_and_after(reader, planogram, proposal.places))
        numbers = moved_numbers(planogram, proposal.places)
        html(f'<ol class="steps">{"".join(_step(reader, step, numbers) for step in proposal.steps)}</ol>')
    if proposal.unknown:
        unknown = escape(reader.told(reader.t("; ").join(reader.say(each) for each in proposal.unknown)))
        html(f'<p class="quiet">{reader.t("Not known: {what}", what=unknown)}</p>')


def _promise(reader: Reader, gain: float, worth: ScoreWorth | None) -> str:
    """No more than trials have shown."""
    if worth is None:
        return reader.t("A score of the plan, not of the till: what it sells, a trial has to show.")
    mean, low, high = (reader.change(share) for share in expected_sales(gain, worth))
    return reader.t(
        "By {trials} so far, moves of this gain bring {mean} of sales, between {low} and {high}; this shop's own, a trial has to show.",
        trials=reader.n("{count} trial", "{count} trials", worth.trials), mean=mean, low=low, high=high,
    )  # fmt: skip


def _step(reader: Reader, step: MoveStep, numbers: dict[str, int]) -> str:
    bays = " ⇄ ".join(f"<b>{numbers[move.bay_id]}</b> {escape(move.name)}" for move in step.moves)
    gains = reader.t(
        "{way} way between goods of one basket, {seen} margin in sight", way=_share(reader, -step.nearer), seen=_share(reader, step.seen)
    )
    return f'<li><p>{bays}</p><p class="quiet">{escape(reader.told(step.reason))}</p><p class="quiet">{gains}</p></li>'


def _share(reader: Reader, value: float) -> str:
    return f"{'−' if value < -0.0005 else '+' if value > 0.0005 else '±'}{reader.percent(abs(value), decimals=1)}"

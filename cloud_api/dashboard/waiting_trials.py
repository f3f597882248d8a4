"""Trials of layouts on the morning list: those at their end, and those that show something beyond doubt before it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape

from nicegui import ui

from cloud_api.dashboard.acting import press
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import button, html
from cloud_api.dashboard.layout_trials import trial_shown
from cloud_api.dashboard.reader import Reader
from cloud_api.flows.trials import TrialView


def show_waiting_trials(desk: Desk, reader: Reader, trials: list[TrialView]) -> None:
    """A card for each, with what it shows and what can be done about it; nothing where none waits."""
    for trial in trials:
        is_over = trial.state == "ended"
        mark = f"● {reader.t('ended')}" if is_over else f"◐ {reader.t('to decide')}"
        pairs = reader.n("{count} pair of shops", "{count} pairs of shops", len(trial.pairs))
        with ui.element("article").classes("card"):
            html(
                f'<div class="row-line"><span class="state {"look" if is_over else "soon"}">{mark}</span>'
                f'<h2>{reader.t("Trial of a layout")} <span class="unit">{reader.days(trial.first, trial.last)}, {pairs}</span></h2></div>'
                f"<p>{escape(trial_shown(reader, trial))}</p>"
            )
            with ui.element("div").classes("buttons"):
                if is_over:
                    button(reader.t("Take note"), partial(_decide, desk, "settle", desk.trials.settle, trial.trial_id), is_main=True)
                else:
                    button(reader.t("End this trial"), partial(_decide, desk, "stop", desk.trials.stop, trial.trial_id), is_main=True)
                button(reader.t("See its shops"), lambda: ui.navigate.to("/layout#trials"))


async def _decide(desk: Desk, words: str, act: Callable[[str], None], trial_id: str) -> None:
    if await press(desk, "trials", f"{words} {trial_id}", lambda _: act(trial_id)):
        ui.navigate.reload()

"""A long job on a page: how far it is, a button that stops it, and what to show once it is done."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from nicegui import ui

from cloud_api.dashboard.frame import button, here, html
from cloud_api.flows.jobs import Job

_LOOK_EVERY_S = 0.2


def show_job(job: Job, words: str, show: Callable[[Any], None]) -> None:
    """Show progress in the present slot until the job is done; then `show` draws its answer in the same place."""
    place = ui.element("div").classes("stack")
    with place:
        html(f'<p role="status">{escape(words)}</p>')
        bar = ui.linear_progress(value=0.0, show_value=False).props("instant-feedback color=grey-7")
        with ui.element("div").classes("buttons"):
            button(here().t("Stop"), job.cancel)

    def look() -> None:
        bar.value = job.share
        if not job.is_done:
            return
        timer.cancel()
        place.clear()
        with place:
            if job.problem:
                html(f'<p role="alert">{escape(here().told(job.problem))}</p>')
            else:
                show(job.answer)

    timer = ui.timer(_LOOK_EVERY_S, look)

"""Views of a page that planners keep under a name: links to it as it was chosen, for everybody."""

from __future__ import annotations

from html import escape

from nicegui import ui

from cloud_api.adapters.written_records import KeptView
from cloud_api.dashboard.acting import press
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.frame import button, html, read, say_refused
from cloud_api.dashboard.reader import Reader
from cloud_api.errors import MessageInvalid

NAME_CHARACTERS_MAX = 60


async def show_kept_views(desk: Desk, reader: Reader, page: str, address: str) -> None:
    """Show the views kept of a page, and the form that keeps this one.

    Args:
        address: the page as it is chosen now, a path with its query.
    """
    views = await read(lambda: desk.written.views(page))
    if views is None:
        return
    links = "".join(
        f'<a href="{escape(view.address)}"{" aria-current=true" if view.address == address else ""}>{escape(view.name)}</a>'
        for view in views
        if view.address.startswith(f"{page}?")
    )
    if links:
        html(f'<div class="ask no-print"><span class="quiet">{reader.t("Kept views")}</span>{links}</div>')
    with ui.element("details").classes("no-print"):
        html(reader.t("Keep this view"), tag="summary")
        with ui.element("div").classes("form"):
            name = ui.input(label=reader.t("Name of the view")).props(f"maxlength={NAME_CHARACTERS_MAX}")
            button(reader.t("Keep"), lambda: _keep(desk, KeptView(page=page, name=name.value or "", address=address)), is_main=True)
            taken = ui.select([view.name for view in views], label=reader.t("A view to take away"))
            button(reader.t("Take away"), lambda: _keep(desk, KeptView(page=page, name=taken.value or "", address="")))


async def _keep(desk: Desk, view: KeptView) -> None:
    name = view.name.strip()[:NAME_CHARACTERS_MAX]
    if not name:
        say_refused(MessageInvalid(field="name", problem="is empty; give the view a name"))
        return
    words = f"view {name} of {view.page}"
    if await press(desk, "written", words, lambda by: desk.written.keep_view(view.page, name, view.address or None, by=by)):
        ui.navigate.to(view.address or view.page)

"""The page for an address that leads nowhere."""

from __future__ import annotations

from markupsafe import Markup
from nicegui import ui

from store_hub.dashboard.live_html import LiveHtml
from store_hub.dashboard.masthead import pages_of
from store_hub.dashboard.reader import Reader


def lost_page(reader: Reader) -> None:
    """Say that there is nothing here, and where to go instead."""
    ui.context.client.status_code = 404
    links = Markup().join(Markup('<a class="button" href="{}">{}</a>').format(to, name) for to, name in pages_of(reader))
    markup = Markup('<div class="title"><h1>{}</h1><p>{}</p></div><div class="bar">{}</div>').format(
        reader.t("There is no such page"),
        reader.t("The address may be mistyped, or the page may have moved. These are all there are:"),
        links,
    )
    with ui.element("div").props('id="main"'):
        LiveHtml(markup).classes("lost")

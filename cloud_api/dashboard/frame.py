"""The frame around every page: head, navigation, theme; and what a page says while it is empty or the records do not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import TypeVar

import structlog
from fastapi import Request
from nicegui import run, ui
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.desk import Desk
from cloud_api.errors import CloudError
from cloud_api.routes.planner_sessions import COOKIE

T = TypeVar("T")
log = structlog.get_logger()

PAGES = (("/", "Morning list"), ("/footfall", "Footfall"), ("/orders", "Orders"), ("/promotions", "Promotions"), ("/layout", "Layout"),
         ("/shops", "Shops"), ("/devices", "Devices"), ("/figures", "Figures"))  # fmt: skip
PATIENCE_S = 20.0
"""How long a page may take to be built where the records are slow; then it says so."""
_STYLE = Path(__file__).with_name("pages.css")
_THEMES: dict[str, bool | None] = {"light": False, "dark": True}
_ICON = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><rect width='16' height='16' rx='3' fill='#1a1c1e'/>"
FAVICON = f"{_ICON}<path d='M3 12V8h2v4zm4 0V4h2v8zm4 0V6h2v6z' fill='#fff'/></svg>"


@contextmanager
def page(request: Request, path: str) -> Iterator[None]:
    """The frame of the page at `path`; what is made inside the block is its content."""
    ui.add_css(_STYLE.read_text(encoding="utf-8"))
    theme = ui.dark_mode(_THEMES.get(request.cookies.get("theme", "")))
    with ui.element("header").classes("bar-top"):
        html('<span class="brand">Aislewise <span class="unit">the chain</span></span>')
        links = "".join(f'<a href="{address}"{" aria-current=page" if address == path else ""}>{name}</a>' for address, name in PAGES)
        html(links, tag="nav")
        button("Light or dark", lambda: _turn(theme))
        if COOKIE in request.cookies:
            button("Log out", lambda: ui.run_javascript("fetch('/logout', {method: 'POST'}).then(() => location.assign('/login'))"))
    with ui.element("div").classes("main"):
        yield


def html(content: str, *, tag: str = "div") -> ui.html:
    """HTML written by this program, in which every name from outside went through `escape`."""
    return ui.html(content, sanitize=False, tag=tag)


def button(words: str, act: Callable[[], object], *, is_main: bool = False) -> ui.button:
    """A button with a verb; the main one of its place is filled."""
    return ui.button(words, on_click=act, color=None).props("flat no-caps").classes("do" if is_main else "may")


def title(sentence: str, below: str = "") -> None:
    """The finding, and in small what it rests on."""
    html(f"<h1>{escape(sentence)}</h1>" + (f'<p class="quiet">{escape(below)}</p>' if below else ""))


async def read(question: Callable[[], T]) -> T | None:
    """Ask the records off the page's loop; when they do not answer, say so on the page and return None."""
    try:
        return await run.io_bound(question)
    except (DBAPIError, CloudError) as error:
        log.warning("page_unanswered", problem=str(error).splitlines()[0])
        say_unanswered(error)
        return None


async def read_stores(desk: Desk) -> list[StoreRecord]:
    """The shops that every page begins with; empty once the page itself says why there is nothing to show."""
    stores = await read(desk.stores.stores)
    if stores is not None and not stores:
        say_no_store(desk.address)
    return stores or []


def say_unanswered(error: Exception) -> None:
    """An error that a planner can act on."""
    told = str(error) if isinstance(error, CloudError) else "The records do not answer. See that the database runs, then load again."
    html(f'<div class="card" role="alert"><span class="state now">▲ now</span><p>{escape(told)}</p></div>')


def say_no_store(address: str) -> None:
    """The page before anybody reported: what will be here, and how to make it so."""
    title("No shop has reported yet")
    html(
        '<div class="card"><p>Here will be the shops, their visitors and their orders, as soon as the first one reports.</p>'
        f"<p>Start a hub with <code>cloud.url = &quot;{escape(address)}&quot;</code> and its token in <code>cloud.token_file</code>. "
        "The first figures follow within a quarter of an hour of trade.</p></div>"
    )


def _turn(theme: ui.dark_mode) -> None:
    """From what the device wishes to the other, and back; a cookie keeps it for the next page."""
    theme.value = not theme.value if theme.value is not None else True
    name = "dark" if theme.value else "light"
    ui.run_javascript(f"document.cookie = 'theme={name}; path=/; max-age=31536000; samesite=strict'")

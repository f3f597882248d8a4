"""The frame around every page: head, navigation, theme; and what a page says while it is empty or the records do not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import TypeVar

import structlog
from fastapi import Request
from fastapi.responses import JSONResponse, Response
from nicegui import run, ui
from sqlalchemy.exc import SQLAlchemyError

from access_control.errors import RegisterSilent
from access_control.gate import person_of
from cloud_api.adapters.store_records import StoreRecord
from cloud_api.dashboard.desk import Desk
from cloud_api.dashboard.reader import Reader, capital
from cloud_api.errors import CloudError, MessageInvalid
from cloud_api.rules.roles import may_see
from page_language import LANGUAGE_COOKIE

T = TypeVar("T")
log = structlog.get_logger()

UNANSWERED = (CloudError, RegisterSilent, SQLAlchemyError)
"""What a page tells its reader: rules or records refuse something, or the database does not answer."""
IN_REACH = 4
"""How many pages stand beside each other under a thumb; the others are behind `More`."""
PATIENCE_S = 20.0
"""How long a page may take to be built where the records are slow; then it says so."""
_READER = "reader"
_STYLE = Path(__file__).with_name("pages.css")
_THEMES: dict[str, bool | None] = {"light": False, "dark": True}
_ICON = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><rect width='16' height='16' rx='3' fill='#1a1c1e'/>"
FAVICON = f"{_ICON}<path d='M3 12V8h2v4zm4 0V4h2v8zm4 0V6h2v6z' fill='#fff'/></svg>"


def pages_of(reader: Reader) -> list[tuple[str, str]]:
    """Every page's address and name; those a planner opens each morning first."""
    return [
        ("/", reader.t("Morning list")),
        ("/footfall", reader.t("Footfall")),
        ("/orders", reader.t("Orders")),
        ("/layout", reader.t("Layout")),
        ("/promotions", reader.t("Promotions")),
        ("/shops", reader.t("Shops")),
        ("/devices", reader.t("Devices")),
        ("/figures", reader.t("Figures")),
    ]


def show_lost(request: Request) -> Response | None:
    """What is at an address that leads nowhere: for a program a refusal, for a person the pages that there are."""
    if request.url.path.startswith(("/v1/", "/health/")) or "text/html" not in request.headers.get("accept", "text/html"):
        return JSONResponse({"detail": f"There is nothing at {request.url.path}; see /openapi.json for the doors."}, status_code=404)
    ui.context.client.status_code = 404
    with page(request, request.url.path) as reader:
        title(
            reader.t("There is no such page"),
            reader.t("The address may be mistyped, or the page may have moved. Every page there is stands above."),
        )
    return None


@contextmanager
def page(request: Request, path: str) -> Iterator[Reader]:
    """The frame of the page at `path`; what is made inside the block is its content, in the language of the reader it gives."""
    reader = Reader.of(request.cookies)
    ui.context.client.storage[_READER] = reader
    ui.add_css(_STYLE.read_text(encoding="utf-8"))
    ui.add_head_html(f'<script>document.documentElement.lang = "{reader.html_language}"</script>')
    theme = ui.dark_mode(_THEMES.get(request.cookies.get("theme", "")))
    person = person_of(request)
    pages = [(address, name) for address, name in pages_of(reader) if person is None or may_see(person.role, address)]
    ui.page_title(f"{dict(pages).get(path, 'Aislewise')} · Aislewise")
    with ui.element("header").classes("bar-top"):
        html(f'<span class="brand">Aislewise <span class="unit">{reader.t("the chain")}</span></span>')
        html(_links(pages, path), tag="nav").classes("all")
        html(_in_reach(reader, pages, path), tag="nav").classes("thumb")
        other = {"en": "zh", "zh": "en"}[reader.language]
        button({"en": "English", "zh": "中文"}[other], lambda: _keep(LANGUAGE_COOKIE, other, then="location.reload()")).props(
            f"lang={other}"
        )
        words = reader.t("Light or dark")
        button("◐", lambda: _turn(theme)).props(f'aria-label="{words}" title="{words}"')
        if person is not None:
            html(f'<a class="may" href="/account">{escape(person.name)}</a>')
    with ui.element("div").classes("main"):
        yield reader


def here() -> Reader:
    """Who reads the page that is being made, or was made by `page` for the press that is being heard."""
    found = ui.context.client.storage.get(_READER)
    return found if isinstance(found, Reader) else Reader()


def _links(pages: list[tuple[str, str]], path: str) -> str:
    return "".join(f'<a href="{address}"{" aria-current=page" if address == path else ""}>{escape(name)}</a>' for address, name in pages)


def _in_reach(reader: Reader, pages: list[tuple[str, str]], path: str) -> str:
    """The pages of every morning, and the others one press away; `More` is marked while one of those is read."""
    more = pages[IN_REACH:]
    mark = ' class="current"' if path in dict(more) else ""
    return f"{_links(pages[:IN_REACH], path)}<details><summary{mark}>{reader.t('More')}</summary><div>{_links(more, path)}</div></details>"


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
    except UNANSWERED as error:
        log.warning("page_unanswered", problem=str(error).splitlines()[0])
        say_unanswered(error)
        return None


async def read_stores(desk: Desk) -> list[StoreRecord]:
    """The shops that every page begins with; empty once the page itself says why there is nothing to show."""
    stores = await read(desk.stores.stores)
    if stores is not None and not stores:
        say_no_store(desk.address)
    return stores or []


def shop_of(stores: Sequence[StoreRecord], store_id: str, otherwise: str = "") -> StoreRecord:
    """The shop that an address names; where there is none, that is said and another is shown: `otherwise`, or the first."""
    named = {store.store_id: store for store in stores}
    shown = named.get(store_id) or named.get(otherwise) or stores[0]
    if store_id and shown.store_id != store_id:
        told = here().t("There is no shop {shop} here; {name} is shown.", shop=store_id[:80], name=shown.name)
        html(f'<div class="card" role="status"><p>{escape(told)}</p></div>')
    return shown


def say_unanswered(error: Exception) -> None:
    """An error that a planner can act on."""
    reader = here()
    told = escape(_told(reader, error))
    html(f'<div class="card" role="alert"><span class="state now">▲ {reader.t("now")}</span><p>{told}</p></div>')


def say_refused(error: Exception) -> None:
    """Why an act of the reader was not done, at the page's edge for some seconds."""
    ui.notify(_told(here(), error), type="negative", timeout=8000)


def _told(reader: Reader, error: Exception) -> str:
    """What the rules say, in the reader's language; of a database's own words nothing is shown."""
    if isinstance(error, SQLAlchemyError | RegisterSilent):
        return reader.t("The records do not answer. See that the database runs, then load again.")
    if isinstance(error, MessageInvalid):
        return capital(reader.say(error.problem))  # Its field is a door's word for it; a page has its own.
    return reader.say(str(error).splitlines()[0])


def say_no_store(address: str) -> None:
    """The page before anybody reported: what will be here, and how to make it so."""
    reader = here()
    title(reader.t("No shop has reported yet"))
    url, file = f"<code>cloud.url = &quot;{escape(address)}&quot;</code>", "<code>cloud.token_file</code>"
    first = reader.t("Here will be the shops, their visitors and their orders, as soon as the first one reports.")
    then = reader.t(
        "Start a hub with {url} and its token in {file}. The first figures follow within a quarter of an hour of trade.", url=url, file=file
    )
    html(f'<div class="card"><p>{first}</p><p>{then}</p></div>')


def _keep(name: str, value: str, *, then: str = "") -> None:
    """A choice of the reader's that the next page knows."""
    ui.run_javascript(f"document.cookie = '{name}={value}; path=/; max-age=31536000; samesite=strict'; {then}")


def _turn(theme: ui.dark_mode) -> None:
    """From what the device wishes to the other, and back; a cookie keeps it for the next page."""
    theme.value = not theme.value if theme.value is not None else True
    _keep("theme", "dark" if theme.value else "light")

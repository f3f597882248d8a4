"""Draws the head of every page: shop, day, state in words, navigation, the reader's choices, and what is wrong above all."""

from __future__ import annotations

from markupsafe import Markup

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.dashboard.reader import Reader
from store_hub.dashboard.wording import STALE_AFTER_MS, device_troubles, role_word
from store_hub.rules.roles import may_see
from wire_format.reports import StoreProfile

_ICONS = {
    "/": "M4 5h16v15H4zM4 10h16M8 3v4M16 3v4",
    "/shelves": "M4 4v17M20 4v17M4 9h16M4 15h16M4 20h16",
    "/floor": "M4 4h16v16H4zM4 12h7v8M15 4v7h5",
    "/tasks": "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21h4",
    "/sales": "M5 20V10M10 20V4M15 20v-8M20 20V8",
    "/receiving": "M3 7h11v9H3zM14 10h4l3 3v3h-7M7 19h.01M17 19h.01",
    "/stock-take": "M4 6v12M7 6v12M11 6v12M14 6v8M18 6v8M15 19l2 2 4-5",
    "/accuracy": "M4 20h16M6 16l4-5 3 3 5-7M18 7h.01",
    "/settings": "M4 8h9M19 8h1M4 16h1M11 16h9M16 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M8 13.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5",
    "/devices": "M5 12a10 10 0 0 1 14 0M8 15a6 6 0 0 1 8 0M12 19h.01",
}
PAGE_PATHS = tuple(_ICONS)
"""Every page that the navigation leads to."""

_MORE_ICON = "M5 12h.01M12 12h.01M19 12h.01"
_IN_THE_BAR = 4  # The pages that staff use with a phone in hand stand in its bottom bar; the rest are behind "More" there.


def pages_of(reader: Reader) -> list[tuple[str, str]]:
    """All that the reader's role may open."""
    pages = [
        ("/", reader.t("Today")),
        ("/shelves", reader.t("Shelves")),
        ("/tasks", reader.t("Tasks")),
        ("/receiving", reader.t("Receiving")),
        ("/floor", reader.t("Floor")),
        ("/sales", reader.t("Sales")),
        ("/stock-take", reader.t("Stock-take")),
        ("/accuracy", reader.t("Accuracy")),
        ("/devices", reader.t("Devices")),
        ("/settings", reader.t("Settings")),
    ]
    return [page for page in pages if not reader.role or may_see(reader.role, page[0])]


def head_markup(
    reader: Reader, profile: StoreProfile, reading: LedgerReading, now_ms: int, path: str, warnings: list[str]
) -> dict[str, Markup]:
    """Return the parts `head` and `banner`."""
    devices = reading.devices()
    unwell = sum(bool(device_troubles(reader, device, now_ms)) for device in devices)
    tasks = reading.open_alert_count()
    state = [reader.short_day(now_ms), reader.clock(now_ms), reader.n("{count} open task", "{count} open tasks", tasks)]
    if devices:
        sensors = reader.n("{count} device needs a look", "{count} devices need a look", unwell)
        state.append(sensors if unwell else reader.t("all sensors well"))
    return {"head": _head(reader, profile.name, state, path, tasks), "banner": _banner(reader, reading, now_ms, warnings)}


def _head(reader: Reader, shop: str, state: list[str], path: str, tasks: int) -> Markup:
    return Markup(
        '<a class="skip" href="#main">{skip}</a><div class="head-row"><span class="shop">{shop}</span>'
        '<nav aria-label="{pages}"><ul>{links}</ul></nav>'
        '<span class="state"><span class="hide-phone">{day} · </span>{clock}'
        '<span class="only-phone"> · {open}</span>{state}</span>{tools}</div>'
    ).format(
        skip=reader.t("Skip to the page"),
        shop=shop,
        pages=reader.t("Pages"),
        links=_links(reader, path, tasks),
        day=state[0],
        clock=state[1],
        open=state[2],  # Where there is room for the day, the navigation shows the number.
        state=Markup().join(Markup('<span class="news"><span class="only-phone"> · </span>{}</span>').format(words) for words in state[3:]),
        tools=_tools(reader),
    )


def _links(reader: Reader, path: str, tasks: int) -> Markup:
    pages = pages_of(reader)
    links = [_link(reader, number, to, name, path, tasks) for number, (to, name) in enumerate(pages, 1)]
    hidden_here = next((name for to, name in pages[_IN_THE_BAR:] if to == path), None)
    more = Markup(
        '<li class="more"><button type="button" data-more aria-expanded="false" aria-controls="more-pages"{current}>'
        '{icon}<span>{more}</span><span class="visually-hidden">{here}</span></button><ul id="more-pages">{links}</ul></li>'
    ).format(
        current=Markup(' aria-current="true"') if hidden_here else "",
        icon=_icon(_MORE_ICON),
        more=reader.t("More"),
        here=reader.t("Now: {page}", page=hidden_here) if hidden_here else "",
        links=Markup().join(links[_IN_THE_BAR:]),
    )
    return Markup().join(links[:_IN_THE_BAR]) + more


def _link(reader: Reader, number: int, to: str, name: str, path: str, tasks: int) -> Markup:
    count: Markup | str = ""
    if to == "/tasks" and tasks:
        told = reader.n("{count} open task", "{count} open tasks", tasks)
        count = Markup('<span class="count" aria-label="{}">{}</span>').format(told, reader.number(tasks))
    current = Markup(' aria-current="page"') if to == path else ""
    return Markup('<li><a href="{}"{} title="{}">{}<span>{}</span>{}</a></li>').format(
        to, current, reader.t("Key {number}", number=number % 10), _icon(_ICONS[to]), name, count
    )


def _icon(path: str) -> Markup:
    return Markup(
        '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" aria-hidden="true"><path d="{}"/></svg>'
    ).format(path)


def _tools(reader: Reader) -> Markup:
    def choice(kind: str, value: str, label: str, chosen: bool) -> Markup:
        pressed = "true" if chosen else "false"
        return Markup('<button type="button" data-{}-choice="{}" aria-pressed="{}">{}</button>').format(kind, value, pressed, label)

    themes = Markup().join(
        choice("theme", value, label, reader.theme == value)
        for value, label in (("light", reader.t("Light")), ("dark", reader.t("Dark")), ("auto", reader.t("As the device")))
    )
    languages = Markup().join(choice("language", v, label, reader.language == v) for v, label in (("en", "English"), ("zh", "中文")))
    return Markup(
        '<details class="tools" data-key="tools"><summary aria-label="{settings}" title="{settings}"><svg width="22" height="22"'
        ' viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" aria-hidden="true">'
        '<path d="M4 8h9M19 8h1M4 16h1M11 16h9"/><circle cx="16" cy="8" r="2.5"/>'
        '<circle cx="8" cy="16" r="2.5"/></svg></summary><div>{who}'
        '<div class="choices" role="group" aria-label="{theme_label}">{themes}</div>'
        '<div class="choices" role="group" aria-label="{language_label}">{languages}</div></div></details>'
    ).format(
        settings=reader.t("Your name, light or dark, language"),
        who=_who(reader),
        theme_label=reader.t("Light or dark"),
        themes=themes,
        language_label=reader.t("Language"),
        languages=languages,
    )


def _who(reader: Reader) -> Markup:
    """Who has logged in, or, where nobody does, the name that tasks are signed with."""
    if reader.role:
        return Markup('<a class="button" href="/account">{}</a>').format(f"{reader.name} · {role_word(reader, reader.role)}")
    return Markup('<label>{}<input data-name-choice value="{}" maxlength="40" autocomplete="name" placeholder="{}"></label>').format(
        reader.t("Your name, for tasks you take"), reader.name, reader.t("the office")
    )


def _banner(reader: Reader, reading: LedgerReading, now_ms: int, warnings: list[str]) -> Markup:
    banners = Markup()
    for warning in warnings:
        banners += Markup('<div class="banner now" role="alert">{}</div>').format(warning)
    last_ms = reading.last_news_ms()
    if reading.planogram is None:
        text = reader.t("This shop has no planogram yet. Give it one with: store-hub init --planogram FILE")
        banners += Markup('<div class="banner" role="status">{}</div>').format(text)
    elif last_ms is None:
        text = reader.t("Nothing has been heard from this shop yet. Figures appear as soon as the first device reports.")
        banners += Markup('<div class="banner" role="status">{}</div>').format(text)
    elif now_ms - last_ms > STALE_AFTER_MS:
        text = reader.t("Last news {span} ago: what you see may be old.", span=reader.span(now_ms - last_ms))
        link = Markup('<a class="link" href="/devices">{}</a>').format(reader.t("See the devices"))
        banners += Markup('<div class="banner" role="status">{} {}</div>').format(text, link)
    return banners

"""Phrases that several pages say of alerts, places and devices."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from markupsafe import Markup

from store_hub.adapters.ledger_views_rows import AlertRow, DeviceRow, PlaceName
from store_hub.dashboard.reader import Reader
from store_hub.rules.key_figures import empty_at_ms, lost_sales_units, pace_per_hour
from store_hub.rules.overdue import SILENT_AFTER_MS
from wire_format.plans import Planogram

STALE_AFTER_MS = 180_000
UNITS_MAX, DIGITS_MAX = 1_000_000, 20

_MARKS = {
    "empty": Markup('<circle cx="8" cy="8" r="7" fill="var(--red)"/><path d="M5 5l6 6M11 5l-6 6" stroke="var(--card)" stroke-width="2"/>'),
    "low": Markup(
        '<circle cx="8" cy="8" r="6.5" fill="none" stroke="var(--amber-mark)" stroke-width="2"/>'
        '<path d="M1.5 8a6.5 6.5 0 0 0 13 0z" fill="var(--amber-mark)"/>'
    ),
    "trouble": Markup(
        '<path d="M8 1l7 13H1z" fill="var(--amber-mark)"/><path d="M8 6v4M8 11.5v1.5" stroke="var(--card)" stroke-width="1.5"/>'
    ),
    "well": Markup(
        '<circle cx="8" cy="8" r="6.5" fill="none" stroke="var(--soft)" stroke-width="1.5"/>'
        '<path d="M5 8l2.2 2.2L11 6" fill="none" stroke="var(--soft)" stroke-width="1.5"/>'
    ),
}


def mark(kind: str) -> Markup:
    """Draw the shape that goes with a state; the word beside it says the same."""
    return Markup('<svg class="mark" viewBox="0 0 16 16" aria-hidden="true">{}</svg>').format(_MARKS[kind])


def light_marks() -> dict[str, Markup]:
    """The shapes of a figure's light; the word beside each says the same."""
    return {"green": mark("well"), "amber": mark("low"), "red": mark("empty"), "grey": Markup('<i class="mark"></i>')}


def signed(reader: Reader, units: float) -> str:
    """Write a change: +3, −2, 0."""
    return f"{'+' if units > 0 else '−' if units < 0 else ''}{reader.number(abs(units))}"


def is_empty(alert: AlertRow) -> bool:
    """Tell an empty place from a low one."""
    return alert.kind == "empty_shelf"


def place_words(reader: Reader, place: PlaceName | None) -> str:
    """Say where a facing is: Cold drinks · shelf 2."""
    return reader.t("{bay} · shelf {level}", bay=place.bay_name, level=place.level) if place else reader.t("not on the plan")


def place_of(planogram: Planogram | None, shelf_id: str) -> PlaceName | None:
    """Return where a shelf is; None where the plan does not know it."""
    for bay in planogram.bays if planogram else []:
        for shelf in bay.shelves:
            if shelf.shelf_id == shelf_id:
                return PlaceName(bay_name=bay.name, level=shelf.level)
    return None


def facing_link(shelf_id: str | None, sku: str | None) -> str:
    """Return the page that shows a facing's evidence."""
    return f"/shelves?shelf={quote(shelf_id or '', safe='')}&sku={quote(sku or '', safe='')}"


def alert_state(reader: Reader, alert: AlertRow, now_ms: int) -> str:
    """Say how a place stands: `empty 12 min`, `3 ± 1 left of 18`."""
    if is_empty(alert):
        return reader.t("empty {span}", span=reader.span(now_ms - (alert.emptied_at_ms or alert.raised_at_ms)))
    units = reader.units(alert.units, alert.low, alert.high)
    return reader.t("{units} left of {capacity}", units=units, capacity=reader.number(alert.capacity_units))


def alert_outlook(reader: Reader, alert: AlertRow, now_ms: int) -> str:
    """Say what it costs or when it will: `about 9 sales lost`, `empty at about 16:20`; nothing without a pace."""
    pace = pace_per_hour(alert.taken_units, alert.taken_over_ms)
    if is_empty(alert):
        lost = lost_sales_units(pace, now_ms - (alert.emptied_at_ms or alert.raised_at_ms))
        return reader.n("about {count} sale lost", "about {count} sales lost", round(lost)) if lost is not None and lost >= 0.5 else ""
    empty_ms = empty_at_ms(alert.units, pace, now_ms)
    if empty_ms is None:
        return reader.t("for {span}", span=reader.span(now_ms - alert.raised_at_ms))
    return reader.t("empty at about {time}", time=reader.clock(empty_ms))


def back_room_words(reader: Reader, alert: AlertRow) -> str:
    """Say what could be fetched."""
    if alert.back_room_units is None:
        return reader.t("back room: not known")
    return reader.t("back room: {units}", units=reader.number(alert.back_room_units))


def who_words(reader: Reader, alert: AlertRow, now_ms: int) -> str:
    """Say who is on it."""
    if alert.done_at_ms is not None:
        return reader.t("done by {name} {time}", name=alert.done_by or reader.t("staff"), time=reader.moment(alert.done_at_ms, now_ms))
    if alert.taken_at_ms is not None:
        return reader.t("taken by {name} {time}", name=alert.taken_by or reader.t("staff"), time=reader.moment(alert.taken_at_ms, now_ms))
    return reader.t("nobody yet")


def shelves_sentence(reader: Reader, alerts: Sequence[AlertRow]) -> str:
    """Say in one line how the shelves stand."""
    empty = sum(is_empty(alert) for alert in alerts)
    low = len(alerts) - empty
    if not alerts:
        return reader.t("Every shelf has enough")
    parts = []
    if empty:
        parts.append(reader.n("{count} place is empty", "{count} places are empty", empty))
    if low:
        parts.append(reader.n("{count} is running low", "{count} are running low", low) if empty else _low_alone(reader, low))
    return reader.t(", ").join(parts)


def _low_alone(reader: Reader, low: int) -> str:
    return reader.n("{count} place is running low", "{count} places are running low", low)


def device_troubles(reader: Reader, device: DeviceRow, now_ms: int) -> list[tuple[str, str]]:
    """Return what is not well with a device, each with the next step; empty when all is."""
    troubles: list[tuple[str, str]] = []
    quiet_ms = now_ms - device.last_seen_at_ms
    if device.state == "death":
        troubles.append(
            (
                reader.t("has been off the network for {span}", span=reader.span(now_ms - device.state_since_ms)),
                reader.t("Check its power and network cable. It catches up by itself once it is back."),
            )
        )
    elif quiet_ms > SILENT_AFTER_MS:
        troubles.append(
            (
                reader.t("has been silent for {span}", span=reader.span(quiet_ms)),
                reader.t("Check its power and network cable. It catches up by itself once it is back."),
            )
        )
    troubles += [(reader.say(f"{fault.part}: {fault.message}"), reader.say(fault.advice)) for fault in device.faults]
    if device.outbox_capacity and device.outbox_depth > 0.8 * device.outbox_capacity:
        troubles.append(
            (
                reader.t("its queue is nearly full ({count} waiting)", count=reader.number(device.outbox_depth)),
                reader.t("Check the network between device and hub; a full queue lets the oldest weights go."),
            )
        )
    if not device.readable:
        troubles.append((reader.t("its last health message cannot be read"), reader.t("Update the hub: the device is newer.")))
    return troubles


def role_word(reader: Reader, role: str) -> str:
    """A role as people say it."""
    words = {
        "manager": reader.t("manager"),
        "staff": reader.t("staff"),
        "planner": reader.t("planner"),
        "installer": reader.t("installer"),
        "auditor": reader.t("auditor"),
    }
    return words.get(role, role)


def typed_units(typed: str) -> int | None:
    """Return the units that somebody typed; None where it is no number of them."""
    text = typed.strip()
    if not text.isdecimal() or len(text) > DIGITS_MAX:
        return None  # Python reads no number of thousands of digits, and says so by an exception.
    return int(text) if int(text) <= UNITS_MAX else None

"""What staff read on their phones: one sentence a call, with what, where, how many are left and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from store_hub.rules.count_asks import COUNT

FRESH_MS = 15 * 60_000
"""A call is sent only this long after it happened: when a shop catches up on its morning, nobody wants the morning's calls."""

SWEPT, ESCALATED = "swept", "escalated"
STOCK_KINDS = ("low_shelf", "empty_shelf")
LISTED_MAX = 8
"""A message names so many places at most; the page has the rest."""


class Call(NamedTuple):
    """An alert, as a person would want to hear of it.

    Args:
        reason: raised | emptied | swept (all went at once) | escalated (nobody took it in time).
        happened_at_ms: when it was raised, or became empty.
        open: whether it still stands.
        taken: whether somebody has it in hand.
        article: the article's name; the SKU where it has none.
        place: bay and board in the shop's own words.
        units, back_room_units: estimates; None = not known.
        fill_units: how many fit and are missing on the shelf; None = not known.
        kind: of the alert. subject, detail: of what is about no article on a shelf.
        walk: the place in a walk through the shop. lost_minor_h: sales at stake an hour.
    """

    notification_id: int
    alert_id: int
    reason: str
    happened_at_ms: int
    open: bool
    taken: bool
    article: str
    place: str
    units: float | None
    back_room_units: float | None
    fill_units: float | None
    kind: str = "low_shelf"
    subject: str = ""
    detail: str = ""
    walk: int = 0
    lost_minor_h: float | None = None


class Message(NamedTuple):
    """A title for the lock screen, and a body."""

    title: str
    body: str


def message(calls: Sequence[Call], page_url: str | None) -> Message:
    """Return one message for calls that came together: the most pressing ones, in the order of one walk through the shop.

    An alert that was raised and then ran empty is named once.
    """
    latest = {call.alert_id: call for call in calls}
    pressing = sorted(
        latest.values(), key=lambda call: (-(call.lost_minor_h or 0.0), not _is_empty(call), call.happened_at_ms, call.alert_id)
    )
    ordered = sorted(pressing[:LISTED_MAX], key=lambda call: call.walk) + pressing[LISTED_MAX:]
    lines = [sentence(call) for call in ordered[:LISTED_MAX]]
    if len(ordered) > LISTED_MAX:
        lines.append(f"And {len(ordered) - LISTED_MAX} more.")
    if page_url is not None:
        lines.append(f"{page_url.rstrip('/')}/staff")
    return Message(_title(ordered), "\n".join(lines))


def sentence(call: Call) -> str:
    """Return what is wrong, where, how many are left and what to do."""
    if call.kind not in STOCK_KINDS:
        return _found_sentence(call)
    if call.reason == SWEPT:
        state = f"{call.article} was swept off {call.place} at once, not paid for yet: please go and look"
    elif _is_empty(call):
        state = f"{call.article} is sold out on {call.place}"
    elif call.units is None:
        state = f"{call.article} is low on {call.place}"
    else:
        state = f"{call.article} is low on {call.place}: about {_count(call.units)} left"
    late = "nobody has taken it: " if call.reason == ESCALATED else ""
    return f"{late}{state}; {_advice(call)}."


def _found_sentence(call: Call) -> str:
    match call.kind:
        case "swept":
            text = f"{call.detail} {call.article} were swept off {call.place} at once, not paid for yet: please go and look."
        case "misplaced":
            text = f"{call.article} stands on {call.place}, where it does not belong: please put it back."
        case "queue":
            text = f"{call.detail} people wait at {call.subject}: please open another till."
        case "device_silent":
            text = f"Device {call.subject} has gone silent: please check its power and network cable."
        case "sensor_fault":
            text = f"Device {call.subject.split(' ', 1)[0]}, {call.detail}"
        case "count":
            text = f"{call.article} on {call.place}: {call.detail} believed to be there, please count it."
        case "discrepancy":
            text = f"{call.article}: {call.detail} by the books, but none on its shelf or in the back room: please count it."
        case _:
            text = call.detail or f"{call.article}: please have a look."
    return f"nobody has taken it: {text}" if call.reason == ESCALATED else text


def _found_title(call: Call) -> str:
    names = {
        "swept": f"{call.article}: swept off the shelf",
        "misplaced": f"{call.article}: on a wrong shelf",
        "queue": f"{call.subject}: people wait",
        "device_silent": f"{call.subject}: silent",
        "sensor_fault": f"{call.subject.split(' ', 1)[0]}: not well",
        "discrepancy": f"{call.article}: in the books only",
        "count": f"{call.article}: please count",
    }
    return names.get(call.kind, f"{call.article}: please look")


def _title(calls: Sequence[Call]) -> str:
    if all(call.reason == ESCALATED for call in calls):
        return "1 task waits for somebody" if len(calls) == 1 else f"{len(calls)} tasks wait for somebody"
    if len(calls) == 1 and calls[0].kind not in STOCK_KINDS:
        return _found_title(calls[0])
    if len(calls) == 1 and calls[0].reason == SWEPT:
        return f"{calls[0].article}: swept off the shelf"
    if len(calls) == 1:
        return f"{calls[0].article}: {'sold out' if _is_empty(calls[0]) else 'low'}"
    if all(call.kind == COUNT for call in calls):
        return f"{len(calls)} shelves to count"
    empty = sum(_is_empty(call) for call in calls if call.kind in STOCK_KINDS)
    if all(call.kind in STOCK_KINDS for call in calls):
        return f"{len(calls)} shelves need goods" + (f", {empty} sold out" if empty else "")
    return f"{len(calls)} tasks" + (f", {empty} sold out" if empty else "")


def _advice(call: Call) -> str:
    if call.back_room_units is None:
        return "please look in the back room"
    stored = round(call.back_room_units)
    if stored <= 0:
        return "none in the back room, please close the gap or tell the office"
    wanted = stored if call.fill_units is None else min(stored, max(1, round(call.fill_units)))
    return f"please fetch {wanted} of {stored} from the back room"


def _is_empty(call: Call) -> bool:
    return call.reason == "emptied" or (call.units is not None and round(call.units) <= 0)


def _count(units: float) -> str:
    return str(max(0, round(units)))

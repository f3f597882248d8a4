"""Which shelves somebody should count: those of which the hub is most in doubt, a few an hour, while people are in the shop.

A count where the record is least certain tells most (after DeHoratius, Mersereau and Schrage, "Retail Inventory Management When Records
Are Inaccurate", M&SOM 2008, who choose what to count by the spread of the belief). Here the spread is the width of the 90 % interval beside
what fits on the shelf. What a sensor or the till has made plain in the meantime need not be counted any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from store_hub.entries import Finding

COUNT: Literal["count"] = "count"
SHARE_FROM, UNITS_FROM, UNITS_LEAST = 0.25, 5.0, 2.0
"""An interval is worth a count when it is as wide as this share of the capacity, or so many units, and never below the least."""
LASTS_MS = 10 * 60_000
"""So long it must be in doubt: most of what a scale cannot tell apart, the till does within minutes."""
HOUR_MS = 3_600_000
"""The same shelf is not asked for sooner; and what nobody has taken by then lapses: others are more in doubt by now."""
REMEMBERED_MS, IGNORED_FROM = 4 * HOUR_MS, 6
"""Where so many were asked for in this time and none was counted, nobody is asked until some of them are older."""


class Doubted(NamedTuple):
    """An article on a shelf, between how many units it is believed to be, and how many fit."""

    sku: str
    shelf_id: str
    low: float
    high: float
    capacity_units: int


class Asked(NamedTuple):
    """A count that was asked for, and whether somebody has counted."""

    subject: str
    raised_at_ms: int
    counted: bool


def is_settled(low: float | None, high: float | None, capacity_units: int) -> bool:
    """Tell whether a belief has become plain enough to leave it uncounted."""
    return low is None or high is None or high - low < worth_from(capacity_units) / 2.0


def worth_from(capacity_units: int) -> float:
    """Return the width of an interval, units, from which a place is worth a count; half as wide, it is not any more."""
    return max(UNITS_LEAST, min(UNITS_FROM, SHARE_FROM * capacity_units))


def lasting(places: Iterable[Doubted], since_ms: Mapping[str, int], now_ms: int) -> tuple[list[Doubted], dict[str, int]]:
    """Return the places that have been in doubt for long enough to ask for, and since when each is that is in doubt now.

    Args:
        since_ms: what this returned the last time, by subject; empty at the first.
    """
    doubted = {subject_of(place.shelf_id, place.sku): place for place in places if _doubt(place) >= 1.0}
    since = {subject: since_ms.get(subject, now_ms) for subject in doubted}
    return [place for subject, place in doubted.items() if now_ms - since[subject] >= LASTS_MS], since


def counts_to_ask(places: Iterable[Doubted], asked: Sequence[Asked], per_hour: int, now_ms: int) -> list[Finding]:
    """Return the counts to ask for now, the most doubtful first; none while it seems that nobody counts.

    Args:
        places: that are in doubt, and have been for long enough.
        asked: at least those of the last `REMEMBERED_MS`, counted or not, and all that are open.
        per_hour: so many at most in any hour.
    """
    lately = [one for one in asked if now_ms - one.raised_at_ms < REMEMBERED_MS]
    left = per_hour - sum(now_ms - one.raised_at_ms < HOUR_MS for one in lately)
    if left <= 0 or (len(lately) >= IGNORED_FROM and not any(one.counted for one in lately)):
        return []
    recent = {one.subject for one in lately if now_ms - one.raised_at_ms < HOUR_MS}
    doubted = [place for place in places if subject_of(place.shelf_id, place.sku) not in recent]
    doubted.sort(key=lambda place: (-_doubt(place), place.shelf_id, place.sku))
    return [_ask(place) for place in doubted[:left]]


def _ask(place: Doubted) -> Finding:
    between = f"{place.low:.0f}–{place.high:.0f}"
    subject = subject_of(place.shelf_id, place.sku)
    return Finding(kind=COUNT, subject=subject, sku=place.sku, shelf_id=place.shelf_id, detail=between)


def subject_of(shelf_id: str, sku: str) -> str:
    """By what a count is known."""
    return f"{shelf_id} {sku}"


def _doubt(place: Doubted) -> float:
    return (place.high - place.low) / worth_from(place.capacity_units)

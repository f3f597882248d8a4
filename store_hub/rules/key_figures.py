"""What the manager's figures mean: comparable days, availability, paces, and where books and shelves disagree.

All functions are pure; `now_ms` and the store's time zone are arguments. Unknown stays unknown: None, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

QUARTER_MS = 900_000
MINUTE_MS = 60_000
DOOR_ERROR_SHARE = 0.01  # A crossing is missed or doubled about once in a hundred when nothing better is audited.
COMPARABLE_SHARE_MIN = 0.5  # Below half of the minutes observed, a day is no fair comparison.


@dataclass(frozen=True)
class Comparison:
    """A figure beside the same figure of a comparable day. `change` is a share: -0.12 is 12 % less; None = no comparable day."""

    now: float
    before: float | None
    change: float | None


@dataclass(frozen=True)
class BookedStock:
    """What the books and the shelves say of one article. `low`/`high` bound what is physically here; None = nobody can say."""

    sku: str
    book_units: float
    seen_units: float
    low: float | None
    high: float | None


def day_started_ms(now_ms: int, zone: ZoneInfo) -> int:
    """Return the midnight that began the store's calendar day."""
    local = datetime.fromtimestamp(now_ms / 1000, zone)
    return int(datetime.combine(local.date(), time(), zone).timestamp() * 1000)


def week_before_ms(at_ms: int, zone: ZoneInfo) -> int:
    """Return the same wall-clock time a week earlier: 14:00 stays 14:00 across a change to summer time."""
    local = datetime.fromtimestamp(at_ms / 1000, zone).replace(tzinfo=None)
    return int((local - timedelta(days=7)).replace(tzinfo=zone).timestamp() * 1000)


def compare(now: float, before: float | None) -> Comparison:
    """Put a figure beside another day's; a comparison with nothing at all has no percentage."""
    if before is None or before <= 0:
        return Comparison(now, before, None)
    return Comparison(now, before, (now - before) / before)


def is_comparable(shared_minutes: int, minutes: int) -> bool:
    """Tell whether enough of a day's observed minutes were also observed on the other day."""
    return minutes > 0 and shared_minutes >= COMPARABLE_SHARE_MIN * minutes


def occupancy_doubt(people_in: int, people_out: int, corrected: int) -> int:
    """Return the ± of the people in the shop: errors of crossings add up as √n, corrections are errors already seen."""
    crossings = people_in + people_out
    return round((DOOR_ERROR_SHARE * crossings) ** 0.5 + corrected**0.5) if crossings else 0


def availability(out_of_stock: Iterable[bool]) -> float | None:
    """Return the share of articles that a shopper can take from a shelf now; None while no article is known."""
    flags = list(out_of_stock)
    return 1 - sum(flags) / len(flags) if flags else None


def pace_per_hour(units_taken: float, over_ms: int) -> float | None:
    """Return how fast an article goes; None when too little has gone to say so."""
    if over_ms <= 0 or units_taken < 2:
        return None
    return units_taken * 3_600_000 / over_ms


def lost_sales_units(pace: float | None, empty_ms: int) -> float | None:
    """Return the sales that an empty shelf has cost at the pace before it was empty; None without a pace."""
    return None if pace is None else pace * max(0, empty_ms) / 3_600_000


def empty_at_ms(units: float | None, pace: float | None, now_ms: int) -> int | None:
    """Return when the shelf will be empty at the present pace; None when that is not within the next twelve hours."""
    if units is None or pace is None or pace <= 0:
        return None
    ahead_ms = units / pace * 3_600_000
    return int(now_ms + ahead_ms) if ahead_ms <= 12 * 3_600_000 else None


def books_wrong(stocks: Sequence[BookedStock]) -> list[BookedStock]:
    """Return the articles whose book figure lies outside of what can be here, the largest difference first.

    Half a unit of slack: an interval of estimated units must not accuse a book of whole ones.
    """
    wrong = [
        stock
        for stock in stocks
        if stock.book_units < 0
        or (stock.low is not None and stock.book_units < stock.low - 0.5)
        or (stock.high is not None and stock.book_units > stock.high + 0.5)
    ]
    return sorted(wrong, key=lambda stock: -abs(stock.book_units - stock.seen_units))


def quarters_of(counts: Mapping[int, int], first_ms: int, last_ms: int) -> list[int | None]:
    """Lay minute counts out as quarter hours from `first_ms`; a quarter without any observed minute is None, not zero."""
    quarters: list[int | None] = [None] * max(0, -(-(last_ms - first_ms) // QUARTER_MS))
    for minute_ms, people in counts.items():
        index = (minute_ms - first_ms) // QUARTER_MS
        if 0 <= index < len(quarters):
            quarters[index] = (quarters[index] or 0) + people
    return quarters


def open_span(*days: Sequence[int | None]) -> tuple[int, int]:
    """Return first and last quarter (half-open) in which any of the days saw anyone, so that the night is not drawn."""
    seen = [index for day in days for index, people in enumerate(day) if people]
    return (min(seen), max(seen) + 1) if seen else (0, 0)

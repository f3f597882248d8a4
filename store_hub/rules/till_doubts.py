"""What went wrong at the till, out of sales that no shelf felt and picks that no till spoke of: scanned twice, or as something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

SAME_BASKET_MS = 40 * 60_000
"""Who paid for one article in the place of another took that one at most this long before."""

DoubtKind = Literal["double_sale", "wrong_article", "never_taken"]


class Untaken(NamedTuple):
    """Units that were paid for and left no shelf. `line_units`: how many the receipt's line had in all."""

    sku: str
    journal_id: int
    sold_at_ms: int
    units: int
    line_units: int


class Unpaid(NamedTuple):
    """Units that left a shelf and were never paid for."""

    sku: str
    taken_at_ms: int
    units: int


class TillDoubt(NamedTuple):
    """A sale that cannot be right. `instead`: what was probably taken in its place."""

    kind: DoubtKind
    sku: str
    journal_id: int
    sold_at_ms: int
    units: int
    instead: str | None


def till_doubts(untaken: Sequence[Untaken], unpaid: Sequence[Unpaid], category_of: dict[str, str]) -> list[TillDoubt]:
    """Explain each sale that no shelf felt, newest first. A pick that was never paid explains one sale only, of the same kind of goods."""
    left = sorted(unpaid, key=lambda pick: pick.taken_at_ms)
    doubts: list[TillDoubt] = []
    for sale in sorted(untaken, key=lambda sale: sale.sold_at_ms):
        if sale.line_units > sale.units:
            doubts.append(TillDoubt("double_sale", sale.sku, sale.journal_id, sale.sold_at_ms, sale.units, None))
            continue
        taken = next((pick for pick in left if _explains(pick, sale, category_of)), None)
        if taken is not None:
            left.remove(taken)
        kind: DoubtKind = "never_taken" if taken is None else "wrong_article"
        doubts.append(TillDoubt(kind, sale.sku, sale.journal_id, sale.sold_at_ms, sale.units, None if taken is None else taken.sku))
    return doubts[::-1]


def _explains(pick: Unpaid, sale: Untaken, category_of: dict[str, str]) -> bool:
    category = category_of.get(sale.sku)
    near = 0 <= sale.sold_at_ms - pick.taken_at_ms <= SAME_BASKET_MS
    return near and pick.units == sale.units and pick.sku != sale.sku and bool(category) and category_of.get(pick.sku) == category

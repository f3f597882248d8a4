"""An article in the whole store: on hand, on the shelf, out since when, and the closing stock of its quarters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import sqrt

from store_hub.rows import SkuQuarterClosing, StockoutRow, StockRow, TotalRow
from store_hub.rules.changes import Changes
from store_hub.rules.quarters import quarter_start_ms


class TotalBook:
    """The last total of each article."""

    def __init__(self) -> None:
        self._totals: dict[str, TotalRow] = {}

    def restore(self, row: TotalRow) -> None:
        """Go on from what the ledger holds."""
        self._totals[row.sku] = row

    def retell(
        self,
        sku: str,
        places: Sequence[StockRow],
        homes: Collection[str],
        carried: int,
        changes: Changes,
        is_empty: Callable[[StockRow], bool],
    ) -> None:
        """Work out an article's total after its places changed. `homes`: the shelves where shoppers look for it.

        Late news counts in the quarter in which it happened, but the closing stock of that quarter has been told and stays.
        """
        before = self._totals.get(sku)
        at_ms = changes.at_ms if before is None else max(changes.at_ms, before.updated_at_ms)
        units, low, high = together(places)
        shelves = [row for row in places if row.place in homes]
        out = bool(shelves) and all(is_empty(row) for row in shelves)
        out_since_ms = None if before is None else before.out_since_ms
        if out and out_since_ms is None:
            out_since_ms = at_ms
        elif not out and out_since_ms is not None:
            changes.effects.append(StockoutRow(sku, out_since_ms, max(at_ms, out_since_ms)))
            out_since_ms = None
        shelf_units = sum(row.units for row in shelves)
        if changes.timeless:
            at_ms = 0 if before is None else before.updated_at_ms
        quarter_ms = quarter_start_ms(at_ms)
        row = TotalRow(sku, units, low, high, shelf_units, out_since_ms, carried, quarter_ms, at_ms)
        self._totals[sku] = row
        changes.effects.append(row)
        if not changes.timeless:
            opening = None if before is None else before.units
            changes.effects.append(SkuQuarterClosing(quarter_ms, sku, opening, units, low, high))


def together(places: Sequence[StockRow]) -> tuple[float, float | None, float | None]:
    """Return units and 90 % interval of several places whose errors are independent; no interval if one place has none."""
    units = sum(row.units for row in places)
    below = above = 0.0
    for row in places:
        if row.low is None or row.high is None:
            return units, None, None
        below += (row.units - row.low) ** 2
        above += (row.high - row.units) ** 2
    return units, max(0.0, units - sqrt(below)), units + sqrt(above)

"""How fast each article goes from its shelf at present: units an hour that fade with the hours.

Each unit taken adds 1/τ an hour and the whole fades with time constant τ: the mean of a Poisson stream seen through an exponential window.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

from store_hub.rows import PaceRow, ShelfEventRow

WINDOW_MS = 2 * 3_600_000
"""τ. Long enough that two shoppers are no rush, short enough that a rush shows within the hour."""

_WINDOW_H = WINDOW_MS / 3_600_000
_SIGNS = {"picked": 1.0, "put_back": -1.0}


class Pace(NamedTuple):
    """Units an hour, when last changed."""

    per_hour: float
    updated_at_ms: int

    def at(self, at_ms: int) -> float:
        """Return the pace at a later moment."""
        return self.per_hour * exp(-max(0, at_ms - self.updated_at_ms) / WINDOW_MS)


class PaceBook:
    """The pace of every article on every shelf."""

    def __init__(self) -> None:
        self._paces: dict[tuple[str, str], Pace] = {}

    def restore(self, row: PaceRow) -> None:
        """Go on from what the ledger holds."""
        self._paces[row.shelf_id, row.sku] = Pace(row.per_hour, row.updated_at_ms)

    def per_hour(self, shelf_id: str, sku: str, at_ms: int) -> float:
        """Return how many units an hour go from a place; 0 where none has gone yet."""
        pace = self._paces.get((shelf_id, sku))
        return 0.0 if pace is None else pace.at(at_ms)

    def hear(self, event: ShelfEventRow) -> list[PaceRow]:
        """Take in what was taken from a shelf or put back; returns the row that changes, if any. A sweep is no demand."""
        sign = _SIGNS.get(event.meaning)
        if sign is None or event.sku is None or event.units * sign >= 0:
            return []
        before = self._paces.get((event.shelf_id, event.sku), Pace(0.0, event.at_ms))
        at_ms = max(event.at_ms, before.updated_at_ms)
        now = Pace(max(0.0, before.at(at_ms) + sign * abs(event.units) / _WINDOW_H), at_ms)
        self._paces[event.shelf_id, event.sku] = now
        return [PaceRow(event.shelf_id, event.sku, now.per_hour, now.updated_at_ms)]

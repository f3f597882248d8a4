"""Calls staff to a shelf that runs low, once, and closes the call when the shelf is full again.

Hysteresis in two ways: the shelf must hold clearly more to close a call than it did to open one, and both take a belief of at least
`SURE_ENOUGH`, so that a shelf between two readings neither calls nor hangs up.
"""

from __future__ import annotations

from math import erf, sqrt

from store_hub.entries import AlertAction
from store_hub.rows import AlertRow, FacingRow, StockRow

LOW = "low_shelf"
EMPTY = "empty_shelf"
SURE_ENOUGH = 0.7
NORMAL_90 = 3.2897
"""Width of the middle 90 % of a normal distribution, in standard deviations."""


def probability_at_most(stock: StockRow, units: int) -> float:
    """Return how probable it is that a place holds `units` or fewer, from its expected units and 90 % interval."""
    if stock.low is None or stock.high is None or stock.high <= stock.low:
        return 1.0 if round(stock.units) <= units else 0.0
    sd = (stock.high - stock.low) / NORMAL_90
    return 0.5 * (1.0 + erf((units + 0.5 - stock.units) / (sd * sqrt(2.0))))


def is_empty(stock: StockRow) -> bool:
    """Tell whether a place is believed empty."""
    return probability_at_most(stock, 0) >= SURE_ENOUGH


class AlertBoard:
    """The open alerts, one at most for each article on a shelf."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], AlertRow] = {}
        self._by_id: dict[int, AlertRow] = {}
        self._last_id = 0

    def restore(self, row: AlertRow) -> None:
        """Go on from an alert that the ledger holds: an open one, or the last one."""
        self._last_id = max(self._last_id, row.alert_id)
        if row.cleared_at_ms is None:
            self._keep(row)

    def judge(self, facing: FacingRow, stock: StockRow, back_room: StockRow | None, *, at_ms: int, journal_id: int) -> list[AlertRow]:
        """Return the alert that a new belief about a facing raises, changes or clears, if any."""
        known = self._open.get((facing.shelf_id, facing.sku))
        if known is None:
            if probability_at_most(stock, facing.low_units) < SURE_ENOUGH:
                return []
            self._last_id += 1
            empty = is_empty(stock)
            return self._keep(
                AlertRow(
                    alert_id=self._last_id, kind=EMPTY if empty else LOW, sku=facing.sku, shelf_id=facing.shelf_id,
                    raised_at_ms=at_ms, emptied_at_ms=at_ms if empty else None,
                    taken_at_ms=None, taken_by=None, done_at_ms=None, done_by=None, cleared_at_ms=None,
                    units_at_raise=stock.units, units_now=stock.units,
                    back_room_units=None if back_room is None else back_room.units, journal_id=journal_id,
                )
            )  # fmt: skip
        if 1.0 - probability_at_most(stock, facing.clear_units - 1) >= SURE_ENOUGH:
            return self._keep(known._replace(cleared_at_ms=max(at_ms, known.raised_at_ms), units_now=stock.units))
        changed = _worse_or_better(known, stock, at_ms)
        return [] if changed == known else self._keep(changed)

    def close_place(self, shelf_id: str, sku: str, *, at_ms: int) -> list[AlertRow]:
        """Return the alert closed because its place has gone from the planogram."""
        known = self._open.get((shelf_id, sku))
        return [] if known is None else self._keep(known._replace(cleared_at_ms=max(at_ms, known.raised_at_ms)))

    def open_alert(self, alert_id: int) -> AlertRow | None:
        """Return an open alert by its number."""
        return self._by_id.get(alert_id)

    def open_on(self, shelf_id: str, sku: str) -> list[AlertRow]:
        """The open alert of a place, if any."""
        known = self._open.get((shelf_id, sku))
        return [] if known is None else [known]

    def shelves(self) -> set[str]:
        """The shelves that somebody should refill and has not said to have done."""
        return {shelf_id for (shelf_id, _), row in self._open.items() if row.done_at_ms is None}

    def knows(self, alert_id: int) -> bool:
        """Tell whether an alert of this number was ever raised."""
        return 1 <= alert_id <= self._last_id

    def act(self, action: AlertAction, *, at_ms: int, close: bool) -> list[AlertRow]:
        """Return the alert after a person took it or said that it is done. The first to take it keeps it."""
        known = self._by_id.get(action.alert_id)
        if known is None:
            return []
        if action.action == "take":
            return self._keep(known._replace(taken_at_ms=at_ms, taken_by=action.by)) if known.taken_at_ms is None else []
        done = known._replace(done_at_ms=at_ms, done_by=action.by)
        if done.taken_at_ms is None:
            done = done._replace(taken_at_ms=at_ms, taken_by=action.by)
        return self._keep(done._replace(cleared_at_ms=max(at_ms, known.raised_at_ms)) if close else done)

    def take_shelf(self, shelf_id: str, *, at_ms: int, by: str) -> list[AlertRow]:
        """Return the alerts of a shelf that somebody takes by pressing its button."""
        waiting = [row for (shelf, _), row in sorted(self._open.items()) if shelf == shelf_id and row.taken_at_ms is None]
        return [kept for row in waiting for kept in self._keep(row._replace(taken_at_ms=at_ms, taken_by=by))]

    def _keep(self, row: AlertRow) -> list[AlertRow]:
        place = (row.shelf_id or "", row.sku or "")
        if row.cleared_at_ms is None:
            self._open[place] = row
            self._by_id[row.alert_id] = row
        else:
            self._open.pop(place, None)
            self._by_id.pop(row.alert_id, None)
        return [row]


def _worse_or_better(known: AlertRow, stock: StockRow, at_ms: int) -> AlertRow:
    empty_chance = probability_at_most(stock, 0)
    changed = known._replace(units_now=stock.units)
    if known.kind == LOW and empty_chance >= SURE_ENOUGH:
        return changed._replace(kind=EMPTY, emptied_at_ms=known.emptied_at_ms or at_ms)
    if known.kind == EMPTY and empty_chance <= 1.0 - SURE_ENOUGH:
        return changed._replace(kind=LOW)
    return changed

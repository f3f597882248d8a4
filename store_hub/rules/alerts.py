"""Calls staff to a shelf that runs low, once, and closes the call when the shelf is full again; and to whatever else is found.

Hysteresis in two ways: the shelf must hold clearly more to close a call than it did to open one, and both take a belief of at least
`SURE_ENOUGH` (`LIKELY` where no sensor looks), so that a shelf between two readings neither calls nor hangs up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from math import erf, sqrt

from store_hub.entries import AlertAction, Finding
from store_hub.rows import AlertRow, FacingRow, StockRow
from store_hub.rules.task_acts import OVER, PERSON, PLAN, SCALE, acted, closed

LOW = "low_shelf"
EMPTY = "empty_shelf"
STOCK_KINDS = (LOW, EMPTY)
SURE_ENOUGH = 0.7
LIKELY = 0.5
"""Where no sensor looks nothing will soon make a doubtful shelf plain: it calls once it is likelier low than not."""
NORMAL_90 = 3.2897
"""Width of the middle 90 % of a normal distribution, in standard deviations."""


def probability_at_most(stock: StockRow, units: int) -> float:
    """Return how probable it is that a place holds `units` or fewer, from its expected units and 90 % interval."""
    if stock.low is None or stock.high is None or stock.high <= stock.low:
        return 1.0 if round(stock.units) <= units else 0.0
    sd = (stock.high - stock.low) / NORMAL_90
    return 0.5 * (1.0 + erf((units + 0.5 - stock.units) / (sd * sqrt(2.0))))


class AlertBoard:
    """The open alerts: one at most for each article on a shelf, and one for each finding."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], AlertRow] = {}
        self._found: dict[tuple[str, str], AlertRow] = {}
        self._by_id: dict[int, AlertRow] = {}
        self._last_id = 0

    def restore(self, row: AlertRow) -> None:
        """Go on from an alert that the ledger holds: an open one, or the last one."""
        self._last_id = max(self._last_id, row.alert_id)
        if row.cleared_at_ms is None:
            self._keep(row)

    # ---- what is raised and closed

    def judge(
        self,
        facing: FacingRow,
        stock: StockRow,
        back_room: StockRow | None,
        *,
        at_ms: int,
        journal_id: int,
        lost_minor_h: float | None = None,
        at_most: Callable[[int], float] | None = None,
        calls_from: float = SURE_ENOUGH,
    ) -> list[AlertRow]:
        """Return the alert that a new belief about a facing raises, changes or clears, if any.

        Args:
            facing: with the marks that hold now.
            at_most: how probable so many units or fewer are; None: as the row's interval says.
            calls_from: how probable it must be that it is low.
            lost_minor_h: sales an hour that an empty place would cost, minor units.
        """
        at_most = at_most or partial(probability_at_most, stock)
        known = self._open.get((facing.shelf_id, facing.sku))
        if known is None:
            if at_most(facing.low_units) < calls_from:
                return []
            self._last_id += 1
            empty = at_most(0) >= SURE_ENOUGH
            return self._keep(
                AlertRow(
                    alert_id=self._last_id, kind=EMPTY if empty else LOW, sku=facing.sku, shelf_id=facing.shelf_id,
                    raised_at_ms=at_ms, emptied_at_ms=at_ms if empty else None,
                    taken_at_ms=None, taken_by=None, done_at_ms=None, done_by=None, cleared_at_ms=None,
                    units_at_raise=stock.units, units_now=stock.units,
                    back_room_units=None if back_room is None else back_room.units, journal_id=journal_id, lost_minor_h=lost_minor_h,
                )
            )  # fmt: skip
        if 1.0 - at_most(facing.clear_units - 1) >= SURE_ENOUGH:
            return self._keep(closed(known._replace(units_now=stock.units), at_ms=at_ms, by=SCALE if facing.weighed else PERSON))
        changed = _worse_or_better(known, stock.units, at_most(0), at_ms)
        if changed.kind == LOW and lost_minor_h is not None and changed != known:
            changed = changed._replace(lost_minor_h=lost_minor_h)  # Once empty nothing goes any more, and the pace would fade.
        return [] if changed == known else self._keep(changed)

    def find(self, found: Finding, *, at_ms: int, journal_id: int) -> list[AlertRow]:
        """Return the alert that a finding opens or closes; nothing where it stands so already."""
        known = self._found.get((found.kind, found.subject))
        if found.state == "over":
            return [] if known is None else self._keep(closed(known, at_ms=at_ms, by=OVER))
        if known is not None:
            return []
        self._last_id += 1
        return self._keep(
            AlertRow(
                alert_id=self._last_id, kind=found.kind, sku=found.sku, shelf_id=found.shelf_id, raised_at_ms=at_ms, emptied_at_ms=None,
                taken_at_ms=None, taken_by=None, done_at_ms=None, done_by=None, cleared_at_ms=None, units_at_raise=None, units_now=None,
                back_room_units=None, journal_id=journal_id, subject=found.subject, detail=found.detail, lost_minor_h=found.lost_minor_h,
            )
        )  # fmt: skip

    def close_place(self, shelf_id: str, sku: str, *, at_ms: int) -> list[AlertRow]:
        """Return the alert closed because its place has gone from the planogram."""
        known = self._open.get((shelf_id, sku))
        return [] if known is None else self._keep(closed(known, at_ms=at_ms, by=PLAN))

    # ---- what is open

    def open_alert(self, alert_id: int) -> AlertRow | None:
        """Return an open alert by its number."""
        return self._by_id.get(alert_id)

    def open_on(self, shelf_id: str, sku: str) -> list[AlertRow]:
        """The open alert of a place, if any."""
        known = self._open.get((shelf_id, sku))
        return [] if known is None else [known]

    def is_open(self, shelf_id: str, sku: str) -> bool:
        """Tell whether staff are called to a place."""
        return (shelf_id, sku) in self._open

    def found(self, kind: str) -> list[AlertRow]:
        """What is open of a kind of finding, in the order of the subjects."""
        return [row for (found, _), row in sorted(self._found.items()) if found == kind]

    def shelves(self) -> set[str]:
        """The shelves that somebody should refill: not those that are said to be done, or have nothing to be filled with."""
        return {shelf_id for (shelf_id, _), row in self._open.items() if row.done_at_ms is None and row.missing_at_ms is None}

    def knows(self, alert_id: int) -> bool:
        """Tell whether an alert of this number was ever raised."""
        return 1 <= alert_id <= self._last_id

    # ---- what people do

    def act(self, action: AlertAction, *, at_ms: int, close: bool) -> list[AlertRow]:
        """Return the alert after a press, if that changes it. "Done" closes what no scale watches, and every finding."""
        known = self._by_id.get(action.alert_id)
        if known is None:
            return []
        changed = acted(known, action, at_ms=at_ms, close=close or known.kind not in STOCK_KINDS)
        return [] if changed == known else self._keep(changed)

    def take_shelf(self, shelf_id: str, *, at_ms: int, by: str) -> list[AlertRow]:
        """Return the alerts of a shelf that somebody takes by pressing its button."""
        waiting = [row for (shelf, _), row in sorted(self._open.items()) if shelf == shelf_id and row.taken_at_ms is None]
        return [kept for row in waiting for kept in self._keep(row._replace(taken_at_ms=at_ms, taken_by=by))]

    def escalate(self, alert_ids: Collection[int], *, at_ms: int) -> list[AlertRow]:
        """Return the alerts that are escalated now; each is once."""
        rows = [self._by_id[alert_id] for alert_id in alert_ids if alert_id in self._by_id]
        return [kept for row in rows if row.escalated_at_ms is None for kept in self._keep(row._replace(escalated_at_ms=at_ms))]

    def _keep(self, row: AlertRow) -> list[AlertRow]:
        stock = row.kind in STOCK_KINDS
        room, key = (self._open, (row.shelf_id or "", row.sku or "")) if stock else (self._found, (row.kind, row.subject))
        if row.cleared_at_ms is None:
            room[key] = row
            self._by_id[row.alert_id] = row
        else:
            room.pop(key, None)
            self._by_id.pop(row.alert_id, None)
        return [row]


def _worse_or_better(known: AlertRow, units: float, empty_chance: float, at_ms: int) -> AlertRow:
    changed = known._replace(units_now=units)
    if known.kind == LOW and empty_chance >= SURE_ENOUGH:
        return changed._replace(kind=EMPTY, emptied_at_ms=known.emptied_at_ms or at_ms)
    if known.kind == EMPTY and empty_chance <= 1.0 - SURE_ENOUGH:
        return changed._replace(kind=LOW)
    return changed

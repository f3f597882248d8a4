"""Reads from the ledger which calls to staff are still to be sent, in the shop's own words."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from store_hub.adapters.ledger_file import reading
from wire_format import codec
from wire_format.errors import WireError
from wire_format.plans import Planogram

_SELECT = (
    "SELECT n.notification_id, n.alert_id, n.reason, n.created_at_ms, n.attempts, a.raised_at_ms, a.emptied_at_ms, a.taken_at_ms,"
    " a.cleared_at_ms, coalesce(p.name, a.sku, a.shelf_id, '?') AS article, a.shelf_id, f.bay_id, f.level,"
    " coalesce(s.units, a.units_now, a.units_at_raise) AS units, coalesce(b.units, a.back_room_units) AS back_room_units, f.capacity_units"
    " FROM notifications n LEFT JOIN alerts a ON a.alert_id = n.alert_id LEFT JOIN products p ON p.sku = a.sku"
    " LEFT JOIN facings f ON f.shelf_id = a.shelf_id AND f.sku = a.sku"
    " LEFT JOIN stock s ON s.sku = a.sku AND s.place = a.shelf_id"
    " LEFT JOIN stock b ON b.sku = a.sku AND b.place = 'back_room'"
    " WHERE n.settled_at_ms IS NULL ORDER BY n.notification_id LIMIT ?"
)


class WaitingCall(NamedTuple):
    """A message to staff that is not settled. `raised_at_ms` None: its alert is gone."""

    notification_id: int
    alert_id: int
    reason: str
    created_at_ms: int
    attempts: int
    raised_at_ms: int | None
    emptied_at_ms: int | None
    taken_at_ms: int | None
    cleared_at_ms: int | None
    article: str
    place: str
    units: float | None
    back_room_units: float | None
    capacity_units: int | None


class LedgerCalls:
    """Reads one ledger file; safe from any thread."""

    def __init__(self, path: Path, *, busy_ms: int = 2_000) -> None:
        self._path = path
        self._busy_ms = busy_ms

    def waiting(self, *, limit: int = 500) -> list[WaitingCall]:
        """Return the calls still to be sent, oldest first.

        Raises:
            LedgerUnusable: the ledger cannot be read.
        """
        with reading(self._path, busy_ms=self._busy_ms) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            rows = connection.execute(_SELECT, (limit,)).fetchall()
            bay_name = _bay_names(connection) if rows else str
        return [_call(row, bay_name) for row in rows]


def _bay_names(connection: sqlite3.Connection) -> Callable[[str], str]:
    row = connection.execute("SELECT payload FROM planogram").fetchone()
    try:
        plan = None if row is None else codec.plans.decode(bytes(row["payload"]))
    except WireError:  # A shelf's number still finds the shelf.
        plan = None
    names = {bay.bay_id: bay.name for bay in plan.bays} if isinstance(plan, Planogram) else {}
    return lambda bay_id: names.get(bay_id, bay_id)


def _call(row: sqlite3.Row, bay_name: Callable[[str], str]) -> WaitingCall:
    values = dict(row)
    bay_id, level, shelf_id = values.pop("bay_id"), values.pop("level"), values.pop("shelf_id")
    place = f"{bay_name(bay_id)}, board {level}" if bay_id is not None else f"shelf {shelf_id}"
    return WaitingCall(**values, place=place)

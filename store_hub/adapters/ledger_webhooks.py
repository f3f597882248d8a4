"""Reads from the ledger what other systems' servers have not been told yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from store_hub.adapters.ledger_file import reading

_EVENTS = (
    "SELECT n.notification_id, n.reason, n.created_at_ms, a.alert_id, a.kind, a.sku, a.shelf_id, coalesce(p.name, a.sku) AS name,"
    " a.raised_at_ms, a.emptied_at_ms, a.cleared_at_ms, coalesce(a.units_now, a.units_at_raise) AS units, a.back_room_units"
    " FROM notifications n JOIN alerts a ON a.alert_id = n.alert_id LEFT JOIN products p ON p.sku = a.sku"
    " WHERE n.notification_id > ? ORDER BY n.notification_id LIMIT ?"
)


class AlertEvent(NamedTuple):
    """Something that happened to an alert. `reason`: raised, emptied or cleared."""

    notification_id: int
    reason: str
    created_at_ms: int
    alert_id: int
    kind: str
    sku: str | None
    shelf_id: str | None
    name: str | None
    raised_at_ms: int
    emptied_at_ms: int | None
    cleared_at_ms: int | None
    units: float | None
    back_room_units: float | None


class LedgerWebhooks:
    """Reads one ledger file; safe from any thread."""

    def __init__(self, path: Path, *, busy_ms: int = 2_000) -> None:
        self._path = path
        self._busy_ms = busy_ms

    def mark(self, url: str) -> int | None:
        """The last event that a receiver was told; None: it is new.

        Raises:
            LedgerUnusable: the ledger cannot be read.
        """
        rows = self._ask("SELECT notification_id FROM webhook_marks WHERE url = ?", (url,))
        return None if not rows else int(rows[0][0])

    def newest(self) -> int:
        """The last event there is; 0 before the first.

        Raises:
            LedgerUnusable: the ledger cannot be read.
        """
        return int(self._ask("SELECT coalesce(max(notification_id), 0) FROM notifications", ())[0][0])

    def events(self, *, after: int, limit: int = 100) -> list[AlertEvent]:
        """The events after a mark, oldest first.

        Raises:
            LedgerUnusable: the ledger cannot be read.
        """
        return [AlertEvent(*row) for row in self._ask(_EVENTS, (after, limit))]

    def _ask(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with reading(self._path, busy_ms=self._busy_ms) as connection:
            return connection.execute(query, values).fetchall()

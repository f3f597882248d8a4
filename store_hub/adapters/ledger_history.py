"""Reads from the ledger what the history mirror has yet to see: entries after a number, and what changed with them."""

from __future__ import annotations

from pathlib import Path

from store_hub.adapters.ledger_file import reading
from store_hub.rows.mirror import DeviceHealthFigures, JournalEntry, StockFigures
from wire_format import codec
from wire_format.errors import WireError


class LedgerHistory:
    """Reads one ledger file; every reading is short, and of one moment."""

    def __init__(self, path: Path, *, busy_ms: int = 2_000) -> None:
        self._path = path
        self._busy_ms = busy_ms

    def last_entry_before(self, received_at_ms: int) -> int:
        """Return the number of the last entry received before a moment; 0 when there is none. Numbers grow with that time.

        Raises:
            LedgerUnusable
        """
        with reading(self._path, busy_ms=self._busy_ms) as connection:
            low, high = 0, int(connection.execute("SELECT coalesce(max(journal_id), 0) FROM journal").fetchone()[0])
            while low < high:
                middle = (low + high + 1) // 2
                row = connection.execute("SELECT received_at_ms FROM journal WHERE journal_id = ?", (middle,)).fetchone()
                if row is not None and row[0] < received_at_ms:
                    low = middle
                else:
                    high = middle - 1
            return low

    def entries(self, after: int, *, limit: int) -> list[JournalEntry]:
        """Return the next entries, in order.

        Raises:
            LedgerUnusable
        """
        with reading(self._path, busy_ms=self._busy_ms) as connection:
            rows = connection.execute(
                "SELECT journal_id, source, happened_at_ms, topic, payload FROM journal WHERE journal_id > ? ORDER BY journal_id LIMIT ?",
                (after, limit),
            )
            return [JournalEntry(*row) for row in rows]

    def stock_changed(self, after: int) -> list[StockFigures]:
        """Return every stock that an entry after this number moved.

        Raises:
            LedgerUnusable
        """
        with reading(self._path, busy_ms=self._busy_ms) as connection:
            rows = connection.execute("SELECT sku, place, units, low, high, updated_at_ms FROM stock WHERE journal_id > ?", (after,))
            return [StockFigures(*row) for row in rows]

    def devices_heard(self, after_ms: int) -> list[DeviceHealthFigures]:
        """Return every device heard of after a moment, hub's clock.

        Raises:
            LedgerUnusable
        """
        with reading(self._path, busy_ms=self._busy_ms) as connection:
            rows = connection.execute("SELECT device_id, last_seen_at_ms, health FROM devices WHERE last_seen_at_ms > ?", (after_ms,))
            return [figures for row in rows if (figures := _device(*row)) is not None]


def _device(device_id: str, last_seen_at_ms: int, health: bytes) -> DeviceHealthFigures | None:
    try:
        said = codec.device_health.decode(health)
    except WireError:  # Kept by a newer hub than this one; it has no numbers that we could read.
        return None
    return DeviceHealthFigures(device_id, last_seen_at_ms, said.outbox_depth, len(said.faults), said.temperature_c, said.disk_free_mb)

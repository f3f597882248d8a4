"""Reads from the ledger what supervisors want to know, and tries whether it can be written."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from store_hub.errors import LedgerUnusable
from wire_format import codec
from wire_format.errors import WireError

_DISK_FREE_MIN_MB = 64
_ADVICE = "check the file, its folder and the disk"


class LedgerFigures(NamedTuple):
    """What the ledger holds now. Times are the hub's clock; None = never."""

    entries: int
    last_booked_at_ms: int | None
    entries_by_source: dict[str, int]
    duplicates: int
    shed: int
    quarantined_by_reason: dict[str, int]
    refused_by_name: dict[str, int]
    open_alerts: int
    calls_waiting: int
    outbox_depth_by_device: dict[str, int]
    facts_dirty: int
    facts_waiting: int
    cloud_booked_at_ms: int | None
    bytes_on_disk: int


class LedgerGauge:
    """Looks at one ledger file from outside; safe from any thread."""

    def __init__(self, path: Path, *, busy_ms: int = 2_000) -> None:
        self._path = path
        self._busy_ms = busy_ms

    def read(self) -> LedgerFigures:
        """Return what the ledger holds now.

        Raises:
            LedgerUnusable: it cannot be read.
        """
        try:
            with closing(self._connect("ro")) as connection:
                connection.execute("BEGIN")
                return self._figures(connection)
        except sqlite3.Error as error:
            raise LedgerUnusable(path=str(self._path), problem=str(error), advice=_ADVICE) from error

    def last_booked_at_ms(self) -> int | None:
        """Return when the last entry was booked; None for an empty journal.

        Raises:
            LedgerUnusable: it cannot be read.
        """
        try:
            with closing(self._connect("ro")) as connection:
                return _last_booked(connection)
        except sqlite3.Error as error:
            raise LedgerUnusable(path=str(self._path), problem=str(error), advice=_ADVICE) from error

    def try_writing(self) -> None:
        """Begin a writing transaction and give it up, and look at the space that is left.

        Raises:
            LedgerUnusable: it cannot be written, or soon cannot.
        """
        try:
            with closing(self._connect("rw")) as connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            free_mb = shutil.disk_usage(self._path.parent).free // 1_000_000
        except (sqlite3.Error, OSError) as error:
            raise LedgerUnusable(path=str(self._path), problem=str(error), advice=_ADVICE) from error
        if free_mb < _DISK_FREE_MIN_MB:
            problem = f"only {free_mb} MB are free on its disk"
            raise LedgerUnusable(path=str(self._path), problem=problem, advice="free some space before booking stops")

    def _connect(self, mode: str) -> sqlite3.Connection:
        uri = f"{self._path.resolve().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, timeout=self._busy_ms / 1000, isolation_level=None)

    def _figures(self, connection: sqlite3.Connection) -> LedgerFigures:
        def number(query: str) -> int:
            return int(connection.execute(query).fetchone()[0] or 0)

        def counts(query: str) -> dict[str, int]:
            return {str(row[0]): int(row[1]) for row in connection.execute(query)}

        marks = connection.execute("SELECT booked_at_ms FROM report_marks").fetchone()
        files = [self._path, self._path.with_name(self._path.name + "-wal")]
        return LedgerFigures(
            entries=number("SELECT max(journal_id) FROM journal"),
            last_booked_at_ms=_last_booked(connection),
            entries_by_source=counts("SELECT source, count(*) FROM journal WHERE source <> 'edge' GROUP BY source"),
            duplicates=number("SELECT sum(duplicates) FROM outboxes"),
            shed=number("SELECT sum(shed) FROM outboxes"),
            quarantined_by_reason=counts("SELECT reason, count(*) FROM quarantine GROUP BY reason"),
            refused_by_name=counts("SELECT name, count FROM counters"),
            open_alerts=number("SELECT count(*) FROM alerts WHERE cleared_at_ms IS NULL"),
            calls_waiting=number("SELECT count(*) FROM notifications WHERE settled_at_ms IS NULL"),
            outbox_depth_by_device=_depths(connection),
            facts_dirty=number("SELECT count(*) FROM dirty"),
            facts_waiting=number("SELECT count(*) FROM report_outbox"),
            cloud_booked_at_ms=None if marks is None else marks[0],
            bytes_on_disk=sum(file.stat().st_size for file in files if file.exists()),
        )


def _last_booked(connection: sqlite3.Connection) -> int | None:
    row = connection.execute("SELECT received_at_ms FROM journal ORDER BY journal_id DESC LIMIT 1").fetchone()
    return None if row is None else int(row[0])


def _depths(connection: sqlite3.Connection) -> dict[str, int]:
    depths = {}
    for device_id, health in connection.execute("SELECT device_id, health FROM devices ORDER BY device_id LIMIT 1000"):
        try:
            depths[str(device_id)] = codec.device_health.decode(health).outbox_depth
        except WireError:  # Kept by a newer hub than this one; nothing is known rather than zero.
            continue
    return depths

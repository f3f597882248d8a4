"""Months of the quarter-hour tables: made when the first fact of a month arrives, dropped whole when they are too old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, Table, text

from cloud_api.adapters.tables import MONTHLY

_LOCK = 7_162_002


class Months:
    """Knows which months exist. One per process; asks the database once for each month.

    A partition is made empty and then attached, so that an insert elsewhere in the table need not wait.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._made: set[tuple[int, int]] = set()

    def make(self, times: Iterable[datetime]) -> None:
        """See that every month named by `times` (aware) has its partitions, in a transaction of its own."""
        missing = {(moment.astimezone(UTC).year, moment.astimezone(UTC).month) for moment in times} - self._made
        if not missing:
            return
        with self._engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            for month in sorted(missing):
                for table in MONTHLY:
                    _attach(connection, table, month)
        self._made |= missing

    def forget(self) -> None:
        """Ask the database anew which months there are."""
        self._made.clear()

    def drop_before(self, moment: datetime) -> list[str]:
        """Drop every month that ended before `moment`, and return the names of the partitions dropped."""
        limit = f"_{moment.astimezone(UTC):%Y_%m}"
        with self._engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            dropped = [name for table in MONTHLY for name in _children(connection, table) if name[len(table.name) :] < limit]
            for name in dropped:
                connection.execute(text(f'DROP TABLE "{name}"'))
        self.forget()
        return sorted(dropped)


def _children(connection: Connection, table: Table) -> list[str]:
    rows = connection.execute(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:name AS regclass)"), {"name": table.name}
    )
    return [row[0] for row in rows]


def _attach(connection: Connection, table: Table, month: tuple[int, int]) -> None:
    year, number = month
    name = f"{table.name}_{year:04d}_{number:02d}"
    if connection.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar() is not None:
        return
    start = datetime(year, number, 1, tzinfo=UTC)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    connection.execute(text(f"CREATE TABLE {name} (LIKE {table.name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"))
    connection.execute(
        text(f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')")
    )

"""Books a hub's batches: facts, roll-ups and the mark `booked_through` in one transaction, or nothing at all.

A batch sent twice changes nothing; one that overlaps what is booked brings only its new part; one that leaves a gap is refused. What
cannot be true (a quarter in the year 1970) is set aside in `fact_quarantine` and counted, so that the hub need not stop for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from psycopg import Cursor
from psycopg.errors import CheckViolation
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from cloud_api.adapters import footfall_rollup, store_rollup
from cloud_api.adapters.fact_rows import FACT_TABLES, Row, fact_time_ms, moment, newest_sql, rows_by_table, upsert_sql
from cloud_api.adapters.partitions import Months
from cloud_api.errors import ReportGap
from wire_format.reports import AnyFact, BasketDay, DoorQuarter, ReportBatch, SkuDay, SkuQuarter, TileQuarter, ZoneQuarter

_QUARTERLY = (SkuQuarter, DoorQuarter, ZoneQuarter, TileQuarter)
_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
_TABLES = {table.name: table for table in FACT_TABLES}
_COPY = {name: f"COPY {{}}{name} ({', '.join(column.name for column in table.columns)}) FROM STDIN" for name, table in _TABLES.items()}
_NEWEST = {name: newest_sql(table) for name, table in _TABLES.items() if newest_sql(table)}
_UPSERT = {name: upsert_sql(table) for name, table in _TABLES.items()}


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a batch: the mark, and how many facts were new and how many were set aside."""

    booked_through: int
    new_facts: int
    quarantined: int


class ReportBook:
    """Writes reports into the records. Safe to use from several threads; batches of one store wait for each other.

    Args:
        now: the wall clock, aware; facts later than `future_max` after it are not believed.
        asked_from: from so many rows of a kind on it is worth asking which of them are later than all that is held.
    """

    def __init__(
        self, engine: Engine, *, now: Callable[[], datetime], future_max: timedelta = timedelta(days=7), asked_from: int = 100
    ) -> None:
        self._engine = engine
        self._now = now
        self._future_max = future_max
        self._asked_from = asked_from
        self._months = Months(engine)

    def book(self, batch: ReportBatch) -> Booked:
        """Book what is new in a consistent batch (`facts` numbered `from_sequence` to `to_sequence`, in order).

        Returns only after commit.

        Raises:
            ReportGap: facts before the batch are missing.
        """
        now = self._now()
        believed, doubtful = self._sorted_by_belief(batch.facts, now)
        times = {moment(fact.quarter_started_at_ms) for fact in believed if isinstance(fact, _QUARTERLY)}
        self._months.make(times)
        try:
            return self._write(batch, believed, doubtful, now)
        except (IntegrityError, CheckViolation) as error:
            if not isinstance(getattr(error, "orig", error), CheckViolation):
                raise
        self._months.forget()  # Another program dropped a month that this one remembers, and a late fact came for it.
        self._months.make(times)
        return self._write(batch, believed, doubtful, now)

    def _write(self, batch: ReportBatch, believed: list[AnyFact], doubtful: list[tuple[AnyFact, str]], now: datetime) -> Booked:
        with self._engine.begin() as connection:
            time_zone = _lock_store(connection, batch.store_id, now)
            generation, booked_through = _lock_ledger(connection, batch, now)
            if batch.from_sequence > booked_through + 1:
                raise ReportGap(
                    store_id=batch.store_id,
                    ledger_id=batch.ledger_id,
                    booked_through=booked_through,
                    from_sequence=batch.from_sequence,
                )
            new = [fact for fact in believed if fact.sequence > booked_through]
            aside = [(fact, reason) for fact, reason in doubtful if fact.sequence > booked_through]
            self._write_facts(connection, batch.store_id, rows_by_table(batch.store_id, generation, new))
            _write_quarantine(connection, batch.store_id, generation, aside, now)
            quarters = {moment(fact.quarter_started_at_ms) for fact in new if isinstance(fact, DoorQuarter)}
            footfall_rollup.add_up(connection, batch.store_id, time_zone, quarters)
            store_rollup.add_up(connection, batch.store_id, {date.fromisoformat(fact.day) for fact in new if isinstance(fact, SkuDay)})
            mark = max(booked_through, batch.to_sequence)
            _move_mark(connection, batch, mark, now)
        return Booked(booked_through=mark, new_facts=len(new), quarantined=len(aside))

    def _write_facts(self, connection: Connection, store_id: str, rows: dict[str, list[Row]]) -> None:
        """Copy what is later than all that is held straight in; what may meet a row of its key comes by another table."""
        for name, table_rows in rows.items():
            is_worth_it = len(table_rows) >= self._asked_from
            later, others = _parted(connection, store_id, name, table_rows) if is_worth_it else ([], table_rows)
            if later:
                _copy(_cursor(connection), _COPY[name].format(""), later)
            if others:
                connection.execute(text(f"CREATE TEMPORARY TABLE IF NOT EXISTS incoming_{name} (LIKE {name}) ON COMMIT DELETE ROWS"))
                _copy(_cursor(connection), _COPY[name].format("incoming_"), others)
                connection.execute(text(_UPSERT[name]))

    def booked_through(self, store_id: str, ledger_id: str) -> int:
        """The last sequence of the ledger that is booked; 0 while nothing is."""
        with self._engine.connect() as connection:
            mark = connection.execute(
                text("SELECT booked_through FROM ledgers WHERE store_id = :store AND ledger_id = :ledger"),
                {"store": store_id, "ledger": ledger_id},
            ).scalar()
        return int(mark or 0)

    def _sorted_by_belief(self, facts: Sequence[AnyFact], now: datetime) -> tuple[list[AnyFact], list[tuple[AnyFact, str]]]:
        earliest_ms, latest_ms = _EARLIEST.timestamp() * 1000, (now + self._future_max).timestamp() * 1000
        latest_day = (now + self._future_max).date()
        believed: list[AnyFact] = []
        doubtful: list[tuple[AnyFact, str]] = []
        for fact in facts:
            reason = _doubt_of_day(fact, latest_day) if isinstance(fact, SkuDay | BasketDay) else None
            at_ms = fact_time_ms(fact)
            if at_ms is not None and not earliest_ms <= at_ms <= latest_ms:
                reason = f"its time {at_ms} ms is before 2020 or more than {self._future_max.days} days ahead"
            if reason is None:
                believed.append(fact)
            else:
                doubtful.append((fact, reason))
        return believed, doubtful


def _doubt_of_day(fact: SkuDay | BasketDay, latest_day: date) -> str | None:
    try:
        day = date.fromisoformat(fact.day)
    except ValueError:
        return f"there is no day {fact.day}"
    return None if _EARLIEST.date() <= day <= latest_day else f"its day {fact.day} is before 2020 or too far ahead"


def _lock_store(connection: Connection, store_id: str, now: datetime) -> str:
    """Make the store known and hold its row until commit, so that two batches of it cannot cross. Returns its time zone."""
    connection.execute(
        text(
            "INSERT INTO stores (store_id, name, time_zone, currency, first_seen_at) VALUES (:store, :store, 'UTC', 'EUR', :now)"
            " ON CONFLICT (store_id) DO NOTHING"
        ),
        {"store": store_id, "now": now},
    )
    return str(
        connection.execute(text("SELECT time_zone FROM stores WHERE store_id = :store FOR UPDATE"), {"store": store_id}).scalar_one()
    )


def _lock_ledger(connection: Connection, batch: ReportBatch, now: datetime) -> tuple[int, int]:
    names = {"store": batch.store_id, "ledger": batch.ledger_id}
    connection.execute(
        text(
            "INSERT INTO ledgers (store_id, ledger_id, generation, booked_through, booked_at)"
            " SELECT :store, :ledger, coalesce(max(generation), 0) + 1, 0, :now FROM ledgers WHERE store_id = :store"
            " ON CONFLICT (store_id, ledger_id) DO NOTHING"
        ),
        names | {"now": now},
    )
    row = connection.execute(
        text("SELECT generation, booked_through FROM ledgers WHERE store_id = :store AND ledger_id = :ledger"), names
    ).one()
    return int(row[0]), int(row[1])


def _parted(connection: Connection, store_id: str, name: str, rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Those that no row held can meet, for their quarter or day is later than the store's newest; and the others.

    The store's row is locked: nobody else writes for it meanwhile.
    """
    if name not in _NEWEST:
        return [], rows
    first = min(row[1] for row in rows)
    newest = connection.execute(text(_NEWEST[name]), {"store": store_id, "first": first}).scalar()
    if newest is None:
        return rows, []
    return [row for row in rows if row[1] > newest], [row for row in rows if row[1] <= newest]


def _copy(cursor: Cursor[Any], statement: str, rows: list[Row]) -> None:
    with cursor, cursor.copy(statement.encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _cursor(connection: Connection) -> Cursor[Any]:
    driver = connection.connection.driver_connection
    assert driver is not None
    cursor: Cursor[Any] = driver.cursor()
    return cursor


def _write_quarantine(connection: Connection, store_id: str, generation: int, aside: list[tuple[AnyFact, str]], now: datetime) -> None:
    with _cursor(connection) as cursor:
        cursor.executemany(
            "INSERT INTO fact_quarantine (store_id, generation, sequence, reason, body, received_at) VALUES (%s, %s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [(store_id, generation, fact.sequence, reason, Jsonb(msgspec.to_builtins(fact)), now) for fact, reason in aside],
        )


def _move_mark(connection: Connection, batch: ReportBatch, mark: int, now: datetime) -> None:
    values = {"store": batch.store_id, "ledger": batch.ledger_id, "mark": mark, "now": now}
    connection.execute(
        text("UPDATE ledgers SET booked_through = :mark, booked_at = :now WHERE store_id = :store AND ledger_id = :ledger"), values
    )
    connection.execute(text("UPDATE stores SET reported_at = :now WHERE store_id = :store"), values)

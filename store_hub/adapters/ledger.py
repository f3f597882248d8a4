"""The ledger: sole truth of a shop. One connection writes it, one transaction a batch, on the disk before anybody is told."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from store_hub.adapters.ledger_file import WriterLock, connect, connect_existing, ledger_trouble, migrate
from store_hub.adapters.ledger_writing import Writing, summed, writing
from store_hub.errors import LedgerUnusable
from store_hub.rows import OPERATIONAL, TABLES, DirtyRow, Effect, Gone, GoneBefore, IdempotencyRow, Table
from wire_format.identifiers import LedgerId, StoreId


class JournalRow(NamedTuple):
    """An entry as it stands in the journal; columns are explained in the migrations."""

    journal_id: int
    source: str
    outbox_no: int | None
    sequence: int | None
    received_at_ms: int
    happened_at_ms: int
    time_quality: str
    topic: str | None
    payload: bytes


class LedgerIdentity(NamedTuple):
    """Who a ledger is."""

    ledger_id: LedgerId
    store_id: StoreId


_JOURNAL_INSERT = f"INSERT INTO journal ({', '.join(JournalRow._fields)}) VALUES ({', '.join('?' * len(JournalRow._fields))})"
_JOURNAL_SELECT = f"SELECT {', '.join(JournalRow._fields)} FROM journal"
_EVERY_FACT = (
    "SELECT 'sku_quarter', quarter_started_at_ms, sku, ?1 FROM sku_quarters WHERE 1",
    "SELECT DISTINCT 'door_quarter', minute_started_at_ms / 900000 * 900000, door_id, ?1 FROM door_minutes WHERE 1",
    "SELECT 'zone_quarter', quarter_started_at_ms, zone_id, ?1 FROM zone_quarters WHERE 1",
    "SELECT 'zone_quarter', quarter_started_at_ms, zone_id, ?1 FROM zone_visits WHERE 1",
    "SELECT DISTINCT 'zone_quarter', started_at_ms / 900000 * 900000, zone_id, ?1 FROM queues WHERE 1",
    "SELECT 'tile_quarter', quarter_started_at_ms, area_id, ?1 FROM area_quarters WHERE 1",
    "SELECT 'alert', 0, CAST(alert_id AS TEXT), ?1 FROM alerts WHERE 1",
    "SELECT 'device', 0, device_id, ?1 FROM devices WHERE 1",
    "SELECT 'rollout', 0, '', ?1 FROM rollouts WHERE 1",
)


_WRITINGS = {kind: writing(kind, table) for kind, table in TABLES.items()}


class Ledger:
    """The writing end of a ledger. Not for two threads at once."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: WriterLock | None) -> None:
        self.path = path
        self.connection = connection
        self._lock = lock
        ledger_id, store_id = connection.execute("SELECT ledger_id, store_id FROM meta").fetchone()
        self.identity = LedgerIdentity(ledger_id, store_id)

    @classmethod
    def open(cls, path: Path) -> Ledger:
        """Open an existing ledger as its only writer.

        Raises:
            LedgerUnusable: with what to do.
        """
        lock = WriterLock(path) if path.exists() else None
        try:
            return cls(path, connect_existing(path), lock)
        except LedgerUnusable:
            if lock is not None:
                lock.release()
            raise

    @classmethod
    def open_unlocked(cls, path: Path) -> Ledger:
        """Open a ledger whose lock the caller holds.

        Raises:
            LedgerUnusable: with what to do.
        """
        return cls(path, connect_existing(path), None)

    @classmethod
    def create(cls, path: Path, *, store_id: StoreId, now_ms: int) -> Ledger:
        """Make a new ledger with an identity of its own.

        Raises:
            LedgerUnusable: among others when there is one already.
        """
        if path.exists():
            raise LedgerUnusable(path=str(path), problem="there is a ledger already", advice="move it away first, or give another path")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ledger_trouble(path, error) from None
        lock = WriterLock(path)
        connection = connect(path)
        try:
            migrate(connection, path)
            connection.execute("INSERT INTO meta VALUES (1, ?, ?, ?)", (uuid4().hex, store_id, now_ms))
            connection.execute("INSERT INTO report_marks VALUES (1, 0, 0, NULL, 0)")
        except sqlite3.Error as error:
            connection.close()
            lock.release()
            raise ledger_trouble(path, error) from None
        return cls(path, connection, lock)

    def close(self) -> None:
        """Close the file and let another hub write it; once is enough."""
        self.connection.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; on the disk when it ends.

        Raises:
            LedgerUnusable: nothing was written; the same may be tried again.
        """
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # A full disk makes SQLite roll back by itself.
                    self.connection.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise ledger_trouble(self.path, error) from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError):
                raise  # Our own mistake, not the disk's.
            raise ledger_trouble(self.path, error) from error

    # ---- writing, inside a transaction

    def write_journal(self, rows: Sequence[JournalRow]) -> None:
        """Append entries."""
        self.connection.executemany(_JOURNAL_INSERT, rows)

    def write(self, effects: Iterable[Effect]) -> set[str]:
        """Write rows, in order where order matters, and return the names of the tables touched."""
        effects, touched = list(effects), set[str]()
        while GoneBefore in map(type, effects):
            place = list(map(type, effects)).index(GoneBefore)
            _, column, before_ms, also = effects[place]
            table = TABLES[effects[place][0]].name
            touched |= self._write(effects[:place]) | {table}
            self.connection.execute(f"DELETE FROM {table} WHERE {column} < ? AND {also}", (before_ms,))
            effects = effects[place + 1 :]
        return touched | self._write(effects)

    def _write(self, effects: Iterable[Effect]) -> set[str]:
        """Write rows kind by kind, first those of which only the last of a key counts."""
        rows_of: dict[Any, list[Effect]] = defaultdict(list)
        losing = set[Any]()
        for effect in effects:
            kind = type(effect)
            if kind is Gone:
                kind = effect[0]
                losing.add(kind)
            rows_of[kind].append(effect)
        for kind in sorted(rows_of, key=lambda kind: not _WRITINGS[kind].merge):
            how, rows = _WRITINGS[kind], rows_of[kind]
            if kind in losing:
                self.connection.executemany(how.upsert, self._write_gone(how, rows))
            elif how.merge:
                self.connection.executemany(how.upsert, dict(zip(map(how.key_of, rows), rows, strict=True)).values())
            else:
                self.connection.executemany(how.upsert, rows if how.sum_from is None else summed(rows, how.sum_from))
        return {TABLES[kind].name for kind in rows_of}

    def _write_gone(self, how: Writing, rows: Iterable[Effect]) -> list[Effect]:
        """Take out the rows that are no longer true; returns the last of each other key."""
        assert how.merge, "rows that add up are never taken out one by one"
        last: dict[Any, Effect] = {}
        for row in rows:
            last[(row[1] if len(row[1]) > 1 else row[1][0]) if type(row) is Gone else how.key_of(row)] = row
        self.connection.executemany(how.delete, [row[1] for row in last.values() if type(row) is Gone])
        return [row for row in last.values() if type(row) is not Gone]

    # ---- reading back

    def last_journal_id(self) -> int:
        """The last entry's number; 0 in an empty journal."""
        return int(self.connection.execute("SELECT coalesce(max(journal_id), 0) FROM journal").fetchone()[0])

    def journal(self, *, after: int = 0, limit: int = -1) -> Iterator[JournalRow]:
        """Entries in order."""
        rows = self.connection.execute(f"{_JOURNAL_SELECT} WHERE journal_id > ? ORDER BY journal_id LIMIT ?", (after, limit))
        return (JournalRow(*row) for row in rows)

    def state_rows(self, tables: dict[type[tuple[Any, ...]], Table]) -> Iterator[Effect]:
        """The rows that memory needs at a start, as `Table.state` names them."""
        for kind, table in tables.items():
            if table.state is not None:
                fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]  # Every row is a NamedTuple.
                columns = ", ".join(f'"{field}"' for field in fields)
                order = ", ".join(table.key)
                for row in self.connection.execute(f"SELECT {columns} FROM {table.name} WHERE {table.state} ORDER BY {order}"):
                    yield kind(*row)

    def hub_rows(self) -> Iterator[Effect]:
        """The hub's own bookkeeping: marks, clocks, devices."""
        return self.state_rows(OPERATIONAL)

    def answer_given(self, door: str, key: str) -> IdempotencyRow | None:
        """The answer already given to this key at this door."""
        row = self.connection.execute(
            "SELECT door, key, body_hash, answer, answered_at_ms FROM idempotency WHERE door = ? AND key = ?", (door, key)
        ).fetchone()
        return None if row is None else IdempotencyRow(*row)

    def forget_answers(self, given_before_ms: int) -> int:
        """Forget answers that nobody will ask for again; returns how many."""
        return self.connection.execute("DELETE FROM idempotency WHERE answered_at_ms < ?", (given_before_ms,)).rowcount

    # ---- the hub's own marks, inside a transaction

    def settle_notification(self, notification_id: int, *, outcome: str | None, now_ms: int) -> None:
        """Count an attempt, and close the message where it has an outcome."""
        self.connection.execute(
            "UPDATE notifications SET attempts = attempts + 1, settled_at_ms = CASE WHEN ? IS NULL THEN NULL ELSE ? END, outcome = ?"
            " WHERE notification_id = ? AND settled_at_ms IS NULL",
            (outcome, now_ms, outcome, notification_id),
        )

    def forget_messages(self, before_ms: int) -> None:
        """Let go of settled messages and of answers to other systems that are older."""
        self.connection.execute(
            "DELETE FROM notifications WHERE settled_at_ms < ?1 AND notification_id < (SELECT max(notification_id) FROM notifications)",
            (before_ms,),
        )
        self.connection.execute("DELETE FROM idempotency WHERE answered_at_ms < ?", (before_ms,))

    def last_notification_id(self) -> int:
        """The last message's number."""
        return int(self.connection.execute("SELECT coalesce(max(notification_id), 0) FROM notifications").fetchone()[0])

    def strike_out(self, told: Iterable[DirtyRow]) -> None:
        """Strike out facts that were told, unless they have changed since."""
        self.connection.executemany("DELETE FROM dirty WHERE fact = ? AND period_ms = ? AND subject = ? AND journal_id = ?", told)

    def mark_all_facts(self, journal_id: int) -> None:
        """Every fact of the ledger is to be told (again)."""
        for select in _EVERY_FACT:
            self.connection.execute(
                f"INSERT INTO dirty {select} ON CONFLICT (fact, period_ms, subject) DO UPDATE SET journal_id = excluded.journal_id",
                (journal_id,),
            )

    def mint_identity(self) -> LedgerId:
        """Become a ledger of another name, as one set back to an earlier state must: nothing of it has been told to any cloud yet."""
        ledger_id = uuid4().hex
        self.connection.execute("UPDATE meta SET ledger_id = ?", (ledger_id,))
        self.connection.execute("UPDATE report_marks SET last_sequence = 0, booked_through = 0, booked_at_ms = NULL")
        self.drop_facts()
        self.mark_all_facts(self.last_journal_id())
        self.identity = self.identity._replace(ledger_id=ledger_id)
        return ledger_id

    def drop_facts(self) -> None:
        """Let go of everything that is numbered."""
        self.connection.execute("DELETE FROM report_outbox")

    def forget_facts(self, booked_through: int) -> None:
        """Let go of facts that the cloud has."""
        self.connection.execute("DELETE FROM report_outbox WHERE sequence <= ?", (booked_through,))

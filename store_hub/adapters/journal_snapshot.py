"""The snapshot that stands in for old entries of a journal: a ledger without a journal, compressed, inside the ledger it is of."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_copy import LedgerSnapshot, remove_ledger
from store_hub.adapters.ledger_file import FILE_ERRORS, connect_existing, ledger_trouble
from store_hub.errors import HubError, LedgerUnusable
from store_hub.rows import DERIVED_TABLES

PIECE_BYTES = 4 << 20
REMOVED_AT_ONCE = 20_000
_BULK = "source IN ('edge', 'health')"
"""What makes a journal long. What tills and people said stays, and so do planograms."""

_LEFT_OUT = ("journal", "journal_snapshot", "idempotency", "dirty", "report_outbox", "notifications")


def compacted_through(connection: sqlite3.Connection) -> int:
    """The last entry whose effects are in the snapshot; 0 while the journal goes back to the first one."""
    return int(connection.execute("SELECT coalesce(max(through_journal_id), 0) FROM compactions").fetchone()[0])


def removed_entries(connection: sqlite3.Connection) -> int:
    """How many entries of the journal were removed by all compactions."""
    return int(connection.execute("SELECT coalesce(sum(removed), 0) FROM compactions").fetchone()[0])


class Snapshot(NamedTuple):
    """A snapshot that lies ready in a file of pieces: the last entry that is in it, its ledger, and its digest."""

    pieces: Path
    ledger_id: str
    through: int
    sha256: str


class SnapshotGone(HubError):
    """A snapshot that lay ready cannot be read, or is not of this ledger: nothing has changed, the next night tries again."""

    def __init__(self, snapshot: Snapshot, problem: str) -> None:
        super().__init__(f"the snapshot {snapshot.pieces} is not taken over: {problem}; it is made again the next night")
        self.snapshot = snapshot
        self.problem = problem


def copy_of(path: Path, beside: Path) -> None:
    """Copy a ledger as it is at this moment, while its hub may go on booking.

    Raises:
        LedgerUnusable: it cannot be read, or there is no room.
    """
    remove_ledger(beside)
    source = LedgerSnapshot(path)
    try:
        with closing(sqlite3.connect(beside, isolation_level=None)) as target:
            source.connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
    except FILE_ERRORS as error:
        raise ledger_trouble(beside, error) from None
    finally:
        source.close()


def ready_snapshot(copy: Path, pieces: Path) -> Snapshot:
    """Make a copied ledger a snapshot, in pieces; the copy is no ledger any more afterwards.

    Raises:
        LedgerUnusable: there is no room.
    """
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as ledger:
            through = int(ledger.execute("SELECT coalesce(max(journal_id), 0) FROM journal").fetchone()[0])
            ledger_id = str(ledger.execute("SELECT ledger_id FROM meta").fetchone()[0])
            ledger.execute("PRAGMA journal_mode = DELETE")
            for table in _LEFT_OUT:
                ledger.execute(f"DELETE FROM {table}")
            ledger.execute("VACUUM")
        pieces.unlink(missing_ok=True)
        digest = hashlib.sha256()
        with closing(sqlite3.connect(pieces, isolation_level=None)) as written, copy.open("rb") as file:
            written.execute("CREATE TABLE pieces (part INTEGER PRIMARY KEY, data BLOB NOT NULL)")
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
                written.execute("INSERT INTO pieces (data) VALUES (?)", (zlib.compress(piece),))
        return Snapshot(pieces, ledger_id, through, digest.hexdigest())
    except (sqlite3.Error, OSError) as error:
        raise ledger_trouble(pieces, error) from None


def take_over(ledger: Ledger, snapshot: Snapshot, *, now_ms: int) -> None:
    """Keep a snapshot that lies ready in place of an older one, inside a transaction: all of it or nothing.

    Raises:
        SnapshotGone: nothing has changed.
    """
    connection = ledger.connection
    if snapshot.ledger_id != ledger.identity.ledger_id or snapshot.through < compacted_through(connection):
        raise SnapshotGone(snapshot, "it is of another ledger or older than the one that is kept")
    connection.execute("SAVEPOINT snapshot")
    try:
        connection.execute("DELETE FROM journal_snapshot")
        with closing(sqlite3.connect(f"{snapshot.pieces.resolve().as_uri()}?mode=ro", uri=True)) as pieces:
            for part, data in pieces.execute("SELECT part, data FROM pieces ORDER BY part"):
                connection.execute("INSERT INTO journal_snapshot VALUES (?, ?)", (part, data))
        connection.execute(
            "INSERT INTO compactions VALUES (?, ?, 0, ?) ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms, sha256 = excluded.sha256",
            (snapshot.through, now_ms, snapshot.sha256),
        )
        _check(connection, snapshot)
    except (sqlite3.Error, zlib.error, SnapshotGone) as error:
        if not connection.in_transaction:
            raise  # A full disk makes SQLite roll back by itself: then the whole page fails, and all is as it was.
        connection.execute("ROLLBACK TO snapshot")
        connection.execute("RELEASE snapshot")
        raise SnapshotGone(snapshot, error.problem if isinstance(error, SnapshotGone) else str(error)) from None
    connection.execute("RELEASE snapshot")


def _check(connection: sqlite3.Connection, snapshot: Snapshot) -> None:
    digest = hashlib.sha256()
    for (data,) in connection.execute("SELECT data FROM journal_snapshot ORDER BY part"):
        digest.update(zlib.decompress(data))
    if digest.hexdigest() != snapshot.sha256:
        raise SnapshotGone(snapshot, "what was read is not what was written")


class Removed(NamedTuple):
    """How many entries were removed, and the last one that was looked at."""

    entries: int
    through: int


def remove_entries(ledger: Ledger, *, after: int, through: int, received_before_ms: int, at_most: int = REMOVED_AT_ONCE) -> Removed | None:
    """Look at some of the oldest entries that the snapshot covers, inside a transaction, and remove the bulk of what is old enough.

    Args:
        after: the last entry that was looked at before, so that what stays is not looked at again each time.
        at_most: entries to look at.

    Returns None when none of them is old enough, or none is left. The last one stays, so that the journal goes on counting from it.
    """
    connection = ledger.connection
    last, oldest_ms = connection.execute(
        "SELECT max(journal_id), min(received_at_ms) FROM"
        " (SELECT journal_id, received_at_ms FROM journal WHERE journal_id > ? AND journal_id < ? ORDER BY journal_id LIMIT ?)",
        (after, through, at_most),
    ).fetchone()
    if last is None or oldest_ms >= received_before_ms:
        return None
    where = f"journal_id > ? AND journal_id <= ? AND received_at_ms < ? AND {_BULK}"
    words = (after, last, received_before_ms)
    connection.execute(
        "INSERT INTO compacted_outboxes SELECT outbox_no, max(sequence) FROM journal"
        f" WHERE {where} AND outbox_no IS NOT NULL GROUP BY outbox_no"
        " ON CONFLICT DO UPDATE SET through_sequence = max(through_sequence, excluded.through_sequence)",
        words,
    )
    removed = connection.execute(f"DELETE FROM journal WHERE {where}", words).rowcount
    connection.execute("UPDATE compactions SET removed = removed + ? WHERE through_journal_id = ?", (removed, through))
    return Removed(removed, last)


def oldest_bulk_ms(connection: sqlite3.Connection) -> int | None:
    """When the oldest entry was received that a compaction may remove; None where there is none."""
    row = connection.execute(f"SELECT received_at_ms FROM journal WHERE {_BULK} ORDER BY journal_id LIMIT 1").fetchone()
    return None if row is None else int(row[0])


def last_compaction(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """When the journal was shortened last, and how many entries have been removed by all compactions; None where it never was."""
    row = connection.execute("SELECT max(at_ms), sum(removed) FROM compactions").fetchone()
    return None if row[0] is None else (int(row[0]), int(row[1]))


def put_snapshot(copy: Ledger) -> None:
    """Fill the empty derived tables of a copy from its own snapshot; without one they stay empty.

    Raises:
        LedgerUnusable: the snapshot is damaged.
    """
    beside = copy.path.with_name(copy.path.name + ".snapshot")
    try:
        if not _read_file(copy, beside):
            return
        connect_existing(beside).close()  # An older hub may have written it: its schema is brought up to date.
        copy.connection.execute("ATTACH ? AS snapshot", (str(beside),))
        with copy.transaction():
            for table in DERIVED_TABLES:
                columns = ", ".join(f'"{row[1]}"' for row in copy.connection.execute(f"PRAGMA main.table_info({table})"))
                copy.connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM snapshot.{table}")
        copy.connection.execute("DETACH snapshot")
    finally:
        remove_ledger(beside)


def _read_file(copy: Ledger, beside: Path) -> bool:
    told = copy.connection.execute("SELECT sha256 FROM compactions ORDER BY through_journal_id DESC LIMIT 1").fetchone()
    if told is None:
        return False
    digest = hashlib.sha256()
    with beside.open("wb") as file:
        for (data,) in copy.connection.execute("SELECT data FROM journal_snapshot ORDER BY part"):
            piece = zlib.decompress(data)
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != told[0]:
        raise LedgerUnusable(path=str(copy.path), problem="its snapshot is damaged", advice="restore the last backup")
    return True

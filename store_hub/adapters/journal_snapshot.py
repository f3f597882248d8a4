"""The snapshot that stands in for old entries of a journal: a ledger without a journal, compressed, inside the ledger it is of."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_copy import LedgerSnapshot, remove_ledger
from store_hub.adapters.ledger_file import connect_existing, ledger_trouble
from store_hub.errors import LedgerUnusable
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


def keep_snapshot(ledger: Ledger, *, now_ms: int) -> int:
    """Keep a snapshot of the ledger as it is now, in place of an older one; returns the last entry that is in it.

    Raises:
        LedgerUnusable: there is no room; nothing has changed.
    """
    beside = ledger.path.with_name(ledger.path.name + ".snapshot")
    through = ledger.last_journal_id()
    try:
        _write_file(ledger.path, beside)
        with ledger.transaction(), beside.open("rb") as file:
            ledger.connection.execute("DELETE FROM journal_snapshot")
            digest, part = hashlib.sha256(), 0
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
                part += 1
                ledger.connection.execute("INSERT INTO journal_snapshot VALUES (?, ?)", (part, zlib.compress(piece)))
            ledger.connection.execute(
                "INSERT INTO compactions VALUES (?, ?, 0, ?) ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms, sha256 = excluded.sha256",
                (through, now_ms, digest.hexdigest()),
            )
    finally:
        remove_ledger(beside)
    return through


def remove_entries(ledger: Ledger, *, through: int, received_before_ms: int) -> int:
    """Remove some of the oldest bulk entries that the snapshot covers; returns how many, 0 when there are none left.

    The last one stays, so that the journal goes on counting from it.
    """
    connection = ledger.connection
    where = f"journal_id IN (SELECT journal_id FROM journal WHERE journal_id < ? AND received_at_ms < ? AND {_BULK} LIMIT ?)"
    words = (through, received_before_ms, REMOVED_AT_ONCE)
    with ledger.transaction():
        connection.execute(
            "INSERT INTO compacted_outboxes SELECT outbox_no, max(sequence) FROM journal"
            f" WHERE {where} AND outbox_no IS NOT NULL GROUP BY outbox_no"
            " ON CONFLICT DO UPDATE SET through_sequence = max(through_sequence, excluded.through_sequence)",
            words,
        )
        removed = connection.execute(f"DELETE FROM journal WHERE {where}", words).rowcount
        connection.execute("UPDATE compactions SET removed = removed + ? WHERE through_journal_id = ?", (removed, through))
    return removed


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


def _write_file(path: Path, beside: Path) -> None:
    remove_ledger(beside)
    source = LedgerSnapshot(path)
    try:
        with closing(sqlite3.connect(beside, isolation_level=None)) as target:
            source.connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
            for table in _LEFT_OUT:
                target.execute(f"DELETE FROM {table}")
            target.execute("VACUUM")
    except sqlite3.Error as error:
        raise ledger_trouble(beside, error) from None
    finally:
        source.close()


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

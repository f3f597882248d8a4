"""Makes a journal shorter and keeps its meaning: a snapshot of what it led to, and the entries since, rebuild the same ledger."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from sqlite3 import OperationalError
from typing import NamedTuple

from store_hub.adapters.journal_snapshot import Snapshot, copy_of, ready_snapshot, remove_entries, take_over
from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_copy import remove_ledger
from store_hub.adapters.ledger_file import WriterLock
from store_hub.errors import LedgerUnusable
from store_hub.flows.rebuild import Progress
from store_hub.flows.verify import verify

DAY_MS = 86_400_000


class Compacted(NamedTuple):
    """What came of it: entries removed, and the file's size before and after."""

    removed: int
    bytes_before: int
    bytes_after: int


def compact(path: Path, *, keep_days: float, now_ms: int, progress: Progress) -> Compacted:
    """Keep a snapshot, and remove what devices told before the last `keep_days`. Whatever tills and people said stays.

    Only a ledger that can be trusted is compacted, for what is removed cannot be asked again. Killed anywhere, it is whole, and longer
    than it need be.

    Raises:
        LedgerUnusable: its hub is running, it cannot be trusted, or there is no room for the snapshot.
    """
    if not path.exists():
        raise LedgerUnusable(path=str(path), problem="there is no such file", advice="name the ledger with --config or --ledger")
    lock = WriterLock(path)
    try:
        bytes_before = path.stat().st_size
        snapshot = prepare(path, progress=progress)
        ledger = Ledger.open_unlocked(path)
        try:
            with ledger.transaction():
                take_over(ledger, snapshot, now_ms=now_ms)
            snapshot.pieces.unlink(missing_ok=True)
            removed = _remove(ledger, snapshot.through, received_before_ms=now_ms - round(keep_days * DAY_MS))
            with suppress(OperationalError):  # Without room for it the file stays as long; its free pages are used again.
                ledger.connection.execute("VACUUM")
            ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            ledger.close()
        return Compacted(removed, bytes_before, path.stat().st_size)
    finally:
        lock.release()


def _remove(ledger: Ledger, through: int, *, received_before_ms: int) -> int:
    removed = after = 0
    while True:
        with ledger.transaction():
            done = remove_entries(ledger, after=after, through=through, received_before_ms=received_before_ms)
        if done is None:
            return removed
        removed, after = removed + done.entries, done.through


def prepare(path: Path, *, progress: Progress) -> Snapshot:
    """Have a snapshot lie ready beside the ledger, whose hub may go on booking. It is of a copy, and only of one that can be trusted.

    Raises:
        LedgerUnusable: it cannot be trusted, or there is no room: it takes thrice the ledger's, for a while.
    """
    copy = path.with_name(path.name + ".snapshot")
    try:
        copy_of(path, copy)
        if bad := [verdict for verdict in verify(copy, progress=progress) if not verdict.is_well]:
            problem = "; ".join(f"{verdict.question}: no, {verdict.answer}" for verdict in bad)
            raise LedgerUnusable(path=str(path), problem=f"it cannot be trusted: {problem}", advice="mend it first: see store-hub verify")
        return ready_snapshot(copy, path.with_name(path.name + ".pieces"))
    finally:
        remove_ledger(copy)

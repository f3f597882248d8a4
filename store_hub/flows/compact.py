"""Makes a journal shorter and keeps its meaning: a snapshot of what it led to, and the entries since, rebuild the same ledger."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from sqlite3 import OperationalError
from typing import NamedTuple

from store_hub.adapters.journal_snapshot import keep_snapshot, remove_entries
from store_hub.adapters.ledger import Ledger
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
        if bad := [verdict for verdict in verify(path, progress=progress) if not verdict.is_well]:
            problem = "; ".join(f"{verdict.question}: no, {verdict.answer}" for verdict in bad)
            raise LedgerUnusable(path=str(path), problem=f"it cannot be trusted: {problem}", advice="mend it first: see store-hub verify")
        bytes_before = path.stat().st_size
        ledger = Ledger.open_unlocked(path)
        try:
            through, removed = keep_snapshot(ledger, now_ms=now_ms), 0
            while count := remove_entries(ledger, through=through, received_before_ms=now_ms - round(keep_days * DAY_MS)):
                removed += count
            with suppress(OperationalError):  # Without room for it the file stays as long; its free pages are used again.
                ledger.connection.execute("VACUUM")
            ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            ledger.close()
        return Compacted(removed, bytes_before, path.stat().st_size)
    finally:
        lock.release()

"""Folds the whole journal anew, in a copy beside the ledger, and compares: derived tables must come out the same bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from store_hub.adapters.journal_snapshot import compacted_through, put_snapshot
from store_hub.adapters.ledger import JournalRow, Ledger
from store_hub.adapters.ledger_copy import LedgerSnapshot, TableDifference, differences, remove_ledger, take_the_place
from store_hub.adapters.ledger_file import FILE_ERRORS, WriterLock, ledger_trouble
from store_hub.errors import LedgerUnusable
from store_hub.flows.books import apply_entry, failing_detail
from store_hub.rows import DERIVED, Effect, StaffCall
from store_hub.rules.fold import StoreFold
from store_hub.rules.journal_words import read_entry

CHUNK_ENTRIES = 1_000

Progress = Callable[[int, int], None]


class Rebuilt(NamedTuple):
    """What came of it. `kept_as`: where the old ledger is, if the new one took its place."""

    entries: int
    differences: list[TableDifference]
    kept_as: Path | None


def rebuild(path: Path, *, replace: bool, progress: Progress) -> Rebuilt:
    """Replay the journal and compare; with `replace`, the rebuilt ledger takes the place of the old one, whose hub must be stopped.

    Args:
        progress: told entries done and entries in all.

    Raises:
        LedgerUnusable: the ledger cannot be read, the copy not written, or (`replace`) a hub is running.
    """
    lock = WriterLock(path) if replace and path.exists() else None
    beside = path.with_name(path.name + ".rebuilt")
    try:
        snapshot = LedgerSnapshot(path)
        try:
            copy = snapshot.copy_without_derived(beside)
            try:
                entries = replay(copy, progress)
                found = differences(snapshot.connection, copy.connection)
                if replace:
                    with copy.transaction():
                        copy.mark_all_facts(copy.last_journal_id())
                    copy.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                copy.close()
        finally:
            snapshot.close()
        if not replace:
            remove_ledger(beside)
            return Rebuilt(entries, found, None)
        settle(path)
        kept = take_the_place(beside, path)
        remove_ledger(beside)
        return Rebuilt(entries, found, kept)
    except BaseException:
        remove_ledger(beside)  # Half a copy is of no use, and the disk may be full.
        raise
    finally:
        if lock is not None:
            lock.release()


def replay(ledger: Ledger, progress: Progress) -> int:
    """Fold every entry of the journal into a ledger whose derived tables are empty; returns how many there were.

    Where older entries were removed, it begins with the snapshot that stands in for them.
    """
    put_snapshot(ledger)
    first, total = compacted_through(ledger.connection), ledger.last_journal_id()
    fold, done = _fold_of(ledger) if first else StoreFold(), first
    while chunk := list(islice(ledger.journal(after=done, limit=CHUNK_ENTRIES), CHUNK_ENTRIES)):
        try:
            _fold_chunk(ledger, fold, chunk)
        except LedgerUnusable:
            raise
        except Exception:  # noqa: BLE001  # Whatever the live hub survived, a rebuild survives too.
            fold = _fold_one_by_one(ledger, chunk)
        done = chunk[-1].journal_id
        progress(done, total)
    return done - first


def _fold_chunk(ledger: Ledger, fold: StoreFold, chunk: list[JournalRow], *, failing: str | None = None) -> None:
    effects: list[Effect] = []
    for row in chunk:
        said = read_entry(row.source, row.payload, topic=row.topic)
        effects += [effect for effect in apply_entry(fold, row, said, failing=failing) if not isinstance(effect, StaffCall)]
    with ledger.transaction():
        ledger.write([*effects, *fold.take_beliefs()])


def _fold_one_by_one(ledger: Ledger, chunk: list[JournalRow]) -> StoreFold:
    """As the live hub does when an entry has no effect: the others around it have theirs."""
    fold = _fold_of(ledger)
    for row in chunk:
        try:
            _fold_chunk(ledger, fold, [row])
        except LedgerUnusable:
            raise
        except Exception as error:  # noqa: BLE001  # As above.
            fold = _fold_of(ledger)
            _fold_chunk(ledger, fold, [row], failing=failing_detail(error))
    return fold


def _fold_of(ledger: Ledger) -> StoreFold:
    fold = StoreFold()
    fold.restore(ledger.state_rows(DERIVED))
    return fold


def settle(path: Path) -> None:
    """Bring what is still in the old ledger's log into its file, so that the file alone is the whole ledger.

    Raises:
        LedgerUnusable: it is damaged, or its disk is.
    """
    ledger = Ledger.open_unlocked(path)
    try:
        ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except FILE_ERRORS as error:
        raise ledger_trouble(path, error) from None
    finally:
        ledger.close()

"""Puts a backup back, or only proves that it could be: every page as it was, every entry as the live ledger has it, every table right."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import msgspec

from store_hub.adapters.backup_file import BackupUnusable, Manifest, Progress, unpack
from store_hub.adapters.journal_snapshot import compacted_through
from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_copy import LedgerSnapshot, remove_ledger, take_the_place
from store_hub.adapters.ledger_file import WriterLock
from store_hub.errors import LedgerUnusable
from store_hub.flows.rebuild import settle
from store_hub.flows.verify import Verdict, verify

DRILL_FILE = "last-restore-drill.json"


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """The last time that somebody proved a backup of this folder, kept beside the backups."""

    backup: str
    proved_at_ms: int
    is_well: bool


class Restored(NamedTuple):
    """What came of it. `kept_as`: where the ledger lies that was there before. `ledger_id`: the restored ledger's new identity."""

    manifest: Manifest
    verdicts: list[Verdict]
    ledger_id: str | None
    kept_as: Path | None

    @property
    def is_well(self) -> bool:
        """Whether every question was answered well."""
        return all(verdict.is_well for verdict in self.verdicts)


def prove(backup: Path, key: Path, ledger: Path, *, now_ms: int, progress: Progress) -> Restored:
    """Restore a backup beside the ledger, ask whether it can be trusted, and let it go again. The hub may be running.

    Raises:
        BackupUnusable: it cannot be opened, or a page is not as it was. LedgerUnusable: there is no room to try it.
    """
    beside = ledger.with_name(ledger.name + ".drill")
    try:
        manifest = unpack(backup, key, beside, progress=progress)
        verdicts = [_pages(manifest), *verify(beside, progress=progress)]
        if ledger.exists():
            verdicts.append(_entries_are_the_live_ones(beside, ledger, manifest))
        restored = Restored(manifest, verdicts, None, None)
    finally:
        remove_ledger(beside)
    _note(backup, restored.is_well, now_ms)
    return restored


def restore(backup: Path, key: Path, ledger: Path, *, replace: bool, progress: Progress) -> Restored:
    """Put a backup in a ledger's place, whose hub must be stopped. The ledger that was there is kept beside it.

    The restored ledger gets an identity of its own, and all its facts are to be told again: the cloud has booked more of the old one
    than this one knows of. Edges see from the marks what the hub no longer has, and tell what they still hold.

    Raises:
        BackupUnusable: it cannot be opened, a page is not as it was, or the ledger cannot be trusted.
        LedgerUnusable: there is a ledger and `replace` is not asked for, a hub is running, or it cannot be written.
    """
    if ledger.exists() and not replace:
        advice = "stop the hub and say --replace (the old one is kept), or name another file with --ledger"
        raise LedgerUnusable(path=str(ledger), problem="there is a ledger already", advice=advice)
    beside = ledger.with_name(ledger.name + ".restored")
    ledger.parent.mkdir(parents=True, exist_ok=True)
    lock = WriterLock(ledger)
    try:
        manifest = unpack(backup, key, beside, progress=progress)
        verdicts = [_pages(manifest), *verify(beside, progress=progress)]
        if bad := [verdict for verdict in verdicts if not verdict.is_well]:
            problem = "; ".join(f"{verdict.question}: no, {verdict.answer}" for verdict in bad)
            raise BackupUnusable(path=str(backup), problem=f"it cannot be trusted: {problem}", advice="take another one")
        ledger_id = _begin_anew(beside)
        kept_as = None
        if ledger.exists():
            with suppress(LedgerUnusable):  # It may be restored because it is damaged: then it is kept as it is, with its log.
                settle(ledger)
            kept_as = take_the_place(beside, ledger, kept_suffix=".before-restore")
        else:
            beside.replace(ledger)
        return Restored(manifest, verdicts, ledger_id, kept_as)
    finally:
        remove_ledger(beside)
        lock.release()


def last_drill(folder: Path) -> Drill | None:
    """The last proof noted in a folder of backups; None where there was none."""
    try:
        return msgspec.json.decode((folder / DRILL_FILE).read_bytes(), type=Drill)
    except (OSError, msgspec.DecodeError):
        return None


def _begin_anew(path: Path) -> str:
    ledger = Ledger.open(path)
    try:
        with ledger.transaction():
            ledger_id = ledger.mint_identity()
        ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return ledger_id
    finally:
        ledger.close()


def _pages(manifest: Manifest) -> Verdict:
    return Verdict("every page is as it was", True, f"{manifest.pages} pages of {manifest.page_bytes} bytes")


def _entries_are_the_live_ones(copy: Path, live: Path, manifest: Manifest) -> Verdict:
    """The journal only ever grows: all that the backup holds must be in the live ledger, the same to the byte."""
    question = "every entry is as the live ledger has it"
    one, other = LedgerSnapshot(copy), LedgerSnapshot(live)
    try:
        live_id = other.connection.execute("SELECT ledger_id FROM meta").fetchone()[0]
        if live_id != manifest.ledger_id:
            return Verdict(question, True, "the live ledger is another one (restored since, or another shop's): not compared")
        query = "SELECT * FROM journal WHERE journal_id > ? AND journal_id <= ? ORDER BY journal_id"
        removed = max(compacted_through(each.connection) for each in (one, other))
        rows = zip_longest(*(each.connection.execute(query, (removed, manifest.last_journal_id)) for each in (one, other)))
        different = sum(ours != theirs for ours, theirs in rows)
    except sqlite3.Error as error:
        return Verdict(question, False, f"the live ledger cannot be read: {error}")
    finally:
        one.close()
        other.close()
    compared = max(0, manifest.last_journal_id - removed)
    answer = f"{different} of {compared} differ" if different else f"{compared} entries"
    return Verdict(question, not different, answer)


def _note(backup: Path, is_well: bool, now_ms: int) -> None:
    drill = Drill(backup=backup.name, proved_at_ms=now_ms, is_well=is_well)
    try:
        (backup.parent / DRILL_FILE).write_bytes(msgspec.json.encode(drill))
    except OSError:
        return  # The backups may lie on a medium that cannot be written from here; the proof was told all the same.

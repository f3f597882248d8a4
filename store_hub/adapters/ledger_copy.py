"""A copy of a ledger as of one moment, beside the original: for rebuilding, comparing, and changing places."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_file import FILE_ERRORS, ledger_trouble
from store_hub.errors import LedgerUnusable
from store_hub.rows import DERIVED, DERIVED_TABLES


class TableDifference(NamedTuple):
    """Rows of a derived table that are not the same in both: how many, and the first pair."""

    table: str
    rows: int
    first_before: tuple[Any, ...] | None
    first_after: tuple[Any, ...] | None


_KEYS = {table.name: table.key for table in DERIVED.values()}


class LedgerSnapshot:
    """Reads a ledger as it is at one moment, while its hub may go on booking.

    Raises:
        LedgerUnusable: it is not there or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise LedgerUnusable(path=str(path), problem="there is no such file", advice="make it with store-hub init --planogram FILE")
        try:
            self.connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
            self.connection.execute("BEGIN")
            self.connection.execute("SELECT ledger_id FROM meta").fetchone()  # From here on the moment stands still.
        except FILE_ERRORS as error:
            raise ledger_trouble(path, error) from None

    def close(self) -> None:
        """Let the moment go."""
        self.connection.close()

    def copy_without_derived(self, beside: Path) -> Ledger:
        """Return a copy whose derived tables are empty, to be folded anew.

        Raises:
            LedgerUnusable: it cannot be written there.
        """
        for stale in _files_of(beside):
            stale.unlink(missing_ok=True)
        try:
            target = sqlite3.connect(beside, isolation_level=None)
            try:
                self.connection.backup(target)
                target.execute("BEGIN IMMEDIATE")
                for table in DERIVED_TABLES:
                    target.execute(f"DELETE FROM {table}")
                target.execute("COMMIT")
            finally:
                target.close()
        except FILE_ERRORS as error:
            is_damage = isinstance(error, UnicodeDecodeError) or (getattr(error, "sqlite_errorname", None) or "").startswith(
                "SQLITE_CORRUPT"
            )
            raise ledger_trouble(self.path if is_damage else beside, error) from None
        return Ledger.open(beside)


def differences(before: sqlite3.Connection, after: sqlite3.Connection) -> list[TableDifference]:
    """Return what differs in the derived tables, row by row in the order of their keys; empty when they are equal bit for bit."""
    found = []
    for table in DERIVED_TABLES:
        rows = 0
        first: tuple[tuple[Any, ...] | None, tuple[Any, ...] | None] = (None, None)
        for one, other in zip_longest(_rows(before, table), _rows(after, table)):
            if one != other:
                rows += 1
                first = first if rows > 1 else (one, other)
        if rows:
            found.append(TableDifference(table, rows, *first))
    return found


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    return iter(connection.execute(f"SELECT * FROM {table} ORDER BY {', '.join(_KEYS[table])}"))


def take_the_place(new: Path, old: Path, *, kept_suffix: str = ".before-rebuild") -> Path:
    """Put a closed ledger in the place of another closed one; returns where the old one is kept, with its log if it still has one.

    Raises:
        LedgerUnusable: the files cannot be moved; the old one is still in its place.
    """
    kept = old.with_name(old.name + kept_suffix)
    try:
        for leftover in _files_of(kept):
            leftover.unlink(missing_ok=True)
        os.link(old, kept)
        log = _log_of(old)
        if log.exists() and log.stat().st_size > 0:  # Of a ledger too damaged to be settled. It must not be taken for the new one's.
            os.replace(log, _log_of(kept))
        os.replace(new, old)
        for leftover in (*_files_of(old)[1:], *_files_of(new)):
            leftover.unlink(missing_ok=True)
    except OSError as error:
        raise ledger_trouble(old, error) from None
    return kept


def remove_ledger(path: Path) -> None:
    """Remove a ledger that was only for comparing."""
    for part in (*_files_of(path), path.with_name(path.name + ".lock")):
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _files_of(path: Path) -> list[Path]:
    return [path, _log_of(path), path.with_name(path.name + "-shm")]


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")

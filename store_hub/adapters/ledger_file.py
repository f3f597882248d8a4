"""Opens the ledger's file: locks it, checks it, brings its schema up to date, and says what is wrong in one line."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path

from store_hub.errors import LedgerUnusable

BUSY_MS = 5_000
PRIVATE = 0o600
_ADVICE = {
    "SQLITE_FULL": ("the disk is full", "free some space; nothing that was acknowledged is lost"),
    "SQLITE_READONLY": ("it cannot be written", "check the owner and rights of the file and its folder"),
    "SQLITE_CANTOPEN": ("it cannot be opened", "check that the folder exists and that this user may write there"),
    "SQLITE_NOTADB": ("it is no SQLite file", "restore a backup, or move it away and run store-hub init"),
    "SQLITE_CORRUPT": ("it is damaged", "keep a copy, then restore the last backup; edges send again what they still hold"),
    "SQLITE_IOERR": ("the disk does not read or write reliably", "check the disk, then the kernel's log"),
    "SQLITE_BUSY": ("another program holds it", "stop the other program"),
}


FILE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What reading a file may raise: where a schema is damaged, SQLite quotes it in what it says, and that is then no text."""


def ledger_trouble(path: Path, error: sqlite3.Error | OSError | UnicodeDecodeError) -> LedgerUnusable:
    """Turn what SQLite or the system said into an error with advice."""
    name = "SQLITE_CORRUPT" if isinstance(error, UnicodeDecodeError) else getattr(error, "sqlite_errorname", None) or ""
    if isinstance(error, FileExistsError | NotADirectoryError):
        return LedgerUnusable(path=str(path), problem=f"{path.parent} is no folder", advice="choose another file with [ledger] path")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        name = "SQLITE_FULL"
    for code, (problem, advice) in _ADVICE.items():
        if name.startswith(code):
            return LedgerUnusable(path=str(path), problem=problem, advice=advice)
    reason = getattr(error, "strerror", None) or str(error)
    return LedgerUnusable(path=str(path), problem=reason, advice="check the file, its folder and the disk")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (*FILE_ERRORS, OSError) as error:
        if isinstance(error, LedgerUnusable):
            raise
        raise ledger_trouble(path, error) from None


@contextmanager
def reading(path: Path, *, busy_ms: int) -> Iterator[sqlite3.Connection]:
    """Open a ledger for reading only, beside its writer; the connection lives for this one view.

    Raises:
        LedgerUnusable: no such file, no ledger, or no way to read it.
    """
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=busy_ms / 1000, isolation_level=None)) as connection:
            yield connection
    except FILE_ERRORS as error:
        advice = "check that the file is there and that the hub may read it"
        raise LedgerUnusable(path=str(path), problem=str(error), advice=advice) from error


class WriterLock:
    """Only one hub writes a ledger: an advisory lock on a file beside it, let go by the kernel if the hub is killed."""

    def __init__(self, path: Path) -> None:
        lock_path = path.with_name(path.name + ".lock")
        with _told(path):
            self._handle = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._handle)
            raise LedgerUnusable(
                path=str(path), problem="another hub has it open", advice="stop that hub first (or give this one its own ledger)"
            ) from None

    def release(self) -> None:
        """Let another hub write."""
        os.close(self._handle)


def connect(path: Path) -> sqlite3.Connection:
    """Open a file for writing as the ledger needs it: write-ahead log, and a commit that has reached the disk.

    Raises:
        LedgerUnusable
    """
    with _told(path):
        _keep_private(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000, cached_statements=256)
    try:
        with _told(path):
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA journal_size_limit = {64 * 1024 * 1024}")
            connection.execute(f"PRAGMA cache_size = -{32 * 1024}")
    except LedgerUnusable:
        connection.close()
        raise
    return connection


def _keep_private(path: Path) -> None:
    """Let none but the hub's own user read a ledger, which holds the addresses of channels; SQLite gives its logs the ledger's rights."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE))
    for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        if file.exists() and file.stat().st_uid == os.geteuid():
            file.chmod(PRIVATE)


def connect_existing(path: Path) -> sqlite3.Connection:
    """Open a ledger that `init` has made, and bring its schema up to date.

    Raises:
        LedgerUnusable: it is not there, not a ledger, written by a newer hub, damaged, or cannot be written.
    """
    if not path.exists():
        raise LedgerUnusable(path=str(path), problem="there is no such file", advice="make it with store-hub init --planogram FILE")
    connection = connect(path)
    try:
        migrate(connection, path)
        with _told(path):
            row = connection.execute("SELECT ledger_id FROM meta").fetchone()
        if row is None:
            raise LedgerUnusable(path=str(path), problem="it was never finished", advice="remove it and run store-hub init again")
    except LedgerUnusable:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema up to date, each migration in a transaction of its own.

    Raises:
        LedgerUnusable: among others when a newer hub has written it.
    """
    steps = _migrations()
    with _told(path):
        has_table = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'").fetchone()
        done = {row[0] for row in connection.execute("SELECT version FROM schema_migrations")} if has_table else set()
        if not done and connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            raise LedgerUnusable(path=str(path), problem="it is another program's database", advice="give the hub a file of its own")
        newest = max(done, default=0)
        if newest > max(steps):
            raise LedgerUnusable(
                path=str(path), problem=f"its schema {newest} is newer than this hub knows ({max(steps)})", advice="update the hub"
            )
        for version in sorted(set(steps) - done):
            _apply(connection, version, *steps[version])


def _migrations() -> dict[int, tuple[str, str]]:
    folder = resources.files("store_hub.adapters") / "migrations"
    found = {}
    for file in folder.iterdir():
        if file.name.endswith(".sql"):
            found[int(file.name.split("_")[0])] = (file.name, file.read_text(encoding="utf-8"))
    return found


def _apply(connection: sqlite3.Connection, version: int, name: str, script: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations"
            " (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT"
        )
        for statement in _statements(script):
            connection.execute(statement)
        connection.execute("INSERT INTO schema_migrations VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%fZ'))", (version, name))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """Cut a script into statements; SQLite itself says where one is complete, so triggers and strings are safe."""
    waiting = ""
    for line in script.splitlines(keepends=True):
        waiting += line
        if sqlite3.complete_statement(waiting):
            yield waiting
            waiting = ""

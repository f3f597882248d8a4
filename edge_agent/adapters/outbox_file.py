"""The outbox's file: opened or made, locked to one agent, checked, and set aside (never thrown away) when it cannot be trusted."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from edge_agent.errors import OutboxUnusable

SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE letters (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    sequence INTEGER,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload BLOB NOT NULL
);
CREATE UNIQUE INDEX letters_sent ON letters (sequence) WHERE sequence IS NOT NULL;
CREATE INDEX letters_waiting ON letters (subject, position) WHERE sequence IS NULL;
CREATE TABLE shed (kind TEXT PRIMARY KEY, units INTEGER NOT NULL) WITHOUT ROWID;
"""
SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 5.0
SET_ASIDE_MAX = 5
BALLAST_BYTES = 1_048_576
_BALLAST_FROM_FREE_BYTES = 20 * BALLAST_BYTES
_SIDE_FILES = ("-wal", "-shm")


class OutboxCorrupt(OutboxUnusable):
    """The file is there, but it is not a sound outbox any more."""

    def __init__(self, *, path: str, problem: str) -> None:
        super().__init__(path=path, problem=problem, advice="it is set aside under another name and a new outbox is begun")


class OutboxDiskFull(OutboxUnusable):
    """There is no room on the disk."""

    def __init__(self, *, path: str) -> None:
        super().__init__(
            path=path, problem="the disk is full", advice="free space on that disk, or move the outbox to a larger one with [outbox] path"
        )


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk say into one line with advice."""
    try:
        yield
    except OutboxUnusable:  # It says already what is wrong; and it is an OSError itself.
        raise
    except sqlite3.Error as error:
        raise _translated(path, error) from error
    except UnicodeDecodeError as error:  # SQLite quotes a damaged schema in what it says.
        raise OutboxCorrupt(path=str(path), problem=f"the file is damaged ({error.reason})") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise OutboxUnusable(path=str(path), problem=f"{path.parent} is no folder", advice=_ADVICE_WRITABLE) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutboxDiskFull(path=str(path)) from error
        raise OutboxUnusable(path=str(path), problem=(error.strerror or str(error)).lower(), advice=_ADVICE_WRITABLE) from error


_ADVICE_WRITABLE = "give the agent's user a folder it can write to, in [outbox] path"


def _translated(path: Path, error: sqlite3.Error) -> OutboxUnusable:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return OutboxCorrupt(path=str(path), problem=f"the file is damaged ({error})")
    if code == sqlite3.SQLITE_FULL:
        return OutboxDiskFull(path=str(path))
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return OutboxUnusable(path=str(path), problem=f"cannot be opened for writing ({error})", advice=_ADVICE_WRITABLE)
    if code == sqlite3.SQLITE_IOERR:
        return OutboxUnusable(path=str(path), problem=f"the disk answers with errors ({error})", advice="check the SD card or disk")
    return OutboxUnusable(path=str(path), problem=str(error), advice="restart the agent; if it stays, report it with the log")


def lock(path: Path) -> int:
    """Take the outbox for this process alone and return the lock's file descriptor.

    Raises:
        OutboxUnusable: another agent has it, or the folder cannot be written.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise OutboxUnusable(
            path=str(path), problem="another edge-agent is using it", advice="stop that one, or give this one its own [outbox] path"
        ) from None
    return descriptor


def connect(path: Path) -> sqlite3.Connection:
    """Open a sound outbox or make a new one.

    Raises:
        OutboxCorrupt: the file is damaged or is something else.
        OutboxUnusable: the folder or file cannot be written, or the disk is full.
    """
    with storage_errors(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def read_only(path: Path) -> sqlite3.Connection:
    """Open a file that is perhaps damaged, to read what it still tells; nothing of it is changed."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 4194304")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise OutboxUnusable(
            path=str(path), problem=f"it was written by a newer edge-agent (version {version})", advice="update edge-agent on this device"
        )
    if version == 0:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise OutboxCorrupt(path=str(path), problem="the file is no outbox")
        make(connection)
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise OutboxCorrupt(path=str(path), problem=f"the file is damaged ({verdict})")


def make(connection: sqlite3.Connection) -> None:
    """Lay an empty outbox and mint its identity, all in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA.split(";"):
        if statement.strip():
            connection.execute(statement)
    values = [("outbox_id", secrets.token_hex(16)), ("last_sequence", "0"), ("booked_through", "0")]
    connection.executemany("INSERT INTO about VALUES (?, ?)", values)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def keep_ballast(path: Path) -> None:
    """Hold some room on the disk, so that a full one can still be drained: numbering and forgetting need a little to write."""
    ballast = path.with_name(path.name + ".ballast")
    if ballast.exists():
        return
    with contextlib.suppress(OSError):  # Without ballast the outbox works as well, while the disk has room.
        disk = os.statvfs(path.parent)
        if disk.f_bavail * disk.f_frsize > _BALLAST_FROM_FREE_BYTES:
            with ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)


def drop_ballast(path: Path) -> bool:
    """Give the held room to whoever drains the outbox now; whether there was any."""
    ballast = path.with_name(path.name + ".ballast")
    with contextlib.suppress(OSError):
        ballast.unlink()
        return True
    return False


def set_aside(path: Path) -> Path:
    """Rename an outbox that cannot be used, with its side files, so that nothing is thrown away. Returns its new name.

    A failing disk may do this at every start, so only the newest few are kept.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    kept = path.with_name(f"{path.name}.aside-{stamp}-{secrets.token_hex(2)}")
    with storage_errors(path):
        for suffix in _SIDE_FILES:
            side_file = path.with_name(path.name + suffix)
            if side_file.exists():
                side_file.rename(kept.with_name(kept.name + suffix))
        path.rename(kept)
        aside = [file for file in path.parent.glob(f"{path.name}.aside-*") if not file.name.endswith(_SIDE_FILES)]
        for file in sorted(aside, key=lambda file: file.stat().st_mtime)[:-SET_ASIDE_MAX]:
            remove(file)
    return kept


def fresh_path(path: Path) -> Path:
    """Where the successor of an outbox is prepared before it takes its place."""
    return path.with_name(path.name + ".new")


def adopt_fresh(path: Path) -> None:
    """Put a prepared successor in an outbox's place, if that place is empty: after setting aside, or after a crash right then."""
    with storage_errors(path):
        if fresh_path(path).exists() and not path.exists():
            fresh_path(path).rename(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def remove(path: Path) -> None:
    """Delete an outbox file and its side files, where there are any."""
    for suffix in ("", *_SIDE_FILES):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

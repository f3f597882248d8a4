"""What power cuts and dying cards do to files: torn ends of a write-ahead log, a page of rubbish."""

from __future__ import annotations

import random
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

WAL_HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24
LEAF = 13
"""How SQLite's file format marks the leaf of a table (sqlite.org/fileformat2.html, 1.6)."""


class Log(NamedTuple):
    """A write-ahead log: its page size, its salts, and where each commit in force ends, in bytes."""

    page_bytes: int
    salts: bytes
    commits: list[int]


def read_log(path: Path) -> Log | None:
    """What stands in a write-ahead log; None while nothing does."""
    if not path.exists() or path.stat().st_size < WAL_HEADER_BYTES:
        return None
    with path.open("rb") as log:
        header = log.read(WAL_HEADER_BYTES)
        page_bytes, salts, commits = struct.unpack(">I", header[8:12])[0], header[16:24], []
        at = WAL_HEADER_BYTES
        while len(frame := log.read(FRAME_HEADER_BYTES)) == FRAME_HEADER_BYTES and frame[8:16] == salts:
            at += FRAME_HEADER_BYTES + page_bytes
            log.seek(at)
            if frame[4:8] != b"\0\0\0\0":
                commits.append(at)
    return Log(page_bytes, salts, commits)


def tear_after_commit(ledger: Path, chance: random.Random) -> bool:
    """Leave half a frame behind the last commit, as a power cut in the middle of a write does; whether there was a log."""
    path = ledger.with_name(ledger.name + "-wal")
    log = read_log(path)
    if log is None or not log.commits:
        return False
    with path.open("r+b") as file:
        file.seek(log.commits[-1])
        file.write(struct.pack(">II", 2, 0) + log.salts + chance.randbytes(8 + log.page_bytes // 2))
        file.truncate()
    return True


def tear_commits(ledger: Path, chance: random.Random) -> bool:
    """Spoil the last commits themselves, as a disk does that said they were safe and lied; whether there were some."""
    path = ledger.with_name(ledger.name + "-wal")
    log = read_log(path)
    if log is None or len(log.commits) < 2:
        return False
    with path.open("r+b") as file:
        file.truncate(log.commits[-min(len(log.commits), chance.randint(2, 40))] + log.page_bytes // 2)
    return True


def tear_copied_commits(ledger: Path, chance: random.Random) -> bool:
    """Copy the log into the ledger's file and leave only the log's beginning, as a disk does that kept the one write and lost the other."""
    path = ledger.with_name(ledger.name + "-wal")
    log = read_log(path)
    if log is None or len(log.commits) < 2:
        return False
    content = path.read_bytes()
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(content[: log.commits[chance.randrange(len(log.commits) - 1)]])
    return True


def spoil_outbox_page(outbox: Path, chance: random.Random) -> bool:
    """Fill a page of the outbox's rows with rubbish; whether there was one. Its agent is not running."""
    with closing(sqlite3.connect(outbox)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
    content = bytearray(outbox.read_bytes())
    places = range(page_bytes, len(content), page_bytes)
    leaves = [at for at in places if content[at] == LEAF and b'"observed_at_ms"' in content[at : at + page_bytes]]
    if not leaves:
        return False
    at = chance.choice(leaves)
    content[at : at + page_bytes] = chance.randbytes(page_bytes)
    outbox.write_bytes(content)
    return True

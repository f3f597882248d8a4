"""What was committed reaches the ledger's file beside the bookkeeper's work, not within it."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from store_hub.adapters.checkpoints import BEHIND_PAGES, PAGES, Checkpoints


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def writer_of(path: Path) -> sqlite3.Connection:
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL").fetchone()
    writer.execute("CREATE TABLE letters (n INTEGER)")
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return writer


def letters_without_the_log(path: Path, beside: Path) -> int:
    shutil.copy(path, beside)
    with closing(sqlite3.connect(beside)) as copy:
        try:
            return int(copy.execute("SELECT count(*) FROM letters").fetchone()[0])
        except sqlite3.DatabaseError:  # Copied while it was being written.
            return 0


def test_the_log_is_carried_into_the_ledger_once_enough_has_been_committed(tmp_path: Path) -> None:
    path, beside = tmp_path / "ledger.sqlite", tmp_path / "copy.sqlite"
    with closing(writer_of(path)) as writer:
        checkpoints = Checkpoints(path)
        checkpoints.start(writer)
        assert writer.execute("PRAGMA wal_autocheckpoint").fetchone()[0] == BEHIND_PAGES
        writer.execute("INSERT INTO letters VALUES (1)")
        checkpoints.committed(1)
        assert letters_without_the_log(path, beside) == 0
        checkpoints.committed(10 * PAGES)
        wait_until(lambda: letters_without_the_log(path, beside) == 1)
        checkpoints.stop()


def test_a_ledger_that_is_closed_leaves_no_log_behind(shop: Any) -> None:
    checkpoints = Checkpoints(shop.ledger.path)
    checkpoints.start(shop.ledger.connection)
    shop.weigh(10, 5)
    checkpoints.committed(10 * PAGES)
    checkpoints.stop()
    shop.ledger.close()
    assert not shop.ledger.path.with_name(shop.ledger.path.name + "-wal").exists()

"""Carries what was committed from the ledger's log into its file, on a thread of its own.

SQLite would do so within a commit, every thousand pages: then whatever was seen meanwhile waits for the disk three times instead of once.
Nothing of what is promised rests on it: what is committed is on the disk, in the log.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import structlog

PAGES = 4_000
"""Some 16 MB of log, as far as one can tell from outside. SQLite's own habit is a quarter of that, and wears the disk more."""

PAGES_OF_A_COMMIT, ROWS_ON_A_PAGE = 20, 10
"""A commit writes a page or two of each table and index that it touches, however few its rows."""

BEHIND_PAGES = 4 * PAGES
"""When the log has truly grown so long, the writer does it itself: this thread was never quick enough to carry all of it over."""

STOP_S = 2.0

_log = structlog.get_logger("checkpoints")


class Checkpoints:
    """A named thread beside the ledger's writer. `start` and `stop` once each; `committed` from the writer's thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pages = 0
        self._due = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def start(self, writer: sqlite3.Connection) -> None:
        """Begin, and keep the writer from doing it."""
        writer.execute(f"PRAGMA wal_autocheckpoint = {BEHIND_PAGES}").fetchone()
        self._thread.start()

    def committed(self, rows: int) -> None:
        """Reckon with a transaction of so many rows."""
        self._pages += PAGES_OF_A_COMMIT + rows // ROWS_ON_A_PAGE
        if self._pages >= PAGES:
            self._pages = 0
            self._due.set()

    def stop(self) -> None:
        """End; what is left in the log is carried over when the ledger is closed."""
        self._stopping = True
        self._due.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        problem = ""
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            while True:
                self._due.wait()
                self._due.clear()
                if self._stopping:
                    return
                try:
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                    problem = ""
                except sqlite3.Error as error:
                    if str(error) != problem:
                        _log.warning("the log is not carried into the ledger for now; it grows meanwhile", problem=str(error))
                    problem = str(error)

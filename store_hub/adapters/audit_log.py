"""The audit log: who tried or did what, one row each, chained by hash so that no row can be changed or taken out unnoticed.

It is a file of its own beside the ledger: what a stranger tries at a door must not swell the shop's books. Each row's hash covers the row
and the hash before it. Whoever can write the file could forge the whole chain anew: note the newest hash elsewhere now and then
(`store-hub audit verify` prints it, the log of the service holds it hourly), and check against it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from access_control.audit_chain import START, AuditRow, AuditVerdict, head_of, one_line, row_hash, verify_rows
from store_hub.adapters.ledger_file import ledger_trouble

_SCHEMA = """
CREATE TABLE IF NOT EXISTS audit (
    number  INTEGER PRIMARY KEY,   -- 1, 2, 3, …
    at_ms   INTEGER NOT NULL,      -- the hub's clock
    actor   TEXT NOT NULL,         -- who: a person's name, system:KEY, device:NAME, an address, or command line
    action  TEXT NOT NULL,         -- what: person.login, device.join, …
    outcome TEXT NOT NULL,         -- done | refused
    detail  TEXT NOT NULL,         -- one line
    hash    TEXT NOT NULL          -- SHA-256 over the hash before and all of the above
);
CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END;
CREATE TRIGGER IF NOT EXISTS audit_keeps BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is never shortened'); END;
"""


def audit_path(ledger: Path) -> Path:
    """Where the audit log of a ledger is."""
    return ledger.with_name(f"{ledger.stem}.audit.sqlite")


class AuditLog:
    """Thread-safe; several programs may write the same file.

    Raises:
        LedgerUnusable: the file cannot be opened or written. What was to be logged must then not be done.
    """

    def __init__(self, path: Path, *, now_ms: Callable[[], int]) -> None:
        self._path = path
        self._now_ms = now_ms
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=10.0, isolation_level=None, check_same_thread=False)
            path.chmod(0o600)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise ledger_trouble(path, error) from None

    def done(self, actor: str, action: str, detail: str = "") -> None:
        """Say that somebody did something."""
        self._add(actor, action, "done", detail)

    def refused(self, actor: str, action: str, detail: str = "") -> None:
        """Say that somebody tried something in vain."""
        self._add(actor, action, "refused", detail)

    def _add(self, actor: str, action: str, outcome: str, detail: str) -> None:
        words = [one_line(word) for word in (actor, action, outcome, detail)]
        try:
            with self._lock, self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                found = self._connection.execute("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1").fetchone()
                number, before = found or (0, START)
                row = (number + 1, self._now_ms(), *words)
                self._connection.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, row_hash(before, row)))
        except sqlite3.Error as error:
            raise ledger_trouble(self._path, error) from None

    def newest(self, count: int) -> list[AuditRow]:
        """The newest rows, newest first."""
        with self._lock:
            rows = self._connection.execute("SELECT * FROM audit ORDER BY number DESC LIMIT ?", (count,)).fetchall()
        return [AuditRow(*row) for row in rows]

    def head(self) -> tuple[int, str]:
        """The newest row's number and hash: what is worth noting elsewhere."""
        return head_of(self.newest(1))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def verify_audit(path: Path, *, expected: tuple[int, str] | None = None) -> AuditVerdict:
    """Compute the whole chain anew.

    Args:
        expected: number and hash of a row, as they were noted earlier.

    Raises:
        LedgerUnusable: there is no such file, or it cannot be read.
    """
    try:
        return verify_rows(_rows(path), expected=expected)
    except (sqlite3.Error, OSError) as error:
        raise ledger_trouble(path, error) from None


def _rows(path: Path) -> Iterator[AuditRow]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        for row in connection.execute("SELECT * FROM audit ORDER BY number"):
            yield AuditRow(*row)

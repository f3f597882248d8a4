"""The register of the shop's trust: join codes (hashed), certificates, and whose outbox is whose. One SQLite file in the trust folder."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from store_hub.adapters.authority import Issued
from store_hub.adapters.ledger_file import ledger_trouble

OUTBOXES_MAX = 50
"""Of one device: it mints a new one when its file was damaged. More than this is no accident."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS shop (store_id TEXT NOT NULL, revocations INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS codes (
    secret_hash TEXT PRIMARY KEY, device_id TEXT NOT NULL, made_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, used_at_ms INTEGER
);
CREATE TABLE IF NOT EXISTS certificates (
    serial TEXT PRIMARY KEY, device_id TEXT NOT NULL, issued_at_ms INTEGER NOT NULL, not_after_ms INTEGER NOT NULL, revoked_at_ms INTEGER
);
CREATE TABLE IF NOT EXISTS nodes (name TEXT PRIMARY KEY, read_by TEXT NOT NULL, since_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outboxes (outbox_id TEXT PRIMARY KEY, device_id TEXT NOT NULL, since_ms INTEGER NOT NULL);
"""


class Enrolled(NamedTuple):
    """A device or shelf node as the register knows it. `not_after_ms` of its newest certificate; None when it has none that counts.

    `read_by`: the device that reads a shelf node.
    """

    device_id: str
    issued_at_ms: int
    not_after_ms: int | None
    read_by: str | None = None


class Register:
    """One connection a call, so that any thread and any program may use it.

    Raises:
        LedgerUnusable: the file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def found(self, store_id: str) -> None:
        """Begin the register of a store."""
        with self._transaction() as connection:
            connection.execute("INSERT INTO shop SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM shop)", (store_id,))
        self._path.chmod(0o600)

    @property
    def store_id(self) -> str:
        """Whose register it is."""
        with self._transaction() as connection:
            found: str = connection.execute("SELECT store_id FROM shop").fetchone()[0]
            return found

    def add_code(self, secret: str, device_id: str, *, now_ms: int, valid_ms: int) -> None:
        """Let one device in by this secret; an unused older code of the same device is worth nothing any more."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM codes WHERE device_id = ? AND used_at_ms IS NULL", (device_id,))
            connection.execute("INSERT INTO codes VALUES (?, ?, ?, ?, NULL)", (_hash(secret), device_id, now_ms, now_ms + valid_ms))

    def use_code(self, secret: str, *, now_ms: int) -> tuple[str | None, str]:
        """Use a code up, at once and for ever. Returns the device and why: `right`, `unknown`, `used` or `expired`."""
        with self._transaction() as connection:
            found = connection.execute(
                "SELECT device_id, expires_at_ms, used_at_ms FROM codes WHERE secret_hash = ?", (_hash(secret),)
            ).fetchone()
            if found is None:
                return None, "unknown"
            device_id, expires_at_ms, used_at_ms = found
            if used_at_ms is not None:
                return device_id, "used"
            if now_ms >= expires_at_ms:
                return device_id, "expired"
            connection.execute("UPDATE codes SET used_at_ms = ? WHERE secret_hash = ?", (now_ms, _hash(secret)))
            return device_id, "right"

    def add_certificate(self, device_id: str, issued: Issued, *, now_ms: int, replaces_all: bool) -> None:
        """Note a certificate. `replaces_all`: those the device had before no longer count."""
        with self._transaction() as connection:
            if replaces_all:
                self._revoke(connection, device_id, now_ms)
                connection.execute("DELETE FROM nodes WHERE name = ?", (device_id,))
            connection.execute(
                "INSERT INTO certificates VALUES (?, ?, ?, ?, NULL)", (issued.serial, device_id, now_ms, issued.not_after_ms)
            )

    def add_node(self, name: str, read_by: str, issued: Issued, *, now_ms: int) -> bool:
        """Note a shelf node's certificate and the device that reads it; False when a device that counts has this name."""
        if name in self.trusted(now_ms=now_ms):
            return False
        self.add_certificate(name, issued, now_ms=now_ms, replaces_all=True)
        with self._transaction() as connection:
            connection.execute("INSERT INTO nodes VALUES (?, ?, ?)", (name, read_by, now_ms))
        return True

    def nodes(self, *, now_ms: int) -> dict[str, str]:
        """The shelf nodes whose certificates count, each with the device that reads it."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT name, read_by FROM nodes WHERE name IN"
                " (SELECT device_id FROM certificates WHERE revoked_at_ms IS NULL AND not_after_ms > ?)",
                (now_ms,),
            )
            return dict(rows.fetchall())

    def revoke(self, device_id: str, *, now_ms: int) -> int:
        """Take all certificates and open codes of a device away; returns how many certificates counted until now."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM codes WHERE device_id = ? AND used_at_ms IS NULL", (device_id,))
            return self._revoke(connection, device_id, now_ms)

    def device_of(self, serial: str, *, now_ms: int) -> str | None:
        """Whose certificate it is, while it counts. A shelf node has no business at the devices' door."""
        with self._transaction() as connection:
            found = connection.execute(
                "SELECT device_id FROM certificates WHERE serial = ? AND revoked_at_ms IS NULL AND not_after_ms > ?"
                " AND device_id NOT IN (SELECT name FROM nodes)",
                (serial, now_ms),
            ).fetchone()
            return None if found is None else str(found[0])

    def claim_outbox(self, device_id: str, outbox_id: str, *, now_ms: int) -> bool:
        """Note whose outbox it is; False when it is another device's, or the device has claimed too many."""
        with self._transaction() as connection:
            found = connection.execute("SELECT device_id FROM outboxes WHERE outbox_id = ?", (outbox_id,)).fetchone()
            if found is not None:
                return bool(found[0] == device_id)
            count: int = connection.execute("SELECT count(*) FROM outboxes WHERE device_id = ?", (device_id,)).fetchone()[0]
            if count >= OUTBOXES_MAX:
                return False
            connection.execute("INSERT INTO outboxes VALUES (?, ?, ?)", (outbox_id, device_id, now_ms))
            return True

    def owners(self) -> dict[str, str]:
        """The device of each outbox, whether it is still trusted or not."""
        with self._transaction() as connection:
            return dict(connection.execute("SELECT outbox_id, device_id FROM outboxes").fetchall())

    def trusted(self, *, now_ms: int) -> dict[str, list[str]]:
        """The outboxes of each device that has a certificate which counts."""
        with self._transaction() as connection:
            devices: dict[str, list[str]] = {
                device_id: []
                for (device_id,) in connection.execute(
                    "SELECT DISTINCT device_id FROM certificates WHERE revoked_at_ms IS NULL AND not_after_ms > ?"
                    " AND device_id NOT IN (SELECT name FROM nodes)",
                    (now_ms,),
                )
            }
            for outbox_id, device_id in connection.execute("SELECT outbox_id, device_id FROM outboxes ORDER BY since_ms"):
                if device_id in devices:
                    devices[device_id].append(outbox_id)
            return devices

    def enrolled(self, *, now_ms: int) -> list[Enrolled]:
        """Every device that ever joined."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT device_id, max(issued_at_ms), max(CASE WHEN revoked_at_ms IS NULL AND not_after_ms > ? THEN not_after_ms END),"
                " (SELECT read_by FROM nodes WHERE name = device_id) FROM certificates GROUP BY device_id ORDER BY device_id",
                (now_ms,),
            ).fetchall()
            return [Enrolled(*row) for row in rows]

    def revoked(self, *, now_ms: int) -> tuple[int, list[str]]:
        """The number of the next revocation list, and the serials that are on it: those that would count otherwise."""
        with self._transaction() as connection:
            connection.execute("UPDATE shop SET revocations = revocations + 1")
            number: int = connection.execute("SELECT revocations FROM shop").fetchone()[0]
            rows = connection.execute("SELECT serial FROM certificates WHERE revoked_at_ms IS NOT NULL AND not_after_ms > ?", (now_ms,))
            return number, [serial for (serial,) in rows]

    @staticmethod
    def _revoke(connection: sqlite3.Connection, device_id: str, now_ms: int) -> int:
        counted = connection.execute(
            "UPDATE certificates SET revoked_at_ms = ? WHERE device_id = ? AND revoked_at_ms IS NULL AND not_after_ms > ?",
            (now_ms, device_id, now_ms),
        )
        return counted.rowcount

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self._path, timeout=10.0, isolation_level=None)
            try:
                connection.executescript(_SCHEMA)
                connection.execute("BEGIN IMMEDIATE")
                with connection:
                    yield connection
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise ledger_trouble(self._path, error) from None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

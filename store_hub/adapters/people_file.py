"""Persons, sessions, one-time links and keys of other systems: one SQLite file beside the ledger. Of secrets only hashes are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from access_control.persons import Key, Person, digest
from store_hub.adapters.ledger_file import ledger_trouble

_SCHEMA = """
CREATE TABLE IF NOT EXISTS persons (
    name TEXT PRIMARY KEY COLLATE NOCASE, role TEXT NOT NULL, password_hash TEXT NOT NULL, since_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
    token_hash TEXT PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE, since_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS links (
    token_hash TEXT PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE, role TEXT NOT NULL, expires_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS keys (
    name TEXT PRIMARY KEY, key_hash TEXT NOT NULL UNIQUE, scopes TEXT NOT NULL, since_ms INTEGER NOT NULL, used_ms INTEGER
);
"""


def people_path(ledger: Path) -> Path:
    """Where the people of a ledger's hub are kept."""
    return ledger.with_name(f"{ledger.stem}.people.sqlite")


class PeopleFile:
    """One connection a call, so that any thread and any program may use it.

    Raises:
        LedgerUnusable: the file cannot be opened or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)
        path.chmod(0o600)

    # ---- persons

    def persons(self) -> list[Person]:
        """Everybody, by name."""
        with self._open() as connection:
            return [Person(*row) for row in connection.execute("SELECT name, role FROM persons ORDER BY name")]

    def password_hash(self, name: str) -> str | None:
        """The hash of somebody's password."""
        with self._open() as connection:
            found = connection.execute("SELECT password_hash FROM persons WHERE name = ?", (name,)).fetchone()
            return None if found is None else str(found[0])

    def put_person(self, person: Person, password_hash: str, *, now_ms: int) -> None:
        """Add somebody, or give them another role and password; their sessions end."""
        with self._open() as connection:
            connection.execute("DELETE FROM sessions WHERE name = ?", (person.name,))
            connection.execute("INSERT OR REPLACE INTO persons VALUES (?, ?, ?, ?)", (*person, password_hash, now_ms))

    def set_hash(self, name: str, password_hash: str) -> None:
        """Keep the same password under a newer hash."""
        with self._open() as connection:
            connection.execute("UPDATE persons SET password_hash = ? WHERE name = ?", (password_hash, name))

    def remove_person(self, name: str) -> bool:
        """Forget somebody, their sessions and open links; whether there was anybody."""
        with self._open() as connection:
            connection.execute("DELETE FROM sessions WHERE name = ?", (name,))
            links = connection.execute("DELETE FROM links WHERE name = ?", (name,)).rowcount
            return connection.execute("DELETE FROM persons WHERE name = ?", (name,)).rowcount + links > 0

    # ---- sessions

    def begin_session(self, token: str, name: str, *, now_ms: int) -> None:
        """Keep a new session."""
        with self._open() as connection:
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (digest(token), name, now_ms, now_ms))

    def session(self, token: str, *, now_ms: int, began_after_ms: int, seen_after_ms: int) -> Person | None:
        """Whose session it is, while it lasts; looking keeps it awake."""
        with self._open() as connection:
            found = connection.execute(
                "SELECT persons.name, role, seen_ms FROM sessions JOIN persons USING (name)"
                " WHERE token_hash = ? AND sessions.since_ms > ? AND seen_ms > ?",
                (digest(token), began_after_ms, seen_after_ms),
            ).fetchone()
            if found is None:
                return None
            if now_ms - found[2] > 60_000:
                connection.execute("UPDATE sessions SET seen_ms = ? WHERE token_hash = ?", (now_ms, digest(token)))
            return Person(found[0], found[1])

    def end_session(self, token: str) -> None:
        """End one session."""
        with self._open() as connection:
            connection.execute("DELETE FROM sessions WHERE token_hash = ?", (digest(token),))

    def sweep(self, *, now_ms: int, began_after_ms: int) -> None:
        """Forget what has expired."""
        with self._open() as connection:
            connection.execute("DELETE FROM sessions WHERE since_ms <= ?", (began_after_ms,))
            connection.execute("DELETE FROM links WHERE expires_ms <= ?", (now_ms,))

    # ---- one-time links

    def put_link(self, token: str, person: Person, *, expires_ms: int) -> None:
        """Keep a link with which somebody chooses a password; their older ones are worth nothing any more."""
        with self._open() as connection:
            connection.execute("DELETE FROM links WHERE name = ?", (person.name,))
            connection.execute("INSERT INTO links VALUES (?, ?, ?, ?)", (digest(token), *person, expires_ms))

    def link(self, token: str, *, now_ms: int, use_up: bool) -> Person | None:
        """For whom a link is, while it can be used."""
        with self._open() as connection:
            found = connection.execute(
                "SELECT name, role FROM links WHERE token_hash = ? AND expires_ms > ?", (digest(token), now_ms)
            ).fetchone()
            if found is not None and use_up:
                connection.execute("DELETE FROM links WHERE token_hash = ?", (digest(token),))
            return None if found is None else Person(*found)

    # ---- keys of other systems

    def put_key(self, name: str, secret: str, scopes: tuple[str, ...], *, now_ms: int) -> None:
        """Keep a key; an older one of the same name is worth nothing any more."""
        with self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, NULL)", (name, digest(secret), " ".join(scopes), now_ms))

    def key(self, secret: str, *, now_ms: int) -> Key | None:
        """Whose key it is; the use is noted, to the minute."""
        with self._open() as connection:
            found = connection.execute("SELECT name, scopes, since_ms, used_ms FROM keys WHERE key_hash = ?", (digest(secret),)).fetchone()
            if found is None:
                return None
            if now_ms - (found[3] or 0) > 60_000:
                connection.execute("UPDATE keys SET used_ms = ? WHERE name = ?", (now_ms, found[0]))
            return Key(found[0], tuple(found[1].split()), found[2], found[3])

    def keys(self) -> list[Key]:
        """Every key, by name."""
        with self._open() as connection:
            rows = connection.execute("SELECT name, scopes, since_ms, used_ms FROM keys ORDER BY name").fetchall()
            return [Key(row[0], tuple(row[1].split()), row[2], row[3]) for row in rows]

    def remove_key(self, name: str) -> bool:
        """Forget a key; whether there was one."""
        with self._open() as connection:
            return connection.execute("DELETE FROM keys WHERE name = ?", (name,)).rowcount > 0

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self._path, timeout=10.0)
            try:
                with connection:
                    yield connection
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise ledger_trouble(self._path, error) from None

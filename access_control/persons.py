"""Who comes in: persons and keys of other systems, and what keeps them."""

from __future__ import annotations

import hashlib
from typing import NamedTuple, Protocol


class Person(NamedTuple):
    """Somebody who may log in."""

    name: str
    role: str


class Key(NamedTuple):
    """Another system's key; `used_ms` None: never."""

    name: str
    scopes: tuple[str, ...]
    since_ms: int
    used_ms: int | None


def digest(secret: str) -> str:
    """What is kept of a random secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


class Identity(NamedTuple):
    """Who somebody is at the company's own provider; `role` is None where none of their groups is known here."""

    issuer: str
    subject: str
    name: str
    role: str | None


class People(Protocol):
    """Keeps persons, sessions, one-time links and keys; of secrets only hashes. Names differ by more than case. Thread-safe.

    Every method may raise the keeper's own error of a store that does not answer.
    """

    def persons(self) -> list[Person]:
        """Everybody, by name."""

    def password_hash(self, name: str) -> str | None:
        """The hash of somebody's password."""

    def put_person(self, person: Person, password_hash: str, *, now_ms: int) -> None:
        """Add somebody, or give them another role and password; their sessions end."""

    def set_hash(self, name: str, password_hash: str) -> None:
        """Keep the same password under a newer hash."""

    def remove_person(self, name: str) -> bool:
        """Forget somebody, their sessions and open links; whether there was anybody."""

    def begin_session(self, token: str, name: str, *, now_ms: int) -> None:
        """Keep a new session."""

    def session(self, token: str, *, now_ms: int, began_after_ms: int, seen_after_ms: int) -> Person | None:
        """Whose session it is, while it lasts; looking keeps it awake."""

    def end_session(self, token: str) -> None:
        """End one session."""

    def sweep(self, *, now_ms: int, began_after_ms: int) -> None:
        """Forget what has expired."""

    def put_link(self, token: str, person: Person, *, expires_ms: int) -> None:
        """Keep a link with which somebody chooses a password; their older ones are worth nothing any more."""

    def link(self, token: str, *, now_ms: int, use_up: bool) -> Person | None:
        """For whom a link is, while it can be used; used up by one caller alone."""

    def put_key(self, name: str, secret: str, scopes: tuple[str, ...], *, now_ms: int) -> None:
        """Keep a key; an older one of the same name is worth nothing any more."""

    def key(self, secret: str, *, now_ms: int) -> Key | None:
        """Whose key it is; the use is noted, to the minute."""

    def keys(self) -> list[Key]:
        """Every key, by name."""

    def remove_key(self, name: str) -> bool:
        """Forget a key; whether there was one."""


class Audit(Protocol):
    """Writes who did or tried what. What cannot be written raises, and must then not be done."""

    def done(self, actor: str, action: str, detail: str = "") -> None:
        """Say that somebody did something."""

    def refused(self, actor: str, action: str, detail: str = "") -> None:
        """Say that somebody tried something in vain."""

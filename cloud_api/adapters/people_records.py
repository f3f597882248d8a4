"""Keeps persons, sessions, one-time links and keys in the records. Of secrets only hashes are kept; names are told apart without case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from access_control.errors import RegisterSilent
from access_control.persons import Key, Person, digest
from cloud_api.adapters.tables import access_key, person, person_link, person_session

SILENT = "the records do not answer; nobody can be let in until the database runs"
AWAKE_MS = 60_000
"""How exactly it is known when a session or key was used last."""


class PeopleRecords:
    """One short transaction a call, so that any number of programs may share the records.

    Raises:
        RegisterSilent: from every method, while the database does not answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # ---- persons

    def persons(self) -> list[Person]:
        """Everybody, by name."""
        with self._open() as connection:
            return [Person(*row) for row in connection.execute(select(person.c.name, person.c.role).order_by(person.c.name))]

    def password_hash(self, name: str) -> str | None:
        """The hash of somebody's password."""
        with self._open() as connection:
            return connection.execute(select(person.c.password_hash).where(person.c.name_key == name.casefold())).scalar()

    def put_person(self, somebody: Person, password_hash: str, *, now_ms: int) -> None:
        """Add somebody, or give them another role and password; their sessions end."""
        key = somebody.name.casefold()
        row = {"name": somebody.name, "role": somebody.role, "password_hash": password_hash, "since_ms": now_ms}
        with self._open() as connection:
            connection.execute(delete(person_session).where(person_session.c.name_key == key))
            connection.execute(insert_or(person).values(name_key=key, **row).on_conflict_do_update(index_elements=["name_key"], set_=row))

    def set_hash(self, name: str, password_hash: str) -> None:
        """Keep the same password under a newer hash."""
        with self._open() as connection:
            connection.execute(update(person).where(person.c.name_key == name.casefold()).values(password_hash=password_hash))

    def remove_person(self, name: str) -> bool:
        """Forget somebody, their sessions and open links; whether there was anybody."""
        with self._open() as connection:
            gone = [
                connection.execute(delete(table).where(table.c.name_key == name.casefold())).rowcount
                for table in (person_session, person_link, person)
            ]
            return gone[1] + gone[2] > 0

    # ---- sessions

    def begin_session(self, token: str, name: str, *, now_ms: int) -> None:
        """Keep a new session."""
        row = {"token_hash": digest(token), "name_key": name.casefold(), "since_ms": now_ms, "seen_ms": now_ms}
        with self._open() as connection:
            connection.execute(insert(person_session).values(row))

    def session(self, token: str, *, now_ms: int, began_after_ms: int, seen_after_ms: int) -> Person | None:
        """Whose session it is, while it lasts; looking keeps it awake."""
        mine = person_session.c.token_hash == digest(token)
        with self._open() as connection:
            found = connection.execute(
                select(person.c.name, person.c.role, person_session.c.seen_ms)
                .join(person, person.c.name_key == person_session.c.name_key)
                .where(mine, person_session.c.since_ms > began_after_ms, person_session.c.seen_ms > seen_after_ms)
            ).first()
            if found is None:
                return None
            if now_ms - found.seen_ms > AWAKE_MS:
                connection.execute(update(person_session).where(mine).values(seen_ms=now_ms))
            return Person(found.name, found.role)

    def end_session(self, token: str) -> None:
        """End one session."""
        with self._open() as connection:
            connection.execute(delete(person_session).where(person_session.c.token_hash == digest(token)))

    def sweep(self, *, now_ms: int, began_after_ms: int) -> None:
        """Forget what has expired."""
        with self._open() as connection:
            connection.execute(delete(person_session).where(person_session.c.since_ms <= began_after_ms))
            connection.execute(delete(person_link).where(person_link.c.expires_ms <= now_ms))

    # ---- one-time links

    def put_link(self, token: str, somebody: Person, *, expires_ms: int) -> None:
        """Keep a link with which somebody chooses a password; their older ones are worth nothing any more."""
        row = {"name": somebody.name, "role": somebody.role, "token_hash": digest(token), "expires_ms": expires_ms}
        made = insert_or(person_link).values(name_key=somebody.name.casefold(), **row)
        with self._open() as connection:
            connection.execute(made.on_conflict_do_update(index_elements=["name_key"], set_=row))

    def link(self, token: str, *, now_ms: int, use_up: bool) -> Person | None:
        """For whom a link is, while it can be used; of many at once, one alone uses it up."""
        counts = (person_link.c.token_hash == digest(token)) & (person_link.c.expires_ms > now_ms)
        names = (person_link.c.name, person_link.c.role)
        with self._open() as connection:
            question = delete(person_link).where(counts).returning(*names) if use_up else select(*names).where(counts)
            found = connection.execute(question).first()
            return None if found is None else Person(found.name, found.role)

    # ---- keys of other systems

    def put_key(self, name: str, secret: str, scopes: tuple[str, ...], *, now_ms: int) -> None:
        """Keep a key; an older one of the same name is worth nothing any more."""
        row = {"key_hash": digest(secret), "scopes": list(scopes), "since_ms": now_ms, "used_ms": None}
        made = insert_or(access_key).values(name=name, **row)
        with self._open() as connection:
            connection.execute(made.on_conflict_do_update(index_elements=["name"], set_=row))

    def key(self, secret: str, *, now_ms: int) -> Key | None:
        """Whose key it is; the use is noted, to the minute."""
        with self._open() as connection:
            found = connection.execute(select(access_key).where(access_key.c.key_hash == digest(secret))).first()
            if found is None:
                return None
            if now_ms - (found.used_ms or 0) > AWAKE_MS:
                connection.execute(update(access_key).where(access_key.c.name == found.name).values(used_ms=now_ms))
            return Key(found.name, tuple(found.scopes), found.since_ms, found.used_ms)

    def keys(self) -> list[Key]:
        """Every key, by name."""
        with self._open() as connection:
            rows = connection.execute(select(access_key).order_by(access_key.c.name)).all()
            return [Key(row.name, tuple(row.scopes), row.since_ms, row.used_ms) for row in rows]

    def remove_key(self, name: str) -> bool:
        """Forget a key; whether there was one."""
        with self._open() as connection:
            return connection.execute(delete(access_key).where(access_key.c.name == name)).rowcount > 0

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        with answering(self._engine) as connection:
            yield connection


@contextmanager
def answering(engine: Engine) -> Iterator[Connection]:
    """A transaction on the records.

    Raises:
        RegisterSilent: the database does not answer, or refuses.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except PoolExhausted:
        raise RegisterSilent(SILENT) from None
    except DBAPIError as error:
        raise RegisterSilent(f"{SILENT} ({str(error.orig).strip().splitlines()[0]})") from None

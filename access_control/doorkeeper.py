"""Lets people and other systems in: passwords, sessions, one-time links, keys. Every log-in, refusal and change leaves an audit line."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from access_control.errors import LogInRefused, PeopleInvalid
from access_control.log_in_limits import LogInLimits
from access_control.persons import Audit, Identity, Key, People, Person

PASSWORD_MIN, PASSWORD_MAX = 12, 256
NAME = re.compile(r"^[^\x00-\x1f\x7f<>\"'`\\/]{1,40}$")
LINK_HOURS = 24.0
KEY_PREFIX = "aislewise_"
PROVIDED = "provider: "
"""Stands where a password's hash would, before issuer and subject, of who comes by the company's provider: no password fits it."""
AT_ONCE = 2
"""Passwords are hashed at once: each takes 64 MB for a moment."""


class Doorkeeper:
    """Thread-safe.

    Args:
        roles: what a person may be, the first of them for who comes in first; `scopes`: what a key may open.
        session_hours: how long a session lasts at most; `idle_hours`: without being used.
        clock: monotonic seconds, for the limits.
        hasher: Argon2id with the library's parameters (RFC 9106, low memory) unless told otherwise.
    """

    def __init__(
        self, people: People, audit: Audit, *, roles: Sequence[str], scopes: Sequence[str], now_ms: Callable[[], int],
        session_hours: float = 12.0, idle_hours: float = 4.0, clock: Callable[[], float] = time.monotonic,
        hasher: PasswordHasher | None = None,
    ) -> None:  # fmt: skip
        self.roles, self._scopes = tuple(roles), tuple(scopes)
        self._people, self._audit, self._now_ms, self._clock = people, audit, now_ms, clock
        self._session_ms, self._idle_ms = round(3_600_000 * session_hours), round(3_600_000 * idle_hours)
        self._hasher = hasher if hasher is not None else PasswordHasher()
        self._limits, self._lock, self._room = LogInLimits(), threading.Lock(), threading.BoundedSemaphore(AT_ONCE)

    # ---- log in and out

    def log_in(self, name: str, password: str, *, address: str, old_token: str | None = None) -> str:
        """Return a new session's token. The session that the browser brought, if any, ends: nobody's token outlives a log-in.

        Raises:
            LogInRefused
        """
        name = name.strip()[:PASSWORD_MAX]
        with self._lock:
            if not self._limits.may_try(name.casefold(), address, self._clock()):
                self._audit.refused(address, "person.login", f"{name}: too many wrong ones")
                raise LogInRefused(f"too many wrong log-ins; wait a quarter of an hour, or have the {self.roles[0]} make you a new link")
            self._limits.was_wrong(name.casefold(), address, self._clock())  # Until proven otherwise, so that many at once count too.
        person = next((known for known in self._people.persons() if known.name.casefold() == name.casefold()), None)
        if not self._fits(person, password):
            self._audit.refused(address, "person.login", f"{name}: wrong")
            raise LogInRefused("name and password do not fit together")
        assert person is not None
        with self._lock:
            self._limits.was_right(name.casefold(), address)
        if old_token:
            self._people.end_session(old_token)
        self._audit.done(person.name, "person.login", address)
        return self._begin(person)

    def log_in_by(self, found: Identity, *, address: str, old_token: str | None = None) -> str:
        """Return a new session's token for whom the company's provider vouches. Name and role are as the provider says now.

        Raises:
            LogInRefused: they have no role here any more (then what they had open ends), or the name is somebody else's account.
        """
        name, mark = " ".join(found.name.split()), f"{PROVIDED}{found.issuer} {found.subject}"
        if not NAME.match(name):
            self._audit.refused(address, "person.provider", f"{name}: no name that can be used")
            raise LogInRefused("your account's name cannot be used here; a name has 1 to 40 characters")
        known = next((one for one in self._people.persons() if one.name.casefold() == name.casefold()), None)
        kept = None if known is None else self._people.password_hash(known.name)
        if known is not None and kept != mark:
            self._audit.refused(address, "person.provider", f"{name}: an account of its own already")
            raise LogInRefused(
                f"there is another account called {name} here; have the {self.roles[0]} remove it, or log in with its password"
            )
        if found.role is None or found.role not in self.roles:
            self._audit.refused(address, "person.provider", f"{name}: no role")
            if known is not None:
                self._people.remove_person(known.name)
            raise LogInRefused(f"your account has no role here; ask the {self.roles[0]} which group it needs")
        self._audit.done(name, "person.provider", f"as {found.role}, from {address}")
        person = Person(name, found.role)
        if known is None or known.role != found.role:
            self._people.put_person(person, mark, now_ms=self._now_ms())
        if old_token:
            self._people.end_session(old_token)
        return self._begin(person)

    def who(self, token: str | None) -> Person | None:
        """Whose session it is."""
        if not token:
            return None
        now_ms = self._now_ms()
        return self._people.session(token, now_ms=now_ms, began_after_ms=now_ms - self._session_ms, seen_after_ms=now_ms - self._idle_ms)

    def log_out(self, token: str | None) -> None:
        """End a session."""
        person = self.who(token)
        if person is not None and token is not None:
            self._people.end_session(token)
            self._audit.done(person.name, "person.logout")

    def refuse(self, actor: str, action: str, detail: str) -> None:
        """Note that somebody was turned away elsewhere."""
        self._audit.refused(actor, action, detail)

    def note(self, actor: str, action: str, detail: str) -> None:
        """Note that somebody did something."""
        self._audit.done(actor, action, detail)

    # ---- links and passwords

    @property
    def link_is_over(self) -> str:
        """What is said of a link that opens nothing."""
        return f"this link was used or has expired; have the {self.roles[0]} make you a new one"

    def first_link(self) -> str | None:
        """A link for the first person, who may everything, where there is nobody yet."""
        if self._people.persons():
            return None
        return self.invite(self.roles[0], self.roles[0], actor="first start")

    def invite(self, name: str, role: str, *, actor: str) -> str:
        """Return the token of a link with which a person, new or known, chooses a password.

        Raises:
            PeopleInvalid
        """
        name = " ".join(name.split())
        if not NAME.match(name):
            raise PeopleInvalid("a name has 1 to 40 characters, none of < > \" ' ` \\ / and no control characters")
        if role not in self.roles:
            raise PeopleInvalid(f"{role!r} is no role; choose one of: {', '.join(self.roles)}")
        token = secrets.token_urlsafe(32)
        self._audit.done(actor, "person.invite", f"{name} as {role}")
        self._people.put_link(token, Person(name, role), expires_ms=self._now_ms() + round(3_600_000 * LINK_HOURS))
        return token

    def link_for(self, token: str) -> Person | None:
        """For whom a link is, while it can be used."""
        return self._people.link(token, now_ms=self._now_ms(), use_up=False)

    def accept(self, token: str, password: str, *, address: str, old_token: str | None = None) -> str:
        """Use a link up: the person has this password from now on, and a session.

        Raises:
            PeopleInvalid: the password is too short or too long; the link is not used up. LogInRefused: no such link (any more).
        """
        person = self.link_for(token)
        if person is not None:  # A stranger's guess is not worth a hash.
            check_password(password, name=person.name)
            hashed = self._hash(password)
            person = self._people.link(token, now_ms=self._now_ms(), use_up=True)
        if person is None:
            self._audit.refused(address, "person.link", "unknown, used or expired")
            raise LogInRefused(self.link_is_over)
        self._audit.done(person.name, "person.password", f"as {person.role}, from {address}")
        self._people.put_person(person, hashed, now_ms=self._now_ms())
        if old_token:
            self._people.end_session(old_token)
        return self._begin(person)

    def change_password(self, person: Person, old: str, new: str, *, address: str) -> str:
        """Give somebody another password; all their sessions end but the new one, whose token is returned.

        Raises:
            LogInRefused: the old one is wrong. PeopleInvalid: the new one will not do.
        """
        check_password(new, name=person.name)
        self.log_in(person.name, old, address=address)
        self._audit.done(person.name, "person.password", f"from {address}")
        self._people.put_person(person, self._hash(new), now_ms=self._now_ms())
        return self._begin(person)

    def remove(self, name: str, *, actor: str) -> bool:
        """Let somebody in no longer, at once."""
        self._audit.done(actor, "person.remove", name)
        return self._people.remove_person(name)

    def persons(self) -> list[Person]:
        """Everybody."""
        return self._people.persons()

    # ---- other systems

    def make_key(self, name: str, scopes: Sequence[str], *, actor: str) -> str:
        """Return a new key of a system, which is shown this once.

        Raises:
            PeopleInvalid
        """
        wrong = [scope for scope in scopes if not self.knows(scope)]
        if wrong or not scopes:
            raise PeopleInvalid(f"{wrong[0] if wrong else 'nothing'!r} is no scope; choose of: {', '.join(self._scopes)}")
        if not NAME.match(name):
            raise PeopleInvalid("a system's name has 1 to 40 characters, none of < > \" ' ` \\ /")
        secret = KEY_PREFIX + secrets.token_urlsafe(32)
        self._audit.done(actor, "key.make", f"{name}: {', '.join(scopes)}")
        self._people.put_key(name, secret, tuple(dict.fromkeys(scopes)), now_ms=self._now_ms())
        return secret

    def knows(self, scope: str) -> bool:
        """Whether a key may have this scope."""
        return scope in self._scopes

    def key(self, secret: str) -> Key | None:
        """Whose key it is."""
        return self._people.key(secret, now_ms=self._now_ms()) if secret.startswith(KEY_PREFIX) else None

    def keys(self) -> list[Key]:
        """Every key."""
        return self._people.keys()

    def remove_key(self, name: str, *, actor: str) -> bool:
        """Let a system in no longer, at once."""
        self._audit.done(actor, "key.remove", name)
        return self._people.remove_key(name)

    # ----

    def _begin(self, person: Person) -> str:
        token, now_ms = secrets.token_urlsafe(32), self._now_ms()
        self._people.sweep(now_ms=now_ms, began_after_ms=now_ms - self._session_ms)
        self._people.begin_session(token, person.name, now_ms=now_ms)
        return token

    def _fits(self, person: Person | None, password: str) -> bool:
        """Takes as long for a name that nobody has, and for one that no password fits."""
        known = None if person is None else self._people.password_hash(person.name)
        if known is not None and known.startswith(PROVIDED):
            known = None
        with self._room:
            nobody = self._nobody
            try:
                self._hasher.verify(known or nobody, password[:PASSWORD_MAX])
            except (VerificationError, InvalidHashError):
                return False
        if known is None or person is None or len(password) > PASSWORD_MAX:
            return False  # What is longer than any password is none, however it begins.
        if self._hasher.check_needs_rehash(known):
            self._people.set_hash(person.name, self._hash(password))
        return True

    @cached_property
    def _nobody(self) -> str:
        """A hash that no password fits. It is made when first needed: it takes a moment and 64 MB."""
        return self._hasher.hash(secrets.token_urlsafe(16))

    def _hash(self, password: str) -> str:
        with self._room:
            return self._hasher.hash(password)


def check_password(password: str, *, name: str) -> None:
    """Refuse what is guessed first.

    Raises:
        PeopleInvalid
    """
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise PeopleInvalid(f"a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters; a sentence is a good one")
    if len(set(password.casefold())) < 5 or (name and password.casefold().startswith(name.casefold() * 2)):
        raise PeopleInvalid("this password is guessed at once; a sentence is a good one")

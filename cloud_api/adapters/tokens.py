"""Who may speak at the doors: keys that were made here, and bearer tokens of stores and planners from a TOML file.

    [stores]
    "shop-1" = "sha256:…"                    # as cloud-api key prints it; the token itself is with the store alone
    "shop-2" = ["sha256:…", "sha256:…"]      # two count at once while one takes the other's place
    [planners]
    "Mei" = "a long random string"           # a token in clear is taken as well

Only digests are kept in memory, and what a caller sends is compared in constant time. A changed file counts within seconds; one that
cannot be used leaves what counted before.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import structlog

from cloud_api.config import read_toml
from cloud_api.errors import ConfigurationInvalid, ScopeMissing, TokenForAnotherStore, TokenMissing

_LENGTH_MIN = 16


_HASHED = re.compile("^sha256:([0-9a-f]{64})$")
_OneOrTwo = str | Annotated[list[str], msgspec.Meta(min_length=1, max_length=2)]
LOOK_EVERY_S = 2.0
ALL = "all"
"""The scope that opens everything of the chain's."""

log = structlog.get_logger()


class _TokenFile(msgspec.Struct, forbid_unknown_fields=True):
    stores: dict[str, _OneOrTwo] = {}
    planners: dict[str, _OneOrTwo] = {}


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a valid token: a store, a program of the chain's with its scopes, or (in the demo) both."""

    name: str
    store_id: str | None = None
    scopes: frozenset[str] = frozenset()
    is_any_store: bool = False

    @property
    def is_reader(self) -> bool:
        """Whether it may look at the whole chain: whoever may change something may."""
        return bool(self.scopes)

    def require_store(self, store_id: str) -> None:
        """Refuse everybody but this store itself.

        Raises:
            TokenForAnotherStore: the token belongs to somebody else.
        """
        if not self.is_any_store and self.store_id != store_id:
            raise TokenForAnotherStore(wanted=f"store {store_id}")

    def require_reader(self, store_id: str | None) -> None:
        """Refuse a store that asks about another store, or about the whole chain (`store_id` None).

        Raises:
            TokenForAnotherStore: the token belongs to somebody else.
        """
        if not self.is_reader and (store_id is None or self.store_id != store_id):
            raise TokenForAnotherStore(wanted="the whole chain's figures" if store_id is None else f"store {store_id}")

    def require(self, scope: str) -> None:
        """Refuse whoever may not change what the scope names.

        Raises:
            TokenForAnotherStore: the token is a store's. ScopeMissing: the key has other scopes.
        """
        if not self.scopes:
            raise TokenForAnotherStore(wanted="the chain's decisions")
        if scope not in self.scopes and ALL not in self.scopes:
            raise ScopeMissing(scope=scope, has=sorted(self.scopes))


class Tokens:
    """Finds the caller a token belongs to.

    Args:
        stores, planners: name → token.
        demo: a token that opens everything; only for a cloud that nobody else can reach.
    """

    def __init__(self, *, stores: Mapping[str, str | list[str]], planners: Mapping[str, str | list[str]], demo: str | None = None) -> None:
        self._callers: dict[bytes, Caller] = {}
        for store_id, tokens in stores.items():
            self._callers |= {_digest(token): Caller(name=store_id, store_id=store_id) for token in _each(tokens)}
        for name, tokens in planners.items():
            self._callers |= {_digest(token): Caller(name=name, scopes=frozenset({ALL})) for token in _each(tokens)}
        if demo is not None:
            self._callers[_digest(demo)] = Caller(name="demo", scopes=frozenset({ALL}), is_any_store=True)
        self._again: Callable[[], Tokens | None] = lambda: None
        self._made_here: Callable[[str], Caller | None] = lambda _: None
        self.noted: Callable[[str, str, str], None] = lambda *_: None

    def also(self, made_here: Callable[[str], Caller | None], *, noted: Callable[[str, str, str], None]) -> None:
        """Ask the one of what the file does not know; tell the other an actor, an act and its detail before a change is made."""
        self._made_here, self.noted = made_here, noted

    def follow(self, path: Path, *, demo: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the file again whenever it has changed, looking every two seconds at most."""
        seen, looked_at = _state_of(path), clock()

        def again() -> Tokens | None:
            nonlocal seen, looked_at
            if clock() - looked_at < LOOK_EVERY_S:
                return None
            looked_at = clock()
            if (state := _state_of(path)) == seen:
                return None
            seen = state
            try:
                return read_tokens(path, demo=demo)
            except ConfigurationInvalid as error:
                log.error("tokens_unusable", problem=str(error), advice="the tokens that counted before go on counting")
                return None

        self._again = again

    @property
    def is_empty(self) -> bool:
        """Whether nobody at all may speak."""
        return not self._callers

    def caller(self, authorization: str | None) -> Caller:
        """Who sends this `Authorization` header.

        Raises:
            TokenMissing: no bearer token, or an unknown one.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise TokenMissing
        return self.bearer(token.strip())

    def bearer(self, token: str) -> Caller:
        """Who holds this token. May ask the records.

        Raises:
            TokenMissing: nobody.
        """
        if (newer := self._again()) is not None:
            self._callers = newer._callers
            log.info("tokens_read_again", callers=len({caller.name for caller in self._callers.values()}))
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        found: Caller | None = None
        for known, caller in self._callers.items():
            if hmac.compare_digest(known, digest):
                found = caller
        found = found or self._made_here(token)
        if found is None:
            raise TokenMissing
        return found


def read_tokens(path: Path | None, *, demo: str | None) -> Tokens:
    """Read the token file; without one only the demo's token opens anything.

    Raises:
        ConfigurationInvalid: the file cannot be read, a token is short, or two callers share one.
    """
    if path is None:
        return Tokens(stores={}, planners={}, demo=demo)
    file = read_toml(path, _TokenFile)
    seen: dict[str, str] = {}
    for table, entries in (("stores", file.stores), ("planners", file.planners)):
        for name, token in ((name, token) for name, tokens in entries.items() for token in _each(tokens)):
            if len(token) < _LENGTH_MIN:
                problem = f"a token has at least {_LENGTH_MIN} characters; make one with: cloud-api key"
                raise ConfigurationInvalid(path=str(path), field=f"{table}.{name}", problem=problem)
            if token in seen:
                raise ConfigurationInvalid(path=str(path), field=f"{table}.{name}", problem=f"the same token as {seen[token]}")
            seen[token] = f"{table}.{name}"
    return Tokens(stores=file.stores, planners=file.planners, demo=demo)


def new_key() -> tuple[str, str]:
    """Return a new token, and what the token file holds of it."""
    token = secrets.token_urlsafe(32)
    return token, f"sha256:{hashlib.sha256(token.encode()).hexdigest()}"


def _each(tokens: str | list[str]) -> list[str]:
    return [tokens] if isinstance(tokens, str) else tokens


def _state_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _digest(token: str) -> bytes:
    """Of a token in clear, or as the file already holds it."""
    hashed = _HASHED.match(token)
    return bytes.fromhex(hashed[1]) if hashed else hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()

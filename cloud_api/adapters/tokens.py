"""Who may speak: bearer tokens of stores and planners, from a TOML file.

    [stores]
    "shop-1" = "a long random string"
    [planners]
    "Mei" = "another one"

Only digests are kept in memory, and what a caller sends is compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import msgspec

from cloud_api.config import read_toml
from cloud_api.errors import ConfigurationInvalid, TokenForAnotherStore, TokenMissing

_LENGTH_MIN = 16


class _TokenFile(msgspec.Struct, forbid_unknown_fields=True):
    stores: dict[str, str] = {}
    planners: dict[str, str] = {}


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a valid token: a store, a planner, or (in the demo) both."""

    name: str
    store_id: str | None = None
    is_planner: bool = False
    is_any_store: bool = False

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
        if not self.is_planner and (store_id is None or self.store_id != store_id):
            raise TokenForAnotherStore(wanted="the whole chain's figures" if store_id is None else f"store {store_id}")

    def require_planner(self) -> None:
        """Refuse everybody but planners.

        Raises:
            TokenForAnotherStore: the token is a store's.
        """
        if not self.is_planner:
            raise TokenForAnotherStore(wanted="the planner's decisions")


class Tokens:
    """Finds the caller a token belongs to.

    Args:
        stores, planners: name → token.
        demo: a token that opens everything; only for a cloud that nobody else can reach.
    """

    def __init__(self, *, stores: dict[str, str], planners: dict[str, str], demo: str | None = None) -> None:
        self._callers: dict[bytes, Caller] = {}
        for store_id, token in stores.items():
            self._callers[_digest(token)] = Caller(name=store_id, store_id=store_id)
        for name, token in planners.items():
            self._callers[_digest(token)] = Caller(name=name, is_planner=True)
        if demo is not None:
            self._callers[_digest(demo)] = Caller(name="demo", is_planner=True, is_any_store=True)

    @property
    def is_empty(self) -> bool:
        """Whether nobody at all may speak."""
        return not self._callers

    @property
    def has_planner(self) -> bool:
        """Whether some token opens the planner's pages."""
        return any(caller.is_planner for caller in self._callers.values())

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
        """Who holds this token.

        Raises:
            TokenMissing: nobody.
        """
        digest = _digest(token)
        found: Caller | None = None
        for known, caller in self._callers.items():
            if hmac.compare_digest(known, digest):
                found = caller
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
        for name, token in entries.items():
            if len(token) < _LENGTH_MIN:
                problem = f"a token has at least {_LENGTH_MIN} characters; make one with: openssl rand -hex 24"
                raise ConfigurationInvalid(path=str(path), field=f"{table}.{name}", problem=problem)
            if token in seen:
                raise ConfigurationInvalid(path=str(path), field=f"{table}.{name}", problem=f"the same token as {seen[token]}")
            seen[token] = f"{table}.{name}"
    return Tokens(stores=file.stores, planners=file.planners, demo=demo)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()

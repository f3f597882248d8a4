"""The chain's doorkeeper: the shared one, with the chain's roles and scopes; the key of a shop's hub has the scope `store:NAME`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from argon2 import PasswordHasher

from access_control import doorkeeper
from access_control.errors import PeopleInvalid
from access_control.persons import Audit, People
from cloud_api.adapters.tokens import Caller
from cloud_api.rules.roles import ROLES, SCOPES, store_of


class Doorkeeper(doorkeeper.Doorkeeper):
    """Lets people and programs into the chain's pages and doors."""

    def __init__(
        self, people: People, audit: Audit, *, now_ms: Callable[[], int], session_hours: float = 12.0, idle_hours: float = 4.0,
        clock: Callable[[], float] = time.monotonic, hasher: PasswordHasher | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            people, audit, roles=ROLES, scopes=SCOPES, now_ms=now_ms, session_hours=session_hours, idle_hours=idle_hours, clock=clock,
            hasher=hasher,
        )  # fmt: skip

    def knows(self, scope: str) -> bool:
        """Whether a key may have this scope."""
        return super().knows(scope) or store_of(scope) is not None

    def make_key(self, name: str, scopes: Sequence[str], *, actor: str) -> str:
        """Return a new key of a program or of one shop's hub, which is shown this once.

        Raises:
            PeopleInvalid: it would be of several shops, or see the shared doorkeeper.
        """
        stores = sorted({store for store in map(store_of, scopes) if store is not None})
        if len(stores) > 1:
            raise PeopleInvalid(f"a key opens one shop's doors, not those of {' and '.join(stores)}; make one for each hub")
        return super().make_key(name, scopes, actor=actor)

    def caller(self, secret: str) -> Caller | None:
        """Who holds a key that was made here; None when nobody does."""
        found = self.key(secret)
        if found is None:
            return None
        stores = [store for store in map(store_of, found.scopes) if store is not None]
        scopes = frozenset(scope for scope in found.scopes if store_of(scope) is None)
        return Caller(name=found.name, store_id=stores[0] if stores else None, scopes=scopes)

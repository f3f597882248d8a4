"""The hub's doorkeeper: the shared one, with the hub's roles and scopes."""

from __future__ import annotations

import time
from collections.abc import Callable

from argon2 import PasswordHasher

from access_control import doorkeeper
from access_control.persons import Audit, People
from store_hub.rules.roles import ROLES, SCOPES


class Doorkeeper(doorkeeper.Doorkeeper):
    """Lets people and other systems of one shop in."""

    def __init__(
        self, people: People, audit: Audit, *, now_ms: Callable[[], int], session_hours: float = 12.0, idle_hours: float = 4.0,
        clock: Callable[[], float] = time.monotonic, hasher: PasswordHasher | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            people, audit, roles=ROLES, scopes=SCOPES, now_ms=now_ms, session_hours=session_hours, idle_hours=idle_hours, clock=clock,
            hasher=hasher,
        )  # fmt: skip

"""Keeps trials: planned once, with everything that was promised beforehand, and never rewritten but for their state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import Engine, text

CHAIN = "*"
"""A trial is of several shops: it is kept under the chain's name."""


class TrialRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A trial as planned. `state`: running, stopped or ended."""

    trial_id: str
    state: str
    planned_at: datetime
    body: dict[str, Any]


class TrialBook:
    """Reads and writes trials of the chain."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def trials(self) -> list[TrialRecord]:
        """All trials, newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text("SELECT trial_id, state, planned_at, body FROM trial WHERE store_id = :chain ORDER BY planned_at DESC, trial_id"),
                {"chain": CHAIN},
            )
            return [TrialRecord(**row._mapping) for row in rows]

    def plan(self, trial_id: str, body: dict[str, Any]) -> None:
        """Keep a new trial."""
        with self._engine.begin() as connection:
            connection.execute(
                text("INSERT INTO trial (store_id, trial_id, state, planned_at, body) VALUES (:chain, :trial, 'running', :now, :body)"),
                {"chain": CHAIN, "trial": trial_id, "now": self._now(), "body": Jsonb(body)},
            )

    def move(self, trial_id: str, state: str) -> bool:
        """Put a running trial into another state; False where it is not running."""
        with self._engine.begin() as connection:
            moved = connection.execute(
                text("UPDATE trial SET state = :state WHERE store_id = :chain AND trial_id = :trial AND state = 'running'"),
                {"chain": CHAIN, "trial": trial_id, "state": state},
            )
            return moved.rowcount == 1

"""Keeps the terms orders are made on, with who said them and when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import Engine, text


class TermsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Terms of one scope and name, of one shop or (`*`) the chain; `body` has only what was said."""

    store_id: str
    scope: str
    name: str
    body: dict[str, Any]
    changed_at: datetime
    changed_by: str


class TermsBook:
    """Reads and writes terms."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def all(self, store_id: str | None = None) -> list[TermsRecord]:
        """The chain's terms, with one shop's own where it is named, or everybody's."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, scope, name, body, changed_at, changed_by FROM order_terms"
                    " WHERE CAST(:store AS text) IS NULL OR store_id IN ('*', :store) ORDER BY store_id, scope, name"
                ),
                {"store": store_id},
            )
            return [TermsRecord(**row._mapping) for row in rows]

    def save(self, *, store_id: str, scope: str, name: str, body: dict[str, Any], by: str) -> None:
        """Keep what was said in place of what was said before; nothing said takes it away."""
        key = {"store": store_id, "scope": scope, "name": name}
        with self._engine.begin() as connection:
            if not body:
                connection.execute(text("DELETE FROM order_terms WHERE store_id = :store AND scope = :scope AND name = :name"), key)
                return
            connection.execute(
                text(
                    "INSERT INTO order_terms (store_id, scope, name, body, changed_at, changed_by)"
                    " VALUES (:store, :scope, :name, :body, :now, :by) ON CONFLICT (store_id, scope, name) DO UPDATE"
                    " SET body = EXCLUDED.body, changed_at = EXCLUDED.changed_at, changed_by = EXCLUDED.changed_by"
                ),
                {**key, "body": Jsonb(body), "now": self._now(), "by": by},
            )

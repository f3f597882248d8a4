"""Keeps what was last worked out for each article of a shop: its demand, and what it could spare for other shops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import Engine, text


class ArticleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An article of a shop as last planned. `body` as the flow wrote it."""

    store_id: str
    sku: str
    planned_at: datetime
    body: dict[str, Any]


class ArticleBook:
    """Reads and writes the articles' plans."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def save(self, store_id: str, bodies: dict[str, dict[str, Any]]) -> None:
        """Put a shop's articles in the place of those it had."""
        now = self._now()
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM article_plan WHERE store_id = :store"), {"store": store_id})
            if bodies:
                connection.execute(
                    text("INSERT INTO article_plan (store_id, sku, planned_at, body) VALUES (:store, :sku, :now, :body)"),
                    [{"store": store_id, "sku": sku, "now": now, "body": Jsonb(body)} for sku, body in bodies.items()],
                )

    def of(self, store_ids: Sequence[str] | None = None, *, age_max: timedelta = timedelta(days=2)) -> list[ArticleRecord]:
        """Articles of some shops or all, planned lately."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, sku, planned_at, body FROM article_plan WHERE planned_at >= :since"
                    " AND (CAST(:stores AS text[]) IS NULL OR store_id = ANY(:stores)) ORDER BY store_id, sku"
                ),
                {"since": self._now() - age_max, "stores": None if store_ids is None else list(store_ids)},
            )
            return [ArticleRecord(**row._mapping) for row in rows]

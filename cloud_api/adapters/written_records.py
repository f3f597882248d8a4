"""Keeps what planners write down: notes on days, targets, risks, views of pages. `*` as a shop means the whole chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import Engine, text

CHAIN = "*"


class DayNote(msgspec.Struct, frozen=True, kw_only=True):
    """What was special about a day of a shop, or (`*`) of all."""

    store_id: str
    day: date
    kind: str
    words: str


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure should reach in a shop, or (`*`) in every shop that has no target of its own."""

    store_id: str
    figure: str
    value: float


class RiskRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A risk as it was written down."""

    store_id: str
    risk_id: str
    body: dict[str, Any]


class KeptView(msgspec.Struct, frozen=True, kw_only=True):
    """A view of a page under a name: `address` is the page's own, with what is chosen on it."""

    page: str
    name: str
    address: str


class WrittenBook:
    """Reads and writes them."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def notes(self, *, first: date, last: date, store_ids: Sequence[str] | None = None) -> list[DayNote]:
        """Notes on the days, both included: of these shops (all unless told) and of the chain."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, day, kind, words FROM day_note WHERE day BETWEEN :first AND :last"
                    " AND (CAST(:stores AS text[]) IS NULL OR store_id = ANY(:stores)) ORDER BY day, store_id, kind"
                ),
                {"first": first, "last": last, "stores": None if store_ids is None else [CHAIN, *store_ids]},
            )
            return [DayNote(**row._mapping) for row in rows]

    def write_notes(self, notes: Sequence[DayNote], *, by: str) -> None:
        """Keep notes, each in place of the one of its shop, day and kind; one without words takes that away."""
        with self._engine.begin() as connection:
            for note in notes:
                values = msgspec.structs.asdict(note) | {"now": self._now(), "by": by}
                if not note.words:
                    connection.execute(text("DELETE FROM day_note WHERE store_id = :store_id AND day = :day AND kind = :kind"), values)
                    continue
                connection.execute(
                    text(
                        "INSERT INTO day_note VALUES (:store_id, :day, :kind, :words, :now, :by) ON CONFLICT (store_id, day, kind)"
                        " DO UPDATE SET words = EXCLUDED.words, written_at = EXCLUDED.written_at, written_by = EXCLUDED.written_by"
                    ),
                    values,
                )

    def targets(self) -> list[Target]:
        """Every target."""
        with self._engine.connect() as connection:
            rows = connection.execute(text("SELECT store_id, figure, value FROM target ORDER BY store_id, figure"))
            return [Target(**row._mapping) for row in rows]

    def set_target(self, store_id: str, figure: str, value: float | None, *, by: str) -> None:
        """Keep a target, or take it away."""
        values = {"store": store_id, "figure": figure, "value": value, "now": self._now(), "by": by}
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM target WHERE store_id = :store AND figure = :figure"), values)
            if value is not None:
                connection.execute(text("INSERT INTO target VALUES (:store, :figure, :value, :now, :by)"), values)

    def risks(self) -> list[RiskRecord]:
        """Every risk, in the order in which they were first written down."""
        with self._engine.connect() as connection:
            rows = connection.execute(text("SELECT store_id, risk_id, body FROM risk ORDER BY risk_id, store_id"))
            return [RiskRecord(**row._mapping) for row in rows]

    def write_risk(self, risk_id: str, body: dict[str, Any] | None, *, by: str) -> None:
        """Keep a risk of the chain, or take it away."""
        values = {"chain": CHAIN, "risk": risk_id, "now": self._now(), "by": by}
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM risk WHERE store_id = :chain AND risk_id = :risk"), values)
            if body is not None:
                connection.execute(text("INSERT INTO risk VALUES (:chain, :risk, :body, :now, :by)"), values | {"body": Jsonb(body)})

    def views(self, page: str) -> list[KeptView]:
        """The views kept of a page, by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(text("SELECT page, name, address FROM kept_view WHERE page = :page ORDER BY name"), {"page": page})
            return [KeptView(**row._mapping) for row in rows]

    def keep_view(self, page: str, name: str, address: str | None, *, by: str) -> None:
        """Keep a view in place of the one of its name; without an address that one is taken away."""
        values = {"page": page, "name": name, "address": address, "now": self._now(), "by": by}
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM kept_view WHERE page = :page AND name = :name"), values)
            if address is not None:
                connection.execute(text("INSERT INTO kept_view VALUES (:page, :name, :address, :now, :by)"), values)

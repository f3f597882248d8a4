"""Promotions as they were planned, one row a shop, and the plans that tell the shops' hubs of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

from cloud_api.adapters.order_records import add_plan
from cloud_api.errors import PromotionUnknown
from wire_format.plans import Promotion


class PromotionBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is done for the article: a price in minor units, a display, a mailer; empty: none."""

    name: str = ""
    price_minor: int | None = None
    display: str = ""
    mailer: str = ""


class PromotionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion of an article in a shop, on the shop's own calendar days, both included."""

    store_id: str
    promotion_id: str
    sku: str
    first_day: date
    last_day: date
    body: PromotionBody
    planned_at: datetime
    planned_by: str
    cancelled_at: datetime | None


_COLUMNS = "store_id, promotion_id, sku, first_day, last_day, body, planned_at, planned_by, cancelled_at"


class PromotionBook:
    """Reads and writes promotions."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def promotions(self, *, store_id: str | None = None, since: date | None = None, with_cancelled: bool = False) -> list[PromotionRecord]:
        """Promotions of one shop or all that end on `since` or later, the latest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    f"SELECT {_COLUMNS} FROM promotion WHERE (CAST(:store AS text) IS NULL OR store_id = :store)"
                    " AND (CAST(:since AS date) IS NULL OR last_day >= :since) AND (:cancelled OR cancelled_at IS NULL)"
                    " ORDER BY first_day DESC, promotion_id, store_id LIMIT 5000"
                ),
                {"store": store_id, "since": since, "cancelled": with_cancelled},
            )
            return [_record(dict(row._mapping)) for row in rows]

    def plan(self, promotions: Sequence[tuple[PromotionRecord, Promotion]]) -> None:
        """Keep a promotion of one article in some shops, and tell their hubs, all or none."""
        with self._engine.begin() as connection:
            for record, told in promotions:
                connection.execute(
                    text(
                        f"INSERT INTO promotion ({_COLUMNS}) VALUES (:store_id, :promotion_id, :sku, :first_day, :last_day, :body,"
                        " :planned_at, :planned_by, NULL) ON CONFLICT (store_id, promotion_id) DO UPDATE SET sku = EXCLUDED.sku,"
                        " first_day = EXCLUDED.first_day, last_day = EXCLUDED.last_day, body = EXCLUDED.body,"
                        " planned_at = EXCLUDED.planned_at, planned_by = EXCLUDED.planned_by, cancelled_at = NULL"
                    ),
                    {**msgspec.structs.asdict(record), "body": Jsonb(msgspec.to_builtins(record.body))},
                )
                _tell(connection, record.store_id, told, self._now())

    def cancel(self, promotion_id: str, told: Callable[[PromotionRecord], Promotion]) -> list[PromotionRecord]:
        """Call a promotion off in every shop, and tell their hubs.

        Raises:
            PromotionUnknown: there is none, or it was called off before.
        """
        with self._engine.begin() as connection:
            rows = connection.execute(
                text(f"UPDATE promotion SET cancelled_at = :now WHERE promotion_id = :id AND cancelled_at IS NULL RETURNING {_COLUMNS}"),
                {"id": promotion_id, "now": self._now()},
            )
            records = [_record(dict(row._mapping)) for row in rows]
            if not records:
                raise PromotionUnknown(promotion_id=promotion_id)
            for record in records:
                _tell(connection, record.store_id, told(record), self._now())
            return records


def _tell(connection: Connection, store_id: str, told: Promotion, now: datetime) -> None:
    """Put the promotion among the hub's plans, and let the shop be planned anew."""
    add_plan(connection, store_id, told, now)
    connection.execute(text("UPDATE stores SET planned_at = NULL WHERE store_id = :store"), {"store": store_id})


def _record(row: Mapping[str, Any]) -> PromotionRecord:
    return PromotionRecord(**{**row, "body": msgspec.convert(row["body"], PromotionBody)})

"""Reads shops' days and weeks from their roll-ups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
from sqlalchemy import Engine, text


class StoreDayRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's day: sales, lost units, and minutes without stock of the articles whose stock is known; visitors and baskets if told."""

    store_id: str
    day: date
    units_sold: int
    revenue_minor: int
    units_lost: int
    known_articles: int
    out_of_stock_min: float
    people_in: int | None
    baskets: int | None


class StoreDayBook:
    """Reads the roll-ups of many shops at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def days(self, *, first: date, last: date, store_ids: Sequence[str] | None = None) -> list[StoreDayRecord]:
        """Every shop's days with sales on record, both included, by shop and day."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, day, units_sold, revenue_minor, units_lost, known_articles, store_day.out_of_stock_min, people_in,"
                    " baskets FROM store_day LEFT JOIN footfall_day USING (store_id, day) LEFT JOIN basket_day USING (store_id, day)"
                    " WHERE day BETWEEN :first AND :last AND (CAST(:stores AS text[]) IS NULL OR store_id = ANY(:stores))"
                    " ORDER BY store_id, day"
                ),
                {"first": first, "last": last, "stores": None if store_ids is None else list(store_ids)},
            )
            return [StoreDayRecord(**row._mapping) for row in rows]

    def weekly_sales(self, *, first: date, weeks: int) -> dict[str, list[float | None]]:
        """Revenue of each shop's weeks from the day `first` on; None where days are missing that the shop has in other weeks.

        A shop with no day on record is absent.
        """
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id, (day - :first) / 7 AS week, sum(revenue_minor), count(*) FROM store_day"
                    " WHERE day BETWEEN :first AND :last GROUP BY 1, 2"
                ),
                {"first": first, "last": first + timedelta(days=7 * weeks - 1)},
            ).all()
        days: dict[str, int] = {}
        for store_id, _, _, count in rows:
            days[store_id] = max(days.get(store_id, 0), count)
        found: dict[str, list[float | None]] = {store_id: [None] * weeks for store_id in sorted(days)}
        for store_id, week, revenue, count in rows:
            if count == days[store_id]:
                found[store_id][week] = float(revenue)
        return found

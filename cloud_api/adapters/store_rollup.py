"""Sales of a shop's day in one row, added up from its articles in the transaction that books them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, text

_DAYS = text(
    """
    INSERT INTO store_day AS held (store_id, day, units_sold, revenue_minor, units_received, units_lost, articles, known_articles,
                                   out_of_stock_min)
    SELECT store_id, day, sum(units_sold), sum(revenue_minor), sum(units_received), sum(units_lost), count(*), count(out_of_stock_min),
           coalesce(sum(out_of_stock_min), 0)
    FROM sku_day WHERE store_id = :store AND day = ANY(CAST(:days AS date[])) GROUP BY store_id, day
    ON CONFLICT (store_id, day) DO UPDATE SET units_sold = EXCLUDED.units_sold, revenue_minor = EXCLUDED.revenue_minor,
        units_received = EXCLUDED.units_received, units_lost = EXCLUDED.units_lost, articles = EXCLUDED.articles,
        known_articles = EXCLUDED.known_articles, out_of_stock_min = EXCLUDED.out_of_stock_min
    """
)


def add_up(connection: Connection, store_id: str, days: Iterable[date]) -> None:
    """Add up again the store's days of which articles were told."""
    touched = sorted(set(days))
    if touched:
        connection.execute(_DAYS, {"store": store_id, "days": touched})

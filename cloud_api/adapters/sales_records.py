"""Reads what was sold, what is in stock and where people stayed, as planning needs it."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import Engine, text


class SkuDayRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An article's day. `out_of_stock_min` counts only opening hours; None where nobody knew the stock."""

    day: date
    sku: str
    units_sold: int
    revenue_minor: int
    out_of_stock_min: float | None


class StockRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The newest known stock of an article."""

    sku: str
    units: float
    low_units: float | None
    high_units: float | None
    known_at: datetime


_DAYS = text(
    """
    WITH quarter AS (
        SELECT (quarter_at AT TIME ZONE :zone)::date AS day, sku, sum(out_of_stock_min) AS all_min,
               sum(out_of_stock_min) FILTER (WHERE extract(hour FROM quarter_at AT TIME ZONE :zone)::int = ANY(:open_hours)) AS open_min
        FROM sku_quarter WHERE store_id = :store AND quarter_at >= CAST(:first AS timestamp) AT TIME ZONE :zone GROUP BY 1, 2
    )
    SELECT held.day, held.sku, held.units_sold, held.revenue_minor,
           CASE WHEN quarter.all_min > 0 THEN held.out_of_stock_min * coalesce(quarter.open_min, 0) / quarter.all_min
                ELSE held.out_of_stock_min END AS out_of_stock_min
    FROM sku_day AS held LEFT JOIN quarter USING (day, sku)
    WHERE held.store_id = :store AND held.day >= :first
    """
)
_STOCK = text(
    """
    SELECT DISTINCT ON (sku) sku, units, low_units, high_units, known_at FROM (
        SELECT sku, closing_units AS units, closing_low_units AS low_units, closing_high_units AS high_units,
               quarter_at + interval '15 minutes' AS known_at
        FROM sku_quarter WHERE store_id = :store AND quarter_at >= :since AND closing_units IS NOT NULL
        UNION ALL
        SELECT sku, closing_units, closing_low_units, closing_high_units,
               least((day + 1)::timestamp AT TIME ZONE :zone, :now)
        FROM sku_day WHERE store_id = :store AND day >= CAST(:since AS date) AND closing_units IS NOT NULL
    ) AS known ORDER BY sku, known_at DESC
    """
)
_OPEN_HOURS = text(
    """
    SELECT hour FROM (
        SELECT extract(hour FROM quarter_at AT TIME ZONE :zone)::int AS hour, count(DISTINCT (quarter_at AT TIME ZONE :zone)::date) AS days
        FROM sku_quarter WHERE store_id = :store AND quarter_at >= :since AND units_sold > 0 GROUP BY 1
    ) AS hours WHERE days * 5 >= (SELECT count(DISTINCT day) FROM sku_day WHERE store_id = :store AND day >= CAST(:since AS date))
    ORDER BY hour
    """
)


class SalesBook:
    """Reads sales, stock and dwell of one store at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open_hours(self, store_id: str, *, zone: str, since: datetime) -> list[int]:
        """Hours of the store's day in which it sold something on at least a fifth of its days."""
        with self._engine.connect() as connection:
            return list(connection.execute(_OPEN_HOURS, {"store": store_id, "zone": zone, "since": since}).scalars())

    def sold_by_hour(self, store_id: str, *, zone: str, since: datetime) -> dict[int, float]:
        """Units sold by hour of the store's day, of all articles together."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT extract(hour FROM quarter_at AT TIME ZONE :zone)::int, sum(units_sold) FROM sku_quarter"
                    " WHERE store_id = :store AND quarter_at >= :since AND units_sold > 0 GROUP BY 1"
                ),
                {"store": store_id, "zone": zone, "since": since},
            )
            return {hour: float(units) for hour, units in rows}

    def days(self, store_id: str, *, zone: str, first: date, open_hours: list[int]) -> list[SkuDayRecord]:
        """Every article's days from `first` on."""
        values = {"store": store_id, "zone": zone, "first": first, "open_hours": open_hours}
        with self._engine.connect() as connection:
            return [SkuDayRecord(**row._mapping) for row in connection.execute(_DAYS, values)]

    def stock(self, store_id: str, *, zone: str, since: datetime, now: datetime) -> dict[str, StockRecord]:
        """The newest known stock by SKU, no older than `since`. A day's closing stock is as new as the day's end, or as `now`."""
        with self._engine.connect() as connection:
            rows = connection.execute(_STOCK, {"store": store_id, "zone": zone, "since": since, "now": now})
            return {row.sku: StockRecord(**row._mapping) for row in rows}

    def receipts(self, store_id: str, moment: datetime) -> list[tuple[str, datetime, int]]:
        """SKU, end of the quarter and units of everything received since a moment, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT sku, quarter_at + interval '15 minutes', units_received FROM sku_quarter"
                    " WHERE store_id = :store AND quarter_at + interval '15 minutes' > :moment AND units_received > 0"
                    " ORDER BY quarter_at, sku"
                ),
                {"store": store_id, "moment": moment},
            )
            return [(sku, at, int(units)) for sku, at, units in rows]

    def sales(self, store_id: str, *, first: date, last: date) -> dict[str, tuple[int, int, int]]:
        """Units, revenue (minor units) and units picked by SKU over the days, both included."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT sku, sum(units_sold), sum(revenue_minor), sum(units_picked) FROM sku_day"
                    " WHERE store_id = :store AND day BETWEEN :first AND :last GROUP BY sku"
                ),
                {"store": store_id, "first": first, "last": last},
            )
            return {sku: (int(units), int(revenue), int(picked)) for sku, units, revenue, picked in rows}

    def dwell(self, store_id: str, *, zone: str, first: date, last: date) -> dict[str, float]:
        """Person-seconds by zone over the store's days, both included; zones never watched, or told nothing of, are absent."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT zone_id, sum(dwell_person_s) FROM zone_quarter WHERE store_id = :store"
                    " AND quarter_at >= CAST(:first AS timestamp) AT TIME ZONE :zone"
                    " AND quarter_at < (CAST(:last AS timestamp) + interval '1 day') AT TIME ZONE :zone GROUP BY zone_id"
                ),
                {"store": store_id, "first": first, "last": last, "zone": zone},
            )
            return {zone_id: float(dwell) for zone_id, dwell in rows if dwell is not None}

    def visits(self, store_id: str, *, zone: str, first: date, last: date) -> dict[str, tuple[int | None, int | None]]:
        """Visits and stops by zone over the store's days, both included; None where nobody counts them or too few came to tell."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT zone_id, sum(entries), sum(stopped) FROM zone_quarter WHERE store_id = :store"
                    " AND quarter_at >= CAST(:first AS timestamp) AT TIME ZONE :zone"
                    " AND quarter_at < (CAST(:last AS timestamp) + interval '1 day') AT TIME ZONE :zone GROUP BY zone_id"
                ),
                {"store": store_id, "first": first, "last": last, "zone": zone},
            )
            return {name: tuple(None if n is None else int(n) for n in counts) for name, *counts in rows}  # type: ignore[misc]  # Two.

    def waiting_to_be_planned(self, *, older_than: datetime) -> list[str]:
        """Stores that reported since they were planned, and were not planned since `older_than`."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT store_id FROM stores WHERE reported_at IS NOT NULL AND EXISTS"
                    " (SELECT 1 FROM planograms WHERE planograms.store_id = stores.store_id)"
                    " AND (planned_at IS NULL OR (planned_at < reported_at AND planned_at < :older_than)) ORDER BY planned_at NULLS FIRST"
                ),
                {"older_than": older_than},
            )
            return list(rows.scalars())

"""The ledger's zones for the pages: visits, stops, queues, ways, and what was taken and paid there. Bounded by a span of time."""

from __future__ import annotations

import sqlite3
from collections import Counter

from store_hub.adapters.ledger_views_rows import PathRow, QueueFigures, ZoneGoodsRow, ZoneVisitRow
from store_hub.rows.report import ZoneFigures
from wire_format.plans import Planogram

NOW_MS = 180_000
"""A queue's last interval is its present for so long."""


class ZoneQueries:
    """Queries on one open transaction. Spans are half-open, milliseconds."""

    def __init__(self, connection: sqlite3.Connection, planogram: Planogram | None) -> None:
        self._connection = connection
        self.planogram = planogram

    def zone_visits(self, from_ms: int, to_ms: int) -> dict[str, ZoneVisitRow]:
        """Return every zone that a camera counts, over the quarters that begin in the span."""
        rows = self._connection.execute(
            "SELECT zone_id, sum(entries) AS entries, sum(person_ms) AS person_ms, sum(stopped) AS stopped, sum(stopped_ms) AS stopped_ms,"
            " sum(observed_ms) AS observed_ms FROM zone_visits WHERE quarter_started_at_ms >= ? AND quarter_started_at_ms < ?"
            " GROUP BY zone_id ORDER BY zone_id",
            (from_ms, to_ms),
        )
        return {row["zone_id"]: ZoneVisitRow(**dict(row)) for row in rows}

    def zone_quarters(self, from_ms: int, to_ms: int) -> list[ZoneFigures]:
        """Return every zone's every quarter in the span of which anything is known, in the order of time and zones."""
        rows = self._connection.execute(_ZONE_QUARTERS, (from_ms, to_ms))
        return [ZoneFigures(*row) for row in rows]

    def zone_goods(self, from_ms: int, to_ms: int) -> dict[str, ZoneGoodsRow]:
        """Return what was taken and paid in each zone that the planogram links to shelves.

        A till does not say from which shelf an article came: what was paid of it is shared out by where it was taken in the span.
        """
        zones = {} if self.planogram is None else {zone.zone_id: zone.shelf_ids for zone in self.planogram.zones if zone.shelf_ids}
        if not zones:
            return {}
        picked: Counter[tuple[str, str]] = Counter()
        for shelf_id in {shelf_id for shelf_ids in zones.values() for shelf_id in shelf_ids} | self._shelves():
            picked.update(self._picked(shelf_id, from_ms, to_ms))
        of_sku: Counter[str] = Counter()
        for (_, sku), units in picked.items():
            of_sku[sku] += max(0, units)
        sold = self._sold(from_ms, to_ms)
        goods: dict[str, ZoneGoodsRow] = {}
        for zone_id, shelf_ids in zones.items():
            here = {sku: units for (shelf_id, sku), units in picked.items() if shelf_id in shelf_ids and units > 0}
            paid = sum(min(units, sold.get(sku, 0) * units / of_sku[sku]) for sku, units in here.items())
            goods[zone_id] = ZoneGoodsRow(picked_units=sum(here.values()), paid_units=paid)
        return goods

    def queues(self, from_ms: int, to_ms: int) -> list[QueueFigures]:
        """Return each queue over the intervals that begin in the span."""
        rows = self._connection.execute(
            "SELECT zone_id, sum(people_mean * duration_ms) / max(1, sum(duration_ms)) AS people_mean, max(people_max) AS people_max,"
            " sum(waits) AS waits, sum(waited_ms) AS waited_ms, max(waited_max_ms) AS waited_max_ms FROM queues"
            " WHERE started_at_ms >= ? AND started_at_ms < ? GROUP BY zone_id ORDER BY zone_id",
            (from_ms, to_ms),
        )
        return [QueueFigures(**dict(row), now_people=self._queue_now(row["zone_id"], to_ms)) for row in rows]

    def paths(self, from_ms: int, to_ms: int, *, limit: int) -> list[PathRow]:
        """Return the ways that most people went, over the quarters that begin in the span, most first."""
        rows = self._connection.execute(
            "SELECT from_zone, to_zone, sum(people) AS people FROM zone_paths"
            " WHERE quarter_started_at_ms >= ? AND quarter_started_at_ms < ? GROUP BY from_zone, to_zone"
            " ORDER BY people DESC, from_zone, to_zone LIMIT ?",
            (from_ms, to_ms, limit),
        )
        return [PathRow(**dict(row)) for row in rows]

    def _queue_now(self, zone_id: str, to_ms: int) -> float | None:
        row = self._connection.execute(
            "SELECT people_mean FROM queues WHERE zone_id = ? AND started_at_ms >= ? AND started_at_ms < ?"
            " ORDER BY started_at_ms DESC LIMIT 1",
            (zone_id, to_ms - NOW_MS, to_ms),
        ).fetchone()
        return None if row is None else float(row[0])

    def _shelves(self) -> set[str]:
        plan = self.planogram
        return set() if plan is None else {shelf.shelf_id for bay in plan.bays for shelf in bay.shelves}

    def _picked(self, shelf_id: str, from_ms: int, to_ms: int) -> dict[tuple[str, str], int]:
        rows = self._connection.execute(
            "SELECT sku, -sum(units) FROM shelf_events WHERE shelf_id = ? AND at_ms >= ? AND at_ms < ? AND sku IS NOT NULL"
            " AND meaning IN ('picked', 'put_back') GROUP BY sku",
            (shelf_id, from_ms, to_ms),
        )
        return {(shelf_id, row[0]): row[1] for row in rows}

    def _sold(self, from_ms: int, to_ms: int) -> dict[str, int]:
        rows = self._connection.execute(
            "SELECT sku, sum(units) FROM sales WHERE sold_at_ms >= ? AND sold_at_ms < ? GROUP BY sku", (from_ms, to_ms)
        )
        return {row[0]: row[1] for row in rows}


_ZONE_QUARTERS = """
WITH known AS (
    SELECT zone_id, quarter_started_at_ms AS at_ms FROM zone_quarters WHERE quarter_started_at_ms >= ?1 AND quarter_started_at_ms < ?2
    UNION SELECT zone_id, quarter_started_at_ms FROM zone_visits WHERE quarter_started_at_ms >= ?1 AND quarter_started_at_ms < ?2
    UNION SELECT zone_id, started_at_ms / 900000 * 900000 FROM queues WHERE started_at_ms >= ?1 AND started_at_ms < ?2),
waits AS (
    SELECT zone_id, started_at_ms / 900000 * 900000 AS at_ms, sum(waits) AS waits, sum(waited_ms) AS waited_ms
    FROM queues WHERE started_at_ms >= ?1 AND started_at_ms < ?2 GROUP BY 1, 2)
SELECT known.zone_id, known.at_ms, coalesce(stay.dwell_person_ms, visits.person_ms), entries, stopped, stopped_ms, waits.waits, waited_ms
FROM known
LEFT JOIN zone_quarters AS stay ON stay.zone_id = known.zone_id AND stay.quarter_started_at_ms = known.at_ms
LEFT JOIN zone_visits AS visits ON visits.zone_id = known.zone_id AND visits.quarter_started_at_ms = known.at_ms
LEFT JOIN waits ON waits.zone_id = known.zone_id AND waits.at_ms = known.at_ms
ORDER BY known.at_ms, known.zone_id
"""

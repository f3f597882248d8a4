"""The ledger's records for the pages: what the books say beside what is there, what differs, what was counted, and day by day."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from store_hub.rows import AccuracyDayRow, DiscrepancyRow


class RecordLine(NamedTuple):
    """An article's books with what moved them, and what is believed to be where. `worth_minor`: one unit's cost, or its price."""

    sku: str
    name: str
    category: str
    price_minor: int | None
    worth_minor: int | None
    start_units: int
    received_units: int
    sold_units: int
    written_off_units: int
    adjusted_units: int
    book_units: int
    units: float | None
    low: float | None
    high: float | None
    shelf_units: float | None
    back_room_units: float | None
    basket_units: int
    on_way_units: int
    shelf_id: str | None


class FoundRow(NamedTuple):
    """A discrepancy with its article's name, first shelf, price, and how many were sold in the week before."""

    row: DiscrepancyRow
    name: str
    shelf_id: str | None
    price_minor: int | None
    week_sold: int


class CountLine(NamedTuple):
    """A count by hand beside what was believed of the same place and what the books said of the whole store."""

    sku: str
    shelf_id: str | None
    counted_units: int
    believed_units: float
    book_units: int
    counted_at_ms: int
    worth_minor: int | None


class DoubtedPlace(NamedTuple):
    """An article on a shelf, between how many units it is believed to be, and how many fit."""

    sku: str
    shelf_id: str
    low: float
    high: float
    capacity_units: int


class PastFinding(NamedTuple):
    """A finding by its subject, and when it was raised and said to be done."""

    subject: str
    raised_at_ms: int
    done_at_ms: int | None


class UnmatchedLine(NamedTuple):
    """A pick never paid (units above zero), or a sale never felt (below), with its receipt line's units."""

    sku: str
    name: str
    journal_id: int
    happened_at_ms: int
    units: int
    line_units: int
    worth_minor: int | None


class RecordQueries:
    """Queries on one open transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def record_lines(self, sku: str | None = None) -> list[RecordLine]:
        """Return every article of the plan, by name; or one."""
        rows = self._connection.execute(
            "SELECT p.sku, p.name, p.category, p.price_minor, coalesce(p.cost_minor, p.price_minor), coalesce(b.start_units, 0),"
            " coalesce(b.received_units, 0), coalesce(b.sold_units, 0), coalesce(b.written_off_units, 0), coalesce(b.adjusted_units, 0),"
            " coalesce(b.book_units, 0), t.units, t.low, t.high, t.shelf_units, s.units, coalesce(t.basket_units, 0),"
            " coalesce((SELECT sum(l.units) FROM notice_lines l JOIN notices n ON n.delivery_id = l.delivery_id"
            " WHERE l.sku = p.sku AND n.state = 'announced'), 0), (SELECT min(f.shelf_id) FROM facings f WHERE f.sku = p.sku)"
            " FROM products p LEFT JOIN books b ON b.sku = p.sku LEFT JOIN totals t ON t.sku = p.sku"
            " LEFT JOIN stock s ON s.sku = p.sku AND s.place = 'back_room' WHERE ?1 IS NULL OR p.sku = ?1 ORDER BY p.name",
            (sku,),
        )
        return [RecordLine(*row) for row in rows]

    def discrepancies(self, now_ms: int, *, closed_since_ms: int | None = None) -> list[FoundRow]:
        """Return what is found and stands, or (`closed_since_ms`) what was closed since then, newest first."""
        which = "d.closed_at_ms IS NULL" if closed_since_ms is None else "d.closed_at_ms >= :since"
        rows = self._connection.execute(
            "SELECT d.*, coalesce(p.name, d.sku), (SELECT min(f.shelf_id) FROM facings f WHERE f.sku = d.sku), p.price_minor,"
            " coalesce((SELECT sum(q.units_sold) FROM sku_quarters q WHERE q.sku = d.sku"
            " AND q.quarter_started_at_ms BETWEEN :now - 604800000 AND :now), 0)"
            f" FROM discrepancies d LEFT JOIN products p ON p.sku = d.sku WHERE d.found_at_ms IS NOT NULL AND {which}"
            " ORDER BY d.closed_at_ms DESC, d.discrepancy_id LIMIT 500",
            {"now": now_ms, "since": closed_since_ms},
        )
        fields = len(DiscrepancyRow._fields)
        return [FoundRow(DiscrepancyRow(*row[:fields]), *row[fields:]) for row in map(tuple, rows)]

    def counts(self, since_ms: int) -> list[CountLine]:
        """Return counts by hand, and accepted lines of stock-takes, newest first."""
        rows = self._connection.execute(
            "SELECT c.sku, c.shelf_id, c.counted_units, c.believed_units, c.book_units, c.counted_at_ms,"
            " coalesce(p.cost_minor, p.price_minor) FROM hand_counts c LEFT JOIN products p ON p.sku = c.sku"
            " WHERE c.counted_at_ms >= ? ORDER BY c.counted_at_ms DESC LIMIT 20000",
            (since_ms,),
        )
        return [CountLine(*row) for row in rows]

    def unmatched(self, since_ms: int) -> list[UnmatchedLine]:
        """Return picks never paid and sales never felt, oldest first."""
        rows = self._connection.execute(
            "SELECT u.sku, coalesce(p.name, u.sku), u.journal_id, u.happened_at_ms, u.units,"
            " coalesce((SELECT sum(s.units) FROM sales s WHERE s.journal_id = u.journal_id AND s.sku = u.sku), 0),"
            " coalesce(p.cost_minor, p.price_minor) FROM unmatched u LEFT JOIN products p ON p.sku = u.sku"
            " WHERE u.happened_at_ms >= ? ORDER BY u.happened_at_ms LIMIT 20000",
            (since_ms,),
        )
        return [UnmatchedLine(*row) for row in rows]

    def accuracy_days(self, *, limit: int = 60) -> list[AccuracyDayRow]:
        """Return the newest days, oldest first."""
        rows = self._connection.execute("SELECT * FROM accuracy_days ORDER BY day DESC LIMIT ?", (limit,)).fetchall()
        return [AccuracyDayRow(*row) for row in rows[::-1]]

    def misweighed(self, since_ms: int) -> list[tuple[str, str, str, float, str]]:
        """Return articles whose planned unit weight a scale contradicts: SKU, name, shelf, grams that one weighs, in words."""
        rows = self._connection.execute(
            "SELECT e.sku, coalesce(p.name, e.sku), e.shelf_id, e.weight_change_g, coalesce(e.runner_up, ''), max(e.at_ms)"
            " FROM shelf_events e LEFT JOIN products p ON p.sku = e.sku WHERE e.meaning = 'misweighed' AND e.at_ms >= ?"
            " GROUP BY e.sku, e.shelf_id ORDER BY 2",
            (since_ms,),
        )
        return [tuple(row)[:5] for row in rows]

    def doubted_places(self, from_units: float) -> list[DoubtedPlace]:
        """Return the places whose interval is at least so wide. What only tags tell of is left to them."""
        rows = self._connection.execute(
            "SELECT s.sku, s.place, s.low, s.high, f.capacity_units FROM facings f JOIN stock s ON s.sku = f.sku AND s.place = f.shelf_id"
            " WHERE (f.weighed = 1 OR s.evidence <> 'tags') AND s.high - s.low >= ? ORDER BY s.sku, s.place",
            (from_units,),
        )
        return [DoubtedPlace(*row) for row in rows]

    def findings_of(self, kind: str, since_ms: int) -> list[PastFinding]:
        """Return the findings of a kind that are open, or were closed since then."""
        rows = self._connection.execute(
            "SELECT subject, raised_at_ms, done_at_ms FROM alerts WHERE (cleared_at_ms IS NULL OR cleared_at_ms >= ?) AND kind = ?",
            (since_ms, kind),
        )
        return [PastFinding(*row) for row in rows]

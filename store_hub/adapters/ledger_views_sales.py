"""The ledger's sales for the pages: quarters, articles, tills, lines that match nothing."""

from __future__ import annotations

import sqlite3

from msgspec import Struct


class SoldQuarter(Struct, frozen=True):
    """What the tills sold in a quarter of an hour."""

    started_at_ms: int
    units: int
    revenue_minor: int
    lost_units: int


class SoldArticle(Struct, frozen=True):
    """What the tills sold of an article in a span."""

    sku: str
    name: str
    units: int
    revenue_minor: int


class TillRow(Struct, frozen=True):
    """A till, when it last sold, and how many receipts it had in the span asked for."""

    till: str
    last_sold_at_ms: int
    receipts: int


class UnmatchedRow(Struct, frozen=True):
    """Lines of the tills that name no article of the planogram."""

    sku: str
    lines: int
    units: int
    last_sold_at_ms: int


class SalesQueries:
    """Queries on one open transaction. Spans are half-open, milliseconds."""

    def __init__(self, connection: sqlite3.Connection, planogram: object) -> None:
        self._connection = connection

    def sold_quarters(self, from_ms: int, to_ms: int) -> list[SoldQuarter]:
        """Return quarters in which something was sold or lost, oldest first."""
        rows = self._connection.execute(
            "SELECT quarter_started_at_ms, sum(units_sold), sum(revenue_minor), sum(units_lost) FROM sku_quarters"
            " WHERE quarter_started_at_ms >= ? AND quarter_started_at_ms < ? GROUP BY quarter_started_at_ms ORDER BY quarter_started_at_ms",
            (from_ms, to_ms),
        )
        return [SoldQuarter(*row) for row in rows]

    def sold_articles(self, from_ms: int, to_ms: int, *, limit: int = 2_000) -> list[SoldArticle]:
        """Return articles sold in a span, by revenue."""
        rows = self._connection.execute(
            "SELECT q.sku, coalesce(p.name, q.sku), sum(q.units_sold), sum(q.revenue_minor) FROM sku_quarters q"
            " LEFT JOIN products p ON p.sku = q.sku WHERE q.quarter_started_at_ms >= ? AND q.quarter_started_at_ms < ?"
            " GROUP BY q.sku HAVING sum(q.units_sold) <> 0 ORDER BY sum(q.revenue_minor) DESC, q.sku LIMIT ?",
            (from_ms, to_ms, limit),
        )
        return [SoldArticle(*row) for row in rows]

    def receipts(self, from_ms: int, to_ms: int, till: str) -> int:
        """Return how many receipts a till had in a span."""
        row = self._connection.execute(
            "SELECT count(DISTINCT journal_id) FROM sales WHERE sold_at_ms >= ? AND sold_at_ms < ? AND till = ?",
            (from_ms, to_ms, till),
        ).fetchone()
        return int(row[0])

    def receipt_quarters(self, from_ms: int, to_ms: int) -> dict[int, int]:
        """Return how many receipts there were by quarter of an hour."""
        rows = self._connection.execute(
            "SELECT sold_at_ms / 900000 * 900000, count(DISTINCT journal_id) FROM sales"
            " WHERE sold_at_ms >= ? AND sold_at_ms < ? GROUP BY 1",
            (from_ms, to_ms),
        )
        return {row[0]: row[1] for row in rows}

    def visitor_quarters(self, from_ms: int, to_ms: int) -> dict[int, int]:
        """Return how many visitors came in by quarter of an hour; one that no door counted has no entry."""
        rows = self._connection.execute(
            "SELECT minute_started_at_ms / 900000 * 900000, sum(people_in - staff_in) FROM door_minutes"
            " WHERE minute_started_at_ms >= ? AND minute_started_at_ms < ? AND observed_ms > 0 GROUP BY 1",
            (from_ms, to_ms),
        )
        return {row[0]: row[1] for row in rows}

    def audit_pairs(self) -> list[tuple[str, float, float | None]]:
        """Return of each audited door the accuracy of its last audit and of the one before it."""
        rows = self._connection.execute(
            "SELECT door_id, count_accuracy, lead(count_accuracy) OVER w, row_number() OVER w AS newness FROM camera_audits"
            " WHERE count_accuracy IS NOT NULL WINDOW w AS (PARTITION BY door_id ORDER BY audited_at_ms DESC, journal_id DESC)"
        )
        return [(row[0], row[1], row[2]) for row in rows if row[3] == 1]

    def fills(self, since_ms: int) -> list[tuple[int, float]]:
        """Return of each refill that a scale confirmed since then when it was, and the minutes from the shelf's call until it."""
        rows = self._connection.execute(
            "SELECT cleared_at_ms, (cleared_at_ms - raised_at_ms) / 60000.0 FROM alerts WHERE cleared_at_ms >= ? AND cleared_by = 'scale'",
            (since_ms,),
        )
        return [(row[0], row[1]) for row in rows]

    def spells_out(self, from_ms: int, to_ms: int) -> list[tuple[int, int]]:
        """Return from when to when articles were on no shelf, of spells that reach into a span; one that goes on ends with the span."""
        rows = self._connection.execute(
            "SELECT started_at_ms, ended_at_ms FROM stockouts WHERE ended_at_ms > ? AND started_at_ms < ?"
            " UNION ALL SELECT out_since_ms, ? FROM totals WHERE out_since_ms < ?",
            (from_ms, to_ms, to_ms, to_ms),
        )
        return [(row[0], row[1]) for row in rows]

    def lost_sales_minor(self, from_ms: int, to_ms: int) -> float | None:
        """Return what empty places cost in a span, at the pace before they were empty; None where no place with a known pace was."""
        row = self._connection.execute(
            "SELECT sum(lost_minor_h * max(0, min(coalesce(cleared_at_ms, ?2), ?2) - max(coalesce(emptied_at_ms, raised_at_ms), ?1)))"
            " / 3600000.0 FROM alerts WHERE kind = 'empty_shelf' AND (cleared_at_ms IS NULL OR cleared_at_ms > ?1)",
            (from_ms, to_ms),
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def tills(self, from_ms: int, to_ms: int) -> list[TillRow]:
        """Return the tills that sold something in a span, by name."""
        rows = self._connection.execute(
            "SELECT till, max(sold_at_ms), count(DISTINCT journal_id) FROM sales WHERE sold_at_ms >= ? AND sold_at_ms < ?"
            " GROUP BY till ORDER BY till LIMIT 200",
            (from_ms, to_ms),
        )
        return [TillRow(*row) for row in rows]

    def unmatched_sales(self, from_ms: int, to_ms: int, *, limit: int = 50) -> list[UnmatchedRow]:
        """Return what the tills sold that the planogram does not know, the most lines first."""
        rows = self._connection.execute(
            "SELECT sku, count(*), sum(units), max(sold_at_ms) FROM sales WHERE sold_at_ms >= ? AND sold_at_ms < ? AND known = 0"
            " GROUP BY sku ORDER BY count(*) DESC, sku LIMIT ?",
            (from_ms, to_ms, limit),
        )
        return [UnmatchedRow(*row) for row in rows]

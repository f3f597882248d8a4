"""The ledger's goods for the pages: stock, books, and the evidence behind a facing."""

from __future__ import annotations

import sqlite3

from store_hub.adapters.ledger_views_rows import ArticlelessTagRow, EventRow, SaleRow, StockRow, TagRow, TotalRow, WeightRow, WrongWeightRow
from wire_format.plans import Planogram

EVIDENCE_ROWS_MAX = 400
ARTICLES_MAX = 20_000


class ShelfQueries:
    """Queries on one open transaction. Spans are half-open, milliseconds."""

    def __init__(self, connection: sqlite3.Connection, planogram: Planogram | None) -> None:
        self._connection = connection
        self.planogram = planogram

    def stock(self) -> dict[tuple[str, str], StockRow]:
        """Return what is believed to be at every place, by `(sku, place)`."""
        rows = self._connection.execute(
            "SELECT sku, place, units, low, high, evidence, updated_at_ms FROM stock LIMIT ?", (ARTICLES_MAX,)
        ).fetchall()
        return {(row["sku"], row["place"]): StockRow(**dict(row)) for row in rows}

    def totals(self) -> list[TotalRow]:
        """Return every article of the planogram in the whole store, beside its book figure and with one shelf to go to."""
        rows = self._connection.execute(
            "SELECT t.sku, p.name, t.units, t.low, t.high, t.basket_units, t.out_since_ms, b.book_units,"
            " (SELECT f.shelf_id FROM facings f WHERE f.sku = t.sku LIMIT 1) AS shelf_id"
            " FROM totals t JOIN products p ON p.sku = t.sku LEFT JOIN books b ON b.sku = t.sku ORDER BY p.name LIMIT ?",
            (ARTICLES_MAX,),
        )
        return [TotalRow(**dict(row)) for row in rows]

    def sold(self, from_ms: int, to_ms: int) -> tuple[int, int]:
        """Return units and revenue (minor units) of the quarters that begin in the span, net of returns."""
        row = self._connection.execute(
            "SELECT coalesce(sum(units_sold), 0), coalesce(sum(revenue_minor), 0) FROM sku_quarters"
            " WHERE quarter_started_at_ms >= ? AND quarter_started_at_ms < ?",
            (from_ms, to_ms),
        ).fetchone()
        return int(row[0]), int(row[1])

    def has_sales(self) -> bool:
        """Tell whether a till has ever spoken."""
        return self._connection.execute("SELECT 1 FROM sales LIMIT 1").fetchone() is not None

    def weights(self, shelf_id: str, from_ms: int, to_ms: int) -> list[WeightRow]:
        """Return the newest settled weights of the span, oldest first."""
        rows = self._connection.execute(
            "SELECT at_ms, weight_g FROM shelf_weights WHERE shelf_id = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms DESC LIMIT ?",
            (shelf_id, from_ms, to_ms, EVIDENCE_ROWS_MAX),
        ).fetchall()
        return [WeightRow(**dict(row)) for row in reversed(rows)]

    def last_weight_before(self, shelf_id: str, at_ms: int) -> WeightRow | None:
        """Return the weight a span began with."""
        row = self._connection.execute(
            "SELECT at_ms, weight_g FROM shelf_weights WHERE shelf_id = ? AND at_ms < ? ORDER BY at_ms DESC LIMIT 1", (shelf_id, at_ms)
        ).fetchone()
        return None if row is None else WeightRow(**dict(row))

    def events(self, shelf_id: str, from_ms: int, to_ms: int) -> list[EventRow]:
        """Return what happened on a shelf in the span, newest first."""
        rows = self._connection.execute(
            "SELECT e.at_ms, e.sku, coalesce(p.name, e.sku, '') AS name, e.units, e.meaning, e.probability,"
            " e.runner_up, e.runner_up_probability, e.weight_change_g"
            " FROM shelf_events e LEFT JOIN products p ON p.sku = e.sku"
            " WHERE e.shelf_id = ? AND e.at_ms >= ? AND e.at_ms < ? ORDER BY e.at_ms DESC LIMIT ?",
            (shelf_id, from_ms, to_ms, EVIDENCE_ROWS_MAX),
        )
        return [EventRow(**dict(row)) for row in rows]

    def wrong_weights(self) -> list[WrongWeightRow]:
        """Return the articles whose planned unit weight their scale contradicts now."""
        rows = self._connection.execute(
            "WITH kept AS (SELECT shelf_id, CAST(state AS TEXT) AS state FROM beliefs)"
            " SELECT k.shelf_id, s.value AS sku, coalesce(p.name, s.value) AS name, p.unit_weight_g AS planned_g,"
            " json_extract(w.value, '$.unit_g') AS found_g FROM kept k, json_each(k.state, '$.belief.skus') s,"
            " json_each(k.state, '$.belief.weights') w LEFT JOIN products p ON p.sku = s.value"
            " WHERE w.key = s.key AND json_extract(w.value, '$.told') ORDER BY k.shelf_id, s.value"
        )
        return [WrongWeightRow(**dict(row)) for row in rows]

    def sales(self, sku: str, from_ms: int, to_ms: int) -> list[SaleRow]:
        """Return an article's lines of the till in the span, newest first."""
        rows = self._connection.execute(
            "SELECT sold_at_ms, units, price_minor, till FROM sales WHERE sold_at_ms >= ? AND sold_at_ms < ? AND sku = ?"
            " ORDER BY sold_at_ms DESC LIMIT ?",
            (from_ms, to_ms, sku, EVIDENCE_ROWS_MAX),
        )
        return [SaleRow(**dict(row)) for row in rows]

    def tags(self, sku: str) -> list[TagRow]:
        """Return where tags of an article are present."""
        rows = self._connection.execute(
            "SELECT zone_id, tags_present, updated_at_ms FROM tag_counts"
            " WHERE sku = ? AND tags_present > 0 ORDER BY tags_present DESC LIMIT 20",
            (sku,),
        )
        return [TagRow(**dict(row)) for row in rows]

    def articleless_tag_count(self) -> int:
        """Return how many present tags the planogram gives no article."""
        return int(self._connection.execute("SELECT coalesce(sum(tags_present), 0) FROM tag_counts WHERE sku = '?'").fetchone()[0])

    def articleless_tags(self, *, limit: int = 20) -> list[ArticlelessTagRow]:
        """Return the present tags of no article, newest first."""
        rows = self._connection.execute(
            "SELECT epc, zone_id, gtin, since_ms FROM tags WHERE present = 1 AND sku IS NULL ORDER BY since_ms DESC LIMIT ?", (limit,)
        )
        return [ArticlelessTagRow(**dict(row)) for row in rows]

"""The ledger's deliveries, stock-takes and tags beside the stock, for the pages."""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from store_hub.rows import NoticeAcceptedRow, NoticeLineRow, NoticeRow, NoticeTagRow, StockTakeLineRow, StockTakeRow
from wire_format.plans import Planogram

TAGS_SHOWN_MAX = 20


class TaggedStockRow(Struct, frozen=True, kw_only=True):
    """An article's present tags on the floor (each once), beside what its shelves are believed to hold; and what a count said."""

    sku: str
    name: str
    tags: int
    units: float
    low: float | None
    high: float | None
    gap_units: int | None
    counted_at_ms: int | None


class TwicePresentRow(Struct, frozen=True, kw_only=True):
    """A tag that is present in two zones or more. `since_ms`: for how long at least."""

    epc: str
    sku: str | None
    name: str
    zone_ids: str
    since_ms: int


class UnpaidExitRow(Struct, frozen=True, kw_only=True):
    """A tag that left the shop unpaid."""

    name: str
    epc: str
    at_ms: int
    place: str


class GoodsQueries:
    """Queries on one open transaction."""

    def __init__(self, connection: sqlite3.Connection, planogram: Planogram | None) -> None:
        self._connection = connection
        self.planogram = planogram

    def notices(self, *, accepted_since_ms: int, limit: int = 50) -> list[NoticeRow]:
        """Return open deliveries, what is expected first before what comes later, then those accepted since then, newest first."""
        rows = self._connection.execute(
            "SELECT * FROM notices WHERE state = 'announced' OR accepted_at_ms >= ? ORDER BY state = 'accepted',"
            " CASE WHEN state = 'accepted' THEN -accepted_at_ms ELSE coalesce(expected_at_ms, announced_at_ms) END, delivery_id LIMIT ?",
            (accepted_since_ms, limit),
        )
        return [NoticeRow(*row) for row in rows]

    def open_notice_count(self) -> int:
        """Return how many deliveries are announced and not signed for."""
        return int(self._connection.execute("SELECT count(*) FROM notices WHERE state = 'announced'").fetchone()[0])

    def notice_parts(self, delivery_id: str) -> tuple[list[NoticeLineRow], list[NoticeTagRow], list[NoticeAcceptedRow]]:
        """Return a delivery's lines, tags read on it, and what was signed for."""
        read = [
            self._connection.execute(f"SELECT * FROM {table} WHERE delivery_id = ? ORDER BY {order}", (delivery_id,)).fetchall()
            for table, order in (("notice_lines", "line"), ("notice_tags", "tag"), ("notice_accepted", "sku"))
        ]
        return (
            [NoticeLineRow(*row) for row in read[0]],
            [NoticeTagRow(*row) for row in read[1]],
            [NoticeAcceptedRow(*row) for row in read[2]],
        )

    def stock_takes(self, *, limit: int = 5) -> list[StockTakeRow]:
        """Return open stock-takes, then the newest closed ones."""
        rows = self._connection.execute(
            "SELECT * FROM stock_takes ORDER BY closed_at_ms IS NOT NULL, last_read_at_ms DESC LIMIT ?", (limit,)
        )
        return [StockTakeRow(*row) for row in rows]

    def stock_take_lines(self, stock_take_id: str) -> list[StockTakeLineRow]:
        """Return a stock-take's lines, what waits for a decision first and the largest difference first."""
        rows = self._connection.execute(
            "SELECT * FROM stock_take_lines WHERE stock_take_id = ?"
            " ORDER BY state NOT IN ('open', 'recount'), abs(counted_units - believed_units) DESC, sku",
            (stock_take_id,),
        )
        return [StockTakeLineRow(*row) for row in rows]

    def stock_take_tags(self, stock_take_id: str, sku: str) -> list[str]:
        """Return the tags read of an article in a stock-take."""
        rows = self._connection.execute(
            "SELECT tag FROM stock_take_tags WHERE stock_take_id = ? AND sku = ? ORDER BY tag", (stock_take_id, sku)
        )
        return [row[0] for row in rows]

    def present_epcs(self, sku: str) -> list[str]:
        """Return the tags of an article that fixed readers see, as hex."""
        return [
            row[0] for row in self._connection.execute("SELECT DISTINCT epc FROM tags WHERE sku = ? AND present = 1 ORDER BY epc", (sku,))
        ]

    def article_names(self) -> dict[str, str]:
        """Return every article's name by its SKU."""
        return dict(self._connection.execute("SELECT sku, name FROM products").fetchall())

    def tagged_stock(self, floor_zones: list[str]) -> list[TaggedStockRow]:
        """Return articles of which tags were seen on the floor, with the stock of their shelves."""
        marks = ", ".join("?" * len(floor_zones)) or "''"
        rows = self._connection.execute(
            "SELECT t.sku, p.name, count(DISTINCT CASE WHEN t.present = 1 THEN t.epc END) AS tags,"
            " (SELECT sum(units) FROM stock s WHERE s.sku = t.sku AND s.place <> 'back_room') AS units,"
            " (SELECT CASE WHEN count(low) = count(*) THEN sum(low) END FROM stock s WHERE s.sku = t.sku AND s.place <> 'back_room')"
            " AS low,"
            " (SELECT CASE WHEN count(high) = count(*) THEN sum(high) END FROM stock s WHERE s.sku = t.sku AND s.place <> 'back_room')"
            " AS high, g.units AS gap_units, g.counted_at_ms"
            " FROM tags t JOIN products p ON p.sku = t.sku LEFT JOIN tag_gaps g ON g.sku = t.sku AND g.place = 'shop_floor'"
            f" WHERE t.zone_id IN ({marks}) GROUP BY t.sku ORDER BY p.name LIMIT 500",
            floor_zones,
        )
        return [TaggedStockRow(**dict(row)) for row in rows if row["units"] is not None]

    def unpaid_exits(self, since_ms: int, before_ms: int) -> tuple[int, list[UnpaidExitRow]]:
        """Return how many tags left unpaid in that time, and the newest of them."""
        span = (since_ms, before_ms)
        count = self._connection.execute("SELECT count(*) FROM tag_exits WHERE units > 0 AND at_ms >= ? AND at_ms < ?", span).fetchone()[0]
        rows = self._connection.execute(
            "SELECT coalesce(p.name, x.sku) AS name, x.epc, x.at_ms, x.place FROM tag_exits x LEFT JOIN products p ON p.sku = x.sku"
            " WHERE x.units > 0 AND x.at_ms >= ? AND x.at_ms < ? ORDER BY x.at_ms DESC, x.epc LIMIT ?",
            (*span, TAGS_SHOWN_MAX),
        )
        return int(count), [UnpaidExitRow(**dict(row)) for row in rows]

    def tag_zones(self, since_ms: int) -> list[str]:
        """Return the zones in which tags are, or came and went since then."""
        rows = self._connection.execute(
            "SELECT DISTINCT zone_id FROM tag_counts WHERE tags_present > 0 OR updated_at_ms >= ? ORDER BY zone_id", (since_ms,)
        )
        return [row[0] for row in rows]

    def tags_in_two_places(self, before_ms: int) -> list[TwicePresentRow]:
        """Return tags that have been present in two zones since before then."""
        rows = self._connection.execute(
            "SELECT t.epc, t.sku, coalesce(p.name, '') AS name, group_concat(t.zone_id, '|') AS zone_ids, max(t.since_ms) AS since_ms"
            " FROM tags t LEFT JOIN products p ON p.sku = t.sku WHERE t.present = 1"
            " GROUP BY t.epc HAVING count(*) > 1 AND max(t.since_ms) < ? ORDER BY since_ms DESC LIMIT ?",
            (before_ms, TAGS_SHOWN_MAX),
        )
        return [TwicePresentRow(**dict(row)) for row in rows]

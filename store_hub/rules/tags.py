"""Which tags are where, and how many of each article in each zone."""

from __future__ import annotations

from collections import defaultdict

from store_hub.rows import Effect, TagCountRow, TagRow
from store_hub.rules.epc import gtin_14, gtin_of_epc
from wire_format.observations import TagLeft, TagSeen
from wire_format.plans import Planogram

UNKNOWN_ARTICLE = "?"


class TagBook:
    """Remembers the tags that are present; those that left are the ledger's to keep."""

    def __init__(self) -> None:
        self._present: dict[tuple[str, str], TagRow] = {}
        self._counts: dict[tuple[str, str], int] = defaultdict(int)
        self._sku_of_gtin: dict[str, str] = {}

    def restore_tag(self, row: TagRow) -> None:
        """Go on from a tag that the ledger holds as present."""
        self._present[row.epc, row.zone_id] = row

    def restore_count(self, row: TagCountRow) -> None:
        """Go on from a count that the ledger holds."""
        self._counts[row.sku, row.zone_id] = row.tags_present

    def use_planogram(self, planogram: Planogram) -> None:
        """Know articles by their GTINs from now on. Tags booked before keep the article they were booked under."""
        self._sku_of_gtin = {gtin_14(product.gtin): product.sku for product in planogram.products if product.gtin is not None}

    def seen(self, tag: TagSeen, at_ms: int) -> list[Effect]:
        """Return what a tag's arrival changes. News older than what is known changes nothing."""
        known = self._present.get((tag.epc, tag.zone_id))
        if known is not None:
            if at_ms < known.since_ms or tag.confidence == known.confidence:
                return []
            surer = known._replace(confidence=tag.confidence)
            self._present[tag.epc, tag.zone_id] = surer
            return [surer]
        gtin = gtin_of_epc(tag.epc)
        sku = self._sku_of_gtin.get(gtin) if gtin is not None else None
        row = TagRow(tag.epc, tag.zone_id, gtin, sku, 1, tag.confidence, at_ms)
        self._present[tag.epc, tag.zone_id] = row
        return [row, self._count(sku, tag.zone_id, +1, at_ms)]

    def left(self, tag: TagLeft, at_ms: int) -> list[Effect]:
        """Return what a tag's departure changes."""
        known = self._present.get((tag.epc, tag.zone_id))
        if known is None or at_ms < known.since_ms:
            return []
        del self._present[tag.epc, tag.zone_id]
        gone = known._replace(present=0, confidence=tag.confidence, since_ms=at_ms)
        return [gone, self._count(known.sku, tag.zone_id, -1, at_ms)]

    def _count(self, sku: str | None, zone_id: str, change: int, at_ms: int) -> TagCountRow:
        key = (sku or UNKNOWN_ARTICLE, zone_id)
        self._counts[key] += change
        return TagCountRow(*key, self._counts[key], at_ms)

"""A tag that names no article of ours is still a tag in a zone: kept, counted, and gone only when it leaves."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from tagged_goods import cola

from store_hub.rows import TagCountRow, TagRow
from store_hub.rules.tags import UNKNOWN_ARTICLE, TagBook
from wire_format.observations import TagLeft, TagSeen

# An SGTIN-198 with the serial number 32a/b, as the standard prints it, filled up to whole words.
LONG_SERIAL = "3674257BF6B7A659B2C2BF1".ljust(52, "0")


@pytest.mark.parametrize(
    ("epc", "gtin"),
    [
        ("E2801160600002042A6B1C2D", None),
        ("303C257BF7194E4000001A85", None),
        ("3174257BF4499602D2000000", None),
        (LONG_SERIAL, "70614141123451"),
    ],
)
def test_a_tag_of_whatever_content_is_kept_until_it_leaves(core: Any, epc: str, gtin: str | None) -> None:
    book = TagBook()
    book.use_planogram(core.shop_plan())
    seen = TagSeen(**core.stamp(core.NOON_MS), epc=epc, zone_id="front", confidence=0.9)
    left = TagLeft(**core.stamp(core.NOON_MS), epc=epc, zone_id="front", confidence=0.9, last_read_at_ms=core.NOON_MS)
    assert book.seen(seen, 1_000) == [
        TagRow(epc, "front", gtin, None, 1, 0.9, 1_000),
        TagCountRow(UNKNOWN_ARTICLE, "front", 1, 1_000),
    ]
    assert book.left(left, 2_000)[1:] == [TagCountRow(UNKNOWN_ARTICLE, "front", 0, 2_000)]


def test_an_article_is_known_by_a_long_serial_number_too(core: Any) -> None:
    plan = core.shop_plan()
    plan.products[0] = msgspec.structs.replace(plan.products[0], gtin="70614141123451")
    book = TagBook()
    book.use_planogram(plan)
    seen = TagSeen(**core.stamp(core.NOON_MS), epc=LONG_SERIAL, zone_id="front", confidence=0.9)
    assert book.seen(seen, 1_000)[1:] == [TagCountRow(plan.products[0].sku, "front", 1, 1_000)]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_comes_and_goes_an_articles_present_tags_are_each_once_where_they_came_last_in_order(core: Any, seed: int) -> None:
    random, book = Random(seed), TagBook()
    book.use_planogram(core.shop_plan())
    rows: dict[tuple[str, str], TagRow] = {}
    for at_ms in range(1_000, 1_400):
        epc, zone_id = cola(random.randrange(8)), random.choice(["front", "back", "hall"])
        told: dict[str, Any] = {**core.stamp(core.NOON_MS), "epc": epc, "zone_id": zone_id, "confidence": 0.9}
        came = random.random() < 0.6
        effects = book.seen(TagSeen(**told), at_ms // 2) if came else book.left(TagLeft(**told, last_read_at_ms=1), at_ms // 2)
        rows |= {(row.epc, row.zone_id): row for row in effects if isinstance(row, TagRow)}
        present = [row for row in rows.values() if row.present]
        last = {row.epc: row for row in sorted(present, key=lambda row: (row.since_ms, row.zone_id))}
        assert book.present_of("cola") == [last[each] for each in sorted(last)]
        assert book.zones_of("cola") == sorted({row.zone_id for row in rows.values()})

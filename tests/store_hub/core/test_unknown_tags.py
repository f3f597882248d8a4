"""A tag that names no article of ours is still a tag in a zone: kept, counted, and gone only when it leaves."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

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

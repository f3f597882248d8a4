"""Tags that go through doors: where they are then, what EPCIS hears of it, and who left without paying."""

from __future__ import annotations

from typing import Any

import pytest
from tagged_goods import carry, events, gum, is_rebuilt, leave, make_tagged, see, two_minutes_later

from store_hub.entries import Sale, SaleLine

MINUTE_MS = 60_000


@pytest.fixture
def tagged(shop: Any, core: Any) -> Any:
    return make_tagged(shop, core)


def sell(shop: Any, units: int = 1) -> None:
    shop.tell(Sale(till="1", sold_at_ms=shop.clock.at_ms, lines=[SaleLine(sku="gum", units=units)]))


def unpaid(shop: Any) -> list[str]:
    return [row[0] for row in shop.rows("SELECT epc FROM tag_exits WHERE units > 0 ORDER BY journal_id")]


def present(shop: Any) -> list[tuple[Any, ...]]:
    return shop.rows("SELECT zone_id, by_door FROM tags WHERE present = 1 ORDER BY epc, zone_id")


def steps(shop: Any) -> list[tuple[Any, ...]]:
    """Business step, read point and location of each event, each without the store's own part."""
    places = [[event.get(name, {}).get("id", "").rpartition("/")[2] for name in ("readPoint", "bizLocation")] for event in events(shop)]
    return [(event.get("bizStep"), *place) for event, place in zip(events(shop), places, strict=True)]


def test_goods_through_the_stock_door_change_place_in_stock_and_in_epcis(tagged: Any) -> None:
    for serial in range(3):
        see(tagged, gum(serial), "store")
    for serial in range(2):
        carry(tagged, gum(serial), "store", "aisle")
        leave(tagged, gum(serial), "store")
    two_minutes_later(tagged)
    assert (tagged.units("gum", "back_room"), tagged.units("gum", "sweets")) == (1, 2)
    carry(tagged, gum(1), "aisle", "store")
    assert (tagged.units("gum", "back_room"), tagged.units("gum", "sweets")) == (2, 1)
    assert steps(tagged)[3:] == [("stocking", "door", "aisle"), ("stocking", "door", "aisle"), ("storing", "door", "store")]
    is_rebuilt(tagged)


def test_what_only_a_door_says_holds_until_an_antenna_says_otherwise(tagged: Any) -> None:
    carry(tagged, gum(1), "store", "aisle")
    assert present(tagged) == [("aisle", 1)]
    see(tagged, gum(1), "front")
    assert present(tagged) == [("front", 0)]
    carry(tagged, gum(1), "store", "aisle")
    see(tagged, gum(1), "aisle")
    assert ("aisle", 0) in present(tagged)
    is_rebuilt(tagged)


@pytest.mark.parametrize(("door", "confidence"), [(None, 0.99), ("door", 0.4)])
def test_a_move_from_zone_to_zone_and_an_unsure_one_leave_the_places_to_the_antennas(
    tagged: Any, door: str | None, confidence: float
) -> None:
    see(tagged, gum(1), "store")
    carry(tagged, gum(1), "store", "aisle", door=door, confidence=confidence)
    assert present(tagged) == [("store", 0)]


def test_a_tag_out_of_the_front_door_has_departed_once_however_many_say_so(tagged: Any) -> None:
    see(tagged, gum(1), "gate")
    carry(tagged, gum(1), "gate", None)
    leave(tagged, gum(1), "gate")
    see(tagged, gum(2), "gate")
    leave(tagged, gum(2), "gate")
    carry(tagged, gum(2), "gate", None)
    assert [step for step in steps(tagged) if step[0]] == [("departing", "door", ""), ("departing", "gate", "")]
    assert unpaid(tagged) == [gum(1), gum(2)]
    is_rebuilt(tagged)


def test_what_is_paid_before_or_told_by_the_till_later_did_not_leave_unpaid(tagged: Any) -> None:
    sell(tagged)
    carry(tagged, gum(1), "gate", None)
    assert unpaid(tagged) == []
    left_at_ms = tagged.clock.at_ms + 1000
    carry(tagged, gum(2), "gate", None)
    carry(tagged, gum(3), "gate", None)
    assert unpaid(tagged) == [gum(2), gum(3)]
    tagged.clock.at_ms += 5 * MINUTE_MS
    tagged.tell(Sale(till="1", sold_at_ms=left_at_ms - MINUTE_MS, lines=[SaleLine(sku="gum", units=1)]))
    assert unpaid(tagged) == [gum(3)]
    tagged.reopen()
    sell(tagged, units=5)
    assert unpaid(tagged) == [gum(3)], "a sale five minutes after it pays for somebody else's"
    is_rebuilt(tagged)


def test_a_sale_pays_for_an_exit_for_half_an_hour(tagged: Any) -> None:
    sell(tagged)
    tagged.clock.at_ms += 40 * MINUTE_MS
    carry(tagged, gum(1), "gate", None)
    assert unpaid(tagged) == [gum(1)]
    is_rebuilt(tagged)


def test_a_tag_that_comes_back_has_not_left(tagged: Any) -> None:
    carry(tagged, gum(1), "gate", None)
    see(tagged, gum(1), "gate")
    assert unpaid(tagged) == []
    is_rebuilt(tagged)

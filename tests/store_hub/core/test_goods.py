"""Goods seen through their tags: stock, stock-takes and deliveries, on a real ledger."""

from __future__ import annotations

from typing import Any

import pytest
from tagged_goods import CARTON, GLN, SSCC, announce, cola, events, gum, is_rebuilt, leave, make_tagged, see, two_minutes_later

from store_hub.entries import Sale, SaleLine, StockCount
from store_hub.entries_goods import (
    AcceptedLine,
    DeliveryAcceptance,
    DeliveryNotice,
    DeliveryReads,
    NoticeLine,
    StockTakeDecision,
    StockTakeReads,
)
from store_hub.errors import GoodsRefused


@pytest.fixture
def tagged(shop: Any, core: Any) -> Any:
    return make_tagged(shop, core)


def test_tags_keep_the_stock_of_a_shelf_without_a_scale_and_of_the_back_room(tagged: Any) -> None:
    for serial in range(5):
        see(tagged, gum(serial), "store")
    assert tagged.units("gum", "back_room") == 5
    for serial in range(2):
        see(tagged, gum(serial), "aisle")
        leave(tagged, gum(serial), "store")
    assert (tagged.units("gum", "back_room"), tagged.units("gum", "sweets")) == (3, 10), "the reader may not have heard all of them yet"
    two_minutes_later(tagged)
    assert (tagged.units("gum", "back_room"), tagged.units("gum", "sweets")) == (3, 2)
    tagged.tell(Sale(till="1", lines=[SaleLine(sku="gum", units=1)]))
    leave(tagged, gum(0), "aisle")
    two_minutes_later(tagged)
    assert tagged.units("gum", "sweets") == 1, "the till and the tag tell of the same piece"
    is_rebuilt(tagged)


def test_a_tag_that_is_hidden_for_a_minute_calls_nobody_and_one_that_stays_away_does(tagged: Any) -> None:
    for serial in range(5):
        see(tagged, gum(serial), "aisle")
    two_minutes_later(tagged)
    leave(tagged, gum(0), "aisle")
    tagged.reopen()
    tagged.weigh(10, 6, after_s=60)
    ((units, low),) = tagged.rows("SELECT units, low FROM stock WHERE sku = 'gum' AND place = 'sweets'")
    assert units == 5 > 4 >= low
    see(tagged, gum(0), "aisle")
    two_minutes_later(tagged)
    assert tagged.rows("SELECT count(*) FROM alerts WHERE sku = 'gum'") == [(0,)]
    leave(tagged, gum(1), "aisle")
    two_minutes_later(tagged)
    assert tagged.units("gum", "sweets") == 4
    assert tagged.rows("SELECT kind FROM alerts WHERE sku = 'gum'") == [("low_shelf",)]
    is_rebuilt(tagged)


def test_a_tag_heard_at_the_gate_too_stands_on_its_shelf_until_nobody_hears_it_there(tagged: Any) -> None:
    for serial in range(5):
        see(tagged, gum(serial), "aisle")
    two_minutes_later(tagged)
    see(tagged, gum(0), "gate")
    assert tagged.units("gum", "sweets") == 5, "a stray read from the gate's antenna, or somebody on the way there: the aisle will tell"
    assert tagged.rows("SELECT count(*) FROM alerts WHERE sku = 'gum'") == [(0,)]
    leave(tagged, gum(0), "gate")
    assert tagged.units("gum", "sweets") == 5
    see(tagged, gum(1), "gate")
    tagged.reopen()
    leave(tagged, gum(1), "aisle")
    assert tagged.units("gum", "sweets") == 4, "it is at the gate, and nowhere else"
    see(tagged, gum(2), "gate")
    tagged.tell(StockCount(sku="gum", units=4, shelf_id="sweets"))
    assert tagged.units("gum", "sweets") == 4
    see(tagged, gum(3), "store")
    assert (tagged.units("gum", "sweets"), tagged.units("gum", "back_room")) == (3, 1), "goods go back there: where it came last counts"
    is_rebuilt(tagged)


def test_what_a_count_finds_beyond_the_tags_has_no_tag_and_stays_counted(tagged: Any) -> None:
    for serial in range(4):
        see(tagged, gum(serial), "aisle", confidence=0.9)
    tagged.tell(StockCount(sku="gum", units=6, shelf_id="sweets"))
    assert tagged.rows("SELECT place, units, tags FROM tag_gaps") == [("shop_floor", 2, 4)]
    leave(tagged, gum(0), "aisle")
    two_minutes_later(tagged)
    ((units, low, high),) = tagged.rows("SELECT units, low, high FROM stock WHERE sku = 'gum' AND place = 'sweets'")
    assert units == 5
    assert low < 5 < high, "reads at 90 % leave a doubt"
    is_rebuilt(tagged)


def test_a_count_that_finds_a_hidden_tag_leaves_nothing_without_a_tag(tagged: Any) -> None:
    for serial in range(5):
        see(tagged, gum(serial), "aisle")
    two_minutes_later(tagged)
    leave(tagged, gum(0), "aisle")
    tagged.weigh(10, 6, after_s=20)
    leave(tagged, gum(1), "aisle")
    tagged.tell(StockCount(sku="gum", units=4, shelf_id="sweets"))
    assert tagged.rows("SELECT units, tags FROM tag_gaps WHERE place = 'shop_floor'") == [(0, 4)], "who left last is hidden, the other gone"
    assert tagged.units("gum", "sweets") == 4
    see(tagged, gum(1), "aisle")
    assert tagged.units("gum", "sweets") == 4
    is_rebuilt(tagged)


def test_where_tags_hide_for_longer_a_shop_waits_longer_for_them(tagged: Any) -> None:
    for serial in range(5):
        see(tagged, gum(serial), "aisle")
    two_minutes_later(tagged)
    for _ in range(12):
        leave(tagged, gum(0), "aisle")
        tagged.weigh(10, 6, after_s=150)
        see(tagged, gum(0), "aisle")
    tagged.reopen()
    leave(tagged, gum(1), "aisle")
    tagged.weigh(10, 6, after_s=135)
    assert tagged.units("gum", "sweets") == 5, "nine of ten here came back after two and a half minutes"
    tagged.weigh(10, 6, after_s=60)
    assert tagged.units("gum", "sweets") == 4
    is_rebuilt(tagged)


def test_an_article_that_is_not_declared_tagged_keeps_its_stock_whatever_tags_are_seen(tagged: Any) -> None:
    see(tagged, cola(1), "store")
    assert tagged.units("cola", "back_room") == 24


# ---- stock-takes


def test_a_stock_take_shows_each_difference_and_books_only_what_is_accepted(tagged: Any) -> None:
    for serial in range(3):
        see(tagged, gum(serial), "aisle")
    two_minutes_later(tagged)
    reads = [gum(1), f"urn:epc:id:sgtin:4012345.012345.{7}", cola(8), cola(8), "E2801160600002042A6B1C2D"]
    tagged.tell(StockTakeReads(stock_take_id="nov", epcs=reads, read_by="Ana"), key="n1")
    lines = tagged.rows("SELECT sku, counted_units, believed_units, book_units, state FROM stock_take_lines ORDER BY sku")
    assert lines == [("cola", 2, 34.0, 34, "open"), ("gum", 1, 33.0, 40, "open")]
    assert tagged.rows("SELECT sku FROM stock_take_tags WHERE tag LIKE 'urn:epc:raw%'") == [("?",)]
    tagged.tell(StockTakeDecision(stock_take_id="nov", action="ignore", sku="gum", counted_units=1, by="Li"))
    tagged.tell(StockTakeDecision(stock_take_id="nov", action="accept", sku="cola", counted_units=2, by="Li"))
    assert tagged.rows("SELECT book_units FROM books WHERE sku IN ('cola', 'gum') ORDER BY sku") == [(2,), (40,)]
    assert tagged.rows("SELECT counted_units, book_units FROM hand_counts") == [(2, 34)]
    told = events(tagged)[-1]
    assert told["bizStep"] == "stock_taking"
    assert told["epcList"] == ["urn:epc:id:sgtin:4012345.012345.7", "urn:epc:id:sgtin:4012345.012345.8"]
    is_rebuilt(tagged)


def test_what_is_sold_between_counting_and_accepting_is_not_counted_twice(tagged: Any) -> None:
    tagged.weigh(10, 6)
    tagged.tell(StockTakeReads(stock_take_id="shelf", epcs=[cola(serial) for serial in range(9)], place="drinks"))
    tagged.weigh(7, 6)  # Three of the ten that were believed are taken.
    tagged.tell(StockTakeDecision(stock_take_id="shelf", action="accept", sku="cola", counted_units=9))
    assert tagged.units("cola", "drinks") == 6


def test_a_line_counted_again_forgets_its_tags_and_waits_for_new_ones(tagged: Any) -> None:
    tagged.tell(StockTakeReads(stock_take_id="nov", epcs=[cola(1), cola(2)]))
    tagged.tell(StockTakeDecision(stock_take_id="nov", action="recount", sku="cola"))
    with pytest.raises(GoodsRefused, match="changed meanwhile"):
        tagged.tell(StockTakeDecision(stock_take_id="nov", action="accept", sku="cola", counted_units=0))
    tagged.reopen()
    tagged.tell(StockTakeReads(stock_take_id="nov", epcs=[cola(2)]))
    assert tagged.rows("SELECT counted_units, state FROM stock_take_lines WHERE sku = 'cola'") == [(1, "open")]
    is_rebuilt(tagged)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (StockTakeDecision(stock_take_id="nov", action="accept", sku="cola", counted_units=5), "changed meanwhile"),
        (StockTakeDecision(stock_take_id="nov", action="accept", sku="tea", counted_units=0), "no line"),
        (StockTakeDecision(stock_take_id="dec", action="close"), "not known"),
        (StockTakeReads(stock_take_id="nov", epcs=[cola(1)], place="back_room"), "is of the whole store"),
        (StockTakeReads(stock_take_id="jan", epcs=[cola(1)], place="nowhere"), "no shelf nowhere"),
        (DeliveryReads(delivery_id="d9", epcs=[cola(1)]), "no delivery d9"),
        (DeliveryAcceptance(delivery_id="d9", lines=[AcceptedLine(sku="cola", units=1)], by="Li"), "no delivery d9"),
        (DeliveryNotice(delivery_id="d8", lines=[NoticeLine(units=1)]), "name the article"),
        (DeliveryNotice(delivery_id="d8", lines=[NoticeLine(units=1, gtin="9521234000014")]), "line 1: the check digit of GTIN"),
        (DeliveryNotice(delivery_id="d8", lines=[NoticeLine(units=1, sku="cola", sscc="0" * 17 + "1")]), "line 1: the check digit of SSCC"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason_and_leaves_no_trace(tagged: Any, said: Any, why: str) -> None:
    tagged.tell(StockTakeReads(stock_take_id="nov", epcs=[cola(1)]))
    before = tagged.ledger.last_journal_id()
    with pytest.raises(GoodsRefused, match=why):
        tagged.tell(said)
    assert tagged.ledger.last_journal_id() == before


def test_a_closed_stock_take_takes_nothing_more_even_after_a_restart(tagged: Any) -> None:
    tagged.tell(StockTakeReads(stock_take_id="nov", epcs=[cola(1)]))
    tagged.tell(StockTakeDecision(stock_take_id="nov", action="close", by="Li"))
    tagged.reopen()
    with pytest.raises(GoodsRefused, match="is closed"):
        tagged.tell(StockTakeReads(stock_take_id="nov", epcs=[cola(2)]))
    is_rebuilt(tagged)


# ---- receiving


def test_what_is_new_in_the_back_room_counts_to_the_delivery_that_misses_it(tagged: Any) -> None:
    see(tagged, cola(1), "store")  # Before anything was announced.
    announce(tagged)
    leave(tagged, cola(1), "store")
    see(tagged, cola(1), "store")  # An old friend is no delivery.
    see(tagged, gum(1), "aisle")  # New, but not at the back door.
    for epc in (gum(2), gum(3), CARTON, cola(2), cola(3), cola(4)):
        see(tagged, epc, "store")
    found = tagged.rows("SELECT tag, sku, sscc FROM notice_tags ORDER BY journal_id")
    assert [row[1] for row in found] == ["gum", "gum", "", "cola", "cola", "cola"]
    assert found[2][2] == SSCC
    is_rebuilt(tagged)


def test_signing_books_what_came_and_tells_of_the_carton_and_of_what_lay_beside_it(tagged: Any) -> None:
    announce(tagged)
    for epc in (gum(1), gum(2), CARTON, cola(2), cola(3), cola(4)):
        see(tagged, epc, "store")
    lines = [AcceptedLine(sku="gum", units=2), AcceptedLine(sku="tea", units=6), AcceptedLine(sku="cola", units=3)]
    tagged.tell(DeliveryAcceptance(delivery_id="d1", lines=lines, by="Ana"))
    assert (tagged.units("tea", "back_room"), tagged.units("cola", "back_room"), tagged.units("gum", "back_room")) == (6, 27, 2)
    carton, loose = events(tagged)[-2:]
    assert (carton["type"], carton["parentID"], carton["bizStep"]) == ("AggregationEvent", f"https://id.gs1.org/00/{SSCC}", "receiving")
    assert carton["childEPCs"] == ["urn:epc:id:sgtin:9521234.000001.1", "urn:epc:id:sgtin:9521234.000001.2"]
    assert "childQuantityList" not in carton, "iced tea has no GTIN, so that nobody outside could name it"
    assert len(loose["epcList"]) == 3
    assert carton["readPoint"] == {"id": f"https://id.gs1.org/414/{GLN}/254/store"}
    is_rebuilt(tagged)


def test_a_correction_books_the_difference_and_declares_the_first_events_wrong(tagged: Any) -> None:
    announce(tagged)
    tagged.tell(DeliveryAcceptance(delivery_id="d1", lines=[AcceptedLine(sku="cola", units=2)], by="Ana"))
    first = events(tagged)[-1]
    tagged.reopen()
    tagged.clock.at_ms += 60_000
    corrected = [AcceptedLine(sku="cola", units=1), AcceptedLine(sku="mystery", units=4)]
    tagged.tell(DeliveryAcceptance(delivery_id="d1", lines=corrected, by="Li"))
    assert tagged.units("cola", "back_room") == 25
    assert tagged.rows("SELECT units FROM deliveries ORDER BY journal_id, line") == [(2,), (-1,), (4,)]
    assert tagged.rows("SELECT reason FROM quarantine") == [("unknown_sku",)]
    wrong, right = events(tagged)[-2:]
    assert wrong["eventID"] == first["eventID"]
    assert wrong["errorDeclaration"]["reason"] == "incorrect_data"
    assert wrong["errorDeclaration"]["correctiveEventIDs"] == [right["eventID"]]
    assert tagged.rows("SELECT accepted_by, corrections FROM notices") == [("Li", 1)]
    is_rebuilt(tagged)

"""What the hub tells of goods in EPCIS, and that any story of goods is rebuilt bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tagged_goods import CARTON, GLN, GUM_GTIN, SSCC, announce, carry, cola, events, gum, is_rebuilt, leave, make_tagged, see

from store_hub.entries import Delivery, DeliveryLine, Sale, SaleLine, StockCount
from store_hub.entries_goods import (
    AcceptedLine,
    DeliveryAcceptance,
    DeliveryNotice,
    DeliveryReads,
    EpcisCapture,
    NoticeLine,
    StockTakeDecision,
    StockTakeReads,
)
from store_hub.errors import GoodsRefused
from store_hub.flows.commands import BookPlanogram
from store_hub.rules.epcis_checks import event_problems
from wire_format import codec
from wire_format.observations import TagSeen


@pytest.fixture
def tagged(shop: Any, core: Any) -> Any:
    return make_tagged(shop, core)


def test_a_tag_is_told_of_from_arrival_to_departure(tagged: Any) -> None:
    epc = gum(1)
    see(tagged, epc, "store")
    see(tagged, epc, "aisle")
    leave(tagged, epc, "store")
    see(tagged, epc, "front")
    leave(tagged, epc, "aisle")
    leave(tagged, epc, "front")
    see(tagged, epc, "front")  # Back where it was: nothing new.
    see(tagged, epc, "gate")
    leave(tagged, epc, "front")
    leave(tagged, epc, "gate")
    tagged.tell(Sale(till="till 1", lines=[SaleLine(sku="gum", units=1), SaleLine(sku="cola", units=-1), SaleLine(sku="tea", units=1)]))
    told = [(event.get("bizStep"), event.get("disposition")) for event in events(tagged)]
    assert told == [
        ("arriving", "in_progress"),
        ("stocking", "sellable_accessible"),
        (None, "sellable_accessible"),
        (None, "sellable_accessible"),
        ("departing", "unknown"),
        ("retail_selling", "retail_sold"),
        ("accepting", "returned"),
    ]
    sold = events(tagged)[-2]
    assert sold["quantityList"] == [{"epcClass": "https://id.gs1.org/01/09521234000013", "quantity": 1}]
    assert sold["eventTimeZoneOffset"] == "+01:00"
    is_rebuilt(tagged)


def test_bits_that_name_nothing_make_no_event(tagged: Any) -> None:
    see(tagged, "E2801160600002042A6B1C2D", "store")
    assert events(tagged) == []


def full_story(shop: Any) -> None:
    """Everything that the hub tells of in EPCIS."""
    announce(shop)
    for epc in (gum(1), CARTON, cola(1)):
        see(shop, epc, "store")
    shop.tell(DeliveryAcceptance(delivery_id="d1", lines=[AcceptedLine(sku="gum", units=3), AcceptedLine(sku="cola", units=1)], by="A"))
    shop.clock.at_ms += 1000
    shop.tell(DeliveryAcceptance(delivery_id="d1", lines=[AcceptedLine(sku="gum", units=2), AcceptedLine(sku="cola", units=1)], by="A"))
    shop.tell(Delivery(delivery_id="d2", lines=[DeliveryLine(sku="cola", units=5), DeliveryLine(sku="tea", units=5)]))
    see(shop, gum(1), "gate")
    leave(shop, gum(1), "store")
    leave(shop, gum(1), "gate")
    see(shop, cola(1), "aisle")
    leave(shop, cola(1), "store")
    see(shop, cola(1), "store")
    shop.tell(StockTakeReads(stock_take_id="nov", epcs=[cola(1)]))
    shop.tell(StockTakeDecision(stock_take_id="nov", action="accept", sku="cola", counted_units=1))
    shop.tell(Sale(till="1", lines=[SaleLine(sku="cola", units=2), SaleLine(sku="gum", units=-1)]))


@pytest.mark.parametrize("gln", [GLN, None])
def test_every_event_the_hub_tells_is_valid_by_gs1s_schema(tagged: Any, core: Any, shared_data: Path, gln: str | None) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    plan = codec.plans.decode(tagged.rows("SELECT payload FROM planogram")[0][0])
    tagged.ask(BookPlanogram(codec.encode(msgspec.structs.replace(plan, gln=gln, version=3))))
    full_story(tagged)
    schema = json.loads((shared_data / "rfid" / "epcis2" / "EPCIS-JSON-Schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    told = events(tagged)
    assert {event.get("bizStep") for event in told} == {
        "arriving", "receiving", "departing", "stocking", "storing", "stock_taking", "retail_selling", "accepting", None
    }  # fmt: skip
    for event in told:
        assert event_problems(event) == []
        assert list(validator.iter_errors({"@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", **event})) == []


def test_the_first_event_of_a_name_stays(tagged: Any) -> None:
    event = {
        "type": "ObjectEvent", "eventID": "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8", "eventTime": "2026-11-01T09:00:00.000Z",
        "eventTimeZoneOffset": "+00:00", "epcList": ["urn:epc:id:sgtin:9521234.000001.1"], "action": "OBSERVE",
    }  # fmt: skip
    tagged.tell(EpcisCapture(capture_id="c1", events=[event]))
    tagged.tell(EpcisCapture(capture_id="c2", events=[{**event, "bizStep": "shipping", "epcList": ["urn:epc:id:sgtin:9521234.000001.2"]}]))
    assert [(row["epcList"], row.get("bizStep")) for row in events(tagged)] == [(["urn:epc:id:sgtin:9521234.000001.1"], None)]
    assert tagged.rows("SELECT count(*) FROM epcis_captures") == [(2,)]
    is_rebuilt(tagged)


tags = st.integers(0, 3)
zones = st.sampled_from(["store", "aisle", "front", "gate"])
stories = st.lists(
    st.one_of(
        st.tuples(st.just("see"), tags, zones, st.floats(0.5, 1.0), st.integers(0, 5_000)),
        st.tuples(st.just("leave"), tags, zones),
        st.tuples(st.just("carry"), tags, st.sampled_from([None, "store", "aisle", "gate"]), st.sampled_from([None, "store", "aisle"])),
        st.tuples(st.just("wait"), st.integers(1, 20)),
        st.tuples(st.just("reads"), st.sampled_from(["a", "b"]), st.lists(tags, min_size=1, max_size=4)),
        st.tuples(
            st.just("decide"), st.sampled_from(["a", "b"]), st.sampled_from(["accept", "ignore", "recount", "close"]), st.integers(0, 3)
        ),
        st.tuples(st.just("notice"), st.sampled_from(["d1", "d2"]), st.integers(1, 4)),
        st.tuples(st.just("scan"), st.sampled_from(["d1", "d2"]), tags),
        st.tuples(st.just("sign"), st.sampled_from(["d1", "d2"]), st.integers(0, 4)),
        st.tuples(st.just("sale"), st.integers(-2, 3)),
        st.tuples(st.just("count"), st.integers(0, 9), st.sampled_from([None, "sweets"])),
        st.just(("restart",)),
    ),
    max_size=25,
)


def play(shop: Any, act: tuple[Any, ...]) -> None:
    match act:
        case ("see", serial, zone_id, confidence, late_s):
            shop.clock.at_ms += 1000
            shop.see(TagSeen(**shop.stamp(shop.clock.at_ms - late_s * 1000), epc=gum(serial), zone_id=zone_id, confidence=confidence))
        case ("leave", serial, zone_id):
            leave(shop, gum(serial), zone_id)
        case ("carry", serial, from_zone, to_zone):
            carry(shop, gum(serial), from_zone, to_zone)
        case ("wait", days):
            shop.clock.at_ms += days * 86_400_000
        case ("reads", name, serials):
            shop.tell(StockTakeReads(stock_take_id=name, epcs=[gum(serial) for serial in serials]))
        case ("decide", name, action, counted):
            shop.tell(StockTakeDecision(stock_take_id=name, action=action, sku="gum", counted_units=counted))
        case ("notice", name, units):
            shop.tell(DeliveryNotice(delivery_id=name, lines=[NoticeLine(gtin=GUM_GTIN, units=units, sscc=SSCC)]))
        case ("scan", name, serial):
            shop.tell(DeliveryReads(delivery_id=name, epcs=[gum(serial)]))
        case ("sign", name, units):
            shop.tell(DeliveryAcceptance(delivery_id=name, lines=[AcceptedLine(sku="gum", units=units)], by="A"))
        case ("sale", units):
            shop.tell(Sale(till="1", lines=[SaleLine(sku="gum", units=units)]))
        case ("count", units, shelf_id):
            shop.tell(StockCount(sku="gum", units=units, shelf_id=shelf_id))
        case ("restart",):
            shop.reopen()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories)
def test_any_story_of_goods_with_restarts_anywhere_is_rebuilt_bit_for_bit(
    make_shop: Callable[[str], Any], core: Any, story: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    shop = make_shop(f"ledger-{len(list(tmp_path.iterdir()))}.sqlite")
    make_tagged(shop, core)
    for act in story:
        try:
            play(shop, act)
        except GoodsRefused:
            continue
    is_rebuilt(shop)
    assert not shop.rows("SELECT 1 FROM quarantine WHERE reason = 'effect_failed'")
    shop.ledger.close()

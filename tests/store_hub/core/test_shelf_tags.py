"""Tags on a weighed shelf, as the readers tell of them: what the scale could not tell apart, later entries put right."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tagged_goods import COLA_GTIN, cola, is_rebuilt, leave, see, zone

from store_hub.errors import PlanogramInvalid
from store_hub.flows.commands import BookPlanogram
from store_hub.rules.epc import write_epc
from store_hub.rules.epc_identity import read_identity_uri
from store_hub.rules.planogram_checks import planogram_problems
from wire_format import codec
from wire_format.observations import ShelfWeight
from wire_format.plans import Bay, Planogram

TEA_GTIN = "04012345678901"


def tea(serial: int) -> str:
    return write_epc(read_identity_uri(f"urn:epc:id:sgtin:4012345.067890.{serial}"), "sgtin-96")


def tagged_plan(core: Any, **shelf_changes: Any) -> Planogram:
    """The small shop, its drinks of equal weight, both tagged, with an antenna over their shelf."""
    plan: Planogram = core.shop_plan()
    products = [
        msgspec.structs.replace(product, unit_weight_g=350.0, gtin=COLA_GTIN if product.sku == "cola" else TEA_GTIN)
        if product.sku in ("cola", "tea")
        else product
        for product in plan.products
    ]
    drinks, sweets = plan.bays[0].shelves
    drinks = msgspec.structs.replace(drinks, **{"tag_zone_id": "over-drinks", **shelf_changes})
    bays: list[Bay] = [msgspec.structs.replace(plan.bays[0], shelves=[drinks, sweets])]
    zones = [*plan.zones, zone("over-drinks", "other"), zone("store", "back_room")]
    return msgspec.structs.replace(plan, version=2, products=products, bays=bays, zones=zones, tagged_skus=["cola", "tea"])


@pytest.fixture
def tagged(shop: Any, core: Any) -> Any:
    """Ten colas and six teas lie on the scale and are read."""
    shop.ask(BookPlanogram(codec.encode(tagged_plan(core))))
    shop.stamp = core.stamp
    weigh(shop, 16)
    for serial in range(10):
        see(shop, cola(serial), "over-drinks")
    for serial in range(6):
        see(shop, tea(serial), "over-drinks")
    shop.clock.at_ms += 120_000
    weigh(shop, 16, moved=False)
    assert shop.rows("SELECT * FROM shelf_events") == []
    return shop


def weigh(shop: Any, units: int, *, moved: bool = True) -> None:
    shop.clock.at_ms += 20_000
    now_ms = shop.clock.at_ms
    moved_at_ms = now_ms - 1_500 if moved else None
    weight_g = units * 350.0 + (0.2 if moved else 0.0)
    shop.see(ShelfWeight(**shop.stamp(now_ms), shelf_id="drinks", weight_g=weight_g, spread_g=0.5, moved_at_ms=moved_at_ms))


def told(shop: Any) -> dict[str, int]:
    return dict(shop.rows("SELECT sku, sum(units) FROM shelf_events WHERE sku IS NOT NULL GROUP BY sku HAVING sum(units) <> 0"))


@pytest.mark.parametrize(("epc", "sku", "other"), [(cola(3), "cola", "tea"), (tea(3), "tea", "cola")])
def test_the_tag_that_left_names_what_was_taken_by_new_entries(tagged: Any, epc: str, sku: str, other: str) -> None:
    weigh(tagged, 15)
    before = tagged.rows("SELECT * FROM shelf_events")
    leave(tagged, epc, "over-drinks")
    assert told(tagged) == {sku: -1}
    assert tagged.rows("SELECT * FROM shelf_events")[: len(before)] == before
    assert tagged.rows("SELECT evidence FROM stock WHERE sku = ? AND place = 'drinks'", sku) == [("tags",)]
    assert round(tagged.units(other, "drinks")) == {"cola": 10, "tea": 6}[other]
    is_rebuilt(tagged)


def test_a_tag_seen_elsewhere_is_on_the_shelf_no_more(tagged: Any) -> None:
    weigh(tagged, 15)
    see(tagged, tea(0), "front")
    assert told(tagged) == {"tea": -1}
    tagged.reopen()
    weigh(tagged, 14)
    see(tagged, cola(0), "front")
    assert told(tagged) == {"tea": -1, "cola": -1}
    is_rebuilt(tagged)


def test_a_plan_without_the_antenna_forgets_what_its_tags_said(tagged: Any, core: Any) -> None:
    tagged.ask(BookPlanogram(codec.encode(msgspec.structs.replace(tagged_plan(core, tag_zone_id=None), version=3))))
    weigh(tagged, 15)
    before = tagged.rows("SELECT * FROM shelf_events")
    leave(tagged, tea(0), "over-drinks")
    assert tagged.rows("SELECT * FROM shelf_events") == before
    is_rebuilt(tagged)


def test_an_antenna_that_nobody_knows_or_that_hangs_elsewhere_is_refused(shop: Any, core: Any) -> None:
    assert planogram_problems(tagged_plan(core)) == []
    with pytest.raises(PlanogramInvalid, match="unknown tag_zone_id attic"):
        shop.ask(BookPlanogram(codec.encode(tagged_plan(core, tag_zone_id="attic"))))
    assert "is a zone of kind back_room" in planogram_problems(tagged_plan(core, tag_zone_id="store"))[0]


def test_one_antenna_over_two_shelves_with_the_same_article_is_refused(core: Any) -> None:
    plan = tagged_plan(core)
    drinks, sweets = plan.bays[0].shelves
    sweets = msgspec.structs.replace(sweets, tag_zone_id="over-drinks", weighed=True, facings=[drinks.facings[0]])
    problems = planogram_problems(msgspec.structs.replace(plan, bays=[msgspec.structs.replace(plan.bays[0], shelves=[drinks, sweets])]))
    assert problems == ["shelf sweets: cola stands on drinks too, both with tag_zone_id over-drinks; leave it out of one"]

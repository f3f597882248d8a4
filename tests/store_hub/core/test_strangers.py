"""An article put down on a shelf of others: named where it lies, counted there and nowhere twice, and gone again when it is taken away."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from store_hub.entries import StockCount
from store_hub.flows.commands import BookPlanogram
from store_hub.flows.rebuild import rebuild
from wire_format import codec
from wire_format.observations import ShelfWeight
from wire_format.plans import Bay, Facing, Planogram, Product, Rectangle, Shelf

WATER_G, SOAP_G, TWIN_G = 621.0, 97.0, 98.0
DRINKS_G = 10 * 350.0 + 6 * 1500.0


def wider_plan(core: Any, **changed: Any) -> Planogram:
    """The small shop and a second bay: water on a scale, two soaps that weigh nearly the same on a board without one."""
    plan: Planogram = core.shop_plan()
    water = Facing(sku="water", from_m=0.0, width_m=0.5, capacity_units=12, low_units=1, start_units=8)
    soaps = [
        Facing(sku=s, from_m=i * 0.3, width_m=0.3, capacity_units=9, low_units=1, start_units=5) for i, s in enumerate(("soap", "twin"))
    ]
    shelves = [
        Shelf(shelf_id="waters", level=1, width_m=1.0, facings=[water]),
        Shelf(shelf_id="soaps", level=2, width_m=1.0, weighed=False, facings=soaps),
    ]
    bay = Bay(bay_id="bay-2", name="Bay 2", place=Rectangle(x_m=4.0, y_m=0.0, width_m=1.0, depth_m=0.5), shelves=shelves)
    products = [
        Product(sku="water", name="Water", unit_weight_g=WATER_G, unit_weight_sd_g=1.5),
        Product(sku="soap", name="Soap", unit_weight_g=SOAP_G),
        Product(sku="twin", name="Twin soap", unit_weight_g=TWIN_G),
    ]
    back_room = plan.back_room | {"water": 10, "soap": 4}
    return msgspec.structs.replace(
        plan, version=2, bays=[*plan.bays, bay], products=[*plan.products, *products], back_room=back_room, **changed
    )


class WiderShop:
    """The small shop with the wider plan, its scales driven by grams."""

    def __init__(self, shop: Any, core: Any) -> None:
        self.shop, self.core = shop, core
        self.plan_in_force(wider_plan(core))
        self.weigh("drinks", DRINKS_G)
        self.weigh("waters", 8 * WATER_G)

    def plan_in_force(self, plan: Planogram) -> None:
        self.shop.ask(BookPlanogram(codec.encode(plan)))

    def weigh(self, shelf_id: str, weight_g: float) -> None:
        self.shop.clock.at_ms += 30_000
        now_ms = self.shop.clock.at_ms
        self.shop.see(ShelfWeight(**self.core.stamp(now_ms), shelf_id=shelf_id, weight_g=weight_g, spread_g=0.5, moved_at_ms=now_ms - 2000))

    def events(self, shelf_id: str = "drinks") -> list[Any]:
        rows: list[Any] = self.shop.rows(
            "SELECT sku, units, meaning FROM shelf_events WHERE shelf_id = ? ORDER BY journal_id, line", shelf_id
        )
        return rows

    def stock(self, sku: str) -> dict[str, float]:
        return {place: round(units, 3) for place, units in self.shop.rows("SELECT place, units FROM stock WHERE sku = ?", sku)}

    def is_rebuilt_alike(self) -> bool:
        return rebuild(self.shop.path, replace=False, progress=lambda done, total: None).differences == []


@pytest.fixture
def wider(shop: Any, core: Any) -> WiderShop:
    """A shop in which goods can be put down in the wrong place."""
    return WiderShop(shop, core)


def test_a_bottle_of_another_shelf_is_named_where_it_lies_and_leaves_no_trace_when_it_is_taken_away(wider: WiderShop) -> None:
    wider.weigh("waters", 7 * WATER_G)
    wider.weigh("drinks", DRINKS_G + WATER_G)
    assert wider.events() == [("water", 1, "stranger")]
    assert wider.stock("water") == {"waters": 7.0, "drinks": 1.0, "back_room": 10.0}
    assert wider.stock("cola")["drinks"] == 10.0
    assert wider.shop.rows("SELECT basket_units, units FROM totals WHERE sku = 'water'") == [(0, 18.0)]
    wider.shop.reopen()
    wider.weigh("drinks", DRINKS_G)
    assert wider.events()[-1] == ("water", -1, "stranger")
    assert wider.stock("water") == {"waters": 7.0, "back_room": 10.0}
    assert wider.shop.rows("SELECT basket_units FROM totals WHERE sku = 'water'") == [(1,)]
    wider.weigh("waters", 8 * WATER_G)
    assert wider.stock("water") == {"waters": 8.0, "back_room": 10.0}
    assert wider.shop.rows("SELECT sum(units_picked), sum(units_put_back), sum(units_refilled) FROM sku_quarters WHERE sku = 'water'") == [
        (2, 2, 0)
    ]
    assert wider.is_rebuilt_alike()
    assert wider.shop.rows("SELECT kind, sku, shelf_id, cleared_by FROM alerts") == [("misplaced", "water", "drinks", "over")]


def test_an_own_article_of_which_the_plan_has_a_wrong_weight_is_not_taken_for_a_stranger(wider: WiderShop, core: Any) -> None:
    """Bottles of 385 g where the plan says 350 g; on another shelf something weighs 385 g indeed."""
    plan = wider_plan(core)
    products = [msgspec.structs.replace(p, unit_weight_g=385.0) if p.sku == "soap" else p for p in plan.products]
    wider.plan_in_force(msgspec.structs.replace(plan, version=3, products=products))
    wider.weigh("drinks", DRINKS_G - 385.0)
    wider.weigh("drinks", DRINKS_G - 2 * 385.0)
    wider.weigh("drinks", DRINKS_G - 385.0)
    assert all(sku != "soap" for sku, _, _ in wider.events())


def test_what_weighs_like_two_articles_is_not_named_but_both_are_mentioned(wider: WiderShop) -> None:
    wider.weigh("drinks", DRINKS_G + SOAP_G + 0.5)
    assert wider.events() == [(None, 0, "unknown")]
    ((words,),) = wider.shop.rows("SELECT runner_up FROM shelf_events")
    assert "soap" in words
    assert "twin" in words
    assert wider.stock("soap") == {"soaps": 5.0, "back_room": 4.0}


def test_a_name_that_the_second_weight_of_the_touch_contradicts_is_taken_back(wider: WiderShop, core: Any) -> None:
    """A hand still pressed when the first weight was told: it was one bottle of cola too few and a tea."""
    wider.weigh("drinks", DRINKS_G - 350.0)
    now_ms = wider.shop.clock.at_ms + 30_000
    for at_ms, weight_g in ((now_ms, DRINKS_G - 350.0 + WATER_G), (now_ms + 900, DRINKS_G - 350.0 + 1500.0)):
        wider.shop.clock.at_ms = at_ms
        letter = ShelfWeight(**core.stamp(at_ms), shelf_id="drinks", weight_g=weight_g, spread_g=0.5, moved_at_ms=now_ms - 2000)
        wider.shop.see(letter)
    assert ("water", 1, "stranger") in wider.events()
    assert sum(units for sku, units, _ in wider.events() if sku == "water") == 0
    assert wider.stock("water") == {"waters": 8.0, "back_room": 10.0}
    assert wider.stock("tea")["drinks"] == 7.0
    assert wider.is_rebuilt_alike()


def test_a_person_who_counts_none_of_it_there_is_believed(wider: WiderShop) -> None:
    wider.weigh("drinks", DRINKS_G + WATER_G)
    wider.shop.tell(StockCount(sku="water", units=0, shelf_id="drinks"))
    assert wider.events()[-1] == ("water", -1, "corrected")
    assert "drinks" not in wider.stock("water")
    assert wider.is_rebuilt_alike()


def test_a_stranger_makes_no_empty_shelf_look_filled(wider: WiderShop) -> None:
    wider.weigh("waters", 0.0)
    wider.weigh("drinks", DRINKS_G + WATER_G)
    ((out_since_ms, shelf_units),) = wider.shop.rows("SELECT out_since_ms, shelf_units FROM totals WHERE sku = 'water'")
    assert out_since_ms is not None
    assert shelf_units == 0.0
    assert wider.stock("water")["drinks"] == 1.0


def test_a_stranger_whose_article_leaves_the_plan_is_known_no_more_yet_still_weighs(wider: WiderShop, core: Any) -> None:
    wider.weigh("drinks", DRINKS_G + WATER_G)
    wider.plan_in_force(msgspec.structs.replace(core.shop_plan(), version=3))
    assert wider.stock("water").get("drinks") is None
    wider.weigh("drinks", DRINKS_G + WATER_G - 350.0)
    assert wider.events()[-1] == ("cola", -1, "picked")
    assert wider.is_rebuilt_alike()

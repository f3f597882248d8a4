"""Zones are ranked by stay and by sales per metre, and only where both are known do they disagree."""

from __future__ import annotations

from typing import Literal

import pytest

from cloud_api.rules.layout import SkuSales, review_layout, zone_of_bay
from wire_format.plans import Bay, Facing, Planogram, Product, Rectangle, Shelf, Zone


def place(x_m: float, y_m: float, width_m: float = 2.0, depth_m: float = 2.0) -> Rectangle:
    return Rectangle(x_m=x_m, y_m=y_m, width_m=width_m, depth_m=depth_m)


def bay(number: int, *skus: str, faces: Literal["north", "south"] = "south") -> Bay:
    facings = [Facing(sku=sku, width_m=1.0, capacity_units=10, low_units=2) for sku in skus]
    shelves = [Shelf(shelf_id=f"shelf-{number}", level=1, width_m=2.0, facings=facings)]
    return Bay(bay_id=f"bay-{number}", name=f"Bay {number}", place=place(number * 2.0, 0.0, depth_m=0.5), faces=faces, shelves=shelves)


def shop(*bays: Bay, kinds: tuple[Literal["aisle", "queue"], ...] = ("aisle",) * 4) -> Planogram:
    zones = [Zone(zone_id=f"zone-{n}", name=f"Zone {n}", kind=kind, place=place(n * 2.0, 0.5)) for n, kind in enumerate(kinds)]
    products = [Product(sku=sku, name=sku) for sku in ("a", "b", "c", "d")]
    return Planogram(store_id="shop-1", name="Shop", width_m=8.0, depth_m=4.0, bays=list(bays), zones=zones, products=products)


FOUR = [bay(number, sku) for number, sku in enumerate("abcd")]
EVEN = {sku: SkuSales(10, 1000) for sku in "abcd"}
STAY = dict.fromkeys(("zone-0", "zone-1", "zone-2", "zone-3"), 400.0)


def test_a_zone_where_people_stay_and_little_is_sold_is_named() -> None:
    review = review_layout(shop(*FOUR), STAY | {"zone-1": 900.0}, EVEN | {"b": SkuSales(2, 200)})
    assert [(zone.zone_id, zone.finding) for zone in review.zones if zone.finding] == [("zone-1", "hot but sells little")]
    assert review.sentence == "People stay in Zone 1, but little is sold there"
    assert review.zones[0].zone_id == "zone-1"


def test_a_zone_that_sells_though_few_stop_is_named() -> None:
    review = review_layout(shop(*FOUR), STAY | {"zone-2": 100.0}, EVEN | {"c": SkuSales(30, 3000)})
    assert review.sentence == "Zone 2 sells well though few stop there"


def test_people_who_wait_at_the_till_are_no_finding() -> None:
    plan = shop(*FOUR, kinds=("aisle", "queue", "aisle", "aisle"))
    review = review_layout(plan, STAY | {"zone-1": 9000.0}, EVEN | {"b": SkuSales(2, 200)})
    assert all(zone.finding == "" for zone in review.zones)


def test_a_zone_nobody_watched_has_no_stay_and_stands_last() -> None:
    review = review_layout(shop(*FOUR), {"zone-0": 5.0}, EVEN)
    assert review.zones[0].zone_id == "zone-0"
    assert [zone.dwell_person_s for zone in review.zones[1:]] == [None, None, None]


def test_an_article_in_two_places_is_divided_by_the_width_of_its_facings() -> None:
    review = review_layout(shop(bay(0, "a", "b"), bay(1, "a")), STAY, {"a": SkuSales(10, 1000)})
    assert [found.revenue_minor for found in review.bays] == [500, 500]


@pytest.mark.parametrize(("faces", "zone"), [("south", "zone-1"), ("north", "zone-1")])
def test_a_bay_belongs_to_the_zone_in_front_of_it_or_the_nearest(faces: Literal["north", "south"], zone: str) -> None:
    """A bay against the wall that faces it has nobody in front: where it stands decides."""
    plan = shop(bay(1, "a", faces=faces))
    zones = [*plan.zones, Zone(zone_id="whole", name="All", place=place(0.0, 0.0, 8.0, 4.0))]
    assert zone_of_bay(plan.bays[0], zones) == (zone if faces == "south" else "whole")

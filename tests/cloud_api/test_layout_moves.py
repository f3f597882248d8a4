"""Bays move where it gains, never where they may not, and never more at once than was asked."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from benchmarks.layout_search import draw_shop
from cloud_api.rules.layout import SkuSales, review_layout
from cloud_api.rules.layout_moves import PairCounts, assignment, floor_task, propose
from cloud_api.rules.layout_search import Assignment, anneal, relaxed_start, search
from wire_format.plans import Bay, Facing, Planogram, Product, Rectangle, Shelf, Zone


def bay(number: int, sku: str, *, cooled: bool = False, fixed: bool = False, load_max_kg: float | None = 200.0) -> Bay:
    shelf = Shelf(shelf_id=f"s{number}", level=1, width_m=1.0, facings=[Facing(sku=sku, width_m=1.0, capacity_units=10, low_units=2)])
    place = Rectangle(x_m=number * 3.0, y_m=0.0, width_m=1.0, depth_m=0.5)
    return Bay(bay_id=f"b{number}", name=sku, place=place, shelves=[shelf], cooled=cooled, fixed=fixed, load_max_kg=load_max_kg)


def shop(*bays: Bay, **cold: bool) -> Planogram:
    skus = [bay.shelves[0].facings[0].sku for bay in bays]
    products = [
        Product(sku=sku, name=sku, category=sku, unit_weight_g=1000.0, price_minor=200, keep_cold=cold.get(sku, False)) for sku in skus
    ]
    zones = [
        Zone(
            zone_id=f"z{number}",
            name=f"z{number}",
            kind="aisle",
            place=Rectangle(x_m=number * 3.0 - 0.5, y_m=0.5, width_m=2.0, depth_m=2.0),
        )
        for number in range(len(bays))
    ]
    return Planogram(store_id="shop", name="Shop", width_m=20.0, depth_m=4.0, bays=list(bays), zones=zones, products=products)


def moves(
    plan: Planogram, pairs: dict[tuple[str, str], int], *, moves_max: int = 4, stay: dict[str, float] | None = None
) -> dict[str, str]:
    sales = {product.sku: SkuSales(10, 2000) for product in plan.products}
    review = review_layout(plan, stay or {zone.zone_id: 100.0 for zone in plan.zones}, sales)
    task = floor_task(plan, review, PairCounts(baskets=100, categories={}, pairs=pairs))
    places = search(assignment(task, moves_max=moves_max), steps=200)
    proposal = propose("shop", task, [int(place) for place in places])
    return {bay: rack for bay, rack in proposal.places.items() if bay != rack}


LINE = [bay(number, sku) for number, sku in enumerate(("beer", "soap", "rice", "crisps"))]


def test_goods_of_one_basket_come_to_stand_beside_each_other() -> None:
    found = moves(shop(*LINE), {("beer", "crisps"): 40})
    after = {sku: found.get(f"b{number}", f"b{number}") for number, sku in enumerate(("beer", "soap", "rice", "crisps"))}
    assert abs(int(after["beer"][1]) - int(after["crisps"][1])) == 1


def test_what_earns_comes_to_where_people_stay() -> None:
    plan = shop(*LINE)
    dear = {product.sku: SkuSales(10, 9000 if product.sku == "rice" else 100) for product in plan.products}
    review = review_layout(plan, {"z0": 900.0, "z1": 100.0, "z2": 100.0, "z3": 100.0}, dear)
    task = floor_task(plan, review, PairCounts(baskets=0, categories={}, pairs={}))
    proposal = propose("shop", task, [int(place) for place in search(assignment(task, moves_max=2), steps=100)])
    assert {move.bay_id: move.to_bay_id for move in proposal.steps[0].moves} == {"b2": "b0", "b0": "b2"}
    assert proposal.steps[0].seen > 0
    assert any("no baskets" in unknown for unknown in proposal.unknown)


def test_a_fixed_bay_stays_and_nothing_comes_to_its_rack() -> None:
    bays = [*LINE[:3], bay(3, "crisps", fixed=True)]
    found = moves(shop(*bays), {("beer", "crisps"): 40})
    assert "b3" not in found
    assert "b3" not in found.values()
    assert found["b0"] == "b2"


def test_cold_goods_stay_in_the_cold_and_heavy_ones_off_a_weak_rack() -> None:
    cold = [bay(0, "beer", cooled=True), *LINE[1:]]
    assert moves(shop(*cold, beer=True), {("beer", "crisps"): 40}) == {"b3": "b1", "b1": "b3"}
    weak = [LINE[0], bay(1, "soap", load_max_kg=5.0), bay(2, "rice", load_max_kg=5.0), LINE[3]]
    assert moves(shop(*weak), {("beer", "crisps"): 40}) == {}


def test_no_more_bays_move_than_may() -> None:
    plan = shop(*LINE)
    assert len(moves(plan, {("beer", "crisps"): 40, ("soap", "rice"): 1}, moves_max=2)) == 2


def test_steps_come_in_order_of_gain_and_add_up() -> None:
    plan = shop(*[bay(number, f"g{number}") for number in range(6)])
    sales = {product.sku: SkuSales(10, 2000) for product in plan.products}
    review = review_layout(plan, {zone.zone_id: 100.0 for zone in plan.zones}, sales)
    pairs = {("g0", "g5"): 50, ("g1", "g4"): 9}
    task = floor_task(plan, review, PairCounts(baskets=100, categories={}, pairs=pairs))
    proposal = propose("shop", task, [4, 1, 2, 3, 0, 5])
    assert proposal.steps[0].gain == pytest.approx(proposal.nearer + proposal.seen)
    both = propose("shop", task, [1, 0, 2, 3, 5, 4])
    assert [step.gain for step in both.steps] == sorted((step.gain for step in both.steps), reverse=True)


def brute_force(task: Assignment) -> float:
    feasible = (np.array(places) for places in permutations(range(len(task.home))))
    return min(task.cost(places) for places in feasible if task.is_feasible(places))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("moves_max", [None, 3])
def test_the_best_of_all_layouts_is_found_where_all_can_be_tried(seed: int, moves_max: int | None) -> None:
    task = draw_shop(7, seed, is_clustered=bool(seed % 2), moves_max=moves_max)
    found = search(task, steps=500, seed=seed)
    assert task.is_feasible(found)
    assert task.cost(found) == pytest.approx(brute_force(task))


def test_a_search_is_never_worse_than_today_and_the_same_twice() -> None:
    task = draw_shop(30, 3, is_clustered=True, moves_max=8)
    found = search(task, steps=300, seed=1)
    assert task.is_feasible(found)
    assert task.cost(found) < task.cost(task.home)
    assert (search(task, steps=300, seed=1) == found).all()
    unbounded = draw_shop(30, 3, is_clustered=True)
    assert unbounded.is_feasible(relaxed_start(unbounded))


def test_what_annealing_reports_is_what_the_layout_costs() -> None:
    task = draw_shop(100, 1, is_clustered=True)
    found = search(task, steps=200)
    assert task.is_feasible(found)
    assert task.cost(found) < task.cost(task.home)
    bounded = draw_shop(30, 1, is_clustered=True, moves_max=5)
    places = anneal(bounded.pull, bounded.distance, bounded.price, bounded.allowed, bounded.home, bounded.bound, 5000, 0, 0.3, 0.01)
    assert bounded.is_feasible(places)

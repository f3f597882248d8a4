"""Each rule of ordering does what it says, in a shop played day by day: minimums, room, shelf life, service, suppliers, transfers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cloud_api.rules.daily_demand import Demand
from cloud_api.rules.order_lines import propose_line
from cloud_api.rules.order_minimum import SupplierTerms, order_for_supplier
from cloud_api.rules.order_simulation import Outcome, TriedArticle, simulate_orders
from cloud_api.rules.order_terms import Terms, terms_for
from cloud_api.rules.replenishment import Policy, Supply, plan_article, service_level
from cloud_api.rules.transfers import Spare, TransferTerms, choose_transfers, spare_of, with_transfers

DAILY = Policy(review_days=1.0, service_level=0.95)
HOLDING_IS_DEAR = Policy(review_days=1.0, service_level=0.95, holding_per_year=1.0)
NO_MINIMUM: dict[str, SupplierTerms] = {}


def supply(**changed: Any) -> Supply:
    usual: dict[str, Any] = {
        "sku": "yoghurt", "name": "Yoghurt", "on_hand_units": 0.0, "on_order_units": 0.0, "case_pack_units": 6, "lead_time_days": 2.0,
        "capacity_units": None, "presentation_min_units": 0, "price_minor": 100, "cost_minor": 60,
    }  # fmt: skip
    return Supply(**usual | changed)


def demand(per_day: float, over: float = 1.3) -> Demand:
    return Demand(mean_per_day=per_day, sd_per_day=(over * per_day) ** 0.5, days=90.0, hidden_share=0.0, over_dispersion=over)


def play(policy: Policy = DAILY, *, terms: dict[str, SupplierTerms] = NO_MINIMUM, fill: float | None = None, **changed: Any) -> Outcome:
    """A year of one article that sells four a day."""
    article = TriedArticle(supply=supply(**changed), demand=demand(4.0), policy=policy, supplier="Dairy")
    return simulate_orders([article], terms, days=365, fill=fill)


def small_shop(policy: Policy = DAILY) -> list[TriedArticle]:
    """Twelve articles of one supplier, from one sold in three days to four a day."""
    return [
        TriedArticle(supply=supply(sku=f"a{row}", name=f"Article {row}"), demand=demand(per_day), policy=policy, supplier="Dairy")
        for row, per_day in enumerate((0.3, 0.5, 0.5, 0.8, 1.0, 1.0, 1.5, 2.0, 2.0, 3.0, 4.0, 4.0))
    ]


def test_a_higher_service_level_serves_more_and_holds_more() -> None:
    modest, careful = play(Policy(review_days=1.0, service_level=0.7)), play(Policy(review_days=1.0, service_level=0.99))
    assert careful.fill_rate > modest.fill_rate + 0.01
    assert careful.stock_minor > modest.stock_minor
    assert careful.fill_rate > 0.99


def test_the_service_level_that_pays_costs_less_than_too_high_and_too_low_ones() -> None:
    """Dear goods with a thin margin, reviewed weekly: not worth 0.995; and not worth being out half of the time."""
    thin = {"price_minor": 2000, "cost_minor": 1900, "case_pack_units": 1}
    yearly = 2.0  # Holding that takes room from other goods; so dear that the level matters.
    level = service_level(supply(**thin), Policy(review_days=7.0, service_level=None, holding_per_year=yearly))
    assert 0.5 < level < 0.6
    costs = {
        share: play(Policy(review_days=7.0, service_level=share, holding_per_year=yearly), **thin).cost_minor
        for share in (0.995, 0.9, None)
    }
    assert costs[None] < costs[0.9] < costs[0.995]


def test_no_order_is_below_the_suppliers_minimum_and_few_sales_are_lost_for_it() -> None:
    free = simulate_orders(small_shop(), NO_MINIMUM, days=180)
    bound = simulate_orders(small_shop(), {"Dairy": SupplierTerms(minimum_minor=10_000)}, days=180)
    goods_minor = 0.6 * 100 * bound.asked_units
    assert bound.orders * 10_000 <= goods_minor * 1.1, "as many orders as goods of the minimum's worth allow"
    assert bound.orders < 0.5 * free.orders
    assert bound.fill_rate > free.fill_rate - 0.02


def test_an_order_is_topped_up_where_waiting_costs_more_and_waits_where_it_costs_less() -> None:
    empty = [plan_article(supply(sku=f"a{row}", on_hand_units=0.0), demand(4.0), DAILY) for row in range(3)]
    nearly = [plan_article(supply(sku=f"a{row}", on_hand_units=14.0), demand(4.0), HOLDING_IS_DEAR) for row in range(3)]
    terms = SupplierTerms(minimum_minor=9_000)
    urgent, patient = order_for_supplier("Dairy", empty, terms), order_for_supplier("Dairy", nearly, terms)
    assert urgent is not None
    assert patient is not None
    assert urgent.value_minor >= 9_000
    assert urgent.added_holding_minor < urgent.waiting_loss_minor
    assert any(line.arithmetic.added_for_minimum_units for line in urgent.lines)
    assert "to reach the supplier's minimum" in " ".join(line.reason for line in urgent.lines)
    assert patient.waits_because
    assert patient.value_minor < 9_000


def test_a_shop_with_a_back_room_orders_into_it_and_never_beyond() -> None:
    tight = play(Policy(review_days=7.0), capacity_units=24, back_room_units=0)
    roomy = play(Policy(review_days=7.0), capacity_units=24, back_room_units=48)
    unlimited = play(Policy(review_days=7.0))
    assert roomy.over_room_units <= 6.0, "a quiet lead time may leave a case too much"
    assert tight.fill_rate < roomy.fill_rate - 0.1
    assert roomy.fill_rate > unlimited.fill_rate - 0.01


def keeps(days: float, per_day: float, pack: int, *, is_known: bool) -> Outcome:
    """A year of an article that really keeps so many days, whether or not the orders reckon with it."""
    policy = Policy(review_days=1.0, service_level=0.99)
    known = supply(shelf_life_days=days if is_known else None, case_pack_units=pack)
    article = TriedArticle(supply=known, demand=demand(per_day), policy=policy, supplier="Dairy", keeps_days=days)
    return simulate_orders([article], NO_MINIMUM, days=365)


@pytest.mark.parametrize(("days", "per_day", "pack"), [(2.0, 4.0, 1), (3.0, 2.0, 6), (2.0, 1.0, 1)])
def test_knowing_how_long_goods_keep_saves_waste_and_money(days: float, per_day: float, pack: int) -> None:
    knowing, blind = (keeps(days, per_day, pack, is_known=is_known) for is_known in (True, False))
    assert knowing.wasted_units < blind.wasted_units
    assert knowing.cost_minor < blind.cost_minor


def test_a_case_that_will_mostly_expire_is_not_ordered_at_all() -> None:
    """Cases of six that keep three days, one sold a day: half of each would be thrown away."""
    assert keeps(3.0, 1.0, 6, is_known=True).wasted_units == 0.0
    assert keeps(3.0, 1.0, 6, is_known=False).wasted_units > 100


def test_goods_that_sell_in_time_are_ordered_as_if_they_kept() -> None:
    line = propose_line(supply(shelf_life_days=20.0), demand(12.0), DAILY)
    kept = propose_line(supply(), demand(12.0), DAILY)
    assert line is not None
    assert kept is not None
    assert (line.units, line.arithmetic.bound) == (kept.units, "case pack")
    assert line.arithmetic.sells_before_expiry_units == 240.0


def test_waste_and_service_follow_the_margin() -> None:
    """A dear mistake is made seldom: where goods cost nearly what they sell for, less is ordered and less is thrown away."""
    life = {"shelf_life_days": 2.0, "case_pack_units": 1}
    rich, poor = (
        play(Policy(review_days=1.0, service_level=0.99), cost_minor=20, **life),
        play(Policy(review_days=1.0, service_level=0.99), cost_minor=95, **life),
    )
    assert rich.fill_rate > poor.fill_rate
    assert rich.wasted_units > poor.wasted_units


def test_a_supplier_that_delivers_four_fifths_is_asked_for_more() -> None:
    blind, knowing = play(fill=0.8, supplier_fill=1.0), play(fill=0.8, supplier_fill=0.8)
    assert knowing.fill_rate > blind.fill_rate + 0.01
    line = propose_line(supply(supplier_fill=0.8), demand(4.0), DAILY)
    assert line is not None
    assert "delivers 80 % of what is ordered" in line.reason


def test_a_late_supplier_makes_more_safety_stock_and_keeps_the_shelf_served() -> None:
    sure = propose_line(supply(), demand(4.0), DAILY)
    unsure = propose_line(supply(lead_time_sd_days=1.5), demand(4.0), DAILY)
    assert sure is not None
    assert unsure is not None
    assert unsure.arithmetic.safety_units > 1.3 * sure.arithmetic.safety_units
    assert play(lead_time_sd_days=1.5).fill_rate > 0.97


def test_the_presentation_minimum_stays_on_the_shelf() -> None:
    bare, dressed = play(), play(presentation_min_units=20)
    assert dressed.stock_minor > bare.stock_minor + 5 * 60


def test_goods_move_where_they_are_missed_and_only_if_the_trip_pays() -> None:
    terms = TransferTerms(trip_minor=500, days=1.0, kept_days=28.0)
    needy = plan_article(supply(on_hand_units=0.0, lead_time_days=5.0), demand(4.0), DAILY)
    lying = plan_article(supply(on_hand_units=400.0, lead_time_days=5.0), demand(1.0), DAILY)
    selling = plan_article(supply(on_hand_units=30.0, lead_time_days=5.0), demand(4.0), DAILY)
    spare = spare_of("shop-2", lying, terms)
    assert spare is not None
    assert 300 < spare.units < 372, "four weeks and their spread are kept"
    assert spare_of("shop-3", selling, terms) is None
    chosen = choose_transfers([needy], [spare], terms)
    assert chosen["shop-2"][0].gain_minor > 500
    assert choose_transfers([needy], [spare], msgspec.structs.replace(terms, trip_minor=10_000)) == {}
    left = with_transfers(needy, {"yoghurt": chosen["shop-2"][0].units})
    assert left.cases == 0, "what comes from the other shop is not bought again"
    late = msgspec.structs.replace(terms, days=6.0)
    assert choose_transfers([needy], [spare], late) == {}, "the supplier is there first"


def test_a_shop_gives_an_article_to_one_neighbour_trip_only() -> None:
    terms = TransferTerms(trip_minor=0)
    needy = plan_article(supply(on_hand_units=0.0, lead_time_days=5.0), demand(4.0), DAILY)
    spares = [Spare(store_id=name, sku="yoghurt", units=units, lies_days=90.0) for name, units in (("near", 10), ("far", 40))]
    assert {giver: [line.units for line in lines] for giver, lines in choose_transfers([needy], spares, terms).items()} == {
        "far": [min(40, int(needy.arithmetic.need_units))]
    }


def test_the_nearest_word_counts() -> None:
    said = {
        ("*", "all", "*"): Terms(service_by_cost=True, review_days=1.0),
        ("*", "category", "Milk"): Terms(service_level=0.9),
        ("shop-1", "category", "Milk"): Terms(review_days=2.0),
        ("*", "article", "milk-1l"): Terms(shelf_life_days=6.0),
    }
    found = terms_for(said, store_id="shop-1", supplier="Dairy", category="Milk", sku="milk-1l")
    assert found == Terms(service_by_cost=False, review_days=2.0, service_level=0.9, shelf_life_days=6.0)
    assert terms_for(said, store_id="shop-2", supplier="Dairy", category="Bread", sku="roll") == Terms(
        service_by_cost=True, review_days=1.0
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_demand_that_is_played_is_the_demand_that_was_forecast(seed: int) -> None:
    outcome = simulate_orders(small_shop(), NO_MINIMUM, days=180, seed=seed)
    assert outcome.asked_units == pytest.approx(365 * 20.6, rel=0.06)

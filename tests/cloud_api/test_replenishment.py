"""Orders: enough for lead time and review, in whole cases, no more than fits, and with a reason."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_api.rules.daily_demand import DaySales, Demand, daily_demand
from cloud_api.rules.order_lines import propose_line
from cloud_api.rules.order_minimum import propose_order
from cloud_api.rules.replenishment import Policy, Supply

POLICY = Policy(review_days=1.0, service_level=0.95)
STEADY = Demand(mean_per_day=6.0, sd_per_day=3.0, days=28.0, hidden_share=0.0)


def supply(**changed: object) -> Supply:
    usual = {
        "sku": "cola", "name": "Cola 0.33 l", "on_hand_units": 5.0, "on_order_units": 0.0, "case_pack_units": 6, "lead_time_days": 2.0,
        "capacity_units": 60, "presentation_min_units": 4, "price_minor": 100, "cost_minor": 60,
    }  # fmt: skip
    return Supply(**usual | changed)  # type: ignore[arg-type]  # Each test changes a field by name.


def sold(*units: int, exposure: float = 1.0) -> list[DaySales]:
    return [DaySales(units_sold=number, exposure=exposure) for number in units]


def test_the_order_covers_lead_time_review_and_safety_in_whole_cases() -> None:
    """Three days of 6 are 18; safety 1.645 × 3 × √3 = 8.5; less 5 in the shop: 21.5 needed, four cases of six."""
    line = propose_line(supply(), STEADY, POLICY)
    assert line is not None
    assert (line.units, line.cases) == (24, 4)
    assert line.arithmetic.order_up_to_units == pytest.approx(26.55, abs=0.01)
    assert line.arithmetic.need_units == pytest.approx(21.55, abs=0.01)
    assert line.value_minor == 24 * 60


def test_what_is_on_the_way_is_not_ordered_again() -> None:
    assert propose_line(supply(on_order_units=24.0), STEADY, POLICY) is None


def test_no_more_is_ordered_than_fits_on_the_shelf_when_it_comes() -> None:
    line = propose_line(supply(capacity_units=14), STEADY, POLICY)
    assert line is not None
    assert (line.units, line.arithmetic.bound) == (12, "shelf capacity")
    assert "does not fit" in line.reason


def test_an_article_that_never_sold_is_kept_at_its_presentation_minimum() -> None:
    line = propose_line(supply(on_hand_units=0.0), None, POLICY)
    assert line is not None
    assert line.units == 6
    assert "never look emptier than 4" in line.reason


def test_the_reason_names_sales_stock_cover_and_order() -> None:
    line = propose_line(supply(), STEADY, POLICY)
    assert line is not None
    assert line.reason == "Sells 6.0 a day; 5 in the shop last 0.8 days, the order must carry 3: order 4 × 6."


def test_the_dearest_risk_stands_first_in_an_order() -> None:
    cheap, dear = supply(sku="gum", name="Gum", price_minor=10), supply(sku="wine", name="Wine", price_minor=900)
    lines = [line for line in (propose_line(each, STEADY, POLICY) for each in (cheap, dear)) if line]
    order = propose_order("Wholesale", lines, lead_time_days=2.0)
    assert [line.sku for line in order.lines] == ["wine", "gum"]
    assert order.reason.startswith("Wine and 1 more: sells")


def test_a_shelf_empty_half_the_day_is_half_a_day_of_history() -> None:
    demand = daily_demand(sold(6, 6) + sold(3, 3, exposure=0.5))
    assert demand is not None
    assert demand.mean_per_day == pytest.approx(6.0)
    assert demand.hidden_share == pytest.approx(0.25)


def test_demand_hidden_by_empty_shelves_is_recovered() -> None:
    """A third of the days run out at a random hour: without correction the mean is 15 % low, with it within 3 %."""
    chance = random.Random(7)
    days, seen = [], []
    for _ in range(4000):
        exposure = chance.random() if chance.random() < 0.3 else 1.0
        units = sum(1 for _ in range(40) if chance.random() < 0.2 * exposure)
        days.append(DaySales(units_sold=units, exposure=exposure))
        seen.append(units)
    demand = daily_demand(days)
    assert demand is not None
    assert demand.mean_per_day == pytest.approx(8.0, rel=0.03)
    assert fmean(seen) < 8.0 * 0.88


def test_a_short_quiet_history_promises_no_certainty() -> None:
    demand = daily_demand(sold(4, 4, 4))
    assert demand is not None
    assert demand.sd_per_day == pytest.approx(2.0)


def test_too_little_history_says_nothing() -> None:
    assert daily_demand([]) is None
    assert daily_demand(sold(3, exposure=0.1)) is None


@given(
    on_hand=st.floats(0, 500), on_order=st.floats(0, 500), pack=st.integers(1, 48), capacity=st.integers(1, 400),
    mean=st.floats(0, 60), lead=st.floats(0, 14), presentation=st.integers(0, 60),
)  # fmt: skip
def test_every_order_is_whole_cases_and_needed(
    on_hand: float, on_order: float, pack: int, capacity: int, mean: float, lead: float, presentation: int
) -> None:
    article = supply(
        on_hand_units=on_hand, on_order_units=on_order, case_pack_units=pack, capacity_units=capacity, lead_time_days=lead,
        presentation_min_units=presentation,
    )  # fmt: skip
    line = propose_line(article, Demand(mean_per_day=mean, sd_per_day=mean**0.5, days=28.0, hidden_share=0.0), POLICY)
    if line is None:
        return
    assert line.units == line.cases * pack
    assert line.units - pack < line.arithmetic.need_units
    left = max(0.0, on_hand + on_order - mean * lead)
    assert line.cases == 1 or left + line.units <= capacity + 1e-6

"""Hidden demand comes back, the best method of each class is used until it is beaten, and suppliers are known by what they did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cloud_api.rules.cover_demand import cover_demand
from cloud_api.rules.demand_recovery import recovered_demand
from cloud_api.rules.shop_forecast import CLASSES, History, forecast_shop
from cloud_api.rules.supplier_record import (
    Receipt,
    SentOrder,
    expected_lead_time,
    follow_orders,
    on_the_way,
    supplier_records,
)

MONDAY = datetime(2026, 11, 2, 8, tzinfo=UTC)


def censored(demand: np.ndarray, *, cover_weeks: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Fill the shelf once a week, let units go at random moments of the day, and stop selling when it is empty."""
    rng = np.random.default_rng(seed)
    sold, in_stock = np.zeros_like(demand), np.ones_like(demand)
    level = np.ceil(demand.mean(axis=1) * 7 * cover_weeks)
    stock = level.copy()
    for day in range(demand.shape[1]):
        stock = np.maximum(stock, level) if day % 7 == 0 else stock
        for row in np.flatnonzero((demand[:, day] > 0) | (stock <= 0)):
            asked, taken = int(demand[row, day]), int(min(demand[row, day], stock[row]))
            moments = np.sort(rng.random(asked))
            sold[row, day], stock[row] = taken, stock[row] - taken
            if stock[row] <= 0:
                in_stock[row, day] = moments[taken - 1] if taken else 0.0
    return sold, in_stock


@pytest.mark.parametrize(("mean", "cover_weeks"), [(6.0, 1.3), (0.6, 1.6)])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_demand_that_empty_shelves_hid_is_recovered_within_one_percent(mean: float, cover_weeks: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    demand = rng.negative_binomial(0.8, 0.8 / (0.8 + mean), size=(250, 364)).astype(float)
    sold, in_stock = censored(demand, cover_weeks=cover_weeks, seed=seed)
    assert sold.sum() / demand.sum() - 1 < -0.04, "ignoring it must be wrong, or the test proves nothing"
    assert recovered_demand(sold, in_stock).sum() / demand.sum() - 1 == pytest.approx(0.0, abs=0.01)


def test_without_an_empty_shelf_nothing_is_added() -> None:
    sold = np.random.default_rng(1).poisson(2.0, size=(5, 28)).astype(float)
    assert recovered_demand(sold, np.ones_like(sold)) == pytest.approx(sold)


def test_a_day_without_a_record_counts_as_a_usual_day() -> None:
    sold = np.full((1, 28), 4.0)
    sold[0, 5] = np.nan
    assert recovered_demand(sold, np.ones_like(sold))[0, 5] == pytest.approx(4.0, rel=0.05)


def history(weeks: int = 20) -> History:
    rng = np.random.default_rng(4)
    rates = np.repeat([5.0, 0.4, 0.06, 0.01], 40)
    sold = rng.poisson(rates[:, None], size=(160, 7 * weeks)).astype(float)
    return History(skus=[f"sku-{row}" for row in range(160)], sold=sold, in_stock=np.ones_like(sold))


def test_every_class_has_a_measured_champion_and_a_band_that_holds() -> None:
    made = forecast_shop(history(), {})
    forecasts, records = made.articles, made.records
    assert [record.name for record in records] == list(CLASSES)
    for record in records:
        assert record.error <= record.challenger_error
        assert record.origins == 4
        assert record.band_held == pytest.approx(0.80, abs=0.06)
    assert forecasts["sku-0"].mean_per_day == pytest.approx(5.0, rel=0.15)
    assert forecasts["sku-0"].class_name == "bulk"


def test_the_method_in_use_stays_until_another_is_clearly_better() -> None:
    best = {record.name: record for record in forecast_shop(history(), {}).records}["bulk"]
    kept = {record.name: record for record in forecast_shop(history(), {"bulk": best.challenger}).records}["bulk"]
    assert kept.champion == (best.challenger if best.error >= 0.98 * best.challenger_error else best.champion)
    unknown = {record.name: record for record in forecast_shop(history(), {"bulk": "crystal ball"}).records}["bulk"]
    assert unknown.champion == best.champion


def test_a_shop_with_two_weeks_on_record_is_forecast_but_not_measured() -> None:
    made = forecast_shop(history(weeks=2), {})
    assert made.records == []
    assert made.articles["sku-0"].method == "blend"


def test_an_uncertain_lead_time_raises_what_must_be_covered() -> None:
    usual = {"mean": 35.0, "variance": 52.5, "mean_per_day": 5.0, "over_dispersion": 1.5}
    sure, unsure = (cover_demand(**usual, lead_sd_days=days).quantile(0.95) for days in (0.0, 3.0))
    assert (sure, unsure) == (47.0, 66.0)


def test_the_expected_shortage_is_that_of_the_counts() -> None:
    demand = cover_demand(mean=6.0, variance=12.0, mean_per_day=2.0, over_dispersion=2.0, lead_sd_days=0.0)
    drawn = np.random.default_rng(1).negative_binomial(6.0, 0.5, 400_000)
    assert demand.expected_shortage(5.0) == pytest.approx(np.maximum(drawn - 5, 0).mean(), abs=0.02)


def order(number: int, **units: int) -> SentOrder:
    return SentOrder(
        order_id=f"order-{number}", supplier="Drinks", sent_at=MONDAY + timedelta(days=7 * number), promised_days=2.0, units=units
    )


def receipt(sku: str, day: float, units: float) -> Receipt:
    return Receipt(sku=sku, at=MONDAY + timedelta(days=day), units=units)


def test_receipts_fill_the_oldest_order_first_and_the_rest_is_on_the_way() -> None:
    progress = follow_orders([order(0, cola=10), order(1, cola=20)], [receipt("cola", 8, 14)], MONDAY + timedelta(days=9))
    assert [each.received for each in progress] == [{"cola": 10.0}, {"cola": 4.0}]
    assert on_the_way(progress) == {"cola": 16.0}


def test_a_late_supplier_that_sends_too_little_is_known_by_it() -> None:
    came = [receipt("cola", 4, 10), receipt("cola", 13, 10)]
    record = supplier_records(follow_orders([order(0, cola=10), order(1, cola=20)], came, MONDAY + timedelta(days=60)))["Drinks"]
    assert (record.orders, record.lead_time_days, record.late_share) == (2, 5.0, 1.0)
    assert record.fill_share == pytest.approx(20 / 30)
    assert expected_lead_time(2.0, record)[0] == pytest.approx(3.2)


def test_what_never_came_is_written_off_after_three_weeks() -> None:
    progress = follow_orders([order(0, cola=10)], [], MONDAY + timedelta(days=22))
    assert on_the_way(progress) == {}
    assert supplier_records(progress)["Drinks"].fill_share == 0.0

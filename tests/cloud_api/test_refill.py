"""The cloud tells what may be asked for, the hub sets it against its shelves; forecasts add up on every level."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cloud_api.adapters.article_records import ArticleRecord
from cloud_api.flows.forecast_totals import add_up
from cloud_api.rules.daily_demand import Demand
from cloud_api.rules.refill import hours_share, refill_needs


def demand(per_day: float, *, today: float | None = None) -> Demand:
    ahead = () if today is None else (today, *([per_day] * 27))
    return Demand(mean_per_day=per_day, sd_per_day=per_day**0.5, days=60.0, hidden_share=0.0, over_dispersion=1.2, ahead=ahead)


def test_the_share_of_the_coming_hours_follows_when_the_shop_sells() -> None:
    sold = dict.fromkeys(range(8, 20), 1.0) | {17: 9.0}
    assert hours_share(sold, 16) == pytest.approx(11 / 20)
    assert hours_share(sold, 21) == 0.0
    assert hours_share({}, 3) == pytest.approx(3 / 24)


def test_a_busy_article_is_told_with_what_suffices_and_a_slow_one_is_left_alone() -> None:
    needs = refill_needs({"cola": demand(20.0), "gum": demand(0.5)}, ["cola", "gum", "unknown"], 0.5)
    assert [need.sku for need in needs] == ["cola"]
    assert needs[0].expected == pytest.approx(10.0)
    assert 11 <= needs[0].units <= 14


def test_a_promotion_of_today_is_in_it() -> None:
    usual, promoted = (refill_needs({"cola": demand(20.0, today=today)}, ["cola"], 0.5)[0].units for today in (20.0, 50.0))
    assert promoted > 2 * usual


def test_forecasts_agree_on_every_level() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    records = [
        ArticleRecord(
            store_id=store_id, sku=sku, planned_at=at,
            body={"category": category, "units_7": units, "units_28": 4 * units, "variance_28": 5.0 * units},
        )
        for store_id, sku, category, units in (("a", "cola", "Drinks", 10.0), ("a", "gum", "Sweets", 3.0), ("b", "cola", "Drinks", 7.0))
    ]  # fmt: skip
    chain = add_up(records, "chain")[0]
    assert (chain.units_7, chain.units_28, chain.articles) == (20.0, 80.0, 3)
    for level in ("store", "category", "article"):
        totals = add_up(records, level)  # type: ignore[arg-type]  # The names of levels.
        assert sum(total.units_28 for total in totals) == pytest.approx(80.0)
    assert chain.low_28 < 80.0 < chain.high_28

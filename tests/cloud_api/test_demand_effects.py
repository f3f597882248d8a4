"""Promotions, prices, holidays, new and dying articles in the planner's own forecast: known effects are found again, and used ahead."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import numpy as np
import pytest

from cloud_api.adapters.promotion_records import PromotionBody, PromotionRecord
from cloud_api.adapters.public_holidays import eves, public_holidays
from cloud_api.flows.shop_calendar import day_traits
from cloud_api.rules.demand_effects import USUAL, DayTraits, learn_effects, plain_days
from cloud_api.rules.forecast_bands import calibrate, held_elsewhere, inside
from cloud_api.rules.reconciliation import Level, reconcile
from cloud_api.rules.shop_forecast import AHEAD_DAYS, History, forecast_shop

WEEKS, ROWS = 26, 300


def calendar(rng: np.random.Generator, days: int) -> DayTraits:
    """Each article has a week on display and a week at a lower price now and then; two holidays."""
    plain = plain_days(ROWS, days)
    weeks = days // 7
    display = np.repeat(rng.random((ROWS, weeks)) < 0.08, 7, axis=1).astype(float)
    price = np.repeat(np.where(rng.random((ROWS, weeks)) < 0.08, np.log(0.75), 0.0), 7, axis=1)
    holiday, eve = np.zeros(days), np.zeros(days)
    holiday[[60, 130]] = 1.0
    eve[[58, 59, 128, 129]] = 1.0
    return msgspec.structs.replace(plain, display=display, price=price, holiday=holiday, eve=eve)


def sales(rng: np.random.Generator, traits: DayTraits, **logs: float) -> np.ndarray[Any, Any]:
    effect = logs["display"] * traits.display + logs["price"] * traits.price + logs["holiday"] * traits.holiday + logs["eve"] * traits.eve
    mean = rng.gamma(0.8, 2.0, ROWS)[:, None] * np.exp(effect)
    return rng.negative_binomial(mean / 0.5, 1 / 1.5).astype(float)


def test_the_effects_of_display_price_and_holidays_are_found_again() -> None:
    rng = np.random.default_rng(3)
    true = {"display": np.log(2.2), "price": -2.5, "holiday": np.log(0.4), "eve": np.log(1.5)}
    traits = calendar(rng, 7 * WEEKS)
    found = learn_effects(sales(rng, traits, **true), traits, np.ones(7 * WEEKS))
    told = dict(zip(("display", "mailer", "price", "holiday", "eve"), found.logs, strict=True))
    for name, value in true.items():
        assert told[name] == pytest.approx(value, abs=0.12 if name != "price" else 0.3), name
    assert told["mailer"] == pytest.approx(USUAL[1]), "what never happened is believed to be as in the trade"


def test_a_shop_that_saw_one_promotion_believes_in_no_miracle() -> None:
    traits = plain_days(1, 28)
    traits.display[0, 20] = 1.0
    sold = np.ones((1, 28))
    sold[0, 20] = 9.0
    assert np.exp(learn_effects(sold, traits, np.ones(28)).logs[0]) < 3.5


def test_a_planned_display_lifts_the_forecast_of_its_days_and_no_others() -> None:
    rng = np.random.default_rng(5)
    days = 7 * WEEKS
    traits = calendar(rng, days + AHEAD_DAYS)
    past = traits.part(slice(0, days))
    demand = sales(rng, past, display=np.log(2.0), price=-2.0, holiday=0.0, eve=0.0)
    ahead = traits.display
    ahead[:, days:] = 0.0
    ahead[:150, days + 7 : days + 14] = 1.0
    traits.price[:, days:] = 0.0
    history = History(skus=[str(row) for row in range(ROWS)], sold=demand, in_stock=np.ones_like(demand), traits=traits)
    made = forecast_shop(history, {}).articles
    week = np.array([np.reshape(made[str(row)].ahead, (4, 7)).sum(axis=1) for row in range(ROWS)])
    assert week[:150, 1].sum() / week[:150, 3].sum() == pytest.approx(2.0, rel=0.2)
    assert week[150:, 1].sum() / week[150:, 3].sum() == pytest.approx(1.0, rel=0.05)
    assert made["0"].lift[9] > 1.5
    assert made["0"].lift[20] == pytest.approx(1.0)


def test_a_new_article_leans_on_its_category_and_a_dead_one_is_let_go() -> None:
    rng = np.random.default_rng(8)
    category = np.repeat([0, 1], 60)
    rate = np.where(category == 0, 4.0, 0.3)
    sold = rng.poisson(rate[:, None], (120, 7 * 20)).astype(float)
    sold[0, :-7] = 0.0
    sold[0, -7:] = [0, 0, 0, 0, 0, 2, 0]
    sold[60, :-7] = 0.0
    sold[60, -7:] = [0, 0, 0, 0, 0, 2, 0]
    sold[1, -35:] = 0.0
    history = History(skus=[str(row) for row in range(120)], sold=sold, in_stock=np.ones_like(sold), category=category)
    made = forecast_shop(history, {}).articles
    assert made["0"].mean_per_day > 3 * made["60"].mean_per_day, "the same week, in categories of much and of little"
    assert made["1"].mean_per_day < 0.5, "five weeks without a sale of four a day"


def test_bands_of_rare_counts_hold_as_often_as_they_promise() -> None:
    """Forecasts that say zero of articles that sell now and then: the past tells how often they do."""
    rng = np.random.default_rng(2)
    rate = rng.gamma(0.4, 1.0, (3, 4000))
    units = rng.negative_binomial(rate / 1.5 + 1e-9, 1 / 2.5).astype(float)
    told = np.maximum(0.0, rate + rng.normal(0, 0.6, rate.shape))
    over = np.full(rate.shape, 1.6)
    assert inside(units[2], told[2], over[2]).mean() < 0.78, "as told they do not hold, or the test proves nothing"
    known = calibrate(units[:2].ravel(), told[:2].ravel(), over[:2].ravel())
    assert inside(units[2], known.mean(told[2]), known.spread(told[2], over[2])).mean() == pytest.approx(0.80, abs=0.04)
    assert held_elsewhere(list(units), list(told), list(over)) == pytest.approx(0.80, abs=0.04)


def test_the_calendar_knows_the_shops_own_holidays_and_promotions() -> None:
    assert date(2026, 12, 25) in public_holidays("Europe/Berlin", date(2026, 12, 1), date(2026, 12, 31))
    assert public_holidays("Etc/UTC", date(2026, 12, 1), date(2026, 12, 31)) == frozenset()
    assert date(2026, 12, 24) in eves(frozenset({date(2026, 12, 25), date(2026, 12, 26)}))
    promotion = PromotionRecord(
        store_id="shop-1", promotion_id="p", sku="cola", first_day=date(2026, 12, 23), last_day=date(2026, 12, 27),
        body=PromotionBody(price_minor=80, display="gondola end"), planned_at=None, planned_by="Mei", cancelled_at=None,  # type: ignore[arg-type]  # Not looked at.
    )  # fmt: skip
    traits = day_traits(
        ["cola", "gum"], date(2026, 12, 21), 7, time_zone="Europe/Berlin", promotions=[promotion], usual_minor={"cola": 100}, sold=[]
    )
    assert traits.display.tolist() == [[0, 0, 1, 1, 1, 1, 1], [0] * 7]
    assert np.exp(traits.price[0, 3]) == pytest.approx(0.8)
    assert traits.holiday.tolist() == [0, 0, 0, 0, 1, 1, 0]
    assert traits.eve.tolist() == [0, 0, 1, 1, 0, 0, 0]


def test_articles_categories_and_the_shop_add_up_and_the_surer_level_moves_the_others() -> None:
    rng = np.random.default_rng(4)
    category = np.repeat(np.arange(5), 20)
    truth = 20 + rng.gamma(2.0, 5.0, 100)
    variance = np.full(100, 9.0)
    articles = Level(mean=truth + rng.normal(0, 3, 100), variance=variance)
    totals = np.bincount(category, truth)
    sure = Level(mean=totals, variance=np.full(5, 0.01))
    unsure = Level(mean=totals + 500, variance=np.full(5, 1e9))
    whole = Level(mean=np.array([totals.sum()]), variance=np.array([1e9]))
    moved, kept = (reconcile(articles, category, level, whole) for level in (sure, unsure))
    assert np.bincount(category, moved) == pytest.approx(totals, rel=0.01)
    assert kept == pytest.approx(articles.mean, rel=0.01, abs=0.05)
    assert ((moved - truth) ** 2).mean() < ((articles.mean - truth) ** 2).mean()


def test_the_tree_gives_what_the_matrices_of_the_paper_give() -> None:
    rng = np.random.default_rng(6)
    category = np.array([0, 0, 0, 1, 1, 2])
    mean, variance = rng.uniform(20, 40, 6), rng.uniform(1, 9, 6)
    groups = Level(mean=rng.uniform(60, 120, 3), variance=rng.uniform(1, 9, 3))
    whole = Level(mean=np.array([200.0]), variance=np.array([4.0]))
    summing = np.vstack([np.ones(6), [category == group for group in range(3)], np.eye(6)]).astype(float)
    base = np.concatenate([whole.mean, groups.mean, mean])
    precision = np.diag(1 / np.concatenate([whole.variance, groups.variance, variance]))
    paper = np.linalg.solve(summing.T @ precision @ summing, summing.T @ precision @ base)
    assert reconcile(Level(mean=mean, variance=variance), category, groups, whole) == pytest.approx(paper, abs=1e-6)

"""A shop's own forecast: hidden demand recovered, methods tried on the shop's past, the best of each class of articles used until beaten.

Classes follow what an order needs: articles in bulk (ten units a week or more), steady ones (sold in half the weeks or more), occasional
ones (in a fifth), rare ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from cloud_api.rules.demand_effects import DayTraits, Effects, plain_days
from cloud_api.rules.demand_recovery import hidden_share, recovered_demand
from cloud_api.rules.forecast_bands import Calibration, calibrate, held_elsewhere, over_dispersion
from cloud_api.rules.forecast_candidates import POOLED_FROM_WEEK, TAUGHT_EVERY_WEEKS, Candidates, Lessons, ShopWeeks, candidates
from cloud_api.rules.forecast_methods import Floats
from cloud_api.rules.forecast_pooled import HORIZON_WEEKS, naive_error
from cloud_api.rules.reconciliation import Level, direct_forecasts, reconcile

CLASSES = ("bulk", "steady", "occasional", "rare")
WEEKS_MIN = 2
AHEAD_DAYS = 7 * HORIZON_WEEKS
_BULK_FROM = 10.0
_TRUTH_WEEKS = 2
_ORIGINS = 4
_LEARN_WEEKS = 2
_BEATEN_BY = 0.02
_AS_GOOD_AS_NOTHING = 0.2
"""A forecast of fewer units in two weeks has no shape worth keeping."""
_MOVED_MAX = 4.0
_LEAST_VARIANCE = 1e-6


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Whole weeks of a shop: `sold` `(n, 7 weeks)` units, NaN where nothing was recorded, and the share of the day in stock.

    `traits` are those of the same days and of 28 more, `category` numbers `(n,)`; None where nothing is known.
    """

    skus: list[str]
    sold: Floats
    in_stock: Floats
    traits: DayTraits | None = None
    category: NDArray[np.int64] | None = None


class ClassRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a class of articles was forecast over the last origins: RMSSE a week, units too many, and how often the 80 % band held."""

    name: str
    champion: str
    error: float
    challenger: str
    challenger_error: float
    bias: float
    band_held: float
    series: int
    origins: int
    calibration: Calibration = Calibration()


class ArticleForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Units a day expected on the next 28 days, variance over mean, and what the figure rests on.

    `lift` is how many times the usual each of these days is expected to sell, for promotions, prices and holidays.
    """

    ahead: tuple[float, ...]
    lift: tuple[float, ...]
    over_dispersion: float
    hidden_share: float
    days: float
    class_name: str
    method: str

    @property
    def mean_per_day(self) -> float:
        """Units a day over the 28 days."""
        return sum(self.ahead) / len(self.ahead)


class ShopForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Every article's forecast, each class's record, and the effects that were learnt."""

    articles: dict[str, ArticleForecast]
    records: list[ClassRecord]
    effects: Effects


def forecast_shop(history: History, champions: Mapping[str, str]) -> ShopForecast:
    """Forecast every article, and measure each method on the shop's own past.

    Args:
        champions: class → method in use; it stays until another is better by 2 %.
    """
    demand = recovered_demand(history.sold, history.in_stock)
    rows, days = demand.shape
    shop = ShopWeeks(
        demand=demand, traits=history.traits or plain_days(rows, days + AHEAD_DAYS),
        category=np.zeros(rows, dtype=np.int64) if history.category is None else history.category,
    )  # fmt: skip
    lessons = Lessons(shop)
    classes = _classes(demand)
    records = _measured(shop, lessons, champions)
    return ShopForecast(
        articles=_articles(history, shop, classes, records, now := candidates(shop, lessons)), records=records, effects=now.effects
    )


def _articles(
    history: History, shop: ShopWeeks, classes: NDArray[np.str_], records: list[ClassRecord], now: Candidates
) -> dict[str, ArticleForecast]:
    weekly, over, methods = _calibrated(shop, classes, records, now)
    weekly = _added_up(weekly, over, shop.category, now)
    hidden = hidden_share(history.sold, shop.demand)
    days = np.where(np.isfinite(history.sold), history.in_stock, 0.0).sum(axis=1)
    daily = np.repeat(weekly, 7, axis=1) * now.day_share
    return {
        sku: ArticleForecast(
            ahead=tuple(daily[row].tolist()), lift=tuple(now.lift[row].tolist()), over_dispersion=float(over[row]),
            hidden_share=float(hidden[row]), days=float(days[row]), class_name=str(classes[row]), method=methods[row],
        )
        for row, sku in enumerate(history.skus)
    }  # fmt: skip


def _calibrated(
    shop: ShopWeeks, classes: NDArray[np.str_], records: list[ClassRecord], now: Candidates
) -> tuple[Floats, Floats, list[str]]:
    """Each article's weeks by its class's champion, moved half the way to what came of such forecasts; its variance over mean, and the
    method's name.
    """
    chosen = {record.name: record for record in records}
    weekly, over, methods = now.weekly["blend"].copy(), over_dispersion(shop.demand), ["blend"] * len(classes)
    for name in np.unique(classes):
        record = chosen.get(str(name))
        if record is None or record.champion not in now.weekly:
            continue
        rows = np.flatnonzero(classes == name)
        said = now.weekly[record.champion][rows]
        told = said[:, :_TRUTH_WEEKS].sum(axis=1)
        expected = record.calibration.mean(told)
        times = np.clip(expected / np.maximum(told, 1e-9), 1.0 / _MOVED_MAX, _MOVED_MAX)
        flat = np.broadcast_to((expected / _TRUTH_WEEKS)[:, None], said.shape)
        weekly[rows] = np.where((told > _AS_GOOD_AS_NOTHING)[:, None], np.sqrt(times)[:, None] * said, flat)
        over[rows] = record.calibration.spread(told, over[rows])
        for row in rows:
            methods[row] = record.champion
    return weekly, over, methods


def _added_up(weekly: Floats, over: Floats, category: NDArray[np.int64], now: Candidates) -> Floats:
    """The weeks, once articles, categories and the shop agree; what is planned lifts the totals' forecasts as it lifts their articles'."""
    month, lift = weekly.sum(axis=1), now.lift.mean(axis=1)
    if not month.any():
        return weekly
    size = int(category.max()) + 1
    totals = np.array([np.bincount(category, week, minlength=size) for week in now.plain_weeks.T]).T
    lifted = np.bincount(category, month, minlength=size) / np.maximum(np.bincount(category, month / lift, minlength=size), 1e-9)
    categories, whole = direct_forecasts(totals, HORIZON_WEEKS), direct_forecasts(totals.sum(axis=0)[None], HORIZON_WEEKS)
    agreed = reconcile(
        Level(mean=month, variance=np.maximum(over * month, _LEAST_VARIANCE)), category,
        Level(mean=categories.mean * np.where(lifted > 0, lifted, 1.0), variance=categories.variance),
        Level(mean=whole.mean * month.sum() / (month / lift).sum(), variance=whole.variance),
    )  # fmt: skip
    moved: Floats = weekly * (agreed / np.maximum(month, 1e-9))[:, None]
    return moved


class _Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What each method would have said at past origins: errors and units over two weeks by method, truth, spread and the class an article
    had then, `(origins, n)`.
    """

    errors: dict[str, Floats]
    told: dict[str, Floats]
    truth: Floats
    over: Floats
    classes: NDArray[np.str_]


def origins(weeks: int) -> list[int]:
    """Weeks from which forecasts are tried, latest first, as far apart as lessons are; without the pooled one's where it could learn."""
    found = [week for week in range(weeks - TAUGHT_EVERY_WEEKS, _LEARN_WEEKS - 1, -TAUGHT_EVERY_WEEKS) if week + _TRUTH_WEEKS <= weeks]
    pooled = [week for week in found if week >= POOLED_FROM_WEEK]
    if not found and weeks - _TRUTH_WEEKS >= _LEARN_WEEKS:
        found = [weeks - _TRUTH_WEEKS]
    return (pooled if len(pooled) > 1 else found)[:_ORIGINS]


def _try(shop: ShopWeeks, lessons: Lessons) -> _Tried | None:
    by_week = shop.demand.reshape(len(shop.demand), -1, 7).sum(axis=2)
    errors: dict[str, list[Floats]] = {}
    told: dict[str, list[Floats]] = {}
    truths, over, classes = [], [], []
    for week in origins(shop.weeks):
        past, truth = shop.until(week), by_week[:, week : week + _TRUTH_WEEKS]
        scale = naive_error(by_week[:, :week])
        scale = np.where(scale > 0, scale, np.where(past.demand.any(axis=1), 1.0, np.nan))  # What never changed is measured in units.
        truths.append(truth.sum(axis=1))
        over.append(over_dispersion(past.demand))
        classes.append(np.where(past.demand.any(axis=1), _classes(past.demand), ""))  # What had not sold yet was no article of the shop.
        for method, weekly in candidates(past, lessons).weekly.items():
            said = weekly[:, :_TRUTH_WEEKS]
            errors.setdefault(method, []).append(np.sqrt(((truth - said) ** 2).mean(axis=1) / scale))
            told.setdefault(method, []).append(said.sum(axis=1))
    if not truths:
        return None
    whole = [method for method, each in errors.items() if len(each) == len(truths)]
    return _Tried(
        errors={method: np.array(errors[method]) for method in whole},
        told={method: np.array(told[method]) for method in whole},
        truth=np.array(truths),
        over=np.array(over),
        classes=np.array(classes),
    )


def _measured(shop: ShopWeeks, lessons: Lessons, champions: Mapping[str, str]) -> list[ClassRecord]:
    tried = _try(shop, lessons)
    if tried is None:
        return []
    records = [_class_record(name, tried.classes == name, tried, champions.get(name)) for name in CLASSES]
    return [record for record in records if record is not None]


def _class_record(name: str, mine: NDArray[np.bool_], tried: _Tried, incumbent: str | None) -> ClassRecord | None:
    errors = {method: each[mine] for method, each in tried.errors.items()}
    means = {method: float(np.nanmean(each)) for method, each in errors.items() if np.isfinite(each).any()}
    if not means:
        return None
    best = min(means, key=lambda method: means[method])
    beaten = incumbent not in means or means[best] < (1 - _BEATEN_BY) * means[incumbent]
    champion = best if beaten or incumbent is None else incumbent
    others = {method: error for method, error in means.items() if method != champion}
    challenger = min(others, key=lambda method: others[method])
    units, told, over = (
        [each[row] for each, row in zip(table, mine, strict=True)] for table in (tried.truth, tried.told[champion], tried.over)
    )
    asked = sum(float(each.sum()) for each in units)
    return ClassRecord(
        name=name,
        champion=champion,
        error=means[champion],
        challenger=challenger,
        challenger_error=others[challenger],
        bias=sum(float(each.sum()) for each in told) / asked - 1 if asked > 0 else 0.0,
        band_held=held_elsewhere(units, told, over),
        series=int(mine[0].sum()),
        origins=len(tried.truth),
        calibration=calibrate(np.concatenate(units), np.concatenate(told), np.concatenate(over)),
    )


def _classes(demand: Floats) -> NDArray[np.str_]:
    weeks = demand.reshape(len(demand), -1, 7).sum(axis=2)
    sold = (weeks >= 0.5).mean(axis=1)
    seldom = np.where(sold >= 0.2, "occasional", "rare")
    return np.where(weeks.mean(axis=1) >= _BULK_FROM, "bulk", np.where(sold >= 0.5, "steady", seldom))

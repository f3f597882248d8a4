"""A shop's own forecast: hidden demand recovered, methods tried on the shop's past, the best of each class of articles used until beaten.

Classes follow what an order needs: articles in bulk (ten units a week or more), steady ones (sold in half the weeks or more), rare ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom

from cloud_api.rules.demand_recovery import hidden_share, recovered_demand
from cloud_api.rules.forecast_methods import Floats, adida, imapa, tsb
from cloud_api.rules.forecast_pooled import naive_error

CLASSES = ("bulk", "steady", "rare")
WEEKS_MIN = 2
BAND = 0.80
_BULK_FROM = 10.0
_HORIZON_WEEKS = 2
_ORIGINS = 4
_LEARN_WEEKS = 2
_BEATEN_BY = 0.02
_SHRUNK = 0.6
_MEMORY_WEEKS = {"blend": 20.0, "mean_28": 4.0, "tsb": 16.0, "adida": 9.0, "imapa": 9.0}
"""How many weeks each method remembers: its own error adds to what chance does."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Whole weeks of a shop: `sold` `(n, 7 weeks)` units, NaN where nothing was recorded, and the share of the day in stock."""

    skus: list[str]
    sold: Floats
    in_stock: Floats


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


class ArticleForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Units a day expected, variance over mean, and what the figure rests on."""

    mean_per_day: float
    over_dispersion: float
    hidden_share: float
    days: float
    class_name: str
    method: str


def forecast_shop(history: History, champions: Mapping[str, str]) -> tuple[dict[str, ArticleForecast], list[ClassRecord]]:
    """Forecast every article, and measure each method on the shop's own past.

    Args:
        champions: class → method in use; it stays until another is better by 2 %.
    """
    demand = recovered_demand(history.sold, history.in_stock)
    classes = _classes(demand)
    records = _measured(demand, classes, champions)
    chosen = {record.name: record.champion for record in records}
    rates = _rates(demand)
    over = _over_dispersion(demand)
    hidden = hidden_share(history.sold, demand)
    days = np.where(np.isfinite(history.sold), history.in_stock, 0.0).sum(axis=1)
    forecasts = {}
    for row, sku in enumerate(history.skus):
        name = str(classes[row])
        method = chosen.get(name, "blend")
        forecasts[sku] = ArticleForecast(
            mean_per_day=float(rates[method][row]) / 7,
            over_dispersion=float(over[row]) * _doubted(method),
            hidden_share=float(hidden[row]),
            days=float(days[row]),
            class_name=name,
            method=method,
        )
    return forecasts, records


class _Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What each method would have said at past origins: errors and units over two weeks by method, truth and spread, `(origins, n)`."""

    errors: dict[str, Floats]
    told: dict[str, Floats]
    truth: Floats
    over: Floats


def _try(demand: Floats) -> _Tried | None:
    by_week = demand.reshape(len(demand), -1, 7).sum(axis=2)
    origins = range(by_week.shape[1] - _HORIZON_WEEKS, _LEARN_WEEKS - 1, -_HORIZON_WEEKS)[:_ORIGINS]
    errors: dict[str, list[Floats]] = {}
    told: dict[str, list[Floats]] = {}
    truths, over = [], []
    for week in origins:
        past, truth = demand[:, : 7 * week], by_week[:, week : week + _HORIZON_WEEKS]
        scale = naive_error(by_week[:, :week])
        scale = np.where(scale > 0, scale, np.where(past.any(axis=1), 1.0, np.nan))  # What never changed is measured in units.
        truths.append(truth.sum(axis=1))
        over.append(_over_dispersion(past))
        for method, rate in _rates(past).items():
            errors.setdefault(method, []).append(np.sqrt(((truth - rate[:, None]) ** 2).mean(axis=1) / scale))
            told.setdefault(method, []).append(rate * _HORIZON_WEEKS)
    if not truths:
        return None
    return _Tried(
        errors={method: np.array(each) for method, each in errors.items()},
        told={method: np.array(each) for method, each in told.items()},
        truth=np.array(truths),
        over=np.array(over),
    )


def _measured(demand: Floats, classes: NDArray[np.str_], champions: Mapping[str, str]) -> list[ClassRecord]:
    tried = _try(demand)
    if tried is None:
        return []
    records = [_class_record(name, classes == name, tried, champions.get(name)) for name in CLASSES]
    return [record for record in records if record is not None]


def _class_record(name: str, rows: NDArray[np.bool_], tried: _Tried, incumbent: str | None) -> ClassRecord | None:
    errors = {method: each[:, rows] for method, each in tried.errors.items()}
    means = {method: float(np.nanmean(each)) for method, each in errors.items() if np.isfinite(each).any()}
    if not means:
        return None
    best = min(means, key=lambda method: means[method])
    beaten = incumbent not in means or means[best] < (1 - _BEATEN_BY) * means[incumbent]
    champion = best if beaten or incumbent is None else incumbent
    others = {method: error for method, error in means.items() if method != champion}
    challenger = min(others, key=lambda method: others[method])
    units, told = tried.truth[:, rows], tried.told[champion][:, rows]
    return ClassRecord(
        name=name,
        champion=champion,
        error=means[champion],
        challenger=challenger,
        challenger_error=others[challenger],
        bias=float(told.sum() / units.sum() - 1) if units.sum() > 0 else 0.0,
        band_held=_band_held(units, told, tried.over[:, rows] * _doubted(champion)),
        series=int(rows.sum()),
        origins=len(tried.truth),
    )


def _doubted(method: str) -> float:
    """How much wider the spread is because the level is only estimated."""
    return 1.0 + _HORIZON_WEEKS / _MEMORY_WEEKS[method]


def _band_held(units: Floats, mean: Floats, over: Floats) -> float:
    """The share of outcomes inside the band; a count that lies on an edge counts by the part of it that is inside."""
    mean = np.maximum(mean, 1e-6)
    variance = np.maximum(over * mean, mean * 1.001)
    size, chance = mean**2 / (variance - mean), mean / variance
    count = np.rint(units)
    below, through = nbinom.cdf(count - 1, size, chance), nbinom.cdf(count, size, chance)
    low, high = (1 - BAND) / 2, (1 + BAND) / 2
    inside = np.clip((np.minimum(through, high) - np.maximum(below, low)) / np.maximum(through - below, 1e-12), 0.0, 1.0)
    return float(inside.mean())


def _rates(demand: Floats) -> dict[str, Floats]:
    """Units a week by method, `(n,)` each; days before the first sale say only that the article was not there yet."""
    weeks = demand.reshape(len(demand), -1, 7).sum(axis=2)
    whole = np.rint(demand)
    started = np.cumsum(weeks > 0.05, axis=1) > 0

    def alive(span: int) -> Floats:
        counted = started[:, -span:].sum(axis=1)
        mean: Floats = (weeks[:, -span:] * started[:, -span:]).sum(axis=1) / np.maximum(counted, 1)
        return mean

    smooth = imapa(whole, 1)[:, 0] * 7
    levels = [smooth, alive(26), alive(60)]
    return {
        "blend": np.exp(np.mean([np.log(level + 0.02) for level in levels], axis=0)) - 0.02,
        "mean_28": alive(4),
        "tsb": tsb(whole, 1)[:, 0] * 7,
        "adida": adida(whole, 1)[:, 0] * 7,
        "imapa": smooth,
    }


def _over_dispersion(demand: Floats) -> Floats:
    """Variance over mean of a week, drawn towards that of articles of the same size; never below a Poisson stream's 1."""
    weeks = demand.reshape(len(demand), -1, 7).sum(axis=2)
    mean = weeks.mean(axis=1) + 0.02
    spread = weeks.var(axis=1, ddof=1) if weeks.shape[1] > 1 else mean
    own = np.log(np.maximum(spread / mean, 1.0))
    size = np.column_stack([np.ones(len(mean)), np.log(mean)])
    pooled = size @ np.linalg.lstsq(size, own, rcond=None)[0]
    over: Floats = np.maximum(np.exp((1 - _SHRUNK) * own + _SHRUNK * pooled), 1.0)
    return over


def _classes(demand: Floats) -> NDArray[np.str_]:
    weeks = demand.reshape(len(demand), -1, 7).sum(axis=2)
    sold = (weeks >= 0.5).mean(axis=1)
    return np.where(weeks.mean(axis=1) >= _BULK_FROM, "bulk", np.where(sold >= 0.5, "steady", "rare"))

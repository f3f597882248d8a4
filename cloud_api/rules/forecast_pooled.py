"""Our own forecast: published forecasts, promotions and neighbours, weighed by a ridge regression that is pooled over series.

The weights are learnt on other series than the forecast's own shop ("leave one shop out"), from forecasts as they would have been made in
the past. Hoerl and Kennard, Technometrics 12, 1970; pooling as in Montero-Manso and Hyndman, IJF 37, 2021. A learner for the remaining
error (gradient boosting) may be handed in; then the forecast is the mean of both.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from cloud_api.rules.forecast_methods import Floats, adida, imapa, mean_28

HORIZON_WEEKS = 4
LEARN_FROM_WEEK = 12
DAYS_SOLD_MIN = 10
_RIDGE = 0.002
_TAUGHT_EVERY_WEEKS = 3
_PUBLISHED = ("imapa", "adida", "mean_28", "weeks_8", "weeks_13", "weeks_26", "alive", "unpromoted")
_LEVELS = (*_PUBLISHED, "weeks_1", "weeks_2", "promoted", "elsewhere_8", "elsewhere_26")
_OTHERS = ("age_weeks", "since_weeks", "sold_share", "size", "promoted_share", "category_trend")


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """Whole weeks of demand: `units` `(n, 7 weeks)`, `display` and `mailer` `(n, weeks)` 0 or 1, and what each series belongs to."""

    units: Floats
    shop: NDArray[np.int64]
    article: NDArray[np.int64]
    category: NDArray[np.int64]
    display: Floats
    mailer: Floats

    @property
    def weeks(self) -> Floats:
        """Units a week, `(n, weeks)`."""
        total: Floats = self.units.reshape(len(self.units), -1, 7).sum(axis=2)
        return total


class Learner(Protocol):
    """Learns a value from features and tells it for others."""

    def __call__(self, known: Floats, value: Floats, weight: Floats, asked: Floats) -> Floats:
        """Return what `asked` `(m, f)` would bring, after `known` `(k, f)` brought `value` `(k,)`."""
        ...


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """A forecast's ingredients at one week: `features` by name `(n,)`, promotions and outcome `(n, 4)`, error scale `(n,)`."""

    features: dict[str, Floats]
    display: Floats
    mailer: Floats
    outcome: Floats
    scale: Floats
    ready: NDArray[np.bool_]


def lesson_at(panel: Panel, week: int) -> Lesson:
    """What was known at the start of `week`, and what the four weeks from then on brought (or as many as there are)."""
    ahead = slice(week, week + HORIZON_WEEKS)
    days = panel.units[:, : 7 * week]
    return Lesson(
        features=features_at(panel, week),
        display=panel.display[:, ahead],
        mailer=panel.mailer[:, ahead],
        outcome=panel.weeks[:, ahead],
        scale=naive_error(panel.weeks[:, :week]) ** 0.5,
        ready=(days > 0).sum(axis=1) >= DAYS_SOLD_MIN,
    )


def naive_error(history: Floats) -> Floats:
    """The mean squared change from period to period since the first sale: RMSSE's denominator (Hyndman and Koehler, IJF 22, 2006)."""
    changes = np.diff(history, axis=1) ** 2
    counted = np.arange(changes.shape[1])[None] >= np.argmax(history > 0, axis=1)[:, None]
    error: Floats = (changes * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    return error


def features_at(panel: Panel, week: int) -> dict[str, Floats]:
    """Levels in units a week, and what else tells series apart; nothing after the start of `week` is looked at."""
    days, weeks = panel.units[:, : 7 * week], panel.weeks[:, :week]
    sold = days > 0
    age = days.shape[1] - np.argmax(sold, axis=1)
    found: dict[str, Floats] = {f"weeks_{k}": weeks[:, -k:].mean(axis=1) for k in (1, 2, 8, 13, 26)}
    found |= {name: method(days, 1)[:, 0] * 7 for name, method in (("imapa", imapa), ("adida", adida), ("mean_28", mean_28))}
    found |= {
        "alive": days.sum(axis=1) / age * 7,
        "age_weeks": age / 7,
        "since_weeks": np.argmax(sold[:, ::-1], axis=1) / 7,
        "sold_share": sold.sum(axis=1) / age,
        "size": days.sum(axis=1) / np.maximum(sold.sum(axis=1), 1),
    }
    promoted = np.maximum(panel.display, panel.mailer)[:, :week]
    plain = 1 - promoted
    found["unpromoted"] = (weeks * plain).sum(axis=1) / np.maximum(plain.sum(axis=1), 1)
    found["promoted"] = (weeks * promoted).sum(axis=1) / np.maximum(promoted.sum(axis=1), 1)
    found["promoted_share"] = promoted[:, -26:].mean(axis=1)
    now, before = np.bincount(panel.category, found["mean_28"]), np.bincount(panel.category, found["weeks_26"])
    found["category_trend"] = ((now + 1) / (before + 1))[panel.category]
    for span in (8, 26):
        found[f"elsewhere_{span}"] = _elsewhere(panel.article, found[f"weeks_{span}"])
    return found


def _elsewhere(article: NDArray[np.int64], level: Floats) -> Floats:
    """The article's mean level in the other shops; -1 where no other shop has it."""
    others = np.bincount(article)[article] - 1
    total = np.bincount(article, level)[article] - level
    return np.where(others > 0, total / np.maximum(others, 1), -1.0)


def design(lesson: Lesson) -> Floats:
    """The ridge's terms, `(n * steps, terms)`, each in units a week, so that a series' size needs no scaling."""
    steps = lesson.display.shape[1]
    f = {name: np.repeat(values, steps) for name, values in lesson.features.items()}
    display, mailer = lesson.display.ravel(), lesson.mailer.ravel()
    terms: list[Floats] = [f[name] for name in _PUBLISHED]
    terms += [f[name] * promotion for promotion in (display, mailer) for name in ("imapa", "alive", "unpromoted")]
    terms.append(np.maximum(display, mailer) * f["promoted"])
    terms.append(np.full(len(display), 0.1))
    terms.append(f["imapa"] * (f["category_trend"] - 1))
    elsewhere: Floats = np.clip((f["elsewhere_8"] + 0.2) / (f["elsewhere_26"] + 0.2), 0.3, 3.0) - 1
    terms.append(np.where(f["elsewhere_8"] >= 0, f["imapa"] * elsewhere, 0.0))
    return np.column_stack(terms)


def ridge_weights(terms: Floats, value: Floats, scale: Floats) -> Floats:
    """Weights of least scaled error, drawn towards IMAPA alone where the past says little."""
    rows = terms / scale[:, None]
    prior = np.zeros(terms.shape[1])
    prior[0] = 1.0
    pull = _RIDGE * len(rows)
    weights: Floats = np.linalg.solve(rows.T @ rows + pull * np.eye(len(prior)), rows.T @ (value / scale) + pull * prior).astype(np.float64)
    return weights


class PooledForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Units a week, `(n, 4)`: the ridge's, the boosted one where a learner was handed in, and ours."""

    ridge: Floats
    boosted: Floats | None
    ours: Floats


def pooled_forecast(panel: Panel, week: int, learner: Learner | None = None) -> PooledForecast:
    """Forecast four weeks from `week`, each shop by what the other shops taught (by its own past where there is only one shop)."""
    asked = lesson_at(panel, week)
    past = [lesson_at(panel, w) for w in range(week - HORIZON_WEEKS, LEARN_FROM_WEEK - 1, -_TAUGHT_EVERY_WEEKS)]
    steps = asked.display.shape[1]
    ridge: Floats = np.repeat(asked.features["imapa"][:, None], steps, axis=1)
    boosted = ridge.copy() if learner else None
    shops = np.unique(panel.shop)
    for shop in shops:
        own = panel.shop == shop
        taught = [(each, each.ready & (each.scale > 0) & (~own if len(shops) > 1 else True)) for each in past]
        taught = [(each, which) for each, which in taught if which.any()]
        if not taught:
            continue
        terms = np.concatenate([design(each)[np.repeat(which, steps)] for each, which in taught])
        value = np.concatenate([each.outcome[which].ravel() for each, which in taught])
        scale = np.concatenate([np.repeat(each.scale[which], steps) for each, which in taught])
        mine = np.repeat(own, steps)
        ridge[own] = np.maximum(design(asked)[mine] @ ridge_weights(terms, value, scale), 0).reshape(-1, steps)
        if learner and boosted is not None:
            known = np.concatenate([traits(each)[np.repeat(which, steps)] for each, which in taught])
            boosted[own] = _boosted(learner, known, value, scale, traits(asked)[mine]).reshape(-1, steps)
    return PooledForecast(ridge=ridge, boosted=boosted, ours=ridge if boosted is None else (ridge + boosted) / 2)


def traits(lesson: Lesson) -> Floats:
    """A learner's features: levels relative to the series' own, promotions, step; IMAPA and the own level come last."""
    steps = lesson.display.shape[1]
    f = {name: np.repeat(values, steps) for name, values in lesson.features.items()}
    level: Floats = f["alive"] + 0.05
    columns = [f[name] / level for name in _LEVELS] + [f[name] for name in _OTHERS]
    columns += [lesson.display.ravel(), lesson.mailer.ravel(), np.tile(np.arange(steps), len(lesson.display)), f["imapa"], level]
    return np.column_stack(columns)


def _boosted(learner: Learner, known: Floats, value: Floats, scale: Floats, asked: Floats) -> Floats:
    """IMAPA plus what the learner expects it to miss, in shares of each series' level."""
    weight = np.minimum((known[:, -1] / scale) ** 2, 20)
    missed = learner(known, (value - known[:, -2]) / known[:, -1], weight, asked)
    return np.maximum(asked[:, -2] + missed * asked[:, -1], 0)

"""What each forecasting method says of the next four weeks of a shop: levels with the effects of its calendar, and a pooled regression.

Level methods see demand freed from promotions, prices and holidays, and their levels are multiplied by those that are planned. New articles
lean on their category, articles that stopped selling are believed dead by and by.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from cloud_api.rules.demand_effects import DayTraits, Effects, learn_effects
from cloud_api.rules.forecast_methods import Floats, adida, imapa, tsb
from cloud_api.rules.forecast_pooled import HORIZON_WEEKS, LEARN_FROM_WEEK, Lesson, Panel, design, lesson_at, ridge_weights

POOLED_FROM_WEEK = LEARN_FROM_WEEK + HORIZON_WEEKS
TAUGHT_EVERY_WEEKS = 3
_POOLED_SHARE = 0.7
_NEW_WEEKS = 6
_CATEGORY_WEEKS = 1.5
"""A new article's own past and its category count as one does: the category as much as so many weeks."""
_GROUP_PULL = 3.0
_DYING_A_WEEK = 0.01
"""The share of articles that are taken off in a week."""


class ShopWeeks(msgspec.Struct, frozen=True, kw_only=True):
    """Whole weeks of a shop: `demand` `(n, 7 weeks)` units a day, the days' traits for at least four weeks more, and categories `(n,)`."""

    demand: Floats
    traits: DayTraits
    category: NDArray[np.int64]

    @property
    def weeks(self) -> int:
        """Weeks of demand."""
        return int(self.demand.shape[1]) // 7

    def until(self, week: int) -> ShopWeeks:
        """As it was known at the start of a week; the calendar ahead is known."""
        return ShopWeeks(
            demand=self.demand[:, : 7 * week], traits=self.traits.part(slice(0, 7 * (week + HORIZON_WEEKS))), category=self.category
        )


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """Units a week by method, `(n, 4)` each; the effects behind them, the share of a week each of its days brings and how many times the
    usual it sells, `(n, 28)`, and past weeks freed from effects, `(n, weeks)`.
    """

    weekly: dict[str, Floats]
    effects: Effects
    day_share: Floats
    lift: Floats
    plain_weeks: Floats


class Lessons:
    """Lessons of one shop's past, each worked out once: what was known at a week does not change."""

    def __init__(self, shop: ShopWeeks) -> None:
        days = 7 * (shop.weeks + HORIZON_WEEKS)
        cut = np.where(shop.traits.price < np.log(0.95), 1.0, 0.0)

        def by_week(daily: Floats) -> Floats:
            padded = daily[:, :days]
            share: Floats = padded.reshape(len(padded), -1, 7).mean(axis=2)
            return share

        rows = len(shop.demand)
        self._panel = Panel(
            units=shop.demand, shop=np.zeros(rows, dtype=np.int64), article=np.arange(rows), category=shop.category,
            display=by_week(shop.traits.display), mailer=by_week(np.maximum(shop.traits.mailer, cut)),
        )  # fmt: skip
        self._kept: dict[int, Lesson] = {}

    def at(self, week: int) -> Lesson:
        """What was known at the start of a week, and what the next four brought where they are past."""
        if week not in self._kept:
            self._kept[week] = lesson_at(self._panel, week)
        return self._kept[week]

    def pooled(self, week: int) -> Floats | None:
        """The ridge regression's four weeks from `week`, `(n, 4)`; None while there is too little past to learn from."""
        past = [self.at(w) for w in range(week - HORIZON_WEEKS, LEARN_FROM_WEEK - 1, -TAUGHT_EVERY_WEEKS)]
        taught = [(each, each.ready & (each.scale > 0)) for each in past]
        taught = [(each, which) for each, which in taught if which.any()]
        if not taught:
            return None
        steps = HORIZON_WEEKS
        terms = np.concatenate([design(each)[np.repeat(which, steps)] for each, which in taught])
        value = np.concatenate([each.outcome[which].ravel() for each, which in taught])
        scale = np.concatenate([np.repeat(each.scale[which], steps) for each, which in taught])
        told: Floats = np.maximum(design(self.at(week)) @ ridge_weights(terms, value, scale), 0.0).reshape(-1, steps)
        return told


def candidates(shop: ShopWeeks, lessons: Lessons) -> Candidates:
    """What every method says of the four weeks after `shop`."""
    past_days, all_days = 7 * shop.weeks, 7 * (shop.weeks + HORIZON_WEEKS)
    weekday = _weekday(shop.demand)
    past, ahead = shop.traits.part(slice(0, past_days)), shop.traits.part(slice(past_days, all_days))
    effects = learn_effects(shop.demand, past, np.tile(weekday, shop.weeks))
    plain = shop.demand / effects.multiplier(past)
    lift = effects.multiplier(ahead)
    day_weight = np.tile(weekday, HORIZON_WEEKS) * lift
    by_week = day_weight.reshape(len(lift), HORIZON_WEEKS, 7).mean(axis=2)
    life = _alive(shop.demand)[:, None]
    rates = {method: rate[:, None] * life * by_week for method, rate in _with_category(plain_rates(plain), shop).items()}
    ridge = lessons.pooled(shop.weeks)
    if ridge is not None:
        calendar = Effects(logs=effects.logs * [0, 0, 0, 1, 1], errors=effects.errors, own=np.ones(len(plain))).multiplier(ahead)
        calm = ridge * calendar.reshape(len(lift), HORIZON_WEEKS, 7).mean(axis=2)
        rates["pooled"] = _POOLED_SHARE * calm + (1 - _POOLED_SHARE) * rates["adida"]
    share = day_weight / np.repeat(7 * by_week, 7, axis=1)
    plain_weeks = plain.reshape(len(plain), -1, 7).sum(axis=2)
    return Candidates(weekly=rates, effects=effects, day_share=share, lift=lift, plain_weeks=plain_weeks)


def plain_rates(demand: Floats) -> dict[str, Floats]:
    """Units a week by level method, `(n,)` each; days before the first sale say only that the article was not there yet."""
    weeks = demand.reshape(len(demand), -1, 7).sum(axis=2)
    whole = np.rint(demand * 4) / 4  # Freed demand is no whole number; the methods ask only whether a day sold.
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


def _weekday(demand: Floats) -> Floats:
    """How each of the seven days sells, 1 on average, over all articles together."""
    totals = demand.reshape(len(demand), -1, 7).sum(axis=(0, 1)) + 1.0
    share: Floats = totals / totals.mean()
    return share


def _with_category(rates: dict[str, Floats], shop: ShopWeeks) -> dict[str, Floats]:
    """An article in its first weeks has no method but its mean, which leans on what its category's others sell (empirical Bayes)."""
    sold = shop.demand > 0
    age = (shop.demand.shape[1] - np.argmax(sold, axis=1)) / 7
    grown, mean = (age >= _NEW_WEEKS) | ~sold.any(axis=1), rates["mean_28"]  # What never sold is no news.
    if grown.all() or not grown.any():
        return rates
    logs, groups = np.log(mean + 0.1), int(shop.category.max()) + 1
    count = np.bincount(shop.category, grown, minlength=groups)
    total = np.bincount(shop.category, logs * grown, minlength=groups)
    usual = np.exp((total + _GROUP_PULL * logs[grown].mean()) / (count + _GROUP_PULL))[shop.category] - 0.1
    mixed: Floats = (age * mean + _CATEGORY_WEEKS * usual) / (age + _CATEGORY_WEEKS)
    return {method: np.where(grown, rate, mixed) for method, rate in rates.items()}


def _alive(demand: Floats) -> Floats:
    """The chance that an article still sells, after so many days without a sale (Schmittlein, Morrison and Colombo, Management Science 33,
    1987: the Pareto/NBD's, with the rate taken as known). Sales come in clumps, so gaps are measured in gaps that the article had before.
    """
    sold = demand > 0
    first = np.argmax(sold, axis=1)
    last = demand.shape[1] - 1 - np.argmax(sold[:, ::-1], axis=1)
    quiet = demand.shape[1] - 1 - last
    sales = sold.sum(axis=1)
    rate = np.where(sales > 1, (sales - 1) / np.maximum(last - first, 1), 0.0)
    dying = _DYING_A_WEEK / 7
    still = np.exp(-(rate + dying) * quiet)
    chance: Floats = np.where(sales > 1, still / (still + dying / (rate + dying) * (1 - still)), 1.0)
    return chance

"""What promotions, prices and holidays do to demand: few effects, learnt from all articles of a shop together.

Each article has a level of its own; an effect multiplies it. Poisson regression with article levels profiled out (Gourieroux, Monfort and
Trognon, Econometrica 52, 1984: consistent whatever the spread), drawn towards what is usual in the trade, so that a shop that has seen one
promotion believes in no miracle. What an article's own promotions did beyond that moves its own effect, as far as there is evidence.
"""

from __future__ import annotations

import msgspec
import numpy as np

from cloud_api.rules.forecast_methods import Floats

NAMES = ("display", "mailer", "price", "holiday", "eve")
USUAL: tuple[float, ...] = (0.45, 0.30, -1.8, -0.3, 0.2)
"""Logarithms of what is usual: a display sells 1.6 times as much, a mailer 1.35 times; the price elasticity is −1.8 (Bijmolt, van Heerde
and Pieters, JMR 42, 2005, have −2.6 for brands; an article on a shelf of many moves less); holidays are quiet and the days before busy."""
_USUAL_SD = (0.3, 0.3, 0.8, 0.5, 0.3)
_OWN_UNITS = 12.0
"""An article's own promotions count against the pooled effect as so many units (times the spread) would."""
_ROUNDS = 12
_STEP_MAX = 1.0
_LOG_MAX = 2.3
"""No effect is believed to be more than tenfold."""


class DayTraits(msgspec.Struct, frozen=True, kw_only=True):
    """What is special about days: `display` and `mailer` 0 or 1, `price` the logarithm of the price over the usual, `(n, days)` each;
    `holiday` and `eve` (the two days before one) 0 or 1, `(days,)`.
    """

    display: Floats
    mailer: Floats
    price: Floats
    holiday: Floats
    eve: Floats

    def part(self, days: slice) -> DayTraits:
        """Some of the days."""
        return DayTraits(
            display=self.display[:, days], mailer=self.mailer[:, days], price=self.price[:, days], holiday=self.holiday[days],
            eve=self.eve[days],
        )  # fmt: skip

    @property
    def columns(self) -> list[Floats]:
        """In the order of `NAMES`, each broadcast to `(n, days)`."""
        shape = self.display.shape
        return [self.display, self.mailer, self.price, *(np.broadcast_to(days, shape) for days in (self.holiday, self.eve))]

    @property
    def promoted(self) -> Floats:
        """1 on days with a display, a mailer or a price at least 5 % under the usual."""
        told: Floats = ((self.display > 0) | (self.mailer > 0) | (self.price < np.log(0.95))).astype(np.float64)
        return told


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """Logarithms of the effects, in the order of `NAMES`, their standard errors, and each article's own factor while promoted, `(n,)`."""

    logs: Floats
    errors: Floats
    own: Floats

    def multiplier(self, traits: DayTraits) -> Floats:
        """How many times the usual a day sells, `(n, days)`."""
        total: Floats = sum((effect * column for effect, column in zip(self.logs, traits.columns, strict=True)), np.zeros(1))
        return np.exp(np.clip(total, -_LOG_MAX, _LOG_MAX)) * np.where(traits.promoted > 0, self.own[:, None], 1.0)


def plain_days(rows: int, days: int) -> DayTraits:
    """Days about which nothing is known."""
    nothing = np.zeros((rows, days))
    return DayTraits(display=nothing, mailer=nothing, price=nothing, holiday=np.zeros(days), eve=np.zeros(days))


def learn_effects(demand: Floats, traits: DayTraits, weekday: Floats) -> Effects:
    """Learn the effects.

    Args:
        demand: `(n, days)` units, oldest first; days before an article's first sale are left out.
        weekday: `(days,)` how a day of its weekday sells, 1 on average.
    """
    usual, pull = np.array(USUAL), 1.0 / np.array(_USUAL_SD) ** 2
    there = (np.cumsum(demand, axis=1) > 0) * weekday
    columns = traits.columns
    told = [position for position, column in enumerate(columns) if np.any(column)]
    logs, sharpness = usual.copy(), pull.copy()
    for _ in range(_ROUNDS if told else 0):
        effect = np.exp(sum((logs[k] * columns[k] for k in told), np.zeros_like(demand)))
        expected = there * effect
        expected *= (demand.sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-9))[:, None]
        spread = _spread(demand, expected)
        slope = np.array([((demand - expected) * columns[k]).sum() for k in told]) / spread - pull[told] * (logs[told] - usual[told])
        centred = [columns[k] - ((expected * columns[k]).sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-9))[:, None] for k in told]
        curve = np.array([[(expected * a * b).sum() for b in centred] for a in centred]) / spread + np.diag(pull[told])
        step = np.clip(np.linalg.solve(curve, slope), -_STEP_MAX, _STEP_MAX)
        logs[told] += step
        sharpness[told] = 1.0 / np.maximum(np.diag(np.linalg.inv(curve)), 1e-12)
        if np.abs(step).max() < 1e-4:
            break
    pooled = Effects(logs=logs, errors=1.0 / np.sqrt(sharpness), own=np.ones(len(demand)))
    return msgspec.structs.replace(pooled, own=_own(demand, traits, there, pooled))


def _own(demand: Floats, traits: DayTraits, there: Floats, pooled: Effects) -> Floats:
    """What each article sold while promoted over what the pooled effects make of its plain days, drawn towards 1."""
    on = traits.promoted
    if not on.any():
        return np.ones(len(demand))
    expected = there * pooled.multiplier(traits)
    plain = 1.0 - on
    level = (demand * plain).sum(axis=1) / np.maximum((expected * plain).sum(axis=1), 1e-9)
    hoped = level * (expected * on).sum(axis=1)
    known = ((expected * plain).sum(axis=1) > 0) & (hoped > 0)
    k = _OWN_UNITS * _spread(demand, expected * level[:, None])
    own: Floats = np.where(known, ((demand * on).sum(axis=1) + k) / (hoped + k), 1.0)
    return np.clip(own, 1.0 / 3.0, 3.0)


def _spread(demand: Floats, expected: Floats) -> float:
    """Variance over mean (Pearson), at least a Poisson stream's 1."""
    sure = expected > 1e-6
    return max(1.0, float((((demand - expected) ** 2)[sure] / expected[sure]).mean())) if sure.any() else 1.0

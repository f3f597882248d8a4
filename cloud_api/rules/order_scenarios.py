"""What demand may do in the week of an order and the week after it: scenarios `(n, draws, 2)`, units a week, drawn from the past only.

Three readings of the past, because no single one holds everywhere: counts with a shrunk spread (best where most weeks are small), each
article's own weeks, and a regression pooled over articles that tells level and spread apart (best where demand is dense and wild).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from cloud_api.rules.forecast_methods import Floats, imapa

PAST_WEEKS = 26
LEARN_FROM_WEEK = 13
COUNTED_BELOW = 10.0
"""Units a week under which demand is counted one by one; above, it is a quantity, and a continuous spread describes it better."""
_RIDGE_PULL = 20.0
_SHRUNK = 0.6
"""The share of the pooled spread in an article's own: 26 weeks tell a variance badly."""


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """Past demand: `units` `(n, 7 weeks)` a day, and the shop of each series.

    Where receipts are known, `lines` counts those of a day, and `line_roots` adds the square roots of their units, in which a bulk buyer
    weighs little.
    """

    units: Floats
    shop: NDArray[np.int64]
    lines: Floats | None = None
    line_roots: Floats | None = None

    @property
    def weeks(self) -> Floats:
        """Units a week, `(n, weeks)`."""
        return by_week(self.units)


def by_week(daily: Floats) -> Floats:
    """Sum whole weeks of days."""
    total: Floats = daily.reshape(len(daily), -1, 7).sum(axis=2)
    return total


class Scenarios:
    """Draws scenarios at any week of one table of demand; what was worked out for a week is kept. The same seed every time."""

    def __init__(self, demand: Demand, *, draws: int = 400, seed: int = 7) -> None:
        self._demand, self._draws, self._seed = demand, draws, seed
        self._weeks = demand.weeks
        self._receipts = [by_week(daily) for daily in (demand.lines, demand.line_roots) if daily is not None]
        self._smooth: dict[int, Floats] = {}
        self._kept: dict[tuple[str, int], Floats] = {}
        self._traits: dict[tuple[float, int], Floats] = {}

    def rate(self, week: int) -> Floats:
        """Units a week expected at the start of `week`: IMAPA, the last 26 weeks and the last 60, in geometric mean, `(n,)`."""
        past = self._weeks[:, :week]
        levels = [self._imapa(week), past[:, -PAST_WEEKS:].mean(axis=1), past[:, -60:].mean(axis=1)]
        mean: Floats = np.exp(np.mean([np.log(level + 0.02) for level in levels], axis=0))
        return mean

    def readings(self, week: int) -> list[tuple[Floats, NDArray[np.bool_]]]:
        """Scenarios with the rows they are for: counts for articles that sell a handful a week, the wild reading for the others."""
        small = self.rate(week) < COUNTED_BELOW
        found = []
        if small.any():
            found.append((self.counts(week)[small], small))
        if not small.all():
            found.append((self.wild(week)[~small], ~small))
        return found

    def counts(self, week: int) -> Floats:
        """Negative binomial with the expected rate; each article's variance is drawn towards that of articles of its size."""

        def draw() -> Floats:
            rng = np.random.default_rng((self._seed, week))
            past = self._weeks[:, max(0, week - 2 * PAST_WEEKS) : week]
            mean = past.mean(axis=1) + 0.02
            own = np.log(np.maximum(past.var(axis=1, ddof=1) / mean, 1.0) + 0.01)
            size = np.column_stack([np.ones(len(mean)), np.log(mean)])
            pooled = size @ np.linalg.lstsq(size, own, rcond=None)[0]
            over = np.maximum(np.exp((1 - _SHRUNK) * own + _SHRUNK * pooled), 1.001) - 1
            shape = (self.rate(week) / over)[:, None, None]
            drawn: Floats = rng.poisson(rng.gamma(shape, over[:, None, None], (len(mean), self._draws, 2))).astype(np.float64)
            return drawn

        return self._keep("counts", week, draw)

    def wild(self, week: int) -> Floats:
        """Own weeks, log-normal weeks and pooled regressions on two scales, in equal parts."""

        def draw() -> Floats:
            parts = [self._own(week), self._log_normal(week)]
            if week - LEARN_FROM_WEEK >= 4:
                parts += [self._pooled(week, power) for power in (0.0, 1 / 3)]
            return np.concatenate(parts, axis=1)

        return self._keep("wild", week, draw)

    def _keep(self, name: str, week: int, draw: Callable[[], Floats]) -> Floats:
        if (name, week) not in self._kept:
            self._kept[name, week] = draw()
        return self._kept[name, week]

    def _imapa(self, week: int) -> Floats:
        if week not in self._smooth:
            self._smooth[week] = imapa(self._demand.units[:, : 7 * week], 1)[:, 0] * 7
        return self._smooth[week]

    def _own(self, week: int) -> Floats:
        """Pairs of each article's own weeks, moved half the way to IMAPA (Willemain et al., IJF 20, 2004)."""
        rng = np.random.default_rng((self._seed, week, 1))
        past = self._weeks[:, max(0, week - PAST_WEEKS) : week]
        drawn = past[:, rng.integers(0, past.shape[1], (self._draws, 2))]
        moved = np.clip(np.sqrt((self._imapa(week) + 0.05) / (past.mean(axis=1) + 0.05)), 0.5, 2.0)
        scaled: Floats = drawn * moved[:, None, None]
        return scaled

    def _log_normal(self, week: int) -> Floats:
        """Log-normal weeks of the expected rate, the relative spread shrunk towards that of articles of the same size and density."""
        rng = np.random.default_rng((self._seed, week, 2))
        past = self._weeks[:, max(0, week - PAST_WEEKS) : week]
        mean = past.mean(axis=1) + 0.05
        own = np.log(past.var(axis=1, ddof=1) / mean**2 + 0.01)
        sold = (self._demand.units[:, 7 * max(0, week - PAST_WEEKS) : 7 * week] > 0).mean(axis=1)
        alike = np.column_stack([np.ones(len(mean)), np.log(mean), np.log(sold + 0.02)])
        pooled = alike @ np.linalg.lstsq(alike, own, rcond=None)[0]
        log_sd = np.sqrt(np.log1p(np.exp((1 - _SHRUNK) * own + _SHRUNK * pooled)))[:, None, None]
        chance = rng.standard_normal((len(mean), self._draws, 2))
        drawn: Floats = np.exp(log_sd * chance - log_sd**2 / 2) * self.rate(week)[:, None, None]
        return drawn

    def _pooled(self, week: int, power: float) -> Floats:
        """Level and spread by regressions over all articles, with the residuals met in the past (Harvey, Econometrica 44, 1976).

        A shop is taught by the others where there are others; by its own past where it is alone. `power` 0 is the logarithm.
        """
        past = range(LEARN_FROM_WEEK, week - 1)
        known, asked = np.concatenate([self._traits_at(v, power) for v in past]), self._traits_at(week, power)
        outcome = np.stack([np.concatenate([_squeezed(self._weeks[:, v + ahead], power) for v in past]) for ahead in (0, 1)], axis=1)
        shop = np.tile(self._demand.shop, len(past))
        result = np.empty((len(asked), self._draws, 2))
        shops = np.unique(self._demand.shop)
        for each in shops:
            own, taught = self._demand.shop == each, (shop != each) | (len(shops) == 1)
            rng = np.random.default_rng((self._seed, week, 3))
            chosen = rng.integers(0, int(taught.sum()), (int(own.sum()), self._draws))
            for ahead in (0, 1):
                result[own, :, ahead] = _told(known[taught], outcome[taught, ahead], asked[own], chosen, power)
        return result

    def _traits_at(self, week: int, power: float) -> Floats:
        """What was known of each article at the start of `week`, `(n, f)`, on the squeezed scale; the first column is 1."""
        if (power, week) not in self._traits:
            squeezed, weeks = _squeezed(self._weeks[:, :week], power), self._weeks[:, :week]
            columns = [np.ones(len(weeks)), *(squeezed[:, -span:].mean(axis=1) for span in (1, 2, 4, 8, 13, 26, week))]
            levels = (self._imapa(week), weeks[:, -PAST_WEEKS:].mean(axis=1), weeks[:, -8:].mean(axis=1))
            columns += [_squeezed(level, power) for level in levels]
            sold = (self._demand.units[:, 7 * max(0, week - 13) : 7 * week] > 0).mean(axis=1) * 7
            columns += [squeezed[:, -PAST_WEEKS:].std(axis=1), squeezed[:, -PAST_WEEKS:].max(axis=1), _squeezed(sold, power)]
            for told in self._receipts:
                columns += [_squeezed(told[:, max(0, week - span) : week].mean(axis=1), power) for span in (2, 8, 26)]
            self._traits[power, week] = np.column_stack(columns)
        return self._traits[power, week]


def _told(known: Floats, outcome: Floats, asked: Floats, chosen: NDArray[np.int64], power: float) -> Floats:
    """Level plus spread times a past residual, `(m, draws)` units."""
    level = _ridge(known, outcome)
    error = outcome - level(known)
    spread = _ridge(known, np.log(error**2 + 0.01 * error.var() + 1e-9))
    lowest, highest = np.percentile(spread(known), [1, 99])
    residual = error / np.exp(np.clip(spread(known), lowest, highest) / 2)
    told = level(asked)[:, None] + np.exp(np.clip(spread(asked), lowest, highest) / 2)[:, None] * residual[chosen]
    units = np.maximum(told, 0.0)
    grown: Floats = units ** (1 / power) if power else np.expm1(units)
    return grown


def _squeezed(units: Floats, power: float) -> Floats:
    squeezed: Floats = np.maximum(units, 0.0) ** power if power else np.log1p(np.maximum(units, 0.0))
    return squeezed


def _ridge(known: Floats, value: Floats) -> Callable[[Floats], Floats]:
    """Ridge regression on standardised columns; the first column, all ones, is free."""
    middle, spread = known.mean(axis=0), known.std(axis=0) + 1e-9
    middle[0], spread[0] = 0.0, 1.0
    rows = (known - middle) / spread
    pull = _RIDGE_PULL * np.eye(known.shape[1])
    pull[0, 0] = 0.0
    weights = np.linalg.solve(rows.T @ rows + pull, rows.T @ value)

    def told(asked: Floats) -> Floats:
        value: Floats = ((asked - middle) / spread) @ weights
        return value

    return told

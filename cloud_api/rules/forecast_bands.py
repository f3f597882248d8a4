"""How wide a forecast's band must be: the spread of counts, calibrated by what came of forecasts of the same size.

Whether a count lies in a band is a matter of degree where it lies on an edge: it counts by the part of its probability that is inside (the
randomised probability integral transform: Czado, Gneiting and Held, Biometrics 65, 2009). Without that no band of a rarely sold article
could hold as often as it promises, as zero alone has more than all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy.special import betainc

from cloud_api.rules.forecast_methods import Floats

BAND = 0.80
_SHRUNK = 0.6
"""The share of the pooled spread in an article's own: some weeks tell a variance badly."""
_NOTHING = 0.5
"""Forecasts of fewer units in two weeks are as good as none."""
_GROUPS_MAX = 10
_GROUP_OUTCOMES = 30
"""With fewer past outcomes a group would tell chance."""


def over_dispersion(demand: Floats) -> Floats:
    """Variance over mean of a week, `(n,)`, drawn towards that of articles of the same size; never below a Poisson stream's 1."""
    weeks = demand.reshape(len(demand), -1, 7).sum(axis=2)
    mean = weeks.mean(axis=1) + 0.02
    spread = weeks.var(axis=1, ddof=1) if weeks.shape[1] > 1 else mean
    own = np.log(np.maximum(spread / mean, 1.0))
    size = np.column_stack([np.ones(len(mean)), np.log(mean)])
    pooled = size @ np.linalg.lstsq(size, own, rcond=None)[0]
    over: Floats = np.maximum(np.exp((1 - _SHRUNK) * own + _SHRUNK * pooled), 1.0)
    return over


def inside(units: Floats, mean: Floats, over: Floats) -> Floats:
    """The part of each outcome that the 80 % band holds, 0 to 1."""
    mean = np.maximum(mean, 1e-6)
    variance = np.maximum(over * mean, mean * 1.001)
    size, chance = mean**2 / (variance - mean), mean / variance
    count = np.rint(units)
    through = betainc(size, count + 1, chance)  # A negative binomial's distribution function.
    below = np.where(count > 0, betainc(size, np.maximum(count, 1), chance), 0.0)
    low, high = (1 - BAND) / 2, (1 + BAND) / 2
    part: Floats = np.clip((np.minimum(through, high) - np.maximum(below, low)) / np.maximum(through - below, 1e-12), 0.0, 1.0)
    return part


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What past outcomes made of forecasts of each size: `told` units, the units that came, and their variance over mean, `(k,)` each.

    Units are those of a forecast's two weeks. One point, or none of many outcomes, leaves forecasts as they are.
    """

    told: tuple[float, ...] = ()
    came: tuple[float, ...] = ()
    over: tuple[float, ...] = ()

    def mean(self, told: Floats) -> Floats:
        """Units to expect where so many were told: a forecast of nothing is no promise that nothing sells."""
        if not self.told:
            return told
        expected = np.interp(told, self.told, self.came)
        above, below = self.came[-1] / max(self.told[-1], 1e-9), self.came[0] / max(self.told[0], 1e-9)
        expected = np.where(told > self.told[-1], told * above, expected)
        if self.told[0] >= _NOTHING:
            expected = np.where(told < self.told[0], told * below, expected)
        return expected

    def spread(self, told: Floats, over: Floats) -> Floats:
        """Variance over mean: that of past forecasts of the size, and the article's own, in geometric mean; no less than 1."""
        if not self.told:
            return over
        usual = np.interp(told, self.told, self.over)
        both: Floats = np.maximum(np.sqrt(usual * over), 1.0)
        return both


def calibrate(units: Floats, told: Floats, over: Floats) -> Calibration:
    """Group past forecasts by size and see what came of each group.

    Args:
        units, told, over: what came, what was told, and the article's own variance over mean, `(n,)` each.
    """
    groups = min(_GROUPS_MAX, len(units) // _GROUP_OUTCOMES)
    if groups < 2:
        return Calibration()
    edges = np.quantile(told, np.linspace(0, 1, groups + 1)[1:-1])
    group = np.searchsorted(edges, told, side="left")
    drift = min(1.0, float(told.sum()) / max(float(units.sum()), 1e-9))  # That all sold more than told is no trait of a forecast's size.
    points: dict[float, float] = {}
    for number in np.unique(group):
        points[float(told[group == number].mean())] = float(units[group == number].mean())
    means = Calibration(told=tuple(points), came=tuple(np.maximum.accumulate(list(points.values())).tolist()))
    around = np.maximum(means.mean(told), 1e-6)
    spreads = []
    for number in np.unique(group):
        mine = group == number
        spread = float(((units[mine] - around[mine]) ** 2).mean() / around[mine].mean())
        spreads.append(max(1.0, spread**2 / float(np.median(over[mine]))))
    return Calibration(told=means.told, came=tuple(came * drift for came in means.came), over=tuple(spreads))


def held_elsewhere(units: Sequence[Floats], told: Sequence[Floats], over: Sequence[Floats]) -> float:
    """How often bands held at each origin when they were calibrated by the other origins: no origin judges itself.

    Args:
        units, told, over: by origin; `(n,)` each, and `n` may differ.
    """
    held, count = 0.0, 0
    for origin in range(len(units)):
        others = [other for other in range(len(units)) if other != origin]
        known = (
            calibrate(*(np.concatenate([table[other] for other in others]) for table in (units, told, over))) if others else Calibration()
        )
        mine = inside(units[origin], known.mean(told[origin]), known.spread(told[origin], over[origin]))
        held += float(mine.sum())
        count += len(mine)
    return held / count if count else 0.0

"""Demand over the days an order must cover: normal where little is known, negative binomial where the spread was measured."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, sqrt
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import NDArray

_NORMAL = NormalDist()
_TAIL = 1e-6
_COUNTED_TO = 20_000.0
"""Above so many units expected, counting one by one gains nothing on the normal."""


class CoverDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Mean and spread of the units asked for over the cover; `over_dispersion` is None while the spread is taken as normal."""

    mean: float
    sd: float
    over_dispersion: float | None

    def quantile(self, share: float) -> float:
        """The units that suffice in this share of cases."""
        if not self._is_counted:
            return self.mean + _NORMAL.inv_cdf(share) * self.sd
        at_most, _ = self._table()
        return float(np.searchsorted(at_most, share))

    def expected_shortage(self, level: float) -> float:
        """E[max(0, demand - level)], units."""
        if self._is_counted:
            _, short = self._table()
            held = max(0, ceil(level - 1e-9))
            return float(short[held] if held < len(short) else 0.0) + max(0.0, -level)
        if self.sd <= 0.0:
            return max(0.0, self.mean - level)
        z = (self.mean - level) / self.sd
        return self.sd * _NORMAL.pdf(z) + (self.mean - level) * _NORMAL.cdf(z)

    def expected_left(self, level: float) -> float:
        """E[max(0, level - demand)], units."""
        return max(0.0, level - self.mean + self.expected_shortage(level))

    @property
    def _is_counted(self) -> bool:
        return self.over_dispersion is not None and 0 < self.mean < _COUNTED_TO

    def _table(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return _counted(round(self.mean, 6), round(max(self.sd**2, self.mean * 1.001), 6))


@lru_cache(maxsize=4096)
def _counted(mean: float, variance: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P(demand at most k) and E[max(0, demand - k)] for k = 0, 1, 2, …, of a negative binomial."""
    from scipy.stats import nbinom  # Loading it takes longer than all the rest of the cloud's start needs.

    spread = max(variance - mean, mean * 1e-4, 1e-9)
    size, chance = mean**2 / spread, mean / (mean + spread)
    counts = np.arange(int(nbinom.isf(_TAIL, size, chance)) + 2)
    above = nbinom.sf(counts, size, chance)
    short = np.maximum(0.0, mean - np.concatenate([[0.0], np.cumsum(above)[:-1]]))
    return 1.0 - above, short


def cover_demand(*, mean: float, variance: float, mean_per_day: float, over_dispersion: float | None, lead_sd_days: float) -> CoverDemand:
    """Demand over some days, the lead time's own spread included (Silver, Pyke and Thomas, chapter 7). Units."""
    return CoverDemand(mean=mean, sd=sqrt(variance + (mean_per_day * lead_sd_days) ** 2), over_dispersion=over_dispersion)

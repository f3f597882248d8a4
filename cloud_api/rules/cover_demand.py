"""Demand over the days an order must cover: normal where little is known, negative binomial where the spread was measured."""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

import msgspec
import numpy as np
from scipy.stats import nbinom

_NORMAL = NormalDist()


class CoverDemand(msgspec.Struct, frozen=True, kw_only=True):
    """Mean and spread of the units asked for over the cover; `over_dispersion` is None while the spread is taken as normal."""

    mean: float
    sd: float
    over_dispersion: float | None

    def quantile(self, share: float) -> float:
        """The units that suffice in this share of cases."""
        if self.over_dispersion is None or self.mean <= 0:
            return self.mean + _NORMAL.inv_cdf(share) * self.sd
        return float(nbinom.ppf(share, *self._shape()))

    def expected_shortage(self, level: float) -> float:
        """E[max(0, demand - level)], units."""
        if self.over_dispersion is not None and self.mean > 0:
            held = max(0, ceil(level - 1e-9))
            return max(0.0, self.mean - float(nbinom.sf(np.arange(held), *self._shape()).sum())) + max(0.0, -level)
        if self.sd <= 0.0:
            return max(0.0, self.mean - level)
        z = (self.mean - level) / self.sd
        return self.sd * _NORMAL.pdf(z) + (self.mean - level) * _NORMAL.cdf(z)

    def _shape(self) -> tuple[float, float]:
        variance = max(self.sd**2, self.mean * 1.001)
        return self.mean**2 / (variance - self.mean), self.mean / variance


def cover_demand(
    *, mean_per_day: float, sd_per_day: float, over_dispersion: float | None, cover_days: float, lead_sd_days: float
) -> CoverDemand:
    """Demand over `cover_days`, the lead time's own spread included (Silver, Pyke and Thomas, chapter 7)."""
    mean = mean_per_day * cover_days
    of_demand = sd_per_day**2 * cover_days if over_dispersion is None else over_dispersion * mean
    return CoverDemand(mean=mean, sd=sqrt(of_demand + (mean_per_day * lead_sd_days) ** 2), over_dispersion=over_dispersion)

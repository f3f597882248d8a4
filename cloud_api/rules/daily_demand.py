"""An article's demand a day, from what was sold and how long it could be sold.

Demand is what would have sold, not what did: a day on which the shelf stood empty half the time counts as half a day (a ratio estimator:
units over days in stock).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import msgspec

EXPOSURE_MIN_DAYS = 0.25
"""With less than a quarter of a day in stock on record nothing is said about demand."""


class DaySales(msgspec.Struct, frozen=True, kw_only=True):
    """An article's day: units sold, the share of the day's opening hours it could be sold in, and the share that has passed (0 to 1)."""

    units_sold: int
    exposure: float
    opened: float = 1.0


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """Daily demand with its spread; `days` is the exposure behind it, `hidden_share` how much of the demand an empty shelf hid.

    From a measured forecast come `over_dispersion` (variance over mean), the method, and its class's past error (RMSSE), bias and how
    often the 80 % band held; `ahead` are the units expected on each of the next days, `lift` how many times the usual that is.
    """

    mean_per_day: float
    sd_per_day: float
    days: float
    hidden_share: float
    over_dispersion: float | None = None
    method: str = "mean"
    class_name: str = ""
    error: float | None = None
    bias: float | None = None
    band_held: float | None = None
    ahead: tuple[float, ...] = ()
    lift: tuple[float, ...] = ()

    def units(self, first: float, days: float) -> float:
        """Units expected over `days` from `first` days ahead on, both in days; beyond what was forecast, the mean."""
        return self._until(first + days) - self._until(first)

    def lifted(self, days: float) -> float:
        """How many times the usual the next days sell, for promotions, prices and holidays; 1 where nothing is planned."""
        counted = self.lift[: max(1, round(days))]
        return sum(counted) / len(counted) if counted else 1.0

    def _until(self, days: float) -> float:
        known = min(float(len(self.ahead)), days)
        whole = int(known)
        part = (known - whole) * self.ahead[whole] if whole < len(self.ahead) else 0.0
        return sum(self.ahead[:whole]) + part + (days - known) * self.mean_per_day


def daily_demand(days: Sequence[DaySales]) -> Demand | None:
    """Daily demand from a history, oldest or newest first alike; None while too little was in stock to tell.

    The spread is never below that of a Poisson stream: a short quiet history must not promise more certainty than chance allows.
    """
    exposure = sum(day.exposure for day in days)
    if exposure < EXPOSURE_MIN_DAYS:
        return None
    sold = sum(max(0, day.units_sold) for day in days if day.exposure > 0.0)
    mean = sold / exposure
    effective = exposure * exposure / sum(day.exposure * day.exposure for day in days if day.exposure > 0.0)
    spread = sum((max(0, day.units_sold) - mean * day.exposure) ** 2 for day in days if day.exposure > 0.0)
    variance = spread / exposure * effective / (effective - 1.0) if effective > 1.5 else 0.0
    opened = sum(day.opened for day in days)
    return Demand(
        mean_per_day=mean,
        sd_per_day=sqrt(max(variance, mean)),
        days=exposure,
        hidden_share=max(0.0, 1.0 - exposure / opened) if opened else 0.0,
    )

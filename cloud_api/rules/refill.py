"""Which shelves should be filled before the coming hours: what may be asked for until then. The hub sets it against its shelves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from cloud_api.rules.cover_demand import cover_demand
from cloud_api.rules.daily_demand import Demand

HOURS_AHEAD = 3
SUFFICES = 0.8
_LINES_MAX = 60
_UNITS_MIN = 2
_EVERY_HOUR = 1.0 / 24


class RefillNeed(msgspec.Struct, frozen=True, kw_only=True):
    """So many units of an article suffice until then in four of five cases; `expected` is the mean."""

    sku: str
    units: int
    expected: float


def hours_share(sold_by_hour: Mapping[int, float], first: int, hours: int = HOURS_AHEAD) -> float:
    """The share of a day's sales that falls into `hours` from `first` on, the shop's own hours; by the clock while nothing is known."""
    total = sum(sold_by_hour.values())
    if total <= 0:
        return hours * _EVERY_HOUR
    return sum(sold_by_hour.get((first + hour) % 24, 0.0) for hour in range(hours)) / total


def refill_needs(demands: Mapping[str, Demand], skus: Sequence[str], share: float) -> list[RefillNeed]:
    """What may be asked for of each article, most first; articles of which one unit suffices are left to the shelf's own alarm."""
    found = []
    for sku in skus:
        demand = demands.get(sku)
        if demand is None:
            continue
        mean = demand.units(0.0, 1.0) * share
        over = demand.over_dispersion or max(1.0, demand.sd_per_day**2 / max(demand.mean_per_day, 1e-9))
        spread = cover_demand(mean=mean, variance=over * mean, mean_per_day=0.0, over_dispersion=over, lead_sd_days=0.0)
        units = round(spread.quantile(SUFFICES)) if mean > 0 else 0
        if units >= _UNITS_MIN:
            found.append(RefillNeed(sku=sku, units=units, expected=mean))
    return sorted(found, key=lambda need: (-need.units, need.sku))[:_LINES_MAX]

"""What is special about a shop's days, as the forecast takes it: each article's promotions and prices, holidays and the days before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np

from cloud_api.adapters.promotion_records import PromotionRecord
from cloud_api.adapters.public_holidays import eves, public_holidays
from cloud_api.adapters.sales_records import SkuDayRecord
from cloud_api.rules.demand_effects import DayTraits

_PRICE_LOG_MAX = 1.4


def day_traits(
    skus: Sequence[str], first: date, days: int, *, time_zone: str, promotions: Sequence[PromotionRecord], usual_minor: Mapping[str, int],
    sold: Sequence[SkuDayRecord],
) -> DayTraits:  # fmt: skip
    """Traits of `days` days from `first` on.

    Past prices are what was really taken in; where nothing was sold, and for days to come, a planned price counts.

    Args:
        usual_minor: price by SKU in the product master; the article's own median price where it is not there.
    """
    row = {sku: index for index, sku in enumerate(skus)}
    shape = (len(skus), days)
    display, mailer, price = (np.zeros(shape) for _ in range(3))
    usual = _usual_prices(skus, usual_minor, sold)
    for promotion in promotions:
        at = row.get(promotion.sku)
        start, end = max(0, (promotion.first_day - first).days), min(days, (promotion.last_day - first).days + 1)
        if at is None or start >= end:
            continue
        display[at, start:end] = np.maximum(display[at, start:end], float(bool(promotion.body.display)))
        mailer[at, start:end] = np.maximum(mailer[at, start:end], float(bool(promotion.body.mailer)))
        if promotion.body.price_minor and usual[at] > 0:
            price[at, start:end] = np.log(promotion.body.price_minor / usual[at])
    for record in sold:
        at, day = row.get(record.sku), (record.day - first).days
        if at is not None and 0 <= day < days and record.units_sold > 0 and record.revenue_minor > 0 and usual[at] > 0:
            price[at, day] = np.log(record.revenue_minor / record.units_sold / usual[at])
    last = first + timedelta(days=days)
    free = public_holidays(time_zone, first, last + timedelta(days=2))
    before = eves(free)
    calendar = [first + timedelta(days=day) for day in range(days)]
    return DayTraits(
        display=display, mailer=mailer, price=np.clip(price, -_PRICE_LOG_MAX, _PRICE_LOG_MAX),
        holiday=np.array([float(day in free) for day in calendar]), eve=np.array([float(day in before) for day in calendar]),
    )  # fmt: skip


def _usual_prices(skus: Sequence[str], usual_minor: Mapping[str, int], sold: Sequence[SkuDayRecord]) -> list[float]:
    """What an article usually costs: the median of its days, which a lasting change of price moves too; else the master's."""
    seen: dict[str, list[float]] = {}
    for record in sold:
        if record.units_sold > 0 and record.revenue_minor > 0:
            seen.setdefault(record.sku, []).append(record.revenue_minor / record.units_sold)
    return [float(np.median(seen[sku])) if sku in seen else float(usual_minor.get(sku, 0)) for sku in skus]

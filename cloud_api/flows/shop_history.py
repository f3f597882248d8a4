"""A shop's days on record as the tables its forecast is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from cloud_api.adapters.sales_records import SkuDayRecord
from cloud_api.rules.daily_demand import DaySales, Demand, daily_demand
from cloud_api.rules.demand_effects import DayTraits
from cloud_api.rules.shop_forecast import AHEAD_DAYS, History

MakeTraits = Callable[[Sequence[str], date, int], DayTraits]
_FULL_DAY_MIN = 1440.0


def whole_weeks(
    days: Sequence[SkuDayRecord], *, open_hours: Sequence[int], today: date, traits: MakeTraits | None = None,
    categories: Mapping[str, str] = {},
) -> History | None:  # fmt: skip
    """The whole weeks that end yesterday; None where not one is on record.

    Args:
        traits: makes the traits of so many days from a day on, for these SKUs; asked for the past and 28 days more.
        categories: by SKU.

    A day on which the shop reported nothing at all is unknown. On a day it reported, an article without a row sold nothing.
    """
    past = [record for record in days if record.day < today]
    if not past:
        return None
    length = (today - min(record.day for record in past)).days // 7 * 7
    if length == 0:
        return None
    first = today - timedelta(days=length)
    skus = sorted({record.sku for record in past})
    row = {sku: index for index, sku in enumerate(skus)}
    sold, in_stock = np.full((len(skus), length), np.nan), np.ones((len(skus), length))
    open_min = 60.0 * len(open_hours) or _FULL_DAY_MIN
    for record in past:
        if record.day >= first:
            column = (record.day - first).days
            if np.isnan(sold[0, column]) and np.isnan(sold[:, column]).all():
                sold[:, column] = 0.0
            sold[row[record.sku], column] = max(0, record.units_sold)
            in_stock[row[record.sku], column] = 1.0 - min(open_min, record.out_of_stock_min or 0.0) / open_min
    names = {name: number for number, name in enumerate(sorted({categories.get(sku, "") for sku in skus}))}
    return History(
        skus=skus, sold=sold, in_stock=in_stock, traits=traits(skus, first, length + AHEAD_DAYS) if traits else None,
        category=np.array([names[categories.get(sku, "")] for sku in skus], dtype=np.int64),
    )  # fmt: skip


def demand_by_sku(days: list[SkuDayRecord], *, open_hours: list[int], now: datetime) -> dict[str, Demand]:
    """Daily demand of every article that has a day on record.

    A day on which the shop reported anything and an article has no row is a day without a sale of it; a day without any report is
    missing and counts for nothing. Today counts for the part of the opening hours that has passed. `now` is in the shop's time zone.
    """
    reported = sorted({record.day for record in days})
    open_min = 60.0 * len(open_hours) or _FULL_DAY_MIN
    first_sold: dict[str, date] = {}
    by_key = {(record.sku, record.day): record for record in days}
    for record in days:
        first_sold[record.sku] = min(record.day, first_sold.get(record.sku, record.day))
    demands = {}
    for sku, since in first_sold.items():
        history = [
            _day_sales(by_key.get((sku, day)), _opened_min(day, open_hours, now), open_min)
            for day in reported
            if since <= day <= now.date()
        ]
        demand = daily_demand(history)
        if demand is not None:
            demands[sku] = demand
    return demands


def _opened_min(day: date, open_hours: list[int], now: datetime) -> float:
    if day != now.date():
        return 60.0 * len(open_hours) or _FULL_DAY_MIN
    hours = open_hours or range(24)
    return sum(60.0 if hour < now.hour else float(now.minute) if hour == now.hour else 0.0 for hour in hours)


def _day_sales(record: SkuDayRecord | None, opened_min: float, open_min: float) -> DaySales:
    if record is None:
        return DaySales(units_sold=0, exposure=opened_min / open_min, opened=opened_min / open_min)
    empty_min = min(opened_min, record.out_of_stock_min or 0.0)
    return DaySales(units_sold=record.units_sold, exposure=(opened_min - empty_min) / open_min, opened=opened_min / open_min)

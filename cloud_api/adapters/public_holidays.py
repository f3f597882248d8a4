"""Public holidays of a shop's country, told from its time zone."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import holidays
from babel.core import get_global


def public_holidays(time_zone: str, first: date, last: date) -> frozenset[date]:
    """Holidays from `first` to `last`, both included; none where the country of the time zone is not known."""
    territory = get_global("zone_territories").get(time_zone)
    if not territory:
        return frozenset()
    return frozenset(day for year in range(first.year, last.year + 1) for day in _of(territory, year) if first <= day <= last)


def eves(days: frozenset[date]) -> frozenset[date]:
    """The two days before each holiday that are none themselves."""
    return frozenset(day - timedelta(days=back) for day in days for back in (1, 2)) - days


@lru_cache(maxsize=256)
def _of(territory: str, year: int) -> tuple[date, ...]:
    try:
        return tuple(holidays.country_holidays(territory, years=year))
    except NotImplementedError:
        return ()

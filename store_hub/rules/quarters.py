"""The quarter hours, minutes and trading days that figures are kept by."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

QUARTER_MS = 900_000
MINUTE_MS = 60_000
TRADING_DAY_STARTS_AT_HOUR = 4
"""A shop that closes after midnight is still in yesterday until four in the morning."""


def quarter_start_ms(at_ms: int) -> int:
    """Return the start of the quarter hour that holds a moment; every time zone in use begins its hours on one."""
    return at_ms - at_ms % QUARTER_MS


def minute_start_ms(at_ms: int) -> int:
    """Return the start of the minute that holds a moment."""
    return at_ms - at_ms % MINUTE_MS


def trading_day(at_ms: int, zone: ZoneInfo) -> str:
    """Return the store's trading day, YYYY-MM-DD, that holds a moment."""
    return _trading_day_of(at_ms // QUARTER_MS, zone)


@lru_cache(maxsize=100)
def _trading_day_of(quarter: int, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(quarter * (QUARTER_MS // 1000), zone) - timedelta(hours=TRADING_DAY_STARTS_AT_HOUR)
    return local.date().isoformat()

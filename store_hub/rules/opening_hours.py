"""When a shop is open, and what that says of people who are counted while it is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from store_hub.rules.quarters import trading_day
from wire_format.plans import OpeningHours

DRIFT_MS = 3_600_000
"""So long after closing, whoever is still counted inside is a counting error: until then it shrinks to nothing, evenly."""


class OpenSpan(NamedTuple):
    """A trading day's opening, Unix ms. `opens_ms` None: the shop stays shut that day."""

    opens_ms: int | None
    closes_ms: int | None

    def is_open(self, at_ms: int) -> bool:
        """Whether the shop is open at a moment."""
        return self.opens_ms is not None and self.closes_ms is not None and self.opens_ms <= at_ms < self.closes_ms


def open_span(at_ms: int, hours: Sequence[OpeningHours], zone: ZoneInfo) -> OpenSpan | None:
    """Return the opening of the trading day that holds a moment; None where no hours are told at all.

    Several entries of one day count from the first opening to the last closing: over noon nobody is turned out.
    """
    if not hours:
        return None
    day = date.fromisoformat(trading_day(at_ms, zone))
    today = [one for one in hours if day.isoweekday() in one.days]
    if not today:
        return OpenSpan(None, None)
    return OpenSpan(
        min(_moment_ms(day, one.opens, zone) for one in today),
        max(_moment_ms(day + timedelta(days=one.closes <= one.opens), one.closes, zone) for one in today),
    )


def still_inside(people: int, closing_people: int | None, at_ms: int, span: OpenSpan | None) -> int:
    """Return how many of the people counted inside can still be there at a moment.

    While the shop is open, all. From closing on at most those who were there then, shrinking evenly to nobody within `DRIFT_MS`.
    """
    if span is None or span.closes_ms is None or at_ms < span.closes_ms:
        return people
    left = people if closing_people is None else closing_people
    share_left = max(0.0, 1.0 - (at_ms - span.closes_ms) / DRIFT_MS)
    return min(people, int(left * share_left + 0.999_999))


def _moment_ms(day: date, clock: str, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time.fromisoformat(clock), zone).timestamp() * 1000)

"""Says of each day of a shop what was out of the ordinary and why: a counter that failed, a holiday, something noted, or nobody knows.

A counter that was not alive, or that saw fewer people than the till made receipts, explains a quiet day before anything else does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import sqrt
from typing import Literal

import msgspec

from cloud_api.rules.early_warning import CHANGE_MIN_SHARE, HOURS_MIN, SPREAD
from cloud_api.rules.footfall_review import WATCHED_SHARE_MIN, Watched

BASKETS_MIN = 20
Reason = Literal["sensor", "holiday", "noted", "unknown"]


class ShopDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day as it was counted. `matched_in` and `usual_in` are of the `matched_hours` that can be compared. None is not known."""

    day: date
    people_in: int | None
    watched_share: float
    matched_in: int = 0
    usual_in: float = 0.0
    matched_hours: int = 0
    baskets: int | None = None
    revenue_minor: int | None = None
    is_holiday: bool = False
    notes: tuple[str, ...] = ()

    @property
    def change_share(self) -> float | None:
        """Against the same weekdays and hours before; None where no hour can be compared."""
        return self.matched_in / self.usual_in - 1.0 if self.usual_in > 0.0 else None

    @property
    def conversion(self) -> float | None:
        """Baskets over visitors; None on a day not wholly watched, or with more baskets than visitors."""
        if self.people_in is None or self.watched_share < WATCHED_SHARE_MIN or self.baskets is None:
            return None
        return self.baskets / self.people_in if self.people_in > 0 and self.baskets <= self.people_in else None


class DayFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What stands out on a day, and the reason."""

    day: date
    reason: Reason
    change_share: float | None
    sentence: str


def findings(days: Sequence[ShopDay], *, troubles: Sequence[str] = ()) -> list[DayFinding]:
    """Return the days out of the ordinary, newest first.

    Args:
        troubles: what the devices' health says now; it is added to the newest day that was not wholly watched.
    """
    found: list[DayFinding] = []
    for day in sorted(days, key=lambda each: each.day, reverse=True):
        finding = _sensor(day, troubles if not any(each.reason == "sensor" for each in found) else ()) or _change(day)
        if finding is not None:
            found.append(finding)
    return found


def estimated_visitors(hours: Sequence[Watched], usual: dict[int, float]) -> float | None:
    """A day's visitors with its unwatched hours filled in by what is usual; None where nothing is missing, or nothing usual is known.

    Args:
        hours: the day's hours.
        usual: hour → mean visitors of the same weekday and hour before, of hours watched whole.
    """
    missing = [row for row in hours if not row.is_whole and row.hour in usual]
    seen = [row for row in hours if row.is_whole]
    if not missing or not seen:
        return None
    counted = sum(row.people_in or 0 for row in seen)
    return counted + sum(max(float(row.people_in or 0), usual[row.hour]) for row in missing if row.hour is not None)


def _sensor(day: ShopDay, troubles: Sequence[str]) -> DayFinding | None:
    told = f"; {'; '.join(troubles)}" if troubles else ""
    if day.people_in is None:
        return _finding(day, "sensor", f"no door counted{told}: missing, not zero")
    if day.watched_share < WATCHED_SHARE_MIN:
        return _finding(day, "sensor", f"the doors counted {day.watched_share:.0%} of the opening hours{told}")
    if day.baskets is not None and day.baskets >= BASKETS_MIN and day.baskets > day.people_in:
        return _finding(day, "sensor", f"{day.baskets} baskets but {day.people_in} visitors: the counter misses people{told}")
    return None


def _change(day: ShopDay) -> DayFinding | None:
    change = day.change_share
    if change is None or day.matched_hours < HOURS_MIN:
        return None
    if abs(change) < CHANGE_MIN_SHARE or abs(day.matched_in - day.usual_in) < SPREAD * sqrt(max(day.usual_in, 1.0)):
        return None
    way = f"{abs(change):.0%} {'fewer' if change < 0 else 'more'} visitors than usual"
    if day.is_holiday:
        return _finding(day, "holiday", f"{way}: a public holiday")
    if day.notes:
        return _finding(day, "noted", f"{way}: {'; '.join(day.notes)}")
    return _finding(day, "unknown", f"{way}, all doors counted, nothing noted")


def _finding(day: ShopDay, reason: Reason, sentence: str) -> DayFinding:
    return DayFinding(day=day.day, reason=reason, change_share=day.change_share, sentence=sentence)

"""What a shop's visits come to over some days: who of those passing by came in, how long a visitor stayed, how full it was.

Each figure is made only of days on which both of its sides were counted, and says of how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from cloud_api.rules.footfall_review import Watched


class VisitDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day's visits. None is not known.

    `passed_by` and `captured_in` are of the quarters that both the line along the street and the doors counted. `stay_s` is person-seconds
    in the measured zones a visitor, of a day watched whole. `most_inside` and `mean_inside` are people, at the ends of hours.
    """

    day: date
    passed_by: int | None = None
    captured_in: int | None = None
    stay_person_s: float | None = None
    stayed: int | None = None
    most_inside: int | None = None
    mean_inside: float | None = None

    @property
    def capture_share(self) -> float | None:
        """Visitors over passers-by; None where nobody passed, or where more came in than passed: the line misses people."""
        return share_of(self.captured_in, self.passed_by)

    @property
    def stay_s(self) -> float | None:
        """Seconds a visitor."""
        return None if self.stay_person_s is None or not self.stayed else self.stay_person_s / self.stayed


class VisitSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The days together. `captured_days` and `stay_days` say how many days a figure is of; `most_inside_on` is the fullest day."""

    passed_by: int | None
    capture_share: float | None
    captured_days: int
    stay_s: float | None
    stay_days: int
    mean_inside: float | None
    most_inside: int | None
    most_inside_on: date | None


def share_of(part: int | None, whole: int | None) -> float | None:
    """A part of a whole; None where either is unknown, the whole is nought or the part is more."""
    return part / whole if part is not None and whole and part <= whole else None


def occupancy(hours: Sequence[Watched]) -> list[int]:
    """How many were inside at the end of each counted hour of a day: who came in less who went out, never below nobody.

    Empty where an hour was watched in part only: who was missed would be taken for inside.
    """
    counted = [row for row in hours if row.people_in is not None]
    if any(not row.is_whole for row in counted):
        return []
    inside, ends = 0, []
    for row in counted:
        inside = max(0, inside + (row.people_in or 0) - (row.people_out or 0))
        ends.append(inside)
    return ends


def summarise(days: Sequence[VisitDay]) -> VisitSummary:
    """Add the days up: shares of sums, not means of shares."""
    passing = [day for day in days if day.passed_by is not None and day.captured_in is not None]
    staying = [day for day in days if day.stay_person_s is not None and day.stayed]
    full = [day for day in days if day.most_inside is not None]
    inside = [day.mean_inside for day in days if day.mean_inside is not None]
    fullest = max(full, key=lambda day: (day.most_inside or 0, day.day), default=None)
    passed, captured = sum(day.passed_by or 0 for day in passing), sum(day.captured_in or 0 for day in passing)
    return VisitSummary(
        passed_by=passed if passing else None,
        capture_share=share_of(captured, passed) if passing else None,
        captured_days=len(passing),
        stay_s=sum(day.stay_person_s or 0.0 for day in staying) / sum(day.stayed or 0 for day in staying) if staying else None,
        stay_days=len(staying),
        mean_inside=sum(inside) / len(inside) if inside else None,
        most_inside=fullest.most_inside if fullest else None,
        most_inside_on=fullest.day if fullest else None,
    )

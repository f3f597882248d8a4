"""Lays shops side by side and against themselves, from what their doors counted.

Missing is never zero: an hour nobody watched is None, an hour partly watched is told but not compared. A comparison uses only hours
that were watched on both sides, the same weekday and hour of the weeks before, so that a sensor's silence never looks like a quiet day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from statistics import fmean

import msgspec

WATCHED_SHARE_MIN = 0.75
"""An hour counts as watched when its doors were observed for at least this share of it."""


class HourCount(msgspec.Struct, frozen=True):
    """What the doors of a shop counted in one hour of its own calendar."""

    day: date
    hour: int
    people_in: int
    people_out: int
    observed_min: float


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A day or an hour. `people_in` is None when nobody watched; `watched_share` says how much of it was."""

    day: date
    hour: int | None = None
    people_in: int | None
    people_out: int | None
    watched_share: float

    @property
    def is_whole(self) -> bool:
        """Whether it was watched well enough to be compared."""
        return self.people_in is not None and self.watched_share >= WATCHED_SHARE_MIN


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The shop against itself: the same weekdays and hours, `weeks` weeks back.

    `change_share` is −0.12 for 12 % fewer; None where no hour can be compared. `hours` is how many were.
    """

    visitors: int
    usual_visitors: float | None
    change_share: float | None
    hours: int
    weeks: int


class StoreReview(msgspec.Struct, frozen=True, kw_only=True):
    """One shop in a window of days."""

    store_id: str
    visitors: int | None
    watched_share: float
    rows: list[Watched]
    comparison: Comparison


def review_store(store_id: str, hours: Sequence[HourCount], *, first: date, last: date, by: str, doors: int, weeks: int = 4) -> StoreReview:
    """Review one shop from `first` to `last`, both included.

    Args:
        hours: every hour on record in the window and `weeks` weeks before it; hours that are not there were not watched.
        by: `day` or `hour`: what the rows are.
        doors: how many doors the shop has; an hour is wholly watched at 60 minutes for each.
        weeks: how many weeks back the shop is compared with itself.
    """
    counted = {(count.day, count.hour): count for count in _merged(hours)}
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    hourly = [_hour(counted, day, hour, doors) for day in days for hour in range(24)]
    open_hours = {count.hour for count in counted.values() if count.observed_min > 0.0}  # A counter that sleeps at night misses nothing.
    daily = [_day(hourly[index : index + 24], open_hours) for index in range(0, len(hourly), 24)]
    watched = [row.people_in for row in hourly if row.people_in is not None]
    return StoreReview(
        store_id=store_id,
        visitors=sum(watched) if watched else None,
        watched_share=fmean(row.watched_share for row in daily) if daily else 0.0,
        rows=hourly if by == "hour" else daily,
        comparison=_compare(hourly, counted, doors, weeks),
    )


class ShopTotals(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's days added up. `matched_in`: visitors of the hours that can be compared; `usual_in`: what was usual in them."""

    store_id: str
    people_in: int
    observed_min: float
    doors: int
    hours: int
    matched_in: int
    usual_in: float
    matched_hours: int


def review_totals(totals: ShopTotals, days: Sequence[tuple[date, int, int, float]], *, first: date, last: date) -> StoreReview:
    """The review of a shop from its days already added up, without its hours.

    Args:
        totals: over the window. An hour is wholly watched at 60 minutes for each door, a day at as many hours as the shop's fullest.
        days: day, people in, people out, observed minutes; for the rows. Days that are not there were not watched.
    """
    whole_min = 60.0 * max(1, totals.doors) * max(1, totals.hours)
    on_record = {day: (people_in, people_out, observed_min) for day, people_in, people_out, observed_min in days}
    rows = [_day_row(first + timedelta(days=offset), on_record, whole_min) for offset in range((last - first).days + 1)]
    return StoreReview(
        store_id=totals.store_id,
        visitors=totals.people_in if totals.observed_min > 0.0 else None,
        watched_share=min(1.0, totals.observed_min / (whole_min * len(rows))) if rows else 0.0,
        rows=rows,
        comparison=compare_totals(totals),
    )


def compare_totals(totals: ShopTotals, weeks: int = 4) -> Comparison:
    """The shop against itself, from its days already added up."""
    return Comparison(
        visitors=totals.matched_in,
        usual_visitors=totals.usual_in if totals.matched_hours else None,
        change_share=totals.matched_in / totals.usual_in - 1.0 if totals.usual_in > 0.0 else None,
        hours=totals.matched_hours,
        weeks=weeks,
    )


def _day_row(day: date, on_record: Mapping[date, tuple[int, int, float]], whole_min: float) -> Watched:
    people_in, people_out, observed_min = on_record.get(day, (0, 0, 0.0))
    is_watched = observed_min > 0.0
    return Watched(
        day=day,
        people_in=people_in if is_watched else None,
        people_out=people_out if is_watched else None,
        watched_share=min(1.0, observed_min / whole_min),
    )


def by_change(reviews: Iterable[StoreReview]) -> list[StoreReview]:
    """What changed most against expectation first; shops that cannot be compared last."""
    return sorted(
        reviews,
        key=lambda review: (
            review.comparison.change_share is None,
            -abs(review.comparison.change_share or 0.0),
            review.store_id,
        ),
    )


def weekday_profile(rows: Iterable[Watched]) -> dict[tuple[int, int], float]:
    """Mean visitors by (weekday from Monday = 0, hour) over the hours that were watched whole; others are absent."""
    seen: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        if row.hour is not None and row.is_whole and row.people_in is not None:
            seen.setdefault((row.day.weekday(), row.hour), []).append(row.people_in)
    return {key: fmean(values) for key, values in seen.items()}


def _merged(hours: Iterable[HourCount]) -> Iterable[HourCount]:
    """The hour that the clocks repeat in autumn is one hour of the calendar."""
    merged: dict[tuple[date, int], HourCount] = {}
    for count in hours:
        held = merged.get((count.day, count.hour))
        if held is not None:
            count = HourCount(  # noqa: PLW2901  # The pair becomes one.
                count.day,
                count.hour,
                held.people_in + count.people_in,
                held.people_out + count.people_out,
                max(held.observed_min, count.observed_min),
            )
        merged[(count.day, count.hour)] = count
    return merged.values()


def _hour(counted: Mapping[tuple[date, int], HourCount], day: date, hour: int, doors: int) -> Watched:
    count = counted.get((day, hour))
    if count is None or count.observed_min <= 0.0:
        return Watched(day=day, hour=hour, people_in=None, people_out=None, watched_share=0.0)
    share = min(1.0, count.observed_min / (60.0 * max(doors, 1)))
    return Watched(day=day, hour=hour, people_in=count.people_in, people_out=count.people_out, watched_share=share)


def _day(hours: Sequence[Watched], open_hours: set[int]) -> Watched:
    people_in = [row.people_in for row in hours if row.people_in is not None]
    people_out = [row.people_out for row in hours if row.people_out is not None]
    return Watched(
        day=hours[0].day,
        people_in=sum(people_in) if people_in else None,
        people_out=sum(people_out) if people_out else None,
        watched_share=sum(row.watched_share for row in hours) / max(1, len(open_hours)),
    )


def _compare(hourly: Sequence[Watched], counted: Mapping[tuple[date, int], HourCount], doors: int, weeks: int) -> Comparison:
    visitors, usual, matched = 0, 0.0, 0
    for row in hourly:
        if not row.is_whole or row.people_in is None or row.hour is None:
            continue
        before = [_hour(counted, row.day - timedelta(weeks=back), row.hour, doors) for back in range(1, weeks + 1)]
        whole = [past.people_in for past in before if past.is_whole and past.people_in is not None]
        if whole:
            visitors, usual, matched = visitors + row.people_in, usual + fmean(whole), matched + 1
    return Comparison(
        visitors=visitors,
        usual_visitors=usual if matched else None,
        change_share=visitors / usual - 1.0 if usual > 0.0 else None,
        hours=matched,
        weeks=weeks,
    )

"""How a day goes beside comparable ones, where it will close, what drifts, and whether a figure is where it should be.

Comparable days are the same weekday of the last weeks. All functions are pure; unknown stays unknown: None, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from store_hub.entries_settings import Target

WEEKS = 4
"""So many earlier weeks of the same weekday are compared with."""
MINE_WEIGHT = 0.5
"""How far today's own pace moves the rest of the day's forecast from the usual one, once half of the usual day is over."""
SILENT_RECEIPTS = 5.0
"""A till is silent once it should have had so many receipts by now: by chance that happens in 0.7 % of cases (Poisson)."""
NEAR_SHARE = 0.05
"""Within this of its target a figure is amber, beyond it red."""
AT_MOST = frozenset({"shrink", "task_minutes"})
"""Figures that should be low."""


@dataclass(frozen=True)
class DayTotals:
    """One day, or the part of it before some time. `visitors` None: no door was counted."""

    visitors: int | None
    receipts: int
    revenue_minor: int
    units: int
    lost_units: int

    @property
    def conversion(self) -> float | None:
        """Receipts a visitor; None where nobody counted visitors."""
        return self.receipts / self.visitors if self.visitors else None


@dataclass(frozen=True)
class Closing:
    """Where a figure of today will close. `usual`: mean of the comparable days; `so_far_usual`: of them to this time."""

    so_far: float
    forecast: float | None
    low: float | None
    high: float | None
    usual: float | None
    so_far_usual: float | None


@dataclass(frozen=True)
class Drift:
    """Something that goes the wrong way. `size`: a share of what is usual; `subject`: a door or till."""

    kind: str
    size: float
    subject: str = ""


def closing(so_far: float, before: Sequence[tuple[float, float]], *, may_be_none: bool = False) -> Closing:
    """Return where today closes: what is there, and what the rest of comparable days brought, scaled in part by how today goes.

    Args:
        before: of each comparable day what it had by this time, and as a whole.
        may_be_none: a day without any is a day like others, as one without a loss is; else it is one on which nobody counted.

    The band is the spread of what the comparable days' rests were, one and a half standard deviations to each side.
    """
    days = [(part, whole) for part, whole in before if whole > 0 or may_be_none]
    if not days:
        return Closing(so_far, None, None, None, None, None)
    usual_part, usual = fmean(part for part, _ in days), fmean(whole for _, whole in days)
    rests = [whole - part for part, whole in days]
    done = usual_part / usual if usual > 0 else 1.0
    ratio = 1.0 + MINE_WEIGHT * min(1.0, 2 * done) * (so_far / usual_part - 1.0) if usual_part > 0 else 1.0
    rest = fmean(rests) * max(0.0, ratio)
    spread = 1.5 * (fmean((one - fmean(rests)) ** 2 for one in rests) ** 0.5 if len(rests) > 1 else 0.3 * rest)
    return Closing(so_far, so_far + rest, so_far + max(0.0, rest - spread), so_far + rest + spread, usual, usual_part)


def ratio_of(receipts: Closing, visitors: Closing) -> float | None:
    """Return the conversion that the day closes with; None where either has no forecast."""
    return receipts.forecast / visitors.forecast if receipts.forecast is not None and visitors.forecast else None


def availability_of(spells: Iterable[tuple[int, int]], from_ms: int, to_ms: int, articles: int) -> float | None:
    """Return the share of articles and time in a span that a shopper could take from a shelf.

    Args:
        spells: from when to when an article was on no shelf, Unix ms, of all articles.
    """
    if articles <= 0 or to_ms <= from_ms:
        return None
    out_ms = sum(max(0, min(ended, to_ms) - max(began, from_ms)) for began, ended in spells)
    return max(0.0, 1.0 - out_ms / (articles * (to_ms - from_ms)))


def availability_at(closes_ms: int, out_now: int, empty_by_ms: Iterable[int | None], articles: int) -> float | None:
    """Return the share of articles on a shelf at closing if nobody fills anything.

    Args:
        empty_by_ms: when each place that runs low now will be empty at its present pace; None: not soon.
    """
    if articles <= 0:
        return None
    gone = sum(at_ms is not None and at_ms < closes_ms for at_ms in empty_by_ms)
    return max(0.0, 1.0 - (out_now + gone) / articles)


def light(target: Target, value: float | None) -> str:
    """Return how a figure stands to its target: green, amber (nearly), red; grey where it is not known."""
    if value is None:
        return "grey"
    miss = (value - target.value) if target.figure in AT_MOST else (target.value - value)
    if miss <= 0:
        return "green"
    return "amber" if miss <= NEAR_SHARE * max(abs(target.value), 1e-9) else "red"


def trend(days: Sequence[float | None]) -> float | None:
    """Return by what share the last week's mean differs from that of the weeks before; None where either is not known."""
    recent = [value for value in days[-7:] if value is not None]
    earlier = [value for value in days[:-7] if value is not None]
    if len(recent) < 3 or len(earlier) < 7 or fmean(earlier) <= 0:
        return None
    return fmean(recent) / fmean(earlier) - 1.0


def drifts(today: Closing, days: Sequence[DayTotals], audits: Sequence[tuple[str, float, float | None]]) -> list[Drift]:
    """Return what goes the wrong way, the largest first.

    Args:
        today: revenue. days: whole days, oldest first, today left out.
        audits: of each door, the accuracy of its last audit and of the one before.
    """
    found: list[Drift] = []
    if today.so_far_usual and today.so_far < 0.8 * today.so_far_usual:
        found.append(Drift("sales_under", today.so_far / today.so_far_usual - 1.0))
    visitors = trend([None if day.visitors is None else float(day.visitors) for day in days])
    conversion = trend([day.conversion for day in days])
    if visitors is not None and conversion is not None and visitors >= 0.05 and conversion <= -0.1:
        found.append(Drift("conversion_down", conversion))
    lost = trend([float(day.lost_units) for day in days])
    recent, earlier = days[-7:], days[:-7]
    if lost is not None and lost >= 0.5 and sum(day.lost_units for day in recent) >= 3 + 7 * fmean(day.lost_units for day in earlier):
        found.append(Drift("shrink_up", lost))
    for door_id, now, before in audits:
        if now < 0.9 or (before is not None and now < before - 0.03):
            found.append(Drift("accuracy_down", now - (1.0 if before is None else before), door_id))
    return sorted(found, key=lambda drift: -abs(drift.size))


def is_till_silent(receipts_before: Sequence[int]) -> bool:
    """Tell whether a till should have spoken: its receipts in the same span of comparable days, in which it said nothing today."""
    return bool(receipts_before) and fmean(receipts_before) >= SILENT_RECEIPTS

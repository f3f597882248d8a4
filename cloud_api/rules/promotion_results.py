"""What a promotion brought: units beyond the usual, what its neighbours lost and what was only bought sooner, each with its interval.

The usual is what the same weekdays sold in the weeks before, moved by how the rest of the shop went meanwhile: a difference in differences
on logarithms, with quasi-Poisson errors. What all shops promote at once has no other control, and a rest of the shop that is moved by the
promotion itself would blur it; both are named where results are shown.
"""

from __future__ import annotations

from math import exp, log, sqrt

import msgspec
import numpy as np

from cloud_api.rules.forecast_methods import Floats

_Z95 = 1.96
BEFORE_DAYS, BEFORE_DAYS_MIN = 28, 14
"""So much of the past is compared with; the whole weeks of it that there are, where the shop began to report later, and never less."""
AFTER_DAYS = 14


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


class PromotionResult(msgspec.Struct, frozen=True, kw_only=True):
    """Units over the whole promotion; `uplift` is a factor. `neighbours` and `later` are negative where units were lost."""

    days: int
    sold_units: float
    usual_units: float
    uplift: Measured
    extra: Measured
    neighbours: Measured
    later: Measured | None
    net: Measured


class _Change(msgspec.Struct, frozen=True):
    """How a series went against its own weekdays before: units usual, the ratio's logarithm, and its variance."""

    usual: float
    log_ratio: float
    variance: float


def measure_promotion(article: Floats, neighbours: Floats, rest: Floats, *, before: int, during: int) -> PromotionResult | None:
    """Measure one promotion.

    Args:
        article, neighbours, rest: `(days,)` units asked for a day: of the article, of the others of its category, of the other categories.
        before: days before the promotion, whole weeks; during: its days. Days beyond are after it.

    Returns:
        None where the article or the rest of the shop sold nothing before.
    """
    drift, own = _change(rest, before, before, during), _change(article, before, before, during)
    if drift is None or own is None:
        return None
    beside = _change(neighbours, before, before, during)
    after = len(article) - before - during
    extra = _units(own, drift)
    lost = _units(beside, drift) if beside is not None else Measured(value=0.0, low=0.0, high=0.0)
    later = None
    if after >= 7:
        after_drift, after_own = (_change(series, before, before + during, after) for series in (rest, article))
        later = None if after_drift is None or after_own is None else _units(after_own, after_drift)
    log_uplift, error = own.log_ratio - drift.log_ratio, sqrt(own.variance + drift.variance)
    return PromotionResult(
        days=during,
        sold_units=float(article[before : before + during].sum()),
        usual_units=own.usual * exp(drift.log_ratio),
        uplift=Measured(value=exp(log_uplift), low=exp(log_uplift - _Z95 * error), high=exp(log_uplift + _Z95 * error)),
        extra=extra,
        neighbours=lost,
        later=later,
        net=_sum([extra, lost, *([later] if later else [])]),
    )


def _change(series: Floats, before: int, start: int, days: int) -> _Change | None:
    past, now = series[:before], series[start : start + days]
    weekday = np.arange(len(series)) % 7
    means = np.array([past[weekday[:before] == day].mean() if before >= 7 else past.mean() for day in range(7)])
    usual = float(means[weekday[start : start + days]].sum())
    if usual <= 0 or past.sum() <= 0:
        return None
    expected = means[weekday[:before]]
    sure = expected > 0
    freedom = max(1, int(sure.sum()) - int((means > 0).sum()))
    spread = max(1.0, float(((past - expected)[sure] ** 2 / expected[sure]).sum()) / freedom)
    sold = float(now.sum())
    return _Change(usual, log((sold + 0.5) / (usual + 0.5)), spread * (1.0 / (sold + 0.5) + 1.0 / (float(past.sum()) + 0.5)))


def _units(change: _Change, drift: _Change) -> Measured:
    """Units beyond what was usual and the shop's drift would have made of it."""
    expected = change.usual * exp(drift.log_ratio)
    log_factor, error = change.log_ratio - drift.log_ratio, sqrt(change.variance + drift.variance)
    low, value, high = (expected * (exp(log_factor + z * error) - 1.0) for z in (-_Z95, 0.0, _Z95))
    return Measured(value=value, low=low, high=high)


def _sum(parts: list[Measured]) -> Measured:
    """The sum, its errors taken as independent."""
    value = sum(part.value for part in parts)
    error = sqrt(sum(((part.high - part.low) / 2) ** 2 for part in parts))
    return Measured(value=value, low=value - error, high=value + error)

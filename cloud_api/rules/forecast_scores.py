"""What forecasts are worth: RMSSE (Hyndman and Koehler, IJF 22, 2006; as in the M5 competition) and bias, over several origins."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from cloud_api.rules.forecast_methods import PUBLISHED, Floats
from cloud_api.rules.forecast_planner import BandHeld, bands, planner_forecast
from cloud_api.rules.forecast_pooled import HORIZON_WEEKS, Learner, Panel, naive_error, pooled_forecast

FASTEST = 60


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """Mean RMSSE over series and origins; `bias` is units forecast over units sold, less one."""

    rmsse_weekly: float
    rmsse_weekly_fastest: float
    rmsse_daily: float
    rmsse_daily_fastest: float
    bias: float


def rmsse(history: Floats, truth: Floats, forecast: Floats) -> Floats:
    """Root mean squared error over that of the naive forecast in the past, `(n,)`; NaN where the past never changed."""
    scale = naive_error(history)
    error: Floats = np.sqrt(((truth - forecast) ** 2).mean(axis=1) / np.where(scale > 0, scale, np.nan))
    return error


def score_forecasts(
    panel: Panel, *, origins: int, days_sold_min: int, learner: Learner | None, told: Callable[[str], None]
) -> tuple[dict[str, Score], list[int], dict[str, BandHeld]]:
    """Score every method on the same series; returns the scores, how many series each origin had, and how often the planner's bands held.

    A series takes part when it sold on at least `days_sold_min` days before the origin: nothing after an origin decides who is scored.
    """
    found: dict[str, list[Floats]] = {}
    bias: dict[str, list[tuple[float, float]]] = {}
    counts, planned = [], []
    for back in range(1, origins + 1):
        week = panel.weeks.shape[1] - HORIZON_WEEKS * back
        told(f"forecasting from week {week} ({back} of {origins})")
        past, truth = panel.units[:, : 7 * week], panel.units[:, 7 * week : 7 * (week + HORIZON_WEEKS)]
        scored = (past > 0).sum(axis=1) >= days_sold_min
        counts.append(int(scored.sum()))
        fastest = np.argsort(-past[scored].sum(axis=1), kind="stable")[:FASTEST]
        planned.append(planner_forecast(panel, week))
        for name, forecast in _all_forecasts(panel, week, scored, learner, planned[-1].weekly).items():
            found.setdefault(name, []).append(_errors(past[scored], truth[scored], forecast, fastest))
            bias.setdefault(name, []).append((float(forecast.sum()), float(truth[scored].sum())))
    return {name: _score(np.array(rows), bias[name]) for name, rows in found.items()}, counts, bands(planned)


def _all_forecasts(panel: Panel, week: int, scored: NDArray[np.bool_], learner: Learner | None, planner: Floats) -> dict[str, Floats]:
    """Units a day of the scored series, `(n, 28)`, by method."""
    past = panel.units[scored, : 7 * week]
    daily = {name: method(past, 7 * HORIZON_WEEKS) for name, method in PUBLISHED.items()}
    pooled = pooled_forecast(panel, week, learner)
    weekly = {"pooled_ridge": pooled.ridge, "boosting": pooled.boosted, "ours": pooled.ours, "planner": planner}
    shape = _weekday_shape(past)
    for name, units in weekly.items():
        if units is not None:
            daily[name] = (units[scored][:, :, None] * shape).reshape(len(past), -1)
    return daily


def _weekday_shape(past: Floats) -> Floats:
    """The share of a week's units each of its days brings, over all series together."""
    totals = past.reshape(len(past), -1, 7).sum(axis=(0, 1)) + 1.0
    shape: Floats = totals / totals.sum()
    return shape


def _errors(past: Floats, truth: Floats, forecast: Floats, fastest: NDArray[np.intp]) -> Floats:
    def weekly(daily: Floats) -> Floats:
        total: Floats = daily.reshape(len(daily), -1, 7).sum(axis=2)
        return total

    by_week = rmsse(weekly(past), weekly(truth), weekly(forecast))
    by_day = rmsse(past, truth, forecast)
    return np.array([np.nanmean(by_week), np.nanmean(by_week[fastest]), np.nanmean(by_day), np.nanmean(by_day[fastest])])


def _score(rows: Floats, units: list[tuple[float, float]]) -> Score:
    weekly, weekly_fastest, daily, daily_fastest = (round(float(value), 4) for value in rows.mean(axis=0))
    forecast, sold = (sum(pair[i] for pair in units) for i in (0, 1))
    return Score(
        rmsse_weekly=weekly,
        rmsse_weekly_fastest=weekly_fastest,
        rmsse_daily=daily,
        rmsse_daily_fastest=daily_fastest,
        bias=round(forecast / sold - 1, 4) if sold else 0.0,
    )

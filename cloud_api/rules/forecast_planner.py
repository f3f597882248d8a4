"""The planner's own forecast, measured on files of past sales as the published methods are, with how often its bands held."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from cloud_api.rules.demand_effects import DayTraits
from cloud_api.rules.forecast_bands import inside
from cloud_api.rules.forecast_methods import Floats
from cloud_api.rules.forecast_pooled import HORIZON_WEEKS, Panel
from cloud_api.rules.shop_forecast import History, forecast_shop

PAST_WEEKS = 26
"""As much past as the planner looks at by default."""
BAND_WEEKS = 2


class BandHeld(msgspec.Struct, frozen=True, kw_only=True):
    """In how many outcomes of two weeks the 80 % band of a class of articles held; counts on an edge in part."""

    outcomes: int
    held: float


class PlannerForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Units a week `(n, 4)`, and by class the parts of outcomes that bands held."""

    weekly: Floats
    held: dict[str, Floats]


def planner_forecast(panel: Panel, week: int) -> PlannerForecast:
    """Forecast four weeks from `week`, each shop by itself from its last half year, as planning does every day."""
    weekly = np.zeros((len(panel.units), HORIZON_WEEKS))
    held: dict[str, list[Floats]] = {}
    for shop in np.unique(panel.shop):
        rows = np.flatnonzero(panel.shop == shop)
        forecast = forecast_shop(_history(panel, rows, week), {})
        articles = list(forecast.articles.values())
        ahead = np.array([article.ahead for article in articles]).reshape(len(rows), HORIZON_WEEKS, 7).sum(axis=2)
        weekly[rows] = ahead
        truth = panel.weeks[rows, week : week + BAND_WEEKS].sum(axis=1)
        parts = inside(truth, ahead[:, :BAND_WEEKS].sum(axis=1), np.array([article.over_dispersion for article in articles]))
        classes = np.array([article.class_name for article in articles])
        for name in np.unique(classes):
            held.setdefault(str(name), []).append(parts[classes == name])
    return PlannerForecast(weekly=weekly, held={name: np.concatenate(each) for name, each in held.items()})


def bands(forecasts: list[PlannerForecast]) -> dict[str, BandHeld]:
    """How often bands held over several origins, by class."""
    names = sorted({name for forecast in forecasts for name in forecast.held})
    parts = {name: np.concatenate([forecast.held[name] for forecast in forecasts if name in forecast.held]) for name in names}
    return {name: BandHeld(outcomes=len(each), held=round(float(each.mean()), 4)) for name, each in parts.items()}


def _history(panel: Panel, rows: NDArray[np.intp], week: int) -> History:
    first = max(0, week - PAST_WEEKS)
    sold = panel.units[rows, 7 * first : 7 * week]
    display, mailer = (np.zeros((len(rows), 7 * (week + HORIZON_WEEKS - first))) for _ in range(2))
    for traits, known in ((display, panel.display), (mailer, panel.mailer)):
        days = np.repeat(known[rows, first : week + HORIZON_WEEKS], 7, axis=1)
        traits[:, : days.shape[1]] = days
    plain = np.zeros_like(display)
    calendar = np.zeros(display.shape[1])
    return History(
        skus=[str(row) for row in rows], sold=sold, in_stock=np.ones_like(sold),
        traits=DayTraits(display=display, mailer=mailer, price=plain, holiday=calendar, eve=calendar), category=panel.category[rows],
    )  # fmt: skip

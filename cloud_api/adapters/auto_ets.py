"""AutoETS of statsforecast as a peer of the order policies; loaded only when a backtest asks for it, and only where it is installed.

It comes with the extra `peers` alone: with pandas, scikit-learn and numba it brings 500 MB and takes ten seconds to import, and our own
methods are ahead of it.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_REFITTED_EVERY_WEEKS = 4
_COVER_WEEKS = 2


class Costs(Protocol):
    """What the newsvendor's quantile needs."""

    @property
    def critical_ratio(self) -> float: ...


def auto_ets_missing() -> str | None:
    """None when statsforecast is installed, else why AutoETS is left out, with what to do."""
    return None if find_spec("statsforecast") else "AutoETS is left out: install the extra `peers` for statsforecast"


def auto_ets_levels(weeks: Floats, first: int, terms: Costs) -> Floats:
    """Order-up-to levels `(n, weeks - first)`: AutoETS's mean of two weeks plus the newsvendor's share of its normal spread.

    The model is chosen anew every four weeks; in between it goes on with the parameters found (Hyndman et al., IJF 18, 2002).
    """
    from scipy.stats import norm
    from statsforecast.models import AutoETS

    z = float(norm.ppf(terms.critical_ratio))
    levels = np.zeros((len(weeks), weeks.shape[1] - first))
    for row, series in enumerate(weeks):
        model = AutoETS(season_length=1, model="ZZN")
        for at, week in enumerate(range(first, weeks.shape[1])):
            if at % _REFITTED_EVERY_WEEKS == 0:
                model.fit(y=series[:week])
                told = model.predict(h=_COVER_WEEKS, level=[80])
            else:
                told = model.forward(y=series[:week], h=_COVER_WEEKS, level=[80])
            levels[row, at] = _level(told, z)
    return levels


def _level(told: dict[str, Floats], z: float) -> float:
    spread = (told["hi-80"] - told["mean"]) / 1.2815515655446004
    level = float(told["mean"].sum() + z * np.sqrt((spread**2).sum()))
    return max(level, 0.0) if np.isfinite(level) else 0.0

"""Which box is whose: the pairing of tracks and boxes that is likeliest as a whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


def surprise(predicted: Floats, variance: Floats, measured: Floats) -> Floats:
    """How unlikely each pairing is: squared distance in standard deviations plus the price of a vague prediction.

    Args:
        predicted: (n, 4) `(x, foot, width, height)` of the tracks, pixels.
        variance: (n, 4) of the innovation, pixels².
        measured: (m, 4) of the boxes.

    Returns (n, m): −2 log likelihood, counted in units of the person's height.
    """
    apart = measured[None] - predicted[:, None]
    distance = (apart * apart / variance[:, None]).sum(axis=2)
    vagueness = np.log(variance / np.maximum(predicted[:, 3:4], 1.0) ** 2).sum(axis=1)
    return np.asarray(distance + vagueness[:, None])


def pair(cost: Floats, cost_max: float) -> tuple[Indices, Indices]:
    """Pair rows and columns of (n, m) `cost` so that the sum is smallest; no pair costs more than `cost_max`."""
    if cost.shape[0] == 0 or cost.shape[1] == 0:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    # Clipping at the limit makes "no pair" cost exactly the limit, so a hopeless track cannot pull a good pair apart.
    rows, columns = linear_sum_assignment(np.minimum(cost, cost_max))
    kept = cost[rows, columns] < cost_max
    return rows[kept], columns[kept]

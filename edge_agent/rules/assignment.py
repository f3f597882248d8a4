"""Which box is whose: the pairing of tracks and boxes that is likeliest as a whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


def surprise(predicted: Floats, variance: Floats, vagueness: Floats, measured: Floats) -> Floats:
    """How unlikely each pairing is: −2 log likelihood, up to a constant.

    Args:
        predicted: (n, 4) `(x, foot, width, height)` of the tracks, pixels.
        variance: (n, 4) of the innovation, pixels².
        vagueness: (n,) log of how much larger that variance is than a well-known track's: who could be anywhere explains nothing well.
        measured: (m, 4) of the boxes.

    Returns (n, m).
    """
    apart = measured[None] - predicted[:, None]
    return np.asarray((apart * apart / variance[:, None]).sum(axis=2) + vagueness[:, None])


def pair(cost: Floats, cost_max: float) -> tuple[Indices, Indices]:
    """Pair rows and columns of (n, m) `cost` so that the sum is smallest; no pair costs more than `cost_max`."""
    if cost.shape[0] == 0 or cost.shape[1] == 0:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    # Clipping at the limit makes "no pair" cost exactly the limit, so a hopeless track cannot pull a good pair apart.
    rows, columns = linear_sum_assignment(np.minimum(cost, cost_max))
    kept = cost[rows, columns] < cost_max
    return rows[kept], columns[kept]

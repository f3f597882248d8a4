"""Tells a shelf at rest from a shelf in motion, reading by reading.

Shoppers lean, lift and put back. The ledger must hear only of weights that stayed, so we wait until a window of readings agrees. How
well they must agree is learned from the cell itself: a weak cell is noisier than a good one, and neither knows its own data sheet.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import exp
from typing import NamedTuple

QUIET_QUANTILE = 0.3
LEARNING_STEP = 0.004
WILD = 4.0
"""A spread this many times the quiet one is a hand, not the cell: it teaches `WILD_STEP` times less."""
WILD_STEP = 0.05
QUIET_FLOOR_G = 0.02


class RestingWindow(NamedTuple):
    """What the last window of readings looks like. `spread_g` leaves out the largest and the smallest reading."""

    median_g: float
    spread_g: float


class SettlingWindow:
    """The last few readings, kept sorted, and the spread that this cell shows when nothing touches it.

    The answer is the median, and the spread forgives one reading on either side: one electrical spike must not shift the stock,
    nor hold it up.

    Args:
        length: how many readings make the window; at least 5.
        quiet_g: what to believe of the resting spread before anything is learned, grams.
        quiet_max_g: what the learned spread is never above, grams.
    """

    def __init__(self, *, length: int, quiet_g: float, quiet_max_g: float) -> None:
        self._length = max(5, length)
        self._readings: deque[float] = deque()
        self._sorted: list[float] = []
        self._quiet_max_g = quiet_max_g
        self.quiet_g = quiet_g
        self._up_wild = exp(LEARNING_STEP * WILD_STEP * (1.0 - QUIET_QUANTILE))
        self._up = exp(LEARNING_STEP * (1.0 - QUIET_QUANTILE))
        self._down = exp(-LEARNING_STEP * QUIET_QUANTILE)

    def take(self, weight_g: float) -> RestingWindow | None:
        """Add a reading; None while the window is not full."""
        ordered = self._sorted
        self._readings.append(weight_g)
        insort(ordered, weight_g)
        if len(ordered) > self._length:
            del ordered[bisect_left(ordered, self._readings.popleft())]
        elif len(ordered) < self._length:
            return None
        spread_g = ordered[-2] - ordered[1]
        self._learn(spread_g)
        middle = self._length // 2
        median_g = ordered[middle] if self._length % 2 else 0.5 * (ordered[middle - 1] + ordered[middle])
        return RestingWindow(median_g, spread_g)

    def forget(self) -> None:
        """Empty the window: what came before has nothing to do with what comes next."""
        self._readings.clear()
        self._sorted.clear()

    def _learn(self, spread_g: float) -> None:
        """Follow the low quantile of all spreads: a shelf rests for most of its life, so this is its spread at rest."""
        louder = self._up if spread_g < WILD * self.quiet_g else self._up_wild
        factor = self._down if spread_g < self.quiet_g else louder
        self.quiet_g = min(max(self.quiet_g * factor, QUIET_FLOOR_G), self._quiet_max_g)

"""Tells a shelf at rest from a shelf in motion, reading by reading.

Shoppers lean, lift and put back. The ledger must hear only of weights that stayed, so we wait until a window of readings agrees. How
well they must agree is learned from the cell itself: a weak cell is noisier than a good one, and neither knows its own data sheet.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import exp, sqrt
from typing import NamedTuple

QUIET_QUANTILE = 0.3
LEARNING_STEP = 0.004
WILD = 4.0
"""A spread this many times the quiet one is a hand, not the cell: it teaches `WILD_STEP` times less."""
WILD_STEP = 0.05
QUIET_FLOOR_G = 0.02
LEAP = 5.0
"""A reading that widens the window's spread this many times over has leapt out of it."""
SWAY = 0.5
"""A window is a turning point of a hand when a parabola leaves less than this share of its spread unexplained."""


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
        self._line, self._bend = _orthogonal(self._length)
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

    def sways(self) -> bool:
        """Whether the window is the turning point of something slow: a parabola explains most of what spread there is.

        A board that rings swings to and fro several times in a window; a hand that leans on it does not. Where one reading leaps out of
        the window nothing can be said of its shape: that counts as swaying, and is over a window later.
        """
        readings = self._readings
        mean_g = sum(readings) / self._length
        slope = sum(x * y for x, y in zip(self._line, readings, strict=True))
        bend = sum(x * y for x, y in zip(self._bend, readings, strict=True))
        left = [y - mean_g - slope * u - bend * v for y, u, v in zip(readings, self._line, self._bend, strict=True)]
        spread_g, trimmed_g = self._sorted[-1] - self._sorted[0], self._sorted[-2] - self._sorted[1]
        return max(left) - min(left) < SWAY * spread_g or spread_g > LEAP * trimmed_g

    def forget(self) -> None:
        """Empty the window: what came before has nothing to do with what comes next."""
        self._readings.clear()
        self._sorted.clear()

    def _learn(self, spread_g: float) -> None:
        """Follow the low quantile of all spreads: a shelf rests for most of its life, so this is its spread at rest."""
        louder = self._up if spread_g < WILD * self.quiet_g else self._up_wild
        factor = self._down if spread_g < self.quiet_g else louder
        self.quiet_g = min(max(self.quiet_g * factor, QUIET_FLOOR_G), self._quiet_max_g)


def _orthogonal(length: int) -> tuple[list[float], list[float]]:
    """The straight line and the parabola over `length` evenly spaced readings, orthonormal to each other and to a constant."""
    line = [i - (length - 1) / 2 for i in range(length)]
    square = sum(u * u for u in line) / length
    bend = [u * u - square for u in line]
    line_norm, bend_norm = sqrt(sum(u * u for u in line)), sqrt(sum(v * v for v in bend))
    return [u / line_norm for u in line], [v / bend_norm for v in bend]

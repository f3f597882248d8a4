"""The last seconds of every track: gaps bridged, places smoothed from before and after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge_agent.rules.motion import Floats, Indices

_BRIDGE_WEIGHT = 0.05  # A bridged place counts little beside a seen one.
_FRAMES_MAX = 400  # Bounds memory whatever the camera's clock does.


class SettledFrame(NamedTuple):
    """All tracks in one frame: `present` (n,) flags, `places` (n, 4) `(x, foot, width, height)`, `confidence` (n,)."""

    number: int
    taken_at_ms: int
    present: npt.NDArray[np.bool_]
    places: Floats
    confidence: Floats


class TrackHistory:
    """Row i is track i of the caller, column j is frame j of the window, oldest first."""

    def __init__(self, *, settle_s: float, place_window_s: float = 0.4, size_window_s: float = 1.0) -> None:
        self._settle_ms = settle_s * 1000.0
        self._windows_ms = np.array([place_window_s, place_window_s, size_window_s, size_window_s]) * 1000.0
        self._numbers: list[int] = []
        self._told = 0  # Columns before this one have been told; they stay for smoothing.
        self._times_ms: Floats = np.zeros(0)
        self._places: Floats = np.zeros((0, 0, 4))
        self._weights: Floats = np.zeros((0, 0))
        self._scores: Floats = np.zeros((0, 0))

    def begin_frame(self, number: int, taken_at_ms: int) -> None:
        """Open a column, and drop those that are told and too old to smooth with."""
        stale = int(np.searchsorted(self._times_ms[: self._told], taken_at_ms - 2.0 * self._settle_ms))
        stale = max(stale, len(self._numbers) + 1 - _FRAMES_MAX)
        self._numbers = [*self._numbers[stale:], number]
        self._told = max(0, self._told - stale)
        self._times_ms = np.append(self._times_ms[stale:], float(taken_at_ms))
        rows = len(self._places)
        self._places = np.concatenate([self._places[:, stale:], np.zeros((rows, 1, 4))], axis=1)
        self._weights = np.concatenate([self._weights[:, stale:], np.zeros((rows, 1))], axis=1)
        self._scores = np.concatenate([self._scores[:, stale:], np.zeros((rows, 1))], axis=1)

    def add(self, count: int) -> None:
        """Open rows for new tracks."""
        columns = len(self._numbers)
        self._places = np.concatenate([self._places, np.zeros((count, columns, 4))])
        self._weights = np.concatenate([self._weights, np.zeros((count, columns))])
        self._scores = np.concatenate([self._scores, np.zeros((count, columns))])

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Forget every track whose flag is False."""
        self._places, self._weights, self._scores = self._places[rows], self._weights[rows], self._scores[rows]

    def record(self, rows: Indices, places: Floats, scores: Floats) -> None:
        """Put down where the tracks `rows` were seen in the newest frame, and bridge the gap before."""
        newest = len(self._numbers) - 1
        self._places[rows, newest] = places
        self._weights[rows, newest] = 1.0
        self._scores[rows, newest] = scores
        if newest == 0:
            return
        for row in rows[self._weights[rows, newest - 1] == 0.0]:
            self._bridge(int(row), newest)

    def merge(self, old: int, new: int) -> None:
        """Row `new` turns out to be the same person as row `old`, seen later: put it behind, and bridge the gap."""
        first = int(np.argmax(self._weights[new] > 0.0))
        for values in (self._places, self._weights, self._scores):
            values[old, first:] = values[new, first:]
        self._bridge(old, first)

    def settle(self, until_ms: float) -> Iterator[SettledFrame]:
        """Tell the untold frames up to `until_ms`."""
        while self._told < len(self._numbers) and self._times_ms[self._told] <= until_ms:
            column = self._told
            self._told += 1
            yield SettledFrame(
                self._numbers[column],
                int(self._times_ms[column]),
                self._weights[:, column] > 0.0,
                self._smooth(column),
                self._scores[:, column],
            )

    def _bridge(self, row: int, newest: int) -> None:
        seen = np.flatnonzero(self._weights[row, :newest] > 0.0)
        if len(seen) == 0:
            return
        last = int(seen[-1])
        share = (self._times_ms[last + 1 : newest] - self._times_ms[last]) / max(self._times_ms[newest] - self._times_ms[last], 1.0)
        step = self._places[row, newest] - self._places[row, last]
        self._places[row, last + 1 : newest] = self._places[row, last] + share[:, None] * step
        self._weights[row, last + 1 : newest] = _BRIDGE_WEIGHT

    def _smooth(self, column: int) -> Floats:
        """Fit a straight line through the places around a frame, nearer ones counting more; its value there, (n, 4)."""
        away_ms = self._times_ms - self._times_ms[column]
        near = slice(int(np.searchsorted(away_ms, -2500.0)), int(np.searchsorted(away_ms, 2500.0, side="right")))
        away = away_ms[near, None] / self._windows_ms  # (w, 4)
        kernel = np.exp(-0.5 * away * away)
        weight = self._weights[:, near, None] * kernel  # (n, w, 4)
        places = self._places[:, near]
        s0 = weight.sum(axis=1)
        s1 = (weight * away).sum(axis=1)
        s2 = (weight * away * away).sum(axis=1)
        y0 = (weight * places).sum(axis=1)
        y1 = (weight * places * away).sum(axis=1)
        # A trifle is added to the second moment so that one lone place gives itself, not a division by nothing.
        spread = s2 + 0.001 * s0 + 1e-9
        determinant = np.maximum(s0 * spread - s1 * s1, 1e-12)
        return np.asarray((spread * y0 - s1 * y1) / determinant)

"""The last seconds of every track: gaps bridged, places smoothed from before and after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge_agent.rules.motion import Floats, Indices

_BRIDGE_WEIGHT = 0.05  # A bridged place counts little beside a seen one.
_FRAMES_MAX = 400  # Bounds memory whatever the camera's clock does.
_PLACE, _WEIGHT, _SCORE = slice(0, 4), 4, 5
_CELL = 6


class SettledFrame(NamedTuple):
    """All tracks in one frame: `present` (n,) flags, `places` (n, 4) `(x, foot, width, height)`, `confidence` (n,)."""

    number: int
    taken_at_ms: int
    present: npt.NDArray[np.bool_]
    places: Floats
    confidence: Floats


class TrackHistory:
    """Row i is track i of the caller, column j is frame j of the window, oldest first.

    Columns live in a buffer that is longer than the window, so that a new frame only rarely moves the old ones.
    """

    def __init__(self, *, settle_s: float, place_window_s: float = 0.4, size_window_s: float = 1.0) -> None:
        self._settle_ms = settle_s * 1000.0
        self._windows_ms = (place_window_s * 1000.0, size_window_s * 1000.0)
        self._numbers: list[int] = []
        self._told = 0  # Columns before this one have been told; they stay for smoothing.
        self._buffer: Floats = np.zeros((0, 64, _CELL))
        self._times_buffer: Floats = np.zeros(64)
        self._first = 0
        self._view()

    def begin_frame(self, number: int, taken_at_ms: int) -> None:
        """Open a column, and drop those that are told and too old to smooth with."""
        stale = int(np.searchsorted(self._times_ms[: self._told], taken_at_ms - 2.0 * self._settle_ms))
        stale = max(stale, len(self._numbers) + 1 - _FRAMES_MAX)
        self._numbers = [*self._numbers[stale:], number]
        self._told = max(0, self._told - stale)
        self._first += stale
        self._make_room()
        newest = self._first + len(self._numbers) - 1
        self._times_buffer[newest] = taken_at_ms
        self._buffer[:, newest] = 0.0
        self._view()

    def add(self, count: int) -> None:
        """Open rows for new tracks."""
        self._buffer = np.concatenate([self._buffer, np.zeros((count, *self._buffer.shape[1:]))])
        self._view()

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Forget every track whose flag is False."""
        self._buffer = self._buffer[rows]
        self._view()

    def record(self, rows: Indices, places: Floats, scores: Floats) -> None:
        """Put down where the tracks `rows` were seen in the newest frame, and bridge the gap before."""
        newest = len(self._numbers) - 1
        self._cells[rows, newest, _PLACE] = places
        self._cells[rows, newest, _WEIGHT] = 1.0
        self._cells[rows, newest, _SCORE] = scores
        if newest == 0:
            return
        for row in rows[self._cells[rows, newest - 1, _WEIGHT] == 0.0]:
            self._bridge(int(row), newest)

    def merge(self, old: int, new: int) -> None:
        """Row `new` turns out to be the same person as row `old`, seen later: put it behind, and bridge the gap."""
        first = int(np.argmax(self._cells[new, :, _WEIGHT] > 0.0))
        self._cells[old, first:] = self._cells[new, first:]
        self._bridge(old, first)

    def settle(self, until_ms: float) -> Iterator[SettledFrame]:
        """Tell the untold frames up to `until_ms`."""
        while self._told < len(self._numbers) and self._times_ms[self._told] <= until_ms:
            column = self._told
            self._told += 1
            yield SettledFrame(
                self._numbers[column],
                int(self._times_ms[column]),
                self._cells[:, column, _WEIGHT] > 0.0,
                self._smooth(column),
                self._cells[:, column, _SCORE],
            )

    @property
    def bytes_held(self) -> int:
        """How much memory the window takes."""
        return self._buffer.nbytes + self._times_buffer.nbytes

    def _view(self) -> None:
        columns = slice(self._first, self._first + len(self._numbers))
        self._cells = self._buffer[:, columns]
        self._times_ms = self._times_buffer[columns]

    def _make_room(self) -> None:
        """Move the window to the buffer's beginning when it has reached the end; a longer buffer when it fills half of it."""
        width, capacity = len(self._numbers), self._buffer.shape[1]
        if self._first + width <= capacity:
            return
        kept = slice(self._first, self._first + width - 1)
        wider = 2 * capacity if 2 * width > capacity else capacity
        buffer, times = np.zeros((len(self._buffer), wider, _CELL)), np.zeros(wider)
        buffer[:, : width - 1], times[: width - 1] = self._buffer[:, kept], self._times_buffer[kept]
        self._buffer, self._times_buffer, self._first = buffer, times, 0

    def _bridge(self, row: int, newest: int) -> None:
        cells = self._cells[row]
        seen = np.flatnonzero(cells[:newest, _WEIGHT] > 0.0)
        if len(seen) == 0:
            return
        last = int(seen[-1])
        share = (self._times_ms[last + 1 : newest] - self._times_ms[last]) / max(self._times_ms[newest] - self._times_ms[last], 1.0)
        step = cells[newest, _PLACE] - cells[last, _PLACE]
        cells[last + 1 : newest, _PLACE] = cells[last, _PLACE] + share[:, None] * step
        cells[last + 1 : newest, _WEIGHT] = _BRIDGE_WEIGHT

    def _smooth(self, column: int) -> Floats:
        """Fit a straight line through the places around a frame, nearer ones counting more; its value there, (n, 4)."""
        away_ms = self._times_ms - self._times_ms[column]
        near = slice(int(np.searchsorted(away_ms, -2500.0)), int(np.searchsorted(away_ms, 2500.0, side="right")))
        away = away_ms[near, None] / self._windows_ms  # (w, 2): of places, of sizes
        kernel = np.exp(-0.5 * away * away)
        moments = np.concatenate([kernel, kernel * away, kernel * away * away], axis=1)  # (w, 6)
        weight = self._cells[:, near, _WEIGHT]
        sums = (weight @ moments).reshape(-1, 3, 1, 2)
        weighted = (self._cells[:, near, _PLACE] * weight[:, :, None]).transpose(0, 2, 1) @ moments[:, :4]  # (n, 4, 4)
        first, second = weighted[:, :, :2].reshape(-1, 2, 2, 2), weighted[:, :, 2:].reshape(-1, 2, 2, 2)
        both = np.arange(2)  # Places take the first window, sizes the second.
        y0, y1 = first[:, both, :, both].swapaxes(0, 1), second[:, both, :, both].swapaxes(0, 1)  # (n, 2, 2)
        s0, s1, s2 = (sums[:, k].swapaxes(1, 2) for k in range(3))  # (n, 2, 1)
        # A trifle is added to the second moment so that one lone place gives itself, not a division by nothing.
        spread = s2 + 0.001 * s0 + 1e-9
        determinant = np.maximum(s0 * spread - s1 * s1, 1e-12)
        return np.asarray((spread * y0 - s1 * y1) / determinant).reshape(-1, 4)

"""Tells whether a picture needs to be searched: one that has not changed since the last search has the same people in it.

It compares with the picture that was searched, not with the one before, so that slow change adds up and nobody who stands still is lost:
their boxes are those of the last search, and the smallest step of a foot is a new search.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.readings import Pixels

Small = npt.NDArray[np.int16]

_ACROSS = 96  # Blocks across the picture: a person worth counting covers several.
_CHANGE_MIN = 6.0  # Of 255, of a block's mean brightness.
_NOISE_TIMES = 8.0


class MotionGate:
    """`has_changed` is asked once a picture; after it said yes, the picture must be searched.

    Args:
        search_every_ms: so long after a search the next picture is searched in any case.
    """

    def __init__(self, *, search_every_ms: int = 2_000) -> None:
        self._search_every_ms = search_every_ms
        self._searched: Small | None = None
        self._searched_at_ms = 0
        self._before: Small | None = None
        self._noise = 0.5  # Of a block's mean, one deviation: every camera has its own.
        self.searched = 0
        self.spared = 0

    def has_changed(self, pixels: Pixels, taken_at_ms: int) -> bool:
        """Whether a (height, width, 3) uint8 picture differs anywhere from the one that was searched last."""
        blocks = _blocks(pixels)
        self._listen(blocks)
        changed = (
            self._searched is None
            or self._searched.shape != blocks.shape
            or taken_at_ms - self._searched_at_ms >= self._search_every_ms
            or float(np.abs(blocks - self._searched).max()) > max(_CHANGE_MIN, _NOISE_TIMES * self._noise)
        )
        if changed:
            self._searched, self._searched_at_ms = blocks, taken_at_ms
            self.searched += 1
        else:
            self.spared += 1
        return changed

    def _listen(self, blocks: Small) -> None:
        """Learn the noise from blocks where nothing happens: in the middle half of all differences between two pictures."""
        if self._before is not None and self._before.shape == blocks.shape:
            quiet = 1.48 * float(np.median(np.abs(blocks - self._before)))
            self._noise += 0.05 * (quiet - self._noise)
        self._before = blocks


def _blocks(pixels: Pixels) -> Small:
    """Mean brightness of green, in blocks; every other line and column does."""
    height, width = pixels.shape[:2]
    down = max(1, round(_ACROSS * height / width))
    thin = np.ascontiguousarray(pixels[::2, ::2, 1])
    return cv2.resize(thin, (_ACROSS, down), interpolation=cv2.INTER_AREA).astype(np.int16)

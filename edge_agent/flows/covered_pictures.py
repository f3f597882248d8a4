"""Pictures fit to be shown: each is held back a moment, and covered wherever anybody was seen shortly before or after it.

An uncovered picture never leaves this module; what leaves it is packed already.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from edge_agent.adapters.picture_cover import as_jpeg, cover
from edge_agent.errors import EdgeError
from edge_agent.readings import Detections, PictureSource, SeenPicture
from edge_agent.rules.head_cover import Cover, CoverRule, Rectangles, rectangles, together

NEIGHBOURS = 2
"""A picture is shown once so many later ones were searched too."""
FRAME_TIMEOUT_MS = 5_000
BACK_OFF_S = 2.0


class ShownPicture(NamedTuple):
    """What may be seen: a JPEG whose people are covered, its size in pixels, and the boxes that the live path would follow."""

    number: int
    jpeg: bytes
    size_px: tuple[int, int]
    people: Detections


class Coverer:
    """Holds pictures back and covers them. `cover` may be changed at any time.

    Args:
        score_min: from here on a box is shown as a person; below, it is only covered.
    """

    def __init__(self, *, score_min: float, cover: Cover = "heads", rule: CoverRule | None = None) -> None:
        self.cover: Cover = cover
        self._score_min = score_min
        self._rule = rule if rule is not None else CoverRule()
        self._held: deque[SeenPicture] = deque(maxlen=2 * NEIGHBOURS + 1)

    def take(self, seen: SeenPicture) -> ShownPicture | None:
        """Take the next picture; returns the one that may be shown now, None at the beginning."""
        if self._held and self._held[-1].frame.pixels.shape != seen.frame.pixels.shape:
            self._held.clear()
        self._held.append(seen)
        if len(self._held) <= NEIGHBOURS:
            return None
        return self.covered(self._held[-1 - NEIGHBOURS], list(self._held))

    def covered(self, seen: SeenPicture, neighbours: list[SeenPicture]) -> ShownPicture:
        """Cover one picture by what is seen in it and in its neighbours."""
        height, width = seen.frame.pixels.shape[:2]
        hidden = together([self._rectangles(one, (width, height)) for one in neighbours])
        sure = seen.scores >= self._score_min
        people = Detections(seen.frame.number, seen.frame.taken_at_ms, seen.boxes[sure], seen.scores[sure])
        return ShownPicture(seen.frame.number, as_jpeg(cover(seen.frame.pixels, hidden)), (width, height), people)

    def _rectangles(self, seen: SeenPicture, size_px: tuple[int, int]) -> Rectangles:
        return rectangles(seen.boxes, seen.scores, size_px, self.cover, self._rule)


class LivePicture:
    """The newest picture that may be shown, renewed by a thread of its own while the page is open.

    Args:
        open_source: opens the camera; called again after it was lost or a film has ended.
        coverer: covers.
    """

    def __init__(self, open_source: Callable[[], PictureSource], coverer: Coverer) -> None:
        self._open_source = open_source
        self.coverer = coverer
        self._lock = threading.Lock()
        self._newest: ShownPicture | None = None
        self._problem = ""
        self._thread: threading.Thread | None = None

    def start(self, stop: threading.Event) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._look, args=(stop,), name="aim camera", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until the camera is let go, some seconds at most; a read that hangs in the driver is left to its own timeout."""
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def newest(self) -> tuple[ShownPicture | None, str]:
        """The newest picture, and what is wrong with the camera now."""
        with self._lock:
            return self._newest, self._problem

    def _look(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                source = self._open_source()
                try:
                    self._watch(source, stop)
                finally:
                    source.close()
            except EdgeError as error:
                with self._lock:
                    self._problem = str(error)
                stop.wait(BACK_OFF_S)

    def _watch(self, source: PictureSource, stop: threading.Event) -> None:
        while not stop.is_set() and (seen := source.next(FRAME_TIMEOUT_MS)) is not None:
            shown = self.coverer.take(seen)
            if shown is not None:
                with self._lock:
                    self._newest, self._problem = shown, ""

"""Pictures of the simulated shop with what a detector would find in them: to try the aiming page without a camera."""

from __future__ import annotations

import time

import numpy as np

from edge_agent.readings import Frame, SeenPicture
from edge_agent.simulated_store.camera_picture import CameraPicture
from edge_agent.simulated_store.camera_view import FRAME_MS, HEIGHT_PX, WIDTH_PX, SceneCamera
from edge_agent.simulated_store.habits import ROUND_THE_CLOCK_HOURS, ShopHabits
from edge_agent.simulated_store.shop import Shop
from wire_format.plans import Planogram

_STORY_START_MS = 1_763_982_000_000  # A Monday noon; the story is the same each time.
_BEGUN_BEFORE_MS = 600_000
_KEEP_MS = 10_000


class SimulatedPictures:
    """A `PictureSource`. The same planogram and seed show the same people.

    Args:
        planogram: the shop to look at.
        seed: whose story.
        is_paced: five pictures a second, as from a camera; otherwise as fast as they are asked for.
    """

    width_px, height_px = WIDTH_PX, HEIGHT_PX

    def __init__(self, planogram: Planogram, *, seed: int = 1, is_paced: bool = True, shoppers_per_hour: float = 120.0) -> None:
        habits = ShopHabits(
            shoppers_per_hour=shoppers_per_hour,
            arrivals_by_hour=ROUND_THE_CLOCK_HOURS,
            opens_hour=0.0,
            closes_hour=25.0,
            leans_on_shelf=0.0,
        )
        self._shop = Shop(planogram, seed=seed, start_ms=_STORY_START_MS, habits=habits)
        self._scene = SceneCamera(self._shop, seed=seed)
        self._picture = CameraPicture(planogram)
        self._is_paced = is_paced
        self._began_s = time.monotonic()
        self._number = 0

    def next(self, timeout_ms: int) -> SeenPicture:
        """The next picture; the story never ends."""
        self._number += 1
        taken_at_ms = (self._number - 1) * FRAME_MS
        at_ms = _STORY_START_MS + _BEGUN_BEFORE_MS + taken_at_ms
        self._shop.advance(at_ms + 2 * FRAME_MS)
        self._shop.forget_before(at_ms - _KEEP_MS)
        (found,) = self._scene.frames(at_ms, at_ms + FRAME_MS)
        boxes, people = self._scene.truth(at_ms)
        if self._is_paced:
            time.sleep(max(0.0, self._began_s + taken_at_ms / 1000.0 - time.monotonic()))
        frame = Frame(self._number, taken_at_ms, self._picture.draw(boxes, people))
        return SeenPicture(frame, np.asarray(found.boxes), np.asarray(found.scores))

    def close(self) -> None:
        """Nothing is open."""

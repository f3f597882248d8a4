"""A camera with a person detector over the simulated shop's floor."""

from __future__ import annotations

from collections import deque

from edge_agent.adapters.simulated_playhead import SimulatedPlayhead
from edge_agent.errors import SensorUnavailable
from edge_agent.readings import Detections
from edge_agent.simulated_store.camera_view import FRAME_MS, HEIGHT_PX, WIDTH_PX, SceneCamera

_EMPTY_FRAMES_A_FRAME = 5


class SimulatedPersonFinder:
    """Five frames a second. While it catches up with the past, an empty picture comes once a second.

    Args:
        playhead: the shop's story, shared by all its sensors.
        camera: what the detector sees.
    """

    frame_width_px = WIDTH_PX
    frame_height_px = HEIGHT_PX

    def __init__(self, playhead: SimulatedPlayhead, camera: SceneCamera, *, area_id: str) -> None:
        self.area_id = area_id
        self._playhead = playhead
        self._camera = camera
        self._sensor = f"camera {area_id}"
        self._position_ms = playhead.booted_at_ms
        self._first_frame = playhead.booted_at_ms // FRAME_MS
        self._ready: deque[Detections] = deque()
        playhead.join(self._sensor)

    def next(self, timeout_ms: int) -> Detections | None:
        """Wait for the next frame's people; None when the story has ended.

        Raises:
            SensorUnavailable: no frame came within `timeout_ms`.
        """
        if not self._ready:
            self._look(timeout_ms)
        if self._ready:
            return self._ready.popleft()
        if self._playhead.over(self._position_ms):
            return None
        raise SensorUnavailable(
            part=self._sensor, problem=f"no picture for {timeout_ms} ms", advice="the simulated shop is held up; see its log"
        )

    def close(self) -> None:
        """Stop looking."""
        self._playhead.leave(self._sensor)

    def _look(self, timeout_ms: int) -> None:
        until_ms = self._playhead.wait_beyond(self._position_ms, sensor=self._sensor, timeout_ms=timeout_ms)
        with self._playhead.story():
            frames = self._camera.frames(self._position_ms, until_ms)
        thin = self._playhead.in_the_past(until_ms)
        self._position_ms = until_ms
        for frame in frames:
            if thin and not len(frame.boxes) and frame.number % _EMPTY_FRAMES_A_FRAME:
                continue
            taken_at_ms = frame.taken_at_ms - self._playhead.booted_at_ms
            self._ready.append(frame._replace(number=frame.number - self._first_frame + 1, taken_at_ms=taken_at_ms))

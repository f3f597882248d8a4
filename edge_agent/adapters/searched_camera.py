"""A camera with a detector that also tells of what it is hardly sure of: what may be a person must be covered before it is shown."""

from __future__ import annotations

import cv2

from edge_agent.adapters.camera import FrameSource
from edge_agent.adapters.person_detector import PersonDetector
from edge_agent.errors import SensorUnavailable
from edge_agent.readings import SeenPicture

FAINT_SCORE_MIN = 0.08
"""Of 300 labelled heads of PETS 2009 S2.L1 the first is left open at 0.2; at 0.08 a seventh of the picture is covered, at 0.03 half."""


class SearchedCamera:
    """Real pictures: a `PictureSource`. `detector` must have been loaded with `score_min=FAINT_SCORE_MIN`."""

    def __init__(self, camera: FrameSource, detector: PersonDetector) -> None:
        self.width_px, self.height_px = camera.width_px, camera.height_px
        self._camera = camera
        self._detector = detector

    def next(self, timeout_ms: int) -> SeenPicture | None:
        """The next picture, or None when a film has ended.

        Raises:
            SensorUnavailable, RecordingInvalid: the camera is gone or stalled, or the film is broken.
        """
        frame = self._camera.next(timeout_ms)
        if frame is None:
            return None
        try:
            boxes, scores = self._detector.find(frame.pixels)
        except cv2.error as error:
            raise SensorUnavailable(
                part=f"camera {self._camera.source}", problem=f"a picture cannot be used ({error.err})", advice="set it to an ordinary size"
            ) from error
        return SeenPicture(frame, boxes, scores)

    def close(self) -> None:
        """Let go of the camera."""
        self._camera.close()

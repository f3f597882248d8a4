"""From a camera's configuration to what finds people in its pictures: live, or from a film."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge_agent.adapters.camera import CameraPersonFinder, FrameSource, open_camera
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.motion_gate import MotionGate
from edge_agent.adapters.person_detector import PersonDetector, Region
from edge_agent.adapters.picture_watch import PictureWatch
from edge_agent.config import CameraConfig
from edge_agent.readings import PersonFinder


def load_detector(config: CameraConfig, *, score_min: float | None = None) -> PersonDetector:
    """The detector of a camera; `score_min` where more or less is wanted of it than counting needs.

    Raises:
        DetectorUnusable: manifest or model missing, changed or not understood.
    """
    looks = [Region(round(look.x1), round(look.y1), round(look.x2), round(look.y2)) for look in config.second_looks]
    if score_min is None:
        return PersonDetector.load(config.detector, second_looks=looks)
    return PersonDetector.load(config.detector, second_looks=looks, score_min=score_min)


def person_finder(
    config: CameraConfig, camera: FrameSource, detector: PersonDetector, watch: PictureWatch | None = None
) -> CameraPersonFinder:
    """A camera's pictures searched as its configuration says."""
    masks = [np.array(mask.points, dtype=np.float32) for mask in config.masks]
    gate = MotionGate() if config.skip_unchanged else None
    return CameraPersonFinder(config.area_id, camera, detector, masks=masks, gate=gate, watch=watch)


def camera_opener(config: CameraConfig, clock: AgentClock) -> Callable[[], PersonFinder]:
    """How to open a real camera or film, again and again if need be.

    The detector is loaded once, at the first time, and what the camera showed then is what it should show after it was lost.
    """
    detectors: list[PersonDetector] = []
    watches: list[PictureWatch] = []

    def open_finder() -> PersonFinder:
        if not detectors:
            detectors.append(load_detector(config))
        camera = open_camera(config.source, monotonic_ms=clock.monotonic_ms, frames_per_s=config.frames_per_s)
        if not watches:
            watches.append(PictureWatch(camera.width_px, camera.height_px))
        return person_finder(config, camera, detectors[0], watches[0])

    return open_finder

"""Pictures from a film, a USB camera or an RTSP stream, through OpenCV, and the people in them.

Pictures stay in memory: nothing here writes or sends one.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from edge_agent.adapters.motion_gate import MotionGate
from edge_agent.adapters.person_detector import PersonDetector
from edge_agent.adapters.picture_watch import PictureFault, PictureWatch
from edge_agent.errors import RecordingInvalid, SensorUnavailable
from edge_agent.readings import Detections, FloatArray, Frame, Pixels

_OPEN_TIMEOUT_MS = 10_000


class CameraStalled(SensorUnavailable, TimeoutError):
    """The camera is open and sends no pictures."""

    def __init__(self, *, source: str, waited_ms: int) -> None:
        super().__init__(
            part=f"camera {source}", problem=f"no picture for {waited_ms} ms", advice="check its cable, power and network, or restart it"
        )
        self.source = source
        self.waited_ms = waited_ms


class FrameSource(Protocol):
    """Where pictures come from."""

    source: str
    width_px: int
    height_px: int

    def next(self, timeout_ms: int) -> Frame | None:
        """The next picture, or None when a film has ended."""

    def close(self) -> None:
        """Let go of the device or file."""


class Film:
    """A film as a camera.

    With a clock (`monotonic_ms`) it plays at its own speed from now on, like a camera; without one it gives its frames as fast as they are
    asked for, and its time begins at 0. `frames_per_s` overrides the speed that the film says it has.
    """

    def __init__(self, path: str, *, monotonic_ms: Callable[[], int] | None = None, frames_per_s: float | None = None) -> None:
        self.source = path
        if not Path(path).is_file():
            raise RecordingInvalid(path=path, problem="no such film; check the path")
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "8")  # Damage is told once, by us, in words.
        self._capture = cv2.VideoCapture(path)
        if not self._capture.isOpened():
            raise RecordingInvalid(path=path, problem="not a film that OpenCV can read; convert it, for instance to MJPEG or H.264")
        self.width_px = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        self.height_px = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        self.frames_promised = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        told = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.frames_per_s = frames_per_s or (told if 0.1 <= told <= 240.0 else 25.0)
        self._monotonic_ms = monotonic_ms
        self._begun_at_ms = monotonic_ms() if monotonic_ms is not None else 0
        self._number = 0

    def next(self, timeout_ms: int) -> Frame | None:
        """The next picture, or None when the film has ended as it should.

        Raises:
            RecordingInvalid: it breaks off before the end that its header promises.
        """
        came, pixels = self._capture.read()
        if not came:
            self._check_end()
            return None
        self._number += 1
        taken_at_ms = self._begun_at_ms + round((self._number - 1) * 1000.0 / self.frames_per_s)
        self._keep_pace(taken_at_ms)
        return Frame(self._number, taken_at_ms, np.asarray(pixels, dtype=np.uint8))

    def close(self) -> None:
        """Let go of the file."""
        self._capture.release()

    def _keep_pace(self, taken_at_ms: int) -> None:
        if self._monotonic_ms is not None:
            time.sleep(max(0, taken_at_ms - self._monotonic_ms()) / 1000.0)

    def _check_end(self) -> None:
        # An AVI counts its frames; other containers may only estimate the count from their duration.
        tolerated = 0 if self.source.lower().endswith(".avi") else self.frames_promised // 200
        if self._number == 0 or self.frames_promised - self._number > tolerated:
            promised = f" of {self.frames_promised}" if self.frames_promised else ""
            problem = f"the film breaks off after frame {self._number}{promised}; what came before was used"
            raise RecordingInvalid(path=self.source, problem=problem)


class LiveCamera:
    """A USB camera or a stream. A thread reads it without pause, so that the newest picture is at hand and an old one never waits."""

    def __init__(self, source: str, *, monotonic_ms: Callable[[], int], frames_per_s: float | None = None) -> None:
        self.source = _without_password(source)
        self.frames_dropped = 0
        self._monotonic_ms = monotonic_ms
        self._wanted_every_ms = 1000.0 / frames_per_s if frames_per_s is not None else 0.0
        self._capture = _open_live(source)
        self.width_px = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        self.height_px = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._over = False
        self._reader = threading.Thread(target=self._read, name=f"camera {self.source}", daemon=True)
        self._reader.start()

    def next(self, timeout_ms: int) -> Frame | None:
        """Wait for a picture newer than the last one given.

        Raises:
            CameraStalled: none came in time.
            SensorUnavailable: the camera went away.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._over, timeout=timeout_ms / 1000.0)
            frame, self._newest = self._newest, None
            over = self._over
        if frame is not None:
            return frame
        if over:
            raise SensorUnavailable(part=f"camera {self.source}", problem="it went away", advice="check its cable, power and network")
        raise CameraStalled(source=self.source, waited_ms=timeout_ms)

    def close(self) -> None:
        """Stop reading; a read that hangs in the driver is left to its own timeout."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._reader.join(timeout=2.0)

    def _read(self) -> None:
        number, wanted_at_ms = 0, 0.0
        while not self._over:
            came, pixels = self._capture.read()
            if came and self._monotonic_ms() < wanted_at_ms:
                continue  # Faster than asked for.
            with self._changed:
                if not came:
                    self._over = True
                else:
                    number += 1
                    wanted_at_ms = self._monotonic_ms() + 0.9 * self._wanted_every_ms
                    self.frames_dropped += self._newest is not None
                    self._newest = Frame(number, self._monotonic_ms(), np.asarray(pixels, dtype=np.uint8))
                self._changed.notify_all()
        self._capture.release()


def open_camera(source: str, *, monotonic_ms: Callable[[], int], frames_per_s: float | None = None) -> FrameSource:
    """Open what `source` names: a device number, an address with `://`, or a film that is then played at its own speed.

    Raises:
        SensorUnavailable: the camera is not there.
        RecordingInvalid: the film is not there or cannot be read.
    """
    if source.isdigit() or "://" in source or source.startswith("/dev/"):
        return LiveCamera(source, monotonic_ms=monotonic_ms, frames_per_s=frames_per_s)
    return Film(source, monotonic_ms=monotonic_ms, frames_per_s=frames_per_s)


def _open_live(source: str) -> cv2.VideoCapture:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "8")  # That it cannot be opened is told once, by us, in words.
    if source.isdigit() or source.startswith("/dev/"):
        capture = cv2.VideoCapture(int(source)) if source.isdigit() else cv2.VideoCapture(source)
        advice = "check that it is plugged in, that no other program uses it, and that this user is in the group video"
    else:
        os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _OPEN_TIMEOUT_MS]
        capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
        advice = "check the address, user and password, and that the camera answers on the network"
    if not capture.isOpened():
        capture.release()
        raise SensorUnavailable(part=f"camera {_without_password(source)}", problem="cannot be opened", advice=advice)
    return capture


def _without_password(source: str) -> str:
    scheme, _, rest = source.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else source


class CameraPersonFinder:
    """A camera and a detector: a `PersonFinder`. `picture_fault` tells of pictures that are of no use.

    Args:
        area_id: what the camera looks at.
        camera: where pictures come from.
        detector: finds people in them.
        masks: areas of the picture, each (n, 2) pixels; nobody whose feet are in one is told.
        gate: spares the detector pictures that have not changed; None searches every picture.
        watch: looks at the pictures themselves; by default it awaits the size that the camera has now.
    """

    def __init__(
        self,
        area_id: str,
        camera: FrameSource,
        detector: PersonDetector,
        *,
        masks: Sequence[FloatArray] = (),
        gate: MotionGate | None = None,
        watch: PictureWatch | None = None,
    ) -> None:
        self.area_id = area_id
        self.frame_width_px = camera.width_px
        self.frame_height_px = camera.height_px
        self.picture_fault: PictureFault | None = None
        self._camera = camera
        self._detector = detector
        self._masks = [np.asarray(mask, dtype=np.float32).reshape(-1, 1, 2) for mask in masks]
        self._gate = gate
        self._watch = watch or PictureWatch(camera.width_px, camera.height_px)
        self._last: tuple[FloatArray, FloatArray] = (np.zeros((0, 4), dtype=np.float32), np.zeros(0, dtype=np.float32))

    def next(self, timeout_ms: int) -> Detections | None:
        """Wait for the next frame's people; None when a film has ended.

        Raises:
            SensorUnavailable, RecordingInvalid: the camera is gone or stalled, or the film is broken.
        """
        frame = self._camera.next(timeout_ms)
        if frame is None:
            return None
        self.picture_fault = self._watch.look(frame.pixels, frame.taken_at_ms)
        if self._gate is None or self._gate.has_changed(frame.pixels, frame.taken_at_ms):
            self._last = self._search(frame.pixels)
        return Detections(frame.number, frame.taken_at_ms, *self._last)

    def close(self) -> None:
        """Let go of the camera."""
        self._camera.close()

    def _search(self, pixels: Pixels) -> tuple[FloatArray, FloatArray]:
        try:
            boxes, scores = self._detector.find(pixels)
        except cv2.error as error:
            raise SensorUnavailable(
                part=f"camera {self._camera.source}", problem=f"a picture cannot be used ({error.err})", advice="set it to an ordinary size"
            ) from error
        if not self._masks or len(boxes) == 0:
            return boxes, scores
        feet = [((left + right) / 2.0, foot) for left, _, right, foot in boxes.tolist()]
        told = np.array([all(cv2.pointPolygonTest(mask, foot, False) < 0.0 for mask in self._masks) for foot in feet])
        return boxes[told], scores[told]

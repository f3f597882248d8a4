"""Notices pictures that are of no use: another size, black, or of another place than at the start because the camera was turned."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np

from edge_agent.readings import FloatArray, Pixels

PICTURE_CODES = ("camera_size_changed", "camera_dark", "camera_turned")

_DARK_BRIGHTNESS = 12.0  # Of 255: below it nobody could be seen.
_LOOK_EVERY_MS = 500
_LOOKS = 9  # The middle of so many looks is a picture without those who walk through it.
_SCENE_ACROSS = 64
_ALIKE_MIN, _ALIKE_AGAIN = 0.45, 0.6  # Correlation of edges with the scene as it was aimed.
_EDGES_MIN = 1.0  # Mean brightness step of a scene that can be told from another: a bare wall cannot.
_RENEW_SHARE = 0.02  # Sun and shelves change by the hour; the scene follows while it is the same.


class PictureFault(NamedTuple):
    """Pictures come, but they are of no use. `code` is stable, for the health message."""

    code: str
    message: str
    advice: str


class PictureWatch:
    """Looks at each picture of a camera that should show `width_px` × `height_px`."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self._width_px, self._height_px = width_px, height_px
        self._looks: deque[Pixels] = deque(maxlen=_LOOKS)
        self._looked_at_ms: int | None = None
        self._scene: FloatArray | None = None
        self._turned = False

    def look(self, pixels: Pixels, taken_at_ms: int) -> PictureFault | None:
        """What is wrong with a (height, width, 3) uint8 picture, if anything."""
        height, width = pixels.shape[:2]
        if (width, height) != (self._width_px, self._height_px):
            message = f"pictures are {width}×{height} now, they were {self._width_px}×{self._height_px}"
            return PictureFault("camera_size_changed", message, "set the camera back, or aim it anew")
        if float(np.mean(pixels[::32, ::32])) < _DARK_BRIGHTNESS:
            self._looks.clear()  # What is seen in the dark is no scene.
            return PictureFault("camera_dark", "the picture is black", "switch the light on, or uncover the lens")
        if self._looked_at_ms is None or taken_at_ms - self._looked_at_ms >= _LOOK_EVERY_MS:
            self._looked_at_ms = taken_at_ms
            self._compare(pixels)
        if self._turned:
            message = "the picture shows another place than when the camera was aimed"
            return PictureFault("camera_turned", message, "turn the camera back, or aim it anew and restart the agent")
        return None

    def _compare(self, pixels: Pixels) -> None:
        size = (_SCENE_ACROSS, max(8, round(_SCENE_ACROSS * self._height_px / self._width_px)))
        self._looks.append(np.asarray(cv2.resize(np.ascontiguousarray(pixels[::2, ::2, 1]), size, interpolation=cv2.INTER_AREA)))
        if len(self._looks) < _LOOKS:
            return
        middle = np.median(np.stack(self._looks), axis=0).astype(np.float32)
        scene = _edges(middle)
        if self._scene is None:
            if float(np.abs(np.diff(middle, axis=1)).mean()) >= _EDGES_MIN:
                self._scene = scene
            return
        alike = float(np.mean(scene * self._scene))
        self._turned = alike < (_ALIKE_AGAIN if self._turned else _ALIKE_MIN)
        if not self._turned:
            self._scene = _normal(self._scene + np.float32(_RENEW_SHARE) * (scene - self._scene))


def _edges(grey: FloatArray) -> FloatArray:
    """Gradients in both directions, each pulled towards its sign, for light may change: zero mean, unit deviation."""
    gradients = np.stack([cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)])
    return _normal(np.sign(gradients) * np.sqrt(np.abs(gradients)))


def _normal(values: FloatArray) -> FloatArray:
    centred = values - values.mean()
    return np.asarray(centred / max(float(centred.std()), 1e-6), dtype=np.float32)

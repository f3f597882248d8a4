"""When something moved near a door line: seen in the film's pixels themselves, so that it does not rest on the detector that is audited."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge_agent.adapters.camera import Film
from edge_agent.config import CameraConfig, LineConfig
from edge_agent.readings import Pixels
from edge_agent.rules.audit_sample import Span

_LOOK_EVERY_MS = 200
_AROUND_MS = 1_000
_WIDE_PX = 160
_GREY_MIN = 8.0
"""Far less than clothes differ from a floor, a little more than a camera's noise after blurring."""
_SHARE_MIN = 0.003
_REACH_MIN_PX = 24.0


def moving_spans(video: Path, config: CameraConfig, *, reach_px: float) -> dict[str, list[Span]]:
    """Of each door, when any part of the picture within `reach_px` of its line changed, with a second before and after.

    Raises:
        RecordingInvalid: the film cannot be read to its end.
    """
    film = Film(str(video), frames_per_s=config.frames_per_s)
    windows = {line.door_id: _window(line, max(reach_px, _REACH_MIN_PX), film.width_px, film.height_px) for line in config.lines}
    before: dict[str, Pixels] = {}
    moved_at_ms: dict[str, list[int]] = {door_id: [] for door_id in windows}
    looked_at_ms = -_LOOK_EVERY_MS
    try:
        while (frame := film.next(10_000)) is not None:
            if frame.taken_at_ms - looked_at_ms < _LOOK_EVERY_MS:
                continue
            looked_at_ms = frame.taken_at_ms
            for door_id, (rows, columns) in windows.items():
                now = _small(frame.pixels[rows, columns])
                known = before.get(door_id)
                if known is None or (cv2.absdiff(now, known) > _GREY_MIN).mean() > _SHARE_MIN:
                    moved_at_ms[door_id].append(frame.taken_at_ms)
                before[door_id] = now
    finally:
        film.close()
    return {door_id: _joined(moments) for door_id, moments in moved_at_ms.items()}


def _window(line: LineConfig, reach_px: float, width: int, height: int) -> tuple[slice, slice]:
    left, right = sorted((line.x1, line.x2))
    top, bottom = sorted((line.y1, line.y2))

    def part(low: float, high: float, size: int) -> slice:
        first = min(max(0, int(low - reach_px)), size - 2)
        return slice(first, max(first + 2, min(size, int(high + reach_px) + 1)))

    return part(top, bottom, height), part(left, right, width)


def _small(pixels: Pixels) -> Pixels:
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    if grey.shape[1] > _WIDE_PX:
        size = (_WIDE_PX, max(2, round(grey.shape[0] * _WIDE_PX / grey.shape[1])))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(grey, (5, 5), 0), dtype=np.uint8)


def _joined(moments_ms: list[int]) -> list[Span]:
    spans: list[Span] = []
    for moment in moments_ms:
        start, until = moment - _AROUND_MS, moment + _AROUND_MS
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], until)
        else:
            spans.append((start, until))
    return spans

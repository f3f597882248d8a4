"""Boxes that somebody else's detector found, in MOT format, as a person finder: trackers can be compared on them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from edge_agent.errors import RecordingInvalid
from edge_agent.readings import Detections

_FRAMES_MAX = 10_000_000
_FIELDS = ("frame", "id", "left", "top", "width", "height", "confidence")


class PublicDetections:
    """Plays the boxes of a file frame by frame, frames without boxes included.

    Lines are `frame,id,left,top,width,height,confidence,…`, frames from 1, in any order. Confidences are held to 0…1.
    """

    def __init__(
        self,
        path: Path,
        *,
        area_id: str,
        frames_per_s: float,
        frame_size_px: tuple[int, int] | None = None,
        frame_count: int | None = None,
    ) -> None:
        self.area_id = area_id
        self._boxes = _read(path)
        self._frames_per_s = frames_per_s
        self.frame_count = frame_count or max(self._boxes, default=0)
        self.frame_width_px, self.frame_height_px = frame_size_px or self._extent()
        self._number = 0

    def next(self, timeout_ms: int) -> Detections | None:
        """The next frame's boxes; None after the last frame."""
        if self._number >= self.frame_count:
            return None
        self._number += 1
        rows = np.array(self._boxes.get(self._number, []), dtype=np.float32).reshape(-1, 5)
        taken_at_ms = round((self._number - 1) * 1000.0 / self._frames_per_s)
        return Detections(self._number, taken_at_ms, rows[:, :4], rows[:, 4])

    def close(self) -> None:
        """Nothing is open."""

    def _extent(self) -> tuple[int, int]:
        """A picture large enough for every box."""
        corners = [row[2:4] for rows in self._boxes.values() for row in rows]
        return math.ceil(max((c[0] for c in corners), default=1.0)), math.ceil(max((c[1] for c in corners), default=1.0))


def _read(path: Path) -> dict[int, list[tuple[float, ...]]]:
    frames: dict[int, list[tuple[float, ...]]] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    frame, box = _parse(str(path), number, line)
                    frames.setdefault(frame, []).append(box)
    except OSError as error:
        raise RecordingInvalid(path=str(path), problem=f"cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise RecordingInvalid(path=str(path), problem="not a text file; give boxes in MOT format") from error
    return frames


def _parse(path: str, line: int, text: str) -> tuple[int, tuple[float, ...]]:
    fields = text.split(",")
    if len(fields) < len(_FIELDS):
        problem = f"{len(fields)} fields, at least {len(_FIELDS)} are needed: {','.join(_FIELDS)}"
        raise RecordingInvalid(path=path, line=line, problem=problem)
    values: list[float] = []
    for name, field in zip(_FIELDS, fields, strict=False):
        try:
            values.append(float(field))
        except ValueError as error:
            raise RecordingInvalid(path=path, line=line, problem=f"{name} is no number: {field.strip()!r}") from error
        if not math.isfinite(values[-1]):
            raise RecordingInvalid(path=path, line=line, problem=f"{name} is not finite: {field.strip()!r}")
    frame, _, left, top, width, height, confidence = values
    if frame != int(frame) or not 1 <= frame <= _FRAMES_MAX:
        raise RecordingInvalid(path=path, line=line, problem=f"frame must be a whole number from 1: {fields[0].strip()!r}")
    if width <= 0.0 or height <= 0.0:
        raise RecordingInvalid(path=path, line=line, problem=f"width and height must be positive: {width:g} × {height:g}")
    return int(frame), (left, top, left + width, top + height, min(1.0, max(0.0, confidence)))

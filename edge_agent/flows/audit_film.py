"""Runs the live path on a film, draws the sample to be judged, and cuts the strips that a person looks at. Strips live in memory only."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.adapters.camera import Film
from edge_agent.adapters.person_detector import PersonDetector
from edge_agent.adapters.picture_cover import as_jpeg, cover
from edge_agent.adapters.searched_camera import FAINT_SCORE_MIN
from edge_agent.config import CameraConfig, LineConfig
from edge_agent.errors import ConfigurationInvalid
from edge_agent.flows.audit_motion import moving_spans
from edge_agent.flows.camera_rules import footfall_watcher
from edge_agent.flows.open_camera import load_detector
from edge_agent.flows.replay_camera import open_replay, watch_replay
from edge_agent.readings import Frame, Pixels
from edge_agent.rules.audit_sample import AuditItem, AuditRule, DoorSample, draw_sample
from edge_agent.rules.doorway import Crossing
from edge_agent.rules.head_cover import Cover, CoverRule, rectangles, together
from edge_agent.rules.tracking import TrackedPeople

FRAMES_A_STRIP = 8
CROP_WIDTH_PX = 360
_NEIGHBOURS, _NEIGHBOURS_MS = 2, 200
_FOLLOWED = (102, 209, 255)


class StripFrame(NamedTuple):
    """One picture of a strip: people covered, cut to what matters. `is_crossing`: the first one across the line."""

    at_ms: int
    jpeg: bytes
    is_crossing: bool


class AuditFilm:
    """A film as the live path saw it.

    Args:
        config: the camera with its lines.
        detections: boxes in MOT format instead of the detector's, as for a replay.
        seed: of the sample; the same film, configuration and seed ask for the same looks.

    Raises:
        ConfigurationInvalid: the camera has no door line.
        RecordingInvalid: the film cannot be read to its end.
    """

    def __init__(
        self, video: Path, config: CameraConfig, rule: AuditRule, *, detections: Path | None = None, seed: int = 1, progress: bool = True
    ) -> None:
        if not config.lines:
            raise ConfigurationInvalid(path=str(video), field="lines", problem="the camera has no door line: draw one with edge-agent aim")
        self._video, self._config = video, config
        self.people: dict[int, TrackedPeople] = {}
        self.crossings: list[Crossing] = []
        watcher = footfall_watcher(config, interval_s=1e9)
        opened = open_replay(video, detections, config)
        frame_ms = [0]
        try:
            for events in watch_replay(opened, watcher, progress=progress):
                self._take(events.people, events.crossings, frame_ms)
        finally:
            opened.finder.close()
        events = watcher.finish()
        self._take(events.people, events.crossings, frame_ms)
        self.film_ms = frame_ms[0]
        moving = moving_spans(video, config, reach_px=0.5 * self.person_px)
        self.samples = draw_sample(moving, self.crossings, self.film_ms, rule, random.Random(seed))
        self.fingerprint = _fingerprint(self.samples)

    def _take(self, people: Sequence[TrackedPeople], crossings: Sequence[Crossing], frame_ms: list[int]) -> None:
        for seen in people:
            self.people[seen.number] = seen
            frame_ms[0] = max(frame_ms[0], seen.taken_at_ms)
        self.crossings += crossings

    @property
    def person_px(self) -> float:
        """How tall people are in the picture, the median; 0 where nobody was seen."""
        heights = [float(height) for seen in self.people.values() for height in seen.boxes[:, 3] - seen.boxes[:, 1]]
        return float(np.median(heights)) if heights else 0.0

    @property
    def items(self) -> list[AuditItem]:
        """What is to be judged, by number."""
        return [item for sample in self.samples for item in sample.items]

    def strips(self, cover_mode: Cover, *, progress: bool = True) -> dict[int, list[StripFrame]]:
        """Cut a strip for each item, in one more pass over the film. Nothing is written.

        Raises:
            RecordingInvalid, DetectorUnusable: as they say.
        """
        wanted: dict[int, list[AuditItem]] = {}
        for item in self.items:
            for number in self._frames_of(item):
                wanted.setdefault(number, []).append(item)
        cutter = _Cutter(self, load_detector(self._config, score_min=FAINT_SCORE_MIN), cover_mode)
        strips: dict[int, list[StripFrame]] = {item.number: [] for item in self.items}
        for done, frame in enumerate(_frames(self._video, self._config, set(wanted)), start=1):
            if progress:
                print(f"\rcutting strips {done} of {len(wanted)} ", end="", file=sys.stderr, flush=True)
            covered = cutter.covered(frame)
            for item in wanted[frame.number]:
                strips[item.number].append(cutter.cut(covered, frame, item))
        if progress:
            print(file=sys.stderr)
        return strips

    def _frames_of(self, item: AuditItem) -> list[int]:
        """Numbers of the frames of an item's strip: evenly spaced, and the very one of the crossing."""
        inside = [number for number, seen in self.people.items() if item.from_ms <= seen.taken_at_ms < max(item.until_ms, item.from_ms + 1)]
        if not inside:
            return []
        picked = {inside[round(share)] for share in np.linspace(0, len(inside) - 1, min(FRAMES_A_STRIP, len(inside)))}
        if item.kind == "event":
            now = min(inside, key=lambda number: abs(self.people[number].taken_at_ms - item.at_ms))
            picked -= {min(picked, key=lambda number: abs(number - now))}
            picked.add(now)
        return sorted(picked)


class _Cutter:
    """Covers a frame's people and cuts what an item is about. The person counted is framed, so that it is clear whom the count meant."""

    def __init__(self, film: AuditFilm, detector: PersonDetector, cover_mode: Cover) -> None:
        self._film = film
        self._detector = detector
        self._cover: Cover = cover_mode
        self._lines = {line.door_id: line for line in film._config.lines}
        self._height_px = film.person_px

    def covered(self, frame: Frame) -> Pixels:
        """Everybody whom the detector has a faint idea of, or whom the live path followed through this moment, is covered."""
        size = (frame.pixels.shape[1], frame.pixels.shape[0])
        boxes, scores = self._detector.find(frame.pixels)
        found = [rectangles(boxes, scores, size, self._cover, CoverRule())]
        for number in range(frame.number - _NEIGHBOURS, frame.number + _NEIGHBOURS + 1):
            seen = self._film.people.get(number)
            if seen is not None and abs(seen.taken_at_ms - frame.taken_at_ms) <= _NEIGHBOURS_MS:
                found.append(
                    rectangles(
                        np.asarray(seen.boxes, dtype=np.float32), np.ones(len(seen.boxes), dtype=np.float32), size, self._cover, CoverRule()
                    )
                )
        return cover(frame.pixels, together(found))

    def cut(self, covered: Pixels, frame: Frame, item: AuditItem) -> StripFrame:
        """The part of a covered frame that an item is about, with its line."""
        line = self._lines[item.door_id]
        drawn = covered.copy()
        start, end = (round(line.x1), round(line.y1)), (round(line.x2), round(line.y2))
        cv2.line(drawn, start, end, (0, 0, 0), 4, cv2.LINE_AA)
        cv2.line(drawn, start, end, (255, 255, 255), 2, cv2.LINE_AA)
        cv2.arrowedLine(drawn, *_inward(line), (255, 255, 255), 2, cv2.LINE_AA, tipLength=0.4)
        seen = self._film.people.get(frame.number)
        if item.person is not None and seen is not None:
            for box in seen.boxes[seen.ids == item.person]:
                left, top, right, bottom = (round(float(side)) for side in box)
                cv2.rectangle(drawn, (left, top), (right, bottom), _FOLLOWED, 2, cv2.LINE_AA)
        left, top, right, bottom = self._window(item, (covered.shape[1], covered.shape[0]))
        is_crossing = item.kind == "event" and frame.taken_at_ms == item.at_ms
        return StripFrame(frame.taken_at_ms, as_jpeg(drawn[top:bottom, left:right], width_max_px=CROP_WIDTH_PX), is_crossing)

    def _window(self, item: AuditItem, size_px: tuple[int, int]) -> tuple[int, int, int, int]:
        """The same for a whole strip: around the person's way, or around the line where it is about nobody."""
        width, height = size_px
        margin = self._height_px or 0.35 * height
        ways = [] if item.person is None else self._way(item)
        line = self._lines[item.door_id]
        spots = np.concatenate(ways) if ways else np.array([_extent(line)])
        left, top = spots[:, 0].min() - 0.5 * margin, spots[:, 1].min() - (0.25 if ways else 1.0) * margin
        right, bottom = spots[:, 2].max() + 0.5 * margin, spots[:, 3].max() + 0.35 * margin
        left, top = max(0, int(left)), max(0, int(top))
        return left, top, min(width, max(int(right), left + 48)), min(height, max(int(bottom), top + 48))

    def _way(self, item: AuditItem) -> list[npt.NDArray[np.floating]]:
        inside = (seen for seen in self._film.people.values() if item.from_ms <= seen.taken_at_ms < item.until_ms)
        return [boxes for seen in inside if len(boxes := np.asarray(seen.boxes[seen.ids == item.person], dtype=float))]


def _inward(line: LineConfig) -> tuple[tuple[int, int], tuple[int, int]]:
    """From the middle of a line to where `in` leads: its right-hand side, seen from its first point."""
    x, y = (line.x1 + line.x2) / 2.0, (line.y1 + line.y2) / 2.0
    along_x, along_y = line.x2 - line.x1, line.y2 - line.y1
    reach = 22.0 / max(float(np.hypot(along_x, along_y)), 1e-9)
    return (round(x), round(y)), (round(x - along_y * reach), round(y + along_x * reach))


def _extent(line: LineConfig) -> tuple[float, float, float, float]:
    return min(line.x1, line.x2), min(line.y1, line.y2), max(line.x1, line.x2), max(line.y1, line.y2)


def _frames(video: Path, config: CameraConfig, wanted: set[int]) -> Iterator[Frame]:
    film = Film(str(video), frames_per_s=config.frames_per_s)
    left = set(wanted)
    try:
        while left and (frame := film.next(10_000)) is not None:
            if frame.number in left:
                left.discard(frame.number)
                yield frame
    finally:
        film.close()


def _fingerprint(samples: Sequence[DoorSample]) -> str:
    """Names this very sample: verdicts of another film, configuration or seed do not fit it."""
    items = [item for sample in samples for item in sample.items]
    said = "|".join(f"{item.number},{item.door_id},{item.kind},{item.from_ms},{item.until_ms},{item.direction}" for item in items)
    return hashlib.sha256(said.encode()).hexdigest()[:16]

"""What the whole camera path costs beside the network alone: `python -m benchmarks.camera_path`.

One thread. Each frame of a film is decoded, looked at, scaled, searched, followed and laid on the floor as live, and right after it
`session.run` is timed alone on the same input, so that both see the same machine in the same moment.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from edge_agent.adapters.camera import Film
from edge_agent.adapters.motion_gate import MotionGate
from edge_agent.adapters.person_detector import PersonDetector
from edge_agent.adapters.picture_watch import PictureWatch
from edge_agent.readings import Detections
from edge_agent.rules.doorway import DoorLine
from edge_agent.rules.floor_plane import FloorPoint, plane_from_points
from edge_agent.rules.footfall import FootfallRule, FootfallWatcher

FRAMES = 120
WARM_UP = 10
PETS_FILM = Path(__file__).resolve().parents[2] / "shared" / "data" / "footfall" / "pets09_s2l1" / "video.avi"


class Spent(NamedTuple):
    """Milliseconds of one frame."""

    decode: float
    detect: float
    follow: float
    network_alone: float


def measure(film: Path = PETS_FILM, *, model: str = "person_detector_int8", frames: int = FRAMES) -> dict[str, float | str]:
    """Median milliseconds a frame of each step, and the whole path over the network alone as a ratio."""
    cv2.setNumThreads(1)
    detector = PersonDetector.load(model, threads=1)
    source = Film(str(film))
    watcher = watcher_of(source.width_px, source.height_px)
    looks = (PictureWatch(source.width_px, source.height_px), MotionGate(search_every_ms=0))
    spent = [s for s in (_one_frame(source, looks, detector, watcher) for _ in range(frames + WARM_UP)) if s is not None][WARM_UP:]
    source.close()
    alone = statistics.median(s.network_alone for s in spent)
    # Of the ratios frame by frame the median is taken: a neighbour's burst of work falls on both halves of a frame.
    ratio = statistics.median((s.decode + s.detect + s.follow) / s.network_alone for s in spent)
    return {
        "model": model,
        "frames": len(spent),
        "decode_ms": round(statistics.median(s.decode for s in spent), 3),
        "detect_ms": round(statistics.median(s.detect for s in spent), 3),
        "follow_ms": round(statistics.median(s.follow for s in spent), 3),
        "network_alone_ms": round(alone, 3),
        "whole_path_ms": round(statistics.median(s.decode + s.detect + s.follow for s in spent), 3),
        "whole_path_over_network": round(ratio, 4),
        "frames_a_second": round(1e3 / statistics.median(s.decode + s.detect + s.follow for s in spent), 1),
        "background_subtraction_ms": round(_background_subtraction_ms(film, frames), 3),
    }


def _one_frame(source: Film, looks: tuple[PictureWatch, MotionGate], detector: PersonDetector, watcher: FootfallWatcher) -> Spent | None:
    times = [time.perf_counter()]
    frame = source.next(0)
    if frame is None:
        return None
    times.append(time.perf_counter())
    looks[0].look(frame.pixels, frame.taken_at_ms)
    looks[1].has_changed(frame.pixels, frame.taken_at_ms)
    boxes, scores = detector.find(frame.pixels)
    times.append(time.perf_counter())
    watcher.take(Detections(frame.number, frame.taken_at_ms, boxes, scores))
    times.append(time.perf_counter())
    detector.run_network_only()
    times.append(time.perf_counter())
    return Spent(*np.diff(np.array(times) * 1e3).tolist())


def watcher_of(width: int, height: int) -> FootfallWatcher:
    """A door line down the middle of the picture, and a floor."""
    corners = ((0.0, 0.3, 0.0, 0.0), (1.0, 0.3, 12.0, 0.0), (1.2, 1.0, 9.0, 8.0), (-0.2, 1.0, 3.0, 8.0))
    floor = plane_from_points([FloorPoint(u * width, v * height, x, y) for u, v, x, y in corners])
    return FootfallWatcher([DoorLine("door", width / 2, 0.0, width / 2, float(height))], floor, FootfallRule())


def _background_subtraction_ms(film: Path, frames: int) -> float:
    """OpenCV's MOG2 and its blobs: what a counter without a network does."""
    source, model, spent = Film(str(film)), cv2.createBackgroundSubtractorMOG2(), []
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    for _ in range(frames):
        frame = source.next(0)
        if frame is None:
            break
        begun = time.perf_counter()
        mask = cv2.morphologyEx(model.apply(frame.pixels), cv2.MORPH_OPEN, kernel)
        cv2.connectedComponentsWithStats(mask)
        spent.append((time.perf_counter() - begun) * 1e3)
    source.close()
    return statistics.median(spent)


def main() -> None:
    """Measure both models and print one JSON object a line."""
    for model in ("person_detector_int8", "person_detector"):
        print(json.dumps(measure(model=model)))


if __name__ == "__main__":
    main()

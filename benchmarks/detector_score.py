"""Scores detectors on labelled film, beside background subtraction: `python -m benchmarks.detector_score [--json]`.

Every fourth of the 400 labelled frames of PETS 2009 S2.L1. A box is right when it overlaps a labelled person by half or more, each once.
Small people are those under 72 pixels, an eighth of the picture's height. Times are CPU time of one thread, decoding not included.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.tracking_scores import Boxes, Tracks, overlaps, read_mot
from edge_agent.adapters.camera import Film
from edge_agent.adapters.motion_gate import MotionGate
from edge_agent.adapters.person_detector import PersonDetector, Region
from edge_agent.readings import Pixels

PETS = Path(__file__).resolve().parents[2] / "shared" / "data" / "footfall" / "pets09_s2l1"
EVERY = 4
LAST = 400
SMALL_PX = 72.0
SCORE_MIN = 0.5
FAR_END = Region(96, 60, 768, 300)  # Where people of this square are small.

Finder = Callable[[Pixels], Boxes]


class DetectorScores(NamedTuple):
    """`precision` and `recall` of all boxes, `recall_small` of the small people, `ms` of CPU a frame."""

    precision: float
    recall: float
    recall_small: float
    ms: float


def network(name: str, *, second_looks: tuple[Region, ...] = ()) -> Finder:
    """A model of the manifest at the recommended score."""
    detector = PersonDetector.load(name, second_looks=second_looks)

    def find(pixels: Pixels) -> Boxes:
        boxes, scores = detector.find(pixels)
        return boxes[scores >= SCORE_MIN].astype(float)

    return find


def background_subtraction() -> Finder:
    """OpenCV's MOG2 and its blobs, cleaned, of a person's size and shape: what a counter without a network does."""
    model = cv2.createBackgroundSubtractorMOG2(history=500, varThreshold=16, detectShadows=True)
    small, tall = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 11))

    def find(pixels: Pixels) -> Boxes:
        mask = (model.apply(pixels) == 255).astype(np.uint8)  # Shadows are 127.
        mask = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, small), cv2.MORPH_CLOSE, tall)
        _, _, blobs, _ = cv2.connectedComponentsWithStats(mask)
        people = [b for b in blobs[1:].tolist() if b[4] >= 300 and b[3] >= 1.2 * b[2]]
        return np.array([(x, y, x + w, y + h) for x, y, w, h, _ in people], dtype=float).reshape(-1, 4)

    return find


def score(find: Finder, truth: Tracks, *, every: int = EVERY) -> DetectorScores:
    """Run over the labelled film. MOG2 must see every frame, so the others are only asked on every fourth."""
    film = Film(str(PETS / "video.avi"))
    right = found = labelled = small_right = small = 0
    spent = frames = 0.0
    while (frame := film.next(0)) is not None and frame.number <= LAST:
        if every == EVERY and frame.number % EVERY:
            continue
        begun = time.process_time()
        boxes = find(frame.pixels)
        spent, frames = spent + time.process_time() - begun, frames + 1
        if frame.number % EVERY or frame.number not in truth:
            continue
        real = truth[frame.number].boxes
        overlap = overlaps(real, boxes)
        rows, columns = linear_sum_assignment(-overlap)
        hit = rows[overlap[rows, columns] >= 0.5]
        is_small = real[:, 3] - real[:, 1] < SMALL_PX
        right, found, labelled = right + len(hit), found + len(boxes), labelled + len(real)
        small_right, small = small_right + int(is_small[hit].sum()), small + int(is_small.sum())
    film.close()
    return DetectorScores(right / max(found, 1), right / max(labelled, 1), small_right / max(small, 1), 1e3 * spent / max(frames, 1.0))


def empty_shop_share(*, frames: int = 100) -> float:
    """CPU time of searching an empty square (its middle picture and a sensor's noise) with the gate, over searching every picture."""
    film, pictures = Film(str(PETS / "video.avi")), []
    while (frame := film.next(0)) is not None:
        if frame.number % 20 == 0:
            pictures.append(frame.pixels)
    film.close()
    square, noise = np.median(np.stack(pictures), axis=0), np.random.default_rng(1)
    shots = [np.clip(square + noise.normal(0.0, 3.0, square.shape), 0, 255).astype(np.uint8) for _ in range(frames)]
    detector, gate = PersonDetector.load(), MotionGate()
    detector.find(shots[0])
    begun = time.process_time()
    for shot in shots:
        detector.find(shot)
    always = time.process_time() - begun
    begun = time.process_time()
    for number, shot in enumerate(shots):
        if gate.has_changed(shot, number * 100):
            detector.find(shot)
    return (time.process_time() - begun) / always


def measure() -> dict[str, float]:
    """All figures under flat names."""
    cv2.setNumThreads(1)
    truth = read_mot(PETS / "gt_frames_1_400.txt")
    finders: dict[str, tuple[Finder, int]] = {
        "fp32": (network("person_detector"), EVERY),
        "int8": (network("person_detector_int8"), EVERY),
        "int8, a second look": (network("person_detector_int8", second_looks=(FAR_END,)), EVERY),
        "MOG2 blobs": (background_subtraction(), 1),
    }
    figures: dict[str, float] = {}
    for name, (finder, every) in finders.items():
        for figure, value in score(finder, truth, every=every)._asdict().items():
            figures[f"{name}: {figure}"] = round(value, 3)
        figures[f"{name}: frames a second"] = round(1e3 / figures[f"{name}: ms"], 1)
    figures["empty shop, CPU with the gate over without"] = round(empty_shop_share(), 3)
    return figures


if __name__ == "__main__":
    result = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps(result))
    else:
        for title, number in result.items():
            print(f"{title}: {number}")

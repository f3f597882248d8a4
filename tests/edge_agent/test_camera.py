"""Cameras that are not there, stall, go dark or change: told in one line each. And no picture leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.adapters.camera import CameraPersonFinder, Film, open_camera
from edge_agent.adapters.person_detector import PersonDetector
from edge_agent.errors import RecordingInvalid, SensorUnavailable
from edge_agent.readings import Frame


class Pictures:
    """A frame source of given pictures."""

    source = "pictures"

    def __init__(self, pictures: list[np.ndarray]) -> None:
        self.height_px, self.width_px = pictures[0].shape[:2]
        self._pictures = pictures
        self._number = 0

    def next(self, timeout_ms: int) -> Frame | None:
        if self._number == len(self._pictures):
            return None
        self._number += 1
        return Frame(self._number, self._number * 100, self._pictures[self._number - 1])

    def close(self) -> None:
        self._pictures = []


def film(path: Path, frames: int = 12) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 20.0, (96, 64))
    for number in range(frames):
        writer.write(np.full((64, 96, 3), 20 * number % 255, dtype=np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize("source", ["63", "/dev/video63", "rtsp://user:secret@127.0.0.1:9/stream"])
def test_a_camera_that_is_not_there_is_told_with_advice_and_without_the_password(source: str) -> None:
    with pytest.raises(SensorUnavailable, match="check") as caught:
        open_camera(source, monotonic_ms=lambda: 0)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


def test_a_film_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingInvalid, match="no such film"):
        open_camera(str(tmp_path / "none.avi"), monotonic_ms=lambda: 0)


def test_a_film_gives_its_frames_their_own_times_and_then_ends(tmp_path: Path) -> None:
    source = Film(str(film(tmp_path / "film.avi")))
    times = []
    while (frame := source.next(0)) is not None:
        times.append((frame.number, frame.taken_at_ms))
    assert times == [(n, (n - 1) * 50) for n in range(1, 13)]
    assert source.next(0) is None


def test_a_film_as_a_live_camera_waits_for_its_frames(tmp_path: Path) -> None:
    asked: list[int] = []

    def clock() -> int:
        asked.append(5_000 + 1_000 * len(asked))  # Time flies, so nothing really waits.
        return asked[-1]

    source = open_camera(str(film(tmp_path / "film.avi", 3)), monotonic_ms=clock)
    assert [frame.taken_at_ms for frame in iter(lambda: source.next(0), None)] == [5_000, 5_050, 5_100]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (np.zeros_like, "camera_dark"),
        (lambda picture: picture[:200], "camera_size_changed"),
        (lambda picture: picture, None),
    ],
)
def test_pictures_of_no_use_are_noticed(spoil: Callable[[np.ndarray], np.ndarray], code: str | None) -> None:
    picture = np.full((240, 320, 3), 90, dtype=np.uint8)
    finder = CameraPersonFinder("area", Pictures([picture, spoil(picture)]), PersonDetector.load(long_side=128))
    finder.next(0)
    assert finder.picture_fault is None
    found = finder.next(0)
    assert found is not None
    assert len(found.boxes) == 0
    assert (finder.picture_fault.code if finder.picture_fault else None) == code

"""Cameras that go dark, are turned, change size or come back; areas left out or looked at twice; pictures that need no search."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.adapters.camera import CameraPersonFinder, Film
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.motion_gate import MotionGate
from edge_agent.adapters.person_detector import PersonDetector, Region
from edge_agent.adapters.picture_watch import PictureWatch
from edge_agent.config import CameraConfig, MaskConfig
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.open_camera import person_finder
from edge_agent.flows.replay_camera import replay_camera
from edge_agent.flows.watch import WatchFlow
from edge_agent.readings import PersonFinder

SIZE = (320, 240)
SLOW = 4.0  # Frames a second: a long story in few frames.


def scene(seed: int = 1) -> np.ndarray:
    """Shelves and tiles: random boards, wider than the picture so that it can be turned."""
    boards = np.random.default_rng(seed).integers(30, 220, (12, 24, 1), dtype=np.uint8)
    grey = np.repeat(np.repeat(boards, 20, axis=0), 20, axis=1)
    return np.repeat(grey, 3, axis=2)


def seen(turn_px: int = 0, brightness: float = 1.0) -> np.ndarray:
    return np.clip(scene()[:, turn_px : turn_px + SIZE[0]] * brightness, 0, 255).astype(np.uint8)


def film(path: Path, pictures: list[np.ndarray]) -> Path:
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), SLOW, (width, height))
    noise = np.random.default_rng(0)
    for picture in pictures:
        writer.write(np.clip(picture + noise.normal(0.0, 3.0, picture.shape), 0, 255).astype(np.uint8))
    writer.release()
    return path


def test_a_camera_that_is_turned_and_turned_back_is_told_with_its_frames(tmp_path: Path) -> None:
    story = [seen()] * 40 + [seen(turn_px=60)] * 40 + [seen()] * 40
    told = replay_camera(film(tmp_path / "film.avi", story), config=CameraConfig(area_id="a", source="-"), progress=False).useless_pictures
    assert [spell.code for spell in told] == ["camera_turned"]
    assert 41 <= told[0].first_frame <= 70  # Within a few seconds, once those who walk through cannot be the reason.
    assert 81 <= told[0].last_frame <= 110


def test_a_camera_in_the_dark_is_told_and_again_well_in_the_light(tmp_path: Path) -> None:
    story = [seen()] * 20 + [np.zeros_like(seen())] * 12 + [seen(brightness=0.5)] * 30
    told = replay_camera(film(tmp_path / "film.avi", story), progress=False).useless_pictures
    assert [(spell.code, spell.first_frame, spell.last_frame) for spell in told] == [("camera_dark", 21, 32)]


def test_dusk_and_a_crowd_are_not_a_turned_camera() -> None:
    watch, chance = PictureWatch(*SIZE), np.random.default_rng(3)
    for number in range(300):
        picture = seen(brightness=1.0 - 0.6 * number / 300).copy()
        for _ in range(6):  # Six people who cover a fifth of the picture, elsewhere each time.
            x, y = int(chance.integers(0, 290)), int(chance.integers(0, 150))
            picture[y : y + 90, x : x + 30] = chance.integers(0, 255)
        assert watch.look(picture, number * 500) is None


def test_a_bare_wall_is_never_called_turned() -> None:
    watch = PictureWatch(*SIZE)
    for number in range(60):
        assert watch.look(np.full((240, 320, 3), 120 + number % 3, dtype=np.uint8), number * 500) is None


def test_the_clips_of_real_cameras_raise_no_alarm(shared_data: Path) -> None:
    camera = Film(str(shared_data / "footfall" / "pets09_s2l1" / "video.avi"))
    watch = PictureWatch(camera.width_px, camera.height_px)
    while (frame := camera.next(0)) is not None and frame.number <= 400:
        assert watch.look(frame.pixels, frame.taken_at_ms) is None
        turned = np.roll(frame.pixels, 60, axis=1)
    told = [watch.look(turned, 40_000 + 500 * n) for n in range(12)]
    assert told[-1] is not None
    assert told[-1].code == "camera_turned"


def test_a_camera_that_comes_back_with_another_size_is_told_and_well_again_when_it_is_set_back(tmp_path: Path) -> None:
    """Three openings of one camera: as it was aimed, smaller, and as before; the flow is the live one."""
    wide, small = seen(), cv2.resize(seen(), (160, 120))
    films = [film(tmp_path / f"{n}.avi", [picture] * 3) for n, picture in enumerate((wide, small, wide))]
    for path in films[:2]:
        path.write_bytes(path.read_bytes()[:-4_000])  # It breaks off, as a camera does that is unplugged.
    config = CameraConfig(area_id="front", source="-")
    detector, watch = PersonDetector.load(long_side=128), PictureWatch(*SIZE)
    faults = FaultBoard(lambda: 0)
    ever: list[tuple[str, ...]] = []
    faults.on_change(lambda: ever.append(tuple(f.code for f in faults.current())))

    def look(path: Path) -> PersonFinder:
        return person_finder(config, Film(str(path)), detector, watch)

    for path in films:
        flow = WatchFlow(lambda p=path: look(p), config, lambda _: None, AgentClock("b0070000"), faults, device_id="pi")
        flow.run(threading.Event())
        faults.clear("camera front", "recording_broken")
    assert ("camera_size_changed",) in ever
    assert faults.current() == []


def test_a_picture_that_has_not_changed_is_not_searched_again_but_its_people_stay(shared_data: Path) -> None:
    frame = Film(str(shared_data / "footfall" / "pets09_s2l1" / "video.avi")).next(0)
    assert frame is not None
    noise = np.random.default_rng(5)

    class Still:
        source, width_px, height_px, number = "still", 768, 576, 0

        def next(self, timeout_ms: int) -> object:
            self.number += 1
            pixels = np.clip(frame.pixels + noise.normal(0.0, 2.0, frame.pixels.shape), 0, 255).astype(np.uint8)
            return frame._replace(number=self.number, taken_at_ms=100 * self.number, pixels=pixels)

        def close(self) -> None:
            pass

    gate = MotionGate()
    finder = CameraPersonFinder("a", Still(), PersonDetector.load(), gate=gate)  # type: ignore[arg-type]  # next() is looser
    found = [finder.next(0) for _ in range(30)]
    assert gate.searched <= 3  # At the beginning and every two seconds.
    assert all(f is not None and (f.scores >= 0.5).sum() >= 3 for f in found)


def test_a_small_step_of_a_small_person_is_a_change() -> None:
    """A person of 10 by 25 pixels in a picture of 768: they begin to walk, two pixels a frame."""
    gate, changed = MotionGate(search_every_ms=1_000_000), []
    noise = np.random.default_rng(2)
    for number in range(60):
        picture = np.full((576, 768, 3), 120, dtype=np.uint8)
        x = 300 + 2 * max(0, number - 30)
        picture[200:225, x : x + 10] = 60
        changed.append(gate.has_changed(np.clip(picture + noise.normal(0, 3, picture.shape), 0, 255).astype(np.uint8), number * 100))
    assert not any(changed[1:30])
    assert sum(changed[30:]) >= 10


def test_nobody_whose_feet_are_in_a_mask_is_told(shared_data: Path) -> None:
    path = str(shared_data / "footfall" / "pets09_s2l1" / "video.avi")
    detector = PersonDetector.load()
    left_half = MaskConfig(name="street", points=[(0, 0), (384, 0), (384, 576), (0, 576)])
    everybody = person_finder(CameraConfig(area_id="a", source=path), Film(path), detector).next(0)
    some = person_finder(CameraConfig(area_id="a", source=path, masks=[left_half]), Film(path), detector).next(0)
    assert everybody is not None
    assert some is not None
    feet = (everybody.boxes[:, 0] + everybody.boxes[:, 2]) / 2
    assert 0 < len(some.boxes) < len(everybody.boxes)
    assert len(some.boxes) == int((feet > 384).sum())


def test_a_second_look_finds_small_people_far_away_and_nobody_twice(shared_data: Path) -> None:
    """The film as a far corner of a picture three times as large: at its own size the network loses people, a second look finds them."""
    frame = Film(str(shared_data / "footfall" / "pets09_s2l1" / "video.avi")).next(0)
    assert frame is not None
    hall = np.full((1728, 2304, 3), 110, dtype=np.uint8)
    hall[100:676, 700:1468] = frame.pixels
    once = PersonDetector.load().find(hall)
    twice = PersonDetector.load(second_looks=[Region(640, 60, 1536, 732)]).find(hall)
    alone = PersonDetector.load().find(frame.pixels)
    assert (once[1] >= 0.5).sum() < (alone[1] >= 0.5).sum() <= (twice[1] >= 0.5).sum() <= (alone[1] >= 0.5).sum() + 1


@pytest.mark.parametrize("look", [{"x1": 10, "y1": 10, "x2": 10, "y2": 90}])
def test_a_second_look_that_is_no_rectangle_is_told(tmp_path: Path, look: dict[str, float]) -> None:
    from edge_agent.config import load_part
    from edge_agent.errors import ConfigurationInvalid

    keys = "\n".join(f"{k} = {v}" for k, v in look.items())
    (tmp_path / "camera.toml").write_text(f'area_id = "a"\nsource = "0"\n[[second_looks]]\n{keys}\n')
    with pytest.raises(ConfigurationInvalid, match="upper left corner"):
        load_part(tmp_path / "camera.toml", CameraConfig)

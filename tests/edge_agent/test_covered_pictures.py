"""What leaves the process as a picture shows nobody: heads and doubtful boxes are a few blocks, and no picture is written anywhere."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.adapters.camera import Film
from edge_agent.adapters.person_detector import PersonDetector
from edge_agent.adapters.picture_cover import cover
from edge_agent.adapters.searched_camera import FAINT_SCORE_MIN, SearchedCamera
from edge_agent.adapters.simulated_pictures import SimulatedPictures
from edge_agent.flows.covered_pictures import NEIGHBOURS, Coverer, LivePicture
from edge_agent.readings import Frame, Pixels, SeenPicture
from edge_agent.rules.head_cover import Cover, CoverRule, rectangles
from wire_format import codec
from wire_format.plans import Planogram

SIZE = (640, 480)
RULE = CoverRule()


def noise(seed: int = 1) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (480, 640, 3), dtype=np.uint8)


def seen(pixels: Pixels, boxes: list[list[float]], scores: list[float], number: int = 1) -> SeenPicture:
    return SeenPicture(
        Frame(number, 100 * number, pixels), np.array(boxes, dtype=np.float32).reshape(-1, 4), np.array(scores, dtype=np.float32)
    )


def details(part: Pixels) -> float:
    """How much a picture's part changes from pixel to pixel: what a face is made of."""
    return float(np.abs(np.diff(part.astype(float), axis=1)).mean())


def shown(jpeg: bytes) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, dtype=np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


def test_the_head_of_a_person_is_a_few_blocks_and_the_feet_are_still_seen() -> None:
    pixels = noise()
    hidden = rectangles(np.array([[200, 100, 280, 340]], dtype=np.float32), np.array([0.9]), SIZE, "heads", RULE)
    after = cover(pixels, hidden)
    head, feet = (slice(100, 170), slice(200, 280)), (slice(200, 340), slice(200, 280))
    assert details(pixels[head]) > 50.0
    assert details(after[head]) < 2.0
    assert len(np.unique(after[head].reshape(-1, 3), axis=0)) <= 9
    assert (after[head] != pixels[head]).mean() > 0.95
    assert (after[feet] == pixels[feet]).all()
    assert (pixels == noise()).all()  # The camera's own picture is not drawn upon: the detector may still need it.


@pytest.mark.parametrize(
    ("box", "score"),
    [
        ([200, 100, 280, 340], 0.1),  # hardly sure
        ([200, 100, 380, 300], 0.9),  # as wide as tall: bent or sitting
        ([200, 0, 280, 240], 0.9),  # cut off above
        ([200, 300, 280, 480], 0.9),  # cut off below: a face near the lens
        ([560, 100, 640, 340], 0.9),  # half in the picture
    ],
)
def test_where_the_detector_is_unsure_all_of_the_box_is_covered(box: list[float], score: float) -> None:
    pixels = noise()
    after = cover(pixels, rectangles(np.array([box], dtype=np.float32), np.array([score]), SIZE, "heads", RULE))
    left, top, right, bottom = map(int, box)
    assert details(after[top:bottom, left:right]) < 2.0


def test_someone_lost_for_a_moment_stays_covered() -> None:
    coverer, pixels = Coverer(score_min=0.5), noise()
    box = [[200.0, 100.0, 280.0, 340.0]]
    pictures = [seen(pixels, box if number != 5 else [], [0.9] if number != 5 else [], number) for number in range(1, 12)]
    given = [coverer.take(picture) for picture in pictures]
    assert given[:NEIGHBOURS] == [None] * NEIGHBOURS
    for picture in given[NEIGHBOURS:]:
        assert picture is not None
        assert details(shown(picture.jpeg)[110:160, 210:270]) < 8.0, picture.number  # JPEG adds a little.


def test_someone_who_just_comes_in_is_covered_before_the_detector_sees_them() -> None:
    coverer, box = Coverer(score_min=0.5), [[200.0, 100.0, 280.0, 340.0]]
    given = [coverer.take(seen(noise(), box if number > 4 else [], [0.9] if number > 4 else [], number)) for number in range(1, 9)]
    by_number = {picture.number: picture for picture in given if picture is not None}
    assert details(shown(by_number[2].jpeg)[110:160, 210:270]) > 20.0
    assert details(shown(by_number[3].jpeg)[110:160, 210:270]) < 8.0


@pytest.mark.parametrize(("mode", "uncovered"), [("people", 0.5), ("everything", 0.0)])
def test_more_can_be_covered_than_heads(mode: Cover, uncovered: float) -> None:
    coverer = Coverer(score_min=0.5, cover=mode)
    box = [[200.0, 100.0, 280.0, 340.0]]
    given = [coverer.take(seen(noise(), box, [0.9], number)) for number in range(1, 5)][-1]
    assert given is not None
    after = shown(given.jpeg)
    assert details(after[110:330, 210:270]) < 8.0
    assert (details(after[350:470, 400:600]) > 20.0) == (uncovered > 0)
    assert [round(float(side)) for side in given.people.boxes[0]] == [200, 100, 280, 340]


def open_files() -> set[str]:
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    return {path for path in found if path.startswith("/") and not path.startswith(("/dev", "/proc"))}


def test_while_pictures_are_shown_none_is_written(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = codec.plans.decode((repository / "demo" / "planogram.json").read_bytes())
    assert isinstance(plan, Planogram)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before, stop = open_files(), threading.Event()
    live = LivePicture(lambda: SimulatedPictures(plan, is_paced=False), Coverer(score_min=0.5))
    live.start(stop)
    numbers, opened = set(), set()
    while len(numbers) < 20:
        picture, problem = live.newest()
        assert problem == ""
        if picture is not None:
            numbers.add(picture.number)
        opened |= open_files()
    stop.set()
    live.join()
    assert opened <= before
    assert list(tmp_path.iterdir()) == []


def test_in_the_simulated_shop_no_head_can_be_recognised(repository: Path) -> None:
    plan = codec.plans.decode((repository / "demo" / "planogram.json").read_bytes())
    assert isinstance(plan, Planogram)
    source, coverer, looked = SimulatedPictures(plan, is_paced=False), Coverer(score_min=0.5), 0
    pictures: dict[int, SeenPicture] = {}
    for _ in range(40):
        picture = source.next(1000)
        pictures[picture.frame.number] = picture
        given = coverer.take(picture)
        if given is None:
            continue
        before, after = pictures[given.number].frame.pixels, shown(given.jpeg)
        for left, top, right, bottom in given.people.boxes.astype(int):
            head = (slice(max(0, top), top + (bottom - top) // 6), slice(max(0, left), right))
            if before[head].size and details(before[head]) > 8.0:
                looked += 1
                assert details(after[head]) < 0.6 * details(before[head])
    assert looked > 50


def test_on_a_real_film_every_labelled_head_is_covered(shared_data: Path) -> None:
    """Each head by the labels of PETS, upper seventh of the box: at least 99 of 100 have lost their pixels."""
    folder = shared_data / "footfall" / "pets09_s2l1"
    if not (folder / "video.avi").is_file():
        pytest.skip("the film is not here")
    labels: dict[int, list[list[float]]] = {}
    for line in (folder / "gt_frames_1_400.txt").read_text().splitlines():
        frame, _, left, top, width, height, *_ = (float(part) for part in line.split(","))
        labels.setdefault(int(frame), []).append([left, top, width, height])
    source = SearchedCamera(Film(str(folder / "video.avi")), PersonDetector.load(score_min=FAINT_SCORE_MIN))
    coverer, raw, covered, heads = Coverer(score_min=0.5), {}, 0, 0
    for number in range(1, 25):
        picture = source.next(1000)
        assert picture is not None
        raw[number] = picture.frame.pixels
        given = coverer.take(picture)
        if given is None or given.number % 3:
            continue
        after = shown(given.jpeg)
        for left, top, width, height in labels[given.number]:
            middle, down, half = left + width / 2, top + height / 14, height / 14
            spot = (
                slice(max(0, int(down - half)), max(1, int(down + half))),
                slice(max(0, int(middle - half)), max(1, int(middle + half))),
            )
            heads += 1
            covered += details(after[spot]) < 0.5 * details(raw[given.number][spot]) or not after[spot].size
    source.close()
    print(f"{covered} of {heads} labelled heads covered")
    assert heads > 20
    assert covered >= 0.99 * heads

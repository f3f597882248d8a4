"""Following people: through gaps, past each other, and without end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edge_agent.readings import Detections
from edge_agent.rules.doorway import DoorLine, DoorWatcher, DoorwayRule
from edge_agent.rules.tracking import TrackedPeople, Tracker, TrackingRule

RULE = TrackingRule()
Path = Callable[[float], tuple[float, float] | None]
Person = tuple[Path, float]


def detections(number: int, people: list[Person], *, frames_per_s: float = 10.0, noise: np.random.Generator | None = None) -> Detections:
    """What a detector sees of people who walk along `Path` (seconds → x, foot), with a score each; None: hidden."""
    at_s = (number - 1) / frames_per_s
    boxes, scores = [], []
    for path, score in people:
        spot = path(at_s)
        if spot is not None:
            shake = noise.normal(0.0, 2.0, 4) if noise is not None else np.zeros(4)
            boxes.append(np.array([spot[0] - 15.0, spot[1] - 90.0, spot[0] + 15.0, spot[1]]) + shake)
            scores.append(score)
    return Detections(number, round(at_s * 1000), np.array(boxes, dtype=np.float32).reshape(-1, 4), np.array(scores, dtype=np.float32))


def follow(people: list[Person], *, seconds: float = 6.0, frames_per_s: float = 10.0, shaking: bool = False) -> list[TrackedPeople]:
    tracker = Tracker(RULE)
    noise = np.random.default_rng(1) if shaking else None
    told = []
    for number in range(1, round(seconds * frames_per_s) + 1):
        told += tracker.take(detections(number, people, frames_per_s=frames_per_s, noise=noise))
    return told + tracker.finish()


def everybody(told: list[TrackedPeople]) -> set[int]:
    return {int(i) for people in told for i in people.ids}


def walker(x: float, foot: float, speed_x: float) -> Path:
    return lambda s: (x + speed_x * s, foot)


def hidden_between(path: Path, from_s: float, until_s: float) -> Path:
    return lambda s: None if from_s <= s < until_s else path(s)


@pytest.mark.parametrize("frames_per_s", [5.0, 10.0, 25.0])
def test_one_person_walking_is_one_person_in_every_frame(frames_per_s: float) -> None:
    told = follow([(walker(100, 300, 50), 0.9)], frames_per_s=frames_per_s, shaking=True)
    assert [people.number for people in told] == list(range(1, round(6 * frames_per_s) + 1))
    assert everybody(told) == {1}
    assert all(len(people.ids) == 1 for people in told)


def test_two_people_passing_each_other_keep_their_names() -> None:
    told = follow([(walker(100, 300, 60), 0.9), (walker(460, 306, -60), 0.9)], shaking=True)
    assert everybody(told) == {1, 2}
    first = {int(i): box for i, box in zip(told[0].ids, told[0].boxes, strict=True)}
    last = {int(i): box for i, box in zip(told[-1].ids, told[-1].boxes, strict=True)}
    assert (first[1][0] < first[2][0]) != (last[1][0] < last[2][0])


def test_a_person_behind_a_pillar_is_the_same_person_and_the_gap_is_bridged() -> None:
    told = follow([(hidden_between(walker(100, 300, 60), 2.0, 3.2), 0.9)], shaking=True)
    assert everybody(told) == {1}
    hidden = [people for people in told if 2.0 <= people.taken_at_ms / 1000 < 3.2]
    assert all(len(people.ids) == 1 and people.confidence[0] == 0.0 for people in hidden)
    centre = [(float(people.boxes[0][0] + people.boxes[0][2]) / 2, people.taken_at_ms / 1000) for people in hidden]
    assert max(abs(x - (100 + 60 * s)) for x, s in centre) < 12.0


def test_somebody_who_speeds_up_behind_a_pillar_is_known_again_by_where_they_came_from() -> None:
    def path(s: float) -> tuple[float, float] | None:
        if 2.0 <= s < 3.0:
            return None
        return (200.0, 300.0) if s < 2.0 else (200.0 + 80.0 * (s - 2.0), 300.0)

    assert everybody(follow([(path, 0.9)])) == {1}


def test_a_half_hidden_person_is_followed_through_unsure_boxes() -> None:
    tracker, told = Tracker(RULE), []
    for number in range(1, 61):
        score = 0.25 if 20 <= number < 40 else 0.9
        told += tracker.take(detections(number, [(walker(100, 300, 40), score)]))
    assert everybody(told + tracker.finish()) == {1}


def test_unsure_boxes_alone_are_nobody() -> None:
    assert everybody(follow([(walker(100, 300, 0), 0.3)])) == set()


def test_a_flicker_is_nobody() -> None:
    assert everybody(follow([(hidden_between(walker(100, 300, 0), 0.3, 60.0), 0.9)])) == set()


def test_boxes_of_no_size_or_far_outside_do_not_break_anything() -> None:
    tracker = Tracker(RULE)
    odd = np.array([[5, 5, 5, 5], [-1e6, -1e6, 1e6, 1e6], [10, 10, 40, 100]], dtype=np.float32)
    for number in range(1, 40):
        tracker.take(Detections(number, number * 100, odd, np.full(3, 0.9, dtype=np.float32)))
    assert all(np.isfinite(people.boxes).all() for people in tracker.finish())


def test_a_camera_that_runs_for_ever_keeps_no_more_than_seconds() -> None:
    """An hour of clutter and passers-by: what is remembered stays bounded."""
    rng = np.random.default_rng(3)
    tracker = Tracker(RULE)
    for number in range(1, 3000):
        boxes = rng.uniform(0, 600, (6, 2))
        boxes = np.concatenate([boxes, boxes + np.array([30.0, 90.0])], axis=1).astype(np.float32)
        tracker.take(Detections(number, number * 200, boxes, rng.uniform(0.1, 1.0, 6).astype(np.float32)))
        assert len(tracker._ids) <= RULE.tracks_max
    assert tracker._history.bytes_held < 2_000_000


def test_the_story_is_told_two_seconds_late_and_complete_at_the_end() -> None:
    tracker = Tracker(RULE)
    told = [tracker.take(detections(number, [(walker(100, 300, 20), 0.9)])) for number in range(1, 41)]
    assert [len(people) for people in told] == [0] * 20 + [1] * 20
    assert [people.number for people in tracker.finish()] == list(range(21, 41))


def test_a_camera_whose_clock_stands_still_does_not_stop_the_agent() -> None:
    tracker = Tracker(RULE)
    for number in range(1, 1000):
        tracker.take(detections(number, [(walker(100, 300, 0), 0.9)])._replace(taken_at_ms=0))
    assert len(tracker.finish()) <= 400


def passers_by(seconds: float) -> list[Person]:
    """People who walk up and down the picture, taller in front, one after the other."""

    def path(n: int) -> Path:
        return lambda s: (60.0 + 90.0 * n, 200.0 + 25.0 * ((s + 0.7 * n) % 8.0))

    return [(path(n), 0.9) for n in range(round(seconds / 3.0))]


def test_a_box_of_two_people_one_behind_the_other_begins_nobody() -> None:
    """Once the picture's scale is known, a box one and a half times as tall as people are there is no third person."""
    tracker, told = Tracker(RULE), []
    for number in range(1, 161):
        found = detections(number, passers_by(12.0))
        if number > 100:
            merged = np.array([[500.0, 300.0 - 140.0, 530.0, 300.0]], dtype=np.float32)
            found = found._replace(boxes=np.concatenate([found.boxes, merged]), scores=np.append(found.scores, np.float32(0.95)))
        told += tracker.take(found)
    people = told + tracker.finish()
    assert all(box[0] < 480.0 for frame in people for box in frame.boxes)


def test_a_child_among_grown_ups_is_somebody() -> None:
    tracker, told = Tracker(RULE), []
    for number in range(1, 161):
        found = detections(number, passers_by(12.0))
        child = np.array([[500.0 + number, 300.0 - 55.0, 520.0 + number, 300.0]], dtype=np.float32)
        told += tracker.take(found._replace(boxes=np.concatenate([found.boxes, child]), scores=np.append(found.scores, np.float32(0.9))))
    assert sum(int((frame.boxes[:, 0] > 480.0).any()) for frame in told + tracker.finish()) == 160


def test_a_ghost_seen_now_and_then_between_two_people_is_nobody() -> None:
    def ghost(s: float) -> tuple[float, float] | None:
        return (220.0, 302.0) if s < 0.6 or round(s * 10) % 18 == 0 else None

    told = follow([(walker(200, 300, 0), 0.9), (walker(240, 304, 0), 0.9), (ghost, 0.9)], seconds=12.0)
    assert max(len(people.ids) for people in told if people.taken_at_ms > 2_000) == 2


def test_two_people_crossing_behind_a_pillar_are_counted_each_in_their_direction() -> None:
    right, left = walker(100, 300, 60), walker(460, 330, -60)
    behind_pillar = [(hidden_between(right, 2.6, 3.6), 0.9), (hidden_between(left, 2.2, 3.4), 0.9)]
    doors = DoorWatcher([DoorLine("door", 285.0, 600.0, 285.0, 0.0)], DoorwayRule())
    told = [c for people in follow(behind_pillar, shaking=True) for c in doors.take(people)] + doors.finish()
    assert sorted(c.direction for c in told) == ["in", "out"]
    assert all(abs(c.taken_at_ms - 3_000) < 500 for c in told)

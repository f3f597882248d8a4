"""Door lines: who goes in, who goes out, and who only stands there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edge_agent.rules.doorway import Crossing, DoorLine, DoorWatcher, DoorwayRule
from edge_agent.rules.tracking import TrackedPeople

HEIGHT_PX = 100.0
UPWARD = DoorLine("door", 200.0, 400.0, 200.0, 0.0)  # Seen from its first point it goes up the picture: left is left.
DOWNWARD = DoorLine("door", 200.0, 0.0, 200.0, 400.0)


def frames(*paths: Sequence[tuple[float, float] | None], step_ms: int = 100) -> list[TrackedPeople]:
    """One path a person, a foot point a frame; None where the person is not in the picture."""
    told = []
    for number, feet in enumerate(zip(*paths, strict=True), start=1):
        here = [(person, foot) for person, foot in enumerate(feet, start=1) if foot is not None]
        boxes = np.array([(x - 20.0, y - HEIGHT_PX, x + 20.0, y) for _, (x, y) in here], dtype=float).reshape(-1, 4)
        ids = np.array([person for person, _ in here], dtype=np.int64)
        told.append(TrackedPeople(number, (number - 1) * step_ms, ids, boxes, np.ones(len(here))))
    return told


def crossings(line: DoorLine, *paths: Sequence[tuple[float, float] | None]) -> list[Crossing]:
    watcher = DoorWatcher([line], DoorwayRule())
    return [c for people in frames(*paths) for c in watcher.take(people)] + watcher.finish()


def walk(xs: Sequence[float], y: float = 200.0) -> list[tuple[float, float] | None]:
    return [(x, y) for x in xs]


LEFT_TO_RIGHT = walk([150, 170, 190, 210, 230, 250])


def test_looking_up_the_picture_going_to_the_right_is_in() -> None:
    assert [(c.direction, c.number) for c in crossings(UPWARD, LEFT_TO_RIGHT)] == [("in", 4)]


def test_looking_down_the_picture_the_same_way_is_out() -> None:
    assert [c.direction for c in crossings(DOWNWARD, LEFT_TO_RIGHT)] == ["out"]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (DoorLine("flat", 0.0, 200.0, 400.0, 200.0), [(100.0, y) for y in (150, 180, 210, 240)]),  # Looking right, right is down.
        (DoorLine("slope", 0.0, 0.0, 400.0, 400.0), [(x, 200.0) for x in (260, 230, 170, 140)]),  # Looking down right, right is down left.
    ],
)
def test_in_is_from_left_to_right_however_the_line_lies(line: DoorLine, path: list[tuple[float, float]]) -> None:
    assert [c.direction for c in crossings(line, path)] == ["in"]
    assert [c.direction for c in crossings(line, path[::-1])] == ["out"]


def test_somebody_loitering_on_the_line_is_counted_once_when_they_go() -> None:
    loitering = walk([150, 190, 203, 197, 204, 196, 203, 198, 206, 230, 260])
    assert [(c.direction, c.number) for c in crossings(UPWARD, loitering)] == [("in", 6)]  # Half-way between 190 and 230.


def test_somebody_who_looks_in_and_turns_back_is_not_counted() -> None:
    assert crossings(UPWARD, walk([150, 180, 204, 206, 203, 180, 150])) == []


def test_somebody_who_comes_in_and_leaves_again_is_counted_both_ways() -> None:
    assert [c.direction for c in crossings(UPWARD, walk([150, 190, 230, 260, 230, 190, 150]))] == ["in", "out"]


def test_two_people_crossing_at_once_are_two() -> None:
    told = crossings(UPWARD, LEFT_TO_RIGHT, walk([250, 230, 210, 190, 170, 150], y=300.0))
    assert sorted((c.person, c.direction) for c in told) == [(1, "in"), (2, "out")]


def test_walking_around_the_end_of_the_line_is_not_going_through() -> None:
    assert crossings(DoorLine("short", 200.0, 150.0, 200.0, 50.0), LEFT_TO_RIGHT) == []


def test_somebody_who_stops_just_behind_the_door_is_counted_after_a_moment() -> None:
    stopping = walk([150, 180, 195] + [205] * 20)
    assert [(c.direction, c.number) for c in crossings(UPWARD, stopping)] == [("in", 11)]  # On either side by chance from frame 3 on.


def test_somebody_who_vanishes_behind_the_door_is_counted() -> None:
    vanishing = [*walk([150, 180, 195, 203, 205, 206, 207]), None, None]
    assert [c.direction for c in crossings(UPWARD, vanishing)] == ["in"]


def test_somebody_who_waits_before_the_door_and_then_goes_in_is_counted_when_they_go() -> None:
    waiting = walk([150, 180] + [195] * 60 + [215, 240])
    assert [(c.direction, c.number) for c in crossings(UPWARD, waiting)] == [("in", 56)]  # Frame 63, less half of `stay_s`.


def test_somebody_lost_from_sight_on_the_line_is_not_counted() -> None:
    """Two pixels past a line are within the error of any box."""
    lost = [*walk([150, 180, 195, 202, 202, 202, 202, 202]), None, None]
    assert crossings(UPWARD, lost) == []


def test_a_recording_that_ends_behind_the_door_counts_too() -> None:
    assert [c.direction for c in crossings(UPWARD, walk([150, 180, 195, 203, 205, 206, 207]))] == ["in"]


def test_who_has_left_the_picture_is_forgotten() -> None:
    watcher = DoorWatcher([UPWARD], DoorwayRule())
    for person in range(1000):
        watcher.take(TrackedPeople(person, person * 100, np.array([person]), np.array([[100.0, 100.0, 140.0, 200.0]]), np.ones(1)))
    assert sum(len(passages) for passages in watcher._passages) == 1

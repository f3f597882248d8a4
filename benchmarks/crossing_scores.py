"""Scores door counts: which crossings of a line were told, near the right frame and in the right direction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from benchmarks.tracking_scores import Tracks
from edge_agent.rules.doorway import Direction, DoorLine

FRAMES_APART_MAX = 10


class CrossingEvent(NamedTuple):
    """A foot point went over a line between the frame before `frame` and `frame`."""

    line: str
    frame: int
    direction: Direction


class CrossingScores(NamedTuple):
    """How many crossings were right, missed and invented."""

    right: int
    missed: int
    invented: int

    @property
    def f1(self) -> float:
        """1 where nothing happened and nothing was told."""
        told = 2 * self.right + self.missed + self.invented
        return 2 * self.right / told if told else 1.0


def labelled_crossings(truth: Tracks, lines: Iterable[DoorLine]) -> list[CrossingEvent]:
    """Every change of side of every labelled foot point: no hysteresis, no judgement."""
    events: list[CrossingEvent] = []
    sides: dict[tuple[str, int], bool] = {}
    doors = list(lines)
    for frame in sorted(truth):
        for person, (left, _, right, foot) in zip(truth[frame].ids, truth[frame].boxes.tolist(), strict=True):
            for line in doors:
                on_right = (line.x2 - line.x1) * (foot - line.y1) - (line.y2 - line.y1) * ((left + right) / 2 - line.x1) > 0.0
                if sides.get((line.door_id, person), on_right) != on_right:
                    events.append(CrossingEvent(line.door_id, frame, "in" if on_right else "out"))
                sides[line.door_id, person] = on_right
    return events


def score_crossings(truth: Iterable[CrossingEvent], told: Iterable[CrossingEvent]) -> CrossingScores:
    """Pair each true event with the nearest told one of its line and direction, at most ten frames away; each is used once."""
    left = sorted(told, key=lambda event: event.frame)
    right = missed = 0
    for event in sorted(truth, key=lambda event: event.frame):
        fitting = [t for t in left if t.line == event.line and t.direction == event.direction]
        nearest = min(fitting, key=lambda t: abs(t.frame - event.frame), default=None)
        if nearest is None or abs(nearest.frame - event.frame) > FRAMES_APART_MAX:
            missed += 1
        else:
            right += 1
            left.remove(nearest)
    return CrossingScores(right, missed, len(left))

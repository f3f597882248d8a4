"""Who went through the door: a foot crosses a line in the picture, and stays across.

Seen from a line's first point, looking to its second, `in` is from left to right. In a picture y points down, so the right-hand side is
where the cross product of the line's direction and the way to the foot is positive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from edge_agent.rules.tracking import TrackedPeople

Direction = Literal["in", "out"]


class DoorLine(NamedTuple):
    """A line in the picture, pixels."""

    door_id: str
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class DoorwayRule:
    """When a crossing is meant.

    `margin_heights`: how far past the line, in heights of the person, makes it certain at once. `stay_s`: how long on the other side,
    however near, makes it certain too. `reach_heights`: how far beyond the line's ends a foot still counts as passing through.
    """

    margin_heights: float = 0.1
    stay_s: float = 1.0
    reach_heights: float = 0.15


class Crossing(NamedTuple):
    """One person went through one door. `number` and `taken_at_ms` are of the first frame on the new side."""

    door_id: str
    number: int
    taken_at_ms: int
    direction: Direction
    person: int


@dataclass(slots=True)
class _Passage:
    """What one line knows of one person: the certain side, and since when and where the foot is on the other."""

    side: int
    foot: tuple[float, float]
    turned: tuple[int, int, bool] | None = None  # frame number, time, through the line and not around its end


class DoorWatcher:
    """Takes the people of each frame, oldest first; answers with the crossings that have become certain."""

    def __init__(self, lines: list[DoorLine], rule: DoorwayRule) -> None:
        self._lines = lines
        self._rule = rule
        self._passages: list[dict[int, _Passage]] = [{} for _ in lines]
        self._now_ms = 0

    def take(self, people: TrackedPeople) -> list[Crossing]:
        """Watch one frame. Whoever is no longer in it has left the picture, and an open crossing of theirs is decided."""
        crossings: list[Crossing] = []
        self._now_ms = people.taken_at_ms
        feet = [(int(i), float(b[0] + b[2]) / 2, float(b[3]), float(b[3] - b[1])) for i, b in zip(people.ids, people.boxes, strict=True)]
        here = {person for person, *_ in feet}
        for line, passages in zip(self._lines, self._passages, strict=True):
            for person in [p for p in passages if p not in here]:
                self._gone(line, person, passages.pop(person), crossings)
            for person, x, y, height in feet:
                self._step(line, passages, (person, x, y, height), people, crossings)
        return sorted(crossings, key=lambda c: c.number)

    def finish(self) -> list[Crossing]:
        """Decide what is open: the recording has ended."""
        crossings: list[Crossing] = []
        for line, passages in zip(self._lines, self._passages, strict=True):
            for person, passage in passages.items():
                self._gone(line, person, passage, crossings)
            passages.clear()
        return sorted(crossings, key=lambda c: c.number)

    def _step(
        self,
        line: DoorLine,
        passages: dict[int, _Passage],
        seen: tuple[int, float, float, float],
        people: TrackedPeople,
        crossings: list[Crossing],
    ) -> None:
        person, x, y, height = seen
        beyond = _beyond(line, x, y)
        side = 1 if beyond > 0.0 else -1
        passage = passages.get(person)
        if passage is None:
            passages[person] = _Passage(side, (x, y))
            return
        if side == passage.side:
            passage.turned = None
        elif passage.turned is None:
            through = _through(line, passage.foot, (x, y), self._rule.reach_heights * height)
            passage.turned = (people.number, people.taken_at_ms, through)
        passage.foot = (x, y)
        if passage.turned is None:
            return
        far = abs(beyond) >= self._rule.margin_heights * height
        if far or people.taken_at_ms - passage.turned[1] >= self._rule.stay_s * 1000.0:
            self._decide(line, person, passage, crossings)

    def _gone(self, line: DoorLine, person: int, passage: _Passage, crossings: list[Crossing]) -> None:
        # A door is often at the picture's edge: who vanishes on the other side went through, unless it was for a blink.
        if passage.turned is not None and self._now_ms - passage.turned[1] >= self._rule.stay_s * 250.0:
            self._decide(line, person, passage, crossings)

    @staticmethod
    def _decide(line: DoorLine, person: int, passage: _Passage, crossings: list[Crossing]) -> None:
        assert passage.turned is not None
        number, taken_at_ms, through = passage.turned
        if through:
            crossings.append(Crossing(line.door_id, number, taken_at_ms, "in" if passage.side < 0 else "out", person))
        passage.side = -passage.side
        passage.turned = None


def _beyond(line: DoorLine, x: float, y: float) -> float:
    """Distance from the line, pixels, positive to its right."""
    along_x, along_y = line.x2 - line.x1, line.y2 - line.y1
    length = math.hypot(along_x, along_y)
    return (along_x * (y - line.y1) - along_y * (x - line.x1)) / max(length, 1e-9)


def _through(line: DoorLine, before: tuple[float, float], after: tuple[float, float], reach_px: float) -> bool:
    """Whether the step from `before` to `after` passes between the line's ends, give or take `reach_px`."""
    from_line, to_line = _beyond(line, *before), _beyond(line, *after)
    share = from_line / (from_line - to_line) if from_line != to_line else 0.5
    x, y = before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1])
    along_x, along_y = line.x2 - line.x1, line.y2 - line.y1
    length = max(math.hypot(along_x, along_y), 1e-9)
    along = ((x - line.x1) * along_x + (y - line.y1) * along_y) / length
    return -reach_px <= along <= length + reach_px

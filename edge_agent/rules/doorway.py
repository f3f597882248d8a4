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
    however near, makes it certain too. `gone_heights`, `gone_s`: how far and how long past the line somebody must
    have been who vanishes there. `reach_heights`: how far beyond the line's ends a foot still counts as passing through.
    """

    margin_heights: float = 0.1
    stay_s: float = 1.5
    gone_heights: float = 0.05
    gone_s: float = 0.25
    reach_heights: float = 0.15


class Crossing(NamedTuple):
    """One person went through one door. `number` and `taken_at_ms` are of the first frame past the line, or of the middle of lingering."""

    door_id: str
    number: int
    taken_at_ms: int
    direction: Direction
    person: int


class _Moment(NamedTuple):
    number: int
    taken_at_ms: int


@dataclass(slots=True)
class _Passage:
    """What one line knows of one person: the certain side, when last clearly there, and since when the foot is on the other."""

    side: int
    foot: tuple[float, float]
    clear: _Moment
    turned: _Moment | None = None
    through: bool = False  # Between the line's ends, not around one of them.
    past_heights: float = 0.0  # How far the foot is from the line.


class DoorWatcher:
    """Takes the people of each frame, oldest first; answers with the crossings that have become certain."""

    def __init__(self, lines: list[DoorLine], rule: DoorwayRule) -> None:
        self._lines = lines
        self._rule = rule
        self._passages: list[dict[int, _Passage]] = [{} for _ in lines]
        self._now = _Moment(0, 0)

    def take(self, people: TrackedPeople) -> list[Crossing]:
        """Watch one frame. Whoever is no longer in it has left the picture, and an open crossing of theirs is decided."""
        crossings: list[Crossing] = []
        self._now = _Moment(people.number, people.taken_at_ms)
        feet = [(int(i), float(b[0] + b[2]) / 2, float(b[3]), float(b[3] - b[1])) for i, b in zip(people.ids, people.boxes, strict=True)]
        here = {person for person, *_ in feet}
        for line, passages in zip(self._lines, self._passages, strict=True):
            for person in [p for p in passages if p not in here]:
                self._gone(line, person, passages.pop(person), crossings)
            for person, x, y, height in feet:
                self._step(line, passages, (person, x, y, height), crossings)
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
        self, line: DoorLine, passages: dict[int, _Passage], seen: tuple[int, float, float, float], crossings: list[Crossing]
    ) -> None:
        person, x, y, height = seen
        beyond = _beyond(line, x, y)
        side = 1 if beyond > 0.0 else -1
        passage = passages.get(person)
        if passage is None:
            passages[person] = _Passage(side, (x, y), self._now)
            return
        passage.past_heights = abs(beyond) / max(height, 1.0)
        far = passage.past_heights >= self._rule.margin_heights
        if side == passage.side:
            passage.turned = None
            passage.clear = self._now if far else passage.clear
        elif passage.turned is None:
            passage.turned = self._now
            passage.through = _through(line, passage.foot, (x, y), self._rule.reach_heights * height)
        passage.foot = (x, y)
        if passage.turned is not None and (far or self._now.taken_at_ms - passage.turned.taken_at_ms >= self._rule.stay_s * 1000.0):
            self._decide(line, person, passage, crossings)

    def _gone(self, line: DoorLine, person: int, passage: _Passage, crossings: list[Crossing]) -> None:
        # A door is often at the picture's edge: who vanishes on the other side went through, unless for a blink or by a hair's breadth.
        if passage.turned is None or passage.past_heights < self._rule.gone_heights:
            return
        if self._now.taken_at_ms - passage.turned.taken_at_ms >= self._rule.gone_s * 1000.0:
            self._decide(line, person, passage, crossings)

    def _decide(self, line: DoorLine, person: int, passage: _Passage, crossings: list[Crossing]) -> None:
        if passage.through:
            number, taken_at_ms = self._moment(passage)
            crossings.append(Crossing(line.door_id, number, taken_at_ms, "in" if passage.side < 0 else "out", person))
        passage.side = -passage.side
        passage.turned = None
        passage.clear = self._now

    def _moment(self, passage: _Passage) -> _Moment:
        """When it was: the first frame past the line, for whoever walks over it.

        Whoever lingers within the margin is on either side by chance: the middle of that time is the best guess. But someone who stood
        before the line for long did not cross in the middle of that: no more than `stay_s` before the turn counts.
        """
        assert passage.turned is not None
        turned, clear, now = passage.turned, passage.clear, self._now
        if now.taken_at_ms - clear.taken_at_ms < 1000.0 * self._rule.stay_s / 2.0:
            return turned
        hovered_ms = turned.taken_at_ms - clear.taken_at_ms
        share = min(1.0, self._rule.stay_s * 1000.0 / hovered_ms) if hovered_ms > 0 else 1.0
        number = (turned.number - share * (turned.number - clear.number) + now.number) / 2.0
        taken_at_ms = (turned.taken_at_ms - share * hovered_ms + now.taken_at_ms) / 2.0
        return _Moment(math.ceil(number), round(taken_at_ms))


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

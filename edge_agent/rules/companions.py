"""Counts crossings as people see them: who comes together is one group, and who is pushed or carried is not a visitor of their own.

A group is a chain of people who go through a door the same way, each close behind the other in time and place. A child in a pram or on an
arm is found by the detector too; it is told by a small box that has nearly always been inside one and the same larger one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge_agent.rules.doorway import Crossing
from edge_agent.rules.tracking import TrackedPeople

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CompanionRule:
    """`group_gap_ms`, `group_reach`: how soon and how near (in heights of the person) the next one of a group follows. Carried is whose box
    is at most `carried_height` of another's height and lies in it by `carried_inside` of its area, in `carried_share` of its frames.
    """

    group_gap_ms: int = 2_000
    group_reach: float = 1.0
    carried_height: float = 0.6
    carried_inside: float = 0.8
    carried_share: float = 0.8
    frames_min: int = 5


@dataclass(slots=True)
class _Known:
    seen_ms: int
    frames: int = 0
    inside: Counter[int] = field(default_factory=Counter)
    foot: tuple[float, float, float] = (0.0, 0.0, 0.0)


class Companions:
    """Takes the people of each frame and the crossings that became certain with it."""

    def __init__(self, rule: CompanionRule) -> None:
        self._rule = rule
        self._known: dict[int, _Known] = {}
        self._last: dict[tuple[str, str], list[tuple[int, tuple[float, float, float]]]] = {}

    def take(self, people: TrackedPeople) -> None:
        """Watch one frame. Who has been gone for two seconds is forgotten."""
        ids = people.ids.tolist()
        holders = self._holders(people.boxes)
        for row, person in enumerate(ids):
            known = self._known.setdefault(person, _Known(people.taken_at_ms))
            left, top, right, bottom = people.boxes[row].tolist()
            known.seen_ms, known.frames, known.foot = people.taken_at_ms, known.frames + 1, ((left + right) / 2, bottom, bottom - top)
            if holders[row] >= 0:
                known.inside[ids[holders[row]]] += 1
        for person in [p for p, known in self._known.items() if people.taken_at_ms - known.seen_ms > 2_000]:
            del self._known[person]

    def is_carried(self, person: int) -> bool:
        """Whether a person has nearly always been seen within the outline of one larger person."""
        known = self._known.get(person)
        if known is None or known.frames < self._rule.frames_min or not known.inside:
            return False
        return known.inside.most_common(1)[0][1] >= self._rule.carried_share * known.frames

    def begins_group(self, crossing: Crossing) -> bool:
        """Whether this crossing is the first of its group; tell every crossing that counts, oldest first."""
        known = self._known.get(crossing.person)
        foot = known.foot if known is not None else (0.0, 0.0, 0.0)
        recent = self._last.setdefault((crossing.door_id, crossing.direction), [])
        recent[:] = [one for one in recent if abs(crossing.taken_at_ms - one[0]) <= self._rule.group_gap_ms]
        alone = not any(self._is_near(foot, other) for _, other in recent)
        recent.append((crossing.taken_at_ms, foot))
        return alone

    def _is_near(self, one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
        reach = self._rule.group_reach * max(one[2], other[2])
        return bool(np.hypot(one[0] - other[0], one[1] - other[1]) <= reach)

    def _holders(self, boxes: Floats) -> list[int]:
        """For each of (n, 4) boxes the larger one it lies in, by row; −1 where there is none."""
        count = len(boxes)
        if count < 2:
            return [-1] * count
        overlap = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        shared = np.prod(np.clip(overlap, 0.0, None), axis=2)
        area = np.maximum(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), 1e-9)
        height = boxes[:, 3] - boxes[:, 1]
        share = np.where(height[:, None] <= self._rule.carried_height * height[None, :], shared / area[:, None], 0.0)
        best = share.argmax(axis=1)
        held = share[np.arange(count), best] >= self._rule.carried_inside
        return [int(row) for row in np.where(held, best, -1)]

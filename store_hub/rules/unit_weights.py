"""What one unit of each article really weighs, learned from touches that leave no doubt.

Deliveries differ: a new batch may weigh a little more than the last. What is learned therefore forgets - it stands on some forty units at
most - and a refill makes it forget faster. A unit weight that is plainly not the planogram's is told once, so that somebody weighs one.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from msgspec import Struct, structs

from store_hub.rules.picks_changes import REFILL_FROM_UNITS

SURE, SURE_OF_REFILL = 0.97, 0.5
PLANNED_COUNTS = 12.0
"""The planogram's weight counts as so many units already weighed."""
REMEMBERED = 40.0
NEW_BATCH_REMEMBERED = 8.0
WRONG_SHARE = 0.03
WRONG_FROM_UNITS = 8.0
WRONG_SD = 4.0
UNKNOWN_LIKE = 0.3
"""An unexplained change within this share of an article's weight may be that article, wrongly weighed."""
UNKNOWN_ALIKE = 0.02
UNKNOWN_TIMES = 3


class Lesson(Struct, frozen=True, kw_only=True):
    """What the last touch may teach once it is over: `article` None where nothing explained it."""

    article: int | None
    units: int
    change_g: float


class LearnedWeight(Struct, frozen=True, kw_only=True):
    """One article's. `weighed`: on how many units it stands, beyond the planogram's word. `told`: that it is wrong has been said.

    `unexplained_g`: the last changes that nothing explained and that may have been one unit of it. `planned_g`: what the planogram said
    when learning began; 0 in what was put away before that was kept.
    """

    unit_g: float
    planned_g: float = 0.0
    weighed: float = 0.0
    told: bool = False
    unexplained_g: list[float] = []


def planned(unit_g: float) -> LearnedWeight:
    """Nothing learned yet: the planogram's word."""
    return LearnedWeight(unit_g=unit_g, planned_g=unit_g)


def under_new_plan(known: LearnedWeight, unit_g: float) -> LearnedWeight:
    """What was learned stays as long as the planogram says the same; where somebody has corrected it, its word counts again."""
    return known if known.planned_g in (0.0, unit_g) else planned(unit_g)


def taught(known: LearnedWeight, lesson: Lesson) -> LearnedWeight:
    """Learn from units that surely were this article: a weighted mean that forgets.

    A refill is a new batch: what was learned of the old one then counts no more than `NEW_BATCH_REMEMBERED` units, the planogram's word
    included, so that the new units are believed at once.
    """
    units = abs(lesson.units)
    refilled = lesson.units >= REFILL_FROM_UNITS
    stands_on = NEW_BATCH_REMEMBERED if refilled else PLANNED_COUNTS + min(known.weighed, REMEMBERED)
    mean_g = known.unit_g + (lesson.change_g / lesson.units - known.unit_g) * units / (stands_on + units)
    weighed = NEW_BATCH_REMEMBERED if refilled else min(known.weighed + units, REMEMBERED)
    return structs.replace(known, unit_g=mean_g, weighed=weighed, unexplained_g=[])


def suspected(known: Sequence[LearnedWeight], change_g: float) -> int | None:
    """Which article an unexplained change may be one unit of: the nearest in weight, if it is near at all."""
    if not known:
        return None
    nearest = min(range(len(known)), key=lambda a: abs(abs(change_g) - known[a].unit_g))
    return nearest if abs(abs(change_g) - known[nearest].unit_g) <= UNKNOWN_LIKE * known[nearest].unit_g else None


def puzzled(known: LearnedWeight, change_g: float) -> LearnedWeight:
    """Remember an unexplained change; when several in a row are alike, believe that this is what a unit weighs now."""
    seen = [*known.unexplained_g, abs(change_g)][-UNKNOWN_TIMES:]
    mean_g = sum(seen) / len(seen)
    if len(seen) == UNKNOWN_TIMES and max(seen) - min(seen) <= max(2 * UNKNOWN_ALIKE * mean_g, 1.0):
        return structs.replace(known, unit_g=mean_g, weighed=WRONG_FROM_UNITS, unexplained_g=[])
    return structs.replace(known, unexplained_g=seen)


def is_wrong(known: LearnedWeight, planned_g: float, spread_g: float) -> bool:
    """Tell whether the planogram's unit weight is plainly not what the units weigh."""
    if known.weighed < WRONG_FROM_UNITS:
        return False
    return abs(known.unit_g - planned_g) > max(WRONG_SHARE * planned_g, WRONG_SD * spread_g / sqrt(known.weighed))


def learned(
    known: Sequence[LearnedWeight], lesson: Lesson, planned_g: Sequence[tuple[float, float]], own: int
) -> tuple[int | None, list[LearnedWeight]]:
    """Let a touch teach: returns the article it was about, if any, and all weights after it; `told` where the plan is plainly wrong.

    Args:
        planned_g: (unit weight, spread) of each article by the planogram.
        own: so many of them are the shelf's own.
    """
    weights = list(known)
    index = lesson.article if lesson.article is not None else suspected(weights[:own], lesson.change_g)
    if index is not None:
        before = weights[index]
        after = puzzled(before, lesson.change_g) if lesson.article is None else taught(before, lesson)
        weights[index] = structs.replace(after, told=is_wrong(after, *planned_g[index]))
    return index, weights

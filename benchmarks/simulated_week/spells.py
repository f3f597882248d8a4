"""Spells of time during which something holds, out of a history of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.simulated_week.record import Spell

History = Sequence[tuple[int, int]]
"""(from when, value), oldest first; each holds until the next."""


def spells(history: History, *, begins: Callable[[int], bool], ends: Callable[[int], bool], until_ms: int) -> list[Spell]:
    """Return the spells that begin with a value and end with another; one that still lasts has no end."""
    found: list[Spell] = []
    since: int | None = None
    for at_ms, value in history:
        if since is None and begins(value):
            since = at_ms
        elif since is not None and ends(value):
            found.append(Spell(since, at_ms))
            since = None
    return found if since is None or since >= until_ms else [*found, Spell(since, None)]


def overlaps(one: Spell, other: Spell) -> bool:
    """Tell whether two spells share a moment."""
    return (one.until_ms is None or one.until_ms >= other.from_ms) and (other.until_ms is None or other.until_ms >= one.from_ms)


def holds_near(history: History, at_ms: int, near_ms: int, holds: Callable[[int], bool]) -> bool:
    """Tell whether a value near this moment satisfies a condition."""
    before = [value for moment, value in history if moment <= at_ms - near_ms][-1:]
    return any(map(holds, before)) or any(holds(value) for moment, value in history if abs(moment - at_ms) <= near_ms)

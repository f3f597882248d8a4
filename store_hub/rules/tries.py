"""Bounds what a flood of refused tries writes into the audit log, without forgetting how many there were.

The first tries of somebody are told one by one; what comes beyond that within the hour is counted and told as one line at its end. The
number of people who try is bounded too: whoever can come from a thousand addresses shares one count.
"""

from __future__ import annotations

from typing import NamedTuple

WINDOW_MS = 3_600_000
EACH_MAX = 60
"""Lines of one actor and action in an hour, before the rest is counted."""
ALL_MAX = 400
"""Lines of everybody in an hour, before the rest is counted together."""
EVERYBODY = "others"


class Line(NamedTuple):
    """A line for the audit log."""

    actor: str
    action: str
    detail: str


class TryBounds:
    """What was told in the present hour, and what was only counted. Holds at most `ALL_MAX` actors.

    Args:
        each_max, all_max: lines in an hour.
    """

    def __init__(self, *, each_max: int = EACH_MAX, all_max: int = ALL_MAX) -> None:
        self._each_max, self._all_max = each_max, all_max
        self._began_ms: int | None = None
        self._told: dict[tuple[str, str], int] = {}
        self._counted: dict[tuple[str, str], tuple[int, str]] = {}

    def tell(self, line: Line, *, now_ms: int) -> list[Line]:
        """The lines to write now that somebody was refused: usually this one, and first what the hour before had left over."""
        before = self.due(now_ms=now_ms)
        if self._began_ms is None:
            self._began_ms = now_ms
        key = (line.actor, line.action)
        if self._told.get(key, 0) < self._each_max and sum(self._told.values()) < self._all_max:
            self._told[key] = self._told.get(key, 0) + 1
            return [*before, line]
        if key not in self._told:
            key = (EVERYBODY, line.action)
        self._counted[key] = (self._counted.get(key, (0, ""))[0] + 1, line.detail)
        return before

    def due(self, *, now_ms: int, ends: bool = False) -> list[Line]:
        """The sums of an hour that is over; `ends`: nobody will ask again, tell them now."""
        if self._began_ms is None or not (ends or not 0 <= now_ms - self._began_ms < WINDOW_MS):
            return []
        sums = [
            Line(actor, action, f"{count} more in this hour; the last: {detail}")
            for (actor, action), (count, detail) in sorted(self._counted.items())
        ]
        self._began_ms = None
        self._told.clear()
        self._counted.clear()
        return sums

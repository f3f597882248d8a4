"""How long to leave alone what does not answer."""

from __future__ import annotations

import random


class BackOff:
    """How long to wait after the nth failure in a row: doubling, with full jitter, so that four hundred hubs do not come back at once."""

    def __init__(self, *, first_s: float, most_s: float, chance: random.Random) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._chance = chance
        self._failures = 0

    def failed(self) -> float:
        """Count a failure and return the seconds to wait."""
        ceiling_s = min(self._most_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return ceiling_s / 2 + self._chance.random() * ceiling_s / 2

    def succeeded(self) -> None:
        """Begin anew."""
        self._failures = 0

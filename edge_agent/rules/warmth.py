"""Learns how far a scale's reading follows its temperature, and takes that out also while goods move.

At rest any drift is followed as it comes; but between a hand's coming and the first rest after it, what the warmth did cannot be told from
the goods, unless it is known what a degree does. That is learned from the stretches at rest: least squares through changes of reading over
changes of temperature, shrunk towards nothing while little is known, and slowly forgotten.

A step of the weight is never part of a stretch at rest, so whoever takes an article an hour teaches it nothing.
"""

from __future__ import annotations

from math import exp

SPAN_MS = 120_000
"""A change is taken over so long: shorter ones are noise, longer ones are seldom undisturbed in a shop."""
PRIOR_C2 = 0.3
"""So many squared degrees of change count as much as knowing nothing."""
FORGET_MS = 3 * 86_400_000.0
SMOOTH_MS = 30_000.0
"""A thermometer's own noise must not become a weight's, and a cell warms no faster."""
JUMP_MAX_C = 0.5
"""A thermometer that jumps by more than this from one reading to the next tells of itself, not of the cell."""
SLOPE_MAX_G_PER_C = 50.0


class WarmthFollower:
    """`correction_g` is what the temperature has added to the reading since the start, as far as it is known what a degree does.

    It only ever follows the thermometer: a better knowledge of the slope makes no step in what was said before.
    """

    def __init__(self) -> None:
        self.correction_g = 0.0
        self._told_c: float | None = None
        self._temperature_c: float | None = None
        self._felt_at_ms = 0
        self._begun: tuple[int, float, float] | None = None
        self._cc = 0.0
        self._gc = 0.0
        self._learned_at_ms = 0

    @property
    def slope_g_per_c(self) -> float:
        """What a degree is believed to add, grams."""
        slope = self._gc / (self._cc + PRIOR_C2)
        return min(max(slope, -SLOPE_MAX_G_PER_C), SLOPE_MAX_G_PER_C)

    def feel(self, temperature_c: float, at_ms: int) -> None:
        """Follow the thermometer: with every reading, at rest or not."""
        last_c, self._told_c = self._told_c, temperature_c
        smooth_c, since_ms = self._temperature_c, at_ms - self._felt_at_ms
        self._felt_at_ms = at_ms
        if smooth_c is None or last_c is None or abs(temperature_c - last_c) > JUMP_MAX_C:
            self._temperature_c, self._begun = temperature_c, None
            return
        change_c = (temperature_c - smooth_c) * (1.0 - exp(-since_ms / SMOOTH_MS))
        self._temperature_c = smooth_c + change_c
        self.correction_g += self.slope_g_per_c * change_c

    def rest(self, reading_g: float, at_ms: int) -> None:
        """The shelf lies still; `reading_g` is what it reads with nothing taken out."""
        if self._temperature_c is None:
            return
        if self._begun is None:
            self._begun = (at_ms, reading_g, self._temperature_c)
            return
        begun_ms, begun_g, begun_c = self._begun
        if at_ms - begun_ms >= SPAN_MS:
            self._learn(reading_g - begun_g, self._temperature_c - begun_c, at_ms)
            self._begun = (at_ms, reading_g, self._temperature_c)

    def move(self) -> None:
        """The shelf moved: what was begun is of no use."""
        self._begun = None

    def _learn(self, change_g: float, change_c: float, at_ms: int) -> None:
        kept = exp(-(at_ms - self._learned_at_ms) / FORGET_MS)
        self._cc = kept * self._cc + change_c * change_c
        self._gc = kept * self._gc + change_g * change_c
        self._learned_at_ms = at_ms

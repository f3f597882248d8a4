"""Zeroes a scale on somebody's word: only what lies still and weighs about nothing is an empty shelf."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from edge_agent.errors import TareRefused
from edge_agent.readings import RawReading
from edge_agent.rules.calibration import COUNTS_MAX, COUNTS_MIN, Calibration

SPREAD_MIN_G = 1.0
SPREAD_SHARE = 0.0005
EMPTY_SHARE = 0.02


class TareRule(NamedTuple):
    """What may be called an empty shelf. `empty_max_g`: what it may weigh by the old zero; `spread_max_g`: how far readings may differ."""

    empty_max_g: float
    spread_max_g: float
    over_ms: int = 1_500
    patience_ms: int = 5_000


def tare_rule(capacity_g: float, empty_max_g: float | None = None) -> TareRule:
    """The rule for a scale of this capacity: a zero moves by grams, not by articles, so 2 % of the capacity are plenty."""
    return TareRule(
        empty_max_g=EMPTY_SHARE * capacity_g if empty_max_g is None else empty_max_g,
        spread_max_g=max(SPREAD_MIN_G, SPREAD_SHARE * capacity_g),
    )


class Tared(NamedTuple):
    """The new zero, counts, and what the empty shelf weighed by the old one, grams."""

    tare_counts: float
    weighed_g: float


class Taring:
    """Somebody wants the scale zeroed: waits until it lies still, for some seconds at most."""

    def __init__(self, calibration: Calibration, rule: TareRule) -> None:
        self._calibration = calibration
        self._rule = rule
        self._began_at_ms: int | None = None
        self._window: list[RawReading] = []

    def take(self, reading: RawReading) -> Tared | None:
        """Add a reading; the new zero once the shelf has lain still.

        Raises:
            TareRefused: it does not come to rest, or something lies there.
        """
        rule = self._rule
        if self._began_at_ms is None:
            self._began_at_ms = reading.taken_at_ms
        self._window = [kept for kept in self._window if reading.taken_at_ms - kept.taken_at_ms < rule.over_ms] + [reading]
        is_full = reading.taken_at_ms - self._window[0].taken_at_ms >= 0.8 * rule.over_ms and len(self._window) >= 5
        if is_full and self._spread_g() <= rule.spread_max_g:
            return self._zeroed(self._window)
        if reading.taken_at_ms - self._began_at_ms > rule.patience_ms:
            raise TareRefused(problem="the shelf is not at rest", advice="take your hands off it and press again")
        return None

    def _spread_g(self) -> float:
        """Between the second largest and the second smallest: one spike is no hand."""
        counts = sorted(kept.raw_counts for kept in self._window)
        return (counts[-2] - counts[1]) / abs(self._calibration.counts_per_gram)

    def _zeroed(self, window: Sequence[RawReading]) -> Tared:
        counts = median(kept.raw_counts for kept in window)
        if not COUNTS_MIN < counts < COUNTS_MAX:
            raise TareRefused(problem="the converter is at its limit", advice="check the load cell's wires")
        temperature_c = window[-1].temperature_c
        weighed_g = self._calibration.grams(counts, temperature_c)
        if abs(weighed_g) > self._rule.empty_max_g:
            problem = f"{weighed_g:.0f} g are on it, and an empty shelf weighs at most {self._rule.empty_max_g:.0f} g"
            raise TareRefused(problem=problem, advice="empty the shelf and press again, or calibrate it")
        return Tared(self._calibration.tare_counts + weighed_g * self._calibration.counts_per_gram, weighed_g)

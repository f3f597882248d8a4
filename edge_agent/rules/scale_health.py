"""Tells a scale that is not well from an empty shelf: at its rails, stuck (all of it or a bit), noisy, overloaded or below empty."""

from __future__ import annotations

from typing import NamedTuple

from edge_agent.rules.bit_watch import BitWatch
from edge_agent.rules.calibration import COUNTS_MAX, COUNTS_MIN

SATURATED = "scale_saturated"
STUCK = "scale_stuck"
BIT_STUCK = "scale_bit_stuck"
NOISY = "scale_noisy"
OVERLOADED = "scale_overloaded"
BELOW_EMPTY = "scale_below_empty"


class ScaleFault(NamedTuple):
    """A scale became ill, or well again (`cleared`)."""

    code: str
    at_ms: int
    message: str
    advice: str
    cleared: bool = False


class HealthRule(NamedTuple):
    """When a scale counts as ill. Every state must last `persists_ms` before it is told.

    `restless_ms`: no hand stays on a shelf for so long; a reading that has not come to rest since then does so by itself.
    """

    persists_ms: int = 2_000
    stuck_ms: int = 60_000
    stuck_readings: int = 100
    noise_max_g: float = 20.0
    noisy_ms: int = 30_000
    restless_ms: int = 300_000
    below_empty_g: float = 500.0


class RailWatch:
    """Watches the raw counts: a reading at the rails is a glitch, two seconds of them a fault; so is a count or bit that never changes."""

    def __init__(self, rule: HealthRule) -> None:
        self._rule = rule
        self._last_counts: int | None = None
        self._same_since_ms = 0
        self._same_readings = 0
        self._rail_since_ms: int | None = None
        self.saturated = False
        self.stuck = False
        self._bits = BitWatch()

    @property
    def bit_stuck(self) -> bool:
        """Whether one bit hangs while the others move."""
        return self._bits.hanging is not None

    def take(self, raw_counts: int, at_ms: int) -> bool:
        """Add a reading. Returns whether it may be weighed: a reading at the rails may not."""
        at_rail = raw_counts >= COUNTS_MAX or raw_counts <= COUNTS_MIN
        if at_rail:
            if self._rail_since_ms is None:
                self._rail_since_ms = at_ms
            self.saturated = at_ms - self._rail_since_ms >= self._rule.persists_ms
        else:
            self._rail_since_ms = None
            self.saturated = False
            self._bits.take(raw_counts)
        if raw_counts != self._last_counts:
            self._last_counts = raw_counts
            self._same_since_ms = at_ms
            self._same_readings = 0
            self.stuck = False
        elif not at_rail:
            self._same_readings += 1
            self.stuck = self._same_readings >= self._rule.stuck_readings and at_ms - self._same_since_ms >= self._rule.stuck_ms
        return not at_rail


class Lasting:
    """Remembers since when something holds, and says whether it has lasted long enough."""

    def __init__(self, lasts_ms: int) -> None:
        self._lasts_ms = lasts_ms
        self._since_ms: int | None = None

    def holds(self, now: bool, at_ms: int) -> bool:
        """Whether it holds now and has held for long enough."""
        if not now:
            self._since_ms = None
            return False
        if self._since_ms is None:
            self._since_ms = at_ms
        return at_ms - self._since_ms >= self._lasts_ms


WORDS: dict[str, tuple[str, str]] = {
    SATURATED: ("the converter is at its limit", "check the load cell's wires, and that the shelf is not jammed"),
    BIT_STUCK: ("a data bit of the reading hangs while the others move", "replace the converter; weights are wrong until then"),
    STUCK: ("the reading never changes", "check the data wire and power the converter off and on"),
    NOISY: ("the reading never comes to rest", "check wiring and shielding, and that nothing shakes the shelf"),
    OVERLOADED: ("the load is beyond the scale's capacity", "take weight off the shelf"),
    BELOW_EMPTY: ("the scale reads less than an empty shelf", "check for a loose wire, then tare the empty shelf"),
}


class FaultSwitch:
    """Turns states into one message when they begin and one when they end, the worst first."""

    def __init__(self) -> None:
        self._told: list[str] = []

    def take(self, states: dict[str, bool], at_ms: int) -> ScaleFault | None:
        """Return the next change to tell, one at a time."""
        for code, holds in states.items():
            if holds != (code in self._told):
                message, advice = WORDS[code]
                if holds:
                    self._told.append(code)
                else:
                    self._told.remove(code)
                return ScaleFault(code, at_ms, message, advice, cleared=not holds)
        return None

"""From raw readings to settled weights: one object per scale, a reading at a time, in constant memory.

It says only weights that stayed. A weight is told twice after a touch when that helps: early, while the board still rings a little
(`spread_g` says how much), and once more when it has come to full rest and the weight turned out different.
"""

from __future__ import annotations

from typing import NamedTuple

from edge_agent.readings import RawReading
from edge_agent.rules.calibration import Calibration
from edge_agent.rules.drift import DriftFollower
from edge_agent.rules.scale_health import (
    BELOW_EMPTY,
    BIT_STUCK,
    NOISY,
    OVERLOADED,
    SATURATED,
    STUCK,
    FaultSwitch,
    HealthRule,
    Lasting,
    RailWatch,
    ScaleFault,
)
from edge_agent.rules.settling import SettlingWindow
from edge_agent.rules.warmth import WarmthFollower

QUIET_TO_REST = 2.5
"""A window counts as fully at rest when its spread is below this many times the spread the cell usually shows at rest."""
HEALTH_EVERY_MS = 500
YOUNG_MS = 20_000
"""So long after coming to rest, the resting weight is still the mean of what is read; then it is held."""
UNCHANGED = 2.0
"""Two means of young rests closer than this many resting spreads are the same weight, as far as they can tell."""
REFINE_MS = 1_500
"""A change told this long after the board came to rest still belongs to the motion before; a later one is creep."""


class WeighingRule(NamedTuple):
    """When a shelf counts as at rest, and what is told of it.

    `ringing_max_g` allows an early word while the board still rings; `spread_max_g` replaces the learned resting spread; `change_min_g`
    is the smallest change worth telling (None: from the cell's noise). `bin_ms` joins fast readings by their median.
    """

    window_ms: int = 600
    bin_ms: int = 100
    ringing_max_g: float = 4.0
    spread_max_g: float | None = None
    change_min_g: float | None = None
    drift_max_g_per_min: float = 3.0
    confirm_every_ms: int = 300_000
    health: HealthRule = HealthRule()


class Settled(NamedTuple):
    """A shelf at rest. `moved_at_ms` is when the motion that led here began; None when nothing had moved."""

    at_ms: int
    weight_g: float
    spread_g: float
    moved_at_ms: int | None
    temperature_c: float | None
    drift_g: float


class Weigher:
    """Turns one scale's readings into settled weights and faults.

    Args:
        calibration: what the counts mean.
        rule: when the shelf is at rest.
    """

    def __init__(self, calibration: Calibration, rule: WeighingRule) -> None:
        self._calibration = calibration
        self._rule = rule
        self._window = SettlingWindow(
            length=round(rule.window_ms / rule.bin_ms),
            quiet_g=(rule.spread_max_g or rule.ringing_max_g / 4) / QUIET_TO_REST,
            quiet_max_g=rule.health.noise_max_g * 2,
        )
        self._drift = DriftFollower(rate_max_g_per_min=rule.drift_max_g_per_min)
        self._warmth = WarmthFollower()
        self._rails = RailWatch(rule.health)
        self._switch = FaultSwitch()
        self._noisy = Lasting(rule.health.noisy_ms)
        self._heavy = Lasting(rule.health.persists_ms)
        self._light = Lasting(rule.health.persists_ms)
        self._health_at_ms: int | None = None
        self._bin: list[float] = []
        self._bin_ends_at_ms: int | None = None
        self._temperature_c: float | None = None
        self._moved_at_ms: int | None = None
        self._rang = False  # An early word was told of this motion: what swings after it is another hand.
        self._resting_g: float | None = None  # Drift-free; what the shelf is believed to rest at since it last moved.
        self._held_g: float | None = None  # The same, once it was surely known.
        self._rested_at_ms = 0
        self._young_since_ms = 0
        self._young_windows = 0
        self._told: Settled | None = None
        self._calm_at_ms: int | None = None  # When the shelf was last at rest, or nearly.

    def take(self, reading: RawReading) -> Settled | ScaleFault | None:
        """Add a reading, oldest first; say what is new, if anything is."""
        at_ms = reading.taken_at_ms
        if reading.temperature_c is not None:
            self._temperature_c = reading.temperature_c
            self._warmth.feel(reading.temperature_c, at_ms)
        usable = self._rails.take(reading.raw_counts, at_ms)
        if self._health_at_ms is None or at_ms - self._health_at_ms >= HEALTH_EVERY_MS:
            fault = self._fault(at_ms)
            if fault is not None:
                if fault.code in (SATURATED, STUCK):
                    self._window.forget()
                return fault  # One word a reading: this reading's weight is in the next window.
        if not usable or self._rails.saturated or self._rails.stuck:
            return None
        felt_g = self._calibration.grams(reading.raw_counts, self._temperature_c)
        weight_g = self._joined(felt_g - self._warmth.correction_g, at_ms)
        return None if weight_g is None else self._weigh(weight_g, at_ms)

    def _joined(self, weight_g: float, at_ms: int) -> float | None:
        """The median of a bin of fast readings, once the bin is full; at 10 readings a second every reading is a bin."""
        self._bin.append(weight_g)
        if self._bin_ends_at_ms is None:
            self._bin_ends_at_ms = at_ms
        if at_ms < self._bin_ends_at_ms:
            return None
        self._bin_ends_at_ms = max(self._bin_ends_at_ms, at_ms - self._rule.bin_ms // 2) + self._rule.bin_ms
        if len(self._bin) > 1:
            self._bin.sort()
        weight_g = self._bin[len(self._bin) // 2]
        self._bin.clear()
        return weight_g

    def _weigh(self, weight_g: float, at_ms: int) -> Settled | None:
        window = self._window.take(weight_g)
        if window is None:
            return None
        if self._calm_at_ms is None or window.spread_g <= self._rule.ringing_max_g:
            self._calm_at_ms = at_ms
        rest_max_g = self._rule.spread_max_g or max(self._window.quiet_g * QUIET_TO_REST, 0.2)
        if window.spread_g <= rest_max_g:
            self._calm_at_ms = at_ms
            return self._at_rest(window.median_g, window.spread_g, at_ms)
        ringing = window.spread_g <= self._rule.ringing_max_g
        if self._moved_at_ms is None or self._resting_g is not None or (self._rang and not ringing):
            self._moved_at_ms = at_ms
            self._resting_g = None
            self._drift.pause()
            self._warmth.move()
            self._rang = False
        if ringing and not self._window.sways():
            return self._ringing(window.median_g, window.spread_g, at_ms)
        return None

    def _ringing(self, median_g: float, spread_g: float, at_ms: int) -> Settled | None:
        """An early word, when the change is beyond doubt although the board still rings."""
        weight_g = median_g - self._drift.drift_g
        if self._told is not None and abs(weight_g - self._told.weight_g) <= 1.5 * spread_g:
            return None
        self._rang = True
        return self._tell(weight_g, spread_g, at_ms)

    def _at_rest(self, median_g: float, spread_g: float, at_ms: int) -> Settled | None:
        weight_g = median_g - self._drift.drift_g
        if self._resting_g is None:
            self._begin_rest(weight_g, at_ms)
            self._rested_at_ms = at_ms
        elif at_ms - self._rested_at_ms > REFINE_MS:
            self._moved_at_ms = None
        resting_g = self._follow(median_g, at_ms)
        told = self._told
        if told is None or abs(weight_g - told.weight_g) > self._change_min_g():
            self._begin_rest(weight_g, at_ms)
            return self._tell(weight_g, spread_g, at_ms)
        return self._tell(resting_g, spread_g, at_ms) if at_ms - told.at_ms >= self._rule.confirm_every_ms else None

    def _begin_rest(self, weight_g: float, at_ms: int) -> None:
        self._resting_g = weight_g
        self._warmth.move()
        self._young_since_ms = at_ms
        self._young_windows = 0

    def _follow(self, median_g: float, at_ms: int) -> float:
        """Learn where the shelf rests while the rest is young; from then on, hold it there and call the difference drift.

        Were one window's noise taken for the resting weight, the zero would walk away at random, a touch at a time.
        """
        level_g = median_g - self._drift.drift_g
        resting_g = self._resting_g if self._resting_g is not None else level_g
        if at_ms - self._young_since_ms <= YOUNG_MS:
            self._young_windows += 1
            resting_g += (level_g - resting_g) / self._young_windows
        else:
            if self._held_g is None or abs(resting_g - self._held_g) > UNCHANGED * self._window.quiet_g:
                self._held_g = resting_g
            resting_g = self._held_g  # A touch that left nothing behind has changed nothing.
            self._drift.follow(reading_g=median_g, resting_g=resting_g, at_ms=at_ms)
            self._warmth.rest(median_g + self._warmth.correction_g, at_ms)
        self._resting_g = resting_g
        return resting_g

    def _change_min_g(self) -> float:
        return self._rule.change_min_g or max(2.0 * self._window.quiet_g, 0.25)

    def _tell(self, weight_g: float, spread_g: float, at_ms: int) -> Settled:
        drift_g = self._drift.drift_g + self._warmth.correction_g
        self._told = Settled(at_ms, weight_g, spread_g, self._moved_at_ms, self._temperature_c, drift_g)
        return self._told

    def _is_restless(self, at_ms: int) -> bool:
        """Whether the reading has not come to rest for longer than any hand stays; a slow converter is given sixty readings."""
        if self._rails.saturated or self._rails.stuck:
            return False  # It does not move at all.
        longest_ms = max(self._rule.health.restless_ms, 60 * self._rule.bin_ms)
        return self._calm_at_ms is not None and at_ms - self._calm_at_ms > longest_ms

    def _fault(self, at_ms: int) -> ScaleFault | None:
        """Look for illness twice a second: none of it is in a hurry."""
        self._health_at_ms = at_ms
        told, health = self._told, self._rule.health
        weight_g = told.weight_g if told is not None else 0.0
        states = {
            SATURATED: self._rails.saturated,
            STUCK: self._rails.stuck,
            BIT_STUCK: self._rails.bit_stuck,
            NOISY: self._noisy.holds(self._window.quiet_g > health.noise_max_g or self._is_restless(at_ms), at_ms),
            OVERLOADED: self._heavy.holds(weight_g > self._calibration.capacity_g, at_ms),
            BELOW_EMPTY: self._light.holds(weight_g < -health.below_empty_g, at_ms),
        }
        return self._switch.take(states, at_ms)

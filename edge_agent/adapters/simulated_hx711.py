"""A simulated HX711 on gpiozero's mock pins: the data sheet's timing, and what breaks in a shop. It keeps its own time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from gpiozero.pins.mock import MockFactory, MockPin

COUNTS_MIN, COUNTS_MAX = -(2**23), 2**23 - 1
POWER_DOWN_NS = 60_000
CALL_NS = 2_000
"""What a call of the program costs: reading the clock, setting or reading a pin."""
GAIN_OF_PULSES = {25: 128, 26: 32, 27: 64}
Wire = Literal["sound", "loose", "grounded"]


class SimulatedHx711:
    """The chip, its two pins and its time.

    Args:
        clock_pin, data_pin: GPIO numbers of SCK and DT.
        counts: what input A converts to at gain 128, by the time in seconds.
        counts_b: what input B converts to at gain 32.
        rate_hz: 10 or 80.

    Attributes:
        factory: the pin factory to open the pins with.
        data_wire: how DT is connected; a loose wire is pulled up.
        has_power: without it, DT floats too.
        stuck_bits: bits of every conversion that hang at one.
        slow_pulses: pulses, counted from 1 over the chip's life, during which the program is stopped, and for how many nanoseconds.
    """

    def __init__(
        self,
        *,
        clock_pin: int,
        data_pin: int,
        counts: Callable[[float], int],
        counts_b: Callable[[float], int] = lambda _: 0,
        rate_hz: int = 10,
    ) -> None:
        self.factory = _Pins(self, clock_pin, data_pin)
        self.data_wire: Wire = "sound"
        self.has_power = True
        self.stuck_bits = 0
        self.slow_pulses: dict[int, int] = {}
        self.pulses_seen = 0
        self._counts = {128: counts, 64: lambda at_s: counts(at_s) // 2, 32: counts_b}
        self._period_ns = round(1e9 / rate_hz)
        self._settling_ns = 4 * self._period_ns
        self._ns = 0
        self._high_since_ns: int | None = None
        self._reset()

    def now_ns(self) -> int:
        """The chip's time; asking for it takes a moment."""
        self._ns += CALL_NS
        return self._ns

    def now_ms(self) -> int:
        """The chip's time in milliseconds."""
        return self._ns // 1_000_000

    def sleep_s(self, duration_s: float) -> None:
        """Let time pass."""
        self._ns += round(duration_s * 1e9)

    @property
    def is_asleep(self) -> bool:
        """Whether the clock has been high for so long that the chip powered down."""
        return self._high_since_ns is not None and self._ns - self._high_since_ns > POWER_DOWN_NS

    def clocked(self, *, is_high: bool) -> None:
        """The program sets SCK."""
        self._ns += CALL_NS
        if is_high and self._high_since_ns is None:
            self._high_since_ns = self._ns
            self.pulses_seen += 1
            self._ns += self.slow_pulses.get(self.pulses_seen, 0)
            self._shift()
        elif not is_high and self._high_since_ns is not None:
            if self.is_asleep:
                self._reset()
            self._high_since_ns = None

    def data_level(self) -> bool:
        """What the program sees on DT."""
        self._ns += CALL_NS
        if self.data_wire == "grounded":
            return False
        if self.data_wire == "loose" or not self.has_power or self.is_asleep:
            return True
        if self._shifted in (0, *GAIN_OF_PULSES):
            return self._ns < self._ready_at_ns
        return bool(self._word >> (24 - self._shifted) & 1)

    def _reset(self) -> None:
        self._gain = self._gain_read = 128
        self._shifted = 0
        self._word = 0
        self._ready_at_ns = self._ns + self._settling_ns

    def _shift(self) -> None:
        if self._shifted in GAIN_OF_PULSES and self._ns >= self._ready_at_ns:
            self._shifted = 0
        if not self._shifted:
            if self._ns < self._ready_at_ns:
                return  # It converts, and listens to nothing else.
            counts = min(max(self._counts[self._gain](self._ns / 1e9), COUNTS_MIN), COUNTS_MAX)
            self._word = counts & 0xFFFFFF | self.stuck_bits
            self._gain_read = self._gain
        self._shifted = min(self._shifted + 1, max(GAIN_OF_PULSES))
        if self._shifted in GAIN_OF_PULSES:
            self._gain = GAIN_OF_PULSES[self._shifted]
            self._ready_at_ns = self._ns + (self._period_ns if self._gain == self._gain_read else self._settling_ns)


class _ClockPin(MockPin):  # type: ignore[misc]  # gpiozero ships no types.
    """SCK: the chip hears of every change."""

    def __init__(self, factory: Any, info: Any, chip: SimulatedHx711) -> None:
        self._chip = chip
        super().__init__(factory, info)

    def _set_state(self, value: Any) -> None:
        super()._set_state(value)
        self._chip.clocked(is_high=bool(value))


class _DataPin(MockPin):  # type: ignore[misc]  # gpiozero ships no types.
    """DT: its level is the chip's at the moment of looking."""

    def __init__(self, factory: Any, info: Any, chip: SimulatedHx711) -> None:
        self._chip = chip
        super().__init__(factory, info)

    def _get_state(self) -> bool:
        return self._chip.data_level()


class _Pins(MockFactory):  # type: ignore[misc]  # gpiozero ships no types.
    """Gives out the two pins that the chip is wired to, and plain mock pins otherwise."""

    def __init__(self, chip: SimulatedHx711, clock_pin: int, data_pin: int) -> None:
        super().__init__(pin_class=MockPin)
        self._chip = chip
        self._wired = {clock_pin: _ClockPin, data_pin: _DataPin}

    def pin(self, name: Any, pin_class: Any = None, **kwargs: Any) -> Any:
        """The pin of this number."""
        if name in self._wired:
            return super().pin(name, pin_class=self._wired[name], chip=self._chip)
        return super().pin(name, pin_class=pin_class, **kwargs)

"""A load cell on an HX711 that this program clocks itself, bit by bit, over two GPIO pins.

The kernel's driver (`load_cell_iio`) keeps the chip's timing better; this one needs no overlay. The chip powers down when its clock stays
high for longer than 60 µs, and Linux may stop us at any instant: a read to which that may have happened is thrown away and counted.
"""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable
from typing import Any

from edge_agent.errors import LoadCellSilent, SensorUnavailable
from edge_agent.readings import RawReading

BITS = 24
PULSES_FOR_GAIN = {128: 25, 32: 26, 64: 27}
"""Pulses a read takes; they choose the next conversion's input and gain: A at 128, B at 32, A at 64."""
CLOCK_HIGH_MAX_NS = 60_000
POWER_DOWN_S = 100e-6
SETTLING_S = {10: 0.400, 80: 0.050}
STUCK_READS_MAX = 3
_LOOK_EVERY_S = 0.001
_ASLEEP_SHARE = 0.8


class LoadCellGpio:
    """One HX711 on two pins.

    Args:
        shelf_id: the shelf that stands on it.
        clock_pin, data_pin: GPIO numbers of SCK and DT.
        monotonic_ms: the agent's clock.
        rate_hz: 10 or 80, as its RATE pin is soldered.
        gain: 128 or 64 (input A), or 32 (input B).
        pin_factory: gpiozero's; None: the one that fits the computer.
        now_ns, sleep_s: how time is told and spent between the pulses.

    Attributes:
        discarded_reads: reads thrown away because the clock was high too long, or because the data line hung.

    Raises:
        SensorUnavailable: the pins cannot be had.
    """

    def __init__(
        self,
        *,
        shelf_id: str,
        clock_pin: int,
        data_pin: int,
        monotonic_ms: Callable[[], int],
        rate_hz: int = 10,
        gain: int = 128,
        pin_factory: Any = None,
        now_ns: Callable[[], int] = time.perf_counter_ns,
        sleep_s: Callable[[float], None] = time.sleep,
    ) -> None:
        self.shelf_id = shelf_id
        self.discarded_reads = 0
        self._monotonic_ms = monotonic_ms
        self._rate_hz = rate_hz
        self._pulses = PULSES_FOR_GAIN[gain]
        self._now_ns = now_ns
        self._sleep_s = sleep_s
        self._stuck_reads = 0
        self._is_first = True
        self._devices = self._opened(clock_pin, data_pin, pin_factory)
        self._clock, self._data = (device.pin for device in self._devices)
        self.power_down()
        self.power_up()

    def read(self, timeout_ms: int) -> RawReading | None:
        """Wait for the next conversion and clock it out.

        Raises:
            LoadCellSilent: the data line never said that a conversion is ready.
            SensorUnavailable: the data line hangs, or no read was quick enough within `timeout_ms`.
        """
        deadline_ns = self._now_ns() + timeout_ms * 1_000_000
        discarded_before = self.discarded_reads
        while self._await_ready(deadline_ns):
            reading = self._take()
            if reading is not None:
                return reading
            if self._now_ns() >= deadline_ns:
                break
        discarded = self.discarded_reads - discarded_before
        if discarded:
            problem = f"{discarded} reads in {timeout_ms} ms were too slow or broken, none was good"
            raise self._unavailable(problem, 'the computer is too busy to clock an HX711: use the kernel\'s driver (adapter = "iio")')
        raise LoadCellSilent(shelf_id=self.shelf_id, waited_ms=timeout_ms)

    def power_down(self) -> None:
        """Send the chip to sleep: its clock stays high."""
        self._clock.state = True
        self._sleep_s(POWER_DOWN_S)

    def power_up(self) -> None:
        """Wake the chip. It answers once its filter has settled: 0.4 s at 10 readings a second, 0.05 s at 80."""
        self._clock.state = False
        self._is_first = True
        self._ready_from_ns = self._now_ns() + round(SETTLING_S[self._rate_hz] * _ASLEEP_SHARE * 1e9)

    def close(self) -> None:
        """Send the chip to sleep and let go of the pins."""
        devices, self._devices = self._devices, ()
        if not devices:
            return
        with contextlib.suppress(Exception):  # The pins may have gone with their chip; there is nothing left to save.
            self.power_down()
        for device in devices:
            device.close()

    def _take(self) -> RawReading | None:
        """The conversion that is ready; None where it cannot be trusted."""
        taken_at_ms = self._monotonic_ms()
        counts = self._clocked_out()
        if counts is None:
            self.discarded_reads += 1
            self.power_down()  # Whatever the chip made of it: a reset is the one state that both sides know.
            self.power_up()
            return None
        if not self._data.state:
            self._tell_stuck()
            return None
        self._stuck_reads = 0
        was_first, self._is_first = self._is_first, False
        if was_first and self._pulses != PULSES_FOR_GAIN[128]:
            return None  # After a reset the chip converts input A at 128 once, whatever was asked before.
        return RawReading(taken_at_ms, counts)

    def _opened(self, clock_pin: int, data_pin: int, pin_factory: Any) -> tuple[Any, ...]:
        from gpiozero import DigitalOutputDevice, GPIOZeroError, InputDevice, PinFactoryFallback

        opened: list[Any] = []
        warnings.simplefilter("ignore", PinFactoryFallback)  # The error below says the same in one line.
        try:
            opened.append(DigitalOutputDevice(clock_pin, initial_value=False, pin_factory=pin_factory))
            # The pull-up makes a loose wire read "not ready" instead of noise.
            opened.append(InputDevice(data_pin, pull_up=True, pin_factory=pin_factory))
        except (GPIOZeroError, OSError, ImportError) as error:
            for device in opened:
                device.close()
            problem = f"GPIO{clock_pin} and GPIO{data_pin} cannot be used ({str(error) or type(error).__name__})"
            raise self._unavailable(problem, "run on a Raspberry Pi with lgpio installed, and let nothing else use these pins") from None
        return tuple(opened)

    def _await_ready(self, deadline_ns: int) -> bool:
        """Sleep while no conversion can be ready, then look often; False when the time is over."""
        asleep_ns = min(self._ready_from_ns, deadline_ns) - self._now_ns()
        if asleep_ns > 0:
            self._sleep_s(asleep_ns / 1e9)
        while self._data.state:
            if self._now_ns() >= deadline_ns:
                return False
            self._sleep_s(_LOOK_EVERY_S)
        return True

    def _clocked_out(self) -> int | None:
        """The conversion, signed; None when a pulse lasted too long for the chip to have stayed awake for sure."""
        clock, data, now_ns = self._clock, self._data, self._now_ns
        word = 0
        for pulse in range(self._pulses):
            before_ns = now_ns()
            clock.state = True
            clock.state = False
            if now_ns() - before_ns > CLOCK_HIGH_MAX_NS:
                return None
            if pulse < BITS:
                word = word << 1 | bool(data.state)
        self._ready_from_ns = now_ns() + round(_ASLEEP_SHARE / self._rate_hz * 1e9)
        return word - (1 << BITS) if word >> (BITS - 1) else word

    def _tell_stuck(self) -> None:
        """The chip raises its data line after the last pulse; a line that stays low is no chip that speaks."""
        self.discarded_reads += 1
        self._stuck_reads += 1
        if self._stuck_reads >= STUCK_READS_MAX:
            self._stuck_reads = 0
            raise self._unavailable("the data line stays low", "look for a short circuit from DT to ground, and check the HX711's supply")

    def _unavailable(self, problem: str, advice: str) -> SensorUnavailable:
        return SensorUnavailable(part=f"shelf {self.shelf_id}", problem=problem, advice=advice)

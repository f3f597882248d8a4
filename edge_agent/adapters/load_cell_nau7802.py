"""A load cell on a NAU7802: a 24-bit converter with its own regulator, read over I²C. Its address is fixed, so there is one on a bus."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from edge_agent.errors import LoadCellSilent, SensorUnavailable
from edge_agent.readings import RawReading

ADDRESS = 0x2A
PU_CTRL, CTRL1, CTRL2, ADC_OUT, ADC_SETTINGS, POWER, REVISION = 0x00, 0x01, 0x02, 0x12, 0x15, 0x1C, 0x1F
RESET, DIGITAL_ON, ANALOGUE_ON, POWERED, START, READY, OWN_REGULATOR = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x80
REGULATOR_3V0 = 0b101 << 3
CALIBRATE, CALIBRATION_FAILED = 0x04, 0x08
CHOPPER_OFF = 0x30
INPUT_2_CAPACITOR = 0x80
REVISION_NUMBER = 0x0F
RATE_CODES = {10: 0b000, 20: 0b001, 40: 0b010, 80: 0b011, 320: 0b111}
GAIN_CODES = {1: 0, 2: 1, 4: 2, 8: 3, 16: 4, 32: 5, 64: 6, 128: 7}
STEP_TIMEOUT_S = 1.0
REGULATOR_SETTLES_S = 0.25
CONVERSIONS_TO_SETTLE = 4
_LOOK_EVERY_S = 0.001
_SIGN = 0x800000
_ADVICE = "check SDA, SCL and 3.3 V (the chip's address is 0x2A), and that I²C is switched on"


class I2cBus(Protocol):
    """What is used of a bus: smbus2's `SMBus` has it, and so has a simulated chip."""

    def read_byte_data(self, i2c_addr: int, register: int, /) -> int:
        """One register."""

    def write_byte_data(self, i2c_addr: int, register: int, value: int, /) -> object:
        """Set one register."""

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int, /) -> Sequence[int]:
        """Registers in a row, read at one go."""

    def close(self) -> None:
        """Let go of the bus."""


def open_bus(number: int, *, shelf_id: str) -> I2cBus:
    """The computer's own bus.

    Raises:
        SensorUnavailable: smbus2 is not installed, or there is no such bus.
    """
    part = f"shelf {shelf_id}"
    try:
        from smbus2 import SMBus
    except ImportError:
        raise SensorUnavailable(part=part, problem="smbus2 is not installed", advice="pip install smbus2") from None
    try:
        bus: I2cBus = SMBus(number)
    except OSError as error:
        problem = f"I²C bus {number} cannot be opened ({error.strerror})"
        raise SensorUnavailable(part=part, problem=problem, advice="switch I²C on with raspi-config; check i2c_bus") from None
    return bus


class LoadCellNau7802:
    """One NAU7802.

    Args:
        bus: where it is; closed with the cell.
        shelf_id: the shelf that stands on it.
        monotonic_ms: the agent's clock.
        rate_hz: 10, 20, 40, 80 or 320 conversions a second.
        gain: 1 to 128, in powers of two.
        now_s, sleep_s: how time is told and spent while waiting for the chip.

    Raises:
        SensorUnavailable: nothing answers, something else does, or the chip cannot calibrate itself.
    """

    def __init__(
        self,
        bus: I2cBus,
        *,
        shelf_id: str,
        monotonic_ms: Callable[[], int],
        rate_hz: int = 10,
        gain: int = 128,
        now_s: Callable[[], float] = time.monotonic,
        sleep_s: Callable[[float], None] = time.sleep,
    ) -> None:
        self.shelf_id = shelf_id
        self._bus = bus
        self._monotonic_ms = monotonic_ms
        self._rate_hz = rate_hz
        self._now_s = now_s
        self._sleep_s = sleep_s
        self._is_open = True
        try:
            self._begin(rate_hz, gain)
        except OSError as error:
            self.close()
            raise self._told(error) from None

    def read(self, timeout_ms: int) -> RawReading | None:
        """Wait for the next conversion.

        Raises:
            LoadCellSilent: the chip answers but converts nothing.
            SensorUnavailable: nothing answers any more, or the chip has lost its settings in a power cut.
        """
        deadline_s = self._now_s() + timeout_ms / 1000.0
        try:
            while True:
                state = self._bus.read_byte_data(ADDRESS, PU_CTRL)
                if state & READY:
                    return RawReading(self._monotonic_ms(), self._counts())
                if not state & ANALOGUE_ON:
                    raise self._unavailable("the NAU7802 has lost its settings", "its power failed for a moment: check 3.3 V and ground")
                if self._now_s() >= deadline_s:
                    raise LoadCellSilent(shelf_id=self.shelf_id, waited_ms=timeout_ms, advice="switch the NAU7802 off and on")
                self._sleep_s(min(_LOOK_EVERY_S, 0.1 / self._rate_hz))
        except OSError as error:
            raise self._told(error) from None

    def close(self) -> None:
        """Send the chip to sleep and let go of the bus."""
        if not self._is_open:
            return
        self._is_open = False
        with contextlib.suppress(OSError):  # It may have been unplugged; then it sleeps already.
            self._bus.write_byte_data(ADDRESS, PU_CTRL, 0)
        self._bus.close()

    def _begin(self, rate_hz: int, gain: int) -> None:
        """Reset, supply, gain and rate, calibration of the amplifier, start: the order of the data sheet's power-on sequencing."""
        write = self._bus.write_byte_data
        write(ADDRESS, PU_CTRL, RESET)
        write(ADDRESS, PU_CTRL, DIGITAL_ON)
        self._await(PU_CTRL, POWERED, POWERED, "does not power up")
        if (revision := self._bus.read_byte_data(ADDRESS, REVISION)) & 0x0F != REVISION_NUMBER:
            raise self._unavailable(f"what answers is no NAU7802 (revision {revision:#04x})", "look for another chip at address 0x2A")
        write(ADDRESS, PU_CTRL, DIGITAL_ON | ANALOGUE_ON | OWN_REGULATOR)
        write(ADDRESS, CTRL1, REGULATOR_3V0 | GAIN_CODES[gain])
        write(ADDRESS, CTRL2, RATE_CODES[rate_hz] << 4)
        write(ADDRESS, ADC_SETTINGS, CHOPPER_OFF)
        write(ADDRESS, POWER, INPUT_2_CAPACITOR)
        self._sleep_s(REGULATOR_SETTLES_S)
        write(ADDRESS, CTRL2, RATE_CODES[rate_hz] << 4 | CALIBRATE)
        if self._await(CTRL2, CALIBRATE, 0, "does not end its calibration") & CALIBRATION_FAILED:
            raise self._unavailable("the NAU7802 cannot calibrate its amplifier", "check the load cell's four wires")
        write(ADDRESS, PU_CTRL, DIGITAL_ON | ANALOGUE_ON | OWN_REGULATOR | START)
        for _ in range(CONVERSIONS_TO_SETTLE):
            self._await(PU_CTRL, READY, READY, "converts nothing")
            self._counts()

    def _await(self, register: int, mask: int, wanted: int, problem: str) -> int:
        deadline_s = self._now_s() + STEP_TIMEOUT_S
        while (value := self._bus.read_byte_data(ADDRESS, register)) & mask != wanted:
            if self._now_s() >= deadline_s:
                raise self._unavailable(f"the NAU7802 {problem}", "switch it off and on; check its 3.3 V")
            self._sleep_s(_LOOK_EVERY_S)
        return value

    def _counts(self) -> int:
        high, middle, low = self._bus.read_i2c_block_data(ADDRESS, ADC_OUT, 3)
        word = high << 16 | middle << 8 | low
        return word - 2 * _SIGN if word & _SIGN else word

    def _told(self, error: OSError) -> SensorUnavailable:
        if isinstance(error, SensorUnavailable):
            return error
        return self._unavailable(f"no NAU7802 answers ({(error.strerror or str(error)).lower()})", _ADVICE)

    def _unavailable(self, problem: str, advice: str) -> SensorUnavailable:
        return SensorUnavailable(part=f"shelf {self.shelf_id}", problem=problem, advice=advice)

"""A simulated NAU7802 on an I²C bus of its own: registers, power-up, calibration and conversions. It keeps its own time."""

from __future__ import annotations

import errno
from collections.abc import Callable

ADDRESS = 0x2A
CALL_S = 0.0003
"""What a transfer of some bytes takes at 100 kHz."""
_RATES_HZ = {0b000: 10, 0b001: 20, 0b010: 40, 0b011: 80, 0b111: 320}
_PU_CTRL, _CTRL1, _CTRL2, _REVISION = 0x00, 0x01, 0x02, 0x1F
_OUT = range(0x12, 0x15)
_RESET, _DIGITAL_ON, _ANALOGUE_ON, _POWERED, _START, _READY = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_CALIBRATE, _CALIBRATION_FAILED = 0x04, 0x08
_POWER_UP_S = 0.0002
_CALIBRATION_S = 0.3


class SimulatedNau7802:
    """The chip and the bus it is on.

    Args:
        counts: what it converts to at gain 128, by the time in seconds.

    Attributes:
        is_plugged: without its wires nothing answers.
        is_converting: False: it answers, but no conversion ends.
        calibration_fails: its amplifier finds no offset, as with an open bridge.
        revision: what the chip calls itself; another chip says something else.
        is_closed: whether the bus was let go.
    """

    def __init__(self, counts: Callable[[float], int]) -> None:
        self.is_plugged = True
        self.is_converting = True
        self.calibration_fails = False
        self.revision = 0x0F
        self.is_closed = False
        self._counts = counts
        self._s = 0.0
        self.lose_power()

    def lose_power(self) -> None:
        """For a moment: all settings are gone."""
        self._registers = {_PU_CTRL: 0, _CTRL1: 0, _CTRL2: 0}
        self._powered_at_s = self._calibrated_at_s = self._converted_at_s = 0.0

    def now_s(self) -> float:
        """The chip's time."""
        return self._s

    def now_ms(self) -> int:
        """The chip's time in milliseconds."""
        return round(self._s * 1000.0)

    def sleep_s(self, duration_s: float) -> None:
        """Let time pass."""
        self._s += duration_s

    @property
    def gain(self) -> int:
        """The gain that is set."""
        return 1 << (self._registers[_CTRL1] & 0x07)

    @property
    def is_asleep(self) -> bool:
        """Whether both halves of the chip are powered down."""
        return not self._registers[_PU_CTRL] & (_DIGITAL_ON | _ANALOGUE_ON)

    def read_byte_data(self, i2c_addr: int, register: int, /) -> int:
        """One register."""
        self._transfer(i2c_addr)
        if register == _PU_CTRL:
            return self._power_state()
        if register == _CTRL2:
            busy = _CALIBRATE if self._s < self._calibrated_at_s else 0
            failed = _CALIBRATION_FAILED if self.calibration_fails and self._calibrated_at_s and not busy else 0
            return self._registers[_CTRL2] & ~(_CALIBRATE | _CALIBRATION_FAILED) | busy | failed
        if register == _REVISION:
            return self.revision
        return self._registers.get(register, 0)

    def write_byte_data(self, i2c_addr: int, register: int, value: int, /) -> None:
        """Set one register."""
        self._transfer(i2c_addr)
        if register == _PU_CTRL:
            if value & _RESET:
                self.lose_power()
            if value & _DIGITAL_ON and not self._registers[_PU_CTRL] & _DIGITAL_ON:
                self._powered_at_s = self._s + _POWER_UP_S
            if value & _START and not self._registers[_PU_CTRL] & _START:
                self._converted_at_s = self._s
        if register == _CTRL2 and value & _CALIBRATE:
            self._calibrated_at_s = self._s + _CALIBRATION_S
        self._registers[register] = value

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int, /) -> list[int]:
        """Registers in a row; reading the conversion makes room for the next."""
        self._transfer(i2c_addr)
        if range(register, register + length) != _OUT:
            return [self._registers.get(register + i, 0) for i in range(length)]
        if self._power_state() & _READY:
            self._converted_at_s += self._period_s * int((self._s - self._converted_at_s) / self._period_s)
        counts = min(max(self._counts(self._s) * self.gain // 128, -(2**23)), 2**23 - 1)
        return list((counts & 0xFFFFFF).to_bytes(3, "big"))

    def close(self) -> None:
        """Let go of the bus."""
        self.is_closed = True

    @property
    def _period_s(self) -> float:
        return 1.0 / _RATES_HZ[self._registers[_CTRL2] >> 4 & 0x07]

    def _power_state(self) -> int:
        state = self._registers[_PU_CTRL] & ~(_POWERED | _READY)
        if state & _DIGITAL_ON and self._s >= self._powered_at_s:
            state |= _POWERED
        if self.is_converting and state & _START and state & _ANALOGUE_ON and self._s - self._converted_at_s >= self._period_s:
            state |= _READY
        return state

    def _transfer(self, address: int) -> None:
        self._s += CALL_S
        if address != ADDRESS or not self.is_plugged:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")

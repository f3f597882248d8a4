"""Buttons and lights at the shelves, on the computer's pins, and simulated ones behind the same interface."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from edge_agent.errors import SensorUnavailable

log = structlog.get_logger("edge_agent.light")


class GpioButton:
    """A button between a pin and ground; the pin is pulled up inside the computer.

    Args:
        part: what a user calls it.
        pin: the GPIO number.
        pin_factory: gpiozero's; None: the one that fits the computer.

    Raises:
        SensorUnavailable: the pin cannot be had.
    """

    def __init__(self, part: str, pin: int, *, pin_factory: Any = None) -> None:
        self._device = _opened(part, pin, pin_factory, "DigitalInputDevice", pull_up=True)

    def is_down(self) -> bool:
        """Whether it is pressed now."""
        return bool(self._device.value)

    def close(self) -> None:
        """Let go of the pin."""
        self._device.close()


class GpioLight:
    """A light on a pin: an LED with its resistor, or the input of a transistor or relay.

    Args:
        part, pin, pin_factory: as for a button.
        is_active_high: False where a low pin lights it.

    Raises:
        SensorUnavailable: the pin cannot be had.
    """

    def __init__(self, part: str, pin: int, *, is_active_high: bool = True, pin_factory: Any = None) -> None:
        self._device = _opened(part, pin, pin_factory, "DigitalOutputDevice", active_high=is_active_high)

    def set(self, is_lit: bool) -> None:
        """Turn it on or off."""
        self._device.value = is_lit

    def close(self) -> None:
        """Turn it off and let go of the pin."""
        self._device.off()
        self._device.close()


class SimulatedButton:
    """A button that is pressed by plan.

    Args:
        presses_s: (seconds after the start, seconds held), one pair a press.
        monotonic_ms: the agent's clock.
    """

    def __init__(self, presses_s: Sequence[tuple[float, float]], monotonic_ms: Callable[[], int]) -> None:
        self._presses_ms = [(1000 * after, 1000 * (after + held)) for after, held in presses_s]
        self._monotonic_ms = monotonic_ms

    def is_down(self) -> bool:
        """Whether it is pressed now."""
        now_ms = self._monotonic_ms()
        return any(began <= now_ms < ended for began, ended in self._presses_ms)

    def close(self) -> None:
        """There is nothing to let go of."""


class SimulatedLight:
    """A light that writes into the log when it goes on and off."""

    def __init__(self, part: str) -> None:
        self._part = part
        self.is_lit = False

    def set(self, is_lit: bool) -> None:
        """Turn it on or off."""
        if is_lit != self.is_lit:
            self.is_lit = is_lit
            log.debug("light", part=self._part, lit=is_lit)

    def close(self) -> None:
        """Turn it off."""
        self.set(False)


def _opened(part: str, pin: int, pin_factory: Any, kind: str, **how: Any) -> Any:
    import gpiozero  # Only a device with pins needs it.

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # gpiozero tells of each pin library that it tried.
            return getattr(gpiozero, kind)(pin, pin_factory=pin_factory, **how)
    except (gpiozero.GPIOZeroError, ImportError, OSError, RuntimeError) as error:
        said = str(error).strip().splitlines()
        reason = (said[0] if said else type(error).__name__).removesuffix(".")
        advice = "run the agent on a computer with pins, as a user in the group gpio, and use a pin that nothing else holds"
        raise SensorUnavailable(part=part, problem=f"GPIO{pin} cannot be used ({reason})", advice=advice) from None

"""Buttons and lights at the shelves: one thread looks at all buttons forty times a second and sets all lights."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import structlog

from edge_agent.adapters.clock import AgentClock
from edge_agent.config import ButtonConfig, EdgeConfig, LightConfig
from edge_agent.errors import SensorUnavailable
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.orders import Orders
from edge_agent.flows.scale_care import CALIBRATING, ScaleCare, TareAsked
from edge_agent.readings import Button, Light
from edge_agent.rules.button_press import Press, PressWatch
from edge_agent.rules.light_signal import LightSignal
from wire_format.commands import ShelfLight
from wire_format.observations import ButtonPressed, Observation

LOOK_EVERY_S = 0.025
UNAVAILABLE, STUCK = "unavailable", "button_stuck"

log = structlog.get_logger("edge_agent.shelf_signals")


class ShelfSignals:
    """All buttons and lights of a device.

    Args:
        config: which there are.
        record, clock, faults: who says it, and where.
        orders: through which the hub sets lights.
        cares: the scales that a held button may zero, by shelf.
        pin_factory: gpiozero's; None: the one that fits the computer.
    """

    name = "buttons and lights"

    def __init__(
        self,
        config: EdgeConfig,
        *,
        record: Callable[[Observation], object],
        clock: AgentClock,
        faults: FaultBoard,
        orders: Orders,
        cares: Mapping[str, ScaleCare],
        pin_factory: Any = None,
    ) -> None:
        self._config = config
        self._record = record
        self._clock = clock
        self._faults = faults
        self._cares = cares
        self._pin_factory = pin_factory
        self._at_ms = clock.monotonic_ms()
        self._lock = threading.Lock()
        self._signals = {light.shelf_id: LightSignal(timeout_ms=round(light.timeout_s * 1000)) for light in config.lights}
        self._ill: frozenset[str] = frozenset()
        self._buttons: list[tuple[ButtonConfig, Button, PressWatch]] = []
        self._lights: list[tuple[LightConfig, Light]] = []
        for shelf_id in self._signals:
            orders.lights(shelf_id, self._hear)
        faults.on_change(self._look_at_faults)

    def run(self, stop: threading.Event) -> None:
        """Look and light until `stop` is set. A pin that cannot be had leaves the others at work."""
        self.open()
        try:
            while not stop.wait(LOOK_EVERY_S):
                self.turn(self._clock.monotonic_ms())
        finally:
            self.close()

    def open(self) -> None:
        """Take the pins."""
        for button in self._config.buttons:
            with self._told(f"button {button.button_id}"):
                self._buttons.append((button, self._opened_button(button), PressWatch(hold_ms=round(button.tare_hold_s * 1000))))
        for light in self._config.lights:
            with self._told(f"light {light.shelf_id}"):
                self._lights.append((light, self._opened_light(light)))

    def turn(self, at_ms: int) -> None:
        """Look at every button and set every light once."""
        self._at_ms = at_ms
        for button, device, watch in self._buttons:
            press = watch.take(device.is_down(), at_ms)
            if press is not None:
                self._pressed(button, press, at_ms)
        with self._lock:
            for light, lamp in self._lights:
                lamp.set(self._signals[light.shelf_id].lit(at_ms, has_fault=light.shelf_id in self._ill))

    def close(self) -> None:
        """Turn all off and let go of the pins."""
        devices = [device for _, device, _ in self._buttons] + [lamp for _, lamp in self._lights]
        self._buttons, self._lights = [], []
        for device in devices:
            device.close()

    # ---- buttons

    def _pressed(self, button: ButtonConfig, press: Press, at_ms: int) -> None:
        part = f"button {button.button_id}"
        match press:
            case "pressed":
                self._say(button, "pressed", "")
            case "held":
                self._tare(button, at_ms)
            case "stuck":
                advice = "look for a jammed button or a short circuit from its wire to ground"
                self._faults.raise_fault(part, STUCK, "has been down for a minute", advice)
            case "freed":
                self._faults.clear(part, STUCK)

    def _tare(self, button: ButtonConfig, at_ms: int) -> None:
        care = self._cares.get(button.shelf_id)
        if care is None:
            self._answer(button, False, "this device has no scale of this shelf", "give it one, or move the button")
            return
        care.ask_tare(TareAsked(button.tare_max_g, at_ms, lambda done, what, advice: self._answer(button, done, what, advice)))

    def _answer(self, button: ButtonConfig, is_done: bool, what: str, advice: str) -> None:
        """What came of a held button: on the light at once, and on the hub's page. Called on the scale's thread."""
        with self._lock:
            signal = self._signals.get(button.shelf_id)
            if signal is not None:
                signal.answer("done" if is_done else "refused", self._at_ms)
        self._say(button, "tared" if is_done else "tare_refused", f"{what}; {advice}" if advice else what)

    def _say(self, button: ButtonConfig, action: Literal["pressed", "tared", "tare_refused"], detail: str) -> None:
        log.info("button", button=button.button_id, action=action, detail=detail)
        self._record(
            ButtonPressed(
                device_id=self._config.device_id,
                boot_id=self._clock.boot_id,
                monotonic_ms=max(0, self._clock.monotonic_ms()),
                observed_at_ms=self._clock.wall_ms(),
                button_id=button.button_id,
                shelf_id=button.shelf_id,
                action=action,
                detail=detail[:300],
            )
        )

    # ---- lights

    def _hear(self, wish: ShelfLight) -> None:
        with self._lock:
            self._signals[wish.shelf_id].hear(wish, self._at_ms)

    def _look_at_faults(self) -> None:
        """Which shelves are not well. One that is being calibrated is in good hands."""
        parts = {fault.part for fault in self._faults.current() if fault.code != CALIBRATING}
        self._ill = frozenset(shelf_id for shelf_id in self._signals if f"shelf {shelf_id}" in parts)

    # ---- pins

    def _opened_button(self, button: ButtonConfig) -> Button:
        from edge_agent.adapters.buttons_and_lights import GpioButton, SimulatedButton

        if button.adapter == "simulated" or button.pin is None:
            return SimulatedButton(button.presses_s, self._clock.monotonic_ms)
        return GpioButton(f"button {button.button_id}", button.pin, pin_factory=self._pin_factory)

    def _opened_light(self, light: LightConfig) -> Light:
        from edge_agent.adapters.buttons_and_lights import GpioLight, SimulatedLight

        if light.adapter == "simulated" or light.pin is None:
            return SimulatedLight(f"light {light.shelf_id}")
        return GpioLight(f"light {light.shelf_id}", light.pin, is_active_high=light.active_high, pin_factory=self._pin_factory)

    @contextlib.contextmanager
    def _told(self, part: str) -> Iterator[None]:
        try:
            yield
        except SensorUnavailable as error:
            self._faults.raise_fault(part, UNAVAILABLE, error.problem, error.advice)

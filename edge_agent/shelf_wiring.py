"""What a device's buttons and lights may say together, and beside its scales: a pin each, a light a shelf, and something to zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_agent.config import ButtonConfig, EdgeConfig, LightConfig

Mistake = tuple[str, int, str, str]
"""Tables, number in them, field and problem."""


def signal_mistakes(config: EdgeConfig) -> Iterator[Mistake]:
    """What cannot be meant together."""
    scales = {scale.shelf_id for scale in config.scales}
    taken = {
        pin: f"shelf {scale.shelf_id}"
        for scale in config.scales
        if scale.adapter == "gpio"
        for pin in (scale.clock_pin, scale.data_pin)
        if pin is not None
    }
    for number, button in enumerate(config.buttons):
        yield from (("buttons", number, *wrong) for wrong in _button_mistakes(button, scales))
        yield from (("buttons", number, *wrong) for wrong in _pin_mistakes(button, f"button {button.button_id}", taken))
    for number, light in enumerate(config.lights):
        yield from (("lights", number, *wrong) for wrong in _pin_mistakes(light, f"light {light.shelf_id}", taken))


def _button_mistakes(button: ButtonConfig, scales: set[str]) -> Iterator[tuple[str, str]]:
    if button.tare_max_g is not None and button.shelf_id not in scales:
        yield "tare_max_g", "has nothing to zero: shelf_id must name a scale of this device"
    for after_s, held_s in button.presses_s:
        if after_s < 0 or held_s <= 0:
            yield "presses_s", f"[{after_s:g}, {held_s:g}] is no press: give seconds after the start, and seconds held"
    if button.presses_s and button.adapter != "simulated":
        yield "presses_s", f'belongs to adapter = "simulated", but this button has adapter = "{button.adapter}"'


def _pin_mistakes(part: ButtonConfig | LightConfig, name: str, taken: dict[int, str]) -> Iterator[tuple[str, str]]:
    if part.adapter == "simulated":
        if part.pin is not None:
            yield "pin", 'belongs to adapter = "gpio", but this one has adapter = "simulated"'
        return
    if part.pin is None:
        yield "pin", "is missing: the GPIO number that it is wired to"
    elif (owner := taken.setdefault(part.pin, name)) != name:
        yield "pin", f"GPIO{part.pin} belongs to {owner} already; each part needs pins of its own"

"""What a scale's wiring keys may say together: each converter has its own keys, pins and rates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_agent.config import ScaleConfig

KEYS_OF: dict[str, tuple[str, ...]] = {
    "iio": ("iio_device",),
    "gpio": ("clock_pin", "data_pin"),
    "nau7802": ("i2c_bus",),
    "mqtt": ("topic", "temperature_topic"),
    "recording": ("recording",),
}
NEEDED: dict[str, dict[str, str]] = {
    "gpio": {"clock_pin": "the GPIO number that goes to SCK", "data_pin": "the GPIO number that goes to DT"},
    "mqtt": {"topic": "the node's raw state topic, for instance shelf-nodes/bay1-top/sensor/raw/state"},
    "recording": {"recording": "the file to read from"},
}
RATES_HZ: dict[str, tuple[int, ...]] = {"gpio": (10, 80), "nau7802": (10, 20, 40, 80, 320)}
GAINS: dict[str, tuple[int, ...]] = {"gpio": (32, 64, 128), "nau7802": (1, 2, 4, 8, 16, 32, 64, 128)}
I2C_BUS = 1
"""The bus of the Raspberry Pi's pins 3 and 5."""


def wiring_mistakes(scale: ScaleConfig) -> Iterator[tuple[str, str]]:
    """Field and problem of what cannot be meant together in one scale."""
    adapter = scale.adapter
    for key, meaning in NEEDED.get(adapter, {}).items():
        if getattr(scale, key) is None:
            yield key, f'is missing: adapter = "{adapter}" needs {meaning}'
    for owner, keys in KEYS_OF.items():
        for key in keys:
            # A recording may be played in place of the converter that the other keys describe.
            if adapter not in (owner, "recording") and key != "recording" and getattr(scale, key) is not None:
                yield key, f'belongs to adapter = "{owner}", but this scale has adapter = "{adapter}"'
    if adapter == "gpio" and scale.clock_pin is not None and scale.clock_pin == scale.data_pin:
        yield "data_pin", f"GPIO{scale.data_pin} is the clock pin already; SCK and DT need a pin each"
    if adapter in RATES_HZ and scale.sample_rate_hz not in RATES_HZ[adapter]:
        yield "sample_rate_hz", f"the converter knows {_listed(RATES_HZ[adapter])}, got {scale.sample_rate_hz:g}"
    if adapter in GAINS and scale.gain not in GAINS[adapter]:
        yield "gain", f"the converter knows {_listed(GAINS[adapter])}, got {scale.gain}"
    for key in ("topic", "temperature_topic"):
        topic = getattr(scale, key)
        if topic is not None and (not topic or set(topic) & set("+#\0")):
            yield key, f"{topic!r} must name one topic, without + and #"


def sharing_mistakes(scales: Sequence[ScaleConfig]) -> Iterator[tuple[int, str, str]]:
    """Number of the scale, field and problem, where two scales of a device claim the same pin, bus or topic."""
    taken: dict[tuple[str, object], str] = {}
    for number, scale in enumerate(scales):
        claims: list[tuple[str, str, object, str]] = []
        match scale.adapter:
            case "gpio":
                claims += [(key, "GPIO", getattr(scale, key), "two pins") for key in ("clock_pin", "data_pin")]
            case "nau7802":
                bus = scale.i2c_bus if scale.i2c_bus is not None else I2C_BUS
                claims.append(("i2c_bus", "the NAU7802 of I²C bus ", bus, "a bus (its address is fixed)"))
            case "mqtt":
                claims.append(("topic", "topic ", scale.topic, "a topic"))
        for key, what, value, needs in claims:
            owner = taken.setdefault((what, value), scale.shelf_id)
            if owner != scale.shelf_id and value is not None:
                yield number, key, f"{what}{value} belongs to shelf {owner} already; each scale needs {needs} of its own"


def _listed(numbers: Sequence[int]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"

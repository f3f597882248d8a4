"""Whatever reads the cell, an ill scale is told from an empty shelf: silence, loose wires, no power, saturation, stuck bits, at each rate.

One suite for the drivers of real converters and for recordings; an ESP32 node, whose ills reach us as silence or as counts, is among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.adapters.broker_link import BrokerLink
from edge_agent.adapters.load_cell_gpio import LoadCellGpio
from edge_agent.adapters.load_cell_iio import RAW_ZERO, LoadCellIio
from edge_agent.adapters.load_cell_mqtt import LoadCellMqtt
from edge_agent.adapters.load_cell_nau7802 import LoadCellNau7802
from edge_agent.adapters.load_cell_recording import LoadCellRecording
from edge_agent.adapters.simulated_hx711 import SimulatedHx711
from edge_agent.adapters.simulated_nau7802 import SimulatedNau7802
from edge_agent.config import BrokerConfig
from edge_agent.errors import LoadCellSilent, SensorUnavailable
from edge_agent.readings import LoadCell, RawReading
from edge_agent.rules.calibration import COUNTS_MAX, COUNTS_MIN, Calibration
from edge_agent.rules.scale_health import BIT_STUCK, NOISY, SATURATED, STUCK, ScaleFault
from edge_agent.rules.weighing import Settled, Weigher, WeighingRule

PER_GRAM, TARE = 21.0, 84_000
STUCK_BIT = 5
TIMEOUT_MS = 600


class Signal:
    """What lies on the scale, conversion by conversion: touched again and again, so that all bits move."""

    def __init__(self) -> None:
        self.number = 0
        self.saturates = self.is_frozen = self.is_over = False
        self.stuck = 0
        self._chance = Random(11)

    def end(self) -> None:
        """No conversion comes any more."""
        self.is_over = True

    def __call__(self, _: float = 0.0) -> int:
        self.number += 1
        if self.saturates:
            return COUNTS_MAX
        if self.is_frozen:
            return TARE
        touch_g = self._chance.uniform(0.0, 900.0) if self.number % 60 < 15 else 0.0
        return round(TARE + PER_GRAM * touch_g + self._chance.gauss(0.0, 8.0)) | self.stuck


class Rig(NamedTuple):
    """A scale, what it converts, and the ways to cut it off: each makes reading fail, within its time, with an error that advises."""

    cell: LoadCell
    signal: Signal
    cuts: dict[str, Callable[[], object]]
    before_read: Callable[[], object] = lambda: None


def bit_banged(rate_hz: int) -> Rig:
    signal = Signal()
    chip = SimulatedHx711(clock_pin=23, data_pin=24, counts=signal, rate_hz=rate_hz)
    cell = LoadCellGpio(
        shelf_id="s1", clock_pin=23, data_pin=24, monotonic_ms=chip.now_ms, rate_hz=rate_hz, pin_factory=chip.factory,
        now_ns=chip.now_ns, sleep_s=chip.sleep_s,
    )  # fmt: skip
    cuts: dict[str, Callable[[], object]] = {
        "no power": lambda: setattr(chip, "has_power", False),
        "loose wire": lambda: setattr(chip, "data_wire", "loose"),
        "wire to ground": lambda: setattr(chip, "data_wire", "grounded"),
    }
    return Rig(cell, signal, cuts)


def over_i2c(rate_hz: int) -> Rig:
    signal = Signal()
    chip = SimulatedNau7802(counts=signal)
    cell = LoadCellNau7802(chip, shelf_id="s1", monotonic_ms=chip.now_ms, rate_hz=rate_hz, now_s=chip.now_s, sleep_s=chip.sleep_s)
    cuts: dict[str, Callable[[], object]] = {
        "no power": chip.lose_power,
        "loose wire": lambda: setattr(chip, "is_plugged", False),
        "no conversion": lambda: setattr(chip, "is_converting", False),
    }
    return Rig(cell, signal, cuts)


def kernel(folder: Path, rate_hz: int) -> Rig:
    signal, now = Signal(), [0]
    device = folder / "iio:device0"
    device.mkdir()
    (device / "name").write_text("hx711\n")
    raw = device / "in_voltage0_raw"
    raw.write_text(f"{RAW_ZERO}\n")

    def monotonic_ms() -> int:
        now[0] += 1_000 // rate_hz
        return now[0]

    def convert() -> None:
        if raw.exists():
            raw.write_text("" if signal.is_over else f"{signal() + RAW_ZERO}\n")

    cell = LoadCellIio(shelf_id="s1", device=None, monotonic_ms=monotonic_ms, root=folder)
    return Rig(cell, signal, {"driver gone": raw.unlink, "no conversion": signal.end}, convert)


RIGS: dict[str, Callable[[Path], Rig]] = {
    "HX711 on pins, 10/s": lambda _: bit_banged(10),
    "HX711 on pins, 80/s": lambda _: bit_banged(80),
    "NAU7802, 10/s": lambda _: over_i2c(10),
    "NAU7802, 80/s": lambda _: over_i2c(80),
    "kernel, 10/s": lambda folder: kernel(folder, 10),
    "kernel, 80/s": lambda folder: kernel(folder, 80),
}


@pytest.fixture(params=[name for name in RIGS if name != "kernel, 80/s"])  # Eighty files written a second are the disk's test, not ours.
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    made = RIGS[request.param](tmp_path)
    yield made
    made.cell.close()


def read(rig: Rig) -> Any:
    rig.before_read()
    return rig.cell.read(TIMEOUT_MS)


def read_ten(rig: Rig, *, times: int = 10) -> None:
    """What the driver still had in hand may come before it notices."""
    for _ in range(times):
        read(rig)


def told_of(rig: Rig, *, seconds: int) -> list[tuple[str, bool]]:
    """What the weigher tells of the scale's health."""
    weigher = Weigher(Calibration(counts_per_gram=PER_GRAM, tare_counts=TARE), WeighingRule())
    told: list[tuple[str, bool]] = []
    began_ms: int | None = None
    while True:
        reading = read(rig)
        began_ms = reading.taken_at_ms if began_ms is None else began_ms
        said = weigher.take(reading)
        if isinstance(said, ScaleFault):
            told.append((said.code, said.cleared))
        assert not isinstance(said, Settled) or abs(said.weight_g) < 1_000.0
        if reading.taken_at_ms - began_ms > 1_000 * seconds:
            return told


@pytest.mark.parametrize("name", RIGS)
@pytest.mark.parametrize("number", [0, 1])
def test_every_way_of_being_cut_off_is_an_error_in_its_time_and_never_a_weight(tmp_path: Path, name: str, number: int) -> None:
    rig = RIGS[name](tmp_path)
    cut = list(rig.cuts)[number]
    assert read(rig) is not None
    rig.cuts[cut]()
    with pytest.raises(SensorUnavailable) as told:
        read_ten(rig)
    assert told.value.advice
    if isinstance(told.value, LoadCellSilent):
        assert told.value.waited_ms == TIMEOUT_MS


def test_a_wire_that_shorts_to_ground_is_told(tmp_path: Path) -> None:
    rig = bit_banged(10)
    rig.cuts["wire to ground"]()
    with pytest.raises(SensorUnavailable, match="stays low"):
        read_ten(rig)


def test_a_saturated_converter_is_told_within_three_seconds(rig: Rig) -> None:
    rig.signal.saturates = True
    assert told_of(rig, seconds=3) == [(SATURATED, False)]


def test_a_scale_jammed_at_its_limit_for_ten_minutes_is_not_called_noisy_too() -> None:
    weigher = Weigher(Calibration(counts_per_gram=PER_GRAM, tare_counts=TARE), WeighingRule())
    said = [weigher.take(RawReading(i * 100, TARE if i < 20 else COUNTS_MAX)) for i in range(6_000)]
    assert [one.code for one in said if isinstance(one, ScaleFault)] == [SATURATED]


def test_a_converter_that_repeats_itself_is_told_within_seventy_seconds(rig: Rig) -> None:
    rig.signal.is_frozen = True
    assert told_of(rig, seconds=70) == [(STUCK, False)]


def test_a_single_bit_that_hangs_is_told_within_two_minutes_and_a_sound_converter_never(rig: Rig) -> None:
    assert told_of(rig, seconds=60) == []
    rig.signal.stuck = 1 << STUCK_BIT
    assert told_of(rig, seconds=120) == [(BIT_STUCK, False)]


def test_a_recording_of_an_ill_scale_tells_the_same(tmp_path: Path) -> None:
    for ill, code in (("saturates", SATURATED), ("is_frozen", STUCK)):
        signal = Signal()
        setattr(signal, ill, True)
        trace = tmp_path / f"{ill}.csv"
        trace.write_text("t_s,raw\n" + "".join(f"{i / 10},{signal()}\n" for i in range(900)))
        assert told_of(Rig(LoadCellRecording(trace, shelf_id="s1"), signal, {}), seconds=80) == [(code, False)]


def test_a_node_whose_converter_is_ill_or_off_tells_the_same(mosquitto: Any) -> None:
    """ESPHome publishes a saturated converter as its rail; a node without power as nothing."""
    topic = "shelf-nodes/s1/sensor/raw/state"
    link = BrokerLink(BrokerConfig(host=mosquitto.host, port=mosquitto.port), client_id="s1")
    now = [0]

    def monotonic_ms() -> int:
        now[0] += 100
        return now[0]

    cell = LoadCellMqtt(link, shelf_id="s1", topic=topic, monotonic_ms=monotonic_ms)
    node = mqtt.Client(CallbackAPIVersion.VERSION2)
    node.connect(mosquitto.host, mosquitto.port)
    node.loop_start()
    for _ in range(60):
        node.publish(topic, str(COUNTS_MIN), qos=1).wait_for_publish(5)
    assert told_of(Rig(cell, Signal(), {}), seconds=4) == [(SATURATED, False)]
    node.disconnect()
    node.loop_stop()
    with pytest.raises(LoadCellSilent, match="no weight"):
        read_ten(Rig(cell, Signal(), {}), times=60)
    cell.close()


def test_a_scale_that_never_comes_to_rest_is_told_as_noisy_and_tells_no_weight() -> None:
    chance = Random(5)
    weigher = Weigher(Calibration(counts_per_gram=PER_GRAM, tare_counts=TARE), WeighingRule())
    said = [weigher.take(RawReading(i * 100, round(TARE + PER_GRAM * chance.gauss(0.0, 150.0)))) for i in range(6_000)]
    assert [one.code for one in said if isinstance(one, ScaleFault)] == [NOISY]

"""A scale's wiring is read from the device's file, and what cannot be wired so is refused with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge_agent.adapters.clock import AgentClock
from edge_agent.config import EdgeConfig, ScaleConfig, load_config
from edge_agent.errors import ConfigurationInvalid, SensorUnavailable
from edge_agent.flows.check import check_device
from edge_agent.flows.load_cells import load_cell_opener

HEAD = 'store_id = "corner"\ndevice_id = "shelves-1"\n'
MEANING = "counts_per_gram = 21.0\ntare_counts = 84000\n"
GPIO = '[[scales]]\nshelf_id = "{}"\nadapter = "gpio"\nclock_pin = {}\ndata_pin = {}\n' + MEANING
NAU = '[[scales]]\nshelf_id = "{}"\nadapter = "nau7802"\n' + MEANING
NODE = '[[scales]]\nshelf_id = "{}"\nadapter = "mqtt"\ntopic = "{}"\n' + MEANING

REFUSED = {
    "no pins": ('[[scales]]\nshelf_id = "s1"\nadapter = "gpio"\n' + MEANING, "scales[1].clock_pin", "is missing"),
    "one pin for both": (GPIO.format("s1", 23, 23), "scales[1].data_pin", "GPIO23 is the clock pin already"),
    "a pin that no Pi has": (GPIO.format("s1", 23, 40), "scales[1].data_pin", "got 40"),
    "a pin of the scale above": (GPIO.format("s1", 23, 24) + GPIO.format("s2", 5, 24), "scales[2].data_pin", "belongs to shelf s1"),
    "a clock that is another's data": (GPIO.format("s1", 23, 24) + GPIO.format("s2", 24, 5), "scales[2].clock_pin", "shelf s1"),
    "a rate the chip does not know": (GPIO.format("s1", 23, 24) + "sample_rate_hz = 20\n", "scales[1].sample_rate_hz", "10 and 80, got 20"),
    "a gain the chip does not know": (GPIO.format("s1", 23, 24) + "gain = 16\n", "scales[1].gain", "32, 64 and 128, got 16"),
    "pins for the kernel": (GPIO.format("s1", 23, 24).replace("gpio", "iio"), "scales[1].clock_pin", 'belongs to adapter = "gpio"'),
    "two NAU7802 on one bus": (NAU.format("s1") + NAU.format("s2"), "scales[2].i2c_bus", "bus 1 belongs to shelf s1 already"),
    "a node without a topic": ('[[scales]]\nshelf_id = "s1"\nadapter = "mqtt"\n' + MEANING, "scales[1].topic", "is missing"),
    "a topic for all nodes": (NODE.format("s1", "shelf-nodes/+/sensor/raw/state"), "scales[1].topic", "without + and #"),
    "two shelves on one node": (NODE.format("s1", "a/b") + NODE.format("s2", "a/b"), "scales[2].topic", "belongs to shelf s1 already"),
}


def loaded(folder: Path, text: str) -> EdgeConfig:
    (folder / "edge.toml").write_text(HEAD + text)
    return load_config(folder / "edge.toml")


@pytest.mark.parametrize("case", REFUSED)
def test_a_wiring_that_cannot_be_is_refused_with_field_and_reason(tmp_path: Path, case: str) -> None:
    text, field, says = REFUSED[case]
    with pytest.raises(ConfigurationInvalid) as refused:
        loaded(tmp_path, text)
    assert refused.value.field == field
    assert says in refused.value.problem
    assert refused.value.line is not None


def test_two_nau7802_on_a_bus_each_and_two_hx711_on_pins_each_are_fine(tmp_path: Path) -> None:
    scales = NAU.format("s1") + NAU.format("s2") + "i2c_bus = 3\n" + GPIO.format("s3", 23, 24) + GPIO.format("s4", 5, 6)
    assert len(loaded(tmp_path, scales).scales) == 4


def test_a_recording_may_be_played_in_the_place_of_any_converter(tmp_path: Path) -> None:
    text = GPIO.format("s1", 23, 24).replace('"gpio"', '"recording"\nrecording = "t.csv"')
    assert loaded(tmp_path, text).scales[0].recording == "t.csv"


@pytest.mark.parametrize("text", [GPIO.format("s1", 23, 24), NAU.format("s1") + "i2c_bus = 251\n"])
def test_a_computer_without_such_pins_or_bus_says_so_in_one_line(tmp_path: Path, text: str) -> None:
    config = loaded(tmp_path, text)
    with pytest.raises(SensorUnavailable) as missing:
        load_cell_opener(config.scales[0], AgentClock(), device=config)()
    assert "\n" not in str(missing.value)
    finding = next(found for found in check_device(config) if found.part == "shelf s1")
    assert not finding.is_ok
    assert finding.advice


def test_a_check_tells_of_a_node_that_says_nothing(tmp_path: Path, mosquitto: Any) -> None:
    broker = f'[broker]\nhost = "{mosquitto.host}"\nport = {mosquitto.port}\n'
    findings = check_device(loaded(tmp_path, broker + NODE.format("s1", "shelf-nodes/s1/sensor/raw/state")))
    finding = next(found for found in findings if found.part == "shelf s1")
    assert not finding.is_ok
    assert "node's power" in finding.advice


def test_a_scale_is_the_kernels_unless_the_file_says_otherwise() -> None:
    assert ScaleConfig(shelf_id="s1", counts_per_gram=21.0, tare_counts=0.0).adapter == "iio"

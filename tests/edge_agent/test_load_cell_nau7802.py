"""A NAU7802 on an I²C bus: set up as its data sheet says, and each way it can fail is told."""

from __future__ import annotations

import pytest

from edge_agent.adapters.load_cell_nau7802 import LoadCellNau7802, open_bus
from edge_agent.adapters.simulated_nau7802 import SimulatedNau7802
from edge_agent.errors import LoadCellSilent, SensorUnavailable


def chip_converting(counts: int) -> SimulatedNau7802:
    return SimulatedNau7802(counts=lambda _: counts)


def cell_on(chip: SimulatedNau7802, *, rate_hz: int = 10, gain: int = 128) -> LoadCellNau7802:
    return LoadCellNau7802(
        chip, shelf_id="shelf-1", monotonic_ms=chip.now_ms, rate_hz=rate_hz, gain=gain, now_s=chip.now_s, sleep_s=chip.sleep_s
    )


@pytest.mark.parametrize("counts", [0, -1, 84_213, -84_213, 2**23 - 1, -(2**23)])
def test_every_count_arrives_with_its_sign(counts: int) -> None:
    reading = cell_on(chip_converting(counts)).read(1_000)
    assert reading is not None
    assert reading.raw_counts == counts


@pytest.mark.parametrize("rate_hz", [10, 20, 40, 80, 320])
def test_each_conversion_is_read_once_at_every_rate(rate_hz: int) -> None:
    cell = cell_on(chip_converting(5), rate_hz=rate_hz)
    readings = [cell.read(1_000) for _ in range(21)]
    times = [reading.taken_at_ms for reading in readings if reading is not None]
    assert (times[-1] - times[0]) / 20 == pytest.approx(1_000 / rate_hz, abs=1.5)


def test_the_gain_is_what_was_asked() -> None:
    chip = chip_converting(128)
    reading = cell_on(chip, gain=32).read(1_000)
    assert chip.gain == 32
    assert reading is not None
    assert reading.raw_counts == 32


def test_a_bus_without_the_chip_is_told_with_the_wires_to_check() -> None:
    chip = chip_converting(5)
    chip.is_plugged = False
    with pytest.raises(SensorUnavailable, match="SDA, SCL"):
        cell_on(chip)
    assert chip.is_closed


def test_another_chip_at_its_address_is_not_taken_for_it() -> None:
    chip = chip_converting(5)
    chip.revision = 0x60
    with pytest.raises(SensorUnavailable, match="no NAU7802"):
        cell_on(chip)


def test_an_open_bridge_fails_the_calibration() -> None:
    chip = chip_converting(5)
    chip.calibration_fails = True
    with pytest.raises(SensorUnavailable, match="four wires"):
        cell_on(chip)


def test_a_chip_that_stops_converting_is_silent() -> None:
    chip = chip_converting(5)
    cell = cell_on(chip)
    chip.is_converting = False
    with pytest.raises(LoadCellSilent, match="off and on"):
        cell.read(1_000)


def test_a_chip_that_is_unplugged_is_unavailable() -> None:
    chip = chip_converting(5)
    cell = cell_on(chip)
    chip.is_plugged = False
    with pytest.raises(SensorUnavailable, match="answers"):
        cell.read(1_000)


def test_a_power_cut_is_noticed_and_the_scale_can_be_opened_again() -> None:
    """Between the two the chip answers, but what it would say has nothing to do with grams."""
    chip = chip_converting(5)
    cell = cell_on(chip)
    chip.lose_power()
    with pytest.raises(SensorUnavailable, match="lost its settings"):
        cell.read(1_000)
    cell.close()
    assert chip.is_asleep
    assert cell_on(chip).read(1_000) is not None


def test_a_computer_without_the_bus_says_what_to_switch_on() -> None:
    with pytest.raises(SensorUnavailable, match=r"smbus2|raspi-config"):
        open_bus(251, shelf_id="shelf-1")

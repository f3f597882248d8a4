"""An HX711 clocked over two pins keeps its promises whatever the wires, the chip or a busy computer do."""

from __future__ import annotations

import pytest

from edge_agent.adapters.load_cell_gpio import LoadCellGpio
from edge_agent.adapters.simulated_hx711 import SimulatedHx711
from edge_agent.errors import LoadCellSilent, SensorUnavailable
from edge_agent.readings import RawReading
from edge_agent.rules.calibration import Calibration
from edge_agent.rules.scale_health import SATURATED, STUCK, ScaleFault
from edge_agent.rules.weighing import Weigher, WeighingRule

CLOCK, DATA = 23, 24


def chip_converting(counts: int, *, rate_hz: int = 10) -> SimulatedHx711:
    return SimulatedHx711(clock_pin=CLOCK, data_pin=DATA, counts=lambda _: counts, counts_b=lambda _: 77, rate_hz=rate_hz)


def cell_on(chip: SimulatedHx711, *, rate_hz: int = 10, gain: int = 128) -> LoadCellGpio:
    return LoadCellGpio(
        shelf_id="shelf-1",
        clock_pin=CLOCK,
        data_pin=DATA,
        monotonic_ms=chip.now_ms,
        rate_hz=rate_hz,
        gain=gain,
        pin_factory=chip.factory,
        now_ns=chip.now_ns,
        sleep_s=chip.sleep_s,
    )


def read(cell: LoadCellGpio) -> RawReading:
    reading = cell.read(2_000)
    assert reading is not None
    return reading


def faults(cell: LoadCellGpio, *, for_s: int) -> list[str]:
    weigher = Weigher(Calibration(counts_per_gram=21.0, tare_counts=0.0), WeighingRule())
    said = [weigher.take(read(cell)) for _ in range(10 * for_s)]
    return [fault.code for fault in said if isinstance(fault, ScaleFault)]


@pytest.mark.parametrize("counts", [0, 1, -1, 84_213, -84_213, 2**23 - 1, -(2**23), 0x555555, -0x555556])
def test_every_count_arrives_bit_for_bit(counts: int) -> None:
    assert read(cell_on(chip_converting(counts))).raw_counts == counts


@pytest.mark.parametrize("rate_hz", [10, 80])
def test_no_conversion_is_missed_at_either_rate(rate_hz: int) -> None:
    cell = cell_on(chip_converting(5, rate_hz=rate_hz), rate_hz=rate_hz)
    times = [read(cell).taken_at_ms for _ in range(41)]
    assert (times[-1] - times[0]) / 40 == pytest.approx(1_000 / rate_hz, abs=1.5)


@pytest.mark.parametrize(("gain", "counts"), [(128, 4_000), (64, 2_000), (32, 77)])
def test_the_pulses_after_the_bits_choose_input_and_gain(gain: int, counts: int) -> None:
    cell = cell_on(chip_converting(4_000), gain=gain)
    assert [read(cell).raw_counts for _ in range(3)] == [counts] * 3


def test_a_chip_without_power_is_silent_in_the_time_it_was_given() -> None:
    chip = chip_converting(5)
    cell = cell_on(chip)
    chip.has_power = False
    with pytest.raises(LoadCellSilent, match="check the HX711 wires"):
        cell.read(2_000)
    assert chip.now_ms() == pytest.approx(2_000, abs=10)


def test_a_loose_data_wire_is_silent_and_speaks_again_when_it_finds_contact() -> None:
    chip = chip_converting(-321)
    cell = cell_on(chip)
    read(cell)
    chip.data_wire = "loose"
    with pytest.raises(LoadCellSilent):
        cell.read(1_000)
    chip.data_wire = "sound"
    assert read(cell).raw_counts == -321


def test_a_data_line_that_hangs_at_ground_is_told_and_never_weighed() -> None:
    chip = chip_converting(5)
    cell = cell_on(chip)
    read(cell)
    chip.data_wire = "grounded"
    with pytest.raises(SensorUnavailable, match="data line stays low"):
        cell.read(2_000)
    assert cell.discarded_reads == 3


def test_a_converter_at_its_limit_is_reported_as_it_is_and_told_as_saturated() -> None:
    cell = cell_on(chip_converting(2**24))
    assert read(cell).raw_counts == 2**23 - 1
    assert faults(cell, for_s=5) == [SATURATED]


def test_a_converter_whose_bits_all_hang_is_told_as_stuck() -> None:
    chip = chip_converting(5)
    chip.stuck_bits = 0xFFFFFF
    assert faults(cell_on(chip), for_s=65) == [STUCK]


@pytest.mark.parametrize("pulse", [1, 2, 12, 24, 25])
def test_a_read_whose_clock_was_high_too_long_is_thrown_away_and_counted(pulse: int) -> None:
    """The chip powers down in the middle of a read; half a count must not become a weight."""
    chip = chip_converting(0x2AAAAA)
    chip.slow_pulses = {chip.pulses_seen + 1 + pulse: 80_000}  # Opening the cell is a pulse too.
    cell = cell_on(chip)
    assert [read(cell).raw_counts for _ in range(3)] == [0x2AAAAA] * 3
    assert cell.discarded_reads == 1


def test_a_pulse_that_was_slow_but_within_the_chips_patience_is_good() -> None:
    chip = chip_converting(0x2AAAAA)
    chip.slow_pulses = dict.fromkeys(range(2, 100), 50_000)
    cell = cell_on(chip)
    assert read(cell).raw_counts == 0x2AAAAA
    assert cell.discarded_reads == 0


def test_a_computer_that_is_always_too_slow_is_told_to_use_the_kernels_driver() -> None:
    chip = chip_converting(5)
    cell = cell_on(chip)
    chip.slow_pulses = dict.fromkeys(range(2, 100), 100_000)
    with pytest.raises(SensorUnavailable, match="kernel's driver"):
        cell.read(2_000)
    assert cell.discarded_reads >= 4


def test_a_sleeping_chip_wakes_and_settles_before_it_is_believed() -> None:
    chip = chip_converting(9)
    cell = cell_on(chip)
    read(cell)
    cell.power_down()
    assert chip.is_asleep
    woken_at_ms = chip.now_ms()
    cell.power_up()
    assert read(cell).taken_at_ms - woken_at_ms >= 400


def test_closing_sends_the_chip_to_sleep_and_gives_the_pins_back() -> None:
    chip = chip_converting(9)
    cell_on(chip).close()
    assert chip.is_asleep
    assert read(cell_on(chip)).raw_counts == 9


def test_pins_that_are_taken_are_refused_in_one_line() -> None:
    chip = chip_converting(9)
    cell = cell_on(chip)
    with pytest.raises(SensorUnavailable, match="GPIO23 and GPIO24 cannot be used"):
        cell_on(chip)
    assert read(cell).raw_counts == 9

"""A data bit that hangs while the others move is noticed within minutes of a shop's day, and a healthy scale is never accused."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

import pytest

from edge_agent.readings import RawReading
from edge_agent.rules.bit_watch import BitWatch
from edge_agent.rules.calibration import COUNTS_MAX, COUNTS_MIN, Calibration
from edge_agent.rules.scale_health import BIT_STUCK, ScaleFault
from edge_agent.rules.weighing import Weigher, WeighingRule

PER_GRAM = 21.0


def shoppers(seed: int, *, touches: int, step_g: float = 350.0, drift_g: float = 4.0) -> list[int]:
    """The counts of a shelf that is touched again and again, with ten seconds of rest between, drifting meanwhile."""
    chance, units, counts = Random(seed), 20, []
    for touch in range(touches):
        change = chance.choice([-2, -1, 1, 2]) if 4 < units < 36 else (1 if units <= 4 else -1)
        press_g, steps = chance.uniform(100.0, 900.0), 20
        path = [units * step_g + press_g * (4 * i / steps * (1 - i / steps)) + change * step_g * (i > 12) for i in range(steps)]
        units += change
        path += [units * step_g] * 100
        counts += [round(PER_GRAM * (g + drift_g * touch / touches) + chance.gauss(0.0, 8.0)) + 84_000 for g in path]
    return counts


def looked_at(counts: list[int]) -> list[int]:
    """The bits that were ever said to hang."""
    watch, found = BitWatch(), []
    for count in counts:
        if COUNTS_MIN < count < COUNTS_MAX:
            watch.take(count)
        if watch.hanging is not None and watch.hanging not in found:
            found.append(watch.hanging)
    return found


@pytest.mark.parametrize("bit", [4, 7, 9, 10, 11, 12])
@pytest.mark.parametrize("level", [0, 1])
def test_a_bit_that_hangs_is_named_within_sixty_touches(bit: int, level: int) -> None:
    counts = [count | 1 << bit if level else count & ~(1 << bit) for count in shoppers(3, touches=60)]
    assert looked_at(counts) == [bit]


@pytest.mark.parametrize("step_g", [350.0, 8_192 / PER_GRAM, 8_200 / PER_GRAM, 1_024 / PER_GRAM, 97.5])
def test_a_healthy_scale_is_never_accused_whatever_its_goods_weigh(step_g: float) -> None:
    """Also where one article is a round number of counts, so that its units alone never move some bits."""
    assert looked_at(shoppers(5, touches=300, step_g=step_g)) == []


def test_a_cell_that_hops_between_two_levels_while_it_drifts_is_no_hanging_bit() -> None:
    chance = Random(7)
    assert looked_at([84_000 + 32_768 * (i // 40 % 2) + round(i / 50 + chance.gauss(0.0, 6.0)) for i in range(40_000)]) == []


def test_a_converter_of_fewer_bits_is_no_hanging_bit() -> None:
    assert looked_at([count & ~0xFF for count in shoppers(9, touches=200)]) == []


def test_it_is_told_as_a_fault_and_cleared_once_the_bit_moves() -> None:
    weigher = Weigher(Calibration(counts_per_gram=PER_GRAM, tare_counts=84_000.0), WeighingRule())
    ill = [count | 1 << 10 for count in shoppers(3, touches=60)]
    well = shoppers(4, touches=5)
    said = [weigher.take(RawReading(i * 100, count)) for i, count in enumerate([*ill, *well])]
    faults = [(one.code, one.cleared) for one in said if isinstance(one, ScaleFault) and one.code == BIT_STUCK]
    assert faults == [(BIT_STUCK, False), (BIT_STUCK, True)]


def test_no_recording_accuses_its_converter(shared_data: Path) -> None:
    weights = shared_data / "shelf_weight"
    traces = [weights / "composite" / f"shelf_0{number}.csv" for number in (0, 1, 5)]
    for trace in [*traces, weights / "composite_hard" / "hard_01.csv", weights / "hx711_105_hours" / "logged_first_half.csv"]:
        with trace.open() as file:
            counts = [int(float(row["raw"])) for row in csv.DictReader(file)]
        assert looked_at(counts) == [], trace.name
        assert looked_at([count | 1 << 9 for count in counts]) == [9], trace.name

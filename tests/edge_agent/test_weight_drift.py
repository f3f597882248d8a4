"""A scale keeps its zero through days and nights, and a thief who takes an item a minute is no drift."""

from __future__ import annotations

from math import pi, sin
from random import Random

from edge_agent.readings import RawReading
from edge_agent.rules.calibration import Calibration
from edge_agent.rules.weighing import Settled, Weigher, WeighingRule

PER_GRAM = 21.0


def told(load_g: list[float], *, period_ms: int, seed: int = 1) -> list[Settled]:
    """What is told of these loads, each with the noise of a real HX711."""
    chance = Random(seed)
    weigher = Weigher(Calibration(counts_per_gram=PER_GRAM, tare_counts=0.0), WeighingRule(window_ms=5 * period_ms, bin_ms=period_ms))
    said = [weigher.take(RawReading(i * period_ms, round(PER_GRAM * g + chance.gauss(0.0, 8.0)))) for i, g in enumerate(load_g)]
    return [one for one in said if isinstance(one, Settled)]


def test_an_empty_scale_stays_at_zero_through_a_day_and_a_night() -> None:
    """Ten grams of swing with the temperature, a reading every two seconds."""
    zero_g = [10.0 * sin(2.0 * pi * i / 43_200) for i in range(43_200)]
    weights = [one.weight_g for one in told(zero_g, period_ms=2_000)]
    assert max(map(abs, weights)) < 1.0
    assert len(weights) > 200


def test_confirming_a_resting_weight_again_and_again_does_not_let_it_walk_away() -> None:
    weights = [one.weight_g for one in told([2_000.0] * 36_000, period_ms=1_000)]
    assert len(weights) > 100
    assert abs(weights[-1] - 2_000.0) < 0.5


def test_an_item_a_minute_is_told_each_time() -> None:
    load_g = [3_000.0 - 5.0 * (i // 600) for i in range(30 * 600)]
    weights = [one.weight_g for one in told(load_g, period_ms=100)]
    assert abs(weights[-1] - load_g[-1]) < 1.5


def test_a_lean_that_takes_nothing_leaves_the_weight_as_it_was() -> None:
    rest, lean = [1_500.0] * 600, [1_500.0 + 400.0 * sin(pi * i / 40) * (1.0 + 0.25 * sin(0.9 * i)) for i in range(40)]
    weights = [one.weight_g for one in told((rest + lean) * 40, period_ms=100)]
    assert abs(weights[-1] - 1_500.0) < 0.6

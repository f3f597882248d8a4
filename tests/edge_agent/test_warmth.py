"""A scale with a thermometer learns what a degree adds, keeps its zero while goods move, and cannot be talked into hiding a theft."""

from __future__ import annotations

from math import pi, sin
from random import Random

import pytest

from edge_agent.readings import RawReading
from edge_agent.rules.calibration import Calibration
from edge_agent.rules.warmth import WarmthFollower
from edge_agent.rules.weighing import Settled, Weigher, WeighingRule

PER_GRAM = 21.0
G_PER_C = 2.5


def day(*, seed: int, has_thermometer: bool, taken_g: float = 0.0) -> float:
    """Twelve hours, a reading a second, 4 °C of swing every two hours; every five minutes a hand presses for half a minute.

    `taken_g` goes with each hand from an hour on. Returns the last weight told beside the true one, grams.
    """
    chance = Random(seed)
    weigher = Weigher(Calibration(counts_per_gram=PER_GRAM, tare_counts=0.0), WeighingRule(window_ms=5_000, bin_ms=1_000))
    load_g, told_g = 5_000.0, 0.0
    for s in range(12 * 3_600):
        warmth_c = 4.0 * sin(2.0 * pi * s / 7_200.0)
        pressed_g = 300.0 * chance.random() if s % 300 < 30 else 0.0
        if s % 300 == 15 and s > 3_600:
            load_g -= taken_g
        counts = round(PER_GRAM * (load_g + pressed_g + G_PER_C * warmth_c) + chance.gauss(0.0, 8.0))
        said = weigher.take(RawReading(s * 1_000, counts, round(20.0 + warmth_c + chance.gauss(0.0, 0.05), 1) if has_thermometer else None))
        told_g = said.weight_g if isinstance(said, Settled) else told_g
    return told_g - load_g


def test_a_degree_is_learned_at_rest_and_followed_while_goods_move() -> None:
    blind = [abs(day(seed=seed, has_thermometer=False)) for seed in (1, 2)]
    seeing = [abs(day(seed=seed, has_thermometer=True)) for seed in (1, 2)]
    assert sum(seeing) < 0.5 * sum(blind), (blind, seeing)


def test_an_article_taken_at_every_touch_is_told_in_full() -> None:
    assert abs(day(seed=3, has_thermometer=True, taken_g=20.0)) < 4.0


def test_the_slope_is_learned_from_both_directions() -> None:
    follower = WarmthFollower()
    for s in range(0, 4 * 3_600, 2):
        warmth_c = 20.0 + 3.0 * sin(2.0 * pi * s / 3_600.0)
        follower.feel(warmth_c, s * 1_000)
        follower.rest(-1.2 * warmth_c, s * 1_000)
    assert follower.slope_g_per_c == pytest.approx(-1.2, rel=0.1)


def test_a_thermometer_that_jumps_or_stands_still_changes_no_weight() -> None:
    follower = WarmthFollower()
    for s in range(0, 3_600, 2):
        follower.feel(20.0 + 3.0 * sin(2.0 * pi * s / 3_600.0), s * 1_000)
        follower.rest(2.0 * 3.0 * sin(2.0 * pi * s / 3_600.0), s * 1_000)
    before_g = follower.correction_g
    for s, warmth_c in enumerate([85.0, 85.0, 20.0, 20.0, -127.0, 20.0, 20.0]):
        follower.feel(warmth_c, 3_600_000 + s * 2_000)
    assert follower.correction_g == before_g


def test_without_a_thermometer_nothing_is_learned() -> None:
    follower = WarmthFollower()
    for s in range(1_000):
        follower.rest(float(s), s * 1_000)
    assert (follower.slope_g_per_c, follower.correction_g) == (0.0, 0.0)

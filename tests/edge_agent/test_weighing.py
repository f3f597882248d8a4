"""A scale's readings become settled weights, and nothing but settled weights."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable

import pytest

from edge_agent.readings import RawReading
from edge_agent.rules.calibration import COUNTS_MAX, Calibration
from edge_agent.rules.scale_health import BELOW_EMPTY, OVERLOADED, SATURATED, STUCK, ScaleFault
from edge_agent.rules.weighing import Settled, Weigher, WeighingRule

CALIBRATION = Calibration(counts_per_gram=400.0, tare_counts=10_000.0, capacity_g=20_000.0)


def shelf(parts: Iterable[tuple[float, float]], *, noise_g: float = 0.1, step_ms: int = 100, seed: int = 1) -> list[RawReading]:
    """Readings of a shelf that carries each weight for so many seconds."""
    rng = random.Random(seed)
    readings: list[RawReading] = []
    for weight_g, lasts_s in parts:
        for _ in range(round(lasts_s * 1000 / step_ms)):
            counts = 10_000 + 400 * (weight_g + rng.gauss(0.0, noise_g))
            readings.append(RawReading(len(readings) * step_ms, round(counts), 21.0))
    return readings


def said(readings: Iterable[RawReading], rule: WeighingRule | None = None) -> list[Settled | ScaleFault]:
    weigher = Weigher(CALIBRATION, rule or WeighingRule())
    return [word for word in map(weigher.take, readings) if word is not None]


def weights(readings: Iterable[RawReading], rule: WeighingRule | None = None) -> list[Settled]:
    return [word for word in said(readings, rule) if isinstance(word, Settled)]


def with_hand(readings: list[RawReading], start_s: float, end_s: float, force_g: float) -> list[RawReading]:
    """A shopper leans: the force wobbles, as hands do."""
    rng = random.Random(7)
    return [
        r._replace(raw_counts=r.raw_counts + round(400 * force_g * (1.0 + rng.uniform(-0.2, 0.2))))
        if start_s <= r.taken_at_ms / 1000 < end_s
        else r
        for r in readings
    ]


def test_a_taken_can_is_told_within_two_seconds_of_the_hand_leaving() -> None:
    told = weights(shelf([(3000, 20), (2670, 20)]))
    changed = next(w for w in told if w.weight_g < 2900)
    assert changed.at_ms - 20_000 <= 2_000
    assert changed.weight_g == pytest.approx(2670, abs=0.5)
    assert changed.moved_at_ms == pytest.approx(20_000, abs=300)


def test_a_shelf_that_nobody_touches_is_confirmed_and_otherwise_silent() -> None:
    told = weights(shelf([(1500, 700)]), WeighingRule(confirm_every_ms=300_000))
    assert 3 <= len(told) <= 6
    assert all(w.weight_g == pytest.approx(1500, abs=0.5) for w in told)


def test_a_shelf_being_leaned_on_reports_nothing_but_its_weight() -> None:
    leaned = with_hand(shelf([(2000, 60)]), 20, 45, 900)
    assert all(w.weight_g == pytest.approx(2000, abs=0.6) for w in weights(leaned))


def test_electrical_glitches_never_become_weights() -> None:
    rng = random.Random(3)
    readings = [
        r._replace(raw_counts=rng.choice([COUNTS_MAX, -COUNTS_MAX - 1, 0, r.raw_counts * 3])) if i % 37 == 5 else r
        for i, r in enumerate(shelf([(2000, 120)]))
    ]
    told = said(readings)
    assert told
    assert all(isinstance(w, Settled) and w.weight_g == pytest.approx(2000, abs=0.6) for w in told)


def test_creep_is_followed_and_is_not_sold_as_stock() -> None:
    creeping = [r._replace(raw_counts=r.raw_counts + round(400 * 8.0 * r.taken_at_ms / 600_000)) for r in shelf([(2000, 600)])]
    told = weights(creeping)
    assert all(w.weight_g == pytest.approx(2000, abs=0.8) for w in told)
    assert told[-1].drift_g == pytest.approx(8.0 * told[-1].at_ms / 600_000, abs=0.8)


def test_a_thief_who_takes_an_item_a_minute_is_never_taken_for_drift() -> None:
    told = weights(shelf([(1000 - 12 * minute, 60) for minute in range(20)]))
    assert told[-1].weight_g == pytest.approx(1000 - 12 * 19, abs=1.5)


def test_a_warming_scale_is_corrected_by_its_temperature_coefficient() -> None:
    calibration = CALIBRATION._replace(temperature_coefficient_g_per_c=5.0, reference_temperature_c=20.0)
    assert calibration.grams(10_000 + 400 * (500 + 50), 30.0) == pytest.approx(500)


@pytest.mark.parametrize("step_ms", [12, 100])
def test_both_rates_of_the_converter_weigh_the_same(step_ms: int) -> None:
    told = weights(shelf([(800, 20), (470, 20)], step_ms=step_ms))
    assert told[-1].weight_g == pytest.approx(470, abs=0.5)


def test_a_scale_at_its_rails_says_so_and_says_when_it_is_well_again() -> None:
    readings = shelf([(800, 30)])
    ill = [r._replace(raw_counts=COUNTS_MAX) if 100 <= i < 160 else r for i, r in enumerate(readings)]
    faults = [w for w in said(ill) if isinstance(w, ScaleFault)]
    assert [(f.code, f.cleared) for f in faults] == [(SATURATED, False), (SATURATED, True)]


def test_a_scale_that_says_the_same_count_for_a_minute_is_stuck() -> None:
    stuck = [RawReading(i * 100, 123_456) for i in range(700)]
    assert [w.code for w in said(stuck) if isinstance(w, ScaleFault)] == [STUCK]


def test_too_much_weight_and_less_than_nothing_are_told_from_an_empty_shelf() -> None:
    assert OVERLOADED in {w.code for w in said(shelf([(0, 10), (20_500, 20)])) if isinstance(w, ScaleFault)}
    assert BELOW_EMPTY in {w.code for w in said(shelf([(0, 10), (-900, 20)])) if isinstance(w, ScaleFault)}
    assert not [w for w in said(shelf([(0, 60)])) if isinstance(w, ScaleFault)]


@pytest.mark.parametrize("seed", range(10))
def test_whatever_shoppers_do_the_last_weight_is_what_lies_there(seed: int) -> None:
    rng = random.Random(seed)
    weight_g, parts = 3000.0, []
    for _ in range(15):
        parts.append((weight_g, rng.uniform(4, 20)))
        weight_g = max(0.0, weight_g + rng.choice([-330.0, -660.0, 330.0, -58.0, 58.0]))
    readings = shelf([*parts, (weight_g, 10)], seed=seed)
    for _ in range(4):
        start_s = rng.uniform(2, readings[-1].taken_at_ms / 1000 - 12)
        readings = with_hand(readings, start_s, start_s + rng.uniform(0.5, 6), rng.uniform(-400, 900))
    told = weights(readings)
    assert told[-1].weight_g + told[-1].drift_g == pytest.approx(weight_g, abs=1.5)


def ringing(readings: list[RawReading], struck_at_s: list[float], size_g: float) -> list[RawReading]:
    """The board rings at 3 Hz after every touch and takes half a second to lose most of it."""

    def swing_g(at_ms: int) -> float:
        since_s = [at_ms / 1000 - s for s in struck_at_s if at_ms / 1000 >= s]
        return sum(size_g * math.exp(-t / 0.45) * math.cos(2 * math.pi * 3.0 * t) for t in since_s)

    return [r._replace(raw_counts=r.raw_counts + round(400 * swing_g(r.taken_at_ms))) for r in readings]


def test_two_touches_two_seconds_apart_are_two_motions_even_while_the_board_still_rings() -> None:
    told = weights(ringing(shelf([(3000, 20), (2630, 1.8), (2260, 20)]), [20.0, 21.8], 15.0))
    between = [w for w in told if w.weight_g == pytest.approx(2630, abs=4)]
    after = [w for w in told if w.weight_g == pytest.approx(2260, abs=4)]
    assert between
    assert after
    assert between[-1].moved_at_ms != after[0].moved_at_ms
    assert len({w.moved_at_ms for w in after if w.moved_at_ms is not None}) == 1, "a better weight of the same touch is no new touch"


def test_the_turning_point_of_a_hand_that_leans_slowly_is_no_weight() -> None:
    leaned = [
        r._replace(raw_counts=r.raw_counts + round(400 * 20 * (1.5 + math.sin(2 * math.pi * (r.taken_at_ms / 1000 - 20) / 2.7))))
        if 20 <= r.taken_at_ms / 1000 < 44
        else r
        for r in shelf([(2000, 60)])
    ]
    assert all(w.weight_g == pytest.approx(2000, abs=1.0) for w in weights(leaned))

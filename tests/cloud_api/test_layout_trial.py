"""A trial claims what its shops show and nothing that chance could have done."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.layout_trials import BEFORE, WEEKS, changed, draw_weeks, one_pair_trial
from cloud_api.rules.layout_trial import (
    TrialReading,
    detectable_effect,
    draw_switches,
    expected_sales,
    match_pairs,
    pairs_needed,
    read_pairs,
    read_switches,
    read_units,
    size_trial,
    worth_of_score,
)


def pairs_of(count: int) -> list[tuple[str, str]]:
    return [(f"a{number}", f"b{number}") for number in range(count)]


def flat(count: int, *, lift: float, before: int = 4, weeks: int = 2) -> dict[str, list[float | None]]:
    weekly: dict[str, list[float | None]] = {}
    for number, (one, other) in enumerate(pairs_of(count)):
        wobble = 1.0 + 0.001 * number
        weekly[one] = [100.0] * before + [100.0 * (1 + lift) * wobble] * weeks
        weekly[other] = [200.0] * (before + weeks)
    return weekly


def test_what_the_changed_shops_gained_over_their_partners_is_the_effect() -> None:
    reading = read_pairs(flat(8, lift=0.1), pairs_of(8), before=4, weeks=2, looks=1)
    assert reading is not None
    assert reading.effect == pytest.approx(0.1 * 1.0035 + 0.0035, abs=1e-3)
    assert (reading.claim, reading.verdict, reading.units) == ("more", "sells more", 8)
    assert reading.low < reading.effect < reading.high


def test_a_rise_of_the_whole_chain_is_no_effect() -> None:
    weekly = draw_weeks(24, BEFORE + WEEKS, np.random.default_rng(3))
    risen = {
        shop: [None if week is None else week * (1.3 if n >= BEFORE else 1.0) for n, week in enumerate(row)] for shop, row in weekly.items()
    }
    pairs = match_pairs(weekly, seed=1)
    plain = read_pairs(weekly, pairs, before=BEFORE, weeks=WEEKS, looks=1)
    shifted = read_pairs(risen, pairs, before=BEFORE, weeks=WEEKS, looks=1)
    assert plain is not None
    assert shifted is not None
    assert shifted.effect == pytest.approx(plain.effect)


def test_five_pairs_never_claim_however_clear_they_look() -> None:
    reading = read_pairs(flat(5, lift=0.5), pairs_of(5), before=4, weeks=2, looks=1)
    assert reading is not None
    assert reading.p_student < 0.001
    assert reading.claim == "none"


def test_an_early_look_stops_only_beyond_doubt() -> None:
    sure = read_units([0.1, 0.11, 0.09, 0.1, 0.1, 0.105, 0.1], is_last_look=False, looks=5)
    likely = read_units([0.02, 0.03, -0.005, 0.025, 0.01, 0.03, 0.02], is_last_look=False, looks=5)
    at_the_end = read_units([0.02, 0.03, -0.005, 0.025, 0.01, 0.03, 0.02], is_last_look=True, looks=5)
    assert sure is not None
    assert likely is not None
    assert at_the_end is not None
    assert (sure.claim, likely.claim, at_the_end.claim) == ("more", "none", "more")
    assert sure.verdict.startswith("stop")
    assert likely.verdict.startswith("go on")


def test_a_week_nobody_knows_is_left_out_of_both_shops() -> None:
    weekly = flat(8, lift=0.1)
    weekly["a0"][0], weekly["b0"][0] = 1.0, None
    whole, gap = (read_pairs(rows, pairs_of(8), before=4, weeks=2, looks=1) for rows in (flat(8, lift=0.1), weekly))
    assert whole == gap


def test_shops_that_go_alike_are_paired_and_none_twice() -> None:
    steps = {"up": [1, 2, 3, 4], "down": [4, 3, 2, 1], "up2": [10, 20, 30, 40], "down2": [40, 30, 20, 10], "new": [None, None, None, 5]}
    pairs = match_pairs({shop: [None if week is None else float(week) for week in row] for shop, row in steps.items()}, seed=0)
    assert {frozenset(pair) for pair in pairs} == {frozenset(("up", "up2")), frozenset(("down", "down2"))}


def test_who_is_changed_is_drawn_by_lot() -> None:
    weekly = draw_weeks(40, 12, np.random.default_rng(1))
    first = [sum(one < other for one, other in match_pairs(weekly, seed=seed)) for seed in range(10)]
    assert 60 < sum(first) < 140


def test_more_pairs_find_less() -> None:
    assert detectable_effect(0.05, 24) < detectable_effect(0.05, 6)
    needed = pairs_needed(0.05, 0.03)
    assert needed is not None
    assert detectable_effect(0.05, needed) <= 0.03 < detectable_effect(0.05, needed - 1)
    assert pairs_needed(0.5, 0.001) is None


def test_the_size_is_stated_from_the_past_and_not_from_too_short_a_one() -> None:
    weekly = draw_weeks(24, 52, np.random.default_rng(2))
    size = size_trial(weekly, pairs=10, before=12, weeks=5, looks=5)
    assert size is not None
    assert 0.02 < size.detectable < 0.2
    short = {shop: row[:16] for shop, row in weekly.items()}
    assert size_trial(short, pairs=10, before=12, weeks=5, looks=5) is None


def test_a_switchback_finds_its_effect() -> None:
    weekly = draw_weeks(20, 12, np.random.default_rng(5))
    plan = draw_switches(sorted(weekly), 6, seed=3)
    assert all(row[k] != row[k + 1] for row in plan.values() for k in range(0, 12, 2))
    reading = read_switches(changed(weekly, dict(plan), 0.2), plan)
    assert reading is not None
    assert reading.claim == "more"
    assert reading.low < 0.2 < reading.high


def test_no_effect_is_claimed_seldom_and_the_interval_covers_it() -> None:
    found = np.array([one_pair_trial(8, 0.0, seed) for seed in range(120)])
    assert found[:, 1].sum() <= 12  # At 5 %, more than 12 of 120 come once in a hundred such tests; the seeds are fixed.
    assert found[:, 0].mean() > 0.9


def reading(effect: float, half: float, *, units: int = 8, is_last_look: bool = True) -> TrialReading:
    return TrialReading(
        effect=effect, low=effect - half, high=effect + half, p_student=0.5, p_lot=0.5, units=units, is_last_look=is_last_look,
        claim="none", verdict="",
    )  # fmt: skip


def test_trials_that_showed_nothing_count_for_the_next_proposal_too() -> None:
    lucky, plain = reading(0.04, 0.02), reading(0.0, 0.02)
    alone, both = worth_of_score([(0.1, lucky)]), worth_of_score([(0.1, lucky), (0.1, plain)])
    assert alone is not None
    assert both is not None
    assert 0 < both.per_point < alone.per_point
    assert both.high - both.low < alone.high - alone.low
    mean, low, high = expected_sales(0.1, alone)
    assert low < mean < high
    assert mean == pytest.approx(0.04, abs=1e-6), "the same gain again is hoped to sell what it sold"
    assert worth_of_score([(0.1, reading(0.04, 0.02, is_last_look=False)), (0.0, lucky)]) is None

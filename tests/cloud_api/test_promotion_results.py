"""Promotions are measured by what would have sold anyway: known uplifts are found within their intervals, and none where there was none."""

from __future__ import annotations

import numpy as np
import pytest

from cloud_api.rules.promotion_results import AFTER_DAYS, BEFORE_DAYS, BEFORE_DAYS_MIN, PromotionResult, measure_promotion

RUNS = 400


def promoted(
    seed: int, *, uplift: float, neighbours: float, later: float, drift: float = 1.0, before: int = BEFORE_DAYS
) -> PromotionResult:
    """Two weeks of promotion in a shop whose trade drifts meanwhile, demand wilder than a Poisson stream."""
    rng = np.random.default_rng(seed)
    days, during = before + 14 + AFTER_DAYS, slice(before, before + 14)
    weekday = np.tile([0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 0.8], days // 7)
    shop = np.where(np.arange(days) >= before, drift, 1.0) * weekday

    def sold(per_day: float, factor: np.ndarray) -> np.ndarray:
        return rng.negative_binomial(per_day * shop * factor / 0.8, 1 / 1.8).astype(float)

    own, beside = np.ones(days), np.ones(days)
    own[during], own[during.stop :], beside[during] = uplift, later, neighbours
    found = measure_promotion(sold(8.0, own), sold(60.0, beside), sold(900.0, np.ones(days)), before=before, during=14)
    assert found is not None
    return found


@pytest.mark.parametrize("before", [BEFORE_DAYS, BEFORE_DAYS_MIN])
@pytest.mark.parametrize(("uplift", "drift"), [(1.0, 1.0), (1.8, 1.0), (1.8, 1.3), (3.0, 0.7)])
def test_the_interval_covers_the_true_uplift_as_often_as_it_promises(uplift: float, drift: float, before: int) -> None:
    found = [promoted(seed, uplift=uplift, neighbours=1.0, later=1.0, drift=drift, before=before).uplift for seed in range(RUNS)]
    covered = np.mean([each.low <= uplift <= each.high for each in found])
    assert 0.92 <= covered <= 0.985
    assert np.mean([each.value for each in found]) == pytest.approx(uplift, rel=0.03)


def test_what_neighbours_lose_and_what_was_only_bought_sooner_is_taken_off() -> None:
    found = [promoted(seed, uplift=2.0, neighbours=0.92, later=0.8) for seed in range(RUNS)]
    usual = 8.0 * 14
    assert np.mean([each.extra.value for each in found]) == pytest.approx(usual, rel=0.06)
    assert np.mean([each.neighbours.value for each in found]) == pytest.approx(-0.08 * 60 * 14, rel=0.12)
    assert np.mean([each.later.value for each in found if each.later]) == pytest.approx(-0.2 * usual, rel=0.2)
    true_net = usual - 0.08 * 60 * 14 - 0.2 * usual
    assert 0.92 <= np.mean([each.net.low <= true_net <= each.net.high for each in found]) <= 0.99


def test_a_promotion_without_a_past_to_compare_with_is_not_measured() -> None:
    nothing = np.zeros(56)
    assert measure_promotion(nothing, nothing + 5, nothing + 50, before=28, during=14) is None

"""Reading a recording once more: what the till says later names what was taken before."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.hard_scenes import write_scenes
from benchmarks.weight_score import score_shelf
from edge_agent.flows.replay_scale import replay_scale, scale_from_plan
from store_hub.flows.infer import infer
from store_hub.rules.picks import Article
from store_hub.rules.picks_delay import USUAL_S, PaidAfter, usual_delay_s
from store_hub.rules.picks_smoothing import estimate_of, smoothed
from store_hub.rules.picks_story import UnitSold, WeighedTouch

LEMON = Article(sku="lemon", unit_weight_g=330.0, start_units=10, capacity_units=12)
LIME = Article(sku="lime", unit_weight_g=330.0, start_units=10, capacity_units=12)


def taken(at_s: float, lemon: int, lime: int) -> WeighedTouch:
    return WeighedTouch(at_s, 330.0 * (lemon + lime), 0.3, (lemon, lime))


def test_equal_cans_are_named_by_what_the_till_sold_minutes_later() -> None:
    touches = [taken(600.0 * i, -1, 0) for i in range(1, 7)]
    sold = [UnitSold(600.0 * i + 250.0, 0 if i % 2 else 1) for i in range(1, 7)]
    read = smoothed([LEMON, LIME], touches, sold, 5_000.0, 6)
    assert read.units == [(-1, 0) if i % 2 else (0, -1) for i in range(1, 7)]
    assert estimate_of([closing[0] for closing in read.closing], {7: 1.0}).mean == pytest.approx(7.0, abs=0.2)


def test_an_interval_holds_nine_tenths_of_what_stories_and_belief_say_and_no_more() -> None:
    estimate = estimate_of([4] * 6 + [5] * 3 + [9], {4: 0.5, 5: 0.46, 1: 0.04})
    assert (estimate.low, estimate.high) == (4, 5)
    assert estimate.mean == pytest.approx(0.5 * 4.8 + 0.5 * 4.34)


def test_three_cans_taken_at_once_are_one_shoppers_and_of_one_kind() -> None:
    touches = [taken(100.0, -3, 0), taken(130.0, -1, 0), taken(160.0, -1, 0), taken(190.0, -1, 0)]
    sold = [*[UnitSold(380.0, 1)] * 3, UnitSold(390.0, 0), UnitSold(420.0, 0), UnitSold(450.0, 0)]
    assert smoothed([LEMON, LIME], touches, sold, 2_000.0, 6).units == [(0, -3), (-1, 0), (-1, 0), (-1, 0)]


def test_a_can_put_back_is_the_one_that_weighs_as_much() -> None:
    """Six grams tell the two cans taken apart, and so which of them came back; the till names the one that did not."""
    touches = [
        WeighedTouch(100.0, -333.0, 0.3, (-1, 0)),
        WeighedTouch(120.0, -327.0, 0.3, (-1, 0)),
        WeighedTouch(140.0, 327.1, 0.3, (1, 0)),
    ]
    read = smoothed([LEMON, LIME], touches, [UnitSold(350.0, 1)], 2_000.0, 6)
    assert read.units[0] == (0, -1)
    assert sum(units[0] for units in read.units[1:]) == 0


def test_reading_again_moves_no_units_and_says_the_same_every_time() -> None:
    touches = [taken(70.0 * i, -(1 + i % 3), 0) if i % 4 else taken(70.0 * i, 1, 0) for i in range(1, 12)]
    sold = [UnitSold(70.0 * i + 240.0, i % 2) for i in range(1, 9)]
    read = smoothed([LEMON, LIME], touches, sold, 1_500.0, 6)
    assert [sum(units) for units in read.units] == [sum(touch.units) for touch in touches]
    assert read == smoothed([LEMON, LIME], touches, sold, 1_500.0, 6)


def test_how_long_goods_are_carried_is_learned_from_the_recording() -> None:
    assert usual_delay_s([[10.0 * i for i in range(20)]], [[10.0 * i + 600.0 for i in range(20)]]) == pytest.approx(600.0)
    assert usual_delay_s([[10.0]], [[20.0]]) == USUAL_S, "two moments are not enough to learn from"
    slow = PaidAfter(1_200.0)
    assert slow.log_density(1_200.0) > slow.log_density(100.0)
    assert slow.log_unpaid(100.0) > slow.log_unpaid(3_000.0)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    write_scenes(folder, scenes=2, seed=2, minutes=20.0)
    return folder / "composite_hard"


def test_a_hard_scene_replayed_twice_gives_the_same_bytes(scene: Path) -> None:
    def told() -> list[str]:
        lines: list[str] = []
        replay_scale(scene / "made_2_01.csv", scale_from_plan(scene / "plan.json", "made_2_01"), lines.append)
        settled = list(lines)
        infer(scene / "plan.json", "made_2_01", settled, scene / "made_2_01_till.csv", False, lines.append)
        return lines

    assert told() == told()


def test_a_hard_scene_of_our_own_is_read_well(scene: Path) -> None:
    score = score_shelf(scene, "made_2_01")
    assert score.truths > 20
    assert score.f1 >= 0.9
    assert score.final_error <= 1.5

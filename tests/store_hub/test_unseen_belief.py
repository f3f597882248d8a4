"""What stands where nothing looks: sales take, silence doubts, a sale of what was thought gone proves a refill, a count is right."""

from __future__ import annotations

import numpy as np
import pytest

from store_hub.rules.refill_habits import Walk
from store_hub.rules.unseen_belief import Moment, UnseenBelief

MINUTE_MS = 60_000
WALK = Walk(0, lambda full: np.where(full < 0.5, 0.8, 0.0))
"""On which four of five places were refilled that were less than half full."""


def begun(units: int = 10) -> UnseenBelief:
    return UnseenBelief.beginning(units, 20, 4, 0)


def now(receipt: int, *, behind: float = 40.0) -> Moment:
    return Moment(receipt, receipt * 2 * MINUTE_MS, behind)


def sold_every(belief: UnseenBelief, receipts: range, *, units: int = 1) -> None:
    for receipt in receipts:
        belief.sold(units, now(receipt - 1))


def test_sales_bring_it_down_and_doubt_grows() -> None:
    belief = begun()
    sold_every(belief, range(5, 30, 5))
    known = belief.units()
    assert 3.5 < known.mean < 5.5
    assert known.low <= known.units <= known.high
    assert known.low <= 5 <= known.high
    assert known.high - known.low >= 1


def test_a_sale_of_what_was_thought_to_be_gone_proves_a_refill() -> None:
    belief = begun(2)
    sold_every(belief, range(5, 20, 5))
    known = belief.units()
    assert known.mean > 8
    assert known.refilled > 8


def test_a_long_silence_of_a_fast_seller_says_that_there_is_none() -> None:
    belief = begun(20)
    sold_every(belief, range(2, 38, 2))
    before = belief.units()
    for receipt in range(40, 81, 2):
        belief.look(now(receipt))
    assert belief.units().mean < before.mean
    assert belief.chance_at_most(0) > 0.5


def test_counts_and_moves_are_believed() -> None:
    belief = begun()
    sold_every(belief, range(5, 30, 5))
    belief.counted(7)
    known = belief.units()
    assert (known.units, known.low, known.high) == (7.0, 7.0, 7.0)
    belief.came(6, now(30))
    belief.gone(3, now(30))
    known = belief.units()
    assert known.mean == pytest.approx(10.0)
    assert known.refilled == pytest.approx(0.0)
    belief.came(100, now(31))
    assert belief.units().mean == 20.0
    belief.at_most(5)
    assert belief.units().high <= 20
    belief.counted(9)
    belief.at_most(9)
    assert belief.units().units == 9


def test_what_is_put_there_most_likely_filled_it_up_and_so_tells_what_was_there() -> None:
    belief = begun(12)
    sold_every(belief, range(4, 32, 4))
    assert belief.chance_at_most(4) > 0.1
    belief.came(15, now(40))
    assert belief.units().units == 20
    assert belief.chance_at_most(19) < 0.05


def test_staff_who_walk_the_shop_or_were_called_may_have_filled_it_without_a_word() -> None:
    walked, called, left = begun(3), begun(3), begun(3)
    walked.walked(WALK, now(1))
    called.called(MINUTE_MS)
    called.look(now(30))
    left.look(now(30))
    assert walked.chance_at_most(3) < 0.7
    assert called.chance_at_most(3) < left.chance_at_most(3) - 0.3
    told = begun(3)
    told.came(2, now(0))
    told.walked(WALK, now(1))
    assert told.chance_at_most(5) > 0.5, "what was put there on this walk is told already"
    poor = begun(3)
    poor.walked(WALK, now(1, behind=0.0))
    assert poor.chance_at_most(3) > 0.9, "there was nothing to bring"
    called.called(None)
    assert called.state().called_at_ms is None


def test_it_goes_on_from_its_state_bit_for_bit() -> None:
    one = begun()
    sold_every(one, range(3, 20, 3))
    one.units()
    two = UnseenBelief(one.state(), 4, 20)
    for belief in (one, two):
        belief.look(now(40))
        belief.walked(WALK, now(40))
        belief.sold(2, now(41))
    assert one.state() == two.state()
    assert one.units() == two.units()


@pytest.mark.parametrize("seed", range(3))
def test_its_interval_holds_the_truth_as_often_as_it_says(seed: int) -> None:
    chance, held, asked = np.random.default_rng(seed), 0, 0
    belief, truth = begun(20), 20
    for receipt in range(1, 1500):
        if truth and chance.random() < 0.15:
            truth -= 1
            belief.sold(1, now(receipt - 1))
            truth -= int(truth > 0 and chance.random() < 0.03)
        elif receipt >= belief.next_look:
            belief.look(now(receipt))
        if truth <= 4 and chance.random() < 0.01:
            truth = 20
        known = belief.units()
        held, asked = held + (known.low <= truth <= known.high), asked + 1
    assert 0.8 <= held / asked <= 1.0

"""What stands where nothing looks: sales take, silence doubts, a sale of what was thought gone proves a refill, a count is right."""

from __future__ import annotations

import numpy as np
import pytest

from store_hub.rules.unseen_belief import UnseenBelief


def begun(units: int = 10) -> UnseenBelief:
    return UnseenBelief.beginning(units, 20, 4, 0)


def sold_every(belief: UnseenBelief, receipts: range, *, units: int = 1) -> None:
    for receipt in receipts:
        belief.sold(units, receipt)


def test_sales_bring_it_down_and_doubt_grows() -> None:
    belief = begun()
    sold_every(belief, range(5, 30, 5))
    known = belief.units()
    assert 3.5 < known.mean < 5.5
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
        belief.look(receipt)
    assert belief.units().mean < before.mean
    assert float(belief.state().chances[0]) > 0.5


def test_counts_and_moves_are_believed() -> None:
    belief = begun()
    sold_every(belief, range(5, 30, 5))
    belief.counted(7)
    assert (belief.units().mean, belief.units().low, belief.units().high) == (7.0, 7.0, 7.0)
    belief.came(6)
    belief.gone(3)
    assert belief.units().mean == pytest.approx(10.0)
    belief.came(100)
    assert belief.units().mean == 20.0


def test_it_goes_on_from_its_state_bit_for_bit() -> None:
    one = begun()
    sold_every(one, range(3, 20, 3))
    two = UnseenBelief(one.state(), 4)
    for belief in (one, two):
        belief.look(40)
        belief.sold(2, 41)
    assert one.state() == two.state()


@pytest.mark.parametrize("seed", range(3))
def test_its_interval_holds_the_truth_as_often_as_it_says(seed: int) -> None:
    chance, held, asked = np.random.default_rng(seed), 0, 0
    belief, truth = begun(20), 20
    for receipt in range(1, 1500):
        if truth and chance.random() < 0.15:
            truth -= 1
            belief.sold(1, receipt)
            truth -= int(truth > 0 and chance.random() < 0.03)
        elif receipt >= belief.next_look:
            belief.look(receipt)
        if truth <= 4 and chance.random() < 0.01:
            truth = 20
        known = belief.units()
        held, asked = held + (known.low <= truth <= known.high), asked + 1
    assert 0.8 <= held / asked <= 1.0

"""Tags tell apart on a scale what weighs the same, at once or later, and never against the scale."""

from __future__ import annotations

import msgspec
import pytest

from store_hub.rules.picks import Article, BeliefState, PickEvent, ShelfBelief
from store_hub.rules.picks_tags import LAG_MS

LEMON = Article(sku="lemon", unit_weight_g=368.0, start_units=8, capacity_units=12)
LIME = Article(sku="lime", unit_weight_g=368.0, start_units=8, capacity_units=12)
SECOND = 1_000


class Board:
    """Eight lemons and eight limes of equal weight; tags of both are read."""

    def __init__(self) -> None:
        self.belief = ShelfBelief([LEMON, LIME])
        self.at_ms, self.units = 0, 16
        self.tags = {"lemon": 8, "lime": 8}
        self.belief.take(16 * 368.0, 0.3, 0)
        for sku, tags in self.tags.items():
            self.belief.tagged(sku, tags, SECOND)
        self.rest(LAG_MS)

    def touch(self, units: int) -> list[PickEvent]:
        self.units += units
        self.at_ms += 10 * SECOND
        return self.belief.take(self.units * 368.0, 0.3, self.at_ms, self.at_ms - SECOND)

    def rest(self, waited_ms: int) -> list[PickEvent]:
        self.at_ms += waited_ms
        return self.belief.take(self.units * 368.0 + 0.1, 0.3, self.at_ms)

    def read(self, sku: str, change: int, after_ms: int = 8 * SECOND) -> list[PickEvent]:
        self.tags[sku] += change
        self.at_ms += after_ms
        return self.belief.tagged(sku, self.tags[sku], self.at_ms)

    def means(self) -> dict[str, float]:
        return {sku: round(estimate.mean, 1) for sku, estimate in self.belief.units().items()}


@pytest.mark.parametrize("sku", ["lemon", "lime"])
def test_the_tag_that_leaves_says_which_of_two_equals_was_taken(sku: str) -> None:
    board = Board()
    told = board.touch(-1)
    told += board.read(sku, -1)
    assert sum(event.units for event in told if event.sku == sku) == -1
    assert sum(event.units for event in told) == -1
    assert all(event.kind == "corrected" for event in told[1:])
    assert board.belief.told_units()[sku] == 7


@pytest.mark.parametrize("sku", ["lemon", "lime"])
def test_the_tag_that_comes_says_which_was_put_back(sku: str) -> None:
    board = Board()
    board.touch(-1)
    board.read("lemon", -1)
    board.touch(1)
    board.read(sku, 1)
    board.rest(2 * LAG_MS)
    assert board.belief.told_units()[sku] == (8 if sku == "lemon" else 9)


def test_tags_that_stay_say_in_the_end_that_the_other_was_taken() -> None:
    """Only lemons are tagged: no tag leaves, so it was a lime."""
    board = Board()
    board.belief.tagged("lime", None, board.at_ms)
    board.rest(LAG_MS)
    board.touch(-1)
    board.rest(LAG_MS)
    assert board.means() == pytest.approx({"lemon": 8.0, "lime": 7.0}, abs=0.15)
    assert board.belief.told_units() == {"lemon": 8, "lime": 7}


def test_a_reader_that_starts_and_reads_one_tag_after_the_other_corrects_nothing() -> None:
    belief = ShelfBelief([LEMON, LIME])
    belief.take(16 * 368.0, 0.3, 0)
    belief.take(15 * 368.0, 0.3, 10 * SECOND, 9 * SECOND)
    told = [event for tags in range(1, 9) for event in belief.tagged("lemon", tags, 200 * SECOND + tags * SECOND)]
    assert told == []


def test_an_antenna_that_falls_silent_takes_nothing_off_the_board() -> None:
    board = Board()
    board.rest(10 * LAG_MS)
    told = [event for _ in range(8) for event in board.read("lemon", -1, 100)]
    told += board.rest(2 * LAG_MS)
    assert told == []
    assert board.means() == {"lemon": 8.0, "lime": 8.0}


def test_tags_never_speak_against_the_scale() -> None:
    tea = Article(sku="tea", unit_weight_g=900.0, start_units=6, capacity_units=12)
    belief = ShelfBelief([LEMON, tea])
    belief.take(8 * 368.0 + 6 * 900.0, 0.3, 0)
    belief.tagged("lemon", 8, SECOND)
    belief.take(8 * 368.0 + 5 * 900.0, 0.3, 100 * SECOND, 99 * SECOND)
    for tags in (7, 6, 5):
        assert belief.tagged("lemon", tags, 110 * SECOND) == []
    belief.take(8 * 368.0 + 5 * 900.0 + 0.1, 0.3, 400 * SECOND)
    assert belief.told_units() == {"lemon": 8, "tea": 5}
    assert belief.units()["lemon"].mean == pytest.approx(8.0, abs=0.01)


def test_units_without_a_tag_that_a_count_found_are_remembered() -> None:
    board = Board()
    board.read("lime", -1)
    board.belief.counted("lemon", 8)
    board.belief.counted("lime", 8)
    board.rest(2 * LAG_MS)
    assert board.means() == {"lemon": 8.0, "lime": 8.0}
    board.touch(-1)
    board.read("lime", -1)
    assert board.belief.told_units() == {"lemon": 8, "lime": 7}


def test_a_belief_with_tags_put_away_and_taken_out_again_goes_on_bit_for_bit() -> None:
    one, two = Board(), Board()
    for sku in ("lemon", "lime", "lime", "lemon"):
        state = msgspec.json.decode(msgspec.json.encode(two.belief.state()), type=BeliefState)
        two.belief = ShelfBelief.from_state([LEMON, LIME], state)
        assert [one.touch(-1), one.read(sku, -1), one.rest(LAG_MS)] == [two.touch(-1), two.read(sku, -1), two.rest(LAG_MS)]
    assert msgspec.json.encode(one.belief.state()) == msgspec.json.encode(two.belief.state())

"""From settled weights to what was taken, put back and refilled."""

from __future__ import annotations

import random

import msgspec
import pytest

from store_hub.rules.picks import Article, BeliefState, PickEvent, ShelfBelief

COLA = Article(sku="cola", unit_weight_g=330.0, start_units=10, capacity_units=15)
CRISPS = Article(sku="crisps", unit_weight_g=155.0, start_units=6, capacity_units=12)
LEMON = Article(sku="lemon", unit_weight_g=368.0, start_units=8, capacity_units=12)
GRAPEFRUIT = Article(sku="grapefruit", unit_weight_g=368.0, start_units=8, capacity_units=12)
WATER = Article(sku="water", unit_weight_g=621.0, stranger=True)


class Shelf:
    """A board whose true weight is known; each touch lasts a second."""

    def __init__(self, *articles: Article, seed: int = 1) -> None:
        self.belief = ShelfBelief(articles)
        self.articles = {a.sku: a for a in articles}
        self.truth = {a.sku: a.start_units for a in articles}
        self.rng = random.Random(seed)
        self.at_ms = 0
        self.extra_g = 4.0  # The zero is never quite right.
        self.told: list[PickEvent] = self.weigh(moved=False)

    def weigh(self, *, moved: bool = True) -> list[PickEvent]:
        grams = self.extra_g + sum(self.articles[s].unit_weight_g * n for s, n in self.truth.items())
        self.at_ms += 20_000
        return self.belief.take(grams + self.rng.gauss(0, 0.3), 0.4, self.at_ms, self.at_ms - 1_500 if moved else None)

    def touch(self, **units: int) -> list[PickEvent]:
        for sku, change in units.items():
            self.truth[sku] += change
        events = self.weigh()
        self.told = [*self.told, *events]
        return events

    def told_sum(self) -> dict[str, int]:
        sums = {a.sku: a.start_units for a in self.articles.values()}
        for event in self.told:
            if event.sku is not None:
                sums[event.sku] += event.units
        return sums


def said(events: list[PickEvent]) -> list[tuple[str, str | None, int]]:
    return [(event.kind, event.sku, event.units) for event in events]


def test_two_colas_taken_and_one_put_back_are_told_as_such() -> None:
    shelf = Shelf(COLA, CRISPS)
    assert said(shelf.touch(cola=-2)) == [("pick", "cola", -2)]
    assert said(shelf.touch(cola=1)) == [("put", "cola", 1)]
    assert shelf.belief.units()["cola"].mean == pytest.approx(9, abs=0.01)


def test_a_swap_of_two_articles_is_one_touch_with_two_events() -> None:
    shelf = Shelf(COLA, CRISPS)
    shelf.touch(cola=-1)
    assert said(shelf.touch(cola=1, crisps=-1)) == [("put", "cola", 1), ("pick", "crisps", -1)]


def test_a_refill_to_the_full_facing_is_a_refill() -> None:
    shelf = Shelf(COLA, CRISPS)
    for _ in range(4):
        shelf.touch(cola=-2)
    assert said(shelf.touch(cola=13)) == [("refill", "cola", 13)]


def test_a_whole_facing_gone_at_once_is_a_sweep() -> None:
    shelf = Shelf(COLA, CRISPS)
    assert said(shelf.touch(cola=-10)) == [("sweep", "cola", -10)]


def test_an_article_of_another_shelf_is_named_when_its_weight_says_so() -> None:
    honey = Article(sku="honey", unit_weight_g=740.0, stranger=True)
    shelf = Shelf(COLA, CRISPS, honey)
    assert said(shelf.touch(honey=1)) == [("stranger", "honey", 1)]
    assert said(shelf.touch(honey=-1)) == [("stranger", "honey", -1)]


def test_four_units_that_staff_bring_are_not_taken_for_a_stranger_as_heavy() -> None:
    shelf = Shelf(COLA, CRISPS, WATER)
    shelf.touch(crisps=-3)
    assert said(shelf.touch(crisps=4)) == [("refill", "crisps", 4)]


def test_what_no_article_explains_is_kept_as_unknown_and_the_stock_stays() -> None:
    shelf = Shelf(COLA)
    shelf.extra_g += 97.0
    events = shelf.weigh()
    assert said(events) == [("unknown", None, 0)]
    assert events[0].weight_g == pytest.approx(97, abs=2)
    shelf.extra_g -= 97.0
    assert said(shelf.weigh()) == [("unknown", None, 0)]
    assert said(shelf.touch(cola=-1)) == [("pick", "cola", -1)]
    assert shelf.belief.units()["cola"].mean == pytest.approx(9, abs=0.05)


def test_a_second_weight_of_the_same_touch_corrects_and_does_not_count_twice() -> None:
    belief = ShelfBelief([COLA, CRISPS])
    belief.take(4230.0, 0.2, 0)
    assert said(belief.take(3902.0, 3.0, 5_000, 4_000)) == [("pick", "cola", -1)]
    assert belief.take(3900.2, 0.2, 6_000, 4_000) == []
    assert said(belief.take(3588.0, 12.0, 15_000, 14_000)) == [("pick", "crisps", -2)]
    assert sorted(said(belief.take(3570.1, 0.2, 16_000, 14_000))) == [("corrected", "crisps", 2), ("pick", "cola", -1)]
    assert belief.told_units() == {"cola": 8, "crisps": 6}


def test_creep_alone_takes_nothing() -> None:
    shelf = Shelf(COLA, CRISPS)
    for _ in range(50):
        shelf.extra_g += 1.5
        assert shelf.weigh(moved=False) == []
    assert shelf.belief.units()["cola"].mean == 10


def test_a_cell_that_hops_between_two_levels_swaps_nothing() -> None:
    belief = ShelfBelief(
        [Article(sku="donut", unit_weight_g=111.2, start_units=8), Article(sku="gums", unit_weight_g=114.0, start_units=8)]
    )
    for number in range(40):
        belief.take(1801.6 + 2.8 * (number % 2), 0.5, number * 10_000)
    for number in range(40, 60):
        at_ms = number * 10_000
        assert belief.take(1801.6 + 2.8 * (number % 2), 0.5, at_ms, at_ms - 1_500) == []


def test_equal_cans_are_told_apart_by_the_till() -> None:
    shelf = Shelf(LEMON, GRAPEFRUIT)
    for _ in range(4):
        shelf.touch(lemon=-1)
    doubt = shelf.belief.units()["lemon"]
    assert doubt.high - doubt.low >= 2
    for _ in range(4):
        shelf.belief.sold("lemon", 1, shelf.at_ms + 200_000)
    after = shelf.belief.units()
    assert after["lemon"].mean == pytest.approx(4, abs=0.4)
    assert after["grapefruit"].mean == pytest.approx(8, abs=0.4)


def test_a_count_by_hand_is_right_and_is_told_as_a_correction() -> None:
    shelf = Shelf(LEMON, GRAPEFRUIT)
    shelf.touch(lemon=-3)
    events = shelf.belief.counted("lemon", 5) + shelf.belief.counted("grapefruit", 8)
    assert all(event.kind == "corrected" for event in events)
    assert shelf.belief.told_units() == {"lemon": 5, "grapefruit": 8}


def test_a_count_that_no_hypothesis_expected_is_believed_all_the_same() -> None:
    shelf = Shelf(COLA)
    shelf.belief.counted("cola", 3)
    assert shelf.belief.units()["cola"].mean == 3


def test_what_a_count_shows_to_be_misread_was_a_look_alike_for_the_board_weighs_the_same() -> None:
    shelf = Shelf(LEMON, GRAPEFRUIT)
    shelf.belief.counted("lemon", 5)
    assert shelf.belief.told_units() == {"lemon": 5, "grapefruit": 11}
    other = Shelf(COLA, CRISPS)
    other.belief.counted("cola", 3)
    assert other.belief.told_units() == {"cola": 3, "crisps": 6}, "no crisps weigh what seven colas do"


def test_a_count_of_one_article_sets_the_others_right_by_the_load_of_the_board() -> None:
    cans = Article(sku="cans", unit_weight_g=281.0, start_units=16, capacity_units=24)
    tea = Article(sku="tea", unit_weight_g=528.0, start_units=10, capacity_units=18)
    water = Article(sku="water", unit_weight_g=1538.0, start_units=4, capacity_units=14)
    shelf = Shelf(cans, tea, water)
    shelf.truth = {"cans": 0, "tea": 1, "water": 10}
    shelf.belief.counted("cans", 0)
    for sku, units in shelf.belief.units().items():
        assert units.low <= shelf.truth[sku] <= units.high
    shelf.belief.counted("water", 10)
    assert shelf.belief.told_units() == shelf.truth


def test_a_count_in_doubt_that_is_off_by_one_is_overruled_by_the_board_and_one_that_contradicts_a_sure_belief_is_not() -> None:
    cans = Article(sku="cans", unit_weight_g=281.0, start_units=12, capacity_units=24)
    bottles = Article(sku="bottles", unit_weight_g=843.0, start_units=6, capacity_units=10)
    shelf = Shelf(cans, bottles)
    shelf.touch(cans=-3)  # Or was it one bottle?
    assert (shelf.belief.units()["cans"].low, shelf.belief.units()["cans"].high) == (9, 12)
    shelf.belief.counted("cans", 10)
    assert shelf.belief.told_units() == {"cans": 9, "bottles": 6}, "nothing explains what a tenth can would weigh"
    sure = Shelf(COLA)
    sure.belief.counted("cola", 9)
    assert sure.belief.told_units() == {"cola": 9}


def test_after_a_count_that_nothing_explains_the_next_touch_is_read_as_ever() -> None:
    shelf = Shelf(COLA, CRISPS)
    shelf.belief.counted("cola", 3)
    assert said(shelf.touch(cola=-1)) == [("pick", "cola", -1)]
    assert said(shelf.touch(crisps=-2)) == [("pick", "crisps", -2)]
    assert said(shelf.touch(cola=1)) == [("put", "cola", 1)]


def test_a_count_at_a_dead_scale_says_what_the_board_will_weigh() -> None:
    shelf = Shelf(LEMON, GRAPEFRUIT)
    shelf.truth["lemon"] = 2
    shelf.belief.sold("lemon", 4, shelf.at_ms)
    shelf.belief.counted("lemon", 2, is_dead=True)
    assert shelf.belief.told_units() == {"lemon": 2, "grapefruit": 8}
    assert shelf.belief.unfelt("lemon") == 0
    assert shelf.weigh(moved=False) == []
    assert shelf.touch(grapefruit=-1)[0].units == -1


def test_sales_of_unknown_articles_are_none_of_this_shelfs_business() -> None:
    shelf = Shelf(COLA)
    before = shelf.belief.state()
    assert shelf.belief.sold("bread", 2, 1_000) == []
    assert shelf.belief.state() == before


def test_an_empty_shelf_without_articles_keeps_silent() -> None:
    belief = ShelfBelief([])
    assert belief.take(100.0, 0.1, 0) == []
    assert [event.kind for event in belief.take(300.0, 0.1, 10_000, 9_000)] in ([], ["unknown"])


@pytest.mark.parametrize("seed", range(20))
def test_the_events_always_add_up_to_the_stock(seed: int) -> None:
    shelf = Shelf(COLA, CRISPS, WATER, seed=seed)
    rng = random.Random(seed)
    for _ in range(25):
        sku = rng.choice(["cola", "crisps"])
        units = rng.choice([-1, -1, -1, -2, -3, 1])
        full = shelf.articles[sku].capacity_units
        if 0 <= shelf.truth[sku] + units <= full:
            shelf.touch(**{sku: units})
        elif shelf.truth[sku] < 2:
            shelf.touch(**{sku: full - shelf.truth[sku]})
    assert shelf.told_sum() == shelf.belief.told_units()
    assert {sku: n for sku, n in shelf.belief.told_units().items() if sku != "water"} == {
        s: n for s, n in shelf.truth.items() if s != "water"
    }


def test_a_belief_put_away_and_taken_out_again_goes_on_bit_for_bit() -> None:
    one, two = Shelf(LEMON, GRAPEFRUIT, CRISPS), Shelf(LEMON, GRAPEFRUIT, CRISPS)
    for _ in range(12):
        two.belief = ShelfBelief.from_state(
            [LEMON, GRAPEFRUIT, CRISPS], msgspec.json.decode(msgspec.json.encode(two.belief.state()), type=BeliefState)
        )
        assert one.touch(lemon=-1 if one.truth["lemon"] else 1) == two.touch(lemon=-1 if two.truth["lemon"] else 1)
        assert one.belief.sold("lemon", 1, one.at_ms) == two.belief.sold("lemon", 1, two.at_ms)
    assert msgspec.json.encode(one.belief.state()) == msgspec.json.encode(two.belief.state())


def test_a_new_article_of_the_planogram_joins_an_old_belief() -> None:
    shelf = Shelf(COLA)
    shelf.touch(cola=-2)
    belief = ShelfBelief.from_state([CRISPS, COLA], shelf.belief.state())
    assert belief.told_units() == {"crisps": 6, "cola": 8}


def test_what_was_missed_while_a_scale_was_dead_is_told_apart_by_what_the_till_sold() -> None:
    shelf = Shelf(COLA, CRISPS)
    for sku in ("cola", "crisps", "cola", "cola"):
        shelf.belief.sold(sku, 2 if sku == "cola" else 3, shelf.at_ms)
    put_away = ShelfBelief.from_state([COLA, CRISPS], shelf.belief.state())
    grams = shelf.extra_g + 4 * COLA.unit_weight_g + 2 * CRISPS.unit_weight_g  # Six colas, three packs, and one pack not paid yet.
    heard_at_ms, hour_ms = shelf.at_ms, 3_600_000
    events = shelf.belief.take(grams, 0.4, shelf.at_ms + hour_ms, shelf.at_ms + hour_ms - 900, heard_at_ms)
    assert said(events) == [("pick", "cola", -6), ("pick", "crisps", -4)]
    assert put_away.take(grams, 0.4, shelf.at_ms + hour_ms, shelf.at_ms + hour_ms - 900, heard_at_ms) == events
    assert shelf.belief.units()["cola"].mean == pytest.approx(4, abs=0.2)

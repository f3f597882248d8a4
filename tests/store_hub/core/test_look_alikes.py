"""What a scale cannot tell apart is found, and parted by exchanges that make nothing worse."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from benchmarks.simulated_week.plan import exchanged, parted
from store_hub.rules.look_alikes import Exchange, advised, look_alikes
from wire_format.plans import Bay, Facing, Planogram, Product, Rectangle, Shelf


def shop(boards: dict[str, list[str]], grams: dict[str, float], **of_bay: dict[str, object]) -> Planogram:
    """A row of bays: `boards` by `bay/shelf`, articles by their weight; `of_bay` by the bay's name."""
    bays: dict[str, list[Shelf]] = {}
    for name, skus in boards.items():
        facings = [Facing(sku=sku, from_m=0.5 * n, width_m=0.5, capacity_units=10, low_units=2) for n, sku in enumerate(skus)]
        bay, shelf = name.split("/")
        bays.setdefault(bay, []).append(
            Shelf(shelf_id=f"{bay}-{shelf}", level=len(bays[bay]) + 1 if bay in bays else 1, width_m=2.0, facings=facings)
        )
    return Planogram(
        store_id="shop-1", version=1, name="Shop", time_zone="Europe/Berlin", currency="EUR", width_m=40.0, depth_m=10.0,
        products=[Product(sku=sku, name=sku, unit_weight_g=weight) for sku, weight in grams.items()],
        bays=[
            msgspec.convert({"bay_id": bay, "name": bay, "place": Rectangle(x_m=3.0 * n, y_m=0.0, width_m=2.0, depth_m=0.5),
                             "shelves": shelves, **of_bay.get(bay, {})}, Bay)
            for n, (bay, shelves) in enumerate(bays.items())
        ],
    )  # fmt: skip


GRAMS = {"rice": 1011.0, "flour": 1009.0, "beans": 398.0, "oil": 905.0, "juice": 1062.0, "cola": 350.0}


@pytest.mark.parametrize(
    ("articles", "units"),
    [(["rice", "flour"], (1, 1)), (["cola", "juice"], (3, 1)), (["juice", "cola"], (1, 3)), (["rice", "beans"], None), (["rice"], None)],
)
def test_articles_of_which_few_units_weigh_the_same_are_found(articles: list[str], units: tuple[int, int] | None) -> None:
    found = look_alikes(shop({"a/1": articles}, GRAMS))
    assert [(one.skus, (one.units, one.other_units)) for one in found] == ([] if units is None else [(tuple(articles), units)])


def test_articles_that_scatter_more_are_alike_further_apart() -> None:
    plan = shop({"a/1": ["even", "near"]}, {"even": 500.0, "near": 515.0})

    def scattering(sd_g: float | None) -> Planogram:
        return structs.replace(plan, products=[structs.replace(product, unit_weight_sd_g=sd_g) for product in plan.products])

    assert look_alikes(scattering(2.0)) == []
    assert len(look_alikes(scattering(8.0))) == 1
    assert len(look_alikes(scattering(None))) == 1, "nobody has said how much they scatter: as the hub takes them to, 1.2 %"


def test_look_alikes_without_a_scale_or_on_different_scales_are_none() -> None:
    assert look_alikes(shop({"a/1": ["rice"], "a/2": ["flour"]}, GRAMS)) == []
    plan = shop({"a/1": ["rice", "flour"]}, GRAMS)
    shelf = structs.replace(plan.bays[0].shelves[0], weighed=False)
    assert look_alikes(structs.replace(plan, bays=[structs.replace(plan.bays[0], shelves=[shelf])])) == []


def test_an_antenna_at_the_board_tells_a_tagged_article_from_its_look_alike() -> None:
    plan = shop({"a/1": ["rice", "flour"]}, GRAMS)
    assert len(look_alikes(structs.replace(plan, tagged_skus=["rice"]))) == 1, "no antenna reads this board alone"
    shelf = structs.replace(plan.bays[0].shelves[0], tag_zone_id="board")
    read = structs.replace(plan, bays=[structs.replace(plan.bays[0], shelves=[shelf])])
    assert len(look_alikes(read)) == 1, "nothing on it has tags"
    assert look_alikes(structs.replace(read, tagged_skus=["rice"])) == []


def test_an_exchange_in_the_same_bay_goes_before_a_nearer_kind_elsewhere() -> None:
    plan = shop({"far/1": ["juice"], "a/1": ["rice", "flour"], "a/2": ["beans"]}, GRAMS)
    assert [one.exchange for one in advised(plan)] == [Exchange("a-1", "flour", "a-2", "beans")]
    assert look_alikes(parted(plan)) == []


def test_of_two_look_alikes_the_one_that_fits_elsewhere_goes() -> None:
    plan = shop({"a/1": ["rice", "flour"], "b/1": ["beans"]}, GRAMS)
    board = plan.bays[0].shelves[0]
    wide = structs.replace(board, facings=[structs.replace(board.facings[0], width_m=1.5), board.facings[1]])
    plan = structs.replace(plan, bays=[structs.replace(plan.bays[0], shelves=[wide]), plan.bays[1]])
    assert [one.exchange for one in advised(plan)] == [Exchange("a-1", "flour", "b-1", "beans")]


def test_no_board_gets_an_article_twice() -> None:
    plan = shop({"a/1": ["rice", "flour"], "b/1": ["rice", "oil"], "c/1": ["flour", "beans"]}, GRAMS)
    assert [one.exchange for one in advised(plan)] == [None]


def test_an_article_with_two_places_on_a_board_is_its_own_look_alike_nowhere_and_changes_places_with_none() -> None:
    assert look_alikes(shop({"a/1": ["rice", "rice"]}, GRAMS)) == []
    plan = shop({"a/1": ["rice", "rice", "flour"], "b/1": ["beans", "beans"], "c/1": ["oil"]}, GRAMS)
    assert len(look_alikes(plan)) == 1
    assert [one.exchange for one in advised(plan)] == [Exchange("a-1", "flour", "c-1", "oil")]


@pytest.mark.parametrize("of_bay", [{"b": {"cooled": True}}, {"b": {"fixed": True}}, {"a": {"fixed": True}}, {"b": {"load_max_kg": 80.0}}])
def test_what_is_cold_stays_cold_what_is_fixed_stays_and_no_rack_bears_more_than_it_may(of_bay: dict[str, dict[str, object]]) -> None:
    plan = shop({"a/1": ["rice", "flour"], "b/1": ["beans"]}, GRAMS, **of_bay)
    assert [one.exchange for one in advised(plan)] == [None]


def test_an_exchange_that_only_moves_the_trouble_is_not_advised() -> None:
    plan = shop({"a/1": ["rice", "flour"], "b/1": ["semolina", "beans"]}, {**GRAMS, "semolina": 1010.0})
    assert [one.exchange for one in advised(plan)] == [None], "either of the two would stand beside semolina, or semolina beside the other"


def test_exchanged_articles_keep_their_numbers_and_take_each_others_room() -> None:
    plan = shop({"a/1": ["rice", "flour"], "a/2": ["oil", "beans"]}, GRAMS)
    after = exchanged(plan, Exchange("a-1", "flour", "a-2", "oil"))
    boards = {shelf.shelf_id: shelf.facings for shelf in after.bays[0].shelves}
    assert [(f.sku, f.from_m) for f in boards["a-1"]] == [("rice", 0.0), ("oil", 0.5)]
    assert [(f.sku, f.from_m) for f in boards["a-2"]] == [("flour", 0.0), ("beans", 0.5)]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(sorted(f"s{n}" for n in range(9))), min_size=1, max_size=3, unique=True), min_size=1, max_size=5),
    st.lists(st.sampled_from([100.0, 101.0, 150.0, 200.0, 333.0, 400.0]), min_size=9, max_size=9),
)
def test_advice_ends_and_leaves_only_what_it_says_it_cannot_part(boards: list[list[str]], grams: list[float]) -> None:
    weights = {f"s{n}": weight for n, weight in enumerate(grams)}
    plan = shop({f"b{n // 2}/{n}": skus for n, skus in enumerate(boards)}, weights)
    told = list(advised(plan))
    after = parted(plan)
    assert {one.alike for one in told if one.exchange is None} >= set(look_alikes(after))
    assert len(look_alikes(after)) <= len(look_alikes(plan)) - sum(one.exchange is not None for one in told)
    before = sorted(f.sku for bay in plan.bays for shelf in bay.shelves for f in shelf.facings)
    assert sorted(f.sku for bay in after.bays for shelf in bay.shelves for f in shelf.facings) == before

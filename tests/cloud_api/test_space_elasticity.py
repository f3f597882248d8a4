"""Room is worth what has been published, until the chain's own changes say otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from cloud_api.rules.space_elasticity import PRIOR_MEAN, PRIOR_SD, Elasticity, FacingFigures, SpaceChange, learn, propose_facings


def change(before_m: float, after_m: float, *, before: int, after: int, elsewhere: tuple[int, int] = (1000, 1000)) -> SpaceChange:
    return SpaceChange(
        sku="a", category="Tea", before_m=before_m, after_m=after_m, units_before=before, units_after=after,
        elsewhere_before=elsewhere[0], elsewhere_after=elsewhere[1],
    )  # fmt: skip


def test_without_a_change_the_published_prior_stands() -> None:
    assert learn([]) == (Elasticity(mean=PRIOR_MEAN, sd=PRIOR_SD, changes=0), {})
    few = [change(0.2, 0.4, before=3, after=9), change(0.4, 0.402, before=500, after=900)]
    assert learn(few)[0].changes == 0


def test_a_rise_that_all_shops_share_says_nothing_about_room() -> None:
    alike = learn([change(0.2, 0.4, before=400, after=800, elsewhere=(1000, 2000))])[0]
    plain = learn([change(0.2, 0.4, before=400, after=400)])[0]
    assert alike.mean == pytest.approx(plain.mean, abs=0.01)
    assert alike.mean < PRIOR_MEAN


def test_many_changes_outweigh_the_prior_and_few_hardly_move_it() -> None:
    chance = np.random.default_rng(4)
    drawn = []
    for _ in range(400):
        ratio = float(chance.choice((0.5, 2.0)))
        expected = 800 * ratio**0.35 * np.exp(chance.normal(0.0, 0.15))
        drawn.append(change(0.4, 0.4 * ratio, before=800, after=int(chance.poisson(expected)), elsewhere=(5000, 5000)))
    few, many = learn(drawn[:2])[0], learn(drawn)[0]
    assert abs(few.mean - PRIOR_MEAN) < abs(many.mean - PRIOR_MEAN)
    assert many.mean == pytest.approx(0.35, abs=0.05)
    assert many.sd < few.sd < PRIOR_SD


def test_a_category_is_drawn_towards_the_chain() -> None:
    low = [change(0.4, 0.8, before=1000, after=1000) for _ in range(40)]
    one = SpaceChange(
        **{name: getattr(change(0.4, 0.8, before=1000, after=1600), name) for name in SpaceChange.__struct_fields__}
        | {"category": "Sweets"}
    )
    chain, categories = learn([*low, one])
    alone = np.log(1.6) / np.log(2.0)
    assert chain.mean < categories["Sweets"].mean < alone
    assert categories["Sweets"].sd > categories["Tea"].sd


def facing(sku: str, *, width_m: float, margin_minor: float, shelf_id: str = "s1") -> FacingFigures:
    return FacingFigures(
        sku=sku, name=sku, category="Tea", shelf_id=shelf_id, width_m=width_m, unit_width_m=0.1, units_sold=10.0, units_picked=10.0,
        margin_minor=margin_minor,
    )  # fmt: skip


CHAIN = Elasticity(mean=0.17, sd=0.05, changes=9)


def test_room_goes_from_what_earns_little_to_what_earns_much() -> None:
    moves = propose_facings([facing("gold", width_m=0.2, margin_minor=9000), facing("dust", width_m=0.6, margin_minor=300)], CHAIN, {})
    assert [(move.to_sku, move.from_sku, move.width_m) for move in moves] == [("gold", "dust", 0.1)]
    expected = 9000 * ((0.3 / 0.2) ** 0.17 - 1) + 300 * ((0.5 / 0.6) ** 0.17 - 1)
    assert moves[0].margin_minor == pytest.approx(expected)
    assert moves[0].low_minor < expected < moves[0].high_minor


def test_what_brings_next_to_nothing_is_not_listed() -> None:
    little = [facing("tea", width_m=0.4, margin_minor=1200), facing("maté", width_m=0.6, margin_minor=1000)]
    assert propose_facings(little, CHAIN, {}) == [], "16 cents of 22 euros"
    more = [facing("tea", width_m=0.4, margin_minor=1500), facing("maté", width_m=0.6, margin_minor=1000)]
    assert [move.to_sku for move in propose_facings(more, CHAIN, {})] == ["tea"]


def test_nobody_loses_the_last_facing_and_nothing_moves_where_all_is_well() -> None:
    assert propose_facings([facing("gold", width_m=0.2, margin_minor=9000), facing("dust", width_m=0.1, margin_minor=300)], CHAIN, {}) == []
    assert propose_facings([facing("one", width_m=0.4, margin_minor=500), facing("two", width_m=0.4, margin_minor=500)], CHAIN, {}) == []
    apart = [facing("gold", width_m=0.2, margin_minor=9000), facing("dust", width_m=0.6, margin_minor=300, shelf_id="s2")]
    assert propose_facings(apart, CHAIN, {}) == []

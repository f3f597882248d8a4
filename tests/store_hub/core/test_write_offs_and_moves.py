"""Goods that are thrown away or carried about: where they leave, who is told, and that no scale counts them twice."""

from __future__ import annotations

from typing import Any

import pytest

from store_hub.entries import BACK_ROOM, StockMove, WriteOff, WriteOffLine
from store_hub.errors import PlaceUnknown
from store_hub.flows.rebuild import rebuild


def book(shop: Any, sku: str) -> tuple[int, int]:
    ((units, written_off),) = shop.rows("SELECT book_units, written_off_units FROM books WHERE sku = ?", sku)
    return units, written_off


def write_off(sku: str, units: int, place: str | None) -> WriteOff:
    return WriteOff(lines=[WriteOffLine(sku=sku, units=units, place=place)], reason="broken")


def test_goods_thrown_away_leave_the_books_and_their_place(shop: Any) -> None:
    shop.tell(write_off("gum", 2, "sweets"))
    shop.tell(write_off("gum", 3, BACK_ROOM))
    assert (shop.units("gum", "sweets"), shop.units("gum", BACK_ROOM)) == (8.0, 27.0)
    assert book(shop, "gum") == (35, 5)


@pytest.mark.parametrize("told_first", [False, True])
def test_goods_thrown_away_off_a_weighed_shelf_are_no_theft_whoever_speaks_first(shop: Any, told_first: bool) -> None:
    shop.weigh(10, 6)
    if told_first:
        shop.tell(write_off("cola", 2, "drinks"))
    shop.weigh(8, 6)
    if not told_first:
        shop.tell(write_off("cola", 2, "drinks"))
    assert shop.units("cola", "drinks") == 8.0
    assert shop.rows("SELECT basket_units FROM totals WHERE sku = 'cola'") == [(0,)]
    assert book(shop, "cola") == (32, 2)


def test_units_carried_to_a_shelf_without_a_scale_leave_the_back_room(shop: Any) -> None:
    shop.tell(StockMove(sku="gum", units=8, to_place="sweets"))
    assert (shop.units("gum", "sweets"), shop.units("gum", BACK_ROOM)) == (18.0, 22.0)
    shop.tell(StockMove(sku="gum", units=3, from_place="sweets", to_place=BACK_ROOM))
    assert (shop.units("gum", "sweets"), shop.units("gum", BACK_ROOM)) == (15.0, 25.0)
    assert book(shop, "gum") == (40, 0)


@pytest.mark.parametrize("told_first", [False, True])
def test_units_carried_to_a_scale_are_counted_once(shop: Any, told_first: bool) -> None:
    shop.weigh(10, 6)
    shop.weigh(4, 6)
    shop.tell(WriteOff(lines=[WriteOffLine(sku="cola", units=6, place="drinks")]))
    if told_first:
        shop.tell(StockMove(sku="cola", units=6, to_place="drinks"))
    shop.weigh(10, 6)
    if not told_first:
        shop.tell(StockMove(sku="cola", units=6, to_place="drinks"))
    assert (shop.units("cola", "drinks"), shop.units("cola", BACK_ROOM)) == (10.0, 18.0)


def test_a_place_that_the_article_does_not_have_is_refused(shop: Any) -> None:
    with pytest.raises(PlaceUnknown):
        shop.tell(StockMove(sku="gum", units=1, to_place="drinks"))


def test_what_no_planogram_knows_is_kept_and_shown(shop: Any) -> None:
    shop.tell(write_off("ghost", 1, None))
    assert shop.rows("SELECT sku, known FROM write_offs") == [("ghost", 0)]
    assert shop.rows("SELECT reason FROM quarantine") == [("unknown_sku",)]


def test_a_rebuild_and_a_restart_tell_the_same(shop: Any) -> None:
    shop.tell(write_off("gum", 2, None))
    shop.weigh(8, 6)
    shop.reopen()
    shop.tell(StockMove(sku="gum", units=4, to_place="sweets"))
    shop.weigh(12, 6)
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []

"""What the manager's figures mean."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from store_hub.rules.key_figures import (
    BookedStock,
    availability,
    books_wrong,
    compare,
    day_started_ms,
    empty_at_ms,
    is_comparable,
    lost_sales_units,
    occupancy_doubt,
    open_span,
    pace_per_hour,
    quarters_of,
    week_before_ms,
)

BERLIN = ZoneInfo("Europe/Berlin")
HOUR_MS = 3_600_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


def test_two_in_the_afternoon_stays_two_across_the_change_to_winter_time() -> None:
    assert week_before_ms(at("2026-10-28T14:00"), BERLIN) == at("2026-10-21T14:00")


def test_a_day_begins_at_the_shops_midnight() -> None:
    assert day_started_ms(at("2026-11-22T00:05"), BERLIN) == at("2026-11-22T00:00")


def test_a_day_without_anybody_is_no_comparison() -> None:
    assert compare(10, None).change is None
    assert compare(10, 0).change is None
    assert compare(88, 100).change == pytest.approx(-0.12)


def test_a_week_ago_that_was_hardly_observed_is_not_compared_with() -> None:
    assert is_comparable(60, 100)
    assert not is_comparable(40, 100)
    assert not is_comparable(0, 0)


def test_an_unobserved_quarter_stays_unknown_and_is_not_zero() -> None:
    assert quarters_of({0: 0, 60_000: 3, 1_800_000: 2}, 0, 2_700_000) == [3, None, 2]


def test_the_night_is_not_drawn() -> None:
    assert open_span([None, 0, 4, 1, None], [None, None, None, 2, 0]) == (2, 4)
    assert open_span([None], []) == (0, 0)


def test_on_shelf_availability_is_unknown_without_articles() -> None:
    assert availability([]) is None
    assert availability([False, False, False, True]) == 0.75


def test_a_single_unit_taken_tells_no_pace() -> None:
    assert pace_per_hour(1, 3 * HOUR_MS) is None
    assert pace_per_hour(6, 3 * HOUR_MS) == 2.0


def test_an_empty_shelf_loses_sales_at_the_pace_before() -> None:
    assert lost_sales_units(6.0, HOUR_MS // 2) == 3.0
    assert lost_sales_units(None, HOUR_MS) is None


def test_a_shelf_that_lasts_until_tomorrow_is_not_foretold() -> None:
    assert empty_at_ms(4.0, 2.0, 0) == 2 * HOUR_MS
    assert empty_at_ms(100.0, 2.0, 0) is None
    assert empty_at_ms(None, 2.0, 0) is None


def test_more_crossings_make_the_people_inside_less_certain() -> None:
    assert occupancy_doubt(0, 0, 0) == 0
    assert occupancy_doubt(400, 380, 0) == 3
    assert occupancy_doubt(400, 380, 4) == 5


def test_books_are_accused_only_outside_of_what_can_be_here() -> None:
    right = BookedStock(sku="right", book_units=10, seen_units=11, low=9, high=12)
    phantom = BookedStock(sku="phantom", book_units=20, seen_units=11, low=9, high=12)
    negative = BookedStock(sku="negative", book_units=-1, seen_units=0, low=None, high=None)
    nobody_knows = BookedStock(sku="nobody-knows", book_units=50, seen_units=0, low=None, high=None)
    assert [stock.sku for stock in books_wrong([right, negative, phantom, nobody_knows])] == ["phantom", "negative"]

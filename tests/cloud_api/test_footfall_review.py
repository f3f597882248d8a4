"""Visitors are compared like with like, and what nobody watched is never zero."""

from __future__ import annotations

from datetime import date, timedelta
from math import hypot

import pytest

from cloud_api.rules.chain_map import chain_map
from cloud_api.rules.footfall_review import HourCount, StoreReview, by_change, review_store

SUNDAY = date(2026, 11, 22)


def hour(day: date, at: int, people: int, observed_min: float = 60.0) -> HourCount:
    return HourCount(day, at, people, people, observed_min)


def review(*hours: HourCount, first: date = SUNDAY, by: str = "day", doors: int = 1, store_id: str = "shop-1") -> StoreReview:
    return review_store(store_id, list(hours), first=first, last=SUNDAY, by=by, doors=doors)


def test_a_day_nobody_watched_has_no_number() -> None:
    saturday, sunday = review(hour(SUNDAY, 10, 5), first=SUNDAY - timedelta(days=1)).rows
    assert saturday.people_in is None
    assert sunday.people_in == 5


def test_an_hour_in_which_nobody_came_is_zero_and_not_missing() -> None:
    rows = review(hour(SUNDAY, 10, 0), by="hour").rows
    assert rows[10].people_in == 0
    assert rows[11].people_in is None


def test_a_shop_is_compared_with_the_same_weekday_and_hour() -> None:
    """A busy Saturday in between must not count."""
    found = review(hour(SUNDAY, 10, 44), hour(SUNDAY - timedelta(days=1), 10, 400), hour(SUNDAY - timedelta(weeks=1), 10, 50))
    assert found.comparison.change_share == pytest.approx(-0.12)
    assert found.comparison.hours == 1


def test_a_counter_that_slept_half_the_hour_is_told_but_not_compared() -> None:
    found = review(hour(SUNDAY, 10, 5, observed_min=30.0), hour(SUNDAY - timedelta(weeks=1), 10, 50))
    assert found.visitors == 5
    assert found.comparison.change_share is None


def test_one_door_of_two_watched_is_half_watched() -> None:
    assert review(hour(SUNDAY, 10, 5, observed_min=60.0), by="hour", doors=2).rows[10].watched_share == 0.5


def test_a_counter_that_rests_at_night_misses_nothing() -> None:
    days = [SUNDAY - timedelta(days=back) for back in range(7)]
    found = review(*(hour(day, at, 3) for day in days for at in range(9, 21)))
    assert found.rows[0].watched_share == pytest.approx(1.0)


def test_the_hour_that_the_clocks_repeat_is_added_up() -> None:
    assert review(hour(SUNDAY, 2, 3), hour(SUNDAY, 2, 4), by="hour").rows[2].people_in == 7


def test_what_changed_most_comes_first_and_what_cannot_be_compared_last() -> None:
    past = SUNDAY - timedelta(weeks=1)
    new = review(hour(SUNDAY, 10, 9), store_id="new")
    steady = review(hour(SUNDAY, 10, 51), hour(past, 10, 50), store_id="steady")
    fallen = review(hour(SUNDAY, 10, 20), hour(past, 10, 50), store_id="fallen")
    assert [found.store_id for found in by_change([new, steady, fallen])] == ["fallen", "steady", "new"]


def test_shops_lie_on_the_map_as_far_apart_as_they_are() -> None:
    """Berlin and Hamburg are 255 km apart, as the crow flies; the map may be out by a few parts in a hundred."""
    found = chain_map({"berlin": (52.52, 13.405), "hamburg": (53.551, 9.994)})
    assert found is not None
    berlin, hamburg = found.places
    assert hypot(berlin.x_km - hamburg.x_km, berlin.y_km - hamburg.y_km) == pytest.approx(255, rel=0.02)
    assert (hamburg.x_km, hamburg.y_km, found.bar_km) == (0.0, 0.0, 50.0)
    assert chain_map({}) is None
    around = chain_map({"suva": (-18.1, 178.4), "apia": (-13.8, -171.8)})
    assert around is not None
    assert around.width_km < 1200, "a chain on both sides of the date line"

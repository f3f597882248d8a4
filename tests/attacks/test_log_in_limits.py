"""The limits on wrong log-ins stop who guesses, and nobody else; and guesses cost the hub no hash that they need not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from people_shop import GOOD, PeopleShop

from access_control.errors import LogInRefused
from access_control.log_in_limits import LimitRule, LogInLimits


@pytest.fixture
def people(tmp_path: Path) -> Iterator[PeopleShop]:
    made = PeopleShop(tmp_path)
    yield made
    made.audit.close()


def test_the_limits_forget_and_stay_bounded() -> None:
    limits = LogInLimits(LimitRule(within_s=10, pair_max=2, address_max=100_000, name_max=100_000))
    for number in range(30_000):
        limits.was_wrong(f"name {number}", "10.0.0.1", float(number) / 10_000)
    assert len(limits._wrong) <= 10_000
    limits.was_wrong("x", "b", 20.0)
    limits.was_wrong("x", "b", 20.0)
    assert not limits.may_try("x", "b", 21.0)
    assert limits.may_try("x", "b", 31.0)


def test_a_shop_behind_one_address_may_log_in_as_often_as_it_likes(people: PeopleShop) -> None:
    people.somebody()
    for _ in range(LimitRule().name_max + 10):
        people.keeper.log_in("Ana", GOOD, address="10.0.0.1")
    for number in range(LimitRule().address_max):
        with pytest.raises(LogInRefused, match="do not fit"):
            people.keeper.log_in(f"guess {number}", GOOD, address="10.0.0.1")
    with pytest.raises(LogInRefused, match="too many"):
        people.keeper.log_in("Ana", GOOD, address="10.0.0.1")


def test_a_link_that_nobody_made_costs_no_hash(people: PeopleShop) -> None:
    with patch.object(people.keeper, "_hash", side_effect=AssertionError("hashed")), pytest.raises(LogInRefused):
        people.keeper.accept("guessed", GOOD, address="10.0.0.9")
    assert len(people.refused("person.link")) == 1

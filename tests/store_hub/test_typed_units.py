"""What somebody types as a number of units is read, or refused; no text breaks the page."""

from __future__ import annotations

import pytest

from store_hub.dashboard.wording import typed_units


@pytest.mark.parametrize(
    ("typed", "units"),
    [("0", 0), (" 12 ", 12), ("1000000", 1_000_000), ("1000001", None), ("-1", None), ("3.5", None), ("", None), ("9" * 5000, None)],
)
def test_units_are_whole_and_no_more_than_a_shop_holds(typed: str, units: int | None) -> None:
    assert typed_units(typed) == units

"""Where tags and stock contradict each other is said, and nowhere else."""

from __future__ import annotations

import pytest

from store_hub.rules.tag_findings import TOO_MANY, UNTAGGED, Finding, finding


@pytest.mark.parametrize(
    ("tags", "stock", "gap", "every_unit_tagged", "found"),
    [
        (10, (10.0, 9.0, 11.0), None, True, None),
        (8, (10.0, 8.0, 12.0), None, True, None),
        (6, (10.0, 8.0, 12.0), None, True, Finding(UNTAGGED, 4)),
        (6, (10.0, 8.0, 12.0), None, False, None),
        (14, (10.0, 9.0, 11.0), None, False, Finding(TOO_MANY, 4)),
        (11, (10.0, None, None), None, True, Finding(TOO_MANY, 1)),
        (6, (10.0, 10.0, 10.0), 4, True, Finding(UNTAGGED, 4)),
        (11, (10.0, 10.0, 10.0), -1, True, Finding(TOO_MANY, 1)),
        (5, (10.0, 10.0, 10.0), 1, True, Finding(UNTAGGED, 4)),
    ],
)
def test_a_contradiction_is_beyond_the_doubt_of_the_stock(
    tags: int, stock: tuple[float, float | None, float | None], gap: int | None, every_unit_tagged: bool, found: Finding | None
) -> None:
    assert finding(tags, *stock, gap, every_unit_tagged=every_unit_tagged) == found

"""The measures of inventory records, each worked out by hand."""

from __future__ import annotations

import pytest

from store_hub.rules.record_accuracy import Record, accuracy

RECORDS = [
    Record("exact", 10, 10, 100),
    Record("short", 20, 14, 50),
    Record("over", 8, 9, 200),
    Record("phantom", 5, 0, 30),
    Record("hidden", 0, 4, 10),
]


def test_eight_ways_to_measure_tell_eight_stories() -> None:
    found = accuracy(RECORDS)
    assert (found.records, found.exact, found.within_units) == (5, 0.2, 0.4)
    assert found.within_share == 0.2
    assert (found.positive, found.negative, found.phantom, found.hidden) == (0.4, 0.4, 0.2, 0.2)
    assert (found.signed_units, found.shrink_units, found.absolute_units) == (-6, 11, 16)
    assert (found.signed_minor, found.shrink_minor, found.absolute_minor) == (-300 + 200 - 150 + 40, 450, 690)
    assert found.mape == pytest.approx((0 / 10 + 6 / 14 + 1 / 9 + 4 / 4) / 4)
    assert found.smape == pytest.approx((0 + 6 / 17 + 1 / 8.5 + 2 + 2) / 5)


def test_of_no_records_nothing_is_said() -> None:
    found = accuracy([])
    assert (found.records, found.exact, found.mape, found.smape, found.signed_units) == (0, None, None, None, 0)

"""A whole facing taken at once calls staff at once, whoever pays later; a few bottles do not."""

from __future__ import annotations

from typing import Any

from store_hub.entries import Sale, SaleLine
from store_hub.flows.rebuild import rebuild


def calls(shop: Any) -> list[Any]:
    return [reason for (reason,) in shop.rows("SELECT reason FROM notifications ORDER BY notification_id")]


def test_a_facing_swept_at_once_calls_staff_and_is_settled_when_the_till_is_paid_after_all(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(0, 6)
    assert shop.rows("SELECT sku, units FROM shelf_events WHERE meaning = 'swept'") == [("cola", -10)]
    assert calls(shop) == ["raised", "swept"]
    assert shop.rows("SELECT kind, detail, lost_minor_h FROM alerts") == [("empty_shelf", "", None), ("swept", "10", 1990.0)]
    shop.clock.at_ms += 120_000
    assert sum(units for (units,) in shop.rows("SELECT basket_units FROM totals WHERE sku = 'cola'")) == 10
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="cola", units=10)]))
    assert shop.rows("SELECT basket_units FROM totals WHERE sku = 'cola'") == [(0,)]
    assert shop.units("cola", "drinks") == 0
    assert calls(shop) == ["raised", "swept", "cleared"]
    assert shop.rows("SELECT cleared_by FROM alerts WHERE kind = 'swept'") == [("over",)]
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_buying_the_shelf_down_bottle_by_bottle_sweeps_nothing(shop: Any) -> None:
    shop.weigh(10, 6)
    for left in range(9, -1, -1):
        shop.weigh(left, 6)
    assert "swept" not in calls(shop)
    assert calls(shop) == ["raised", "emptied"]

"""Where the books and the shop disagree: found once it lasts, told with its evidence, over when somebody has counted."""

from __future__ import annotations

from typing import Any

from store_hub.entries import AlertAction, Sale, SaleLine, StockCount
from store_hub.flows.rebuild import rebuild


def found(shop: Any) -> list[tuple[Any, ...]]:
    return shop.rows(
        "SELECT kind, sku, units, closed_at_ms IS NOT NULL FROM discrepancies WHERE found_at_ms IS NOT NULL ORDER BY discrepancy_id"
    )


def pass_time(shop: Any, minutes: float, *, cola: int, tea: int) -> None:
    """Time passes; the scale confirms what it weighs."""
    shop.weigh(cola, tea, after_s=round(minutes * 60))


def sell(shop: Any, sku: str, units: int) -> None:
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku=sku, units=units)]))


def test_an_empty_shelf_with_stock_behind_is_told_after_twenty_minutes(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(0, 6)
    sell(shop, "cola", 10)
    pass_time(shop, 15, cola=0, tea=6)
    assert found(shop) == []
    pass_time(shop, 15, cola=0, tea=6)
    assert found(shop) == [("stock_behind", "cola", 0.0, 0)]
    shop.weigh(10, 6)
    assert found(shop)[0][3] == 1


def test_what_nobody_finds_in_the_back_room_is_in_the_books_only_until_it_is_counted(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(0, 6)
    sell(shop, "cola", 10)
    ((alert_id,),) = shop.rows("SELECT alert_id FROM alerts WHERE kind = 'empty_shelf'")
    shop.tell(AlertAction(alert_id=alert_id, action="not_there", by="Ana"))
    assert shop.units("cola", "back_room") == 0.0
    pass_time(shop, 12, cola=0, tea=6)
    assert found(shop) == [("phantom_stock", "cola", 24.0, 0)]
    assert shop.rows("SELECT kind, detail FROM alerts WHERE subject = 'phantom_stock cola'") == [("discrepancy", "24")]
    shop.reopen()
    shop.tell(StockCount(sku="cola", units=0))
    assert found(shop) == [("phantom_stock", "cola", 24.0, 1)]
    assert shop.rows("SELECT count(*) FROM alerts WHERE subject = 'phantom_stock cola' AND cleared_at_ms IS NULL") == [(0,)]
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_a_difference_that_passed_untold_before_a_restart_leaves_no_trace_in_the_next_one(shop: Any) -> None:
    def open_now() -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = shop.rows("SELECT sku FROM discrepancies WHERE closed_at_ms IS NULL")
        return rows

    def steal(left: int) -> None:
        shop.weigh(left, 6)
        pass_time(shop, 61, cola=left, tea=6)
        sell(shop, "gum", 1)  # The till speaks of a moment an hour later.

    shop.weigh(10, 6)
    steal(7)
    assert open_now() == [("cola",)]
    shop.tell(StockCount(sku="cola", shelf_id="drinks", units=7))
    assert open_now() == []
    shop.reopen()
    steal(4)
    assert open_now() == [("cola",)]
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_a_passing_difference_is_not_told(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(7, 6)
    pass_time(shop, 30, cola=7, tea=6)
    sell(shop, "cola", 3)
    pass_time(shop, 60, cola=7, tea=6)
    assert found(shop) == []
    assert shop.rows("SELECT count(*) FROM discrepancies") == [(0,)]


def test_stolen_units_make_the_books_too_high_and_are_listed_with_their_hour(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(7, 6)
    picked_at_ms = shop.clock.at_ms
    pass_time(shop, 61, cola=7, tea=6)
    sell(shop, "gum", 1)  # The till speaks of a moment an hour later: the three will not be paid any more.
    pass_time(shop, 61, cola=7, tea=6)
    assert shop.rows("SELECT sku, units, happened_at_ms FROM unmatched") == [("cola", 3, picked_at_ms)]
    assert found(shop) == [("book_too_high", "cola", 3.0, 0)]
    assert shop.rows("SELECT worth_minor FROM discrepancies WHERE sku = 'cola'") == [(3 * 199,)]


def test_a_sale_that_no_shelf_felt_is_listed(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(9, 6)
    sell(shop, "cola", 2)
    pass_time(shop, 61, cola=9, tea=6)
    assert shop.rows("SELECT sku, units FROM unmatched") == [("cola", -1)]


def test_each_day_is_judged_once_in_the_shops_own_time(shop: Any) -> None:
    shop.weigh(10, 6)
    for _ in range(3):
        shop.weigh(9, 6, after_s=24 * 3600)
    days = shop.rows("SELECT day, records FROM accuracy_days ORDER BY day")
    assert len(days) == 4
    assert all(records >= 1 for _, records in days)
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []

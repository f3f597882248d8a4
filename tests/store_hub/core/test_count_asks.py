"""Counts that staff are asked for: where the hub is most in doubt, a few an hour, booked from the phone; and what a count teaches."""

from __future__ import annotations

from typing import Any

import pytest

from store_hub.adapters.ledger_views import LedgerViews
from store_hub.entries import AlertAction, Finding, Sale, SaleLine, StockCount, StockMove
from store_hub.entries_settings import AlertRules, SettingsChange, ShopSettings
from store_hub.errors import GoodsRefused
from store_hub.flows.attend import Attend
from store_hub.flows.rebuild import rebuild
from store_hub.rules.count_asks import (
    HOUR_MS,
    IGNORED_FROM,
    LASTS_MS,
    REMEMBERED_MS,
    Asked,
    Doubted,
    counts_to_ask,
    is_settled,
    lasting,
    subject_of,
)
from store_hub.rules.messages import Call, message
from store_hub.rules.overdue import OpenTask, escalation, findings

MINUTE_MS = 60_000


def doubt(sku: str, width: float, *, capacity: int = 20) -> Doubted:
    return Doubted(sku, "sweets", 2.0, 2.0 + width, capacity)


def asked_for(found: list[Finding]) -> list[str | None]:
    return [one.sku for one in found]


def attend(shop: Any) -> Attend:
    return Attend(views=LedgerViews(shop.path), bookkeep=shop, now_ms=shop.clock.now_ms)


def sell_gum_until_in_doubt(shop: Any) -> None:
    for _ in range(11):
        shop.clock.at_ms += 5 * MINUTE_MS
        shop.tell(Sale(till="1", lines=[SaleLine(sku="gum", units=1)]))


# ---- whom to ask for what


def test_what_is_most_in_doubt_is_asked_for_first_and_never_more_than_an_hour_allows() -> None:
    every = [doubt("a", 5), doubt("b", 12), doubt("c", 3), doubt("d", 7), doubt("small", 3, capacity=8), doubt("one", 1, capacity=2)]
    places, _ = lasting(every, {subject_of("sweets", one.sku): 0 for one in every}, LASTS_MS)
    assert asked_for(counts_to_ask(places, [], 3, 0)) == ["b", "small", "d"]
    assert counts_to_ask(places, [], 0, 0) == []
    (first, *_) = counts_to_ask(places, [], 1, 0)
    assert (first.kind, first.subject, first.shelf_id, first.detail) == ("count", "sweets b", "sweets", "2–14")


def test_what_the_till_tells_apart_within_minutes_is_not_asked_for() -> None:
    a, b = doubt("a", 12), doubt("b", 9)
    none, since = lasting([a, b], {}, 1_000)
    assert (none, since) == ([], {"sweets a": 1_000, "sweets b": 1_000})
    _, since = lasting([a, doubt("b", 0)], since, 2_000)
    assert lasting([a, b], since, 1_000 + LASTS_MS) == ([a], {"sweets a": 1_000, "sweets b": 1_000 + LASTS_MS})


def test_nothing_is_asked_for_twice_within_an_hour() -> None:
    places = [doubt("a", 12), doubt("b", 9), doubt("c", 8)]
    asked = [Asked("sweets a", 0, True), Asked("sweets b", 50 * MINUTE_MS, True)]
    assert asked_for(counts_to_ask(places, asked, 3, 55 * MINUTE_MS)) == ["c"]
    assert asked_for(counts_to_ask(places, asked, 3, HOUR_MS)) == ["a", "c"]


def test_where_nobody_counts_nobody_is_asked_for_a_while() -> None:
    places = [doubt("a", 12)]
    ignored = [Asked(f"sweets {number}", 0, False) for number in range(IGNORED_FROM)]
    assert counts_to_ask(places, ignored, 3, 2 * HOUR_MS) == []
    assert counts_to_ask(places, [*ignored[1:], ignored[0]._replace(counted=True)], 3, 2 * HOUR_MS) != []
    assert counts_to_ask(places, ignored, 3, REMEMBERED_MS) != []


def test_what_has_become_plain_need_not_be_counted() -> None:
    assert [is_settled(2.0, 2.0 + width, 20) for width in (0.0, 2.0, 3.0, 9.0)] == [True, True, False, False]
    assert is_settled(None, None, 20)


def test_a_count_that_nobody_takes_lapses_and_is_told_to_nobody_twice() -> None:
    tasks = [OpenTask(1, "count", "sweets a", 0, None, None, None), OpenTask(2, "count", "sweets b", 0, 5, None, None)]
    assert findings(tasks, [], HOUR_MS + 1, listening_since_ms=0) == [Finding(kind="count", subject="sweets a", state="over")]
    assert escalation(tasks, AlertRules(), HOUR_MS, open_since_ms=0) is None


def test_a_message_says_what_to_count_and_where() -> None:
    call = Call(1, 1, "raised", 0, True, False, "Gum", "Bay 1, board 2", None, None, None, kind="count", detail="2–14")
    told = message([call], None)
    assert told.title == "Gum: please count"
    assert told.body == "Gum on Bay 1, board 2: 2–14 believed to be there, please count it."
    assert message([call, call._replace(alert_id=2)], None).title == "2 shelves to count"


# ---- on a real ledger


def test_a_shelf_in_doubt_is_asked_for_counted_from_the_phone_and_known(shop: Any) -> None:
    sell_gum_until_in_doubt(shop)
    ((low, high),) = shop.rows("SELECT low, high FROM stock WHERE place = 'sweets'")
    assert high - low >= 5
    flow = attend(shop)
    assert flow.look() == []
    shop.clock.at_ms += LASTS_MS
    told = flow.look()
    assert [(one.kind, one.subject) for one in told if isinstance(one, Finding)] == [("count", "sweets gum")]
    assert flow.look() == []
    ((number, subject, detail),) = shop.rows("SELECT alert_id, subject, detail FROM alerts WHERE kind = 'count'")
    assert (subject, detail) == ("sweets gum", f"{low:.0f}–{high:.0f}")
    shop.reopen()
    shop.tell(AlertAction(alert_id=number, action="counted", units=6, by="Ana", pressed_at_ms=shop.clock.at_ms))
    assert shop.rows("SELECT units, low, high, evidence FROM stock WHERE place = 'sweets'") == [(6.0, 6.0, 6.0, "count")]
    assert shop.rows("SELECT cleared_by, done_by FROM alerts WHERE kind = 'count'") == [("person", "Ana")]
    assert shop.rows("SELECT sku, shelf_id, counted_units FROM hand_counts") == [("gum", "sweets", 6)]
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_nobody_is_asked_where_the_manager_wants_no_counts(shop: Any) -> None:
    shop.tell(SettingsChange(settings=ShopSettings(alerts=AlertRules(counts_per_hour=0))))
    sell_gum_until_in_doubt(shop)
    flow = attend(shop)
    flow.look()
    shop.clock.at_ms += LASTS_MS
    assert flow.look() == []


def test_a_count_told_by_another_door_closes_the_task(shop: Any) -> None:
    sell_gum_until_in_doubt(shop)
    flow = attend(shop)
    flow.look()
    shop.clock.at_ms += LASTS_MS
    assert len(flow.look()) == 1
    shop.tell(StockCount(sku="gum", units=4, shelf_id="sweets"))
    assert shop.rows("SELECT cleared_by FROM alerts WHERE kind = 'count'") == [("over",)]


def test_a_count_without_units_of_no_shelf_or_of_long_ago_is_refused_with_what_to_do(shop: Any) -> None:
    shop.tell(Finding(kind="device_silent", subject="pi-7"))
    shop.tell(Finding(kind="count", subject="sweets gum", sku="gum", shelf_id="sweets", detail="2–14"))
    ((silent,), (count,)) = shop.rows("SELECT alert_id FROM alerts ORDER BY alert_id")
    with pytest.raises(GoodsRefused, match="needs a number of units"):
        shop.tell(AlertAction(alert_id=count, action="counted"))
    with pytest.raises(GoodsRefused, match="no article on a shelf"):
        shop.tell(AlertAction(alert_id=silent, action="counted", units=3))
    with pytest.raises(GoodsRefused, match="please count again"):
        shop.tell(AlertAction(alert_id=count, action="counted", units=3, pressed_at_ms=shop.clock.at_ms - 31 * MINUTE_MS))
    assert shop.rows("SELECT count(*) FROM hand_counts") == [(0,)]


# ---- what a count teaches


def test_what_a_count_finds_more_has_come_from_the_back_room(shop: Any) -> None:
    shop.tell(StockCount(sku="gum", units=18, shelf_id="sweets"))
    assert (shop.units("gum", "sweets"), shop.units("gum", "back_room")) == (18.0, 22.0)
    assert shop.rows("SELECT book_units FROM books WHERE sku = 'gum'") == [(40,)]
    shop.tell(StockCount(sku="gum", units=5, shelf_id="sweets"))
    assert (shop.units("gum", "sweets"), shop.units("gum", "back_room")) == (5.0, 22.0), "13 have gone: nobody saw them go back"
    assert shop.rows("SELECT book_units FROM books WHERE sku = 'gum'") == [(27,)]


def test_while_a_scale_is_dead_what_the_till_sells_leaves_its_shelf_and_calls(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.clock.at_ms += 20 * MINUTE_MS
    for _ in range(8):
        shop.clock.at_ms += MINUTE_MS
        shop.tell(Sale(till="1", lines=[SaleLine(sku="cola", units=1)]))
    ((units, low, high),) = shop.rows("SELECT units, low, high FROM stock WHERE sku = 'cola' AND place = 'drinks'")
    assert (units, low, high) == (2.0, 1.0, 12.0), "or staff have filled it up, which no scale has felt"
    assert shop.rows("SELECT kind FROM alerts WHERE sku = 'cola'") == [("low_shelf",)]
    shop.reopen()
    shop.weigh(2, 6)
    assert shop.rows("SELECT units, low, high FROM stock WHERE sku = 'cola' AND place = 'drinks'") == [(2.0, 2.0, 2.0)]
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_a_count_at_a_dead_scale_is_not_felt_a_second_time_when_it_is_back(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.clock.at_ms += 20 * MINUTE_MS
    for _ in range(4):
        shop.tell(Sale(till="1", lines=[SaleLine(sku="cola", units=1)]))
    shop.tell(StockCount(sku="cola", units=5, shelf_id="drinks"))
    shop.tell(Sale(till="1", lines=[SaleLine(sku="cola", units=2)]))
    assert shop.units("cola", "drinks") == 3.0
    shop.weigh(3, 6)
    assert (shop.units("cola", "drinks"), shop.units("tea", "drinks")) == (3.0, 6.0)


def test_what_was_filled_up_while_a_scale_was_dead_and_nothing_sold_is_seen_when_it_is_back(shop: Any) -> None:
    for cola, tea in ((10, 6), (10, 3), (10, 0), (7, 0), (4, 0), (1, 0), (0, 0)):
        shop.weigh(cola, tea)
    shop.clock.at_ms += 60 * MINUTE_MS
    shop.tell(Sale(till="1", lines=[SaleLine(sku="gum", units=1)]))  # Any receipt: staff were called, and may have been there.
    assert shop.rows("SELECT units, low, high FROM stock WHERE sku = 'tea' AND place = 'drinks'") == [(0.0, 0.0, 8.0)]
    shop.weigh(12, 8)
    assert [shop.units(sku, "drinks") for sku in ("cola", "tea")] == [12.0, 8.0]
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_a_refill_that_was_felt_before_a_scale_died_is_not_looked_for_when_it_is_back(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(4, 6)
    shop.tell(Sale(till="1", lines=[SaleLine(sku="cola", units=6)]))
    shop.weigh(8, 6, after_s=900)
    shop.weigh(12, 6, after_s=5)
    shop.clock.at_ms += 20_000
    shop.tell(StockMove(sku="cola", units=8, from_place="back_room", to_place="drinks"))  # Its last word was before.
    assert (shop.units("cola", "drinks"), shop.units("cola", "back_room")) == (12.0, 16.0)
    shop.clock.at_ms += 20 * MINUTE_MS
    for _ in range(7):
        shop.clock.at_ms += MINUTE_MS
        shop.tell(Sale(till="1", lines=[SaleLine(sku="cola", units=1)]))
    assert shop.units("cola", "drinks") == 5.0
    shop.weigh(4, 6)
    assert (shop.units("cola", "drinks"), shop.units("tea", "drinks")) == (4.0, 6.0)
    assert shop.rows("SELECT count(*) FROM shelf_events WHERE meaning = 'unknown'") == [(0,)]
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


def test_a_refill_that_is_booked_while_a_scale_is_dead_stands_there_and_leaves_the_back_room_once(shop: Any) -> None:
    for cola in (10, 7, 4):
        shop.weigh(cola, 6)
    shop.tell(Sale(till="1", lines=[SaleLine(sku="cola", units=6)]))
    shop.clock.at_ms += 20 * MINUTE_MS
    shop.tell(StockMove(sku="cola", units=8, from_place="back_room", to_place="drinks"))
    shop.tell(Sale(till="1", lines=[SaleLine(sku="gum", units=1)]))
    assert (shop.units("cola", "drinks"), shop.units("cola", "back_room")) == (12.0, 16.0)
    shop.clock.at_ms += 60 * MINUTE_MS
    shop.reopen()
    shop.weigh(12, 6)
    assert (shop.units("cola", "drinks"), shop.units("cola", "back_room")) == (12.0, 16.0)
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []

"""Alerts and the tasks they are: raised by marks, pace and findings, done by people, confirmed by the scale; the same after a rebuild."""

from __future__ import annotations

from typing import Any

import pytest

from store_hub.adapters.ledger_views import LedgerViews
from store_hub.entries import AlertAction, Escalation, Finding, Sale, SaleLine
from store_hub.entries_settings import AlertRules, PlaceRule, SettingsChange, ShopSettings
from store_hub.errors import SettingsOutdated
from store_hub.flows.rebuild import rebuild
from store_hub.rows import FacingRow, PaceRow, ShelfEventRow
from store_hub.rules.overdue import DeviceSeen, OpenTask, escalation, findings
from store_hub.rules.paces import WINDOW_MS, PaceBook
from store_hub.rules.task_acts import task_times
from store_hub.rules.thresholds import by_pace, place_rule, with_rule
from store_hub.rules.walk import walk_ranks
from wire_format.observations import QueueLength

FACING = FacingRow("drinks", "cola", "bay-1", 1, 0.0, 0.5, 12, 3, 9, 1)
MINUTE_MS = 60_000


def settings(revision: int = 0, **rules: Any) -> SettingsChange:
    return SettingsChange(settings=ShopSettings(alerts=AlertRules(**rules)), revision=revision)


def alerts(shop: Any) -> list[tuple[Any, ...]]:
    return list(shop.rows("SELECT kind, sku, cleared_by FROM alerts ORDER BY alert_id"))


def same_after_a_rebuild(shop: Any) -> bool:
    return rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


# ---- when a place is low


def test_the_closest_rule_counts_field_by_field() -> None:
    rules = AlertRules(
        low_share=0.2, places=[PlaceRule(sku="cola", low_units=5), PlaceRule(shelf_id="drinks", low_units=1, low_minutes=30)]
    )
    assert place_rule(rules, "drinks", "cola") == PlaceRule(sku="cola", shelf_id="drinks", low_units=5, low_share=0.2, low_minutes=30)
    assert place_rule(rules, "sweets", "gum") == PlaceRule(sku="gum", shelf_id="sweets", low_share=0.2)


@pytest.mark.parametrize(
    ("rule", "low", "clear"),
    [
        (PlaceRule(), 3, 9),
        (PlaceRule(low_units=5), 5, 8),
        (PlaceRule(low_share=0.5), 6, 9),
        (PlaceRule(low_share=0.1), 3, 9),
        (PlaceRule(low_units=40), 11, 12),
    ],
)
def test_marks_move_together_and_never_above_what_fits(rule: PlaceRule, low: int, clear: int) -> None:
    marked = with_rule(FACING, rule)
    assert (marked.low_units, marked.clear_units) == (low, clear)


def test_an_article_that_goes_fast_calls_earlier_but_a_full_shelf_never_does() -> None:
    assert by_pace(FACING, 30.0, per_hour=10.0).low_units == 5
    assert by_pace(FACING, 30.0, per_hour=2.0).low_units == 3
    assert by_pace(FACING, 30.0, per_hour=500.0).low_units == 8
    assert by_pace(FACING, None, per_hour=500.0) is FACING


def test_a_steady_stream_is_its_own_pace_and_a_quiet_hour_lets_it_fade() -> None:
    book, rows = PaceBook(), []
    for minute in range(0, 12 * 60, 10):
        rows += book.hear(ShelfEventRow(minute, 1, "drinks", "cola", minute * MINUTE_MS, -1, "picked", None, 1.0, None, 0.0))
    assert rows[-1].per_hour == pytest.approx(6.0, rel=0.06)
    assert book.per_hour("drinks", "cola", rows[-1].updated_at_ms + WINDOW_MS) == pytest.approx(rows[-1].per_hour / 2.718, rel=0.01)
    again = PaceBook()
    again.restore(PaceRow("drinks", "cola", rows[-1].per_hour, rows[-1].updated_at_ms))
    assert again.per_hour("drinks", "cola", rows[-1].updated_at_ms) == rows[-1].per_hour


# ---- on a real ledger


def test_settings_call_for_what_is_low_by_them_and_hang_up_by_them(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(6, 6)
    assert alerts(shop) == []
    shop.tell(settings(places=[PlaceRule(sku="cola", low_units=6)]))
    assert alerts(shop) == [("low_shelf", "cola", "")]
    assert shop.rows("SELECT low_units, clear_units FROM facings WHERE sku = 'cola'") == [(6, 9)]
    shop.reopen()
    shop.tell(settings(1, low_share=0.25))
    shop.weigh(10, 6)
    assert alerts(shop) == [("low_shelf", "cola", "scale")]
    with pytest.raises(SettingsOutdated):
        shop.tell(settings(1))
    assert same_after_a_rebuild(shop)


def test_what_a_customer_lifts_and_puts_back_calls_nobody_where_a_shelf_must_be_low_for_a_while(shop: Any) -> None:
    shop.tell(settings(low_for_s=15))
    for left in (10, 7, 4, 2):
        shop.weigh(left, 6)
    shop.weigh(4, 6, after_s=5)
    shop.weigh(4, 6)
    assert alerts(shop) == []
    shop.weigh(2, 6)
    low_at_ms = shop.clock.at_ms
    shop.weigh(2, 5, after_s=10)
    assert alerts(shop) == []
    shop.reopen()
    shop.weigh(2, 4, after_s=6)
    assert alerts(shop) == [("low_shelf", "cola", "")]
    assert shop.rows("SELECT raised_at_ms FROM alerts") == [(low_at_ms + 16_000,)]
    assert shop.rows("SELECT count(*) FROM held_calls") == [(0,)]
    assert same_after_a_rebuild(shop)


def test_a_run_on_an_article_calls_before_the_mark_and_says_what_it_would_cost(shop: Any) -> None:
    shop.tell(settings(low_minutes=180))
    for left in (10, 8, 6):
        shop.weigh(left, 6)
    assert alerts(shop) == []
    shop.weigh(5, 6)
    ((kind, worth),) = shop.rows("SELECT kind, lost_minor_h FROM alerts")
    assert kind == "low_shelf"
    assert worth == pytest.approx(5 / 2 * 199, rel=0.05)
    shop.reopen()
    shop.weigh(11, 6)
    assert alerts(shop) == [("low_shelf", "cola", "scale")]
    assert same_after_a_rebuild(shop)


def test_a_task_is_given_taken_done_and_confirmed_with_its_times(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(2, 6)
    task = shop.rows("SELECT alert_id FROM alerts WHERE kind = 'low_shelf'")[0][0]
    raised_ms = shop.clock.at_ms
    shop.tell(AlertAction(alert_id=task, action="assign", to="Ana", by="Li Wei"))
    shop.clock.at_ms += 2 * MINUTE_MS
    shop.tell(AlertAction(alert_id=task, action="take", by="Ana", pressed_at_ms=raised_ms + MINUTE_MS))
    shop.tell(AlertAction(alert_id=task, action="take", by="Bo"))
    shop.clock.at_ms += 2 * MINUTE_MS
    shop.tell(AlertAction(alert_id=task, action="done", by="Ana"))
    shop.weigh(11, 6)
    row = shop.rows(
        "SELECT assigned_to, taken_by, raised_at_ms, taken_at_ms, done_at_ms, cleared_at_ms, cleared_by FROM alerts WHERE alert_id = ?",
        task,
    )[0]
    assert row[:2] == ("Ana", "Ana")
    times = task_times(*row[2:])
    assert (times.to_take_ms, times.to_do_ms, times.to_confirm_ms) == (MINUTE_MS, 4 * MINUTE_MS, 5 * MINUTE_MS)
    assert same_after_a_rebuild(shop)


def test_what_is_not_there_stays_open_without_its_light_and_can_be_given_back(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(2, 6)
    assert shop.books.fold.alerts.shelves() == {"drinks"}
    shop.tell(AlertAction(alert_id=1, action="not_there", by="Ana"))
    assert shop.books.fold.alerts.shelves() == set()
    assert shop.rows("SELECT missing_by, cleared_at_ms FROM alerts WHERE alert_id = 1") == [("Ana", None)]
    shop.tell(AlertAction(alert_id=1, action="release", by="Ana"))
    assert shop.rows("SELECT missing_by, taken_by FROM alerts WHERE alert_id = 1") == [(None, None)]
    assert shop.books.fold.alerts.shelves() == {"drinks"}


def test_a_long_queue_calls_once_and_hangs_up_when_it_is_clearly_shorter(shop: Any, core: Any) -> None:
    for people in (2.0, 6.0, 4.0, 7.0, 3.1, 2.0):
        shop.clock.at_ms += MINUTE_MS
        now_ms = shop.clock.at_ms
        shop.see(
            QueueLength(
                **core.stamp(now_ms),
                zone_id="front",
                started_at_ms=now_ms - MINUTE_MS,
                duration_ms=MINUTE_MS,
                people_mean=people,
                people_max=9,
            )
        )
    assert shop.rows("SELECT kind, subject, detail, cleared_by FROM alerts") == [("queue", "front", "6.0", "over")]


def test_findings_are_opened_once_closed_by_people_or_by_being_over_and_escalated_once(shop: Any) -> None:
    found = Finding(kind="discrepancy", subject="phantom cola", sku="cola", detail="books 12, nobody sees any")
    shop.tell(found)
    shop.tell(found)
    shop.tell(Escalation(alert_ids=[1, 99]))
    shop.tell(Escalation(alert_ids=[1]))
    assert shop.rows("SELECT reason FROM notifications ORDER BY notification_id") == [("raised",), ("escalated",)]
    shop.reopen()
    shop.tell(AlertAction(alert_id=1, action="done", by="Li Wei"))
    shop.tell(found)
    shop.tell(Finding(kind="discrepancy", subject="phantom cola", state="over"))
    assert alerts(shop) == [("discrepancy", "cola", "person"), ("discrepancy", "cola", "over")]
    assert same_after_a_rebuild(shop)


def test_a_shelf_without_a_scale_is_done_when_a_person_says_so(shop: Any) -> None:
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="gum", units=8)]))
    shop.tell(AlertAction(alert_id=1, action="done", by="Ana"))
    assert alerts(shop) == [("low_shelf", "gum", "person")]


def test_the_pages_read_tasks_of_every_kind(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(2, 6)
    shop.tell(Finding(kind="device_silent", subject="pi-7"))
    with LedgerViews(shop.path).reading() as reading:
        assert [(task.kind, task.name) for task in reading.open_tasks()][-1] == ("device_silent", "")
        assert {task.kind for task in reading.open_alerts()} == {"low_shelf"}
        assert reading.open_alert_count() == len(reading.open_tasks()) - 1


# ---- what only time brings about


def task(alert_id: int, kind: str = "low_shelf", *, raised: int = 0, taken: int | None = None, done: int | None = None) -> OpenTask:
    return OpenTask(alert_id, kind, "x", raised * MINUTE_MS, taken, None if done is None else done * MINUTE_MS, None)


def test_what_nobody_takes_is_escalated_while_the_shop_is_open() -> None:
    rules = AlertRules(escalate_min=20)
    tasks = [task(1), task(2, taken=5), task(3, taken=5, done=1), task(4, raised=10), task(5, "sensor_fault")]
    assert escalation(tasks, rules, 22 * MINUTE_MS, open_since_ms=0) == Escalation(alert_ids=[1, 3])
    assert escalation(tasks, rules, 22 * MINUTE_MS, open_since_ms=5 * MINUTE_MS) is None
    assert escalation(tasks, rules, 22 * MINUTE_MS, open_since_ms=None) is None


def test_a_device_is_silent_only_if_this_hub_could_have_heard_it() -> None:
    devices = [DeviceSeen("old", 0, dead=False), DeviceSeen("dead", 0, dead=True), DeviceSeen("well", 9 * MINUTE_MS, dead=False)]
    assert findings([], devices, 10 * MINUTE_MS, listening_since_ms=9 * MINUTE_MS) == []
    assert findings([], devices, 10 * MINUTE_MS, listening_since_ms=0) == [Finding(kind="device_silent", subject="old")]
    silent = [OpenTask(1, "device_silent", "well", 0, None, None, None), OpenTask(2, "swept", "s", -21 * MINUTE_MS, None, None, None)]
    assert findings(silent, devices[1:], 10 * MINUTE_MS, listening_since_ms=0) == [
        Finding(kind="device_silent", subject="well", state="over"),
        Finding(kind="swept", subject="s", state="over"),
    ]


def test_one_walk_begins_at_the_back_room_and_goes_from_bay_to_bay(core: Any) -> None:
    assert walk_ranks(core.shop_plan()) == {"drinks": 0, "sweets": 1}

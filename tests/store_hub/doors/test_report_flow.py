"""Which facts are numbered for the cloud, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from store_hub.entries import AlertAction, Sale, SaleLine
from store_hub.flows.commands import ForgetFacts, ReportAfresh
from store_hub.flows.report import Report
from wire_format import codec, topics
from wire_format.observations import DeviceHealth, DoorCrossing, Fault, FloorCell, FloorDwell
from wire_format.reports import AlertFact, AnyFact, DeviceFact, DoorQuarter, SkuDay, SkuQuarter

NOON_MS = 1_780_315_200_000
QUARTER_MS = 900_000


@pytest.fixture
def report(make_report: Callable[..., Report]) -> Report:
    return make_report()


def sell(shop: Any, sku: str, units: int) -> None:
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku=sku, units=units, price_minor=100)]))


def told(shop: Any) -> list[AnyFact]:
    """The facts that wait for the cloud, which is then said to have them."""
    rows = shop.rows("SELECT sequence, fact FROM report_outbox ORDER BY sequence")
    facts = [msgspec.json.decode(fact, type=AnyFact) for _, fact in rows]
    assert [fact.sequence for fact in facts] == [sequence for sequence, _ in rows]
    if rows:
        shop.ask(ForgetFacts(booked_through=rows[-1][0]))
    return facts


def of(kind: type[Any], facts: list[Any], sku: str) -> list[Any]:
    return [fact for fact in facts if isinstance(fact, kind) and fact.sku == sku]


def test_a_sale_becomes_a_quarter_and_a_day_and_is_told_once(shop: Any, report: Report) -> None:
    report.report_once()
    told(shop)
    sell(shop, "milk", 2)
    assert report.report_once() == 2
    facts = told(shop)
    quarter, day = of(SkuQuarter, facts, "milk")[0], of(SkuDay, facts, "milk")[0]
    assert (quarter.quarter_started_at_ms, quarter.units_sold, quarter.opening_units, quarter.closing_units) == (NOON_MS, 2, 18.0, 16.0)
    assert (day.day, day.units_sold, day.revenue_minor) == ("2026-06-01", 2, 200)
    assert report.report_once() == 0


def test_after_days_without_the_cloud_the_newest_figures_are_told_first_and_no_more_than_fit(
    shop: Any, make_report: Callable[..., Report]
) -> None:
    report = make_report(waiting_max=3)
    for _ in range(5):
        sell(shop, "milk", 1)
        shop.clock.pass_s(86_400)
    days: list[str] = []
    while report.report_once():
        assert shop.rows("SELECT count(*) <= 20 FROM report_outbox") == [(1,)]
        days += [fact.day for fact in told(shop) if isinstance(fact, SkuDay) and fact.sku == "milk"]
    sold = [f"2026-06-0{day}" for day in range(5, 0, -1)]
    assert list(dict.fromkeys(days))[:5] == sold


def test_late_news_tells_the_same_quarter_again_under_a_higher_number(shop: Any, report: Report) -> None:
    sell(shop, "milk", 2)
    report.report_once()
    first = of(SkuQuarter, told(shop), "milk")[-1]
    shop.clock.pass_s(7200)
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="milk", units=1)], sold_at_ms=NOON_MS + 1000))
    report.report_once()
    again = [fact for fact in of(SkuQuarter, told(shop), "milk") if fact.quarter_started_at_ms == NOON_MS]
    assert [fact.units_sold for fact in again] == [3]
    assert again[0].sequence > first.sequence


def test_people_and_heat_become_facts(shop: Any, report: Report) -> None:
    seen = {"device_id": "cam-1", "boot_id": "0" * 8, "monotonic_ms": 0, "observed_at_ms": NOON_MS}
    shop.see(DoorCrossing(**seen, door_id="front", started_at_ms=NOON_MS, duration_ms=60_000, people_in=4, people_out=1))
    cells = [FloorCell(2, 3, 12.5)]
    shop.see(FloorDwell(**seen, area_id="hall", started_at_ms=NOON_MS, duration_ms=60_000, cell_size_m=0.5, cells=cells))
    report.report_once()
    facts = {msgspec.structs.asdict(fact).get("door_id", type(fact).__name__): fact for fact in told(shop)}
    door = facts["front"]
    assert isinstance(door, DoorQuarter)
    assert (door.people_in, door.people_out, door.observed_min) == (4, 1, 1.0)
    assert facts["TileQuarter"].cells == cells
    assert facts["ZoneQuarter"].dwell_person_s == 12.5


def test_alerts_and_devices_become_facts_as_they_now_stand(shop: Any, report: Report) -> None:
    fault = Fault(code="silent", part="shelf 3", message="no weight", advice="check the wires")
    state = DeviceHealth(
        device_id="pi-1", boot_id="0" * 8, state="alive", sent_at_ms=NOON_MS, agent_version="1.0", outbox_depth=7, faults=[fault]
    )
    shop.hear(topics.health("corner", "pi-1"), codec.encode(state))
    sell(shop, "milk", 5)
    report.report_once()
    first = {type(fact): fact for fact in told(shop)}
    assert (first[DeviceFact].outbox_depth, first[DeviceFact].fault_codes, first[DeviceFact].last_seen_at_ms) == (7, ["silent"], NOON_MS)
    assert (first[AlertFact].kind, first[AlertFact].sku, first[AlertFact].units_at_raise) == ("low_shelf", "milk", 1.0)
    assert (first[AlertFact].taken_at_ms, first[AlertFact].cleared_at_ms) == (None, None)
    shop.tell(AlertAction(alert_id=1, action="done", by="Anna"))
    report.report_once()
    again = {type(fact): fact for fact in told(shop)}
    assert (again[AlertFact].taken_at_ms, again[AlertFact].cleared_at_ms) == (NOON_MS, NOON_MS)


def test_an_empty_shelf_is_told_for_every_quarter_that_passes(shop: Any, report: Report) -> None:
    sell(shop, "cola", 6)
    report.report_once()
    told(shop)
    shop.clock.pass_s(1800)
    sell(shop, "milk", 1)
    report.report_once()
    report.report_once()
    quarters = {fact.quarter_started_at_ms - NOON_MS: fact for fact in of(SkuQuarter, told(shop), "cola")}
    assert [quarters[at].out_of_stock_min for at in (0, QUARTER_MS)] == [15.0, 15.0]
    assert (quarters[QUARTER_MS].units_sold, quarters[QUARTER_MS].closing_units) == (0, 0.0)


def test_at_midnight_every_article_has_its_day_even_if_it_did_not_move(shop: Any, report: Report) -> None:
    report.report_once()
    told(shop)
    shop.clock.pass_s(11 * 3600)
    sell(shop, "milk", 1)
    report.report_once()
    monday = [fact for fact in of(SkuDay, told(shop), "cola") if fact.day == "2026-06-01"]
    assert [(fact.units_sold, fact.closing_units) for fact in monday] == [(0, 6.0)]


def test_a_hub_that_slept_over_midnight_still_tells_yesterday(shop: Any, make_report: Callable[..., Report]) -> None:
    report = make_report()
    report.report_once()
    told(shop)
    shop.clock.pass_s(18 * 3600)
    restarted = make_report()
    shop.clock.pass_s(5)
    sell(shop, "milk", 1)
    restarted.report_once()
    assert [fact.day for fact in of(SkuDay, told(shop), "cola")] == ["2026-06-01"]


def test_while_the_cloud_is_away_changes_wait_as_marks_and_do_not_pile_up(shop: Any, make_report: Callable[..., Report]) -> None:
    report = make_report(waiting_max=5)
    for _ in range(10):
        sell(shop, "milk", 1)
        sell(shop, "milk", -1)
        report.report_once()
    numbered, dirty = shop.rows("SELECT (SELECT count(*) FROM report_outbox), (SELECT count(*) FROM dirty)")[0]
    assert numbered < 10
    assert 0 < dirty < 10
    told(shop)
    report.report_once()
    assert shop.rows("SELECT count(*) FROM dirty") == [(0,)]


def test_reporting_afresh_tells_every_fact_again_from_where_the_cloud_is(shop: Any, report: Report) -> None:
    sell(shop, "milk", 2)
    report.report_once()
    before = {type(fact).__name__ for fact in told(shop)}
    shop.ask(ReportAfresh(booked_through=1))
    report.report_once()
    afresh = told(shop)
    assert [fact.sequence for fact in afresh][:2] == [2, 3]
    assert {type(fact).__name__ for fact in afresh} == before

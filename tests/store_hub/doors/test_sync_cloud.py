"""The hub and the real cloud over real sockets: what the cloud holds is what the hub told, whatever happens to either."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, text

from cloud_api.adapters.order_records import NumberedPlan
from store_hub.adapters.cloud_link import CloudLink, CloudRefused, CloudUnreachable
from store_hub.entries import Sale, SaleLine
from store_hub.flows.report import Report
from store_hub.flows.sync import Sync
from wire_format import codec
from wire_format.reports import AnyFact, ReportBatch, StoreProfile

NOON_MS = 1_780_315_200_000
STORE, TOKEN = "corner", "token of the corner shop"


@pytest.fixture
def url(cloud_doors: FastAPI, serve: Callable[[FastAPI], Any]) -> str:
    return str(serve(cloud_doors).url)


@pytest.fixture
def report(make_report: Callable[..., Report]) -> Report:
    return make_report()


@pytest.fixture
def sync(shop: Any, url: str) -> Iterator[Sync]:
    with link(url) as line:
        yield make_sync(shop, line)


def link(url: str, token: str | None = TOKEN) -> CloudLink:
    return CloudLink(url=url, store_id=STORE, token=token, timeout_s=5.0)


def make_sync(shop: Any, line: CloudLink) -> Sync:
    return Sync(ledger=shop.reports, bookkeep=shop.bookkeep, cloud=line, store_id=STORE, now_ms=shop.clock.now_ms)


def sell(shop: Any, sku: str, units: int) -> None:
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku=sku, units=units, price_minor=100)]))


def held(records: Engine, query: str) -> list[tuple[Any, ...]]:
    with records.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def add_plan(records: Engine, number: int, plan: dict[str, Any] | msgspec.Struct) -> None:
    """A planner's decision, as the cloud keeps it."""
    body = json.dumps(plan) if isinstance(plan, dict) else codec.encode(plan).decode()
    with records.begin() as connection:
        connection.execute(
            text("INSERT INTO plans (store_id, number, made_at, body) VALUES (:store, :number, now(), CAST(:body AS jsonb))"),
            {"store": STORE, "number": number, "body": body},
        )


def waiting(shop: Any) -> int:
    return int(shop.rows("SELECT count(*) FROM report_outbox")[0][0])


def test_what_the_shop_sold_arrives_in_the_cloud_and_is_then_forgotten(shop: Any, report: Report, sync: Sync, records: Engine) -> None:
    sell(shop, "milk", 2)
    sell(shop, "cola", 1)
    report.report_once()
    assert waiting(shop) > 0
    assert sync.sync_once() == shop.rows("SELECT last_sequence FROM report_marks")[0][0]
    assert waiting(shop) == 0
    told = held(records, "SELECT sku, units_sold, closing_units FROM sku_quarter ORDER BY sku")
    assert [row[:2] for row in told] == [("cola", 1), ("milk", 2)]
    assert [row[2] for row in told] == pytest.approx([5.0, 16.0], abs=0.1)  # A board that nothing watches may have lost some.
    assert held(records, "SELECT name, time_zone FROM stores") == [("Corner shop", "Europe/Berlin")]
    assert held(records, "SELECT version FROM planograms") == [(1,)]
    assert sync.sync_once() == 0


def test_more_than_a_batch_arrives_whole_and_in_order(shop: Any, report: Report, sync: Sync, records: Engine) -> None:
    for number in range(300):
        shop.tell(
            Sale(till="t", lines=[SaleLine(sku="milk", units=1), SaleLine(sku="cola", units=1)], sold_at_ms=NOON_MS - number * 900_000)
        )
    report.report_once()
    told = waiting(shop)
    assert told > 500
    assert sync.sync_once() == told
    assert held(records, "SELECT count(*), sum(units_sold) FROM sku_quarter") == [(600, 600)]


def test_a_batch_whose_answer_got_lost_is_not_booked_twice(shop: Any, report: Report, url: str, records: Engine) -> None:
    sell(shop, "milk", 2)
    report.report_once()
    numbered = shop.rows("SELECT sequence, fact FROM report_outbox ORDER BY sequence")
    facts = [msgspec.json.decode(fact, type=AnyFact) for _, fact in numbered]
    batch = ReportBatch(store_id=STORE, ledger_id=shop.ledger_id, from_sequence=1, to_sequence=len(facts), facts=facts)
    with link(url) as line:
        line.put_profile(StoreProfile(store_id=STORE, name="Corner shop", time_zone="UTC", currency="EUR"))
        line.post_reports(batch)
        sell(shop, "milk", 3)
        report.report_once()
        make_sync(shop, line).sync_once()
    assert waiting(shop) == 0
    assert held(records, "SELECT sku, units_sold FROM sku_quarter") == [("milk", 5)]
    assert held(records, "SELECT booked_through FROM ledgers") == shop.rows("SELECT last_sequence FROM report_marks")


def test_a_cloud_set_back_by_a_backup_is_told_everything_afresh(shop: Any, report: Report, sync: Sync, records: Engine) -> None:
    sell(shop, "milk", 2)
    report.report_once()
    sync.sync_once()
    with records.begin() as connection:
        for table in ("sku_quarter", "sku_day", "alert"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("UPDATE ledgers SET booked_through = 1"))
    sell(shop, "cola", 1)
    report.report_once()
    sync.sync_once()
    report.report_once()
    sync.sync_once()
    assert held(records, "SELECT sku, units_sold FROM sku_quarter ORDER BY sku") == [("cola", 1), ("milk", 2)]
    assert waiting(shop) == 0


def test_a_closed_shop_notices_by_itself_that_its_cloud_was_set_back(
    shop: Any, report: Report, sync: Sync, records: Engine, make_plan: Callable[..., Any]
) -> None:
    """No news is told that night, and the cloud's next plan has a number that an older plan had."""
    sell(shop, "milk", 2)
    report.report_once()
    sync.sync_once()
    add_plan(records, 1, make_plan(version=7))
    add_plan(records, 2, make_plan(version=8))
    shop.clock.pass_s(301)
    sync.sync_once()
    with records.begin() as connection:
        for table in ("sku_quarter", "sku_day", "alert", "ledgers", "plans", "planograms"):
            connection.execute(text(f"DELETE FROM {table}"))
    add_plan(records, 1, make_plan(version=7))
    shop.clock.pass_s(301)
    sync.sync_once()
    report.report_once()
    add_plan(records, 2, make_plan(version=9))
    shop.clock.pass_s(301)
    sync.sync_once()
    assert held(records, "SELECT sku, units_sold FROM sku_quarter") == [("milk", 2)]
    assert shop.rows("SELECT version FROM planogram") == [(9,)]
    assert {version for (version,) in held(records, "SELECT version FROM planograms")} >= {8}


def test_a_hub_set_back_by_a_backup_does_not_lose_its_news(shop: Any, report: Report, sync: Sync, records: Engine) -> None:
    """The cloud has booked numbers that this ledger has not given yet; what it gave anew would be taken for old."""
    sell(shop, "milk", 2)
    report.report_once()
    sync.sync_once()
    with records.begin() as connection:
        connection.execute(text("UPDATE ledgers SET booked_through = 5000"))
        connection.execute(text("UPDATE sku_quarter SET sequence = 4000"))
    sell(shop, "milk", 1)
    report.report_once()
    sync.sync_once()
    report.report_once()
    sync.sync_once()
    assert held(records, "SELECT units_sold, sequence > 5000 FROM sku_quarter WHERE sku = 'milk'") == [(3, True)]


@pytest.mark.parametrize("lost", [1, 2])
def test_a_hub_whose_disk_lost_its_last_commits_does_not_give_their_numbers_to_other_news(
    shop: Any, report: Report, sync: Sync, url: str, records: Engine, lost: int
) -> None:
    """Even where it has numbered as much again before it first hears of its cloud."""
    sell(shop, "milk", 2)
    report.report_once()
    sync.sync_once()
    with records.begin() as connection:  # What the cloud was told last, and the ledger knows no more.
        connection.execute(text(f"UPDATE ledgers SET booked_through = booked_through + {lost}"))
    with link(url) as line:
        started = make_sync(shop, line)
        for sku in ("cola", "milk"):
            sell(shop, sku, 1)
            report.report_once()
        started.sync_once()
        report.report_once()
        started.sync_once()
    assert held(records, "SELECT sku, units_sold FROM sku_quarter ORDER BY sku") == [("cola", 1), ("milk", 3)]


def test_the_cloud_is_told_of_a_new_planogram_once(shop: Any, sync: Sync, records: Engine, make_plan: Callable[..., Any]) -> None:
    sync.sync_once()
    shop.put_in_force(make_plan(version=2, name="Corner shop, rebuilt"))
    sync.sync_once()
    assert held(records, "SELECT version FROM planograms ORDER BY version") == [(1,), (2,)]
    assert held(records, "SELECT name FROM stores") == [("Corner shop, rebuilt",)]


def test_plans_of_the_cloud_are_kept_and_a_planogram_comes_into_force(
    shop: Any, sync: Sync, records: Engine, make_plan: Callable[..., Any]
) -> None:
    sync.sync_once()
    add_plan(
        records, 1, {"v": 1, "type": "replenishment_order", "order_id": "o-1", "store_id": STORE, "created_at_ms": NOON_MS, "lines": []}
    )
    add_plan(records, 2, make_plan(version=7))
    add_plan(records, 3, {"v": 1, "type": "horoscope"})
    add_plan(records, 4, make_plan(version=8, store_id="elsewhere"))
    shop.clock.pass_s(301)
    sync.sync_once()
    kinds = ["replenishment_order", "planogram", "undecodable", "planogram_refused"]
    assert shop.rows("SELECT kind FROM plans ORDER BY plan_no") == [(kind,) for kind in kinds]
    assert shop.rows("SELECT version FROM planogram") == [(7,)]
    assert shop.rows("SELECT plans_after FROM report_marks") == [(4,)]


def test_a_plan_of_a_newer_protocol_waits_in_the_cloud_until_the_hub_is_updated(shop: Any, sync: Sync, records: Engine) -> None:
    sync.sync_once()
    add_plan(records, 1, {"v": 99, "type": "planogram"})
    shop.clock.pass_s(301)
    with pytest.raises(CloudRefused, match="update the hub"):
        sync.sync_once()
    assert shop.rows("SELECT plans_after FROM report_marks") == [(0,)]


def test_another_stores_token_is_refused_with_what_to_do(shop: Any, url: str) -> None:
    for token, status in (("token of another shop", 403), ("nobody's token", 401), (None, 401)):
        with link(url, token) as line, pytest.raises(CloudRefused, match=r"cloud\.token_file") as refused:
            make_sync(shop, line).sync_once()
        assert refused.value.status_code == status


def test_while_the_cloud_is_away_everything_is_kept(shop: Any, report: Report, free_port: int, url: str, records: Engine) -> None:
    sell(shop, "milk", 2)
    report.report_once()
    kept = waiting(shop)
    with link(f"http://127.0.0.1:{free_port}") as nobody, pytest.raises(CloudUnreachable, match="keeps everything"):
        make_sync(shop, nobody).sync_once()
    assert waiting(shop) == kept
    with link(url) as line:
        make_sync(shop, line).sync_once()
    assert held(records, "SELECT units_sold FROM sku_quarter WHERE sku = 'milk'") == [(2,)]


def test_the_flow_tells_how_the_link_is_and_stops_at_once(shop: Any, free_port: int) -> None:
    stop = Event()
    sync = make_sync(shop, link(f"http://127.0.0.1:{free_port}"))
    wait_s = sync._turn(stop)
    assert 0.5 <= wait_s <= 1.0
    assert "keeps everything" in (sync.state().problem or "")
    stop.set()
    sync.run(stop)


def test_whoever_answers_in_the_clouds_place_is_not_believed(shop: Any, serve: Callable[[FastAPI], Any]) -> None:
    stranger = FastAPI()

    @stranger.put("/v1/stores/{store_id}/{what}")
    def put(store_id: str, what: str) -> dict[str, str]:
        return {"hello": store_id + what}

    @stranger.get("/v1/stores/{store_id}/plans")
    def plans(store_id: str) -> dict[str, str]:
        return {"login": store_id}

    with link(serve(stranger).url) as line, pytest.raises(CloudRefused, match=r"check that cloud\.url"):
        make_sync(shop, line).sync_once()
    assert shop.rows("SELECT count(*) FROM plans") == [(0,)]


def test_a_plans_page_is_what_the_cloud_says_it_is(url: str) -> None:
    assert NumberedPlan.__struct_fields__ == ("number", "plan")
    with link(url) as line:
        answer = line.plans_after(0, ledger_id="0" * 32)
        assert (answer.plans, answer.last_plan, answer.booked_through) == ([], 0, 0)

"""From synced sales to an approved order on its way to the shop, over the doors that planners use."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient

from cloud_api.adapters.forecast_records import ForecastBook
from cloud_api.adapters.sales_records import SkuDayRecord
from cloud_api.assemble import Cloud
from cloud_api.flows.shop_history import demand_by_sku
from wire_format import codec
from wire_format.plans import Planogram, ReplenishmentOrder
from wire_format.reports import AnyFact, ReportBatch, SkuDay, SkuQuarter, StoreProfile

STORE = {"Authorization": "Bearer store-token-of-shop-1"}
OTHER = {"Authorization": "Bearer store-token-of-shop-2"}
PLANNER = {"Authorization": "Bearer planner-token-of-mei"}
NOON_MS = 1_795_348_800_000
NONE = {"units_picked": 0, "units_put_back": 0, "units_received": 0, "units_lost": 0}


@pytest.fixture(scope="module")
def planned(cloud: Cloud, client: TestClient, repository: Path) -> dict[str, Any]:
    """Four weeks of colas, six a day, three left; planned once. The proposal for its supplier."""
    plan = msgspec.structs.replace(
        msgspec.json.decode((repository / "demo/planogram.json").read_bytes(), type=Planogram), store_id="shop-1"
    )
    profile = StoreProfile(store_id="shop-1", name="Corner shop", time_zone="UTC", currency="EUR")
    facts: list[AnyFact] = []
    for back in range(28, -1, -1):
        day = (datetime(2026, 11, 22, tzinfo=UTC) - timedelta(days=back)).date().isoformat()
        facts.append(_day(len(facts) + 1, day, units=6 if back else 3))
    facts.append(_quarter(len(facts) + 1, sold=1, closing=3.0))
    batch = ReportBatch(store_id="shop-1", ledger_id="e" * 32, from_sequence=1, to_sequence=len(facts), facts=facts)
    for method, door, body in (("PUT", "profile", profile), ("PUT", "planogram", plan), ("POST", "reports", batch)):
        assert client.request(method, f"/v1/stores/shop-1/{door}", content=codec.encode(body), headers=STORE).status_code == 200
    cloud.planning.plan("shop-1")
    return _proposals(client)[0]


def _day(sequence: int, day: str, *, units: int) -> SkuDay:
    levels = dict.fromkeys(("opening_units", "closing_units", "closing_low_units", "closing_high_units", "out_of_stock_min"))
    return SkuDay(sequence=sequence, day=day, sku="cola-033", units_sold=units, **NONE, **levels, revenue_minor=units * 99)


def _quarter(sequence: int, *, sold: int, closing: float) -> SkuQuarter:
    levels = {
        "opening_units": closing + sold,
        "closing_units": closing,
        "closing_low_units": 2.0,
        "closing_high_units": 4.0,
        "out_of_stock_min": 0.0,
    }
    return SkuQuarter(
        sequence=sequence, quarter_started_at_ms=NOON_MS - 900_000, sku="cola-033", units_sold=sold, **NONE, **levels, revenue_minor=99
    )


def _proposals(client: TestClient) -> list[dict[str, Any]]:
    orders: list[dict[str, Any]] = client.get("/v1/orders", params={"state": "proposed"}, headers=PLANNER).json()["orders"]
    return orders


def test_what_sells_and_runs_low_is_proposed_with_its_arithmetic(planned: dict[str, Any]) -> None:
    assert planned["supplier"] == "Drinks wholesale"
    line = planned["body"]["lines"][0]
    assert line["sku"] == "cola-033"
    assert line["units"] % 24 == 0
    assert line["arithmetic"]["mean_per_day"] == pytest.approx(6.1, abs=0.2)
    assert line["reason"].startswith("Sells 6.")


def test_articles_whose_stock_nobody_knows_are_named_and_not_guessed(client: TestClient, planned: dict[str, Any]) -> None:
    plan = client.get("/v1/replenishment", params={"store": "shop-1"}, headers=STORE).json()
    assert len(plan["unplanned"]) == 44
    assert "stock is not known" in plan["unplanned"][0]["problem"]


def test_planning_again_keeps_the_number_of_an_open_proposal(cloud: Cloud, client: TestClient, planned: dict[str, Any]) -> None:
    cloud.planning.plan("shop-1")
    assert [order["order_id"] for order in _proposals(client)] == [planned["order_id"]]


def test_only_a_planner_decides(client: TestClient, planned: dict[str, Any]) -> None:
    assert client.post(f"/v1/orders/{planned['order_id']}/approve", headers=STORE).status_code == 403
    assert client.post(f"/v1/orders/{planned['order_id']}/approve").status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"units": {"cola-033": -1}}, "units.cola-033"),
        ({"units": {"unknown": 4}}, "units.unknown"),
        ({"units": {"cola-033": 0}}, "units"),
        ({"units": {"cola-033": "many"}}, "units[...]"),
        ({"unit": {}}, "body"),
        ({"units": {"cola-033": 30}}, "reason"),
        ({"units": {"cola-033": 30}, "reason": "x" * 301}, "reason"),
    ],
)
def test_a_decision_that_makes_no_order_is_refused(client: TestClient, planned: dict[str, Any], body: dict[str, Any], field: str) -> None:
    answer = client.post(f"/v1/orders/{planned['order_id']}/approve", json=body, headers=PLANNER)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_an_approved_order_reaches_its_hub_once_and_is_not_proposed_again(
    cloud: Cloud, client: TestClient, planned: dict[str, Any]
) -> None:
    order_id = planned["order_id"]
    client.post(f"/v1/orders/{order_id}/skip", headers=PLANNER)
    cloud.planning.plan("shop-1")
    assert _proposals(client) == [], "what was skipped today stays skipped"
    assert client.post(f"/v1/orders/{order_id}/reopen", headers=PLANNER).json()["state"] == "proposed"
    answer = client.post(f"/v1/orders/{order_id}/approve", json={"units": {"cola-033": 30}, "reason": "a street party"}, headers=PLANNER)
    assert answer.json()["state"] == "approved"
    kept = client.get("/v1/orders", params={"state": "approved"}, headers=PLANNER).json()["orders"][0]["body"]["lines"][0]
    assert kept["change"] == {"proposed_units": planned["body"]["lines"][0]["units"], "reason": "a street party", "by": "Mei"}
    assert client.post(f"/v1/orders/{order_id}/approve", headers=PLANNER).status_code == 409
    page = client.get("/v1/stores/shop-1/plans", params={"after": 0}, headers=STORE).json()
    assert [entry["number"] for entry in page["plans"]] == [1]
    order = codec.plans.decode(msgspec.json.encode(page["plans"][0]["plan"]))
    assert isinstance(order, ReplenishmentOrder)
    assert [(line.sku, line.units) for line in order.lines] == [("cola-033", 30)]
    assert "Planner ordered 30 instead of" in order.lines[0].reason
    assert client.get("/v1/stores/shop-1/plans", params={"after": 1}, headers=STORE).json()["plans"] == []
    assert client.get("/v1/stores/shop-1/plans", headers=OTHER).status_code == 403
    cloud.planning.plan("shop-1")
    assert _proposals(client) == [], "what is on the way counts"


def test_an_approved_order_is_handed_to_its_supplier_and_followed_to_its_receipt(client: TestClient, planned: dict[str, Any]) -> None:
    door = f"/v1/orders/{planned['order_id']}/paper"
    paper = client.get(door, headers=PLANNER).json()
    assert (paper["message"], paper["buyer"], paper["supplier"]) == ("ORDERS", "shop-1", "Drinks wholesale")
    assert [(line["sku"], line["units"], line["cases"]) for line in paper["lines"]] == [("cola-033", 30, 2)]
    table = client.get(door, params={"form": "csv"}, headers=STORE)
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.splitlines()[1].endswith(",30,24,2")
    assert client.get(door, headers=OTHER).status_code == 403
    told = client.get("/v1/suppliers", params={"store": "shop-1"}, headers=STORE).json()
    assert [(each["order"]["order_id"], each["received"], each["is_closed"]) for each in told["orders"]] == [
        (planned["order_id"], {}, False)
    ]


def test_forecasts_are_measured_and_kept_with_their_error(cloud: Cloud, planned: dict[str, Any]) -> None:
    kept = ForecastBook(cloud.engine).champions("shop-1")
    assert [(record.class_name, record.series) for record in kept] == [("bulk", 1)]
    line = planned["body"]["lines"][0]["arithmetic"]
    assert line["class_name"] == "bulk"
    assert line["low_units"] <= line["demand_over_cover_units"] <= line["high_units"]


def test_the_planning_flow_plans_what_reported_and_stops_when_told(cloud: Cloud, client: TestClient, planned: dict[str, Any]) -> None:
    before = cloud.stores.store("shop-1").reported_at
    assert before is not None
    facts: list[AnyFact] = [_quarter(31, sold=3, closing=0.0)]
    batch = ReportBatch(store_id="shop-1", ledger_id="e" * 32, from_sequence=31, to_sequence=31, facts=facts)
    client.post("/v1/stores/shop-1/reports", content=codec.encode(batch), headers=STORE)
    counted = cloud.gauges.plans._value.get()
    with cloud.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE stores SET planned_at = NULL")
    stop = threading.Event()
    flow = threading.Thread(target=cloud.planning.run, args=(stop,))
    flow.start()
    deadline = time.monotonic() + 10
    while cloud.gauges.plans._value.get() == counted and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    flow.join(timeout=5)
    assert not flow.is_alive()
    assert cloud.gauges.plans._value.get() == counted + 1


def test_a_day_without_a_row_is_a_day_without_a_sale_but_a_silent_day_is_missing() -> None:
    """The shop reported on the 20th and 21st and was silent on the 19th: two colas in two days."""
    at = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)

    def day(number: int, sku: str, units: int) -> SkuDayRecord:
        return SkuDayRecord(
            day=(at - timedelta(days=22 - number)).date(), sku=sku, units_sold=units, revenue_minor=0, out_of_stock_min=None
        )

    found = demand_by_sku([day(20, "cola", 2), day(20, "gum", 1), day(21, "gum", 1)], open_hours=[], now=at)
    assert found["cola"].mean_per_day == pytest.approx(1.0)
    assert found["cola"].days == pytest.approx(2.0)


def test_the_layout_and_concerns_are_told_over_http(client: TestClient, planned: dict[str, Any]) -> None:
    view = client.get("/v1/layout/shop-1", headers=STORE).json()
    assert len(view["review"]["zones"]) == 12
    assert view["review"]["sentence"] == "No stay has been measured on this floor yet"
    assert client.get("/v1/concerns", headers=PLANNER).status_code == 200
    assert client.get("/v1/concerns", headers=STORE).status_code == 403
    assert client.get("/v1/layout/nowhere", headers=PLANNER).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/footfall?store=nowhere", 404),
        ("/v1/footfall?from=2026-13-01", 422),
        ("/v1/footfall?from=2026-11-22&to=2026-11-01", 422),
        ("/v1/footfall?from=2000-01-01", 422),
        ("/v1/footfall?by=minute", 422),
        ("/v1/replenishment", 422),
        ("/v1/orders?store=nowhere", 404),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_why(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path, headers=PLANNER)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_health_metrics_and_the_document_need_no_token(client: TestClient) -> None:
    assert client.get("/health/live").json()["ok"] is True
    assert client.get("/health/ready").json()["ok"] is True
    assert "aislewise_facts_booked_total" in client.get("/metrics").text
    document = client.get("/openapi.json").json()
    assert {"ReportBatch", "FootfallReview", "StorePlan"} <= set(document["components"]["schemas"])
    assert "/v1/stores/{store_id}/reports" in document["paths"]

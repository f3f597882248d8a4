"""Terms tried and kept, goods moved between shops, and suppliers' servers told: through the doors, on a real database."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from cloud_api.adapters.webhook_post import WebhookPost
from cloud_api.assemble import Cloud
from cloud_api.config import CloudConfig, PlanningConfig, TransfersConfig, WebhookConfig
from cloud_api.errors import ConfigurationInvalid
from cloud_api.flows.order_webhooks import OrderWebhooks, make_posts
from wire_format import codec
from wire_format.plans import GoodsTransfer, Planogram
from wire_format.reports import AnyFact, ReportBatch, SkuDay, SkuQuarter, StoreProfile
from wire_format.signing import signature

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOON_MS = 1_795_348_800_000
SECRET = b"a secret of thirty-two bytes ...."
PLANNER = {"Authorization": "Bearer planner-token-of-mei"}
NONE = {"units_picked": 0, "units_put_back": 0, "units_received": 0, "units_lost": 0}
SHOPS = {"shop-1": (6, 2.0), "shop-2": (0, 60.0)}
"""Units of cola sold a day, and what is there: one shop sells out, the other sells none of its sixty."""


@pytest.fixture(scope="module")
def cloud(engine: Engine) -> Cloud:
    transfers = TransfersConfig(groups=[["shop-1", "shop-2"]], trip_minor=100, days=0.5)
    return Cloud(engine, CloudConfig(planning=PlanningConfig(transfers=transfers)), now=lambda: NOW)


@pytest.fixture(scope="module")
def planned(cloud: Cloud, client: TestClient, repository: Path) -> list[dict[str, Any]]:
    """Both shops after four weeks of trade, the one with goods to spare planned first. The open orders of the other."""
    plan = msgspec.json.decode((repository / "demo/planogram.json").read_bytes(), type=Planogram)
    for store_id, (sold, left) in reversed(SHOPS.items()):
        named = {"Authorization": f"Bearer store-token-of-{store_id}"}
        profile = StoreProfile(store_id=store_id, name=f"The {store_id}", time_zone="UTC", currency="EUR")
        facts = _facts(sold, left)
        batch = ReportBatch(store_id=store_id, ledger_id="e" * 32, from_sequence=1, to_sequence=len(facts), facts=facts)
        mine = msgspec.structs.replace(plan, store_id=store_id)
        for method, door, body in (("PUT", "profile", profile), ("PUT", "planogram", mine), ("POST", "reports", batch)):
            assert client.request(method, f"/v1/stores/{store_id}/{door}", content=codec.encode(body), headers=named).status_code == 200
        cloud.planning.plan(store_id)
    return _orders(client)


def _facts(sold: int, left: float) -> list[AnyFact]:
    levels = dict.fromkeys(("opening_units", "closing_units", "closing_low_units", "closing_high_units"))
    facts: list[AnyFact] = []
    for back in range(28, 0, -1):
        day = (NOW - timedelta(days=back)).date().isoformat()
        for sku, units in (("cola-033", sold), ("water-15", 3)):
            facts.append(
                SkuDay(
                    sequence=len(facts) + 1, day=day, sku=sku, units_sold=units, **NONE, **levels, out_of_stock_min=0.0, revenue_minor=units
                )
            )
    for sku, units in (("cola-033", left), ("water-15", 40.0)):
        known = {"opening_units": units, "closing_units": units, "closing_low_units": units, "closing_high_units": units}
        facts.append(
            SkuQuarter(
                sequence=len(facts) + 1, quarter_started_at_ms=NOON_MS - 900_000, sku=sku, units_sold=0, **NONE, **known,
                out_of_stock_min=0.0, revenue_minor=0,
            )
        )  # fmt: skip
    return facts


def _orders(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/orders", params={"store": "shop-1", "state": "proposed"}, headers=PLANNER).json()[
        "orders"
    ]
    return found


def test_terms_are_tried_before_they_are_kept_and_the_next_plan_goes_by_them(
    cloud: Cloud, client: TestClient, planned: list[dict[str, Any]]
) -> None:
    change = {"scope": "supplier", "name": "Drinks wholesale", "terms": {"minimum_minor": 50_000, "service_level": 0.8}}
    tried = client.post("/v1/what-if", params={"store": "shop-1"}, json=change, headers=PLANNER).json()
    assert tried["after"]["orders"] < tried["before"]["orders"]
    assert client.get("/v1/terms", headers=PLANNER).json()["terms"] == [], "trying keeps nothing"
    assert client.put("/v1/terms", json=change, headers=PLANNER).status_code == 200
    try:
        cloud.planning.plan("shop-1")
        bought = [order for order in _orders(client) if order["supplier"] == "Drinks wholesale"]
        assert all(order["body"]["waits_because"] for order in bought)
        for order in bought:
            answer = client.post(f"/v1/orders/{order['order_id']}/approve", headers=PLANNER)
            assert (answer.status_code, answer.json()["field"]) == (422, "units")
    finally:
        client.put("/v1/terms", json=change | {"terms": {}}, headers=PLANNER)
    assert client.get("/v1/terms", headers=PLANNER).json()["terms"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scope": "supplier", "terms": {}}, "name"),
        ({"scope": "all", "name": "Drinks", "terms": {}}, "name"),
        ({"scope": "shelf", "terms": {}}, "scope"),
        ({"scope": "all", "terms": {"service_level": 1.5}}, "terms.service_level"),
        ({"scope": "all", "terms": {"service": 0.9}}, "terms"),
    ],
)
def test_terms_that_mean_nothing_are_refused_with_their_field(client: TestClient, change: dict[str, Any], field: str) -> None:
    answer = client.put("/v1/terms", json=change, headers=PLANNER)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_goods_that_lie_in_one_shop_are_moved_to_the_other_before_any_are_bought(
    cloud: Cloud, client: TestClient, planned: list[dict[str, Any]]
) -> None:
    cloud.planning.plan("shop-1")
    moves = [order for order in _orders(client) if order["body"]["from_store"] == "shop-2"]
    assert [line["sku"] for order in moves for line in order["body"]["lines"]] == ["cola-033"]
    assert not any(line["sku"] == "cola-033" for order in _orders(client) if order not in moves for line in order["body"]["lines"])
    assert client.post(f"/v1/orders/{moves[0]['order_id']}/approve", headers=PLANNER).status_code == 200
    units = moves[0]["body"]["lines"][0]["units"]
    for store_id in SHOPS:
        named = {"Authorization": f"Bearer store-token-of-{store_id}"}
        told = client.get(f"/v1/stores/{store_id}/plans", params={"after": 0}, headers=named).json()["plans"][-1]["plan"]
        transfer = codec.plans.decode(msgspec.json.encode(told))
        assert isinstance(transfer, GoodsTransfer)
        assert (transfer.from_store_id, transfer.to_store_id, transfer.lines[0].units) == ("shop-2", "shop-1", units)
    assert cloud.orders.promised("shop-2", since=NOW - timedelta(days=1)) == {"cola-033": units}
    cloud.planning.plan("shop-1")
    assert not any(line["sku"] == "cola-033" for order in _orders(client) for line in order["body"]["lines"]), "it is on the way"


class Receiver:
    """A supplier's server that checks what it gets, and refuses while told to."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.refuse = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                signed = signature(SECRET, message_id=self.headers["webhook-id"], at_s=int(self.headers["webhook-timestamp"]), body=body)
                right = signed == self.headers["webhook-signature"] and not receiver.refuse
                if right:
                    receiver.taken.append(json.loads(body) | {"id": self.headers["webhook-id"]})
                self.send_response(200 if right else 503)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/orders"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def test_an_approved_order_is_told_to_its_supplier_once_it_answers(
    cloud: Cloud, client: TestClient, planned: list[dict[str, Any]], receiver: Receiver
) -> None:
    client.put("/v1/terms", json={"scope": "article", "name": "water-15", "terms": {"lead_time_days": 30.0}}, headers=PLANNER)
    cloud.planning.plan("shop-1")
    order = next(order for order in _orders(client) if order["body"]["from_store"] is None)
    client.post(f"/v1/orders/{order['order_id']}/approve", headers=PLANNER)
    clock = {"now": NOW}
    posts = {"*": WebhookPost(receiver.url, SECRET, timeout_s=5)}
    flow = OrderWebhooks(posts, orders=cloud.orders, stores=cloud.stores, now=lambda: clock["now"])
    receiver.refuse = True
    assert flow.tell() == 0
    assert cloud.orders.order(order["order_id"]).send_problem == "it answered 503"
    receiver.refuse = False
    assert flow.tell() == 0, "a receiver that refused is left alone for a while"
    clock["now"] += timedelta(seconds=10)
    assert flow.tell() == 1
    assert flow.tell() == 0, "once is enough"
    told = receiver.taken[0]
    assert (told["id"], told["type"], told["data"]["number"]) == (order["order_id"], "order.approved", order["order_id"])
    assert [line["sku"] for line in told["data"]["lines"]] == ["water-15"]
    sent = cloud.orders.order(order["order_id"])
    assert sent.sent_at is not None
    assert sent.send_problem is None
    assert {each["id"] for each in receiver.taken} == {order["order_id"]}, "a move between shops is no order"


def test_a_secret_that_cannot_be_used_stops_the_start_in_words(tmp_path: Path) -> None:
    short = tmp_path / "secret"
    short.write_text("whsec_short\n")
    with pytest.raises(ConfigurationInvalid, match="openssl"):
        make_posts([WebhookConfig(url="https://supplier.example/orders", secret_file=str(short))])

"""A promotion from its plan to its result, over the doors planners use: forecast, orders and hub know it; afterwards it is measured."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from cloud_api.adapters.tokens import Tokens
from cloud_api.assemble import Cloud
from cloud_api.config import CloudConfig
from wire_format import codec
from wire_format.plans import Planogram, Promotion
from wire_format.reports import AnyFact, ReportBatch, SkuDay, SkuQuarter, StoreProfile

STORE = {"Authorization": "Bearer store-token-of-shop-1"}
PLANNER = {"Authorization": "Bearer planner-token-of-mei"}
NONE = {"units_picked": 0, "units_put_back": 0, "units_received": 0, "units_lost": 0}
BEGAN = datetime(2026, 10, 4, 12, 0, tzinfo=UTC)
CLOCK = {"now": BEGAN}
RATES = {"cola-033": 6.0, "water-15": 8.0, "radler-05": 4.0, "iced-tea-05": 5.0, "toast-500": 9.0, "rolls-6": 12.0, "eggs-10": 7.0}


@pytest.fixture(scope="module")
def cloud(engine: Engine) -> Cloud:
    CLOCK["now"] = BEGAN
    return Cloud(engine, CloudConfig(), now=lambda: CLOCK["now"])


@pytest.fixture(scope="module")
def client(cloud: Cloud) -> TestClient:
    tokens = Tokens(stores={"shop-1": "store-token-of-shop-1"}, planners={"Mei": "planner-token-of-mei"})
    return TestClient(cloud.doors(tokens), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def shop(cloud: Cloud, client: TestClient, repository: Path) -> Planogram:
    """Six weeks of trade up to the 3rd of October, with cola and six other articles."""
    plan = msgspec.json.decode((repository / "demo/planogram.json").read_bytes(), type=Planogram)
    sold = {product.sku for product in plan.products} & set(RATES)
    assert "cola-033" in sold
    plan = msgspec.structs.replace(plan, store_id="shop-1", time_zone="UTC")
    profile = StoreProfile(store_id="shop-1", name="Corner shop", time_zone="UTC", currency="EUR")
    for door, body in (("profile", profile), ("planogram", plan)):
        assert client.put(f"/v1/stores/shop-1/{door}", content=codec.encode(body), headers=STORE).status_code == 200
    _report(client, [BEGAN.date() - timedelta(days=back) for back in range(42, 0, -1)], first=1)
    return plan


def _report(client: TestClient, days: list[date], *, first: int, uplift: float = 1.0) -> int:
    """Sales of the days, cola by so much more, and what is in stock at their end; returns the next sequence."""
    rng = np.random.default_rng(len(days))
    levels = dict.fromkeys(("opening_units", "closing_units", "closing_low_units", "closing_high_units"))
    facts: list[AnyFact] = []
    for day in days:
        for sku, rate in RATES.items():
            units = int(rng.poisson(rate * (uplift if sku == "cola-033" else 1.0)))
            told = {"day": day.isoformat(), "sku": sku, "units_sold": units, "out_of_stock_min": 0.0, "revenue_minor": 99 * units}
            facts.append(SkuDay(sequence=first + len(facts), **told, **NONE, **levels))
    at = datetime(days[-1].year, days[-1].month, days[-1].day, 23, 45, tzinfo=UTC)
    for sku in RATES:
        known = {"opening_units": 9.0, "closing_units": 9.0, "closing_low_units": 9.0, "closing_high_units": 9.0}
        facts.append(
            SkuQuarter(
                sequence=first + len(facts), quarter_started_at_ms=int(at.timestamp() * 1000), sku=sku, units_sold=0, **NONE, **known,
                out_of_stock_min=0.0, revenue_minor=0,
            )
        )  # fmt: skip
    batch = ReportBatch(store_id="shop-1", ledger_id="a" * 32, from_sequence=first, to_sequence=first + len(facts) - 1, facts=facts)
    assert client.post("/v1/stores/shop-1/reports", content=codec.encode(batch), headers=STORE).status_code == 200
    return first + len(facts)


DRAFT = {"sku": "cola-033", "first_day": "2026-10-05", "last_day": "2026-10-18", "price_minor": 75, "display": "gondola end"}


def _cola(client: TestClient) -> dict[str, Any]:
    plan = client.get("/v1/replenishment", params={"store": "shop-1"}, headers=PLANNER).json()
    line: dict[str, Any] = next(line for order in plan["proposals"] for line in order["lines"] if line["sku"] == "cola-033")
    return line


def test_a_promotion_is_tried_planned_told_ordered_for_called_off_and_measured(cloud: Cloud, client: TestClient, shop: Planogram) -> None:
    tried = client.post("/v1/promotions/expected", json=DRAFT, headers=PLANNER).json()["expected"][0]
    assert tried["units_with"] > 1.5 * tried["units_without"]
    assert client.get("/v1/promotions", headers=PLANNER).json()["promotions"] == [], "trying plans nothing"
    before = _cola(client)
    planned = client.post("/v1/promotions", json=DRAFT, headers=PLANNER).json()["promotions"]
    assert [(each["store_id"], each["planned_by"]) for each in planned] == [("shop-1", "Mei")]
    promised = _cola(client)
    assert promised["arithmetic"]["demand_over_cover_units"] > 1.5 * before["arithmetic"]["demand_over_cover_units"]
    assert "promotions, prices or holidays ahead make that" in promised["reason"]
    _told_to_the_hub(client, planned[0]["promotion_id"])
    sequence = 42 * len(RATES) + len(RATES) + 1
    _report(client, [date(2026, 10, 4) + timedelta(days=day) for day in range(29)], first=sequence, uplift=1.0)
    CLOCK["now"] = datetime(2026, 11, 2, 12, tzinfo=UTC)
    quiet = _result(client, planned[0]["promotion_id"])
    assert quiet["uplift"]["low"] < 1.0 < quiet["uplift"]["high"], "it did nothing, and nothing is claimed"
    _called_off(client, planned[0]["promotion_id"])


def _told_to_the_hub(client: TestClient, promotion_id: str) -> None:
    page = client.get("/v1/stores/shop-1/plans", params={"after": 0}, headers=STORE).json()["plans"]
    told = codec.plans.decode(msgspec.json.encode(page[-1]["plan"]))
    assert isinstance(told, Promotion)
    assert (told.promotion_id, told.price_minor, told.is_cancelled) == (promotion_id, 75, False)
    assert datetime.fromtimestamp(told.starts_at_ms / 1000, UTC) == datetime(2026, 10, 5, tzinfo=UTC)
    assert datetime.fromtimestamp(told.ends_at_ms / 1000, UTC) == datetime(2026, 10, 19, tzinfo=UTC)


def _result(client: TestClient, promotion_id: str) -> dict[str, Any]:
    result: dict[str, Any] = client.get(f"/v1/promotions/{promotion_id}/results", headers=PLANNER).json()["results"][0]["result"]
    return result


def _called_off(client: TestClient, promotion_id: str) -> None:
    assert client.post(f"/v1/promotions/{promotion_id}/cancel", headers=PLANNER).status_code == 200
    assert client.post(f"/v1/promotions/{promotion_id}/cancel", headers=PLANNER).status_code == 404
    page = client.get("/v1/stores/shop-1/plans", params={"after": 0}, headers=STORE).json()["plans"]
    assert page[-1]["plan"]["is_cancelled"] is True
    assert client.get("/v1/promotions", headers=PLANNER).json()["promotions"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"last_day": "2026-10-01"}, "last_day"),
        ({"last_day": "2027-10-01"}, "last_day"),
        ({"price_minor": None, "display": ""}, "price_minor"),
        ({"sku": "no-such"}, "sku"),
        ({"first_day": "2026-13-01"}, "first_day"),
        ({"prize": 1}, "body"),
    ],
)
def test_a_promotion_that_makes_no_sense_is_refused_with_its_field(
    client: TestClient, shop: Planogram, change: dict[str, Any], field: str
) -> None:
    CLOCK["now"] = BEGAN
    answer = client.post("/v1/promotions", json=DRAFT | change, headers=PLANNER)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert client.post("/v1/promotions", json=DRAFT, headers=STORE).status_code == 403


@pytest.mark.parametrize(("first_day", "is_measured"), [("2026-09-10", True), ("2026-09-01", False)])
def test_a_shop_that_began_to_report_later_is_measured_by_the_whole_weeks_it_has(
    client: TestClient, shop: Planogram, first_day: str, is_measured: bool
) -> None:
    CLOCK["now"] = BEGAN  # Its reports begin on the 23rd of August: eighteen days before the one, nine before the other.
    draft = DRAFT | {"sku": "toast-500", "first_day": first_day, "last_day": "2026-10-10"}
    planned = client.post("/v1/promotions", json=draft, headers=PLANNER).json()["promotions"][0]
    try:
        result = _result(client, planned["promotion_id"])
        assert (result is not None) == is_measured
        assert result is None or (result["days"] == 24 and result["uplift"]["low"] < 1.0 < result["uplift"]["high"])
    finally:
        assert client.post(f"/v1/promotions/{planned['promotion_id']}/cancel", headers=PLANNER).status_code == 200

"""A thousand shops are reviewed from their days added up; that says the same as the rule that looks at every hour."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from cloud_api.adapters.database import migrate
from cloud_api.assemble import Cloud
from wire_format.reports import AnyFact, DoorQuarter, ReportBatch, SkuDay

LAST = date(2026, 11, 21)
FIRST = LAST - timedelta(days=6)
LEDGER = "e" * 32
PLANNER = {"Authorization": "Bearer planner-token-of-mei"}


def quarters(seed: int, *, days: int = 40) -> list[AnyFact]:
    """Some weeks of a shop that opens at eight, with hours nobody watched and hours watched in part, told day by day."""
    chance = random.Random(seed)
    found: list[AnyFact] = []
    for back in range(days, -1, -1):
        day = LAST - timedelta(days=back)
        for hour in range(8, 20):
            lot = chance.random()
            for part in range(4):
                at = datetime(day.year, day.month, day.day, hour, 15 * part, tzinfo=UTC)
                if lot < 0.1 or (lot < 0.2 and part > 1):
                    continue
                fact = DoorQuarter(
                    sequence=len(found) + 1, quarter_started_at_ms=int(at.timestamp() * 1000), door_id="main",
                    people_in=chance.randrange(3, 30), people_out=chance.randrange(3, 30), observed_min=15.0,
                )  # fmt: skip
                found.append(fact)
    return found


def book(cloud: Cloud, store_id: str, facts: list[AnyFact], *, size: int) -> None:
    for start in range(0, len(facts), size):
        part = facts[start : start + size]
        cloud.reports.book(
            ReportBatch(store_id=store_id, ledger_id=LEDGER, from_sequence=part[0].sequence, to_sequence=part[-1].sequence, facts=part)
        )


@pytest.fixture(scope="module", autouse=True)
def chain(cloud: Cloud) -> None:
    for number, size in (("1", 300), ("2", 5000)):
        book(cloud, f"shop-{number}", quarters(int(number)), size=size)


def test_days_added_up_compare_as_the_hours_do(cloud: Cloud) -> None:
    by_hours = {shop.store_id: shop for shop in cloud.reviewing.footfall(first=FIRST, last=LAST).stores}
    found = cloud.reviewing.chain(first=FIRST, last=LAST)
    assert [shop.store_id for shop in found.stores] == [shop.store_id for shop in cloud.reviewing.footfall(first=FIRST, last=LAST).stores]
    for shop in found.stores:
        rule = by_hours[shop.store_id]
        assert shop.visitors == rule.visitors
        assert (shop.comparison.visitors, shop.comparison.hours) == (rule.comparison.visitors, rule.comparison.hours)
        assert shop.comparison.usual_visitors == pytest.approx(rule.comparison.usual_visitors)
        assert [row.people_in for row in shop.rows] == [row.people_in for row in rule.rows]
        assert shop.watched_share == pytest.approx(rule.watched_share)


def test_late_news_of_a_past_week_moves_what_is_usual(cloud: Cloud) -> None:
    before = cloud.reviewing.chain(first=LAST, last=LAST, find="shop-1").stores[0].comparison
    last_sequence = cloud.reports.booked_through("shop-1", LEDGER)
    at = datetime(LAST.year, LAST.month, LAST.day, 12, tzinfo=UTC) - timedelta(days=7)
    late: list[AnyFact] = [
        DoorQuarter(
            sequence=last_sequence + 1 + part, quarter_started_at_ms=int((at + timedelta(minutes=15 * part)).timestamp() * 1000),
            door_id="main", people_in=500, people_out=0, observed_min=15.0,
        )
        for part in range(4)
    ]  # fmt: skip
    book(cloud, "shop-1", late, size=10)
    after = cloud.reviewing.chain(first=LAST, last=LAST, find="shop-1").stores[0].comparison
    assert (after.usual_visitors or 0) > (before.usual_visitors or 0)
    rule = cloud.reviewing.footfall(["shop-1"], first=LAST, last=LAST).stores[0].comparison
    assert after.usual_visitors == pytest.approx(rule.usual_visitors)


def test_only_the_shops_asked_for_are_told_with_their_days(client: TestClient) -> None:
    whole = client.get(f"/v1/footfall/chain?from={FIRST}&to={LAST}", headers=PLANNER).json()
    part = client.get(f"/v1/footfall/chain?from={FIRST}&to={LAST}&limit=1&offset=1", headers=PLANNER).json()
    assert (whole["shops"], len(whole["stores"]), len(part["stores"])) == (2, 2, 1)
    assert part["stores"][0] == whole["stores"][1]
    assert part["visitors"] == whole["visitors"] == sum(shop["visitors"] for shop in whole["stores"])
    assert client.get("/v1/footfall/chain", headers={"Authorization": "Bearer store-token-of-shop-1"}).status_code == 403


def test_a_shops_day_is_added_up_from_its_articles(cloud: Cloud, engine: Engine) -> None:
    counts = {"units_picked": 0, "units_put_back": 0, "units_received": 4, "units_lost": 1}
    levels = dict.fromkeys(("opening_units", "closing_units", "closing_low_units", "closing_high_units"))
    facts: list[AnyFact] = [
        SkuDay(sequence=n, day="2026-11-20", sku=f"s{n}", units_sold=n, **counts, **levels,
               out_of_stock_min=None if n == 1 else 30.0, revenue_minor=100 * n)
        for n in (1, 2, 3)
    ]  # fmt: skip
    book(cloud, "shop-3", facts, size=2)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM store_day WHERE store_id = 'shop-3'")).one()._mapping
    assert (row["units_sold"], row["revenue_minor"], row["units_lost"]) == (6, 600, 3)
    assert (row["articles"], row["known_articles"], row["out_of_stock_min"]) == (3, 2, 60.0)


def test_what_an_older_schema_had_on_record_is_added_up_by_the_migration(cloud: Cloud, engine: Engine) -> None:
    def rolled_up() -> list[object]:
        with engine.connect() as connection:
            days = connection.execute(text("SELECT * FROM footfall_day ORDER BY store_id, day")).all()
            shops = connection.execute(text("SELECT * FROM store_day ORDER BY store_id, day")).all()
        return [*days, *shops]

    kept = rolled_up()
    migrate(engine, to="0005")
    migrate(engine)
    assert rolled_up() == kept

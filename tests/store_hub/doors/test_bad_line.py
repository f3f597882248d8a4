"""A line to the cloud that loses requests and answers: in the end the cloud holds, row for row, what the hub booked."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, text
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from store_hub.adapters.cloud_link import CloudLink, CloudUnreachable
from store_hub.entries import Delivery, DeliveryLine, Sale, SaleLine
from store_hub.flows.report import Report
from store_hub.flows.sync import Sync
from wire_format.observations import DoorCrossing

NOON_MS = 1_780_315_200_000
QUARTER_MS = 900_000
ROUNDS = 12


class BadLine:
    """Stands before the real cloud: loses a fifth of the requests, and the answers of another fifth after they were booked."""

    def __init__(self, app: ASGIApp, chance: random.Random) -> None:
        self._app = app
        self._chance = chance
        self.lost = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        luck = self._chance.random()
        if scope["type"] != "http" or luck > 0.4:
            await self._app(scope, receive, send)
            return
        self.lost += 1
        if luck > 0.2:

            async def nowhere(_: Message) -> None:
                return

            await self._app(scope, receive, nowhere)
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b"bad gateway"})


def live_a_little(shop: Any, chance: random.Random) -> None:
    """Sales now and late, returns, deliveries and people, over a day and a night."""
    shop.clock.pass_s(chance.uniform(600, 9000))
    for _ in range(chance.randrange(1, 5)):
        lines = [SaleLine(sku=chance.choice(["milk", "cola"]), units=chance.choice([1, 2, 3, 3, -1]), price_minor=100)]
        shop.tell(Sale(till="till-1", lines=lines, sold_at_ms=shop.clock.now_ms() - chance.choice([0, 0, 5_000_000])))
    if chance.random() < 0.3:
        shop.tell(Delivery(delivery_id="d", lines=[DeliveryLine(sku=chance.choice(["milk", "cola"]), units=6)], to="shelf"))
    at_ms = shop.clock.now_ms()
    seen = {"device_id": "cam", "boot_id": "0" * 8, "monotonic_ms": 0, "observed_at_ms": at_ms}
    shop.see(DoorCrossing(**seen, door_id="front", started_at_ms=at_ms - 60_000, duration_ms=60_000, people_in=2, people_out=1))


def until_through(sync: Sync) -> None:
    for _ in range(200):
        try:
            if sync.sync_once() == 0:
                return
        except CloudUnreachable:
            continue
    raise AssertionError("the line was bad for too long")


@pytest.mark.parametrize("seed", range(3))
def test_on_a_bad_line_the_cloud_ends_up_with_what_the_hub_booked(
    seed: int, shop: Any, cloud_doors: FastAPI, records: Engine, serve: Callable[[Any], Any], make_report: Callable[..., Report]
) -> None:
    chance = random.Random(seed)
    line = BadLine(cloud_doors, chance)
    report = make_report()
    with CloudLink(url=serve(line).url, store_id="corner", token="token of the corner shop", timeout_s=5.0) as link:
        sync = Sync(ledger=shop.reports, bookkeep=shop.bookkeep, cloud=link, store_id="corner", now_ms=shop.clock.now_ms)
        for number in range(ROUNDS):
            live_a_little(shop, chance)
            report.report_once()
            if chance.random() < 0.3:  # The hub is restarted.
                sync = Sync(ledger=shop.reports, bookkeep=shop.bookkeep, cloud=link, store_id="corner", now_ms=shop.clock.now_ms)
                report = make_report()
            if number % 3 == 2:
                until_through(sync)
        report.report_once()
        until_through(sync)
    assert line.lost > 0
    assert shop.rows("SELECT count(*) FROM stockouts")[0][0] + shop.rows("SELECT count(out_since_ms) FROM totals")[0][0] > 0
    assert shop.rows("SELECT count(*) FROM report_outbox") == [(0,)]
    assert cloud_quarters(records) == hub_quarters(shop)
    assert closings_apart(records, shop) == []
    assert cloud_doors_seen(records) == shop.rows(
        "SELECT minute_started_at_ms / 900000 * 900000 AS q, sum(people_in), sum(people_out) FROM door_minutes GROUP BY q ORDER BY q"
    )
    with records.connect() as connection:
        sold, revenue = connection.execute(text("SELECT sum(units_sold), sum(revenue_minor) FROM sku_day")).one()
    assert days_without_stock_apart(records, shop) == []
    assert [(sold, revenue)] == shop.rows("SELECT sum(units_sold), sum(revenue_minor) FROM sku_quarters")


SUMS = "units_sold, units_picked, units_put_back, units_received, units_lost, revenue_minor"


def hub_quarters(shop: Any) -> list[tuple[Any, ...]]:
    """What was summed up, without quarters in which only the stock was looked at."""
    rows = shop.rows(f"SELECT quarter_started_at_ms, sku, {SUMS} FROM sku_quarters ORDER BY 1, 2")
    return [row for row in rows if any(row[2:])]


def cloud_quarters(records: Engine) -> list[tuple[Any, ...]]:
    """The same in the cloud, which is also told of quarters of an empty shelf in which nothing happened."""
    query = f"SELECT (extract(epoch FROM quarter_at) * 1000)::bigint, sku, {SUMS} FROM sku_quarter ORDER BY 1, 2"
    with records.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(query))]
    return [row for row in rows if any(row[2:])]


def closings_apart(records: Engine, shop: Any) -> list[tuple[Any, ...]]:
    """Closing stocks that the ledger knows and the cloud knows otherwise."""
    query = "SELECT (extract(epoch FROM quarter_at) * 1000)::bigint, sku, closing_units FROM sku_quarter"
    with records.connect() as connection:
        held = {(row[0], row[1]): row[2] for row in connection.execute(text(query))}
    known = shop.rows("SELECT quarter_started_at_ms, sku, closing_units FROM sku_quarters WHERE closing_units IS NOT NULL")
    return [row for row in known if held.get(row[:2]) != row[2]]


def cloud_doors_seen(records: Engine) -> list[tuple[Any, ...]]:
    query = "SELECT (extract(epoch FROM quarter_at) * 1000)::bigint, people_in, people_out FROM door_quarter ORDER BY 1"
    with records.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def days_without_stock_apart(records: Engine, shop: Any) -> list[tuple[Any, ...]]:
    """Articles and past days whose quarters without stock do not add up to the day's."""
    query = """
        SELECT d.day, d.sku, d.out_of_stock_min, sum(q.out_of_stock_min) FROM sku_day d
        LEFT JOIN sku_quarter q ON q.sku = d.sku AND (q.quarter_at AT TIME ZONE 'Europe/Berlin')::date = d.day
        WHERE d.day < (to_timestamp(:now) AT TIME ZONE 'Europe/Berlin')::date
        GROUP BY 1, 2, 3 HAVING abs(d.out_of_stock_min - coalesce(sum(q.out_of_stock_min), 0)) > 0.01
    """
    with records.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), {"now": shop.clock.now_ms() / 1000})]

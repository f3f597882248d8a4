"""A small shop with a real ledger, a real bookkeeper and real doors on a free port."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, create_engine, make_url, text

from cloud_api.adapters.database import migrate, open_database
from cloud_api.adapters.embedded_postgres import EmbeddedPostgres
from cloud_api.adapters.tokens import Tokens
from cloud_api.assemble import Cloud
from cloud_api.config import CloudConfig
from cloud_api.errors import CloudError
from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.door_tokens import DoorTokens
from store_hub.adapters.gauges import HubGauges
from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_figures import LedgerGauge
from store_hub.adapters.ledger_reports import LedgerReports
from store_hub.config import BookkeepingConfig
from store_hub.entries import AnyTold
from store_hub.flows.bookkeep import Bookkeeper
from store_hub.flows.commands import Answer, Book, Booked, BookPlanogram
from store_hub.flows.report import Report
from store_hub.routes.all_doors import open_doors
from store_hub.routes.health import booking_check, bookkeeper_check, broker_check, cloud_check, health_routes, ledger_check
from store_hub.routes.metrics import LedgerCollector, PartsCollector, backup_age, metrics_routes
from store_hub.routes.refusals import answer_refusals
from wire_format import codec, topics
from wire_format.plans import Bay, Door, Facing, Planogram, Product, Rectangle, Shelf, Zone

STORE = "corner"
OUTBOX = "a" * 32
NOON_MS = 1_780_315_200_000
"""2026-06-01 12:00 UTC, a Monday."""


def small_shop(**changes: Any) -> Planogram:
    """Milk and cola on a board without a scale; eight fit of each, and staff come at two."""
    facings = [
        Facing(sku=sku, from_m=from_m, width_m=0.4, capacity_units=8, low_units=2, start_units=6)
        for sku, from_m in (("milk", 0.0), ("cola", 0.4))
    ]
    plan = Planogram(
        store_id=STORE, name="Corner shop", time_zone="Europe/Berlin", currency="EUR", width_m=6.0, depth_m=4.0,
        bays=[
            Bay(
                bay_id="bay-1", name="Fridge", place=Rectangle(x_m=1.0, y_m=0.0, width_m=1.0, depth_m=0.5),
                shelves=[Shelf(shelf_id="fridge-1", level=1, width_m=1.0, weighed=False, facings=facings)],
            )
        ],
        zones=[Zone(zone_id="aisle", name="Aisle", kind="aisle", place=Rectangle(x_m=0.0, y_m=0.0, width_m=6.0, depth_m=4.0))],
        doors=[Door(door_id="front", name="Front door", x1_m=0.0, y1_m=4.0, x2_m=1.0, y2_m=4.0)],
        products=[Product(sku="milk", name="Milk 1 l", price_minor=129), Product(sku="cola", name="Cola 0.5 l", price_minor=99)],
        back_room={"milk": 12, "cola": 0},
    )  # fmt: skip
    return msgspec.structs.replace(plan, **changes)


class SetClock:
    """Shows the time a test says."""

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        return self.at_ms

    def pass_s(self, seconds: float) -> None:
        self.at_ms += int(seconds * 1000)


class Shop:
    """A ledger with its bookkeeper, and what a test wants to know of it."""

    def __init__(self, folder: Path, *, plan: Planogram | None = None, at_ms: int = NOON_MS) -> None:
        self.path = folder / "ledger.sqlite"
        self.clock = SetClock(at_ms)
        self._ledger = Ledger.create(self.path, store_id=STORE, now_ms=at_ms)
        self.ledger_id = self._ledger.identity.ledger_id
        self.reports = LedgerReports(self.path)
        self.gauges = HubGauges()
        self.bookkeep = self._start()
        self._sequence = 0
        self.put_in_force(plan or small_shop())

    def _start(self) -> Bookkeeper:
        keeper = Bookkeeper(self._ledger, clock=self.clock, config=BookkeepingConfig(gather_ms=0.0), gauges=self.gauges)
        keeper.start()
        return keeper

    def ask(self, command: Any) -> Answer:
        future: Future[Answer] = self.bookkeep.submit(command)
        return future.result(10)

    def tell(self, told: AnyTold) -> Booked:
        answer = self.ask(Book(told=told, door="test"))
        assert isinstance(answer, Booked)
        return answer

    def put_in_force(self, plan: Planogram) -> None:
        self.ask(BookPlanogram(payload=codec.encode(plan)))

    def see(self, observation: msgspec.Struct) -> None:
        """Book what a device saw."""
        self._sequence += 1
        self.hear(topics.seen(STORE, OUTBOX, self._sequence), codec.encode(observation))
        wait_until(lambda: self.rows("SELECT booked_through FROM outboxes") == [(self._sequence,)])

    def hear(self, topic: str, payload: bytes) -> None:
        """Have the broker deliver a message."""
        self.bookkeep.inbox.put_messages([Delivered(topic, payload, False, 1, 1, 1, self.clock.now_ms())])

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the ledger, read-only."""
        connection = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def close(self) -> None:
        self.bookkeep.stop()
        self._ledger.close()


def wait_until(is_true: Callable[[], bool], *, within_s: float = 120.0) -> None:
    """Poll until something has happened; fails at the deadline."""
    deadline = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


class Serving:
    """A real socket with a web server behind it, on a thread of its own; serves one application after the other."""

    def __init__(self) -> None:
        self.app: Any = None
        self._server = uvicorn.Server(
            uvicorn.Config(self._serve, interface="asgi3", host="127.0.0.1", port=0, log_level="error", lifespan="off")
        )
        self._thread = threading.Thread(target=self._server.run, name="test-http", daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(5)


def doors_app(shop: Shop, *, tokens: DoorTokens | None = None, is_connected: Callable[[], bool] = lambda: True) -> FastAPI:
    """The hub's doors, wired as the hub wires them."""
    app = FastAPI(title="hub", version="1", docs_url=None, redoc_url=None)
    open_doors(app, bookkeep=shop.bookkeep, tokens=tokens, now_ms=shop.clock.now_ms, ledger=shop.path)
    gauge = LedgerGauge(shop.path)
    app.include_router(
        health_routes(
            {
                "ledger": ledger_check(gauge),
                "broker": broker_check(is_connected, place="127.0.0.1:1883"),
                "bookkeeper": bookkeeper_check(lambda: True),
                "booking": booking_check(gauge, now_ms=shop.clock.now_ms),
                "cloud": cloud_check(None, now_ms=shop.clock.now_ms),
            }
        )
    )
    shop.gauges.registry.register(LedgerCollector(gauge))
    waiting = ("Waiting", lambda: float(shop.bookkeep.figures().waiting))
    shop.gauges.registry.register(PartsCollector(depths={"inbox_waiting": waiting, **backup_age(None)}, counts={}))
    app.include_router(metrics_routes(shop.gauges.registry))
    answer_refusals(app)
    return app


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """The small shop, at noon."""
    small = Shop(tmp_path)
    yield small
    small.close()


@pytest.fixture(scope="session")
def sockets() -> Iterator[list[Serving]]:
    """Web servers that serve nothing now."""
    idle: list[Serving] = []
    yield idle
    for serving in idle:
        serving.close()


@pytest.fixture
def serve(sockets: list[Serving]) -> Iterator[Callable[[Any], Serving]]:
    """Serve applications until the test ends."""
    running: list[Serving] = []

    def start(app: Any) -> Serving:
        running.append(sockets.pop() if sockets else Serving())
        running[-1].app = app
        return running[-1]

    yield start
    sockets.extend(running)


@pytest.fixture
def till(shop: Shop, serve: Callable[[FastAPI], Serving]) -> Iterator[httpx.Client]:
    """A till's line to the shop's doors."""
    with httpx.Client(base_url=serve(doors_app(shop)).url, timeout=10) as client:
        yield client


@pytest.fixture
def make_doors() -> Callable[..., FastAPI]:
    """Wires the doors of a shop."""
    return doors_app


@pytest.fixture
def make_plan() -> Callable[..., Planogram]:
    """The small shop's planogram, with changes."""
    return small_shop


@pytest.fixture
def until() -> Callable[..., None]:
    """Polls until something has happened."""
    return wait_until


@pytest.fixture
def make_report(shop: Any) -> Callable[..., Report]:
    def make(**settings: Any) -> Report:
        zone = ZoneInfo("Europe/Berlin")
        return Report(ledger=shop.reports, bookkeep=shop.bookkeep, zone=lambda: zone, now_ms=shop.clock.now_ms, every_s=60.0, **settings)

    return make


@pytest.fixture(scope="session")
def records_server() -> Iterator[str]:
    """A real PostgreSQL; skips the test where it cannot run."""
    with tempfile.TemporaryDirectory(prefix="aislewise-records-") as folder:
        postgres = EmbeddedPostgres(Path(folder) / "records", durable=False)
        try:
            url = postgres.start()
        except CloudError as error:
            pytest.skip(f"no PostgreSQL here: {error}")
        yield url
        postgres.stop()


@pytest.fixture
def records(records_server: str) -> Iterator[Engine]:
    """An empty database of the cloud, at the newest revision."""
    name = f"t_{uuid4().hex}"
    admin = create_engine(records_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    engine = open_database(make_url(records_server).set(database=name).render_as_string(hide_password=False))
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def cloud_doors(records: Engine, shop: Shop) -> FastAPI:
    """The real cloud, whose clock is the shop's."""
    cloud = Cloud(records, CloudConfig(), now=lambda: datetime.fromtimestamp(shop.clock.now_ms() / 1000, UTC))
    stores = {STORE: "token of the corner shop", "other": "token of another shop"}
    return cloud.doors(Tokens(stores=stores, planners={}))

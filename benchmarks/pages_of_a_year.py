"""How fast each page opens with a year of ledger behind it: seeds one, serves the pages, and asks for each.

Usage: python -m benchmarks.pages_of_a_year [--days 365] [--ledger FILE] [--times 5]
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_views import LedgerViews
from store_hub.config import BookkeepingConfig
from store_hub.dashboard.pages import mount_pages
from store_hub.flows.bookkeep import Bookkeeper
from store_hub.flows.commands import BookPlanogram
from wire_format import codec
from wire_format.plans import Planogram
from wire_format.reports import StoreProfile

DAY_MS, HOUR_MS, QUARTER_MS, MINUTE_MS = 86_400_000, 3_600_000, 900_000, 60_000
NOW_MS = 1_795_359_900_000  # Sunday 22 November 2026, 16:05 in Berlin
OPEN_HOURS = range(8, 20)
WEIGHTS_A_DAY, CELLS_A_QUARTER, RECEIPTS_A_DAY = 300, 120, 180
PAGES = (
    "/",
    "/shelves",
    "/tasks",
    "/sales",
    "/floor",
    "/accuracy",
    "/receiving",
    "/stock-take",
    "/devices",
    "/settings",
    "/staff/tasks",
    "/plan/current",
)


class StandingClock:
    """The end of the year."""

    def now_ms(self) -> int:
        """Return it."""
        return NOW_MS


def seed(path: Path, plan: Planogram, days: int) -> dict[str, int]:
    """Make a ledger of so many days up to now; returns how many rows each large table has."""
    ledger = Ledger.create(path, store_id=plan.store_id, now_ms=NOW_MS - days * DAY_MS)
    keeper = Bookkeeper(ledger, clock=StandingClock(), config=BookkeepingConfig())
    keeper.start()
    keeper.submit(BookPlanogram(codec.encode(plan))).result(timeout=60)
    keeper.stop()
    ledger.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    rng = random.Random(1)
    shelves = [shelf.shelf_id for bay in plan.bays for shelf in bay.shelves]
    skus = [product.sku for product in plan.products]
    counts = {}
    for table, places, rows in (
        ("shelf_weights", 7, _weights(rng, shelves, days)),
        ("shelf_events", 11, _events(rng, shelves, skus, days)),
        ("sales", 8, _sales(rng, skus, days)),
        ("sku_quarters", 13, _quarters(rng, skus, days)),
        ("door_minutes", 8, _doors(rng, plan.doors[0].door_id, days)),
        ("floor_tiles", 6, _tiles(rng, days)),
    ):
        connection.execute("BEGIN")
        connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * places)})", rows)
        connection.execute("COMMIT")
        counts[table] = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    _alerts(connection, rng, shelves, skus, days)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return counts


def _days(days: int) -> Iterator[int]:
    return iter(range(NOW_MS - NOW_MS % DAY_MS - (days - 1) * DAY_MS, NOW_MS, DAY_MS))


def _moments(rng: random.Random, day_ms: int, count: int) -> Iterable[int]:
    span = len(OPEN_HOURS) * HOUR_MS
    return (at for _ in range(count) if (at := day_ms + OPEN_HOURS[0] * HOUR_MS + rng.randrange(span)) < NOW_MS)


def _weights(rng: random.Random, shelves: list[str], days: int) -> Iterator[tuple[Any, ...]]:
    for day_ms in _days(days):
        for shelf in shelves:
            yield from ((shelf, at, 10, 20_000.0, 1.0, None, 18.0) for at in _moments(rng, day_ms, WEIGHTS_A_DAY))


def _events(rng: random.Random, shelves: list[str], skus: list[str], days: int) -> Iterator[tuple[Any, ...]]:
    number = 10
    for day_ms in _days(days):
        for at in _moments(rng, day_ms, 700):
            number += 1
            yield number, 1, rng.choice(shelves), rng.choice(skus), at, -1, "picked", -350.0, 0.99, None, 0.0


def _sales(rng: random.Random, skus: list[str], days: int) -> Iterator[tuple[Any, ...]]:
    number = 10
    for day_ms in _days(days):
        for at in _moments(rng, day_ms, RECEIPTS_A_DAY):
            number += 1
            for line in (1, 2):
                yield number, line, rng.choice(skus), 1, 199, f"till-{number % 2 + 1}", at, 1


def _quarters(rng: random.Random, skus: list[str], days: int) -> Iterator[tuple[Any, ...]]:
    for day_ms in _days(days):
        for hour in OPEN_HOURS:
            for quarter in range(4):
                at = day_ms + hour * HOUR_MS + quarter * QUARTER_MS
                if at < NOW_MS:
                    yield from ((at, sku, 1, 1, 0, 0, 0, 0, 199, 20.0, 19.0, 18.0, 20.0) for sku in rng.sample(skus, min(30, len(skus))))


def _doors(rng: random.Random, door: str, days: int) -> Iterator[tuple[Any, ...]]:
    for day_ms in _days(days):
        for minute in range(OPEN_HOURS[0] * 60, (OPEN_HOURS[-1] + 1) * 60):
            if (at := day_ms + minute * MINUTE_MS) < NOW_MS:
                yield door, at, rng.choice((0, 0, 1)), rng.choice((0, 0, 1)), 60_000, 0, 0, 0


def _tiles(rng: random.Random, days: int) -> Iterator[tuple[Any, ...]]:
    for day_ms in _days(days):
        for quarter in range(OPEN_HOURS[0] * 4, (OPEN_HOURS[-1] + 1) * 4):
            at = day_ms + quarter * QUARTER_MS
            if at < NOW_MS:
                yield from (("camera-1", at, 250, rng.randrange(48), rng.randrange(32), 2_000) for _ in range(CELLS_A_QUARTER))


def _alerts(connection: sqlite3.Connection, rng: random.Random, shelves: list[str], skus: list[str], days: int) -> None:
    rows = []
    for day_ms in _days(days):
        rows += [(rng.choice(skus), rng.choice(shelves), at, at + 60_000, at + 300_000) for at in _moments(rng, day_ms, 25)]
    connection.executemany(
        "INSERT INTO alerts (kind, sku, shelf_id, raised_at_ms, taken_at_ms, taken_by, cleared_at_ms, cleared_by, units_now, journal_id)"
        " VALUES ('low_shelf', ?, ?, ?, ?, 'Ana', ?, 'scale', 9, 1)",
        rows,
    )


def serve(path: Path, plan: Planogram, port: int) -> tuple[uvicorn.Server, threading.Thread, Bookkeeper]:
    """Serve the pages on a thread."""
    ledger = Ledger.open(path)
    keeper = Bookkeeper(ledger, clock=StandingClock(), config=BookkeepingConfig())
    keeper.start()
    app = FastAPI()
    profile = StoreProfile(store_id=plan.store_id, name=plan.name, time_zone=plan.time_zone, currency=plan.currency)
    mount_pages(
        app, views=LedgerViews(path), submit=keeper.submit, on_booked=keeper.on_booked, store_profile=profile, now_ms=lambda: NOW_MS
    )
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    return server, thread, keeper


def main() -> None:
    """Print each page's median and worst time to its whole answer, ms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--ledger", type=Path, help="keep the ledger here, and use it if it is there")
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    plan = codec.plans.decode((Path(__file__).parents[1] / "demo" / "planogram.json").read_bytes())
    assert isinstance(plan, Planogram)
    with TemporaryDirectory() as folder:
        path = asked.ledger or Path(folder) / "year.sqlite"
        if not path.exists():
            began = time.perf_counter()
            print(f"{asked.days} days: {seed(path, plan, asked.days)} in {time.perf_counter() - began:.0f} s")
        print(f"ledger: {path.stat().st_size / 1e6:.0f} MB")
        server, thread, keeper = serve(path, plan, 18_765)
        with httpx.Client(base_url="http://127.0.0.1:18765", timeout=120) as client:
            for page in PAGES:
                took = []
                for _ in range(asked.times):
                    began = time.perf_counter()
                    client.get(page).raise_for_status()
                    took.append(1000 * (time.perf_counter() - began))
                print(f"{page:16} median {statistics.median(took):7.0f} ms   worst {max(took):7.0f} ms", flush=True)
        server.should_exit = True
        thread.join(5)
        keeper.stop()


if __name__ == "__main__":
    main()

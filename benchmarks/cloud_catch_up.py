"""A hub that was cut off from the cloud for 30 days: `python -m benchmarks.cloud_catch_up`.

A shop of 45 articles sells, lets people in and counts them for a month without a cloud. Then the cloud is there, played by a server that
checks numbers and order as the real one does; the hub runs its own report and sync in a process of its own, whose memory is looked at. How
fast the real cloud books is `benchmarks.cloud_ingest`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.cloud_link import CloudLink
from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_reports import LedgerReports
from store_hub.config import BookkeepingConfig
from store_hub.entries import Sale, SaleLine
from store_hub.flows.bookkeep import Bookkeeper
from store_hub.flows.books import Books
from store_hub.flows.commands import Answer, Book
from store_hub.flows.found import found_ledger
from store_hub.flows.inbox import Item, Request
from store_hub.flows.report import Report
from store_hub.flows.sync import Sync
from wire_format import codec, topics
from wire_format.observations import DoorCrossing
from wire_format.plans import Planogram
from wire_format.reports import ReportsBooked, SkuDay

DAYS, QUARTERS_A_DAY = 30, 56
STARTED_MS = 1_767_225_600_000 + 7 * 3_600_000
QUARTER_MS, DAY_MS = 900_000, 86_400_000
PLANOGRAM = Path(__file__).resolve().parents[1] / "demo" / "planogram.json"


class StandingClock:
    """Stands where it is put."""

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        """Unix time of the simulated moment."""
        return self.at_ms


class StandInCloud(ThreadingHTTPServer):
    """Books facts in order and remembers when the newest day was complete."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.booked_through = 0
        self.days: list[tuple[float, str]] = []
        threading.Thread(target=self.serve_forever, name="stand-in-cloud", daemon=True).start()

    def book(self, body: bytes) -> tuple[int, bytes]:
        """Take a batch if it follows on what is here."""
        batch = codec.report_batches.decode(body)
        follows = batch.from_sequence == self.booked_through + 1
        if follows:
            assert [fact.sequence for fact in batch.facts] == list(range(batch.from_sequence, batch.to_sequence + 1))
            self.booked_through = batch.to_sequence
            self.days += [(time.monotonic(), fact.day) for fact in batch.facts if isinstance(fact, SkuDay)]
        answer = ReportsBooked(store_id=batch.store_id, ledger_id=batch.ledger_id, booked_through=self.booked_through)
        return 200 if follows else 409, codec.encode(answer)


class _Door(BaseHTTPRequestHandler):
    server: StandInCloud
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, json.dumps({"plans": [], "booked_through": self.server.booked_through}).encode())

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(200, b"{}")

    def do_POST(self) -> None:
        self._answer(*self.server.book(self.rfile.read(int(self.headers["content-length"]))))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def memory_mb(which: str) -> float:
    """What this process holds in memory now (`VmRSS`) or held at most (`VmHWM`)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{which}:")) / 1e3


def a_quarter(plan: Planogram, store_id: str, number: int, at_ms: int) -> list[Item]:
    """What comes in within a quarter of an hour: one receipt with every article, and people at each door."""
    lines = [SaleLine(sku=product.sku, units=1 + (number + place) % 3, price_minor=199) for place, product in enumerate(plan.products)]
    answer: Future[Answer] = Future()
    items: list[Item] = [Request(Book(Sale(till="till-1", lines=lines), "sales", f"q{number}"), answer, at_ms)]
    for place, door in enumerate(plan.doors):
        crossing = DoorCrossing(
            device_id="pi-1", boot_id="cafe0001", monotonic_ms=number, observed_at_ms=at_ms, door_id=door.door_id,
            started_at_ms=at_ms, duration_ms=60_000, people_in=3, people_out=2,
        )  # fmt: skip
        topic = topics.seen(store_id, "c" * 32, number * len(plan.doors) + place + 1)
        items.append(Delivered(topic, codec.encode(crossing), False, 1, 1, 1, at_ms))
    return items


def live_a_month(path: Path, plan: Planogram) -> int:
    """Book thirty days; returns when they end."""
    clock = StandingClock(STARTED_MS)
    found_ledger(path, PLANOGRAM, store_id=None, clock=clock)
    ledger = Ledger.open(path)
    books = Books(ledger, clock)
    for number in range(DAYS * QUARTERS_A_DAY):
        day, quarter = divmod(number, QUARTERS_A_DAY)
        clock.at_ms = STARTED_MS + day * DAY_MS + quarter * QUARTER_MS
        books.book(a_quarter(plan, ledger.identity.store_id, number, clock.at_ms))
    ledger.close()
    return clock.at_ms + QUARTER_MS


def catch_up(path: Path, url: str, now_ms: int) -> dict[str, float]:
    """The hub's own flows until nothing waits any more."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    clock, ledger = StandingClock(now_ms), Ledger.open(path)
    keeper = Bookkeeper(ledger, clock=clock, config=BookkeepingConfig())
    keeper.start()
    plan = keeper.planogram()
    assert plan is not None
    reports, store_id = LedgerReports(path), ledger.identity.store_id
    zone, categories = ZoneInfo(plan.time_zone), {product.sku: product.category or "" for product in plan.products}
    report = Report(ledger=reports, bookkeep=keeper, zone=lambda: zone, now_ms=clock.now_ms, every_s=60.0, category_of=lambda: categories)
    cloud = CloudLink(url=url, store_id=store_id, token=None, timeout_s=20.0)
    sync = Sync(ledger=reports, bookkeep=keeper, cloud=cloud, store_id=store_id, now_ms=clock.now_ms)
    before_mb, began, used = memory_mb("VmRSS"), time.monotonic(), time.process_time()
    facts = waiting_most = 0
    while made := report.report_once():
        with reports.reading() as reading:
            marks = reading.marks()
        waiting_most = max(waiting_most, 0 if marks is None else marks.waiting)
        facts += made
        sync.sync_once()
    took = {"s": time.monotonic() - began, "cpu_s": time.process_time() - used}
    found = {"facts": facts, "waiting_most": waiting_most, "before_mb": before_mb, "most_mb": memory_mb("VmHWM"), **took}
    keeper.stop()
    ledger.close()
    return found


def measure() -> dict[str, float | int | str]:
    """All figures of one run."""
    plan = codec.plans.decode(PLANOGRAM.read_bytes())
    assert isinstance(plan, Planogram)
    with tempfile.TemporaryDirectory(prefix="cloud-catch-up-") as name:
        path = Path(name) / "ledger.sqlite"
        now_ms = live_a_month(path, plan)
        with StandInCloud() as cloud:
            began = time.monotonic()
            words = [sys.executable, "-m", "benchmarks.cloud_catch_up", str(path), f"http://127.0.0.1:{cloud.server_port}", str(now_ms)]
            done = subprocess.run(words, stdout=subprocess.PIPE, check=True, cwd=Path(__file__).resolve().parents[1], env=os.environ)
            cloud.shutdown()
    found = json.loads(done.stdout)
    newest = max(day for _, day in cloud.days)
    assert cloud.booked_through == found["facts"], "the cloud has not booked what the hub told"
    return {
        f"facts of {DAYS} days without the cloud": found["facts"],
        "handed in a second": found["facts"] / found["s"],
        "processor of the hub, µs a fact": 1e6 * found["cpu_s"] / found["facts"],
        "newest day told after, s (start of the program included)": next(at for at, day in cloud.days if day == newest) - began,
        "all told after, s": cloud.days[-1][0] - began,
        "facts numbered and waiting at most": found["waiting_most"],
        "hub before, MB": found["before_mb"],
        "hub at most (cloud), MB": found["most_mb"],
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(catch_up(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
    else:
        print(json.dumps(measure(), indent=1, ensure_ascii=False))

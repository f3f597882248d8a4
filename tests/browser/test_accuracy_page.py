"""What the books have wrong, in a real browser: found, shown dearest first, counted, and gone; and taken along as CSV."""

from __future__ import annotations

import csv
import io
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from hub_in_a_browser import Hub

from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.ledger import Ledger
from store_hub.entries import AlertAction, AnyTold, Sale, SaleLine
from store_hub.flows.books import Books
from store_hub.flows.commands import Answer, Book, BookPlanogram, Command
from store_hub.flows.inbox import Request
from wire_format import codec, topics
from wire_format.observations import ShelfWeight

playwright_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make setup")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's Chromium is not installed: apt-get install chromium"),
]
NOW_MS = 1_795_359_900_000
MINUTE_MS = 60_000
SHELF, GUM_SHELF = "bay-3-shelf-2", "bay-8-shelf-1"
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}


class Story:
    """Books a morning of the corner shop: honey is stolen off its shelf, and no gum is left anywhere."""

    def __init__(self, path: Path, plan: bytes) -> None:
        self.at_ms = NOW_MS - 240 * MINUTE_MS
        self._ledger = Ledger.create(path, store_id="corner-shop", now_ms=self.at_ms)
        self._books = Books(self._ledger, self)
        self._sequence = 0
        self._plan = codec.plans.decode(plan)
        self._ask(BookPlanogram(plan))

    def now_ms(self) -> int:
        """The story's present."""
        return self.at_ms

    def tell(self, told: AnyTold) -> None:
        """Book what somebody says."""
        self._ask(Book(told, "story"))

    def weigh(self, honey: int, *, after_min: int) -> None:
        """The breakfast shelf settles with so many jars, and all its muesli."""
        self.at_ms += after_min * MINUTE_MS
        units = {"honey-500": honey, "muesli-750": self._start("muesli-750")}
        weight_g = sum(self._weight(sku) * count for sku, count in units.items())
        self._sequence += 1
        stamp = {"device_id": "pi-1", "boot_id": "cafe0001", "monotonic_ms": self.at_ms % 10**9, "observed_at_ms": self.at_ms}
        seen = ShelfWeight(**stamp, shelf_id=SHELF, weight_g=weight_g, spread_g=0.5, moved_at_ms=self.at_ms - 2_000)
        topic = topics.seen("corner-shop", "ab" * 16, self._sequence)
        self._books.book([Delivered(topic, codec.encode(seen), False, self._sequence, 1, 1, self.at_ms)])

    def close(self) -> None:
        """The end."""
        self._ledger.close()

    def _start(self, sku: str) -> int:
        facings = [f for bay in self._plan.bays for shelf in bay.shelves for f in shelf.facings if f.sku == sku]
        return int(facings[0].start_units or 0)

    def _weight(self, sku: str) -> float:
        return float(next(p.unit_weight_g for p in self._plan.products if p.sku == sku) or 0.0)

    def _ask(self, command: Command) -> None:
        answer: Future[Answer] = Future()
        page, _ = self._books.book([Request(command, answer, self.at_ms)])
        assert not any(isinstance(said, Exception) for _, said in page.answers), page.answers


@pytest.fixture
def ledger(tmp_path: Path, repository: Path) -> Path:
    """Three jars of honey are gone unpaid, and the last one was looked for in vain."""
    path = tmp_path / "ledger.sqlite"
    story = Story(path, (repository / "demo" / "planogram.json").read_bytes())
    start = story._start("honey-500")
    story.weigh(start, after_min=1)
    story.weigh(start - 3, after_min=1)
    story.weigh(start - 3, after_min=70)
    story.tell(Sale(till="till-1", lines=[SaleLine(sku="cola-033", units=1)]))
    story.weigh(start - 3, after_min=65)
    for _ in range(start - 3, 0, -1):
        story.weigh(start - 4, after_min=1)
        start -= 1
    story.tell(Sale(till="till-1", lines=[SaleLine(sku="honey-500", units=1)] * 1))
    with closing(sqlite3.connect(path)) as connection:
        alerts = connection.execute("SELECT alert_id FROM alerts WHERE sku = 'honey-500' AND cleared_at_ms IS NULL").fetchall()
    for (alert_id,) in alerts:
        story.tell(AlertAction(alert_id=alert_id, action="not_there", by="Ana"))
    story.weigh(0, after_min=12)
    story.close()
    return path


@pytest.fixture
def address(ledger: Path, free_port: int) -> Iterator[str]:
    hub = Hub(ledger, free_port)
    yield hub.address
    hub.stop()


def opened(playwright: Any, address: str, *, size: str, complaints: list[str]) -> Any:
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
    width, height = SIZES[size]
    page = chromium.new_context(viewport={"width": width, "height": height}).new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(address + "/accuracy")
    page.wait_for_selector("#main h1")
    page.wait_for_function("window.socket === undefined || window.socket.connected")
    return page


def test_stock_that_only_the_books_have_is_shown_counted_and_gone(ledger: Path, address: str) -> None:
    expect, complaints = playwright_api.expect, list[str]()
    with playwright_api.sync_playwright() as playwright:
        page = opened(playwright, address, size="phone", complaints=complaints)
        first = page.get_by_role("list", name="To act on first").get_by_role("listitem").first
        expect(first).to_contain_text("Blossom honey 500 g")
        expect(first).to_contain_text("only in the books")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        counted = page.get_by_label("Units of Blossom honey 500 g counted in the whole store")
        counted.fill("some")
        page.get_by_role("button", name="Book the count: Blossom honey 500 g").click()
        expect(page.get_by_text("some is no number of units")).to_be_visible()
        counted.fill("0")
        page.get_by_role("button", name="Book the count: Blossom honey 500 g").click()
        expect(page.get_by_text("only in the books")).to_be_hidden()
        expect(page.get_by_role("row", name="Phantom: booked, none there")).to_contain_text("100.0%")
        page.close()
        desk = opened(playwright, address, size="desktop", complaints=complaints)
        alike = desk.get_by_role("row", name="Long-grain rice 1 kg and Wheat flour 1 kg")
        expect(alike).to_contain_text("Exchange Wheat flour 1 kg with Chickpeas, jar 240 g (Pantry · shelf 1).")
        expect(desk.get_by_role("row", name="3 × Cola 0.33 l and 1 × Orange juice 1 l")).to_be_visible()
        desk.get_by_text("Every article's books").click()
        expect(desk.get_by_role("row", name="Blossom honey 500 g").last).to_contain_text("corrected by counts")
        desk.close()
    assert complaints == []
    with closing(sqlite3.connect(ledger)) as connection:
        assert connection.execute("SELECT book_units FROM books WHERE sku = 'honey-500'").fetchone() == (0,)
    rows = list(csv.DictReader(io.StringIO(httpx.get(f"{address}/accuracy.csv?of=findings", timeout=20).text)))
    assert {(row["kind"], row["sku"]) for row in rows} >= {("phantom_stock", "honey-500")}
    assert httpx.get(f"{address}/accuracy.csv?of=nothing", timeout=20).status_code == 422

"""Receiving on a phone and a stock-take at a desk, in a real browser: what is pressed is in the journal, and nothing else."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hub_in_a_browser import Hub

from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.ledger import Ledger
from store_hub.entries_goods import DeliveryNotice, DeliveryReads, NoticeLine, StockTakeReads
from store_hub.flows.books import Books
from store_hub.flows.commands import Answer, Book, BookPlanogram
from store_hub.flows.inbox import Request
from store_hub.flows.rebuild import rebuild
from store_hub.rules.epc import write_epc
from store_hub.rules.epc_identity import read_identity_uri
from wire_format import codec, topics
from wire_format.observations import TagMoved, TagSeen

playwright_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make setup")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's Chromium is not installed: apt-get install chromium"),
]
NOW_MS = 1_795_359_900_000
BLADE = "urn:epc:id:sgtin:9521234.000041."
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}


class Clock:
    """Stands at the pages' Sunday."""

    def now_ms(self) -> int:
        return NOW_MS - 60_000


@pytest.fixture
def ledger(tmp_path: Path, repository: Path) -> Path:
    """A shop with a delivery at its back door and a stock-take with a difference."""
    path = tmp_path / "ledger.sqlite"
    made = Ledger.create(path, store_id="corner-shop", now_ms=Clock().now_ms())
    books = Books(made, Clock())
    lines = [NoticeLine(sku="cola-033", units=24, sscc="395212340000000014"), NoticeLine(sku="razor-blades-4", units=5)]
    for command in (
        BookPlanogram((repository / "demo" / "planogram.json").read_bytes()),
        Book(DeliveryNotice(delivery_id="D-2041", supplier="Drinks <wholesale>", lines=lines), "notices"),
        Book(DeliveryReads(delivery_id="D-2041", epcs=["urn:epc:id:sscc:9521234.3000000001", f"{BLADE}1"]), "notices"),
        Book(StockTakeReads(stock_take_id="inventory", epcs=[f"{BLADE}{serial}" for serial in range(20, 29)]), "stock-takes"),
    ):
        answer: Future[Answer] = Future()
        page, _ = books.book([Request(command, answer, NOW_MS)])
        assert not isinstance(page.answers[0][1], Exception)
    for sequence, observation in enumerate(tags_at_the_door(), start=1):
        letter = codec.encode(observation)
        books.book([Delivered(topics.seen("corner-shop", "ab" * 16, sequence), letter, False, sequence, 1, 1, Clock().now_ms())])
    made.close()
    return path


def tags_at_the_door() -> list[TagSeen | TagMoved]:
    """One tag of razor blades is carried out of the front door, and one is in a zone that the planogram does not know."""
    told: list[TagSeen | TagMoved] = []
    for serial, minutes_ago in ((31, 90), (32, 60)):
        at_ms = NOW_MS - minutes_ago * 60_000
        stamp: dict[str, Any] = {"device_id": "reader-1", "boot_id": "cafe0001", "monotonic_ms": 10**8 + serial, "observed_at_ms": at_ms}
        stamp["epc"] = write_epc(read_identity_uri(f"{BLADE}{serial}"), "sgtin-96")
        if serial == 31:
            told.append(TagMoved(**stamp, confidence=0.9, from_zone_id="entrance", door_id="front-door", direction="out"))
        else:
            told.append(TagSeen(**stamp, zone_id="cellar", confidence=0.9))
    return told


@pytest.fixture
def address(ledger: Path, free_port: int) -> Iterator[str]:
    hub = Hub(ledger, free_port)
    yield hub.address
    hub.stop()


@pytest.fixture
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def opened(browser: Any, address: str, path: str, *, size: str = "desktop", theme: str = "light", language: str = "en") -> Any:
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    cookies = {"aislewise_language": language, "aislewise_name": "Ana"}
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
    page = context.new_page()
    page.goto(address + path)
    page.wait_for_selector("#main h1")
    page.wait_for_function("window.socket === undefined || window.socket.connected")
    return page


def rows(ledger: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(ledger)) as connection:
        return connection.execute(query).fetchall()


def test_staff_sign_for_what_came_and_correct_it_and_a_manager_accepts_a_line(ledger: Path, address: str, browser: Any) -> None:
    expect = playwright_api.expect
    phone = opened(browser, address, "/receiving", size="phone")
    expect(phone.get_by_role("heading", level=1)).to_have_text("1 delivery is at the back door")
    expect(phone.get_by_text("4 short")).to_be_visible()
    expect(phone.get_by_text("Drinks <wholesale>")).to_be_visible()
    blades = phone.get_by_label("Units of Razor blades, four that came")
    expect(blades).to_have_value("1")
    blades.fill("many")
    phone.get_by_role("button", name="Sign as Ana").click()
    expect(phone.get_by_text("many is no number of units")).to_be_visible()
    blades.fill("4")
    phone.get_by_role("button", name="Sign as Ana").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("No delivery is expected")
    assert rows(ledger, "SELECT sku, units FROM deliveries ORDER BY line") == [("cola-033", 24), ("razor-blades-4", 4)]
    phone.get_by_role("button", name="Correct delivery D-2041").click()
    phone.get_by_label("Units of Razor blades, four that came").fill("5")
    phone.get_by_role("button", name="Sign the correction as Ana").click()
    expect(phone.get_by_text("corrected 1 time")).to_be_visible()
    assert rows(ledger, "SELECT sum(units) FROM deliveries WHERE sku = 'razor-blades-4'") == [(5,)]

    desk = opened(browser, address, "/stock-take")
    expect(desk.get_by_role("heading", level=1)).to_have_text("1 article waits for your decision")
    desk.get_by_role("button", name="Accept: Razor blades, four").click()
    expect(desk.get_by_text("accepted by Ana")).to_be_visible()
    with desk.expect_file_chooser() as chooser:
        desk.get_by_label("Choose a file").press("Enter")
    chooser.value.set_files([{"name": "reads.csv", "mimeType": "text/csv", "buffer": b"epc\nnot a tag\n"}])
    expect(desk.get_by_text("line 2: EPC URI 'not a tag'")).to_be_visible()
    desk.set_input_files("input[type=file]", files=[{"name": "reads.csv", "mimeType": "text/csv", "buffer": f"epc\n{BLADE}77\n".encode()}])
    expect(desk.get_by_role("heading", name="stock-take-2026-11-22")).to_be_visible()
    desk.get_by_label("Read where").select_option("bay-7-shelf-1")
    desk.wait_for_timeout(400)  # The choice is told when it has stood for a moment.
    desk.set_input_files("input[type=file]", files=[{"name": "reads.csv", "mimeType": "text/csv", "buffer": f"epc\n{BLADE}78\n".encode()}])
    expect(desk.get_by_role("heading", name="stock-take-2026-11-22-bay-7-shelf-1")).to_be_visible()
    assert rows(ledger, "SELECT place FROM stock_takes ORDER BY begun_at_ms, stock_take_id") == [(None,), (None,), ("bay-7-shelf-1",)]
    expect(desk.get_by_role("heading", name="1 tagged article left without being paid")).to_be_visible()
    assert rows(ledger, "SELECT state, decided_by FROM stock_take_lines WHERE stock_take_id = 'inventory'") == [("accepted", "Ana")]
    assert rebuild(ledger, replace=False, progress=lambda done, total: None).differences == []


def test_both_pages_fit_phone_and_desktop_light_and_dark_in_english_and_chinese(address: str, browser: Any, tmp_path: Path) -> None:
    folder = Path(os.environ.get("AISLEWISE_SCREENSHOTS", tmp_path))
    for size, theme, language in (("phone", "light", "en"), ("phone", "dark", "zh"), ("desktop", "dark", "en"), ("desktop", "light", "zh")):
        for name in ("receiving", "stock-take"):
            page = opened(browser, address, f"/{name}", size=size, theme=theme, language=language)
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0], f"{name} scrolls sideways on a {size}"
            small = page.evaluate(
                "[...document.querySelectorAll('button, nav a, input:not([type=file]), label.button, summary')]"
                ".filter(e => e.offsetParent && e.offsetHeight < 44).map(e => e.outerHTML.slice(0, 99))"
            )
            assert small == [], f"{name} on a {size}"
            page.screenshot(path=str(folder / f"hub-{name}-{size}-{theme}.png"), full_page=False)
            page.context.close()

"""The planner's pages in a real browser: readable on phone and desktop, light and dark, with nothing fetched from elsewhere.

Set AISLEWISE_SCREENSHOTS to a folder to keep a picture of each page.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from wire_format import codec
from wire_format.plans import Planogram
from wire_format.reports import AnyFact, ReportBatch, StoreProfile

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
TOKEN_WORD = "token-of-the-pages-test"
TOKEN = {"Authorization": f"Bearer {TOKEN_WORD}"}
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
PAGES = {
    "morning": "/",
    "footfall": "/footfall?store=corner-shop",
    "orders": "/orders",
    "terms": "/orders/terms?store=corner-shop",
    "promotions": "/promotions",
    "layout": "/layout?store=corner-shop",
}
MARKED_UP_NAME = "North & <Co>"
"""A browser that took the name for a mark would show only its first half."""


class Cloud:
    """A cloud-api of the test's own, as a user starts it."""

    def __init__(self, folder: Path, port: int) -> None:
        config = folder / "cloud.toml"
        config.write_text(f'[database]\ndata_dir = "{folder}/records"\n[planning]\nevery_s = 1\n')
        command = [sys.executable, "-m", "cloud_api", "run", "--config", str(config), "--port", str(port), "--demo-token", TOKEN_WORD]
        self.address = f"http://127.0.0.1:{port}"
        self.log = folder / "cloud.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log)

    def wait_for(self, path: str, wanted: Any) -> Any:
        """Ask until `wanted` holds of the answer, a minute at most."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                answer = httpx.get(self.address + path, headers=TOKEN, timeout=5)
                if answer.status_code == 200 and wanted(answer.json()):
                    return answer.json()
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"{path} did not come true: {self.log.read_text()}")

    def stop(self) -> None:
        """End it as a supervisor would, and see that it goes."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=10) == 0, self.log.read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium: install Debian's chromium")
    with tempfile.TemporaryDirectory(prefix="aislewise-pages-") as folder:  # Not pytest's: the database's account must reach it.
        cloud = Cloud(Path(folder), free_port())
        try:
            cloud.wait_for("/health/ready", lambda answer: answer["ok"])
            yield cloud
        finally:
            cloud.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """A page whose console errors and requests are written down."""

    def __init__(self, browser: Browser, *, size: str = "desktop", theme: str = "light") -> None:
        width, height = SIZES[size]
        scheme: Any = theme
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=size == "phone")
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.hostname != "127.0.0.1":
            self.elsewhere.append(request.url)

    def check(self) -> None:
        assert self.errors == []
        assert self.elsewhere == []
        self.context.close()


def send(cloud: Cloud, plan: Planogram, facts: list[AnyFact], ledger: str) -> None:
    numbered = [msgspec.structs.replace(fact, sequence=number) for number, fact in enumerate(facts, start=1)]
    profile = StoreProfile(store_id=plan.store_id, name=plan.name, time_zone=plan.time_zone, currency=plan.currency)
    start = f"{cloud.address}/v1/stores/{plan.store_id}"
    with httpx.Client(headers=TOKEN, timeout=30) as hub:
        assert hub.put(f"{start}/profile", content=codec.encode(profile)).status_code == 200
        assert hub.put(f"{start}/planogram", content=codec.encode(plan)).status_code == 200
        for index in range(0, len(numbered), 2000):
            part = numbered[index : index + 2000]
            batch = ReportBatch(
                store_id=plan.store_id, ledger_id=ledger, from_sequence=part[0].sequence, to_sequence=part[-1].sequence, facts=part
            )
            answer = hub.post(f"{start}/reports", content=codec.encode(batch))
            assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def empty_page_told(cloud: Cloud, browser: Browser) -> str:
    """What the first page says before any shop has reported; read before `chain` fills the cloud."""
    watched = Watched(browser)
    watched.page.goto(cloud.address)
    told = watched.page.locator(".main").inner_text()
    watched.check()
    return told


@pytest.fixture(scope="module")
def chain(cloud: Cloud, empty_page_told: str, three_shops: list[tuple[Planogram, list[AnyFact]]]) -> Cloud:
    """The cloud, once the three shops have reported and their orders are worked out."""
    for plan, facts in three_shops:
        send(cloud, plan, facts, plan.store_id.encode().hex().ljust(32, "0")[:32])
    cloud.wait_for("/v1/orders?state=proposed", lambda answer: len({order["store_id"] for order in answer["orders"]}) == 3)
    return cloud


def test_an_empty_cloud_says_what_will_be_here_and_how_to_make_it_so(empty_page_told: str) -> None:
    assert "No shop has reported yet" in empty_page_told
    assert "cloud.url" in empty_page_told


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_every_page_shows_its_finding_in_the_first_screenful(chain: Cloud, browser: Browser, size: str, theme: str) -> None:
    watched = Watched(browser, size=size, theme=theme)
    for name, path in PAGES.items():
        watched.page.goto(chain.address + path)
        heading = watched.page.locator("h1")
        expect(heading).to_be_visible()
        if name == "footfall":
            expect(watched.page.locator(".nicegui-echart svg")).to_be_visible()
        box = heading.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < SIZES[size][1] / 2
        wider = watched.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{name} scrolls sideways by {wider} px"
        if os.environ.get("AISLEWISE_SCREENSHOTS"):
            picture = Path(os.environ["AISLEWISE_SCREENSHOTS"]) / f"cloud-{name}-{size}-{theme}.png"
            watched.page.screenshot(path=picture, full_page=size == "desktop" and name in ("footfall", "layout"))
    watched.check()


def test_a_shops_name_is_text_and_never_mark_up(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    for path in ("/", "/footfall?store=north-shop", "/orders", "/layout?store=north-shop"):
        watched.page.goto(chain.address + path)
        expect(watched.page.locator(".main")).to_contain_text(MARKED_UP_NAME)
    watched.check()


def test_a_day_nobody_watched_is_a_gap_and_not_a_zero(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(f"{chain.address}/footfall?store=north-shop")
    expect(watched.page.locator("tr.picked svg .gap")).to_have_count(1)
    expect(watched.page.locator("table.heat td.gapcell").first).to_be_visible()
    expect(watched.page.locator("h1")).to_contain_text("under the same weekdays and hours")
    watched.check()


def test_a_silent_sensor_stands_on_the_morning_list(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(chain.address)
    expect(watched.page.locator(".main")).to_contain_text("Device door-camera has been silent")
    watched.check()


def test_an_order_is_changed_approved_and_reaches_the_hub(chain: Cloud, browser: Browser) -> None:
    order = httpx.get(f"{chain.address}/v1/orders?state=proposed&store=corner-shop", headers=TOKEN).json()["orders"][0]
    watched = Watched(browser)
    watched.page.goto(f"{chain.address}/orders?open={order['order_id']}")
    card = watched.page.locator("article").first
    number = card.locator("input[type=number]").first
    number.fill("7")
    number.press("Tab")
    card.get_by_role("button", name="Approve").click()
    expect(watched.page.locator(".q-notification")).to_contain_text("say why")
    why = card.get_by_label("Why changed")
    why.fill("Weather")
    why.press("Enter")
    card.get_by_role("button", name="Approve").click()
    expect(card).to_contain_text("the shop's hub fetches it now")
    watched.page.reload()
    decided = watched.page.locator(".card", has_text="Decided in the last 14 days")
    expect(decided).to_contain_text("0 %")
    expect(decided).to_contain_text("→ 7: Weather")
    with watched.page.expect_download() as handed_out:
        watched.page.get_by_role("button", name=f"{order['order_id']} CSV").click()
    assert f"{order['order_id']}," in handed_out.value.path().read_text()
    if os.environ.get("AISLEWISE_SCREENSHOTS"):
        watched.page.screenshot(path=Path(os.environ["AISLEWISE_SCREENSHOTS"]) / "cloud-decided.png", full_page=True)
    watched.check()
    plans = httpx.get(f"{chain.address}/v1/stores/corner-shop/plans?after=0", headers=TOKEN).json()["plans"]
    sent = next(page["plan"] for page in plans if page["plan"]["order_id"] == order["order_id"])
    first = codec.plans.decode(json.dumps(sent).encode())
    assert next(line.units for line in first.lines if line.sku == order["body"]["lines"][0]["sku"]) == 7  # type: ignore[union-attr]  # An order.


def test_terms_are_tried_and_then_kept(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(f"{chain.address}/orders/terms?store=corner-shop")
    watched.page.get_by_label("Service level, %").fill("70")
    watched.page.get_by_role("button", name="Try").click()
    expect(watched.page.locator("table.figures").first).to_contain_text("Demand served", timeout=30_000)
    expect(watched.page.locator(".stack h2")).to_contain_text("less of the demand")
    if os.environ.get("AISLEWISE_SCREENSHOTS"):
        watched.page.screenshot(path=Path(os.environ["AISLEWISE_SCREENSHOTS"]) / "cloud-terms-tried.png", full_page=True)
    watched.page.get_by_role("button", name="Keep").click()
    expect(watched.page.locator(".card", has_text="Terms kept")).to_contain_text("service level 70 %")
    httpx.put(f"{chain.address}/v1/terms", headers=TOKEN, json={"scope": "all", "terms": {}})
    watched.check()


def test_the_list_is_worked_through_with_the_keyboard(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(chain.address)
    cards = watched.page.locator("section article.card")
    expect(cards.first).to_be_visible()
    before = cards.count()
    skipped = cards.first.inner_text()
    watched.page.keyboard.press("s")
    expect(cards).to_have_count(before - 1)
    watched.page.keyboard.press("u")
    expect(cards).to_have_count(before)
    assert cards.first.inner_text() == skipped
    watched.page.keyboard.press("e")
    watched.page.wait_for_url(re.compile("/orders"))
    watched.check()


def test_the_readers_own_theme_is_kept_for_the_next_page(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(chain.address)
    watched.page.get_by_role("button", name="Light or dark").click()
    expect(watched.page.locator("body")).to_have_class(re.compile("body--dark"))
    watched.page.goto(f"{chain.address}/layout")
    expect(watched.page.locator("body")).to_have_class(re.compile("body--dark"))
    watched.check()


def test_moves_are_worked_out_beside_the_page_and_drawn_before_and_after(chain: Cloud, browser: Browser) -> None:
    for size in SIZES:
        watched = Watched(browser, size=size)
        watched.page.goto(f"{chain.address}/layout?store=corner-shop")
        card = watched.page.locator(".card", has=watched.page.get_by_role("heading", name="Moves worth trying"))
        card.get_by_role("button", name="4 bays").click()
        expect(card.locator("h3").first).to_contain_text("bays brings goods of one basket", timeout=90_000)
        expect(card.locator("figcaption")).to_have_text(["Today", "After the moves"])
        assert card.locator("svg").first.locator("rect.moved").count() in range(2, 5)
        expect(card).to_contain_text("a trial has to show")
        wider = watched.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0
        if os.environ.get("AISLEWISE_SCREENSHOTS"):
            watched.page.screenshot(path=Path(os.environ["AISLEWISE_SCREENSHOTS"]) / f"cloud-moves-{size}.png", full_page=True)
        watched.check()


def test_three_shops_are_too_few_for_a_trial_and_the_page_says_so(chain: Cloud, browser: Browser) -> None:
    watched = Watched(browser)
    watched.page.goto(f"{chain.address}/layout")
    card = watched.page.locator(".card", has=watched.page.get_by_role("heading", name="Trials"))
    expect(card).to_contain_text("6 are needed to tell an effect from chance")
    expect(card).to_contain_text("no gain in sales is claimed")
    watched.check()

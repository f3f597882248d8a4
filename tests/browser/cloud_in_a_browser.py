"""A cloud-api of the test's own and a browser that watches its pages: shared by the tests of the planner's pages."""

from __future__ import annotations

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
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from wire_format import codec
from wire_format.plans import Planogram
from wire_format.reports import AnyFact, ReportBatch, StoreProfile

CHROMIUM = Path("/usr/bin/chromium")
TOKEN_WORD = "token-of-the-pages-test"
TOKEN = {"Authorization": f"Bearer {TOKEN_WORD}"}
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}


class Cloud:
    """A cloud-api of the test's own, as a user starts it."""

    def __init__(self, folder: Path, port: int) -> None:
        config = folder / "cloud.toml"
        self.releases = folder / "releases"
        written = f'[database]\ndata_dir = "{folder}/records"\n[planning]\nevery_s = 1\n[fleet]\nreleases = "{self.releases}"\n'
        config.write_text(written)
        command = [sys.executable, "-m", "cloud_api", "run", "--config", str(config), "--port", str(port), "--demo-token", TOKEN_WORD]
        self.address = f"http://127.0.0.1:{port}"
        self.log = folder / "cloud.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log)

    def wait_for(self, path: str, wanted: Any) -> Any:
        """Ask until `wanted` holds of the answer, three minutes at most."""
        deadline = time.monotonic() + 180
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
        assert self.process.wait(timeout=120) == 0, self.log.read_text()


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

    def __init__(self, browser: Browser, *, size: str = "desktop", theme: str = "light", language: str = "en") -> None:
        width, height = SIZES[size]
        scheme: Any = theme
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=size == "phone")
        self.context.add_cookies([{"name": "aislewise_language", "value": language, "domain": "127.0.0.1", "path": "/"}])
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

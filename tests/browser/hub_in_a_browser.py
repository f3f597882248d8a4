"""The manager's pages served by a program of their own on a seeded ledger, and a real browser that writes down every complaint."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}


class Hub:
    """The pages, served by a program of their own on a seeded ledger."""

    def __init__(self, ledger: Path, port: int) -> None:
        self.ledger = ledger
        self.address = f"http://127.0.0.1:{port}"
        self._log = ledger.with_suffix(".log")
        settings = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(HERE / "hub_pages_server.py"), str(ledger), str(port)],
                env={**settings, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self._log.read_text()
            try:
                httpx.get(self.address + "/devices", timeout=5)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError(self._log.read_text())

    def ask(self, question: str) -> Any:
        """Read one row of the ledger."""
        connection = sqlite3.connect(self.ledger)
        try:
            return connection.execute(question).fetchone()
        finally:
            connection.close()

    def stop(self) -> str:
        """End the program; returns what it logged."""
        self._process.terminate()
        self._process.wait(timeout=60)
        return self._log.read_text()


@pytest.fixture(scope="module")
def make_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Hub]]:
    """Start hubs; each must end without a traceback."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    hubs: list[Hub] = []

    def make(how: str) -> Hub:
        ledger = tmp_path_factory.mktemp("hub") / "ledger.sqlite"
        subprocess.run(
            [sys.executable, "-c", f"import hub_ledger_seed as s, pathlib; s.{how}(pathlib.Path({str(ledger)!r}))"],
            check=True,
            cwd=HERE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        hubs.append(Hub(ledger, port))
        return hubs[-1]

    yield make
    for hub in hubs:
        log = hub.stop()
        assert "Traceback" not in log, log


@pytest.fixture(scope="module")
def hub(make_hub: Callable[[str], Hub]) -> Hub:
    """One Sunday afternoon of the corner shop."""
    return make_hub("seed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


class Watch:
    """A page whose every complaint is written down."""

    def __init__(self, browser: Browser, hub: Hub, *, size: str = "desktop", theme: str = "light", by: str = "mouse") -> None:
        width, height = SIZES[size]
        scheme: Any = theme
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=by == "finger")
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self._hub = hub
        page = self.page
        page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            self.complaints.append(f"left the machine: {url}")

    def go(self, path: str) -> Page:
        """Open a page and wait until it lives."""
        self.page.goto(self._hub.address + path)
        self.page.wait_for_selector("#main h1, #main h2")
        self.page.wait_for_function("window.socket === undefined || window.socket.connected")
        return self.page

    def done(self) -> None:
        """Close, and complain of what was complained of."""
        self.context.close()
        assert self.complaints == []


@pytest.fixture
def watch(browser: Browser, hub: Hub) -> Iterator[Callable[..., Watch]]:
    """Make watched pages; each must have had no complaint."""
    watches: list[Watch] = []

    def make(**how: str) -> Watch:
        watches.append(Watch(browser, hub, **how))
        return watches[-1]

    yield make
    for watched in watches:
        watched.done()


@pytest.fixture
def phone(browser: Browser, hub: Hub) -> Iterator[Page]:
    """Ana's phone. Without a network a browser complains, so nobody writes that down here."""
    width, height = SIZES["phone"]
    context = browser.new_context(viewport={"width": width, "height": height})
    context.add_cookies([{"name": "aislewise_name", "value": "Ana%20Ruiz", "url": hub.address}])
    page = context.new_page()
    page.goto(hub.address + "/staff")
    page.wait_for_selector(".task")
    yield page
    context.close()

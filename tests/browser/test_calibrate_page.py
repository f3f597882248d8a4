"""A manager calibrates a scale from the page of a running shop: hub, agent, broker and browser are real, a program plays the ESP32 node.

Set AISLEWISE_SCREENSHOTS to a folder to keep pictures of the steps.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from bad_input_shop import write_device, write_shop
from paho.mqtt import subscribe
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, Page, expect, sync_playwright
from running_programs import Program, wait_until

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
TOPIC = "shelf-nodes/drinks/sensor/raw/state"
SCALE = f"""
[[scales]]
shelf_id = "drinks"
adapter = "mqtt"
topic = "{TOPIC}"
counts_per_gram = 1.0 # Not calibrated yet.
tare_counts = 0

[[lights]]
shelf_id = "drinks"
adapter = "simulated"
"""


class Node:
    """An ESP32 under a shelf: says what its HX711 converts, fifty times a second."""

    def __init__(self, port: int) -> None:
        self.load_g = 0.0
        self._stop = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._run, name="node", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.02):
            number += 1
            self._client.publish(TOPIC, str(84_000 + round(self.load_g * 21.0) + number % 5))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self._client.disconnect()
        self._client.loop_stop()


class RunningShop:
    """Hub and agent as processes on one broker."""

    def __init__(self, folder: Path, broker_port: int, hub_port: int) -> None:
        self.folder = folder
        self.broker_port = broker_port
        self.address = f"http://127.0.0.1:{hub_port}"
        write_shop(folder, broker_port=broker_port, hub_port=hub_port)
        write_device(folder, broker_port=broker_port, sensors=SCALE)
        program = str(Path(sys.executable).parent / "store-hub")
        subprocess.run([program, "init", "--config", "hub.toml", "--planogram", "plan.json"], cwd=folder, check=True, capture_output=True)
        self.hub = Program("store-hub", ["run", "--config", "hub.toml"], folder)
        self.node = Node(broker_port)
        self.start_agent()
        self.hub.wait_ready(f"{self.address}/health/live")
        wait_until(lambda: self.ask("SELECT count(*) FROM devices") == (1,), what="the device has reported")

    def start_agent(self) -> None:
        self.agent = Program("edge-agent", ["run", "--config", "edge.toml"], self.folder)

    def ask(self, question: str) -> Any:
        connection = sqlite3.connect(self.folder / "ledger.sqlite")
        try:
            return connection.execute(question).fetchone()
        finally:
            connection.close()

    def stop(self) -> None:
        self.node.stop()
        for program in (self.agent, self.hub):
            program.stop()
            assert "Traceback" not in program.log, program.log[-3000:]


@pytest.fixture
def shop(tmp_path: Path, mosquitto: Any, free_port: int) -> Iterator[RunningShop]:
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    running = RunningShop(tmp_path, mosquitto.port, free_port)
    yield running
    running.stop()


@pytest.fixture
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def opened(browser: Browser, shop: RunningShop, *, width: int = 1440, height: int = 900, theme: Any = "light") -> Page:
    page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme).new_page()
    page.goto(shop.address + "/devices?calibrate=drinks")
    page.wait_for_selector(".calibration h2")
    page.wait_for_function("window.socket === undefined || window.socket.connected")
    return page


def picture(page: Page, name: str) -> None:
    folder = os.environ.get("AISLEWISE_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"hub-calibrate-{name}.png"))


def weigh(page: Page, shop: RunningShop, grams: float, typed: str) -> None:
    shop.node.load_g = grams
    page.get_by_label("Known weight").fill(typed)
    page.get_by_role("button", name="Weigh it").click()


def test_a_manager_calibrates_a_running_scale_whatever_happens_meanwhile(shop: RunningShop, browser: Browser) -> None:
    page = opened(browser, shop)
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="It is empty: weigh").click()
    expect(page.get_by_text("Step 2: put a known weight on its middle")).to_be_visible()
    phone = opened(browser, shop, width=390, height=844, theme="dark")  # Somebody else comes along.
    expect(phone.get_by_text("Being calibrated by the office since").first).to_be_visible()
    weigh(page, shop, 5_000.0, "five")
    expect(page.get_by_text("A known weight is a number of grams above 0")).to_be_visible()
    weigh(page, shop, 1.0, "5000")
    expect(page.get_by_text("hardly differs from the empty scale")).to_be_visible()
    picture(page, "refused-desktop-light")

    shop.agent.kill()  # In the middle; and the page is loaded anew.
    shop.start_agent()
    page.reload()
    weigh(page, shop, 5_000.0, "5 000 g")
    expect(page.get_by_role("button", name="Use this calibration")).to_be_visible()
    weigh(page, shop, 10_000.0, "10000")
    expect(phone.get_by_role("cell", name="10,000 g", exact=True)).to_be_visible()  # Never reloaded.
    expect(phone.get_by_text("meets class III at an interval of e")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    picture(page, "result-desktop-light")
    picture(phone, "result-phone-dark")
    assert shop.ask("SELECT count(*) FROM shelf_weights WHERE weight_g BETWEEN 80000 AND 85000")[0] >= 1, "what it weighed before"

    before = shop.ask("SELECT max(journal_id) FROM journal WHERE source = 'edge'")[0]
    phone.get_by_role("button", name="Use this calibration").click()
    expect(page.get_by_text("and kept in the device's file")).to_be_visible()
    picture(page, "applied-desktop-light")
    figures = tomllib.loads((shop.folder / "edge.toml").read_text())["scales"][0]
    assert figures["counts_per_gram"] == pytest.approx(21.0, rel=1e-3)
    assert "# Not calibrated yet." in (shop.folder / "edge.toml").read_text()
    question = f"SELECT weight_g FROM shelf_weights WHERE journal_id > {before} ORDER BY journal_id DESC LIMIT 1"
    wait_until(lambda: shop.ask(question) is not None, what="a weight by the new figures")
    assert shop.ask(question)[0] == pytest.approx(10_000.0, abs=2.0)

    light_blinks(page, shop)


def light_blinks(page: Page, shop: RunningShop) -> None:
    """Whoever looks for the shelf lets its light blink; the broker holds the wish for the device."""
    page.goto(shop.address + "/shelves?shelf=drinks&sku=cola")
    page.get_by_role("button", name="Let its light blink").click()
    expect(page.get_by_text("Its light blinks")).to_be_visible()
    light = subscribe.simple("stores/corner/v1/light/pi-1/drinks", hostname="127.0.0.1", port=shop.broker_port)
    assert b'"pick_here"' in light.payload

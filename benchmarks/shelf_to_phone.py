"""How soon a shelf's weight is on a phone: a real broker, a real hub, a real browser on the staff's page.

A letter with a settled weight, one unit less each time, is published over MQTT; the time is taken until the browser has drawn it.
The scale settles before that: `--settling-ms` is the window of its configuration, which is added.

Usage: python -m benchmarks.shelf_to_phone [--letters 60] [--settling-ms 1200]
"""

from __future__ import annotations

import argparse
import json
import secrets
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import paho.mqtt.client as mqtt
from playwright.sync_api import sync_playwright

from wire_format import codec, topics
from wire_format.observations import ShelfWeight
from wire_format.plans import Bay, Facing, Planogram, Product, Rectangle, Shelf

MOSQUITTO, CHROMIUM = "/usr/sbin/mosquitto", "/usr/bin/chromium"
UNIT_G, START = 350.0, 200
WATCH = """() => {
  const text = () => document.querySelector(".task")?.innerText || "";
  window.seen = [];
  window.shown = text();
  new MutationObserver(() => {
    if (text() === window.shown) return;
    window.shown = text();
    window.seen.push(performance.timeOrigin + performance.now());
  }).observe(document.getElementById("tasks"), { childList: true, subtree: true, characterData: true });
}"""


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def plan() -> Planogram:
    """One shelf with a scale, one article."""
    facing = Facing(sku="cola", from_m=0.0, width_m=1.0, capacity_units=250, low_units=220, full_units=240, start_units=START)
    shelf = Shelf(shelf_id="drinks", level=1, width_m=1.0, facings=[facing])
    bay = Bay(bay_id="bay-1", name="Drinks", place=Rectangle(x_m=0.0, y_m=0.0, width_m=1.0, depth_m=0.5), shelves=[shelf])
    product = Product(sku="cola", name="Cola", unit_weight_g=UNIT_G, unit_weight_sd_g=1.0, price_minor=199)
    return Planogram(store_id="bench", name="Bench", width_m=5.0, depth_m=5.0, bays=[bay], products=[product], back_room={"cola": 500})


class Stage:
    """Broker and hub as programs of their own in a folder."""

    def __init__(self, folder: Path) -> None:
        self.broker_port, self.hub_port = free_port(), free_port()
        (folder / "mosquitto.conf").write_text(f"listener {self.broker_port} 127.0.0.1\nallow_anonymous true\n")
        (folder / "plan.json").write_bytes(codec.encode(plan()))
        (folder / "hub.toml").write_text(
            f'planogram = "{folder}/plan.json"\n[broker]\nport = {self.broker_port}\n[ledger]\npath = "{folder}/ledger.sqlite"\n'
            f"[http]\nport = {self.hub_port}\n[people]\nopen_on_loopback = true\n"
        )
        hub = [sys.executable, "-m", "store_hub"]
        self._broker = subprocess.Popen([MOSQUITTO, "-c", str(folder / "mosquitto.conf")], stderr=subprocess.DEVNULL)
        subprocess.run([*hub, "init", "--config", str(folder / "hub.toml")], check=True, stdout=subprocess.DEVNULL)
        self._hub = subprocess.Popen([*hub, "run", "--config", str(folder / "hub.toml")], stderr=subprocess.DEVNULL)
        self.address = f"http://127.0.0.1:{self.hub_port}"
        deadline = time.monotonic() + 120
        while True:
            try:
                httpx.get(f"{self.address}/health/live", timeout=5).raise_for_status()
                return
            except httpx.HTTPError:
                if time.monotonic() > deadline or self._hub.poll() is not None:
                    self.stop()
                    raise
                time.sleep(0.2)

    def stop(self) -> None:
        """End both."""
        for process in (self._hub, self._broker):
            process.terminate()
            process.wait(timeout=20)


def measure(stage: Stage, letters: int) -> list[float]:
    """Return for each letter the ms from its publishing until the page shows what follows."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.connect("127.0.0.1", stage.broker_port)
    client.loop_start()
    outbox, took = secrets.token_hex(16), []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto(f"{stage.address}/staff")
        page.wait_for_function("document.querySelector('#tasks li')")
        page.evaluate(WATCH)
        for sequence in range(1, letters + 2):
            units = START + 1 - sequence
            before = page.evaluate("window.seen.length")
            sent_ms = time.time() * 1000
            client.publish(topics.seen("bench", outbox, sequence), _weight(units, sequence), qos=1)
            if sequence == 1:  # The first weight only says where the scale begins.
                time.sleep(1.0)
                continue
            page.wait_for_function(f"window.seen.length > {before}", timeout=30_000)
            took.append(page.evaluate(f"window.seen[{before}]") - sent_ms)
            time.sleep(0.25)
        browser.close()
    client.loop_stop()
    return took


def _weight(units: int, sequence: int) -> bytes:
    now_ms = int(time.time() * 1000)
    said: dict[str, Any] = {"device_id": "bench", "boot_id": "cafe0001", "monotonic_ms": time.monotonic_ns() // 1_000_000}
    return codec.encode(
        ShelfWeight(
            **said, observed_at_ms=now_ms + sequence, shelf_id="drinks", weight_g=units * UNIT_G, spread_g=1.0, moved_at_ms=now_ms - 200
        )
    )


def main() -> None:
    """Print the distribution, as text and as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=60)
    parser.add_argument("--settling-ms", type=float, default=1200.0, help="the settling window of the shelf's scale")
    asked = parser.parse_args()
    with TemporaryDirectory() as name:
        stage = Stage(Path(name))
        try:
            took = sorted(measure(stage, asked.letters))
        finally:
            stage.stop()
    p50, p99 = statistics.median(took), took[min(len(took) - 1, int(0.99 * len(took)))]
    said = {
        "letters": len(took),
        "mqtt_to_page_p50_ms": round(p50, 1),
        "mqtt_to_page_p99_ms": round(p99, 1),
        "worst_ms": round(took[-1], 1),
    }
    print(json.dumps({**said, "shelf_to_page_p99_ms": round(p99 + asked.settling_ms, 1), "settling_ms": asked.settling_ms}))


if __name__ == "__main__":
    main()

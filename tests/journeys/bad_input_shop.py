"""The corner shop on which everything goes wrong: its planogram, its files, and a stranger who writes to its broker."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from wire_format import codec, topics
from wire_format.commands import BookedThrough
from wire_format.plans import Bay, Door, Facing, Planogram, Product, Rectangle, Shelf

STORE_ID = "corner"
UNIT_G = 350.0
TARE_COUNTS, COUNTS_PER_GRAM = 84_000, 20


def planogram() -> Planogram:
    """One bay, one weighed shelf with cola, one door."""
    cola = Facing(sku="cola", from_m=0.0, width_m=0.5, capacity_units=12, low_units=2, full_units=9, start_units=10)
    shelf = Shelf(shelf_id="drinks", level=1, width_m=1.0, facings=[cola])
    return Planogram(
        store_id=STORE_ID,
        name="Corner",
        time_zone="Europe/Berlin",
        width_m=10.0,
        depth_m=8.0,
        bays=[Bay(bay_id="bay-1", name="Bay 1", place=Rectangle(x_m=0.0, y_m=0.0, width_m=1.0, depth_m=0.5), shelves=[shelf])],
        doors=[Door(door_id="door", name="Door", x1_m=4.0, y1_m=8.0, x2_m=6.0, y2_m=8.0)],
        products=[Product(sku="cola", name="Cola 0.33 l", unit_weight_g=UNIT_G, unit_weight_sd_g=1.0, price_minor=199)],
    )


def write_shop(folder: Path, *, broker_port: int, hub_port: int, ledger: str = "ledger.sqlite", cloud: str = "") -> None:
    """The planogram and the hub's file. `cloud` is the text of its table, if it has one."""
    (folder / "plan.json").write_bytes(codec.encode(planogram()))
    (folder / "hub.toml").write_text(
        f'planogram = "plan.json"\n[broker]\nport = {broker_port}\n[ledger]\npath = "{ledger}"\n[http]\nport = {hub_port}\n'
        f"[people]\nopen_on_loopback = true\n{cloud}",
        encoding="utf-8",
    )


def write_device(folder: Path, *, broker_port: int, sensors: str, outbox: str = "outbox.sqlite") -> None:
    """The file of a device with these sensors."""
    head = f'store_id = "{STORE_ID}"\ndevice_id = "pi-1"\n[broker]\nport = {broker_port}\n[outbox]\npath = "{outbox}"\n'
    (folder / "edge.toml").write_text(head + sensors, encoding="utf-8")


def scale(shelf_id: str, trace: str) -> str:
    """The table of a recorded scale."""
    numbers = f"counts_per_gram = {COUNTS_PER_GRAM}\ntare_counts = {TARE_COUNTS}\n"
    return f'[[scales]]\nshelf_id = "{shelf_id}"\nadapter = "recording"\nrecording = "{trace}"\n{numbers}'


def reader(reader_id: str, reads: str) -> str:
    """The table of a recorded tag reader."""
    zones = 'antennas = [{antenna = 1, zone_id = "front"}]'
    return f'[[readers]]\nreader_id = "{reader_id}"\nadapter = "recording"\nrecording = "{reads}"\n{zones}\n'


def camera(area_id: str, source: str) -> str:
    """The table of a camera above the door."""
    return f'[[cameras]]\narea_id = "{area_id}"\nsource = "{source}"\nlines = [{{door_id = "door", x1 = 80, y1 = 0, x2 = 80, y2 = 120}}]\n'


def write_trace(path: Path, units: list[int], *, each_s: float = 2.0, broken_at: int | None = None) -> None:
    """A shelf that holds these units one after the other, ten readings a second; the row `broken_at` (from 1) is text."""
    rows = ["t_s,raw"]
    for held in units:
        for _ in range(round(10 * each_s)):
            rows.append(f"{(len(rows) - 1) / 10:.1f},{TARE_COUNTS + round(held * UNIT_G * COUNTS_PER_GRAM)}")
    if broken_at is not None:
        rows[broken_at] = rows[broken_at].partition(",")[0] + ",heavy"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_film(path: Path, *, frames: int = 30, cut: bool = False) -> None:
    """An empty scene of noise; `cut` off in the middle of a frame."""
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (160, 120))
    noise = np.random.default_rng(7)
    for _ in range(frames):
        film.write(noise.integers(0, 255, (120, 160, 3), dtype=np.uint8))
    film.release()
    if cut:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 2 // 3])


class Stranger:
    """Somebody on the shop's broker: says anything, and hears how far the hub has booked."""

    def __init__(self, port: int) -> None:
        self.booked_through: dict[str, int] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(topics.booked(STORE_ID, "+"), qos=1)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def say(self, topic: str, payload: bytes) -> None:
        """Publish, and wait until the broker has it."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(10)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        word = codec.commands.decode(message.payload)
        assert isinstance(word, BookedThrough)
        self.booked_through[word.outbox_id] = word.booked_through


class Till:
    """Speaks to the hub's doors and looks at its pages."""

    def __init__(self, port: int) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=15.0)

    def sell(self, sku: str, units: int, *, key: str) -> httpx.Response:
        """Sell one article."""
        return self.post(key=key, json={"till": "till-1", "lines": [{"sku": sku, "units": units}]})

    def post(self, *, key: str | None, **body: Any) -> httpx.Response:
        """Send a body to the door for sales."""
        return self._http.post("/v1/sales", headers={} if key is None else {"idempotency-key": key}, **body)

    def page(self, path: str) -> str:
        """The text of a page."""
        return self._http.get(path).text

    def check(self, name: str) -> dict[str, Any]:
        """What the hub says of one of its parts."""
        finding: dict[str, Any] = self._http.get("/health/ready").json()["checks"][name]
        return finding


def ask(ledger: Path, query: str) -> list[tuple[Any, ...]]:
    """What the ledger holds."""
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@contextmanager
def small_disk(folder: Path, *, kilobytes: int) -> Iterator[Path]:
    """A disk of its own that can be filled, or made read-only; skips the test where that is not allowed."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"a small disk needs the right to mount (root): {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def make_read_only(disk: Path) -> None:
    """Nobody may write there any more, not even root."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Take every byte that is left; removing the file that is returned gives them back."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    os.write(file.fileno(), b"\0" * size)
            except OSError:
                continue
    return filler

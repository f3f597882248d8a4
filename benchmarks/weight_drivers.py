"""What reading a scale costs besides weighing, for each converter, by the time of one core.

    python -m benchmarks.weight_drivers [--seconds 20]

Only what this program spends can be measured without the chips. `iio`: files in memory, as sysfs has them; the kernel's clocking is not in
it. `gpio`: gpiozero's mock pins wired to a model of the HX711, which is in the figure; lgpio's calls are not. `nau7802`: a model of its
registers, likewise; the I²C transfers are not. `mqtt`: a real Mosquitto and 32 connections at ten messages a second each; the broker and
the node are not in it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.booking import BrokerMissing, broker
from edge_agent.adapters.broker_link import BrokerLink
from edge_agent.adapters.load_cell_gpio import LoadCellGpio
from edge_agent.adapters.load_cell_iio import RAW_ZERO, LoadCellIio
from edge_agent.adapters.load_cell_mqtt import LoadCellMqtt
from edge_agent.adapters.load_cell_nau7802 import LoadCellNau7802
from edge_agent.adapters.simulated_hx711 import SimulatedHx711
from edge_agent.adapters.simulated_nau7802 import SimulatedNau7802
from edge_agent.config import BrokerConfig, ScaleConfig
from edge_agent.flows.scale_rules import weigher_for
from edge_agent.readings import RawReading

SCALES, RATE_HZ = 32, 10
READINGS = 6_000
TOPIC = "shelf-nodes/{}/sensor/raw/state"


def scale() -> ScaleConfig:
    """A scale that is calibrated somehow."""
    return ScaleConfig(shelf_id="s", counts_per_gram=400.0, tare_counts=0.0)


def counts_at(at_s: float) -> int:
    """A load that changes every ten seconds, and noise that repeats."""
    return round(400.0 * 350.0 * (10 + int(at_s / 10.0) % 7)) + round(at_s * 1000.0) * 7_919 % 61 - 30


def seconds_a_reading(read: Callable[[int], RawReading | None]) -> float:
    """CPU seconds of this process for a reading and for weighing it."""
    weigher = weigher_for(scale())
    began = time.process_time()
    for _ in range(READINGS):
        reading = read(1_000)
        if reading is not None:
            weigher.take(reading)
    return (time.process_time() - began) / READINGS


def iio_s() -> float:
    """The kernel's files; writing them, which is the kernel's part, is left out."""
    spent_s = 0.0
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as place:
        device = Path(place) / "iio:device0"
        device.mkdir()
        (device / "name").write_text("hx711\n")
        raw, now, weigher = device / "in_voltage0_raw", itertools.count(0, 1_000 // RATE_HZ), weigher_for(scale())
        raw.write_text(f"{RAW_ZERO}\n")
        cell = LoadCellIio(shelf_id="s", device=None, monotonic_ms=lambda: next(now), root=Path(place))
        for number in range(READINGS):
            raw.write_text(f"{counts_at(number / RATE_HZ) + RAW_ZERO}\n")
            began = time.process_time()
            reading = cell.read(1_000)
            if reading is not None:
                weigher.take(reading)
            spent_s += time.process_time() - began
    return spent_s / READINGS


def gpio_s() -> float:
    """Two pins, clocked by this program."""
    chip = SimulatedHx711(clock_pin=23, data_pin=24, counts=counts_at, rate_hz=RATE_HZ)
    cell = LoadCellGpio(
        shelf_id="s", clock_pin=23, data_pin=24, monotonic_ms=chip.now_ms, rate_hz=RATE_HZ, pin_factory=chip.factory,
        now_ns=chip.now_ns, sleep_s=chip.sleep_s,
    )  # fmt: skip
    return seconds_a_reading(cell.read)


def nau7802_s() -> float:
    """Registers over I²C."""
    chip = SimulatedNau7802(counts_at)
    cell = LoadCellNau7802(chip, shelf_id="s", monotonic_ms=chip.now_ms, rate_hz=RATE_HZ, now_s=chip.now_s, sleep_s=chip.sleep_s)
    return seconds_a_reading(cell.read)


def mqtt_s(seconds: float) -> float:
    """Shelf nodes at their own pace, each on a connection and a thread of its own, as the agent has them."""
    with tempfile.TemporaryDirectory() as folder, broker(Path(folder)) as place:
        port = place.port
        cells = [
            LoadCellMqtt(
                BrokerLink(BrokerConfig(port=port), client_id=f"agent.{n}"), shelf_id=f"s{n}", topic=TOPIC.format(n), monotonic_ms=_now_ms
            )
            for n in range(SCALES)
        ]
        read: list[int] = []
        nodes = get_context("spawn").Process(target=_nodes, args=(port, seconds + 2.0), daemon=True)
        nodes.start()
        for cell in cells:
            cell.read(60_000)  # They have begun.
        threads = [threading.Thread(target=_weigh, args=(cell, seconds, read), name=f"scale {cell.shelf_id}") for cell in cells]
        began = time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spent_s = time.process_time() - began
        for cell in cells:
            cell.close()
        nodes.terminate()
        nodes.join()
        return spent_s / sum(read)


def _now_ms() -> int:
    return round(time.monotonic() * 1000.0)


def _weigh(cell: LoadCellMqtt, seconds: float, read: list[int]) -> None:
    weigher, ends_s, readings = weigher_for(scale()), time.monotonic() + seconds, 0
    while time.monotonic() < ends_s:
        reading = cell.read(30_000)
        if reading is not None:
            weigher.take(reading)
            readings += 1
    read.append(readings)


def _nodes(port: int, seconds: float) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    began = time.monotonic()
    for turn in itertools.count():
        for n in range(SCALES):
            client.publish(TOPIC.format(n), str(counts_at(turn / RATE_HZ)))
        if turn / RATE_HZ > seconds + 60.0:
            return
        time.sleep(max(0.0, began + (turn + 1) / RATE_HZ - time.monotonic()))


def figures(seconds_each: float) -> dict[str, float]:
    """One converter's cost."""
    return {
        "us_a_reading": round(1e6 * seconds_each, 1),
        "32_scales_share_of_a_core_percent": round(100.0 * seconds_each * SCALES * RATE_HZ, 1),
    }


def main() -> int:
    """Measure all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the MQTT nodes speak")
    options = parser.parse_args()
    results: dict[str, Any] = {"iio": figures(iio_s()), "gpio": figures(gpio_s()), "nau7802": figures(nau7802_s())}
    try:
        results["mqtt"] = figures(mqtt_s(options.seconds))
    except BrokerMissing as error:
        print(f"mqtt not measured: {error}", file=sys.stderr)
    print(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

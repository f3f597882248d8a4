"""What too much at once does to a hub, and to the devices that do nothing wrong: `python -m benchmarks.back_pressure`.

A real Mosquitto within the bounds that a shop's broker has, the hub's booking path as a process of its own, and four devices that tell
ten letters a second each. Then several edges come back at once, each with 14 days in its outbox; then a device sends ten
thousand letters a second without waiting for the hub's word. `benchmarks.cloud_catch_up` is the other link: 30 days without the cloud.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.booking import PLANOGRAM, Sender, broker
from benchmarks.cloud_catch_up import measure as measure_cloud
from benchmarks.shop_letters import letters
from store_hub.config import BrokerConfig
from store_hub.rules.broker_acl import broker_settings
from wire_format import codec, topics
from wire_format.plans import Planogram

DAYS = 14
EDGES, EVERY_S = 5, 20
"""So many edges come back, each of which saw something every so many seconds."""

OTHERS, OTHERS_PER_S, OTHERS_S = 4, 10.0, 15.0
FLOOD, FLOOD_PER_S = 150_000, 10_000.0
DAY_MS = 86_400_000


class HubProcess(NamedTuple):
    """A running hub."""

    store_id: str
    pid: int
    ledger: Path

    def memory_mb(self, which: str = "VmRSS") -> float:
        """What it holds in memory now (`VmRSS`) or held at most (`VmHWM`)."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{which}:")) / 1e3

    def came_too_fast(self) -> int:
        """How many letters it let go, as its Devices page shows it."""
        with sqlite3.connect(f"{self.ledger.as_uri()}?mode=ro", uri=True) as connection:
            row = connection.execute("SELECT count FROM counters WHERE name = 'came_too_fast'").fetchone()
        return 0 if row is None else int(row[0])


@contextmanager
def running_hub(config: BrokerConfig, ledger: Path) -> Iterator[HubProcess]:
    """The booking path in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.booking_hub", str(config.port), str(ledger)]
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=Path(__file__).resolve().parents[1]
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield HubProcess(process.stdout.readline().strip(), process.pid, ledger)
    finally:
        process.stdin.close()
        process.wait(30)


class Stage:
    """Broker, hub and plan of one run; makes senders."""

    def __init__(self, config: BrokerConfig, hub: HubProcess, plan: Planogram, folder: Path) -> None:
        self.hub = hub
        self._config, self._plan, self._folder = config, plan, folder
        self._made = 0

    def sender(self, count: int, *, since_ms: int, every_ms: int, per_s: float = 0.0, heeds: bool = True) -> Sender:
        """A device of its own, ready to send. `heeds`: it waits for the hub's word, as an edge does."""
        self._made += 1
        outbox = f"{self._made:032x}"
        told = letters(self._plan, count, boot=f"{self._made:08x}", device_id=f"pi-{self._made}", since_ms=since_ms, every_ms=every_ms)
        marks = topics.booked(self.hub.store_id, outbox) if heeds else None
        return Sender(self._config, f"stores/{self.hub.store_id}/v1/seen/{outbox}/", told, self._folder, per_s=per_s, marks=marks)

    def others(self) -> list[Sender]:
        """The devices that do nothing wrong."""
        count = round(OTHERS_PER_S * OTHERS_S)
        return [self.sender(count, since_ms=0, every_ms=100, per_s=OTHERS_PER_S) for _ in range(OTHERS)]


def waits(others: list[Sender]) -> tuple[float, float]:
    """Median and 99th percentile of the others' milliseconds from publish to booked."""
    waited = sorted(wait for sender in others for wait in sender.finish().waited_ms())
    return statistics.median(waited), waited[int(len(waited) * 0.99)]


def quiet(stage: Stage) -> dict[str, float | int | str]:
    """The others alone."""
    others = stage.others()
    time.sleep(1.0)
    for sender in others:
        sender.go()
    p50, p99 = waits(others)
    return {"others alone, p50 ms": p50, "others alone, p99 ms": p99, "hub then, MB": stage.hub.memory_mb()}


def returning(stage: Stage) -> dict[str, float | int | str]:
    """Edges come back with two weeks in their outboxes, all at once."""
    count = DAYS * 86_400 // EVERY_S
    edges = [stage.sender(count, since_ms=DAYS * DAY_MS, every_ms=EVERY_S * 1000) for _ in range(EDGES)]
    others = stage.others()
    time.sleep(5.0)  # Until each has packed its letters.
    for sender in [*edges, *others]:
        sender.go()
    began = time.monotonic()
    p50, p99 = waits(others)
    ends = [sender.finish() for sender in edges]
    ended = [end.told[-1][0] - began for end in ends]
    assert all(end.told[-1][1] == count for end in ends), "something was lost"
    return {
        f"{EDGES} edges with {DAYS} days, letters": EDGES * count,
        "booked a second": EDGES * count / max(ended),
        "first and last edge done after, s": f"{min(ended):.0f} and {max(ended):.0f}",
        "edges that lost patience and sent again, times": sum(end.resent for end in ends),
        "others meanwhile, p50 ms": p50,
        "others meanwhile, p99 ms": p99,
        "hub at most, MB": stage.hub.memory_mb("VmHWM"),
    }


def flooding(stage: Stage) -> dict[str, float | int | str]:
    """A device that waits for nobody."""
    before = stage.hub.came_too_fast()
    flood = stage.sender(FLOOD, since_ms=3_600_000, every_ms=10, per_s=FLOOD_PER_S, heeds=False)
    others = stage.others()
    time.sleep(3.0)
    for sender in [flood, *others]:
        sender.go()
    p50, p99 = waits(others)
    flood.finish()
    return {
        "a device floods, letters": FLOOD,
        "of which counted as come too fast": stage.hub.came_too_fast() - before,
        "others meanwhile (flood), p50 ms": p50,
        "others meanwhile (flood), p99 ms": p99,
        "hub at most (flood), MB": stage.hub.memory_mb("VmHWM"),
    }


def bounds() -> str:
    """The lines that bound a shop's broker."""
    lines = broker_settings("/", port=1).splitlines()
    return "".join(f"{line}\n" for line in lines if line.startswith(("max_", "set_tcp_nodelay")))


def measure() -> dict[str, float | int | str]:
    """All figures of one run."""
    plan = codec.plans.decode(PLANOGRAM.read_bytes())
    assert isinstance(plan, Planogram)
    with tempfile.TemporaryDirectory(prefix="back-pressure-") as name:
        folder = Path(name)
        with broker(folder, bounds=bounds()) as config, running_hub(config, folder / "ledger.sqlite") as hub:
            stage = Stage(config, hub, plan, folder)
            figures = {**quiet(stage), **returning(stage), **flooding(stage)}
    return {**figures, **measure_cloud()}


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1, ensure_ascii=False))

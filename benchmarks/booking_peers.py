"""Who else writes durably what shops tell, beside the hub: `python -m benchmarks.booking_peers`.

The same letters through the same real Mosquitto, in one run: the hub's booking path; VictoriaMetrics with a writer as Telegraf is one (a
subscriber that posts line protocol, answered before it syncs); and Node-RED, which inserts each into SQLite. Of each: letters a second,
processor a letter (its own processes, the broker's not), and how long a letter of a steady trickle takes until its writer answers. Node-RED
is installed into a temporary folder by npm, where npm and its registry can be reached; where not, its row says why. Above all three: what
an edge's outbox writes durably, which is before any of them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.booking import PLANOGRAM, Sender, broker
from benchmarks.booking_writers import NodeRed, PeerMissing, VictoriaWriter, Writer
from benchmarks.processor_time import cpu_s_of
from benchmarks.shop_letters import letters
from edge_agent.adapters.outbox import Outbox
from store_hub.config import BrokerConfig
from wire_format import codec, topics
from wire_format.plans import Planogram

LETTERS = 20_000
SLOW_LETTERS = 2_000
"""For a writer that commits each letter by itself."""

TRICKLE_PER_S, TRICKLE_S = 200.0, 5.0


class Row(NamedTuple):
    """What one writer reached."""

    per_s: float
    cpu_us: float
    p50_ms: float
    p99_ms: float

    def words(self) -> str:
        """For the table."""
        return f"{self.per_s:,.0f} a second, {self.cpu_us:.0f} µs of processor each, p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.1f} ms"


def outbox_row(payloads: list[bytes], folder: Path, *, at_once: int) -> Row:
    """An edge's outbox: `put` returns when a power cut cannot lose the observation."""
    box = Outbox(folder / f"outbox-{at_once}.sqlite", capacity=1_000_000)
    observations = [codec.observations.decode(payload) for payload in payloads]
    waited, used, began = [], time.process_time(), time.monotonic()
    for start in range(0, len(observations), at_once):
        asked = time.perf_counter()
        box.put_all(observations[start : start + at_once])
        waited.append(1000 * (time.perf_counter() - asked))
    took, used = time.monotonic() - began, time.process_time() - used
    box.close()
    return _row(len(payloads) / took, 1e6 * used / len(payloads), waited)


def _row(per_s: float, cpu_us: float, waited_ms: list[float]) -> Row:
    waited_ms = sorted(waited_ms)
    return Row(per_s, cpu_us, statistics.median(waited_ms), waited_ms[int(len(waited_ms) * 0.99)])


def hub_row(config: BrokerConfig, payloads: list[bytes], folder: Path) -> Row:
    """The hub."""
    words = [sys.executable, "-m", "benchmarks.booking_hub", str(config.port), str(folder / "hub.sqlite")]
    with _running(words) as process:
        assert process.stdout is not None
        store_id = process.stdout.readline().strip()
        marks = topics.booked(store_id, "a" * 32)
        pour = Sender(config, f"stores/{store_id}/v1/seen/{'a' * 32}/", payloads, folder, marks=marks)
        time.sleep(1.0)
        used, began = cpu_s_of(process.pid), time.monotonic()
        pour.go()
        ended = pour.finish().told[-1][0]
        used = cpu_s_of(process.pid) - used
        marks = topics.booked(store_id, "b" * 32)
        some = payloads[: round(TRICKLE_PER_S * TRICKLE_S)]
        trickle = Sender(config, f"stores/{store_id}/v1/seen/{'b' * 32}/", some, folder, per_s=TRICKLE_PER_S, marks=marks)
        time.sleep(0.5)
        trickle.go()
        return _row(len(payloads) / (ended - began), 1e6 * used / len(payloads), trickle.finish().waited_ms())


@contextmanager
def _running(words: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=Path(__file__).resolve().parents[1]
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def writer_row(writer: Writer, config: BrokerConfig, payloads: list[bytes], folder: Path) -> Row:
    """A writer that tells when it has written each letter."""
    pour = Sender(config, "peers/pour/", payloads, folder)
    time.sleep(0.5)
    used, began = writer.cpu_s(), time.monotonic()
    pour.go()
    writer.wait_for(len(payloads))
    took, used = time.monotonic() - began, writer.cpu_s() - used
    pour.finish()
    writer.begin_anew()
    some = payloads[: round(TRICKLE_PER_S * TRICKLE_S)]
    trickle = Sender(config, "peers/trickle/", some, folder, per_s=TRICKLE_PER_S)
    time.sleep(0.5)
    trickle.go()
    sent = trickle.finish().sent
    writer.wait_for(len(some))
    waited = [1000 * (at - begun) for at, begun in zip(writer.written_at(), sent, strict=True)]
    return _row(len(payloads) / took, 1e6 * used / len(payloads), waited)


def tried(make: Callable[[], Row]) -> str:
    """A row's words, or why there is none."""
    try:
        return make().words()
    except PeerMissing as missing:
        return f"not measured: {missing}"


def measure() -> dict[str, float | int | str]:
    """All rows of one run."""
    plan = codec.plans.decode(PLANOGRAM.read_bytes())
    assert isinstance(plan, Planogram)
    payloads = letters(plan, LETTERS, boot="cafe0001")
    with tempfile.TemporaryDirectory(prefix="booking-peers-") as name:
        folder = Path(name)
        rows = {
            "an edge's outbox, one at a time, each on the disk": outbox_row(payloads[:SLOW_LETTERS], folder, at_once=1).words(),
            "an edge's outbox, a hundred at a time (ms of a hundred)": outbox_row(payloads, folder, at_once=100).words(),
        }
        with broker(folder) as config:
            rows["the hub (SQLite, synchronous=FULL, with all it makes of a letter)"] = hub_row(config, payloads, folder).words()

            def victoria() -> Row:
                with VictoriaWriter(config, folder) as writer:
                    return writer_row(writer, config, payloads, folder)

            def node_red() -> Row:
                with NodeRed(config, folder) as writer:
                    return writer_row(writer, config, payloads[:SLOW_LETTERS], folder)

            rows["VictoriaMetrics and a writer (answered, synced later)"] = tried(victoria)
            rows["Node-RED, one INSERT a letter into SQLite"] = tried(node_red)
    return dict(rows)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1, ensure_ascii=False))

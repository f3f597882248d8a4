"""Messages a second booked durably beside a subscriber that books nothing: `python -m benchmarks.booking`.

Both drink the same letters from the same real Mosquitto in one run, turn and turn about: the hub's own line, bookkeeper and ledger
(synchronous=FULL, one transaction a batch, acknowledged after commit), and a bare paho subscriber with automatic acknowledgement. A letter
counts for the hub when its `booked_through` has come back over the broker; the sender keeps to an edge's window. Then a steady trickle
measures publish → booked.
"""

from __future__ import annotations

import json
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from benchmarks.shop_letters import letters
from store_hub.adapters.broker_link import RECEIVE_MAXIMUM
from store_hub.adapters.clock import HubClock
from store_hub.adapters.garbage import look_for_garbage_seldom
from store_hub.adapters.ledger import Ledger
from store_hub.config import BookkeepingConfig, BrokerConfig
from store_hub.flows.bookkeep import Bookkeeper
from store_hub.flows.found import found_ledger
from store_hub.flows.ingest import make_link
from wire_format import codec, topics
from wire_format.plans import Planogram

LETTERS = 20_000
ROUNDS = 3
TRICKLE_PER_S = 2_000
TRICKLE_S = 3.0
PLANOGRAM = Path(__file__).resolve().parents[1] / "demo" / "planogram.json"


class BrokerMissing(RuntimeError):
    """Mosquitto is not installed here."""


@contextmanager
def broker(
    folder: Path, *, bounds: str = "max_queued_messages 0\nmax_inflight_messages 0\nset_tcp_nodelay true\n"
) -> Iterator[BrokerConfig]:
    """A real Mosquitto on a free loopback port. `bounds`: lines of its configuration."""
    program = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
    if program is None:
        raise BrokerMissing("Mosquitto is not installed: apt-get install mosquitto")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = f"allow_anonymous true\nuser root\n{bounds}"
    (folder / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\n{settings}", encoding="utf-8")
    process = subprocess.Popen([program, "-c", str(folder / "mosquitto.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise BrokerMissing("Mosquitto did not start") from None
                time.sleep(0.02)
        yield BrokerConfig(port=port)
    finally:
        process.terminate()
        process.wait(10)


class Sent(msgspec.Struct):
    """When each letter was handed over (trickle only), and when each mark was heard; seconds of the system's monotonic clock.

    `resent`: how often the sender lost patience and began again after the last mark.
    """

    sent: list[float]
    told: list[tuple[float, int]]
    resent: int = 0

    def waited_ms(self) -> list[float]:
        """From publish to booked, of each letter."""
        waited, told = [], iter(self.told)
        at, through = next(told)
        for sequence, sent in enumerate(self.sent, start=1):
            while through < sequence:
                at, through = next(told)
            waited.append(1000 * (at - sent))
        return waited


class Sender:
    """Another process that plays the edges, so that it takes no time from who is measured beyond its share of the machine."""

    def __init__(
        self, config: BrokerConfig, prefix: str, payloads: list[bytes], folder: Path, *, per_s: float = 0.0, marks: str | None = None
    ) -> None:
        path = folder / f"letters-{uuid4().hex}"
        path.write_bytes(b"\n".join(payloads))
        words = [
            sys.executable,
            "-m",
            "benchmarks.lean_sender",
            str(config.port),
            str(per_s),
            prefix,
            str(path),
            *([] if marks is None else [marks]),
        ]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[1]
        )

    def go(self) -> None:
        """Begin to send."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def finish(self) -> Sent:
        """Wait for the end.

        Raises:
            TimeoutError: it did not come within three minutes.
        """
        try:
            out, _ = self._process.communicate(timeout=180)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise TimeoutError("the sender did not come to its end within 180 s") from None
        return msgspec.json.decode(out, type=Sent)


class EmptySubscriber:
    """What a subscriber costs that books nothing."""

    def __init__(self, config: BrokerConfig, filter_: str) -> None:
        self.count = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_message = self._heard
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it without types.
        properties.ReceiveMaximum = RECEIVE_MAXIMUM  # As much under way as the hub allows.
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect(config.host, config.port, properties=properties)
        self._client.loop_start()
        self._client.subscribe(filter_, qos=1)
        ready.wait(10)

    def _heard(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        self.count += 1

    def close(self) -> None:
        """Go."""
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def hub(config: BrokerConfig, path: Path) -> Iterator[str]:
    """The hub's booking path on a new ledger; yields the store's name."""
    found_ledger(path, PLANOGRAM, store_id=None, clock=HubClock())
    ledger = Ledger.open(path)
    keeper = Bookkeeper(ledger, clock=HubClock(), config=BookkeepingConfig())
    identity = ledger.identity
    link = make_link(config, store_id=identity.store_id, ledger_id=identity.ledger_id, clock=HubClock(), inbox=keeper.inbox)
    keeper.start(link)
    look_for_garbage_seldom()
    link.start()
    link.wait_connected(10)
    time.sleep(0.2)
    try:
        yield identity.store_id
    finally:
        link.stop()
        keeper.stop()
        ledger.close()


def wait_for(count: Any, target: int) -> float:
    """Wait until a count is reached; returns when."""
    deadline = time.monotonic() + 180
    while count() < target:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count()} of {target} after 180 s")
        time.sleep(0.002)
    return time.monotonic()


def cpu_s() -> float:
    """Processor seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def drain_empty(config: BrokerConfig, payloads: list[bytes], folder: Path) -> tuple[float, float]:
    """Messages a second, and microseconds of processor a message, of the subscriber that books nothing."""
    prefix = f"stores/empty/v1/seen/{'e' * 32}/"
    subscriber = EmptySubscriber(config, prefix + "+")
    sender = Sender(config, prefix, payloads, folder)
    time.sleep(0.5)
    sender.go()
    began, used = time.monotonic(), cpu_s()
    ended = wait_for(lambda: subscriber.count, len(payloads))
    used = cpu_s() - used
    subscriber.close()
    sender.finish()
    return len(payloads) / (ended - began), 1e6 * used / len(payloads)


def drain_hub(config: BrokerConfig, payloads: list[bytes], folder: Path, name: str) -> tuple[float, float]:
    """The same of the hub, until its mark has come back."""
    outbox = f"{abs(hash(name)):032x}"[-32:]
    with hub(config, folder / f"{name}.sqlite") as store_id:
        sender = Sender(config, f"stores/{store_id}/v1/seen/{outbox}/", payloads, folder, marks=topics.booked(store_id, outbox))
        time.sleep(0.5)
        sender.go()
        began, used = time.monotonic(), cpu_s()
        ended, booked = sender.finish().told[-1]
        used = cpu_s() - used
    assert booked == len(payloads), f"only {booked} were booked"
    return len(payloads) / (ended - began), 1e6 * used / len(payloads)


def trickle(config: BrokerConfig, payloads: list[bytes], folder: Path) -> list[float]:
    """Milliseconds from publish to booked, of each letter of a steady trickle."""
    outbox = "f" * 32
    with hub(config, folder / "trickle.sqlite") as store_id:
        prefix, marks = f"stores/{store_id}/v1/seen/{outbox}/", topics.booked(store_id, outbox)
        sender = Sender(config, prefix, payloads, folder, per_s=TRICKLE_PER_S, marks=marks)
        time.sleep(0.5)
        sender.go()
        return sender.finish().waited_ms()


def measure() -> dict[str, float | int | str]:
    """All figures of one run."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))  # Standard output is for the figures.
    plan = codec.plans.decode(PLANOGRAM.read_bytes())
    assert isinstance(plan, Planogram)
    payloads = letters(plan, LETTERS, boot="cafe0001")
    with tempfile.TemporaryDirectory(prefix="booking-") as name:
        folder = Path(name)
        with broker(folder) as config:
            empty, booked = [], []
            for number in range(ROUNDS):
                empty.append(drain_empty(config, payloads, folder))
                booked.append(drain_hub(config, payloads, folder, f"round-{number}"))
            waited = sorted(trickle(config, payloads[: round(TRICKLE_PER_S * TRICKLE_S)], folder))
    booked_per_s, empty_per_s = statistics.median(rate for rate, _ in booked), statistics.median(rate for rate, _ in empty)
    return {
        "booked durably, messages/s": booked_per_s,
        "empty subscriber, messages/s": empty_per_s,
        "ratio": booked_per_s / empty_per_s,
        "processor of the hub, µs a message": statistics.median(cost for _, cost in booked),
        "processor of the empty subscriber, µs a message": statistics.median(cost for _, cost in empty),
        f"publish → booked at {TRICKLE_PER_S}/s, p50 ms": waited[len(waited) // 2],
        f"publish → booked at {TRICKLE_PER_S}/s, p99 ms": waited[int(len(waited) * 0.99)],
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1, ensure_ascii=False))

"""The hub as a program, on a real broker: killed at any moment it has lost nothing and books nothing twice."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import msgspec
import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from store_hub.config import BrokerConfig
from store_hub.flows.bookkeep import Bookkeeper
from store_hub.flows.ingest import make_link
from store_hub.flows.rebuild import rebuild
from wire_format import codec, topics
from wire_format.commands import BookedThrough
from wire_format.observations import DoorCrossing

PROGRAM = str(Path(sys.executable).parent / "store-hub")


def wait_until(is_true: Callable[[], bool], *, what: str, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s:g} s"
        time.sleep(0.02)


class Edge:
    """An edge as the protocol asks for: it forgets nothing that the hub has not booked, and sends it again."""

    def __init__(self, broker: Any, core: Any, *, letters: int) -> None:
        self.core, self.letters, self.booked_through = core, letters, 0
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="edge", protocol=mqtt.MQTTv5)
        self.client.max_inflight_messages_set(1000)
        self.client.on_connect = lambda client, *_: client.subscribe(topics.booked(core.STORE, core.OUTBOX), qos=1)
        self.client.on_message = self._heard
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()

    def _heard(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        word = codec.commands.decode(message.payload)
        assert isinstance(word, BookedThrough)
        self.booked_through = word.booked_through

    def send_from(self, first: int) -> None:
        start_ms = int(time.time() * 1000) - 3_600_000
        for sequence in range(first, self.letters + 1):
            at_ms = start_ms + sequence
            crossing = DoorCrossing(**self.core.stamp(at_ms), door_id="door", started_at_ms=at_ms, duration_ms=1, people_in=1, people_out=0)
            self.client.publish(topics.seen(self.core.STORE, self.core.OUTBOX, sequence), codec.encode(crossing), qos=1)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def hub_folder(tmp_path: Path, mosquitto: Any, free_port: int, core: Any) -> Path:
    (tmp_path / "plan.json").write_bytes(codec.encode(core.shop_plan()))
    (tmp_path / "hub.toml").write_text(
        f'planogram = "{tmp_path}/plan.json"\n[broker]\nport = {mosquitto.port}\n[ledger]\npath = "{tmp_path}/ledger.sqlite"\n'
        f"[http]\nport = {free_port}\n[people]\nopen_on_loopback = true\n",
        encoding="utf-8",
    )
    command(tmp_path, "init")
    return tmp_path


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words, "--config", str(folder / "hub.toml")], capture_output=True, text=True, timeout=60, check=True)


@pytest.fixture
def start_hub(hub_folder: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        with (hub_folder / "hub.log").open("ab") as log:
            started.append(subprocess.Popen([PROGRAM, "run", "--config", str(hub_folder / "hub.toml")], stderr=log))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait(60)


def ledger_says(folder: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{folder}/ledger.sqlite?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@pytest.mark.broker
def test_a_hub_killed_twice_while_draining_loses_nothing_and_books_nothing_twice(
    hub_folder: Path, start_hub: Callable[[], subprocess.Popen[bytes]], mosquitto: Any, core: Any
) -> None:
    letters = 3_000
    edge = Edge(mosquitto, core, letters=letters)
    for kill_at in (400, 1_500):
        hub = start_hub()
        wait_until(lambda: b"connected to the broker" in (hub_folder / "hub.log").read_bytes(), what="hub up")
        sender = threading.Thread(target=edge.send_from, args=(edge.booked_through + 1,))
        sender.start()
        wait_until(lambda at=kill_at: edge.booked_through >= at, what=f"booked through {kill_at}")
        os.kill(hub.pid, signal.SIGKILL)
        hub.wait(60)
        sender.join(30)
        (hub_folder / "hub.log").write_bytes(b"")
    told = edge.booked_through
    assert ledger_says(hub_folder, "SELECT booked_through FROM outboxes")[0][0] >= told, "what was acknowledged is on the disk"
    hub = start_hub()
    wait_until(lambda: b"connected to the broker" in (hub_folder / "hub.log").read_bytes(), what="hub up")
    edge.send_from(told + 1)
    wait_until(lambda: edge.booked_through == letters, what="all booked")
    edge.close()
    hub.send_signal(signal.SIGTERM)
    assert hub.wait(30) == 0
    assert ledger_says(hub_folder, "SELECT count(*), count(DISTINCT sequence), max(sequence) FROM journal WHERE source = 'edge'") == [
        (letters, letters, letters)
    ]
    assert ledger_says(hub_folder, "SELECT sum(people_in) FROM door_minutes") == [(letters,)]
    verdicts = msgspec.json.decode(command(hub_folder, "verify", "--json").stdout)
    assert all(verdict["is_well"] for verdict in verdicts), verdicts


@pytest.mark.broker
def test_a_hub_tells_its_marks_again_when_the_broker_has_forgotten_them(make_shop: Callable[[str], Any], mosquitto: Any, core: Any) -> None:
    from store_hub.config import BookkeepingConfig

    shop = make_shop("ledger.sqlite")
    shop.clock.at_ms = int(time.time() * 1000)
    keeper = Bookkeeper(shop.ledger, clock=shop.clock, config=BookkeepingConfig())
    identity = shop.ledger.identity
    broker = BrokerConfig(host=mosquitto.host, port=mosquitto.port)
    link = make_link(broker, store_id=identity.store_id, ledger_id=identity.ledger_id, clock=shop.clock, inbox=keeper.inbox)
    keeper.start(link)
    link.start()
    assert link.wait_connected(10)
    edge = Edge(mosquitto, core, letters=50)
    edge.send_from(1)
    wait_until(lambda: edge.booked_through == 50, what="booked")
    edge.close()
    mosquitto.kill()
    mosquitto.wipe()
    wait_until(lambda: not link.connected, what="link lost")
    mosquitto.start()
    edge = Edge(mosquitto, core, letters=50)
    wait_until(lambda: edge.booked_through == 50, what="mark told again", timeout_s=20)
    edge.close()
    link.stop()
    keeper.stop()
    assert rebuild(shop.path, replace=False, progress=lambda done, total: None).differences == []


@pytest.mark.broker
def test_a_hub_serves_pages_and_stops_within_seconds(
    hub_folder: Path, start_hub: Callable[[], subprocess.Popen[bytes]], free_port: int
) -> None:
    hub = start_hub()
    wait_until(lambda: b"the hub is open" in (hub_folder / "hub.log").read_bytes(), what="hub open")
    with urlopen(f"http://127.0.0.1:{free_port}/health/ready", timeout=10) as answer:
        assert msgspec.json.decode(answer.read())["ready"] is True
    with urlopen(f"http://127.0.0.1:{free_port}/", timeout=10) as answer:
        assert b"Corner" in answer.read()
    second = subprocess.run(
        [PROGRAM, "run", "--config", str(hub_folder / "hub.toml")], capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 6
    assert f"port {free_port} on 127.0.0.1 is taken" in second.stderr
    assert "[http] port" in second.stderr
    assert "Traceback" not in second.stderr
    hub.send_signal(signal.SIGINT)
    assert hub.wait(30) == 130
    assert b"Traceback" not in (hub_folder / "hub.log").read_bytes()


def test_a_planogram_that_contradicts_itself_is_refused_line_by_line(tmp_path: Path, core: Any) -> None:
    plan = core.shop_plan()
    plan.bays[0].shelves[0].facings.append(plan.bays[0].shelves[0].facings[0])
    plan.products.pop(1)
    (tmp_path / "plan.json").write_bytes(codec.encode(plan))
    words = [PROGRAM, "init", "--planogram", str(tmp_path / "plan.json"), "--ledger", str(tmp_path / "ledger.sqlite")]
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 3
    assert "unknown SKU tea" in run.stderr
    assert "facings of cola and cola overlap" in run.stderr
    assert all(line.startswith("store-hub: planogram") for line in run.stderr.splitlines())
    assert not (tmp_path / "ledger.sqlite").exists()


def test_a_port_that_is_taken_is_told_before_anything_else(free_port: int) -> None:
    from store_hub.adapters.listening_socket import listen
    from store_hub.errors import PortTaken

    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        with pytest.raises(PortTaken, match=f"port {free_port} on 127.0.0.1 is taken"):
            listen("127.0.0.1", free_port, setting="[http] port")


@pytest.mark.broker
def test_a_hub_told_to_stop_while_it_still_opens_does_stop(hub_folder: Path, start_hub: Callable[[], subprocess.Popen[bytes]]) -> None:
    hub = start_hub()
    wait_until(lambda: b"the hub is open" in (hub_folder / "hub.log").read_bytes(), what="hub open")
    hub.send_signal(signal.SIGTERM)  # At this moment the web server does not listen to signals yet.
    assert hub.wait(30) == 0

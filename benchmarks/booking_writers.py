"""Peers that write letters down: VictoriaMetrics behind a subscriber, and Node-RED with SQLite. For `benchmarks.booking_peers`."""

from __future__ import annotations

import json
import resource
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.processor_time import cpu_s_of
from store_hub.config import BrokerConfig

NODE_RED = ("node-red@4.1.15", "node-red-node-sqlite@1.1.1")
INSTALL_S, START_S, WRITTEN_S = 600.0, 60.0, 180.0
BATCH_MAX = 1_000


class PeerMissing(RuntimeError):
    """A peer cannot be had here; the text says why."""


class Writer(Protocol):
    """Writes letters, and knows when each was written."""

    def cpu_s(self) -> float:
        """Processor seconds of all its processes."""

    def wait_for(self, count: int) -> None:
        """Wait until so many are written."""

    def begin_anew(self) -> None:
        """Count from nothing again."""

    def written_at(self) -> list[float]:
        """When each was written, by the system's monotonic clock, in order of its number."""


class _Counting:
    """What both peers share: the moments at which letters were written."""

    def __init__(self) -> None:
        self._at: dict[int, float] = {}

    def wait_for(self, count: int) -> None:
        """See `Writer`."""
        deadline = time.monotonic() + WRITTEN_S
        while len(self._at) < count:
            if time.monotonic() > deadline:
                raise PeerMissing(f"it wrote only {len(self._at)} of {count} letters in {WRITTEN_S:.0f} s")
            time.sleep(0.002)

    def begin_anew(self) -> None:
        """See `Writer`."""
        self._at = {}

    def written_at(self) -> list[float]:
        """See `Writer`."""
        return [self._at[number] for number in sorted(self._at)]


def _client(config: BrokerConfig, topic: str, heard: Any) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.on_message = heard
    ready = threading.Event()
    client.on_subscribe = lambda *_: ready.set()
    client.connect(config.host, config.port)
    client.loop_start()
    client.subscribe(topic, qos=1)
    ready.wait(10)
    return client


def _answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise PeerMissing(f"{url} does not answer within {START_S:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class VictoriaWriter(_Counting):
    """A subscriber that posts what has come as line protocol, the next while the last is written."""

    def __init__(self, config: BrokerConfig, folder: Path) -> None:
        super().__init__()
        program = shutil.which("victoria-metrics")
        if program is None:
            raise PeerMissing("VictoriaMetrics is not installed: apt-get install victoria-metrics")
        port = _free_port()
        words = [program, f"-storageDataPath={folder}/vm", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=10y"]
        self._server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._url = f"http://127.0.0.1:{port}"
        self._waiting: list[tuple[int, bytes]] = []
        self._come = threading.Condition()
        self._stop = False
        _answers(f"{self._url}/health", self._server)
        self._client = _client(config, "peers/#", self._heard)
        self._thread = threading.Thread(target=self._post, name="victoria-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop = True
        self._client.disconnect()
        self._client.loop_stop()
        self._thread.join(10)
        self._server.terminate()
        self._server.wait(10)

    def cpu_s(self) -> float:
        """The server's and ours, for the writer is a thread of this process."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime + cpu_s_of(self._server.pid)

    def _heard(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        with self._come:
            self._waiting.append((int(message.topic.rsplit("/", 1)[1]), message.payload))
            self._come.notify()

    def _post(self) -> None:
        while not self._stop:
            with self._come:
                if not self._waiting:
                    self._come.wait(0.2)
                batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
            if batch:
                body = "\n".join(_line(payload) for _, payload in batch).encode()
                urllib.request.urlopen(urllib.request.Request(f"{self._url}/api/v2/write?precision=ms", data=body), timeout=30).close()
                now = time.monotonic()
                self._at.update({number: now for number, _ in batch})


def _line(payload: bytes) -> str:
    """A letter's first number as a point of its kind and device."""
    told = json.loads(payload)
    value = next((told[name] for name in ("weight_g", "confidence", "people_in", "duration_ms") if name in told), 1)
    return f"{told['type']},device={told['device_id']} value={value} {told['observed_at_ms']}"


class NodeRed(_Counting):
    """Node-RED with three nodes in a row: MQTT in, an INSERT into SQLite, MQTT out."""

    def __init__(self, config: BrokerConfig, folder: Path) -> None:
        super().__init__()
        home = folder / "node-red"
        program = _installed(home)
        port = _free_port()
        (home / "flows.json").write_text(json.dumps(_flow(config, home / "letters.sqlite")), encoding="utf-8")
        words = ["node", str(program), "--userDir", str(home), "--port", str(port), "-D", "flowFile=flows.json"]
        self._server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home)
        _answers(f"http://127.0.0.1:{port}/", self._server)
        self._client = _client(config, "written/#", self._heard)
        time.sleep(3.0)  # Its flow starts after its page.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._server.terminate()
        self._server.wait(20)

    def cpu_s(self) -> float:
        """Node-RED's own process."""
        return cpu_s_of(self._server.pid)

    def _heard(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        self._at[int(message.topic.rsplit("/", 1)[1])] = time.monotonic()


def _installed(home: Path) -> Path:
    home.mkdir(exist_ok=True)
    if shutil.which("npm") is None:
        raise PeerMissing("npm is not installed: apt-get install npm")
    words = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(home), *NODE_RED]
    try:
        done = subprocess.run(words, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired:
        raise PeerMissing(f"npm did not install Node-RED within {INSTALL_S:.0f} s") from None
    if done.returncode:
        raise PeerMissing(f"npm could not install Node-RED: {done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else '?'}")
    return home / "node_modules" / "node-red" / "red.js"


def _flow(config: BrokerConfig, database: Path) -> list[dict[str, Any]]:
    """The flow, as Node-RED exports one."""
    insert = "msg.params = {$t: msg.topic, $p: msg.payload};\nreturn msg;"
    tell = "msg.topic = 'written/' + msg.topic.split('/').pop();\nmsg.payload = '';\nreturn msg;"
    sql = "INSERT INTO letters (topic, payload) VALUES ($t, $p)"
    begin = "msg.topic = 'CREATE TABLE IF NOT EXISTS letters (topic TEXT, payload TEXT)';\nreturn msg;"
    tab: dict[str, Any] = {"z": "tab"}
    return [
        {"id": "tab", "type": "tab", "label": "letters"},
        {"id": "broker", "type": "mqtt-broker", "broker": config.host, "port": str(config.port), "protocolVersion": "5", "keepalive": "60"},
        {"id": "db", "type": "sqlitedb", "db": str(database), "mode": "RWC"},
        {**tab, "id": "once", "type": "inject", "once": True, "onceDelay": "0.1", "repeat": "", "props": [], "wires": [["begin"]]},
        {**tab, "id": "begin", "type": "function", "func": begin, "outputs": 1, "wires": [["make"]]},
        {**tab, "id": "make", "type": "sqlite", "mydb": "db", "sqlquery": "msg.topic", "sql": "", "wires": [[]]},
        {
            **tab,
            "id": "in",
            "type": "mqtt in",
            "topic": "peers/#",
            "qos": "1",
            "datatype": "utf8",
            "broker": "broker",
            "wires": [["params"]],
        },
        {**tab, "id": "params", "type": "function", "func": insert, "outputs": 1, "wires": [["write"]]},
        {**tab, "id": "write", "type": "sqlite", "mydb": "db", "sqlquery": "prepared", "sql": sql, "wires": [["tell"]]},
        {**tab, "id": "tell", "type": "function", "func": tell, "outputs": 1, "wires": [["out"]]},
        {**tab, "id": "out", "type": "mqtt out", "topic": "", "qos": "1", "retain": "", "broker": "broker", "wires": []},
    ]

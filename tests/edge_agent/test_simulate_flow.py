"""`edge-agent simulate` over real sockets: a hub that books, a till that waits, a second start that goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import pytest

from edge_agent.adapters.simulated_files import ShopStateFile, SimulationFileUnusable, SimulationStateInvalid, TruthFile
from edge_agent.assemble import open_device
from edge_agent.config import BrokerConfig
from edge_agent.flows.simulate import PlanogramInvalid, SimulationOptions, simulate
from wire_format import codec, topics
from wire_format.commands import BookedThrough
from wire_format.observations import AnyObservation, DoorCrossing, ShelfWeight
from wire_format.plans import Planogram

PLANOGRAM = Path(__file__).parents[2] / "demo" / "planogram.json"
STORE = "corner-shop"


class BookingHub:
    """Books what comes in order and says so, as the real hub does, but keeps it in memory."""

    def __init__(self, host: str, port: int) -> None:
        self.seen: list[AnyObservation] = []
        self.booked: dict[str, int] = {}
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="hub", protocol=mqtt.MQTTv5)
        self._client.on_message = self._book
        self._client.connect(host, port)
        self._client.subscribe(topics.seen_filter(STORE), qos=1)
        self._client.loop_start()

    def _book(self, client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        address = topics.parse_seen(message.topic)
        through = self.booked.get(address.outbox_id, 0)
        if address.sequence == through + 1:
            self.seen.append(codec.observations.decode(message.payload))
            through = self.booked[address.outbox_id] = address.sequence
        word = BookedThrough(outbox_id=address.outbox_id, booked_through=through, ledger_id="0" * 32)
        client.publish(topics.booked(STORE, address.outbox_id), codec.encode(word), qos=1, retain=True)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Door:
    """The hub's HTTP doors: out of order for the first calls, then open."""

    def __init__(self, *, refuses_first: int = 0) -> None:
        self.calls = 0
        self.bodies: dict[str, list[dict[str, Any]]] = {}
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                door.calls += 1
                status = 503 if door.calls <= refuses_first else 200
                if status == 200:
                    door.bodies.setdefault(self.headers["Idempotency-Key"], []).append({"door": self.path, **body})
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, name="door", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def opened(thing: Any) -> Iterator[Any]:
    try:
        yield thing
    finally:
        thing.close()


def run(options: SimulationOptions) -> None:
    """Run until caught up and booked; a hanging simulation is stopped and shows in the assertions."""
    stop = threading.Event()
    watchdog = threading.Timer(60.0, stop.set)
    watchdog.start()
    try:
        simulate(options, open_device=open_device, stop=stop)
        assert not stop.is_set(), "the simulation did not finish in time"
    finally:
        watchdog.cancel()


def truths(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.broker
def test_a_simulated_shop_catches_up_is_booked_and_goes_on_where_it_stopped(mosquitto: Any, tmp_path: Path) -> None:
    options = SimulationOptions(
        planogram=PLANOGRAM,
        broker=BrokerConfig(host=mosquitto.host, port=mosquitto.port),
        seed=4,
        catch_up_hours=0.25,
        state=tmp_path,
        truth=tmp_path / "truth.jsonl",
        until_caught_up=True,
        shoppers_per_hour=150.0,
        open_round_the_clock=True,
    )
    with opened(BookingHub(mosquitto.host, mosquitto.port)) as hub, opened(Door(refuses_first=2)) as door:
        run(_at(options, door.url))
        first_seen, first_truth = len(hub.seen), truths(tmp_path / "truth.jsonl")
        run(_at(options, door.url))
        again = truths(tmp_path / "truth.jsonl")
    shelves = {seen.shelf_id for seen in hub.seen if isinstance(seen, ShelfWeight)}
    counted = sum(seen.people_in for seen in hub.seen if isinstance(seen, DoorCrossing))
    entered = sum(event["kind"] == "enter" for event in again)
    print(f"{first_seen} observations, then {len(hub.seen) - first_seen}; {counted} of {entered} people; {len(door.bodies)} postings")
    assert len(shelves) == 24
    assert entered > 5
    assert abs(counted - entered) <= 2 + entered // 10
    assert again[: len(first_truth)] == first_truth
    assert [event["at_ms"] for event in again] == sorted(event["at_ms"] for event in again)
    assert len(hub.booked) == 3, "the second start must use the same three outboxes"
    assert door.calls > 2
    assert door.bodies
    assert all(len(bodies) == 1 for bodies in door.bodies.values())


def _at(options: SimulationOptions, hub_url: str) -> SimulationOptions:
    return msgspec.structs.replace(options, hub_url=hub_url)


def test_a_planogram_that_names_an_unknown_article_is_refused_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "plan.json"
    plan = json.loads(PLANOGRAM.read_text(encoding="utf-8"))
    plan["bays"][0]["shelves"][0]["facings"][0]["sku"] = "no-such-thing"
    broken.write_text(json.dumps(plan), encoding="utf-8")
    for path, words in ((broken, "no-such-thing"), (tmp_path / "absent.json", "cannot be read")):
        with pytest.raises(PlanogramInvalid, match=words) as refusal:
            simulate(SimulationOptions(planogram=path, state=tmp_path), open_device=open_device, stop=threading.Event())
        assert "\n" not in str(refusal.value)
        assert refusal.value.exit_code == 3


def test_a_state_of_another_shop_or_a_broken_one_is_refused_and_left_alone(tmp_path: Path) -> None:
    plan = codec.plans.decode(PLANOGRAM.read_bytes())
    assert isinstance(plan, Planogram)
    path = tmp_path / "shop.json"
    ShopStateFile(path, planogram=plan, seed=1).save(b"{}", clean=True)
    with pytest.raises(SimulationStateInvalid, match="another planogram or seed"):
        ShopStateFile(path, planogram=plan, seed=2).load()
    path.write_bytes(b'{"planogram')
    with pytest.raises(SimulationStateInvalid, match="remove the file"):
        ShopStateFile(path, planogram=plan, seed=1).load()
    assert path.read_bytes() == b'{"planogram'


def test_a_truth_file_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SimulationFileUnusable, match="--truth") as refusal:
        TruthFile(tmp_path / "file" / "truth.jsonl")
    assert "\n" not in str(refusal.value)

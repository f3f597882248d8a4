"""The uplink over a real broker, to a small hub that really books: what it forgets, what it sends again, what it says of itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.adapters.broker_link import BrokerLink
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.host_vitals import HostVitals
from edge_agent.adapters.outbox import Outbox
from edge_agent.config import BrokerConfig
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.health import HealthTeller
from edge_agent.flows.uplink import Uplink
from edge_agent.flows.uplink_talk import UplinkPace
from wire_format import codec, topics
from wire_format.commands import BookedThrough
from wire_format.observations import AnyObservation, ClockReading, DeviceHealth, Shed, ShelfWeight

pytestmark = [pytest.mark.broker]
STORE, DEVICE, LEDGER = "corner", "shelves-1", "0" * 32
PACE = UplinkPace(booked_wait_s=0.3, resend_first_s=0.5, resend_max_s=1.0, backoff_first_s=0.1, backoff_max_s=0.3, health_pause_s=0.0)


def weight(minute: int) -> ShelfWeight:
    return ShelfWeight(
        device_id=DEVICE, boot_id="00c0ffee", monotonic_ms=minute, observed_at_ms=minute, shelf_id="s1", weight_g=500.0, spread_g=1.0
    )


def wait_for(happened: Callable[[], Any], what: str, within_s: float = 120.0) -> None:
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, f"did not happen in {within_s} s: {what}"
        time.sleep(0.01)


class SmallHub:
    """A real client on the real broker: books letters in order, once, and answers `booked_through`, retained."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.booked: dict[str, dict[int, AnyObservation]] = {}
        self.received = 0
        self.ranges: dict[str, int] = {}
        self.healths: list[DeviceHealth] = []
        self.clocks: list[ClockReading] = []
        self.deaf_to = 0
        self.sheds_missed = 0
        self.is_answering = True
        self._client: mqtt.Client | None = None

    def start(self) -> None:
        client = self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="small-hub", protocol=mqtt.MQTTv5)
        client.on_message = self._hear
        client.on_connect = lambda client, *_: client.subscribe(
            [(topics.seen_filter(STORE), 1), (topics.health_filter(STORE), 1), (topics.clock_filter(STORE), 0)]
        )
        listens = threading.Event()
        client.on_subscribe = lambda *_: listens.set()
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        assert listens.wait(60), "no subscription: a clock told before it would be lost, and told again in a minute"

    def stop(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None

    def booked_through(self, outbox_id: str) -> int:
        through, booked = self.ranges.get(outbox_id, 0), self.booked.get(outbox_id, {})
        while through + 1 in booked:
            through += 1
            if isinstance(shed := booked[through], Shed):
                through = max(through, shed.through_sequence)
        return through

    def answer(self, outbox_id: str, booked_through: int | None = None) -> None:
        through = booked_through if booked_through is not None else self.booked_through(outbox_id)
        said = BookedThrough(outbox_id=outbox_id, booked_through=through, ledger_id=LEDGER)
        assert self._client is not None
        self._client.publish(topics.booked(STORE, outbox_id), codec.encode(said), qos=1, retain=True)

    def _hear(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if "/health/" in message.topic:
            self.healths.append(codec.device_health.decode(message.payload))
        elif "/clock/" in message.topic:
            self.clocks.append(codec.clock_readings.decode(message.payload))
        else:
            self.received += 1
            address = topics.parse_seen(message.topic)
            if self.deaf_to and self.received % self.deaf_to == 0:
                return
            seen = codec.observations.decode(message.payload)
            if isinstance(seen, Shed) and self.sheds_missed > 0:
                self.sheds_missed -= 1
                return
            self.booked.setdefault(address.outbox_id, {}).setdefault(address.sequence, seen)
            if self.is_answering:
                self.answer(address.outbox_id)


@pytest.fixture
def hub(mosquitto: Any) -> Iterator[SmallHub]:
    small_hub = SmallHub(mosquitto.port)
    small_hub.start()
    yield small_hub
    small_hub.stop()


class Device:
    """An outbox and an uplink in a thread, as `assemble` wires them."""

    def __init__(self, port: int, path: Path, capacity: int = 10_000) -> None:
        self.clock = AgentClock()
        self.faults = FaultBoard(self.clock.wall_ms)
        self.outbox = Outbox(path, capacity=capacity)
        teller = HealthTeller(
            device_id=DEVICE, clock=self.clock, outbox=self.outbox, faults=self.faults, vitals=HostVitals(path.parent), parts=["shelf s1"]
        )
        link = BrokerLink(BrokerConfig(port=port), client_id=DEVICE)
        uplink = Uplink(
            outbox=self.outbox,
            link=link,
            store_id=STORE,
            device_id=DEVICE,
            teller=teller,
            clock=self.clock,
            faults=self.faults,
            pace=PACE,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=uplink.run, args=(self._stop,), name="uplink")

    def __enter__(self) -> Device:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        began = time.monotonic()
        self._stop.set()
        self._thread.join(10)
        assert time.monotonic() - began < 5.0, "stops within five seconds"
        self.outbox.close()

    def fault_codes(self) -> set[str]:
        return {fault.code for fault in self.faults.current()}


def test_what_was_seen_reaches_the_hub_and_is_then_forgotten(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    with Device(mosquitto.port, tmp_path / "o.sqlite") as device:
        device.outbox.put_all([weight(minute) for minute in range(300)])
        wait_for(lambda: device.outbox.depth == 0, "all booked")
        device.outbox.put(weight(300))
        wait_for(lambda: device.outbox.depth == 0, "the latecomer is booked")
        booked = hub.booked[device.outbox.outbox_id]
        assert [booked[sequence] for sequence in sorted(booked)] == [weight(minute) for minute in range(301)]


def test_nothing_is_forgotten_while_the_hub_only_receives(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    hub.is_answering = False
    with Device(mosquitto.port, tmp_path / "o.sqlite") as device:
        device.outbox.put_all([weight(minute) for minute in range(20)])
        wait_for(lambda: len(hub.booked.get(device.outbox.outbox_id, {})) == 20, "all received")
        assert device.outbox.depth == 20
        hub.answer(device.outbox.outbox_id, 7)
        wait_for(lambda: device.outbox.depth == 13, "forgotten through 7, and no further")


def test_letters_that_got_lost_on_the_way_are_sent_again(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    hub.deaf_to = 7
    with Device(mosquitto.port, tmp_path / "o.sqlite") as device:
        device.outbox.put_all([weight(minute) for minute in range(60)])
        wait_for(lambda: device.outbox.depth == 0, "all booked in spite of the losses")
        assert len(hub.booked[device.outbox.outbox_id]) == 60
        assert hub.received > 60


def test_a_broker_that_is_killed_and_forgets_everything_costs_nothing(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    with Device(mosquitto.port, tmp_path / "o.sqlite") as device:
        device.outbox.put(weight(0))
        wait_for(lambda: device.outbox.depth == 0, "the first is booked")
        mosquitto.kill()
        mosquitto.wipe()
        device.outbox.put_all([weight(minute) for minute in range(1, 50)])
        wait_for(lambda: "broker_unavailable" in device.fault_codes(), "the broken connection is told")
        mosquitto.start()
        wait_for(lambda: device.outbox.depth == 0, "all booked after the broker came back")
        assert len(hub.booked[device.outbox.outbox_id]) == 50
        wait_for(lambda: "broker_unavailable" not in device.fault_codes(), "the fault is cleared")


def test_a_hub_that_comes_back_finds_what_it_missed(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    with Device(mosquitto.port, tmp_path / "o.sqlite") as device:
        hub.stop()
        device.outbox.put_all([weight(minute) for minute in range(10)])
        wait_for(lambda: "hub_absent" in device.fault_codes(), "nobody listens, and that is told")
        hub.start()
        wait_for(lambda: device.outbox.depth == 0, "all booked")
        wait_for(lambda: "hub_absent" not in device.fault_codes(), "the fault is cleared")
        assert not any(health.faults for health in hub.healths), "a hub that is back is not called to itself"


def test_a_hub_that_comes_back_hears_what_the_clocks_say_before_what_it_missed(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    with Device(mosquitto.port, tmp_path / "o.sqlite") as device:
        wait_for(lambda: bool(hub.clocks), "the clocks are told at connecting")
        hub.stop()
        heard = len(hub.clocks)
        device.outbox.put_all([weight(minute) for minute in range(3)])
        wait_for(lambda: "hub_absent" in device.fault_codes(), "nobody listens")
        hub.start()
        wait_for(lambda: bool(hub.booked), "the first letter that was missed is booked")
        assert len(hub.clocks) > heard


def test_a_second_start_continues_after_what_was_booked(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    with Device(mosquitto.port, tmp_path / "o.sqlite") as first:
        first.outbox.put_all([weight(minute) for minute in range(5)])
        wait_for(lambda: first.outbox.depth == 0, "booked")
    with Device(mosquitto.port, tmp_path / "o.sqlite") as second:
        second.outbox.put(weight(5))
        wait_for(lambda: second.outbox.depth == 0, "booked")
        assert sorted(hub.booked) == [second.outbox.outbox_id]
        assert sorted(hub.booked[second.outbox.outbox_id]) == [1, 2, 3, 4, 5, 6]


def test_a_restored_sd_card_begins_a_new_outbox_and_loses_nothing_new(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    old = Outbox(tmp_path / "o.sqlite", capacity=100)
    old.put(weight(0))
    old.take(0, 10)
    old.put(weight(1))
    old.close()
    hub.answer(old.outbox_id, 50)  # The card's first life had sent 50.
    with Device(mosquitto.port, tmp_path / "o.sqlite") as device:
        wait_for(lambda: "outbox_of_another" in device.fault_codes(), "it is told")
        device.outbox.put(weight(2))
        wait_for(lambda: device.outbox.depth == 0, "booked under the new identity")
        assert device.outbox.outbox_id != old.outbox_id
        assert list(hub.booked[device.outbox.outbox_id].values()) == [weight(0), weight(1), weight(2)]
    assert list(tmp_path.glob("o.sqlite.aside-*"))


def test_a_hub_restored_from_an_older_copy_is_told_what_is_gone_and_goes_on(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    with Device(mosquitto.port, tmp_path / "o.sqlite") as device:
        device.outbox.put_all([weight(minute) for minute in range(10)])
        wait_for(lambda: device.outbox.depth == 0, "booked")
        hub.booked[device.outbox.outbox_id] = {sequence: weight(sequence) for sequence in range(1, 5)}
        hub.sheds_missed = 1  # It is killed once more before it has booked what it is told.
        hub.answer(device.outbox.outbox_id)
        wait_for(lambda: hub.booked_through(device.outbox.outbox_id) == 10, "the gap is bridged")
        gone = hub.booked[device.outbox.outbox_id][5]
        assert isinstance(gone, Shed)
        assert (gone.through_sequence, gone.counts) == (10, {"forgotten": 6})
        device.outbox.put(weight(11))
        wait_for(lambda: device.outbox.depth == 0, "new letters are booked")
        assert "hub_older_than_outbox" in device.fault_codes()


def test_an_answer_that_cannot_be_read_is_told_and_harms_nothing(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    with Device(mosquitto.port, tmp_path / "o.sqlite") as device:
        assert hub._client is not None
        hub._client.publish(
            topics.booked(STORE, device.outbox.outbox_id), b'{"v":1,"type":"booked_through","booked_through":"all"}', retain=True
        )
        wait_for(lambda: "answer_undecodable" in device.fault_codes(), "it is told")
        device.outbox.put(weight(1))
        wait_for(lambda: device.outbox.depth == 0, "the next letter is booked all the same")


def test_a_device_says_when_it_is_born_how_it_is_and_that_it_leaves(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    with Device(mosquitto.port, tmp_path / "o.sqlite") as device:
        wait_for(lambda: hub.healths and hub.clocks, "birth and clocks are told")
        birth, clocks = hub.healths[0], hub.clocks[0]
        assert (birth.state, birth.device_id, birth.outbox_id) == ("birth", DEVICE, device.outbox.outbox_id)
        assert (birth.outbox_capacity, birth.parts) == (10_000, ["shelf s1"])
        assert birth.disk_free_mb is not None
        assert clocks.boot_id == device.clock.boot_id
        assert abs(clocks.wall_clock_ms - device.clock.wall_ms()) < 5_000
        device.faults.raise_fault("shelf s1", "scale_silent", "no weight", "check the wires")
        wait_for(lambda: hub.healths[-1].faults, "a new fault is told at once")
        assert hub.healths[-1].state == "alive"
    wait_for(lambda: hub.healths[-1].state == "death", "a clean stop is told")


def test_two_devices_of_the_same_name_are_told_to_look_for_each_other(mosquitto: Any, hub: SmallHub, tmp_path: Path) -> None:
    with Device(mosquitto.port, tmp_path / "a.sqlite") as one, Device(mosquitto.port, tmp_path / "b.sqlite") as twin:
        wait_for(lambda: "connection_keeps_breaking" in one.fault_codes() | twin.fault_codes(), "told")
        one.outbox.put(weight(1))
        twin.outbox.put(weight(2))
        wait_for(lambda: one.outbox.depth == 0 and twin.outbox.depth == 0, "and nothing is lost meanwhile")

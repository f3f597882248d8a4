"""The hub's line to a real Mosquitto: nothing read without room, acknowledged by hand, refusals told, one hub of a name."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mqtt5
import pytest

from store_hub.adapters.broker_link import RECEIVE_MAXIMUM, BrokerLink, Delivered
from store_hub.adapters.clock import HubClock
from store_hub.config import BrokerConfig
from store_hub.flows.inbox import Dropped, Inbox

SEEN = "stores/corner/v1/seen"


class Counter:
    """A receiver with as much room as the test gives it."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.messages: list[Delivered] = []
        self.lines_up = 0
        self.acknowledged = 0

    def has_room(self) -> bool:
        return len(self.messages) < self.room

    def put_messages(self, messages: list[Delivered]) -> None:
        self.messages += messages

    def put_line_up(self) -> None:
        self.lines_up += 1


def until(true: Callable[[], bool], timeout_s: float = 10.0) -> None:
    ended = threading.Event()
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        ended.wait(0.01)


Opener = Callable[..., tuple[BrokerLink, Any]]


@pytest.fixture
def open_link() -> Iterator[Opener]:
    links: list[BrokerLink] = []

    def open_(config: BrokerConfig, *, receiver: Any = None, client_id: str = "hub-1") -> tuple[BrokerLink, Any]:
        counter = Counter() if receiver is None else receiver
        link = BrokerLink(config, client_id=client_id, filters=[(f"{SEEN}/+/+", 1)], clock=HubClock(), receiver=counter)
        link.start()
        links.append(link)
        return link, counter

    yield open_
    for link in links:
        link.stop()


def edge(port: int, count: int, tls: ssl.SSLContext | None = None) -> socket.socket:
    """Connect as an edge and publish `count` letters with QoS 1."""
    link = socket.create_connection(("127.0.0.1", port))
    if tls is not None:
        link = tls.wrap_socket(link, server_hostname="127.0.0.1")
    link.sendall(mqtt5.ConnectPacket("edge", clean_start=True).write())
    link.recv(200)
    for number in range(1, count + 1):
        topic = f"{SEEN}/{'a' * 32}/{number}"
        link.sendall(mqtt5.PublishPacket(topic, b"x" * 200, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number).write())
    return link


def test_the_hub_hears_in_order_and_is_heard(mosquitto: Any, open_link: Opener) -> None:
    link, counter = open_link(BrokerConfig(port=mosquitto.port))
    assert link.wait_connected(10)
    sender = edge(mosquitto.port, 500)
    until(lambda: len(counter.messages) == 500)
    assert [int(m.topic.rsplit("/", 1)[1]) for m in counter.messages] == list(range(1, 501))
    link.publish("stores/corner/v1/booked/a", b"500", retain=True)
    listener = socket.create_connection(("127.0.0.1", mosquitto.port), timeout=10)
    listener.sendall(mqtt5.ConnectPacket("listener", clean_start=True).write())
    listener.recv(200)
    listener.sendall(mqtt5.SubscribePacket(1, [mqtt5.TopicFilter("stores/corner/v1/booked/+")]).write())
    heard = b""
    while b"500" not in heard:
        heard += listener.recv(4096)
    sender.close()
    listener.close()


def test_what_is_not_acknowledged_counts_against_what_the_broker_may_send(mosquitto: Any, open_link: Opener) -> None:
    link, counter = open_link(BrokerConfig(port=mosquitto.port))
    assert link.wait_connected(10)
    sender = edge(mosquitto.port, RECEIVE_MAXIMUM + 500)
    until(lambda: len(counter.messages) == RECEIVE_MAXIMUM)
    time.sleep(0.2)  # Time in which more would come, were it allowed.
    assert len(counter.messages) == RECEIVE_MAXIMUM
    link.acknowledge(counter.messages[:600])
    until(lambda: len(counter.messages) == RECEIVE_MAXIMUM + 500)
    sender.close()


def test_a_device_that_floods_does_not_make_the_hub_deaf_to_the_others(mosquitto: Any, open_link: Opener) -> None:
    inbox = Inbox(items_max=4_000, letters_per_s=1.0)
    link, _ = open_link(BrokerConfig(port=mosquitto.port), receiver=inbox)
    assert link.wait_connected(10)
    with edge(mosquitto.port, RECEIVE_MAXIMUM + 1_000):
        until(lambda: len(inbox) >= 2_000)
        other = socket.create_connection(("127.0.0.1", mosquitto.port))
        other.sendall(mqtt5.ConnectPacket("other", clean_start=True).write())
        other.recv(200)
        other.sendall(mqtt5.PublishPacket(f"{SEEN}/{'b' * 32}/1", b"x", qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=1).write())
        heard = set()
        deadline = time.monotonic() + 10
        while "b" * 32 not in heard and time.monotonic() < deadline:
            for item in inbox.gather(at_most=500, wait_s=0.5, linger_s=0.0):
                if isinstance(item, Delivered | Dropped):
                    shells = [item] if isinstance(item, Delivered) else item.shells
                    heard |= {each.topic.split("/")[4] for each in shells if each.payload}
                    link.acknowledge(shells)
        assert "b" * 32 in heard
        other.close()


def test_without_room_nothing_is_read_and_with_room_nothing_is_missing(mosquitto: Any, open_link: Opener) -> None:
    link, counter = open_link(BrokerConfig(port=mosquitto.port), receiver=Counter(room=100))
    assert link.wait_connected(10)
    sender = edge(mosquitto.port, 1_900)
    until(lambda: len(counter.messages) >= 100)
    time.sleep(0.2)
    held = len(counter.messages)
    assert held < 1_900, "one read may bring some hundreds, no more"
    counter.room = 1_000_000
    until(lambda: len(counter.messages) == 1_900)
    assert len({m.mid for m in counter.messages}) == 1_900
    sender.close()


def test_after_the_broker_was_away_the_line_comes_back_and_old_acknowledgements_are_left(mosquitto: Any, open_link: Opener) -> None:
    link, counter = open_link(BrokerConfig(port=mosquitto.port))
    assert link.wait_connected(10)
    with edge(mosquitto.port, 3):
        until(lambda: len(counter.messages) == 3)
    mosquitto.kill()
    until(lambda: not link.connected)
    assert "connection" in link.problem or "refused" in link.problem
    mosquitto.start()
    until(lambda: link.connected and counter.lines_up == 2)
    link.acknowledge(counter.messages)  # Of no use on the new line, and no harm.
    with edge(mosquitto.port, 2):
        until(lambda: len(counter.messages) == 5)
    assert link.problem == ""


def test_two_hubs_on_copies_of_one_ledger_are_told_of_and_do_not_throw_each_other_out_without_end(
    mosquitto: Any, open_link: Opener
) -> None:
    first, counter = open_link(BrokerConfig(port=mosquitto.port))
    assert first.wait_connected(10)
    second, _ = open_link(BrokerConfig(port=mosquitto.port))
    assert second.wait_connected(10)
    until(lambda: "no other hub runs on a copy of this ledger" in first.problem)
    began, lines_up = time.monotonic(), counter.lines_up
    until(lambda: time.monotonic() - began > 3.0)
    assert counter.lines_up - lines_up < 8


def test_a_wrong_password_is_told(tmp_path: Path, mosquitto_with: Any, open_link: Opener) -> None:
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(tmp_path / "passwords"), "hub", "right"], check=True, capture_output=True)
    for name in ("right", "wrong"):
        (tmp_path / name).write_text(f"{name}\n", encoding="utf-8")
    port = mosquitto_with(f"allow_anonymous false\npassword_file {tmp_path / 'passwords'}").port
    refused, _ = open_link(BrokerConfig(port=port, username="hub", password_file=str(tmp_path / "wrong")))
    until(lambda: "refused: not authorized" in refused.problem)
    welcome, _ = open_link(BrokerConfig(port=port, username="hub", password_file=str(tmp_path / "right")), client_id="hub-2")
    assert welcome.wait_connected(10)


def test_a_broker_that_will_not_let_us_hear_the_devices_is_told(open_link: Opener) -> None:
    """Mosquitto says yes to every subscription and then sends nothing; other brokers say no."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        link, _ = open_link(BrokerConfig(port=server.getsockname()[1]))
        peer, _ = server.accept()
        peer.recv(4096)
        peer.sendall(mqtt5.ConnAckPacket().write())
        peer.recv(4096)
        peer.sendall(mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.NOT_AUTHORIZED]).write())
        until(lambda: f"may not hear {SEEN}/+/+ (not authorized); correct the broker's access list" in link.problem)
        assert not link.connected
        peer.close()


def make_certificates(folder: Path) -> None:
    """A key and a certificate of its own for 127.0.0.1."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem"),
        ],
        check=True, capture_output=True,
    )  # fmt: skip


def test_over_tls_the_hub_hears_thousands_and_acknowledges_them(tmp_path: Path, mosquitto_with: Any, open_link: Opener) -> None:
    make_certificates(tmp_path)
    port = mosquitto_with(f"allow_anonymous true\ncertfile {tmp_path / 'certificate.pem'}\nkeyfile {tmp_path / 'key.pem'}").port
    trusting, counter = open_link(BrokerConfig(port=port, ca_file=str(tmp_path / "certificate.pem")))
    assert trusting.wait_connected(10)
    (tmp_path / "strangers").mkdir()
    make_certificates(tmp_path / "strangers")
    doubting, _ = open_link(BrokerConfig(port=port, ca_file=str(tmp_path / "strangers" / "certificate.pem")), client_id="hub-2")
    until(lambda: "certificate verify failed" in doubting.problem)
    sender = edge(port, 5_000, ssl.create_default_context(cafile=str(tmp_path / "certificate.pem")))
    while len(counter.messages) < 5_000:
        until(lambda: len(counter.messages) >= min(5_000, counter.acknowledged + 500))
        trusting.acknowledge(counter.messages[counter.acknowledged :])
        counter.acknowledged = len(counter.messages)
    assert [int(m.topic.rsplit("/", 1)[1]) for m in counter.messages] == list(range(1, 5_001))
    sender.close()

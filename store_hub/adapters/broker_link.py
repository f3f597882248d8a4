"""The hub's line to the broker: MQTT 5, acknowledged by hand, reconnecting with a jittered back-off.

Its thread does nothing but hand messages on. When the receiver has no room, it leaves them in the socket, and thereby with the broker,
while acknowledgements and heartbeats go on.
"""

from __future__ import annotations

import enum
import random
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import mqtt5
import structlog

from store_hub.adapters.mqtt_connection import PACKET_MAXIMUM_BYTES, ConnectionGone, Letter, MqttConnection, Packet
from store_hub.config import BrokerConfig
from store_hub.errors import ConfigurationInvalid

RECEIVE_MAXIMUM = 8_000
"""Messages that the broker may have under way to us at once: several times what one device may have waiting, lest it alone fill them."""

KEEPALIVE_S = 30
CONNECT_TIMEOUT_S = 10.0
TURN_S = 1.0
NO_ROOM_PAUSE_S = 0.002
BACK_OFF_FIRST_S = 0.2
BACK_OFF_MAX_S = 30.0
STEADY_S = 10.0
"""A connection that ends sooner makes us slower to come again: two hubs of one name would throw each other out without end."""

ANOTHER_HUB = "; if that goes on, see that no other hub runs on a copy of this ledger"
FAILURE_FROM = 0x80
"""Reason codes from here on are refusals, in every packet of MQTT 5."""

PUBACK_OF_TWO = 0x4002
"""The head of a PUBACK that consents (MQTT 5.0, section 3.4): its packet identifier is all that follows."""

_PUBACK = struct.Struct("!HH").pack
_log = structlog.get_logger("broker_link")


class Delivered(NamedTuple):
    """A message as the broker delivered it. `line` numbers the connection: an acknowledgement is of use on that one only."""

    topic: str
    payload: bytes
    retained: bool
    mid: int
    qos: int
    line: int
    received_at_ms: int


class Clock(Protocol):
    """Tells the present."""

    def now_ms(self) -> int:
        """Unix time, UTC, milliseconds."""


class Receiver(Protocol):
    """Where messages go, in the order they came."""

    def has_room(self) -> bool:
        """Whether more may be brought now."""

    def put_messages(self, messages: list[Delivered]) -> None:
        """Take them; must not block."""

    def put_line_up(self) -> None:
        """The broker hears us (again)."""


class BrokerLink:
    """One connection, kept up by a thread of its own.

    Args:
        client_id: the ledger's own, so that a second hub on a copy of the ledger throws the first out instead of booking beside it.
        filters: what to hear, with the quality of service.
        receiver: called on the link's thread.
        last_word: topic and payload that the broker publishes, retained, when we are gone, whether orderly or not.
    """

    def __init__(
        self,
        config: BrokerConfig,
        *,
        client_id: str,
        filters: Sequence[tuple[str, int]],
        clock: Clock,
        receiver: Receiver,
        last_word: tuple[str, bytes] | None = None,
    ) -> None:
        self._config = config
        self._last_word = last_word
        self._connect_packet = _connect_packet(config, client_id, last_word)
        self._subscribe_packet = mqtt5.SubscribePacket(1, [mqtt5.TopicFilter(name, max_qos=mqtt5.QoS(qos)) for name, qos in filters])
        tls_context(config)  # Unusable files are told at once.
        self._clock = clock
        self._receiver = receiver
        self._line = 0
        self._connection: MqttConnection | None = None
        self._connected = threading.Event()
        self._stop = threading.Event()
        self._jitter = random.Random()
        self._thread = threading.Thread(target=self._keep_up, name="broker-link", daemon=True)
        self.problem = "not connected yet"

    @property
    def connected(self) -> bool:
        """Whether the broker hears us now."""
        return self._connected.is_set()

    @property
    def line(self) -> int:
        """The number of the present or last connection; it grows with each."""
        return self._line

    def start(self) -> None:
        """Begin to connect, and keep at it."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnect orderly; waits at most two seconds."""
        if self._last_word is not None:
            self.publish(*self._last_word, retain=True)  # An orderly farewell makes the broker forget our last will.
        self._stop.set()
        self._say(mqtt5.DisconnectPacket().write())
        if self._thread.is_alive():
            self._thread.join(2.0)

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait until the broker hears us; False after the time is up."""
        return self._connected.wait(timeout_s)

    def acknowledge(self, delivered: Iterable[Delivered]) -> None:
        """Tell the broker that these are booked. Those of an earlier connection are left: they come again and are known then."""
        line = self._line
        self._say(b"".join([_PUBACK(PUBACK_OF_TWO, m.mid) for m in delivered if m.qos == 1 and m.line == line]))

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Publish once (QoS 0): what matters is retained, and said again after each connect."""
        self._say(mqtt5.PublishPacket(topic, payload, retain=retain).write())

    def _say(self, data: bytes) -> None:
        connection = self._connection
        if data and connection is not None and self._connected.is_set():
            connection.send(data)

    # ---- the thread that keeps the line up

    def _keep_up(self) -> None:
        back_off_s = BACK_OFF_FIRST_S
        while not self._stop.is_set():
            connection, opened_at = None, time.monotonic()
            try:
                connection = MqttConnection(self._open(), keepalive_s=KEEPALIVE_S)
                self._attend(connection)
            except ConnectionGone as gone:
                short_lived = self._connected.is_set() and time.monotonic() - opened_at < STEADY_S
                self._tell_problem(f"{self._config.host}:{self._config.port}: {gone}{ANOTHER_HUB if short_lived else ''}")
            finally:
                self._connected.clear()
                self._connection = None
                if connection is not None:
                    connection.close()
            if time.monotonic() - opened_at >= STEADY_S:
                back_off_s = BACK_OFF_FIRST_S
            self._stop.wait(back_off_s * (0.5 + self._jitter.random()))
            back_off_s = min(back_off_s * 2.0, BACK_OFF_MAX_S)

    def _open(self) -> socket.socket:
        try:
            link = socket.create_connection((self._config.host, self._config.port), timeout=CONNECT_TIMEOUT_S)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tls = tls_context(self._config)  # Anew each time: the certificate may have been renewed.
            return link if tls is None else tls.wrap_socket(link, server_hostname=self._config.server_name or self._config.host)
        except (OSError, ConfigurationInvalid) as error:
            raise ConnectionGone(str(error)) from None

    def _attend(self, connection: MqttConnection) -> None:
        """Introduce ourselves, subscribe, hand on what comes; returns when the hub stops.

        Raises:
            ConnectionGone: with the broker's or the system's reason.
        """
        self._line += 1
        connection.send(self._connect_packet.write())
        give_up_at, unreadable = time.monotonic() + CONNECT_TIMEOUT_S, 0
        while not self._stop.is_set():
            reading = self._receiver.has_room()
            packets = connection.turn(TURN_S if reading else NO_ROOM_PAUSE_S, reading=reading)
            letters = [packet for packet in packets if isinstance(packet, Letter)]
            if len(letters) < len(packets):
                for packet in packets:
                    self._heed(packet, connection)
            if letters:
                self._hand_on(letters)
            if connection.unreadable > unreadable:
                unreadable = connection.unreadable
                _log.warning("letters too large or against the standard were not taken", count=unreadable, advice="update the broker")
            if not self._connected.is_set() and time.monotonic() > give_up_at:
                raise ConnectionGone("the broker did not consent in time")
        connection.turn(0.0, reading=False)  # Our farewell.

    def _heed(self, packet: Packet, connection: MqttConnection) -> None:
        match packet:
            case mqtt5.ConnAckPacket():
                if int(packet.reason_code) >= FAILURE_FROM:
                    raise ConnectionGone(f"refused: {packet.reason_str or _words(packet.reason_code)}")
                connection.send(self._subscribe_packet.write())
            case mqtt5.SubAckPacket():
                for filter_, code in zip(self._subscribe_packet.topic_filters, packet.reason_codes, strict=False):
                    if int(code) >= FAILURE_FROM:
                        raise ConnectionGone(f"we may not hear {filter_.pattern} ({_words(code)}); correct the broker's access list")
                self._connection = connection
                self._connected.set()
                self.problem = ""
                _log.info("connected to the broker", host=self._config.host, port=self._config.port)
                self._receiver.put_line_up()
            case mqtt5.DisconnectPacket():
                raise ConnectionGone(f"the broker ended it: {packet.reason_str or _words(packet.reason_code)}")

    def _hand_on(self, letters: list[Letter]) -> None:
        line, now_ms = self._line, self._clock.now_ms()
        self._receiver.put_messages([Delivered(x.topic, x.payload, x.retained, x.packet_id, x.qos, line, now_ms) for x in letters])

    def _tell_problem(self, problem: str) -> None:
        if problem != self.problem:
            _log.warning("no broker", problem=problem, advice="start it, or correct [broker]; the edges keep what they see meanwhile")
        self.problem = problem


def _words(code: enum.IntEnum) -> str:
    return code.name.replace("_", " ").lower()


def _connect_packet(config: BrokerConfig, client_id: str, last_word: tuple[str, bytes] | None) -> mqtt5.ConnectPacket:
    return mqtt5.ConnectPacket(
        client_id,
        will=None if last_word is None else mqtt5.Will(last_word[0], payload=last_word[1], retain=True),
        username=config.username,
        password=None if config.username is None else _secret(config.password_file),
        clean_start=True,
        keep_alive=KEEPALIVE_S,
        # The broker must not keep what only the edges' outboxes keep safely; and so they also see when nobody listens.
        session_expiry_interval=0,
        receive_max=RECEIVE_MAXIMUM,
        max_packet_size=PACKET_MAXIMUM_BYTES,
    )


def tls_context(config: BrokerConfig) -> ssl.SSLContext | None:
    """How the connection is secured; None: not at all.

    Raises:
        ConfigurationInvalid: the certificates cannot be used.
    """
    if config.ca_file is None:
        return None
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=config.ca_file)
        if config.certificate_file is not None:
            context.load_cert_chain(config.certificate_file, config.key_file)
    except (OSError, ValueError) as error:
        raise ConfigurationInvalid(path="[broker]", field="ca_file", problem=f"the certificates cannot be used: {error}") from None
    return context


def _secret(path: str | None) -> bytes | None:
    if path is None:
        return None
    try:
        return Path(path).read_bytes().strip()
    except OSError as error:
        raise ConfigurationInvalid(path=path, field="broker.password_file", problem=f"cannot be read: {error.strerror}") from None

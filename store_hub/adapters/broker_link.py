"""The hub's line to the broker: MQTT 5, acknowledged by hand, reconnecting with a jittered back-off.

The callback does nothing but hand the message on; if the receiver lets it wait, the socket waits, and with it the broker.
"""

from __future__ import annotations

import random
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import structlog
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from store_hub.config import BrokerConfig
from store_hub.errors import ConfigurationInvalid

RECEIVE_MAXIMUM = 2_000
"""Messages that the broker may have under way to us at once."""

PACKET_MAXIMUM_BYTES = 1 << 20
"""The broker keeps larger ones from us: no observation comes near."""

KEEPALIVE_S = 30
_PUBACK = b"\x40\x02"  # An acknowledgement's head: its kind, and that only the message's number follows.
BACK_OFF_FIRST_S = 0.2
BACK_OFF_MAX_S = 30.0

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


class BrokerLink:
    """One connection, kept up by a thread of its own.

    Args:
        client_id: the ledger's own, so that a second hub on a copy of the ledger throws the first out instead of booking beside it.
        filters: what to hear, with the quality of service.
        on_message: called on paho's thread; may block, and thereby holds the broker back.
        on_connected: called on paho's thread after each connect.
    """

    def __init__(
        self,
        config: BrokerConfig,
        *,
        client_id: str,
        filters: Sequence[tuple[str, int]],
        clock: Clock,
        on_message: Callable[[Delivered], None],
        on_connected: Callable[[], None],
    ) -> None:
        self._config = config
        self._filters = list(filters)
        self._clock = clock
        self._on_message = on_message
        self._on_connected = on_connected
        self._line = 0
        self._connected = threading.Event()
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._jitter = random.Random()
        self._client = self._make_client(client_id)
        self._thread = threading.Thread(target=self._keep_up, name="broker-link", daemon=True)
        self.problem = "not connected yet"

    @property
    def connected(self) -> bool:
        """Whether the broker hears us now."""
        return self._connected.is_set()

    def start(self) -> None:
        """Begin to connect, and keep at it."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnect orderly; waits at most two seconds."""
        self._stop.set()
        self._lost.set()
        self._client.disconnect()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait until the broker hears us; False after the time is up."""
        return self._connected.wait(timeout_s)

    def acknowledge(self, delivered: Iterable[Delivered]) -> None:
        """Tell the broker that these are booked. Those of an earlier connection are left: they come again and are known then."""
        line = self._line
        mids = [message.mid for message in delivered if message.qos == 1 and message.line == line]
        if mids:
            _acknowledge_all(self._client, mids)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Publish once (QoS 0): what matters is retained, and said again after each connect."""
        if self._connected.is_set():
            self._client.publish(topic, payload, qos=0, retain=retain)

    # ---- the thread that keeps the line up

    def _keep_up(self) -> None:
        back_off_s = BACK_OFF_FIRST_S
        while not self._stop.is_set():
            self._lost.clear()
            try:
                self._client.connect(
                    self._config.host, self._config.port, keepalive=KEEPALIVE_S, clean_start=True, properties=_connect_properties()
                )
            except (OSError, ValueError) as error:
                self._tell_problem(f"{self._config.host}:{self._config.port}: {error}")
            else:
                self._client.loop_start()
                self._lost.wait()
                if self._connected.is_set():
                    back_off_s = BACK_OFF_FIRST_S
                self._connected.clear()
                self._client.loop_stop()
            self._stop.wait(back_off_s * (0.5 + self._jitter.random()))
            back_off_s = min(back_off_s * 2.0, BACK_OFF_MAX_S)

    def _tell_problem(self, problem: str) -> None:
        if problem != self.problem:
            _log.warning("no broker", problem=problem, advice="start it, or correct [broker]; the edges keep what they see meanwhile")
        self.problem = problem

    # ---- paho's callbacks

    def _connected_now(self, client: mqtt.Client, userdata: Any, flags: mqtt.ConnectFlags, reason: ReasonCode, properties: Any) -> None:
        if reason.is_failure:
            self._tell_problem(f"{self._config.host}:{self._config.port} refused: {reason}")
            self._lost.set()
            return
        self._line += 1
        client.subscribe([(name, SubscribeOptions(qos=qos)) for name, qos in self._filters])
        self._connected.set()
        self.problem = ""
        _log.info("connected to the broker", host=self._config.host, port=self._config.port, session_kept=flags.session_present)
        self._on_connected()

    def _disconnected(self, client: mqtt.Client, userdata: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        if not self._stop.is_set():
            self._tell_problem(f"connection lost: {reason}")
        self._lost.set()

    def _delivered(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = repr(message)
        self._on_message(
            Delivered(topic, bytes(message.payload), message.retain, message.mid, message.qos, self._line, self._clock.now_ms())
        )

    def _make_client(self, client_id: str) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=True, reconnect_on_failure=False
        )
        client.on_connect = self._connected_now
        client.on_disconnect = self._disconnected
        client.on_message = self._delivered
        if self._config.username is not None:
            client.username_pw_set(self._config.username, _secret(self._config.password_file))
        if self._config.ca_file is not None:
            try:
                config = self._config
                client.tls_set(config.ca_file, config.certificate_file, config.key_file, tls_version=ssl.PROTOCOL_TLS_CLIENT)
            except (OSError, ValueError) as error:
                raise ConfigurationInvalid(path="[broker]", field="ca_file", problem=f"the certificates cannot be used: {error}") from None
        return client


def _acknowledge_all(client: mqtt.Client, mids: list[int]) -> None:
    """Acknowledge a batch as one piece. Through paho's `ack` each would wake its thread and cost a system call of its own."""
    queue = getattr(client, "_packet_queue", None)
    if queue is None:  # Not promised by paho: without it, one by one.
        for mid in mids:
            client.ack(mid, 1)
        return
    queue(mqtt.PUBACK, b"".join(_PUBACK + mid.to_bytes(2) for mid in mids), 0, 0)


def _connect_properties() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it without types.
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    properties.MaximumPacketSize = PACKET_MAXIMUM_BYTES
    # The broker must not keep what only the edges' outboxes keep safely; and so they also see when nobody listens.
    properties.SessionExpiryInterval = 0
    return properties


def _secret(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationInvalid(path=path, field="broker.password_file", problem=f"cannot be read: {error.strerror}") from None

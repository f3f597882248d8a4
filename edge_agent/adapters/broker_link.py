"""One connection to the hub's broker: MQTT 5, driven by the thread that owns it.

paho's own queues are never trusted: each connection starts from a new client with nothing in it, and what must survive is in the outbox.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.config import BrokerConfig
from edge_agent.errors import BrokerUnavailable

KEEPALIVE_S = 30
CONNECT_TIMEOUT_S = 5.0
ARRIVED_MAX = 1000
_NO_MATCHING_SUBSCRIBERS = 0x10
_SESSION_TAKEN_OVER = 0x8E


class Post(NamedTuple):
    """Something to say: to the broker now, or as a last will."""

    topic: str
    payload: bytes
    qos: int = 1
    is_retained: bool = False


class Arrival(NamedTuple):
    """Something the broker handed us; `is_retained`: it was said before we came."""

    topic: str
    payload: bytes
    is_retained: bool = False


class BrokerLink:
    """Not thread-safe, except for `wake`.

    Args:
        config: where the broker is and what it wants to see.
        client_id: this device's name at the broker; a second device with the same one throws the first out.
        unacknowledged_max: QoS 1 messages on their way at one time; the broker may ask for fewer.
        connect_timeout_s: how long the broker may take to answer at all, and then to let us in.
    """

    def __init__(
        self, config: BrokerConfig, *, client_id: str, unacknowledged_max: int = 200, connect_timeout_s: float = CONNECT_TIMEOUT_S
    ) -> None:
        self._config = config
        self._client_id = client_id
        self._unacknowledged_max = unacknowledged_max
        self._connect_timeout_s = connect_timeout_s
        self.name = f"{config.host}:{config.port}"
        self.is_heard = True
        """Whether somebody listened to what was acknowledged last: False while no hub subscribes."""
        self.refusal: str | None = None
        """Why the broker refused the message acknowledged last; None when it took it."""
        self._client: mqtt.Client | None = None
        self._awake_reader, self._awake_writer = socket.socketpair()
        self._awake_reader.setblocking(False)
        self._awake_writer.setblocking(False)
        self._reset()

    def _reset(self) -> None:
        self._arrived: deque[Arrival] = deque(maxlen=ARRIVED_MAX)
        self._waiting_for: set[int] = set()
        self._connack: ReasonCode | None = None
        self._lost: str | None = None
        self._limit = self._unacknowledged_max

    def connect(self, last_will: Post | None) -> None:
        """Connect and wait for the broker's consent, some seconds at most.

        Raises:
            BrokerUnavailable: it does not answer, refuses, or the TLS files are unusable.
        """
        self.close()
        self._reset()
        client = self._made_client(last_will)
        # Nothing must outlive the connection on the broker's side either: session expiry 0.
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0
        try:
            client.connect(self._config.host, self._config.port, keepalive=KEEPALIVE_S, clean_start=True, properties=properties)
        except ssl.SSLError as error:
            raise self._unavailable(f"TLS failed ({error.reason or error})", "check the certificates in [broker]") from error
        except (OSError, ValueError) as error:
            raise self._unavailable(
                f"cannot be reached ({_reason(error)})", "check that the hub is on and [broker] host and port"
            ) from error
        self._client = client
        deadline = time.monotonic() + self._connect_timeout_s
        while self._connack is None:
            if time.monotonic() > deadline:
                self.close()
                raise self._unavailable("does not answer as an MQTT 5 broker", "check [broker] host and port")
            self.turn(0.2)
        if self._connack.is_failure:
            reason = str(self._connack)
            self.close()
            raise self._unavailable(f"refused this device ({reason})", "check username, password file and certificate in [broker]")

    def subscribe(self, topic: str) -> None:
        """Ask for a topic. Its retained message, if any, arrives soon after."""
        if self._client is not None:
            self._client.subscribe(topic, qos=1)

    @property
    def room(self) -> int:
        """How many QoS 1 messages may be published before the broker must answer."""
        return max(0, self._limit - len(self._waiting_for))

    def publish(self, post: Post) -> None:
        """Hand a message to the connection. Nothing is kept when the connection is lost."""
        if self._client is None:
            return
        handle = self._client.publish(post.topic, post.payload, qos=post.qos, retain=post.is_retained)
        if post.qos > 0 and handle.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._waiting_for.add(handle.mid)

    def turn(self, timeout_s: float) -> list[Arrival]:
        """Let the connection work until something arrives, `wake` is called or the time is over; returns what arrived.

        Raises:
            BrokerUnavailable: the connection was lost.
        """
        client = self._client
        if client is None or client.socket() is None:
            raise self._unavailable(self._lost or "the connection was lost", "it is tried again by itself")
        wire: Any = client.socket()
        has_pending = bool(wire.pending()) if isinstance(wire, ssl.SSLSocket) else False
        writing = [wire] if client.want_write() else []
        try:
            readable, writable, _ = select.select([wire, self._awake_reader], writing, [], 0.0 if has_pending else timeout_s)
        except (OSError, ValueError):
            readable, writable = [wire], []
        if self._awake_reader in readable:
            with contextlib.suppress(BlockingIOError):
                self._awake_reader.recv(4096)
        if wire in readable or has_pending:
            client.loop_read()
        if writable or client.want_write():
            client.loop_write()
        client.loop_misc()
        if client.socket() is None and self._connack is None:
            self._lost = self._lost or "closed the connection at once"
        if client.socket() is None and not (self._connack is not None and self._connack.is_failure):
            raise self._unavailable(self._lost or "the connection was lost", "it is tried again by itself")
        arrived = list(self._arrived)
        self._arrived.clear()
        return arrived

    def wake(self) -> None:
        """End a waiting `turn` at once. Any thread may call this."""
        with contextlib.suppress(OSError):  # Full means that it is awake already; closed, that it has ended.
            self._awake_writer.send(b"!")

    def flush(self, timeout_s: float) -> None:
        """Wait until the broker has acknowledged what was published, or the time is over."""
        deadline = time.monotonic() + timeout_s
        with contextlib.suppress(BrokerUnavailable):
            while self._waiting_for and time.monotonic() < deadline:
                self.turn(0.1)

    def close(self) -> None:
        """Say goodbye to the broker, which then drops the last will."""
        client, self._client = self._client, None
        if client is not None and client.socket() is not None:
            client.disconnect()
            client.loop_write()

    def _made_client(self, last_will: Post | None) -> mqtt.Client:
        config = self._config
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=mqtt.MQTTv5)
        client.connect_timeout = self._connect_timeout_s
        client.max_inflight_messages_set(self._unacknowledged_max)
        client.max_queued_messages_set(2 * self._unacknowledged_max)
        if last_will is not None:
            client.will_set(last_will.topic, last_will.payload, qos=last_will.qos, retain=last_will.is_retained)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        try:
            if config.username is not None:
                password = Path(config.password_file).read_text(encoding="utf-8").strip() if config.password_file else None
                client.username_pw_set(config.username, password)
            if config.server_name is not None:
                client.tls_set_context(_named_context(config, config.server_name))
            elif config.ca_file is not None or config.certificate_file is not None:
                client.tls_set(ca_certs=config.ca_file, certfile=config.certificate_file, keyfile=config.key_file)
        except (OSError, ValueError) as error:
            named = getattr(error, "filename", None) or "certificate or password file"
            raise self._unavailable(f"cannot use {named} ({_reason(error)})", "check the file names in [broker]") from error
        return client

    def _unavailable(self, problem: str, advice: str) -> BrokerUnavailable:
        return BrokerUnavailable(broker=self.name, problem=problem, advice=advice)

    def _on_connect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, properties: Properties | None) -> None:
        self._connack = reason
        self._limit = min(self._unacknowledged_max, int(getattr(properties, "ReceiveMaximum", 65535)))

    def _on_disconnect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Properties | None) -> None:
        if reason.value == _SESSION_TAKEN_OVER:
            self._lost = f"another device uses the name {self._client_id!r} and took the connection"
        elif self._connack is None and self._config.certificate_file is not None:
            self._lost = "closed the connection at once: it may not accept this device's certificate (any more)"
        else:
            self._lost = f"the connection was lost ({reason})"

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._arrived.append(Arrival(message.topic, bytes(message.payload), bool(message.retain)))

    def _on_publish(self, _client: mqtt.Client, _data: Any, mid: int, reason: ReasonCode, _properties: Properties | None) -> None:
        self._waiting_for.discard(mid)
        self.refusal = str(reason) if reason.is_failure else None
        if not reason.is_failure:
            self.is_heard = reason.value != _NO_MATCHING_SUBSCRIBERS


class _NamedContext(ssl.SSLContext):
    """Asks for the broker by the name in its certificate, at whatever address it is."""

    server_name: str

    def wrap_socket(self, sock: socket.socket, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        return super().wrap_socket(sock, *arguments, **{**options, "server_hostname": self.server_name})


def _named_context(config: BrokerConfig, server_name: str) -> ssl.SSLContext:
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = server_name
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(config.ca_file)
    if config.certificate_file is not None:
        context.load_cert_chain(config.certificate_file, config.key_file)
    return context


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()

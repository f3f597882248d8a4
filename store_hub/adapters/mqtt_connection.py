"""One MQTT 5 connection: bytes in, letters and packets out, a queue that any thread may fill, a heartbeat, and no thread of its own.

paho's client takes longer to read a letter than the hub to book it, so letters are read here, straight from the bytes. That is also
safer: what devices can write (topic, properties, payload) passes through no parser but these few lines. Everything else that goes over
the line is between broker and hub, is rare, and is `mqtt5`'s.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import mqtt5


class Letter(NamedTuple):
    """A PUBLISH as it came. `packet_id` is 0 at QoS 0; the properties are left out, for nothing of ours uses them."""

    topic: str
    payload: bytes
    packet_id: int
    qos: int
    retained: bool


Packet = mqtt5.Packet | Letter

RECEIVE_BYTES = 1 << 18
"""Taken from the socket at once: some hundreds of letters."""

PACKET_MAXIMUM_BYTES = 1 << 20
"""The broker is to keep larger ones from us: no observation comes near."""

PUBLISH = 3


class ConnectionGone(Exception):
    """The connection cannot be made or has ended; the text says why, as a part of a sentence."""


class MqttConnection:
    """Packets of one connection. One thread calls `turn`; any thread may call `send`.

    Args:
        link: connected, with TLS if any. It is closed by `close`.
        keepalive_s: after half of this without a word of ours the broker is pinged; after one and a half without a word of its own
            it is taken for dead.
        clock: monotonic seconds.
    """

    def __init__(self, link: socket.socket, *, keepalive_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        link.setblocking(False)
        self.unreadable = 0
        self._link = link
        self._keepalive_s = keepalive_s
        self._clock = clock
        self._heard_at = self._said_at = clock()
        self._rest = b""
        self._to_pass = 0
        self._outgoing = bytearray()
        self._outgoing_lock = threading.Lock()
        self._awake, self._waker = socket.socketpair()
        self._awake.setblocking(False)
        self._waker.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._awake, selectors.EVENT_READ)
        self._selector.register(link, selectors.EVENT_READ)

    def send(self, data: bytes) -> None:
        """Queue bytes; they go out in order, with what else waits, at the next turn, which begins at once."""
        with self._outgoing_lock:
            was_empty = not self._outgoing
            self._outgoing += data
        if was_empty:
            with contextlib.suppress(OSError):  # Closed, or woken often enough.
                self._waker.send(b"\0")

    def turn(self, wait_s: float, *, reading: bool = True) -> list[Packet]:
        """Wait until something can be done, at most so long; do it; return what has come.

        Args:
            wait_s: at most.
            reading: False leaves what comes in the socket, and thereby with the broker.

        Raises:
            ConnectionGone: it ended, or the broker is silent.
        """
        self._watch(reading=reading)
        decrypted = isinstance(self._link, ssl.SSLSocket) and reading and self._link.pending() > 0
        ready = {key.fileobj for key, _ in self._selector.select(0.0 if decrypted else wait_s)}
        if self._awake in ready:
            self._awake.recv(4096)
        try:
            self._write()
            packets = self._read() if reading and (decrypted or self._link in ready) else []
        except OSError as error:
            raise ConnectionGone(f"the connection broke ({error.strerror or error})") from None
        self._keep_alive()
        return packets

    def close(self) -> None:
        """Close the socket; what is queued and was not sent is forgotten."""
        self._selector.close()
        self._link.close()
        self._awake.close()
        self._waker.close()

    def _watch(self, *, reading: bool) -> None:
        events = (selectors.EVENT_READ if reading else 0) | (selectors.EVENT_WRITE if self._outgoing else 0)
        known = self._selector.get_map().get(self._link)
        if known is not None and not events:
            self._selector.unregister(self._link)
        elif known is None and events:
            self._selector.register(self._link, events)
        elif known is not None and known.events != events:
            self._selector.modify(self._link, events)

    def _write(self) -> None:
        with self._outgoing_lock:
            data = bytes(self._outgoing)
        if not data:
            return
        try:
            sent = self._link.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return
        self._said_at = self._clock()
        with self._outgoing_lock:
            del self._outgoing[:sent]

    def _read(self) -> list[Packet]:
        try:
            came = self._link.recv(RECEIVE_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return []
        if not came:
            raise ConnectionGone("the broker closed the connection")
        self._heard_at = self._clock()
        passed = min(self._to_pass, len(came))
        self._to_pass -= passed
        try:
            return self._parse(self._rest + came[passed:])
        except ValueError as error:
            raise ConnectionGone(f"the broker sent what is no MQTT 5 ({error})") from None

    def _parse(self, data: bytes) -> list[Packet]:
        at, packets = 0, list[Packet]()
        while (body := _body(data, at)) is not None:
            start, end = body
            if end - start > PACKET_MAXIMUM_BYTES:
                self.unreadable += 1  # Although the broker was told; it passes by without being kept.
                self._to_pass = max(end - len(data), 0)
            elif end > len(data):
                break
            elif data[at] >> 4 == PUBLISH:
                try:
                    packets.append(_letter(data, data[at], start, end))
                except (ValueError, IndexError):
                    self.unreadable += 1  # One such must not hold up all others.
            else:
                packets.append(_other(data[at:end]))
            at = end
        self._rest = data[at:]
        return packets

    def _keep_alive(self) -> None:
        now = self._clock()
        if now - self._heard_at > 1.5 * self._keepalive_s:
            raise ConnectionGone(f"the broker has said nothing for {now - self._heard_at:.0f} s")
        if now - self._said_at > 0.5 * self._keepalive_s or now - self._heard_at > self._keepalive_s:
            self._said_at = now
            self.send(mqtt5.PingReqPacket().write())


def _body(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the packet at `at` has its body, and where it will end; None while its length is not all there.

    Raises:
        ValueError: a length of more than four bytes.
    """
    size = shift = 0
    for place in range(at + 1, min(at + 5, len(data))):
        size |= (data[place] & 0x7F) << shift
        if data[place] < 0x80:
            return place + 1, place + 1 + size
        shift += 7
    if len(data) >= at + 5:
        raise ValueError("a length of more than four bytes")
    return None


def _letter(data: bytes, head: int, start: int, end: int) -> Letter:
    """Read a PUBLISH (MQTT 5.0, section 3.3).

    Raises:
        ValueError, IndexError: a topic that is no UTF-8, or parts that reach past the end.
    """
    at = start + 2 + (data[start] << 8 | data[start + 1])
    topic = data[start + 2 : at].decode()
    qos, packet_id = head >> 1 & 3, 0
    if qos:
        packet_id = data[at] << 8 | data[at + 1]
        at += 2
    properties = _body(data, at - 1)  # The same kind of length as a packet's.
    if properties is None or properties[1] > end or qos == 3:
        raise ValueError("parts that reach past the end")
    return Letter(topic, data[properties[1] : end], packet_id, qos, bool(head & 1))


def _other(packet: bytes) -> Packet:
    try:
        return mqtt5.read(memoryview(packet))[0]
    except BaseException as error:  # noqa: BLE001  # On text that is no UTF-8, mqtt5 0.8 panics, with no Exception.
        raise ValueError(f"a packet that cannot be read: {error}") from None

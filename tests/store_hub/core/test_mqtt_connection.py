"""Bytes of a broker, whole, cut, damaged or missing: letters come out, or a reason."""

from __future__ import annotations

import contextlib
import socket
import tracemalloc
from collections.abc import Iterator

import mqtt5
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store_hub.adapters.mqtt_connection import ConnectionGone, Letter, MqttConnection, Packet


class Wire:
    """Both ends of a line without a broker, and a clock that the test turns."""

    def __init__(self) -> None:
        ours, self.theirs = socket.socketpair()
        self.now_s = 0.0
        self.connection = MqttConnection(ours, keepalive_s=30, clock=lambda: self.now_s)

    def close(self) -> None:
        self.connection.close()
        self.theirs.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    ends = Wire()
    yield ends
    ends.close()


def letter(number: int, payload: bytes = b"{}") -> bytes:
    return mqtt5.PublishPacket(f"seen/{number}", payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number).write()


def test_letters_cut_anywhere_arrive_whole(wire: Wire) -> None:
    sent = letter(1) + letter(2, b"y" * 300) + letter(3)
    heard: list[int] = []
    for byte in sent:
        wire.theirs.sendall(bytes([byte]))
        heard += [p.packet_id for p in wire.connection.turn(1.0) if isinstance(p, Letter)]
    assert heard == [1, 2, 3]


def test_a_letter_that_breaks_the_standard_holds_up_no_other(wire: Wire) -> None:
    bad = bytearray(letter(2))
    bad[bad.index(b"seen/2")] = 0xFF  # No UTF-8 any more.
    wire.theirs.sendall(letter(1) + bytes(bad) + letter(3))
    heard = [p.packet_id for p in wire.connection.turn(1.0) if isinstance(p, Letter)]
    assert heard == [1, 3]
    assert wire.connection.unreadable == 1


def test_a_letter_of_a_hundred_megabytes_passes_by_and_the_next_one_is_heard(wire: Wire) -> None:
    huge, heard = memoryview(letter(1, bytes(100_000_000)) + letter(2)), list[Packet]()
    wire.theirs.setblocking(False)
    tracemalloc.start()
    while len(huge):
        with contextlib.suppress(BlockingIOError):
            huge = huge[wire.theirs.send(huge) :]
        heard += wire.connection.turn(0.0)
    heard += wire.connection.turn(1.0)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert [p.packet_id for p in heard if isinstance(p, Letter)] == [2]
    assert wire.connection.unreadable == 1


def test_what_is_no_mqtt_ends_the_connection_with_a_reason(wire: Wire) -> None:
    wire.theirs.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 10)
    with pytest.raises(ConnectionGone, match="no MQTT 5"):
        wire.connection.turn(1.0)


def test_a_quiet_line_is_pinged_and_a_dead_one_given_up(wire: Wire) -> None:
    wire.now_s = 16.0
    wire.connection.turn(0.0)
    wire.connection.turn(0.0)
    assert wire.theirs.recv(100) == mqtt5.PingReqPacket().write()
    wire.theirs.sendall(mqtt5.PingRespPacket().write())
    wire.connection.turn(1.0)
    wire.now_s = 62.0
    with pytest.raises(ConnectionGone, match="said nothing for 46 s"):
        wire.connection.turn(0.0)


def test_a_broker_that_closes_is_told(wire: Wire) -> None:
    wire.theirs.close()
    with pytest.raises(ConnectionGone, match="closed the connection"):
        wire.connection.turn(1.0)


def test_more_than_the_socket_takes_goes_out_in_order_while_letters_come_in(wire: Wire) -> None:
    words = [mqtt5.PublishPacket(f"word/{n}", b"z" * 5_000).write() for n in range(400)]
    for word in words:
        wire.connection.send(word)
    wire.theirs.sendall(letter(1))
    heard, got = [], b""
    wire.theirs.setblocking(False)
    while len(got) < sum(map(len, words)):
        heard += wire.connection.turn(0.01)
        with contextlib.suppress(BlockingIOError):
            got += wire.theirs.recv(1 << 16)
    assert got == b"".join(words)
    assert [type(p) for p in heard] == [Letter]


@given(
    topic=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=40),
    payload=st.binary(max_size=400),
    qos=st.integers(0, 1),
    retain=st.booleans(),
    expiry_s=st.none() | st.integers(0, 2**32 - 1),
    words=st.lists(st.tuples(st.text("abc"), st.text("xyz")), max_size=3),
)
def test_letters_are_read_as_the_codec_wrote_them(
    topic: str, payload: bytes, qos: int, retain: bool, expiry_s: int | None, words: list[tuple[str, str]]
) -> None:
    written = mqtt5.PublishPacket(
        topic,
        payload,
        qos=mqtt5.QoS(qos),
        retain=retain,
        packet_id=77 if qos else None,
        message_expiry_interval=expiry_s,
        user_properties=words,
    ).write()
    wire = Wire()
    wire.theirs.sendall(written)
    assert wire.connection.turn(1.0) == [Letter(topic, payload, 77 if qos else 0, qos, retain)]
    wire.close()


@given(noise=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_damaged_bytes_end_in_letters_or_in_a_reason(noise: list[tuple[int, int]]) -> None:
    damaged = bytearray(letter(1, b"p" * 150) + mqtt5.PingRespPacket().write() + letter(2) + mqtt5.SubAckPacket(1, []).write())
    for place, value in noise:
        damaged[place % len(damaged)] = value
    wire = Wire()
    wire.theirs.sendall(bytes(damaged))
    with contextlib.suppress(ConnectionGone):
        wire.connection.turn(1.0)
    wire.close()

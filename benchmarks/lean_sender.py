"""A lean edge: letters are packed beforehand and written to a bare socket, so that the sender is never the one who is measured.

`python -m benchmarks.lean_sender PORT PER_S TOPIC_PREFIX FILE [MARKS]` waits for a line on standard input, then sends the letters of the
file, one a line, with QoS 1; PER_S 0 is as fast as the broker takes them. With MARKS, the topic of the hub's word, it is never further
ahead of what is booked than an edge's window, and sends again what is not booked when nothing is for as long as an edge waits. When all
is acknowledged (and booked), it prints as JSON when each letter was handed over (`sent`, where PER_S is not 0), when each mark was heard
(`told`: seconds and mark), both by the system's monotonic clock, and how often it began to send again (`resent`).
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from pathlib import Path

BROKER_WINDOW = 4_000
BOOKED_WINDOW = 1_000
RESEND_S = 10.0
CHUNK = 100
PUBLISH, PUBACK = 3, 4


def length_prefix(length: int) -> bytes:
    """MQTT's variable byte integer."""
    out = b""
    while True:
        length, digit = divmod(length, 128)
        out += bytes([digit | (128 if length else 0)])
        if not length:
            return out


def publish_packet(topic: str, sequence: int, payload: bytes) -> bytes:
    """An MQTT 5 PUBLISH with QoS 1."""
    name = topic.encode()
    body = struct.pack("!H", len(name)) + name + struct.pack("!H", (sequence - 1) % 65_535 + 1) + b"\0" + payload
    return b"\x32" + length_prefix(len(body)) + body


def subscribe_packet(topic: str) -> bytes:
    """An MQTT 5 SUBSCRIBE to one topic with QoS 0."""
    name = topic.encode()
    return b"\x82" + length_prefix(len(name) + 6) + b"\0\1\0" + struct.pack("!H", len(name)) + name + b"\0"


def connect(port: int) -> socket.socket:
    """Open a connection and wait for the broker's consent."""
    link = socket.create_connection(("127.0.0.1", port))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    name = b"bench-" + str(time.time_ns()).encode()
    body = b"\0\4MQTT\5\2\0\0\0" + struct.pack("!H", len(name)) + name
    link.sendall(b"\x10" + length_prefix(len(body)) + body)
    link.recv(200)
    return link


def packets_of(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole packets, and what is left over."""
    packets, at = [], 0
    while at + 2 <= len(data):
        length = shift = 0
        for place in range(at + 1, len(data)):
            length |= (data[place] & 0x7F) << shift
            shift += 7
            if data[place] < 0x80:
                break
        else:
            break
        if place + 1 + length > len(data):
            break
        packets.append(data[at : place + 1 + length])
        at = place + 1 + length
    return packets, data[at:]


class Answers:
    """Counts the broker's acknowledgements, and hears the hub's mark, on a thread of its own."""

    def __init__(self, link: socket.socket, expected: int, *, marked: bool) -> None:
        self.count = self.booked_through = 0
        self.told: list[tuple[float, int]] = []
        self.progress_at = time.monotonic()
        self.complete = threading.Event()
        self.marked, self.resent = marked, 0
        self._link, self._expected = link, expected
        threading.Thread(target=self._listen, name="answers", daemon=True).start()

    def lost_patience(self, sent: int) -> bool:
        """Whether nothing of what was sent has been booked for too long; then the patience begins anew."""
        now = time.monotonic()
        if not self.marked or sent <= self.booked_through:
            self.progress_at = now
            return False
        if now - self.progress_at <= RESEND_S:
            return False
        self.progress_at, self.resent = now, self.resent + 1
        return True

    def _listen(self) -> None:
        waiting = b""
        while arrived := self._link.recv(65_536):
            packets, waiting = packets_of(waiting + arrived)
            for packet in packets:
                if packet[0] >> 4 == PUBACK:
                    self.count += 1
                elif packet[0] >> 4 == PUBLISH:
                    self._hear(int(packet.rsplit(b'"booked_through":', 1)[1].split(b",")[0].rstrip(b"}")))
            if (self.booked_through if self.marked else self.count) >= self._expected:
                self.complete.set()

    def _hear(self, booked_through: int) -> None:
        if booked_through > self.booked_through:
            self.booked_through = booked_through
            self.progress_at = time.monotonic()
            self.told.append((self.progress_at, booked_through))


def trickle(link: socket.socket, packets: list[bytes], answers: Answers, per_s: float) -> list[float]:
    """Send at a steady pace; returns when each was handed over first."""
    begin, sent_at = time.monotonic(), list[float]()
    answers.progress_at = begin
    while (answers.booked_through if answers.marked else len(sent_at)) < len(packets):
        sent = len(sent_at)
        if answers.lost_patience(sent):
            link.sendall(b"".join(packets[answers.booked_through : sent]))
        if sent < len(packets) and (not answers.marked or sent - answers.booked_through < BOOKED_WINDOW):
            time.sleep(max(0.0, begin + sent / per_s - time.monotonic()))
            sent_at.append(time.monotonic())
            link.sendall(packets[sent])
        else:
            time.sleep(0.0005)
    return sent_at


def pour(link: socket.socket, packets: list[bytes], answers: Answers) -> None:
    """Send as fast as the broker takes it, and where there are marks the hub, until all is booked."""
    sent = handed = 0
    answers.progress_at = time.monotonic()
    while (answers.booked_through if answers.marked else sent) < len(packets):
        if answers.lost_patience(sent):
            sent = answers.booked_through
        ahead = sent - answers.booked_through if answers.marked else 0
        if sent < len(packets) and handed - answers.count < BROKER_WINDOW and ahead < BOOKED_WINDOW:
            some = packets[sent : sent + CHUNK]
            link.sendall(b"".join(some))
            sent, handed = sent + len(some), handed + len(some)
        else:
            time.sleep(0.001)


def main() -> None:
    """Send."""
    port, per_s, prefix, path, marks = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), sys.argv[5:]
    packets = [publish_packet(f"{prefix}{n}", n, payload) for n, payload in enumerate(path.read_bytes().split(b"\n"), start=1)]
    link = connect(port)
    answers = Answers(link, len(packets), marked=bool(marks))
    for topic in marks:
        link.sendall(subscribe_packet(topic))
    sys.stdin.readline()
    sent_at = trickle(link, packets, answers, per_s) if per_s else []
    if not per_s:
        pour(link, packets, answers)
    answers.complete.wait(120)
    print(json.dumps({"sent": sent_at, "told": answers.told, "resent": answers.resent}))  # Only now: a full pipe would hold the sender up.
    link.sendall(b"\xe0\0")


if __name__ == "__main__":
    main()

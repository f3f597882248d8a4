"""A line between two programs that can be cut, torn, stalled, slow or half open: a TCP proxy on loopback.

TCP itself delivers in order or not at all, so nothing is reordered here; letters told again in another order are the rogue's part. What a
lossy network does to MQTT is what is done here: connections that break in the middle of a packet, and some that nobody hears break.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

PIECE_BYTES = 1 << 14
SLOW_S = 0.08
"""On the way of each piece, either way, while the line is slow."""

SLOW_BYTES_PER_S = 100_000.0


class LineThatFails:
    """Forwards to a port of this machine, until `close`.

    `cut` drops and refuses connections, `stall` holds all bytes back, `slow` delays and throttles them: `heal` ends these. `tear` breaks
    each connection in the middle of the next piece it carries. `deafen` leaves the present connections open and carries nothing on them
    any more, for ever; later ones are good.
    """

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._flowing = threading.Event()
        self._flowing.set()
        self._is_cut = self._is_closed = self._is_slow = False
        self._ends: set[socket.socket] = set()
        self._to_tear: set[socket.socket] = set()
        self._deaf: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, name=f"line-{self.port}", daemon=True).start()

    def cut(self) -> None:
        """Drop whoever talks, and let nobody in."""
        with self._lock:
            self._is_cut = True
            ends = list(self._ends)
        for end in ends:
            _shut(end)

    def tear(self) -> None:
        """Break what is connected now in the middle of a packet."""
        with self._lock:
            self._to_tear = set(self._ends)

    def deafen(self) -> None:
        """What is connected now stays so and hears nothing more: half open, as when a router forgets a connection."""
        with self._lock:
            self._deaf |= self._ends

    def stall(self) -> None:
        """Hold everything back; nobody is told."""
        self._flowing.clear()

    def slow(self) -> None:
        """Be a bad radio link."""
        self._is_slow = True

    def heal(self) -> None:
        """Be a good line again."""
        with self._lock:
            self._is_cut = self._is_slow = False
            self._to_tear.clear()
        self._flowing.set()

    def close(self) -> None:
        """End it all."""
        self._is_closed = True
        self.cut()
        self._flowing.set()
        _shut(self._listener)
        self._listener.close()

    def _listen(self) -> None:
        while not self._is_closed:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._to_port), timeout=2.0)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                is_cut = self._is_cut
                self._ends |= {near, far}
            if is_cut:
                _shut(near)
                _shut(far)
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=(source, target), name=f"line-{self.port}", daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                self._flowing.wait()
                if self._is_slow:
                    time.sleep(SLOW_S + len(piece) / SLOW_BYTES_PER_S)
                if source in self._to_tear:
                    target.sendall(piece[: max(1, len(piece) // 2 - 1)])
                    break
                if source not in self._deaf:
                    target.sendall(piece)
        _shut(target)
        _shut(source)
        with self._lock:
            for ends in (self._ends, self._to_tear, self._deaf):
                ends.discard(source)
        source.close()


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)

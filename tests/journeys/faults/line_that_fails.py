"""A line between two programs that can be cut or stall: a TCP proxy on loopback."""

from __future__ import annotations

import contextlib
import socket
import threading

PIECE_BYTES = 1 << 14


class LineThatFails:
    """Forwards to a port of this machine. `cut` drops and refuses connections, `stall` holds all bytes back, `heal` ends both."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._flowing = threading.Event()
        self._flowing.set()
        self._is_cut = self._is_closed = False
        self._ends: set[socket.socket] = set()
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

    def stall(self) -> None:
        """Hold everything back; nobody is told."""
        self._flowing.clear()

    def heal(self) -> None:
        """Be a good line again."""
        with self._lock:
            self._is_cut = False
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
                target.sendall(piece)
        _shut(target)
        _shut(source)
        with self._lock:
            self._ends.discard(source)
        source.close()


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)

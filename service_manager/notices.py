"""systemd's notification protocol (`man sd_notify`): a datagram to the socket that the environment names. Without one, nothing is said."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping

BEATS_A_TERM = 4.0
"""How many signs of life fall into the time after which systemd gives a program up."""


class ServiceManager:
    """Tells whoever started this program how it is. Does nothing where it was started by hand.

    A sign of life belongs into the loop that must not hang, never into a thread of its own: a program whose work has stopped would
    live on for ever.

    Args:
        environment: where `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` stand, if systemd set them.
        clock: seconds that never go back.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ, *, clock: Callable[[], float] = time.monotonic) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._clock = clock
        self._every_s = _term_s(environment) / BEATS_A_TERM
        self._next_s = 0.0

    def ready(self) -> None:
        """It does what it is for."""
        self._tell("READY=1")

    def stopping(self) -> None:
        """It was told to end, and ends."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """A sign of life: cheap to call as often as a loop goes round, sent four times in systemd's term."""
        if self._every_s and self._clock() >= self._next_s:
            self._next_s = self._clock() + self._every_s
            self._tell("WATCHDOG=1")

    def _tell(self, words: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(1.0)
            try:
                sender.sendto(words.encode(), self._address)
            except OSError:  # A service manager that does not listen will see by itself what becomes of us.
                return


def _term_s(environment: Mapping[str, str]) -> float:
    """Seconds without a sign of life after which systemd kills this very process; 0 where it does not."""
    usec, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    is_ours = not pid or pid == str(os.getpid())
    return int(usec) / 1e6 if usec.isdigit() and is_ours else 0.0

"""The device's two clocks: one that never jumps, and one that may wake up in 1970."""

from __future__ import annotations

import secrets
import time

_CLOSE_NS = 100_000
_READINGS_MAX = 8
_TRIED_NS = 1 << 62


class AgentClock:
    """Monotonic milliseconds since the agent started, the wall clock beside it, and the name of this start.

    Args:
        boot_id: names this start, hex; minted when not given.
        started_ms_ago: how long ago the agent counts as started. Above 0 only for a simulated shop that catches up with a past it tells.
    """

    def __init__(self, boot_id: str | None = None, *, started_ms_ago: int = 0) -> None:
        self.boot_id = boot_id if boot_id is not None else secrets.token_hex(8)
        self._zero_ns = time.monotonic_ns() - started_ms_ago * 1_000_000

    def monotonic_ms(self) -> int:
        """Milliseconds since the start of the agent; never jumps."""
        return (time.monotonic_ns() - self._zero_ns) // 1_000_000

    def wall_ms(self) -> int:
        """Unix time as the device believes it."""
        return time.time_ns() // 1_000_000

    def wall_ms_at(self, monotonic_ms: int) -> int:
        """What the wall clock of now would have said at a monotonic time.

        The two clocks are read one between two readings of the other, again while the program was put aside meanwhile, as Cristian
        reads a clock far away (Distributed Computing 3, 1989).
        """
        closest_ns, offset_ns = _TRIED_NS, 0
        for _ in range(_READINGS_MAX):
            before_ns, wall_ns, after_ns = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
            if after_ns - before_ns < closest_ns:
                closest_ns, offset_ns = after_ns - before_ns, wall_ns - (before_ns + after_ns) // 2
            if closest_ns < _CLOSE_NS:
                break
        return (offset_ns + self._zero_ns) // 1_000_000 + monotonic_ms

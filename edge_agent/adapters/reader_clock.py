"""Places a reader's times on the agent's clock: a reader may wake in 1970, drift, or be set while it reads."""

from __future__ import annotations

from collections.abc import Callable

WINDOW_MS = 60_000
JUMP_MS = 60_000


class ReaderClock:
    """The smallest delay of late is the offset between the clocks: a report may come late, but never before its read.

    The minimum is that of this window and the last, so that a clock that drifts is followed within two minutes.

    Args:
        monotonic_ms: the agent's clock.
    """

    def __init__(self, monotonic_ms: Callable[[], int]) -> None:
        self._monotonic_ms = monotonic_ms
        self._window_from_ms = 0
        self._last_ms: int | None = None
        self._this_ms: int | None = None

    @property
    def offset_ms(self) -> int | None:
        """The agent's clock minus the reader's, None before the first read."""
        known = [offset_ms for offset_ms in (self._last_ms, self._this_ms) if offset_ms is not None]
        return min(known, default=None)

    def read_at_ms(self, seen_us: int | None) -> int:
        """The agent's time of a read that the reader timed in microseconds, or now where it gave none. Never in the future."""
        now_ms = self._monotonic_ms()
        if seen_us is None:
            return now_ms
        offset_ms = now_ms - seen_us // 1000
        known_ms = self.offset_ms
        if known_ms is None or abs(offset_ms - known_ms) > JUMP_MS:
            self._last_ms, self._this_ms, self._window_from_ms = None, offset_ms, now_ms
        elif now_ms - self._window_from_ms > WINDOW_MS:
            self._last_ms, self._this_ms, self._window_from_ms = self._this_ms, offset_ms, now_ms
        else:
            self._this_ms = offset_ms if self._this_ms is None else min(self._this_ms, offset_ms)
        return min(now_ms, seen_us // 1000 + (self.offset_ms or 0))

"""How far the simulated shop's story is told: moves it on as its sensors ask for more, fast through the past, then with the clock.

The shop has no thread of its own. Whichever sensor has used up what is known lets the story go on, and no sensor gets far ahead of the
others: so memory stays bounded however slow one of them is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.stage import Posting

STEP_MS = 60_000
"""How much of the past is told at once."""
TICK_MS = 250
"""How often the present is told."""
_LEAD_MS = 3 * STEP_MS
_KEEP_MS = 15_000
_PAST_MS = 30_000


class SimulatedPlayhead:
    """Thread-safe. Times are Unix milliseconds of the shop's story; sensors report them since `booted_at_ms`.

    Args:
        shop: the story, known through `booted_at_ms`.
        now_ms: the present; the story never runs ahead of it.
        booted_at_ms: when the simulated devices count as started.
        end_ms: where the story ends, like a recording; None when it goes on for ever.
    """

    def __init__(self, shop: Shop, *, now_ms: Callable[[], int], booted_at_ms: int, end_ms: int | None = None) -> None:
        self._shop = shop
        self._now_ms = now_ms
        self.booted_at_ms = booted_at_ms
        self.end_ms = end_ms
        self._told = threading.Condition()
        self._positions: dict[str, int] = {}
        self._closed = False

    def join(self, sensor: str) -> None:
        """A sensor will ask from the start on."""
        with self._told:
            self._positions[sensor] = self.booted_at_ms

    def leave(self, sensor: str) -> None:
        """A sensor asks no more, and holds nobody up."""
        with self._told:
            self._positions.pop(sensor, None)
            self._told.notify_all()

    def close(self) -> None:
        """Nothing more will be told: what is known so far becomes the end of the story."""
        with self._told:
            self._closed = True
            self._told.notify_all()

    @contextmanager
    def story(self) -> Iterator[Shop]:
        """The shop, held still."""
        with self._told:
            yield self._shop

    def wait_beyond(self, position_ms: int, *, sensor: str, timeout_ms: int) -> int:
        """Wait until more than `position_ms` is known; returns through when. The position itself when the time is up.

        Only waiting in the present counts: while the story catches up, a sensor may have to wait for a slower one, and that is no fault.
        """
        deadline_s = time.monotonic() + timeout_ms / 1000.0
        with self._told:
            if self._positions.get(sensor) != position_ms:  # Also one that had left: a camera that is opened again.
                self._positions[sensor] = position_ms
                self._told.notify_all()
            while self._shop.known_through_ms <= position_ms and not self._closed:
                if self._go_on():
                    continue
                if self.in_the_past(self._shop.known_through_ms) and not self.over(position_ms):
                    deadline_s = time.monotonic() + timeout_ms / 1000.0
                remaining_s = deadline_s - time.monotonic()
                if remaining_s <= 0.0 or self.over(position_ms):
                    break
                self._told.wait(min(remaining_s, TICK_MS / 1000.0))
            return max(position_ms, self._shop.known_through_ms)

    def over(self, position_ms: int) -> bool:
        """Whether a sensor at this position has heard the whole story."""
        if self._closed and position_ms >= self._shop.known_through_ms:
            return True
        return self.end_ms is not None and position_ms >= self.end_ms

    def in_the_past(self, at_ms: int) -> bool:
        """Whether a moment is so long ago that catching up matters more than every single conversion."""
        return at_ms < self._now_ms() - _PAST_MS

    def caught_up(self) -> bool:
        """Whether the story has reached the present, or its end."""
        known_ms = self._shop.known_through_ms
        return not self.in_the_past(known_ms) or self.over(known_ms)

    def due_postings(self) -> list[Posting]:
        """What the till and the goods-in desk have to tell the hub by now."""
        with self._told:
            return self._shop.due_postings()

    def acknowledge(self, key: str) -> None:
        """The hub has booked a posting."""
        with self._told:
            self._shop.acknowledge(key)

    def snapshot(self) -> bytes:
        """The shop's whole state, for a second start."""
        with self._told:
            return self._shop.snapshot()

    def _go_on(self) -> bool:
        """Tell a little more, if the clock and the slowest sensor allow."""
        known_ms = self._shop.known_through_ms
        slowest_ms = min(self._positions.values(), default=known_ms)
        until_ms = min(self._now_ms(), known_ms + STEP_MS, slowest_ms + _LEAD_MS)
        if self.end_ms is not None:
            until_ms = min(until_ms, self.end_ms)
        if until_ms - known_ms < TICK_MS and until_ms != self.end_ms:
            return False
        if until_ms <= known_ms:
            return False
        self._shop.advance(until_ms)
        self._shop.forget_before(min(slowest_ms, until_ms) - _KEEP_MS)
        self._told.notify_all()
        return True

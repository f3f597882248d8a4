"""What an uplink knows during one connection, and how patient it is."""

from __future__ import annotations

import time
from typing import NamedTuple

from edge_agent.adapters.broker_link import Post

LISTEN_S = 0.25
"""The longest that the network is listened to before the flow looks whether it should stop."""


class UplinkPace(NamedTuple):
    """How far to run ahead of the hub, and how long to wait for whom."""

    window_letters: int = 1000
    batch_letters: int = 100
    booked_wait_s: float = 2.0
    resend_first_s: float = 10.0
    resend_max_s: float = 60.0
    backoff_first_s: float = 1.0
    backoff_max_s: float = 60.0
    steady_s: float = 5.0
    clock_every_s: float = 60.0
    health_every_s: float = 60.0
    health_pause_s: float = 2.0
    outbox_pause_s: float = 5.0
    farewell_s: float = 2.0


class Gap(NamedTuple):
    """Letters that the hub asks for and that are forgotten here; `post` says so in their place."""

    outbox_id: str
    first: int
    last: int
    post: Post


class Talk:
    """What is known during one connection. Times are of `time.monotonic`."""

    def __init__(self, *, outbox_id: str, cursor: int, pace: UplinkPace) -> None:
        now = time.monotonic()
        self.outbox_id = outbox_id
        self.cursor = cursor
        self.opened_after = cursor
        self.progress_at = now
        self.resend_after_s = pace.resend_first_s
        self.sending_from = now + pace.booked_wait_s
        self.health_told_at = now
        self.health_due = now + pace.health_every_s
        self.clock_told_at, self.clock_due = now, now + pace.clock_every_s
        self.gap_due = now + pace.booked_wait_s
        self._pace = pace

    def rewind(self, cursor: int, now: float) -> None:
        """Send again from here, and wait longer before the next time."""
        self.cursor = cursor
        self.progress_at = now
        self.resend_after_s = min(2 * self.resend_after_s, self._pace.resend_max_s)

    def patience_s(self, now: float) -> float:
        """How long the network may be waited for before something else is due."""
        due = min(self.health_due, self.clock_due, now + LISTEN_S, self.sending_from if self.sending_from > now else now + LISTEN_S)
        return max(0.0, due - now)

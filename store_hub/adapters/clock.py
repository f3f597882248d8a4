"""The hub's clock: the time that everything in the shop is finally told in."""

from __future__ import annotations

import time


class HubClock:
    """Unix time, UTC, milliseconds."""

    def now_ms(self) -> int:
        """Return the present."""
        return time.time_ns() // 1_000_000

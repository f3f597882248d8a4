"""Follows what a scale gains or loses by itself: creep under load, warm-up, a wandering zero.

Only at rest, and never faster than a bound: whoever takes an item a minute makes steps, and a step is never drift.
"""

from __future__ import annotations

from math import exp

TIME_MS = 20_000.0
"""Drift is slow: a difference is believed little by little, so that the noise of a reading does not become a drift of its own."""


class DriftFollower:
    """The weight a shelf is believed to rest at, and how far its reading has crept away from it since.

    Args:
        rate_max_g_per_min: the fastest drift that is believed.
    """

    def __init__(self, *, rate_max_g_per_min: float) -> None:
        self._rate_max_g_per_ms = rate_max_g_per_min / 60_000.0
        self._followed_at_ms: int | None = None
        self.drift_g = 0.0

    def follow(self, *, reading_g: float, resting_g: float, at_ms: int) -> None:
        """A reading at rest: move the drift towards explaining it, as far as the bound lets it since the last call."""
        if self._followed_at_ms is not None:
            since_ms = min(at_ms - self._followed_at_ms, 600_000)
            allowed_g = self._rate_max_g_per_ms * since_ms
            believed_g = (reading_g - self.drift_g - resting_g) * (1.0 - exp(-since_ms / TIME_MS))
            self.drift_g += min(max(believed_g, -allowed_g), allowed_g)
        self._followed_at_ms = at_ms

    def pause(self) -> None:
        """The shelf moved: time spent in motion earns no drift."""
        self._followed_at_ms = None

"""Tells a short press of a button from a long one, and a button that hangs from one that is held."""

from __future__ import annotations

from typing import Literal

DEBOUNCE_MS = 40
STUCK_MS = 60_000

Press = Literal["pressed", "held", "stuck", "freed"]


class PressWatch:
    """One button, looked at again and again.

    `pressed`: down and up again within the hold time. `held`: down for the hold time; said while it is still down, so that the light can
    answer. `stuck`: down for a minute, which no finger does; `freed`: up again after that. A button that is down at the start says nothing
    before it was up once: after a power cut nobody pressed it.

    Args:
        hold_ms: how long a long press is.
    """

    def __init__(self, *, hold_ms: int) -> None:
        self._hold_ms = hold_ms
        self._is_down = True
        self._changed_at_ms: int | None = None
        self._seen = True
        self._seen_at_ms = 0
        self._said: Press | None = "held"

    def take(self, is_down: bool, at_ms: int) -> Press | None:
        """Look at it; contacts bounce, so a level counts once it has stayed for `DEBOUNCE_MS`."""
        if self._changed_at_ms is None:
            self._changed_at_ms = self._seen_at_ms = at_ms
        if is_down != self._seen:
            self._seen, self._seen_at_ms = is_down, at_ms
        if self._seen != self._is_down and at_ms - self._seen_at_ms >= DEBOUNCE_MS:
            return self._turned()
        if not self._is_down:
            return None
        down_ms = at_ms - self._changed_at_ms
        if self._said is None and down_ms >= self._hold_ms:
            self._said = "held"
            return "held"
        if self._said == "held" and down_ms >= max(STUCK_MS, 2 * self._hold_ms):
            self._said = "stuck"
            return "stuck"
        return None

    def _turned(self) -> Press | None:
        said, self._said = self._said, None
        self._is_down, self._changed_at_ms = self._seen, self._seen_at_ms
        if self._is_down:
            return None
        if said == "stuck":
            return "freed"
        return "pressed" if said is None else None

"""What the light at a shelf shows, and the rhythm in which it shows it. States differ by rhythm, never by colour."""

from __future__ import annotations

from typing import Literal

from wire_format.commands import LightState, ShelfLight

Signal = Literal["off", "pick_here", "refill_here", "fault", "done", "refused"]

RHYTHMS_MS: dict[Signal, tuple[int, ...]] = {
    "off": (0, 1000),
    "pick_here": (200, 200),
    "refill_here": (1500, 500),
    "fault": (120, 130, 120, 130, 120, 1380),
    "done": (1000, 0),
    "refused": (100, 100),
}
"""Milliseconds on, off, on, off, …, again and again: a quick blink, long glows, three flashes and a pause, steady, a flicker."""
ANSWER_MS: dict[Signal, int] = {"done": 2_000, "refused": 2_000}


def is_lit(signal: Signal, since_ms: int) -> bool:
    """Tell whether a light is on, so long after the signal began."""
    rhythm = RHYTHMS_MS[signal]
    left_ms = since_ms % sum(rhythm)
    for number, length_ms in enumerate(rhythm):
        if left_ms < length_ms:
            return number % 2 == 0
        left_ms -= length_ms
    return False


class LightSignal:
    """One light. The answer to a pressed button goes before all else, then what somebody looks for, then a fault, then refilling.

    Args:
        timeout_ms: what the hub wishes holds for so long; then its line may be cut, and an old wish is worse than none.
    """

    def __init__(self, *, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._wish: ShelfLight | None = None
        self._wished_at_ms = 0
        self._renewed_at_ms = 0
        self._answer: Signal | None = None
        self._answered_at_ms = 0
        self._shown: Signal = "off"
        self._shown_at_ms = 0

    def hear(self, wish: ShelfLight, at_ms: int) -> None:
        """Take in what the hub wishes. The same wish again, as after a lost line, does not begin anew."""
        if wish != self._wish:
            self._wish, self._wished_at_ms = wish, at_ms
        self._renewed_at_ms = at_ms

    def answer(self, signal: Literal["done", "refused"], at_ms: int) -> None:
        """Show what came of a press."""
        self._answer, self._answered_at_ms = signal, at_ms

    def lit(self, at_ms: int, *, has_fault: bool) -> bool:
        """Tell whether the light is on now."""
        signal = self.signal(at_ms, has_fault=has_fault)
        if signal != self._shown:
            self._shown, self._shown_at_ms = signal, at_ms
        return is_lit(signal, at_ms - self._shown_at_ms)

    def signal(self, at_ms: int, *, has_fault: bool) -> Signal:
        """What it shows now."""
        if self._answer is not None and at_ms - self._answered_at_ms < ANSWER_MS[self._answer]:
            return self._answer
        wished = self._wished(at_ms)
        if wished == "pick_here":
            return wished
        return "fault" if has_fault else wished

    def _wished(self, at_ms: int) -> LightState:
        wish = self._wish
        if wish is None or at_ms - self._renewed_at_ms >= self._timeout_ms:
            return "off"
        is_over = wish.for_s is not None and at_ms - self._wished_at_ms >= wish.for_s * 1000
        return wish.then if is_over else wish.state

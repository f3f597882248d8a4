"""What really happened in the simulated shop: the account that estimates are held against."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct


class TruthEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One true happening. `units` is signed as the place feels it: a pick is -1, a put back +1;
    `at_ms` is Unix time.

    `kind` is one of enter, exit, turn_back, pick, put_back, put_elsewhere, missed (wanted, not there), sale, till_error, theft, refill,
    tidy, order_in (a delivery reached the back room), lean.
    """

    at_ms: int
    kind: str
    person: int = 0
    shelf_id: str = ""
    sku: str = ""
    units: int = 0
    epc: str = ""
    note: str = ""


class TruthLog:
    """Keeps the newest events in memory and hands every one to a listener, a file for instance."""

    def __init__(self, *, keep_events: int = 200_000, listener: Callable[[TruthEvent], None] | None = None) -> None:
        self._keep_events = keep_events
        self._listener = listener
        self._events: list[TruthEvent] = []

    @property
    def events(self) -> list[TruthEvent]:
        """Oldest first; at most `keep_events` of them."""
        return self._events

    def add(self, event: TruthEvent) -> None:
        """Write one happening down."""
        self._events.append(event)
        if len(self._events) > self._keep_events:
            del self._events[: self._keep_events // 10]
        if self._listener is not None:
            self._listener(event)

    def count(self, kind: str, *, from_ms: int = 0, until_ms: int | None = None) -> int:
        """How many events of a kind happened in `[from_ms, until_ms)`."""
        return sum(1 for e in self._events if e.kind == kind and e.at_ms >= from_ms and (until_ms is None or e.at_ms < until_ms))

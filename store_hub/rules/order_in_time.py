"""Keeps what a device saw in the order in which it saw it, whatever its clock's readings said at the time.

A reading that came over a slow line is late, and so is what is placed by it; a wall clock may jump. The next, better word must not put what
was seen later before what has its place already, or a shelf's last weight would not be its last. Letters also come in another order than
they were made: beyond a gap, or from another outbox after a card was copied. So each is placed between its neighbours of the same start,
and a start of an agent after the start before it in the outbox. That needs no map of times that would have to be kept: the neighbours stand
in the journal, and only those count that something may still come between.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import NamedTuple

from store_hub.rules.occurrence_time import Occurrence

ORDER_ERROR_MAX_MS = 300_000
"""Two readings of a device's clock may differ by the network's delay, up to this. A larger step back means that the hub's clock was set."""

SEATS_MAX = 4_000
"""Of one start; far more than an edge sends ahead of what is booked."""


class Seat(NamedTuple):
    """Where an observation stands: by its start's monotonic clock, and by number in its outbox."""

    monotonic_ms: int
    sequence: int
    outbox_id: str


class _Taken(NamedTuple):
    """A seat with its time. These sort by the seat."""

    seat: Seat
    happened_at_ms: int
    boot_id: str


class DeviceOrder:
    """What one device saw that has its place in time, as far as something may still come before it."""

    def __init__(self) -> None:
        self._starts: dict[str, list[_Taken]] = {}

    def place(self, when: Occurrence, boot_id: str, seat: Seat, *, received_at_ms: int) -> Occurrence:
        """Return the time by the clocks, moved where it would contradict the order, and remember it.

        It is moved no further than it must be, and by no more than `ORDER_ERROR_MAX_MS` onwards; not beyond the time of receipt either,
        unless the hub's own clock was set back since it booked what came before.
        """
        own = self._starts.setdefault(boot_id, [])
        in_order = bool(own) and len(self._starts) == 1 and own[-1].seat < seat  # As nearly all come.
        before, after = (own[-1], None) if in_order else self._neighbours(boot_id, seat)
        latest_ms = received_at_ms if after is None else min(received_at_ms, after.happened_at_ms - _room(seat, after.seat, boot_id, after))
        at_ms = when.happened_at_ms if when.happened_at_ms < latest_ms else latest_ms
        if before is not None and -ORDER_ERROR_MAX_MS <= at_ms - before.happened_at_ms < max(1, seat.sequence - before.seat.sequence):
            # What lies further apart has room enough.
            earliest_ms = before.happened_at_ms + _room(before.seat, seat, boot_id, before)
            at_ms = max(before.happened_at_ms, at_ms, min(earliest_ms, latest_ms))
        self.remember(boot_id, seat, at_ms)
        return when if at_ms == when.happened_at_ms else when._replace(happened_at_ms=at_ms)

    def remember(self, boot_id: str, seat: Seat, happened_at_ms: int) -> None:
        """An observation has its place."""
        taken, new = self._starts.setdefault(boot_id, []), _Taken(seat, happened_at_ms, boot_id)
        if not taken or taken[-1].seat < seat:
            taken.append(new)
        else:
            insort(taken, new)
        if len(taken) > SEATS_MAX:
            del taken[0]

    def settle(self, outbox_id: str) -> None:
        """Of this outbox all is booked up to its last letter: nothing comes before that any more."""
        own = [taken for start in self._starts.values() for taken in start if taken.seat.outbox_id == outbox_id]
        last = max(own, key=lambda taken: taken.seat.sequence, default=None)
        kept = {
            boot_id: [taken for taken in start if taken is last or taken.seat.outbox_id != outbox_id]
            for boot_id, start in self._starts.items()
        }
        self._starts = {boot_id: start for boot_id, start in kept.items() if start}

    def _neighbours(self, boot_id: str, seat: Seat) -> tuple[_Taken | None, _Taken | None]:
        """What was seen before it and after it: by the same start, or by others of the same outbox."""
        own = self._starts.get(boot_id, [])
        place = bisect_right(own, seat, key=lambda taken: taken.seat)
        before, after = own[max(0, place - 1) : place], own[place : place + 1]
        for other, start in self._starts.items():
            ends = _ends(start, seat.outbox_id) if other != boot_id else None
            if ends is not None and ends[1].seat.sequence < seat.sequence:
                before.append(ends[1])
            elif ends is not None and ends[0].seat.sequence > seat.sequence:
                after.append(ends[0])
        return max(before, key=_time_of, default=None), min(after, key=_time_of, default=None)


def _time_of(taken: _Taken) -> int:
    return taken.happened_at_ms


def _room(earlier: Seat, later: Seat, boot_id: str, neighbour: _Taken) -> int:
    """Milliseconds to leave between two: one for each letter that may still come between them, but no more than truly lie there."""
    if earlier.outbox_id != later.outbox_id:
        return 1
    letters = max(1, later.sequence - earlier.sequence)
    return letters if neighbour.boot_id != boot_id else max(1, min(letters, later.monotonic_ms - earlier.monotonic_ms))


def _ends(start: list[_Taken], outbox_id: str) -> tuple[_Taken, _Taken] | None:
    """The first and the last that came from an outbox."""
    first = next((taken for taken in start if taken.seat.outbox_id == outbox_id), None)
    return None if first is None else (first, next(taken for taken in reversed(start) if taken.seat.outbox_id == outbox_id))

"""Places what a device saw in true time, although its clock may have woken up in 1970.

A device stamps each observation with a monotonic clock, which never jumps, and tells the hub now and then what that clock reads. The
difference to the hub's clock turns every observation of the same start into the hub's time, however long it lay in the outbox.
"""

from __future__ import annotations

from typing import NamedTuple

EARLIEST_SANE_MS = 1_577_836_800_000
"""2020-01-01 UTC: a wall clock before this has not been set."""

FUTURE_ALLOWED_MS = 300_000
"""A wall clock further ahead of the hub than this is not believed."""

OFFSET_STEP_MS = 500
"""Offsets that differ by more than this tell of a clock that was set; smaller differences are the network's delay."""

HUB_OFFSET = "hub_offset"
DEVICE_WALL = "device_wall"
TOLD = "told"
RECEIVED = "received"


class Occurrence(NamedTuple):
    """When something happened, Unix ms, and how that is known."""

    happened_at_ms: int
    time_quality: str


def observation_time(*, monotonic_ms: int, observed_at_ms: int, received_at_ms: int, offset_ms: int | None) -> Occurrence:
    """Return when an observation was made. Never later than it was received: news does not come from the future.

    `RECEIVED` says that nobody knows.
    """
    if offset_ms is not None and (at_ms := monotonic_ms + offset_ms) >= EARLIEST_SANE_MS:
        return Occurrence(at_ms if at_ms < received_at_ms else received_at_ms, HUB_OFFSET)
    if EARLIEST_SANE_MS <= observed_at_ms <= received_at_ms + FUTURE_ALLOWED_MS:
        return Occurrence(min(observed_at_ms, received_at_ms), DEVICE_WALL)
    return Occurrence(received_at_ms, RECEIVED)


def told_time(*, told_at_ms: int | None, received_at_ms: int) -> Occurrence:
    """Return when something happened that a till or a person told, with or without a time."""
    if told_at_ms is not None and EARLIEST_SANE_MS <= told_at_ms <= received_at_ms + FUTURE_ALLOWED_MS:
        return Occurrence(min(told_at_ms, received_at_ms), TOLD)
    return Occurrence(received_at_ms, RECEIVED)


def offset_after_reading(known_offset_ms: int | None, *, monotonic_ms: int, received_at_ms: int) -> int:
    """Return hub clock − device's monotonic clock after one more reading.

    Delay on the way only ever makes the difference larger, so the smaller of two close ones is the better; a large difference
    means that the hub's clock was set, and the new one counts.
    """
    offset_ms = received_at_ms - monotonic_ms
    if known_offset_ms is None or abs(offset_ms - known_offset_ms) > OFFSET_STEP_MS:
        return offset_ms
    return min(known_offset_ms, offset_ms)

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

ORDER_ERROR_MAX_MS = 300_000
"""Two readings of a device's clock may differ by the network's delay, up to this. A larger step back means that the hub's clock was set."""

HUB_OFFSET = "hub_offset"
DEVICE_WALL = "device_wall"
TOLD = "told"
RECEIVED = "received"


class Occurrence(NamedTuple):
    """When something happened, Unix ms, and how that is known."""

    happened_at_ms: int
    time_quality: str


class Placed(NamedTuple):
    """The latest observation of a device that has its place in time."""

    outbox_id: str
    sequence: int
    boot_id: str
    monotonic_ms: int
    happened_at_ms: int


def observation_time(*, monotonic_ms: int, observed_at_ms: int, received_at_ms: int, offset_ms: int | None) -> Occurrence:
    """Return when an observation was made. Never later than it was received: news does not come from the future.

    `RECEIVED` says that nobody knows.
    """
    if offset_ms is not None and monotonic_ms + offset_ms >= EARLIEST_SANE_MS:
        return Occurrence(min(monotonic_ms + offset_ms, received_at_ms), HUB_OFFSET)
    if EARLIEST_SANE_MS <= observed_at_ms <= received_at_ms + FUTURE_ALLOWED_MS:
        return Occurrence(min(observed_at_ms, received_at_ms), DEVICE_WALL)
    return Occurrence(received_at_ms, RECEIVED)


def in_order(when: Occurrence, this: Placed, latest: Placed | None, *, received_at_ms: int) -> Occurrence:
    """Return the same time, moved where it would contradict the order in which the device saw things.

    A slow line makes a clock's reading late, and what is placed by it too; the next, better reading must not put what was seen later
    before it, or a shelf's last weight would not be its last.

    Args:
        when: by the clocks.
        this: the observation; its time is `when`.
        latest: of the same device.
    """
    if latest is None or not _are_comparable(this, latest):
        return when
    is_later = later_of(this, latest) is this
    if is_later and 0 < latest.happened_at_ms - when.happened_at_ms <= ORDER_ERROR_MAX_MS:
        return when._replace(happened_at_ms=min(latest.happened_at_ms, received_at_ms))
    if not is_later and when.happened_at_ms >= latest.happened_at_ms:
        return when._replace(happened_at_ms=latest.happened_at_ms - 1)
    return when


def later_of(this: Placed, latest: Placed | None) -> Placed:
    """Return which of two observations of a device was made later: by its monotonic clock, else by its outbox, else by what is known."""
    if latest is None:
        return this
    if this.boot_id == latest.boot_id:
        return this if this.monotonic_ms >= latest.monotonic_ms else latest
    if this.outbox_id == latest.outbox_id:
        return this if this.sequence > latest.sequence else latest
    return this if this.happened_at_ms >= latest.happened_at_ms else latest


def _are_comparable(this: Placed, latest: Placed) -> bool:
    return this.boot_id == latest.boot_id or this.outbox_id == latest.outbox_id


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

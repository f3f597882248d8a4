"""What every observation says of itself."""

from __future__ import annotations

from msgspec import Struct

from wire_format.identifiers import BootId, Count, DeviceId, WallClockMs


class Observation(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every observation says of itself. Its identity `(outbox_id, sequence)` is in the topic.

    `monotonic_ms` counts from the start of the agent (`boot_id`) and never jumps; `observed_at_ms` is the device's wall
    clock, which may wake up in 1970. The hub places the event in time from both (see `ClockReading`).
    """

    device_id: DeviceId
    boot_id: BootId
    monotonic_ms: Count
    observed_at_ms: WallClockMs

"""Edge → hub: people, as counts and times. Nobody can be told from another in them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from wire_format.identifiers import Count, DoorId, WallClockMs, ZoneId
from wire_format.observed import Observation

PersonSeconds = Annotated[float, Meta(ge=0.0, le=1e9, description="persons × seconds")]


class DoorCrossing(Observation, frozen=True, kw_only=True, tag="door_crossing"):
    """People who crossed a door line in an interval, at most a minute long. Intervals of a door never overlap.

    `people_in` and `people_out` are everybody. `staff_in` and `staff_out` say how many of them, now or in an earlier interval, have since
    been seen in a staff-only zone: who comes in is known as staff only once they stand behind the counter. `groups_in` counts who came in
    together as one; null from a device that does not look.
    """

    door_id: DoorId
    started_at_ms: WallClockMs
    duration_ms: Annotated[int, Meta(ge=0, le=86_400_000)]
    people_in: Count
    people_out: Count
    staff_in: Count = 0
    staff_out: Count = 0
    groups_in: Count | None = None


class FloorCell(Struct, frozen=True, array_like=True):
    """One cell of the floor grid: column from the left, row from the top of the plan, and what was stayed there."""

    column: Annotated[int, Meta(ge=0, le=65535)]
    row: Annotated[int, Meta(ge=0, le=65535)]
    person_s: PersonSeconds


class FloorDwell(Observation, frozen=True, kw_only=True, tag="floor_dwell"):
    """Where people stayed in an interval: only the cells that are not zero.

    Cell `(column, row)` covers `[column, column + 1) × cell_size_m` by `[row, row + 1) × cell_size_m` of the store's plan, whose
    origin is its upper left corner, x to the right and y down, metres.

    `people` is how many came into the camera's view in the interval; null from a device that does not say. `staff_person_s` is the stay of
    people known as staff, which is in no cell.
    """

    area_id: ZoneId
    started_at_ms: WallClockMs
    duration_ms: Annotated[int, Meta(ge=0, le=86_400_000)]
    cell_size_m: Annotated[float, Meta(gt=0.0, le=10.0)]
    cells: list[FloorCell]
    people: Count | None = None
    staff_person_s: PersonSeconds = 0.0


class ZoneStay(Struct, frozen=True, array_like=True):
    """One zone in an interval: visits begun, person-seconds, visits that came to a stop, and person-seconds stopped.

    A visit is half a second inside; two seconds outside end it. A stop is three seconds within half a metre. In a zone that is the reach of
    a shelf, stopped is engaged.
    """

    zone_id: ZoneId
    entries: Count
    person_s: PersonSeconds
    stopped: Count
    stopped_s: PersonSeconds


class ZonePath(Struct, frozen=True, array_like=True):
    """How many visits of one zone were by people whose visit before was to another; a count, with nobody behind it."""

    from_zone: ZoneId
    to_zone: ZoneId
    people: Count


class FloorZones(Observation, frozen=True, kw_only=True, tag="floor_zones"):
    """What happened in all zones of a camera's floor in an interval, quiet ones included. People known as staff are left out."""

    area_id: ZoneId
    started_at_ms: WallClockMs
    duration_ms: Annotated[int, Meta(ge=0, le=86_400_000)]
    zones: list[ZoneStay]
    paths: list[ZonePath] = field(default_factory=list)


class QueueLength(Observation, frozen=True, kw_only=True, tag="queue_length"):
    """How many people waited in a zone during an interval, and the waits that ended in it: how many, their sum and the longest.

    Who has stopped in a queue's zone waits, from when they came to it until they leave it.
    """

    zone_id: ZoneId
    started_at_ms: WallClockMs
    duration_ms: Annotated[int, Meta(ge=0, le=86_400_000)]
    people_mean: Annotated[float, Meta(ge=0.0)]
    people_max: Count
    waits: Count = 0
    waited_s: PersonSeconds = 0.0
    waited_max_s: Annotated[float, Meta(ge=0.0, le=1e9, description="seconds")] = 0.0

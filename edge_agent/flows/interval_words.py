"""Puts an interval of one camera's footfall into the words of the wire: doors, floor, zones and queues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from edge_agent.config import CameraConfig
from edge_agent.rules.footfall import FootfallInterval
from wire_format.identifiers import BootId, DeviceId
from wire_format.observations import DoorCrossing, FloorDwell, FloorZones, Observation, QueueLength, ZonePath, ZoneStay


class Said(TypedDict):
    """By whom and when: what every observation carries."""

    device_id: DeviceId
    boot_id: BootId
    monotonic_ms: int
    observed_at_ms: int


class _Span(TypedDict):
    started_at_ms: int
    duration_ms: int


def interval_words(interval: FootfallInterval, camera: CameraConfig, said: Said) -> Iterator[Observation]:
    """All observations of an interval that ends at `said["observed_at_ms"]`; quiet doors, zones and queues are told too."""
    duration_ms = interval.ended_at_ms - interval.started_at_ms
    span: _Span = {"started_at_ms": max(0, said["observed_at_ms"] - duration_ms), "duration_ms": duration_ms}
    for door_id, total in interval.doors.items():
        yield DoorCrossing(**said, **span, door_id=door_id, **total._asdict())
    if camera.floor is None:
        return
    told = interval.zones
    yield FloorDwell(
        **said,
        **span,
        area_id=camera.area_id,
        cell_size_m=camera.floor.cell_size_m,
        cells=interval.cells,
        people=interval.people,
        staff_person_s=told.staff_ms / 1000,
    )
    if told.zones:
        zones = [ZoneStay(name, z.entries, z.person_ms / 1000, z.stopped, z.stopped_ms / 1000) for name, z in told.zones.items()]
        paths = [ZonePath(*way, people) for way, people in told.paths.items()]
        yield FloorZones(**said, **span, area_id=camera.area_id, zones=zones, paths=paths)
    for zone_id, queue in told.queues.items():
        yield QueueLength(
            **said,
            **span,
            zone_id=zone_id,
            people_mean=queue.waiting_ms / max(1, duration_ms),
            people_max=queue.people_max,
            waits=queue.waits,
            waited_s=queue.waited_ms / 1000,
            waited_max_s=queue.waited_max_ms / 1000,
        )

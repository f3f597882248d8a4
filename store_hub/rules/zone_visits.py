"""Visits of zones, the ways between them, and waits, by the quarter hour. All sums are integers, so that their order never matters."""

from __future__ import annotations

from store_hub.rows import Effect, QueueRow, ZonePathRow, ZoneVisitsRow
from store_hub.rules.quarters import quarter_start_ms
from wire_format.observations import FloorZones, QueueLength


def visit_effects(told: FloorZones, *, clock_shift_ms: int) -> list[Effect]:
    """Return what an interval of a camera's zones adds; it counts to the quarter it began in.

    Args:
        clock_shift_ms: true time − the device's wall clock.
    """
    quarter_ms = quarter_start_ms(told.started_at_ms + clock_shift_ms)
    visits = [
        ZoneVisitsRow(
            zone.zone_id, quarter_ms, zone.entries, _ms(zone.person_s), zone.stopped, _ms(zone.stopped_s), told.duration_ms
        )
        for zone in told.zones
    ]  # fmt: skip
    return [*visits, *(ZonePathRow(quarter_ms, path.from_zone, path.to_zone, path.people) for path in told.paths)]


def queue_effect(queue: QueueLength, journal_id: int, *, clock_shift_ms: int) -> QueueRow:
    """Return the row of an interval of a queue."""
    return QueueRow(
        queue.zone_id, queue.started_at_ms + clock_shift_ms, journal_id, queue.duration_ms, queue.people_mean, queue.people_max,
        queue.waits, _ms(queue.waited_s), _ms(queue.waited_max_s),
    )  # fmt: skip


def _ms(seconds: float) -> int:
    return round(seconds * 1000)

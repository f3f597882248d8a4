"""People through doors, and how many are in the shop.

A counter misses people now and then, and its errors add up over a day. Nobody can be less than nobody: whoever leaves an empty shop came
in unseen, and every trading day begins at zero.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from store_hub.rows import DoorMinuteRow, Effect, OccupancyRow
from store_hub.rules.quarters import minute_start_ms, trading_day
from wire_format.observations import DoorCrossing


class DoorBook:
    """Knows how many people are in the shop."""

    def __init__(self) -> None:
        self._now: OccupancyRow | None = None

    def restore(self, row: OccupancyRow) -> None:
        """Go on from what the ledger holds."""
        self._now = row

    def crossing(self, crossing: DoorCrossing, *, clock_shift_ms: int, zone: ZoneInfo) -> list[Effect]:
        """Return what an interval at a door adds."""
        started_at_ms = crossing.started_at_ms + clock_shift_ms
        minute = DoorMinuteRow(
            crossing.door_id, minute_start_ms(started_at_ms), crossing.people_in, crossing.people_out, crossing.duration_ms
        )
        if crossing.people_in == 0 and crossing.people_out == 0:
            return [minute]
        self._now = _after(self._now, crossing, started_at_ms + crossing.duration_ms, zone)
        return [minute, self._now]


def _after(now: OccupancyRow | None, crossing: DoorCrossing, ended_at_ms: int, zone: ZoneInfo) -> OccupancyRow:
    day = trading_day(ended_at_ms, zone)
    if now is None or day > now.day:
        now = OccupancyRow(1, 0, day, 0, ended_at_ms)
    elif day < now.day:
        return now  # Late news of a day that is over: its people have gone home.
    people = now.people + crossing.people_in - crossing.people_out
    unseen = max(0, -people)
    return OccupancyRow(1, people + unseen, day, now.corrected + unseen, max(now.updated_at_ms, ended_at_ms))

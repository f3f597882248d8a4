"""Visitors through doors, and how many are in the shop.

A counter misses people now and then, and its errors add up over a day. So the count heals itself, by four rules. Nobody can be less than
nobody: whoever leaves an empty shop came in unseen. Staff are no visitors: known by the zone they stood in, by the hours (whoever comes in
while the shop is shut, and whoever goes out then when no visitor is left), or by their badge. After closing, who is still counted inside
shrinks evenly to nobody within an hour. And every trading day begins at zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from store_hub.rows import BadgeSightingRow, DoorMinuteRow, DoorRecentRow, Effect, OccupancyRow, ZoneVisitsRow
from store_hub.rules.badges import BadgeBook, Claim
from store_hub.rules.opening_hours import OpenSpan, open_span, still_inside
from store_hub.rules.quarters import minute_start_ms, quarter_start_ms, trading_day
from wire_format.observations import DoorCrossing
from wire_format.plans import OpeningHours, Planogram


class DoorBook:
    """Knows how many visitors are in the shop."""

    def __init__(self) -> None:
        self._now: OccupancyRow | None = None
        self._hours: Sequence[OpeningHours] = ()
        self._streets: frozenset[str] = frozenset()
        self.badges = BadgeBook()

    def restore(self, row: OccupancyRow | DoorRecentRow | BadgeSightingRow) -> None:
        """Go on from what the ledger holds."""
        if isinstance(row, OccupancyRow):
            self._now = row
        else:
            self.badges.restore(row)

    def use_planogram(self, planogram: Planogram) -> None:
        """Know opening hours, badges and doors from now on."""
        self._hours = planogram.opening_hours
        self._streets = frozenset(door.door_id for door in planogram.doors if door.kind == "street")
        self.badges.use_planogram(planogram)

    def crossing(self, crossing: DoorCrossing, *, clock_shift_ms: int, zone: ZoneInfo) -> list[Effect]:
        """Return what an interval at a door adds; along the street it adds who passed by, as visits of a zone of the line's name."""
        started_at_ms = crossing.started_at_ms + clock_shift_ms
        if crossing.door_id in self._streets:
            passed, quarter_ms = crossing.people_in + crossing.people_out, quarter_start_ms(started_at_ms)
            return [ZoneVisitsRow(crossing.door_id, quarter_ms, passed, 0, 0, 0, crossing.duration_ms)]
        ended_at_ms = started_at_ms + crossing.duration_ms
        span = open_span(ended_at_ms, self._hours, zone)
        before = self._of_day(ended_at_ms, zone)
        staff_in, staff_out = crossing.staff_in, crossing.staff_out
        if span is not None and not span.is_open(ended_at_ms) and not span.is_open(started_at_ms):
            inside = 0 if before is None else still_inside(before.people, before.closing_people, ended_at_ms, span)
            staff_in, staff_out = crossing.people_in, max(staff_out, crossing.people_out - inside)
        visitors = DoorRecentRow(
            crossing.door_id, started_at_ms, ended_at_ms, max(0, crossing.people_in - staff_in), max(0, crossing.people_out - staff_out)
        )
        effects, claims = self.badges.crossed(visitors) if visitors.people_in or visitors.people_out else ([], [])
        staff_in += sum(claim.came_in for claim in claims)
        staff_out += sum(not claim.came_in for claim in claims)
        minute = DoorMinuteRow(
            crossing.door_id, minute_start_ms(started_at_ms), crossing.people_in, crossing.people_out, crossing.duration_ms,
            staff_in, staff_out, crossing.groups_in,
        )  # fmt: skip
        change = (crossing.people_in - staff_in) - (crossing.people_out - staff_out)
        touched = bool(crossing.people_in or crossing.people_out or staff_in or staff_out)
        return [minute, *effects, *self._change(before, change, touched, ended_at_ms, span)]

    def badge(self, zone_id: str, at_ms: int, journal_id: int, zone: ZoneInfo) -> list[Effect]:
        """Return what the sighting of a staff badge changes."""
        effects, claim = self.badges.seen(zone_id, at_ms, journal_id)
        if claim is None:
            return effects
        span = open_span(at_ms, self._hours, zone)
        before = self._of_day(claim.started_at_ms, zone)
        return [_claimed(claim), *effects, *self._change(before, -1 if claim.came_in else 1, True, at_ms, span)]

    def _of_day(self, at_ms: int, zone: ZoneInfo) -> OccupancyRow | None:
        """The count that a moment belongs to: today's, a new day's, or None for news of a day that is over: its people have gone home."""
        day = trading_day(at_ms, zone)
        if self._now is None or day > self._now.day:
            return OccupancyRow(1, 0, day, 0, at_ms)
        return self._now if day == self._now.day else None

    def _change(self, before: OccupancyRow | None, change: int, touched: bool, at_ms: int, span: OpenSpan | None) -> list[Effect]:
        if before is None:
            return []
        now = before
        closed = span is not None and span.closes_ms is not None and at_ms >= span.closes_ms
        if closed and now.closing_people is None and (now.people > 0 or touched):
            now = now._replace(closing_people=now.people)
        unseen = max(0, -(now.people + change))
        counted = now.people + change + unseen
        people = still_inside(counted, now.closing_people, at_ms, span)
        now = now._replace(people=people, corrected=now.corrected + unseen, healed=now.healed + counted - people)
        if not touched and now == before:
            return []
        self._now = now._replace(updated_at_ms=max(now.updated_at_ms, at_ms))
        return [self._now]


def _claimed(claim: Claim) -> DoorMinuteRow:
    minute_ms = minute_start_ms(claim.started_at_ms)
    return DoorMinuteRow(claim.door_id, minute_ms, 0, 0, 0, int(claim.came_in), int(not claim.came_in), 0)

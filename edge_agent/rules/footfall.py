"""One camera's people made into footfall: crossings of its door lines, occupancy, and dwell on the floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from edge_agent.readings import Detections
from edge_agent.rules.companions import CompanionRule, Companions
from edge_agent.rules.doorway import Crossing, DoorLine, DoorWatcher, DoorwayRule
from edge_agent.rules.floor_plane import FloorPlane
from edge_agent.rules.floor_tiles import FloorTiles
from edge_agent.rules.floor_zones import FloorZone, ZoneRule, ZonesTold, ZoneWatcher
from edge_agent.rules.motion import Floats
from edge_agent.rules.tracking import TrackedPeople, Tracker, TrackingRule
from wire_format.observations import FloorCell


@dataclass(frozen=True, slots=True)
class FootfallRule:
    """How people are followed, counted and told.

    `interval_s`: the longest interval; `interval_phase_ms`: boundaries lie where monotonic time is this, modulo the interval, so that the
    flow can align them with the minutes of the wall clock. `frame_max_s`: a longer gap between two frames is a stall; beyond it nobody is
    held to have stayed. `foot_spread_heights`: how far off the foot of a box is, one standard deviation, as a share of its height; the
    dwell is shared among the cells where it may have been.
    """

    tracking: TrackingRule = field(default_factory=TrackingRule)
    doorway: DoorwayRule = field(default_factory=DoorwayRule)
    companions: CompanionRule = field(default_factory=CompanionRule)
    zones: ZoneRule = field(default_factory=ZoneRule)
    cell_size_m: float = 0.5
    interval_s: float = 60.0
    interval_phase_ms: int = 0
    frame_max_s: float = 2.0
    foot_spread_heights: float = 0.0


_QUANTILES = np.array([-1.2816, -0.5244, 0.0, 0.5244, 1.2816])  # The middles of five equal parts of a normal distribution.


class DoorTotal(NamedTuple):
    """How many went through a door; how many of them, or of those told before, turned out to be staff; groups that came in."""

    people_in: int = 0
    people_out: int = 0
    staff_in: int = 0
    staff_out: int = 0
    groups_in: int = 0


class FootfallInterval(NamedTuple):
    """What happened from `started_at_ms` until before `ended_at_ms`. `doors` has every door, also quiet ones; `people` came in view.

    `occupancy` is what this camera saw since its agent started; the hub's own outlives both.
    """

    started_at_ms: int
    ended_at_ms: int
    doors: dict[str, DoorTotal]
    cells: list[FloorCell]
    outside_plan_person_s: float
    occupancy: int
    zones: ZonesTold
    people: int


class FootfallEvents(NamedTuple):
    """What became certain with a frame: people of settled frames, crossings, and intervals that are over; each oldest first."""

    people: list[TrackedPeople]
    crossings: list[Crossing]
    intervals: list[FootfallInterval]


class FootfallWatcher:
    """Takes each frame's boxes, oldest first. Its story is `rule.tracking.settle_s` behind the camera; so are its intervals."""

    def __init__(self, lines: list[DoorLine], floor: FloorPlane | None, rule: FootfallRule, zones: Sequence[FloorZone] = ()) -> None:
        self._rule = rule
        self._interval_ms = max(1, round(rule.interval_s * 1000.0))
        self._floor = floor
        self._tracker = Tracker(rule.tracking)
        self._doors = DoorWatcher(lines, rule.doorway)
        self._companions = Companions(rule.companions)
        self._tiles = FloorTiles(rule.cell_size_m)
        self._zones = ZoneWatcher(zones, rule.zones)
        self._here: dict[int, list[str]] = {}  # Everybody in view, with the doors they were counted in by.
        self._people = 0
        self._totals = {line.door_id: DoorTotal() for line in lines}
        self._told_at_ms: int | None = None
        self._started_at_ms = 0
        self.occupancy = 0

    def take(self, detections: Detections) -> FootfallEvents:
        """Watch one frame."""
        return self._tell(self._tracker.take(detections))

    def finish(self) -> FootfallEvents:
        """Tell what is still open, the running interval included: the recording has ended, or the camera was lost."""
        events = self._tell(self._tracker.finish())
        late = self._visitors(self._doors.finish())
        self._count(late)
        self._zones.finish()
        self._here.clear()
        intervals = events.intervals
        if self._told_at_ms is not None and (self._told_at_ms > self._started_at_ms or late):
            intervals = [*intervals, self._close_interval(self._told_at_ms)]
        self._told_at_ms = None
        return FootfallEvents(events.people, events.crossings + late, intervals)

    def _tell(self, settled: list[TrackedPeople]) -> FootfallEvents:
        crossings: list[Crossing] = []
        intervals: list[FootfallInterval] = []
        for people in settled:
            self._dwell(people)  # Since the frame before: it belongs to the interval that may end now.
            intervals += self._move_on(people.taken_at_ms)
            self._meet(people)
            certain = self._visitors(self._doors.take(people))
            self._count(certain)
            crossings += certain
            self._told_at_ms = people.taken_at_ms
        return FootfallEvents(settled, crossings, intervals)

    def _move_on(self, now_ms: int) -> list[FootfallInterval]:
        """Close the interval when its end has passed; after a stall a new one begins with the first frame."""
        if self._told_at_ms is None:
            self._started_at_ms = now_ms
            return []
        boundary = self._boundary_after(self._started_at_ms)
        if now_ms < boundary:
            return []
        closed = self._close_interval(boundary)
        if now_ms >= self._boundary_after(boundary):
            self._started_at_ms = now_ms
        return [closed]

    def _boundary_after(self, moment_ms: int) -> int:
        phase = self._rule.interval_phase_ms
        return ((moment_ms - phase) // self._interval_ms + 1) * self._interval_ms + phase

    def _close_interval(self, ended_at_ms: int) -> FootfallInterval:
        cells, outside = self._tiles.take()
        closed = FootfallInterval(
            self._started_at_ms, ended_at_ms, dict(self._totals), cells, outside, self.occupancy, self._zones.tell(), self._people
        )
        self._totals = {door_id: DoorTotal() for door_id in self._totals}
        self._people = 0
        self._started_at_ms = ended_at_ms
        return closed

    def _meet(self, people: TrackedPeople) -> None:
        """Who is in view now: newcomers are counted once, who is gone is forgotten."""
        self._companions.take(people)
        ids = people.ids.tolist()
        self._people += sum(person not in self._here for person in ids)
        self._here = {person: self._here.get(person, []) for person in ids}

    def _visitors(self, crossings: list[Crossing]) -> list[Crossing]:
        """Without who is carried or pushed: people would not count them."""
        return [crossing for crossing in crossings if not self._companions.is_carried(crossing.person)]

    def _count(self, crossings: list[Crossing]) -> None:
        for crossing in crossings:
            total, staff = self._totals[crossing.door_id], int(self._zones.is_staff(crossing.person))
            if crossing.direction == "in":
                group = int(self._companions.begins_group(crossing))
                total = total._replace(people_in=total.people_in + 1, staff_in=total.staff_in + staff, groups_in=total.groups_in + group)
                self.occupancy += 1
                if not staff and crossing.person in self._here:
                    self._here[crossing.person].append(crossing.door_id)
            else:
                total = total._replace(people_out=total.people_out + 1, staff_out=total.staff_out + staff)
                # Whoever was inside before we watched may leave; nobody is ever minus one person.
                self.occupancy = max(0, self.occupancy - 1)
            self._totals[crossing.door_id] = total

    def _dwell(self, people: TrackedPeople) -> None:
        if self._floor is None or self._told_at_ms is None:
            return
        since_ms = max(self._told_at_ms, people.taken_at_ms - round(self._rule.frame_max_s * 1000.0))
        feet_px = np.stack([(people.boxes[:, 0] + people.boxes[:, 2]) / 2.0, people.boxes[:, 3]], axis=1)
        feet_m = self._floor.standing(feet_px)
        ids = people.ids.tolist()
        for person in self._zones.take(ids, feet_m, people.taken_at_ms, since_ms):
            for door_id in self._here.get(person, []):
                self._totals[door_id] = self._totals[door_id]._replace(staff_in=self._totals[door_id].staff_in + 1)
        visitor = ~self._zones.behind_counter(feet_m)
        visitor &= ~np.array([self._zones.is_staff(person) for person in ids], dtype=bool)
        likely_px = likely_feet(feet_px[visitor], people.boxes[visitor], self._rule.foot_spread_heights)
        seconds = (people.taken_at_ms - since_ms) / 1000.0
        self._tiles.stay(self._floor.standing(likely_px), seconds * int(visitor.sum()) / max(1, len(likely_px)))


def likely_feet(feet_px: Floats, boxes: Floats, spread_heights: float) -> Floats:
    """Where each foot may really have been, each place as likely as the others: a box ends a little too high or too low.

    Args:
        feet_px: (n, 2) foot points. boxes: (n, 4) xyxy.
        spread_heights: one standard deviation of the foot, as a share of the box's height; 0 leaves the feet as they are.

    Returns (5 n, 2), or (n, 2) without spread.
    """
    if spread_heights <= 0.0:
        return feet_px
    off_px = (boxes[:, 3] - boxes[:, 1])[None] * spread_heights * _QUANTILES[:, None]  # (5, n)
    return np.concatenate([feet_px + np.stack([np.zeros_like(off), off], axis=1) for off in off_px])

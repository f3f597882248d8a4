"""Footfall of one camera: totals by the minute, occupancy, dwell."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge_agent.readings import Detections
from edge_agent.rules.doorway import DoorLine
from edge_agent.rules.floor_plane import FloorPoint, plane_from_points
from edge_agent.rules.floor_zones import FloorZone
from edge_agent.rules.footfall import DoorTotal, FootfallInterval, FootfallRule, FootfallWatcher

DOOR = DoorLine("door", 300.0, 600.0, 300.0, 0.0)
FLOOR = plane_from_points([FloorPoint(x, y, x / 100.0, y / 100.0) for x, y in ((0, 0), (600, 0), (600, 600), (0, 600))])


def frame(number: int, at_ms: int, *feet: tuple[float, float]) -> Detections:
    boxes = np.array([(x - 15.0, y - 90.0, x + 15.0, y) for x, y in feet], dtype=np.float32).reshape(-1, 4)
    return Detections(number, at_ms, boxes, np.full(len(feet), 0.9, dtype=np.float32))


def watch(paths: list[list[tuple[float, float]]], *, rule: FootfallRule | None = None, step_ms: int = 200) -> list[FootfallInterval]:
    watcher = FootfallWatcher([DOOR], FLOOR, rule or FootfallRule())
    intervals = [i for n, feet in enumerate(paths) for i in watcher.take(frame(n + 1, n * step_ms, *feet)).intervals]
    return intervals + watcher.finish().intervals


def standing(x: float, y: float, frames: int) -> list[list[tuple[float, float]]]:
    return [[(x, y)] for _ in range(frames)]


def test_a_person_standing_for_two_minutes_dwells_two_minutes_told_in_minutes() -> None:
    intervals = watch(standing(120.0, 220.0, 601))
    assert [(i.started_at_ms, i.ended_at_ms) for i in intervals] == [(0, 60_000), (60_000, 120_000)]
    assert sum(c.person_s for i in intervals for c in i.cells) == pytest.approx(120.0)
    assert {(c.column, c.row) for i in intervals for c in i.cells} == {(2, 4)}


def test_intervals_follow_each_other_without_gap_or_overlap_and_never_exceed_their_length() -> None:
    rule = FootfallRule(interval_s=15.0, interval_phase_ms=7_000)
    intervals = watch(standing(120.0, 220.0, 500), rule=rule, step_ms=130)
    assert all(a.ended_at_ms == b.started_at_ms for a, b in itertools.pairwise(intervals))
    assert all(0 < i.ended_at_ms - i.started_at_ms <= 15_000 for i in intervals)
    assert all(i.ended_at_ms % 15_000 == 7_000 for i in intervals[:-1])


def test_going_in_and_out_is_counted_and_occupancy_follows() -> None:
    inward = [[(x, 300.0)] for x in range(100, 520, 12)]
    intervals = watch([*inward, *[[]] * 20, *inward[::-1]])
    totals = [total for i in intervals for total in i.doors.values()]
    assert (sum(t.people_in for t in totals), sum(t.people_out for t in totals)) == (1, 1)
    assert intervals[-1].occupancy == 0


def test_occupancy_is_never_negative() -> None:
    outward = [[(x, 300.0)] for x in range(520, 100, -12)]
    assert watch(outward)[-1].occupancy == 0


COUNTER = FloorZone("counter", "staff", np.array([(5.0, 2.0), (6.0, 2.0), (6.0, 4.0), (5.0, 4.0)]))
AISLE = FloorZone("aisle", "aisle", np.array([(0.0, 0.0), (5.0, 0.0), (5.0, 6.0), (0.0, 6.0)]))


def watch_zones(paths: list[list[tuple[float, float]]]) -> list[FootfallInterval]:
    watcher = FootfallWatcher([DOOR], FLOOR, FootfallRule(), [COUNTER, AISLE])
    intervals = [i for n, feet in enumerate(paths) for i in watcher.take(frame(n + 1, n * 200, *feet)).intervals]
    return intervals + watcher.finish().intervals


def test_who_comes_in_and_goes_behind_the_counter_is_told_as_staff_afterwards() -> None:
    inward = [[(float(x), 300.0)] for x in range(100, 550, 12)]
    intervals = watch_zones([*inward, *standing(550.0, 300.0, 40), *inward[::-1]])
    totals = [total for i in intervals for total in i.doors.values()]
    assert sum(t.people_in for t in totals) == sum(t.staff_in for t in totals) == 1
    assert sum(t.people_out for t in totals) == sum(t.staff_out for t in totals) == 1
    assert sum(i.zones.staff_ms for i in intervals) > 10_000


def test_staff_leave_no_heat_and_a_customer_does() -> None:
    behind = watch_zones(standing(550.0, 300.0, 100))
    before = watch_zones(standing(400.0, 300.0, 100))
    assert [c for i in behind for c in i.cells] == []
    assert sum(c.person_s for i in before for c in i.cells) == pytest.approx(19.8)
    assert sum(i.people for i in behind) == sum(i.people for i in before) == 1


def groups(paths: list[list[tuple[float, float]]]) -> tuple[int, int]:
    totals = [total for i in watch(paths) for total in i.doors.values()]
    return sum(t.people_in for t in totals), sum(t.groups_in for t in totals)


def test_two_who_come_in_side_by_side_are_two_people_and_one_group() -> None:
    assert groups([[(float(x), 280.0), (float(x - 20), 330.0)] for x in range(100, 520, 12)]) == (2, 1)


def test_two_who_come_in_one_after_the_other_are_two_groups() -> None:
    first = [float(x) for x in range(100, 560, 12)]
    late = [None] * 15 + first
    paths = [[(x, y) for x, y in ((a, 280.0), (b, 330.0)) if x is not None] for a, b in zip([*first, *[548.0] * 15], late, strict=True)]
    assert groups(paths) == (2, 2)


def test_a_child_in_a_pram_is_no_visitor_of_its_own_and_a_child_that_walks_is() -> None:
    """Boxes 30 by 90 for the grown-up; the small one is 14 by 40, within the large one, or beside it."""
    for beside_px, people in ((2.0, 1), (60.0, 2)):
        watcher = FootfallWatcher([DOOR], FLOOR, FootfallRule())
        intervals: list[FootfallInterval] = []
        for number, x in enumerate(range(100, 520, 12)):
            small = x + beside_px
            boxes = np.array([(x - 15, 210, x + 15, 300), (small - 7, 255, small + 7, 295)], dtype=np.float32)
            intervals += watcher.take(Detections(number + 1, number * 200, boxes, np.full(2, 0.9, dtype=np.float32))).intervals
        intervals += watcher.finish().intervals
        assert sum(total.people_in for i in intervals for total in i.doors.values()) == people


def test_a_quiet_minute_is_told_as_zeros() -> None:
    intervals = watch([[] for _ in range(301)])
    assert [i.doors["door"] for i in intervals] == [DoorTotal()]
    assert intervals[0].cells == []


def test_nobody_dwells_through_a_stall_of_the_camera() -> None:
    watcher = FootfallWatcher([DOOR], FLOOR, FootfallRule())
    intervals: list[FootfallInterval] = []
    for number, at_ms in enumerate([*range(0, 10_000, 200), *range(300_000, 310_000, 200)], start=1):
        intervals += watcher.take(frame(number, at_ms, (120.0, 220.0))).intervals
    intervals += watcher.finish().intervals
    assert sum(c.person_s for i in intervals for c in i.cells) < 25.0
    assert all(i.ended_at_ms - i.started_at_ms <= 60_000 for i in intervals)


def test_dwell_is_shared_among_the_cells_where_a_foot_may_have_been_and_none_is_lost() -> None:
    """A foot awaited within some centimetres of the edge between two cells: both get their share, and the sum is what it was."""
    rule = FootfallRule(foot_spread_heights=0.1)
    cells = [c for i in watch(standing(120.0, 252.0 + 14.0, 101), rule=rule) for c in i.cells]
    totals: dict[tuple[int, int], float] = {}
    for cell in cells:
        totals[cell.column, cell.row] = totals.get((cell.column, cell.row), 0.0) + cell.person_s
    assert sorted(totals) == [(2, 4), (2, 5)]
    assert 4.0 < totals[2, 4] < 16.0
    assert sum(totals.values()) == pytest.approx(20.0, abs=0.05)

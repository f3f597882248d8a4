"""Footfall of one camera: totals by the minute, occupancy, dwell."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edge_agent.readings import Detections
from edge_agent.rules.doorway import DoorLine
from edge_agent.rules.floor_plane import FloorPoint, plane_from_points
from edge_agent.rules.footfall import FootfallInterval, FootfallRule, FootfallWatcher

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


def test_a_quiet_minute_is_told_as_zeros() -> None:
    intervals = watch([[] for _ in range(301)])
    assert [i.doors["door"] for i in intervals] == [(0, 0)]
    assert intervals[0].cells == []


def test_nobody_dwells_through_a_stall_of_the_camera() -> None:
    watcher = FootfallWatcher([DOOR], FLOOR, FootfallRule())
    intervals: list[FootfallInterval] = []
    for number, at_ms in enumerate([*range(0, 10_000, 200), *range(300_000, 310_000, 200)], start=1):
        intervals += watcher.take(frame(number, at_ms, (120.0, 220.0))).intervals
    intervals += watcher.finish().intervals
    assert sum(c.person_s for i in intervals for c in i.cells) < 25.0
    assert all(i.ended_at_ms - i.started_at_ms <= 60_000 for i in intervals)

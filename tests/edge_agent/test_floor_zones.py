"""Zones of the floor: who enters, stays, stops and waits, and the ways between them."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.rules.floor_zones import FloorZone, ZoneRule, ZonesTold, ZoneTotal, ZoneWatcher

STEP_MS = 200
RULE = ZoneRule()


def box(x: float, y: float, width: float, depth: float) -> np.ndarray:
    return np.array([(x, y), (x + width, y), (x + width, y + depth), (x, y + depth)], dtype=float)


AISLE = FloorZone("aisle", "aisle", box(0, 0, 4, 4))
TILLS = FloorZone("tills", "queue", box(6, 0, 4, 4))
REACH = FloorZone("reach", "reach", box(0, 0, 4, 1))
COUNTER = FloorZone("counter", "staff", box(12, 0, 2, 4))


def watch(*paths: list[tuple[float, float] | None], zones: tuple[FloorZone, ...] = (AISLE, TILLS, REACH, COUNTER)) -> ZonesTold:
    """Let people walk, one place every fifth of a second; None is out of view."""
    watcher = ZoneWatcher(zones, RULE)
    for frame in range(max(map(len, paths))):
        here = [(person, path[frame]) for person, path in enumerate(paths) if frame < len(path) and path[frame] is not None]
        feet = np.array([spot for _, spot in here], dtype=float).reshape(-1, 2)
        watcher.take([person for person, _ in here], feet, frame * STEP_MS, max(0, frame - 1) * STEP_MS)
    watcher.finish()
    return watcher.tell()


def stand(x: float, y: float, seconds: float) -> list[tuple[float, float] | None]:
    return [(x, y)] * round(seconds * 1000 / STEP_MS)


def walk(start: tuple[float, float], end: tuple[float, float], speed_m_s: float = 1.2) -> list[tuple[float, float] | None]:
    steps = max(2, round(float(np.hypot(end[0] - start[0], end[1] - start[1])) / speed_m_s * 1000 / STEP_MS))
    return [(float(x), float(y)) for x, y in zip(np.linspace(start[0], end[0], steps), np.linspace(start[1], end[1], steps), strict=True)]


def test_who_walks_through_enters_and_does_not_stop() -> None:
    told = watch(walk((-2, 2), (5, 2)))
    assert told.zones["aisle"].entries == 1
    assert told.zones["aisle"].stopped == 0
    assert told.zones["aisle"].person_ms == pytest.approx(4 / 1.2 * 1000, abs=400)


def test_a_foot_on_the_border_makes_one_visit_and_not_ten() -> None:
    wobble: list[tuple[float, float] | None] = [(4.0 + (0.05 if n % 2 else -0.05), 2.0) for n in range(50)]
    assert watch(wobble).zones["aisle"].entries == 1


def test_who_brushes_a_corner_was_not_there() -> None:
    assert watch([*walk((-1, 2), (-0.1, 2)), (0.1, 2.0), *walk((-0.1, 2), (-1, 2))]).zones["aisle"].entries == 0


def test_who_comes_back_after_a_while_enters_again() -> None:
    assert watch([*stand(1, 2, 2), *stand(-2, 2, 3), *stand(1, 2, 2)]).zones["aisle"].entries == 2


def test_stopping_within_reach_of_a_shelf_is_engagement_from_its_first_second() -> None:
    told = watch([*walk((-2, 0.5), (2, 0.5)), *stand(2, 0.5, 8), *walk((2, 0.5), (6, 0.5))])
    assert (told.zones["reach"].entries, told.zones["reach"].stopped) == (1, 1)
    assert told.zones["reach"].stopped_ms == pytest.approx(8_000, abs=900)
    assert told.zones["reach"].stopped_ms <= told.zones["reach"].person_ms


def test_a_queue_has_length_and_waiting_time_and_passers_by_do_not_wait() -> None:
    first = [*stand(7, 2, 30), *walk((7, 2), (11, 2))]
    second: list[tuple[float, float] | None] = [None] * 50 + [*stand(8, 2, 30), *walk((8, 2), (11, 2))]
    passer = walk((5, 3), (11, 3))
    told = watch(first, second, passer)
    queue = told.queues["tills"]
    assert (queue.waits, queue.people_max) == (2, 2)
    assert queue.waited_max_ms == pytest.approx(32_500, abs=1_000)
    assert queue.waited_ms == queue.waiting_ms  # Everybody has left, so the length over time is the waits together.
    assert told.zones["tills"].entries == 3


def test_a_queue_that_moves_up_goes_on_waiting() -> None:
    told = watch([*stand(9, 2, 5), *walk((9, 2), (8, 2)), *stand(8, 2, 5), *walk((8, 2), (7, 2)), *stand(7, 2, 5)])
    assert told.queues["tills"].waits == 1
    assert told.queues["tills"].waited_ms == pytest.approx(16_600, abs=600)


def test_ways_between_zones_are_counts_and_the_reach_of_a_shelf_is_no_place_on_the_way() -> None:
    shopper = [*walk((-2, 0.5), (2, 0.5)), *walk((2, 0.5), (8, 2)), *walk((8, 2), (2, 2))]
    assert watch(shopper, [None, *shopper]).paths == {("aisle", "tills"): 2, ("tills", "aisle"): 2}


def test_who_stands_behind_the_counter_is_staff_from_then_on() -> None:
    watcher = ZoneWatcher((AISLE, COUNTER), RULE)
    turned: list[int] = []
    for frame, spot in enumerate([*stand(13, 2, 4), *walk((13, 2), (2, 2)), *stand(2, 2, 10)]):
        turned += watcher.take([7], np.array([spot]), frame * STEP_MS, max(0, frame - 1) * STEP_MS)
    told = watcher.tell()
    assert turned == [7]
    assert told.zones == {"aisle": ZoneTotal(0, 0, 0, 0)}
    assert told.staff_ms > 15_000


def test_a_stall_of_the_camera_ends_visits_and_makes_no_stay() -> None:
    watcher = ZoneWatcher((TILLS,), RULE)
    for at_ms, since_ms in ((0, 0), (200, 0), (400, 200), (60_000, 58_000), (60_200, 60_000)):
        watcher.take([1], np.array([(7.0, 2.0)]), at_ms, since_ms)
    watcher.finish()
    told = watcher.tell()
    assert told.zones["tills"].person_ms == 400 + 2_200
    assert told.queues["tills"].waits == 0


def test_memory_does_not_grow_with_the_people_who_have_been() -> None:
    watcher = ZoneWatcher((AISLE,), RULE)
    for person in range(2_000):
        watcher.take([person], np.array([(1.0, 1.0)]), person * STEP_MS, max(0, person - 1) * STEP_MS)
    assert len(watcher._people) <= RULE.away_ms // STEP_MS + 1


def test_feet_beyond_the_horizon_are_nowhere() -> None:
    told = watch([(float("nan"), float("nan"))] * 20)
    assert told.zones["aisle"] == ZoneTotal(0, 0, 0, 0)


# ---- against an independent computation, on recorded pedestrians

ZARA = (
    FloorZone("window", "reach", np.array([(2.0, 3.0), (13.0, 3.5), (13.0, 6.2), (2.5, 6.0)])),
    FloorZone("west", "aisle", np.array([(-1.0, 0.0), (4.0, 0.0), (6.0, 5.0), (4.0, 12.0), (-1.0, 12.0)])),
    FloorZone("east", "aisle", np.array([(9.0, 0.0), (16.0, 0.0), (16.0, 12.0), (9.0, 12.0), (11.0, 6.0)])),
    FloorZone("stop", "queue", box(5.0, 4.0, 4.0, 4.0)),
)


@pytest.mark.parametrize("scene", ["zara01", "hotel"])
def test_counts_from_perfect_tracks_equal_those_worked_out_track_by_track(shared_data: Path, scene: str) -> None:
    rows = np.loadtxt(shared_data / "trajectories" / scene / "obsmat.txt")
    frames, people, places = rows[:, 0].astype(int), rows[:, 1].astype(int), rows[:, [2, 4]]
    places = (places - places.min(axis=0)) * (15.0, 12.0) / np.ptp(places, axis=0)  # One set of zones fits both scenes.
    step = int(np.gcd.reduce(np.diff(np.unique(frames))))
    watcher = ZoneWatcher(ZARA, RULE)
    moments = np.arange(frames.min(), frames.max() + 1, step)
    for moment in moments:
        here = frames == moment
        at_ms = int((moment - moments[0]) // step * 400)
        watcher.take(people[here].tolist(), places[here], at_ms, max(0, at_ms - 400))
    watcher.finish()
    told = watcher.tell()

    zones: dict[str, Counter[str]] = {zone.zone_id: Counter() for zone in ZARA}
    paths: Counter[tuple[str, str]] = Counter()
    for person in np.unique(people):
        mine = people == person
        times = (frames[mine] - moments[0]) // step * 400
        work_out(times, places[mine], zones, paths)
    names = ("entries", "person_ms", "stopped", "stopped_ms")
    expected = {name: tuple(int(count[what]) for what in names) for name, count in zones.items()}
    assert {name: tuple(total) for name, total in told.zones.items()} == expected
    assert told.paths == dict(paths)
    assert told.queues["stop"].waited_ms == zones["stop"]["waited_ms"]
    assert told.queues["stop"].waits == zones["stop"]["stopped"]
    assert sum(total.entries for total in told.zones.values()) > 100


def work_out(times: np.ndarray, places: np.ndarray, zones: dict[str, Counter[str]], paths: Counter[tuple[str, str]]) -> None:
    """One whole track at once, by the definitions: runs inside (OpenCV says what is inside), and stays after Li et al."""
    stays = batch_stays(times, places)
    entered: list[tuple[int, int, str]] = []
    for order, zone in enumerate(ZARA):
        polygon = zone.corners.astype(np.float32)
        inside = times[[cv2.pointPolygonTest(polygon, (float(x), float(y)), measureDist=False) >= 0 for x, y in places]]
        zones[zone.zone_id]["person_ms"] += 400 * int((inside > 0).sum())  # In the very first frame no time has passed yet.
        for visit in np.split(inside, np.flatnonzero(np.diff(inside) > RULE.away_ms) + 1):
            if len(visit) == 0:
                continue
            long_enough = visit[visit >= visit[0] + RULE.enter_ms]
            has_stopped = False
            for since, until in stays:
                certain = visit[(visit >= since + RULE.stay.after_ms) & (visit <= until)]
                if len(certain):
                    zones[zone.zone_id]["stopped_ms"] += int(certain[-1] - max(visit[0], since))
                    has_stopped |= bool(len(long_enough)) and bool(certain[-1] >= long_enough[0])
            zones[zone.zone_id]["entries"] += bool(len(long_enough))
            zones[zone.zone_id]["stopped"] += has_stopped
            zones[zone.zone_id]["waited_ms"] += int(visit[-1] - visit[0]) if has_stopped else 0
            if len(long_enough) and zone.kind != "reach":
                entered.append((int(long_enough[0]), order, zone.zone_id))
    way = [name for _, _, name in sorted(entered)]
    paths.update((a, b) for a, b in itertools.pairwise(way) if a != b)


def batch_stays(times: np.ndarray, places: np.ndarray) -> list[tuple[int, int]]:
    """Stay points of a whole track: from each anchor to the last place before one that is farther than the radius, or a gap."""
    stays, first = [], 0
    while first < len(times):
        far = np.hypot(*(places[first:] - places[first]).T) > RULE.stay.radius_m
        gap = np.concatenate([[False], np.diff(times[first:]) > RULE.away_ms])
        ends = np.flatnonzero(far | gap)
        after = first + int(ends[0]) if len(ends) else len(times)
        if times[after - 1] - times[first] >= RULE.stay.after_ms:
            stays.append((int(times[first]), int(times[after - 1])))
        first = after
    return stays

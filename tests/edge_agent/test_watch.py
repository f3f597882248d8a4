"""The camera's flow: minute totals out, trouble told, lost cameras opened again, and no picture written or sent."""

from __future__ import annotations

import itertools
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import pytest

from edge_agent.adapters.camera import CameraPersonFinder, CameraStalled, Film
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.person_detector import PersonDetector
from edge_agent.config import CameraConfig, FloorConfig, FloorPointConfig, LineConfig
from edge_agent.errors import EdgeError, RecordingInvalid, SensorUnavailable
from edge_agent.floor_config import FloorZoneConfig
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.open_camera import camera_opener
from edge_agent.flows.watch import WatchFlow
from edge_agent.readings import Detections, PersonFinder
from wire_format import codec
from wire_format.observations import DoorCrossing, FloorDwell, FloorZones, Observation, QueueLength, ZonePath

CORNERS = ((0, 0), (600, 0), (600, 600), (0, 600))
CONFIG = CameraConfig(
    area_id="front",
    source="none",
    lines=[LineConfig(door_id="door", x1=300, y1=600, x2=300, y2=0)],
    floor=FloorConfig(points=[FloorPointConfig(x_px=x, y_px=y, x_m=x / 100, y_m=y / 100) for x, y in CORNERS]),
)


class Scene:
    """A person finder that plays positions, five frames a second, and then ends or fails."""

    area_id = "front"
    frame_width_px = frame_height_px = 600

    def __init__(self, feet: list[list[tuple[float, float]]], *, from_ms: int = 0, ends_with: EdgeError | None = None) -> None:
        self._frames = [
            Detections(n + 1, from_ms + 200 * n, boxes(spots), np.full(len(spots), 0.9, dtype=np.float32)) for n, spots in enumerate(feet)
        ]
        self._ends_with = ends_with
        self.closed = False

    def next(self, timeout_ms: int) -> Detections | None:
        if self._frames:
            return self._frames.pop(0)
        if self._ends_with is not None:
            raise self._ends_with
        return None

    def close(self) -> None:
        self.closed = True


def boxes(feet: list[tuple[float, float]]) -> np.ndarray:
    return np.array([(x - 15, y - 90, x + 15, y) for x, y in feet], dtype=np.float32).reshape(-1, 4)


def watch(
    *openings: Callable[[], PersonFinder], stop: threading.Event | None = None, config: CameraConfig = CONFIG
) -> tuple[list[Observation], FaultBoard, list[str]]:
    """Run the flow over what each opening gives; what was recorded, the faults that are left, and all that ever were."""
    clock = AgentClock("b0070000", started_ms_ago=600_000)
    faults = FaultBoard(clock.wall_ms)
    ever: list[str] = []
    faults.on_change(lambda: ever.extend(f.code for f in faults.current() if f.code not in ever))
    told: list[Observation] = []
    waiting = list(openings)

    def open_next() -> PersonFinder:
        return waiting.pop(0)()

    flow = WatchFlow(open_next, config, told.append, clock, faults, device_id="pi-1", back_off_first_s=0.01)
    flow.run(stop or threading.Event())
    assert not waiting
    return told, faults, ever


INWARD = [[(float(x), 300.0)] for x in range(100, 520, 12)]


def test_somebody_coming_in_is_told_once_with_where_they_walked() -> None:
    told, faults, _ = watch(lambda: Scene(INWARD))
    doors = [o for o in told if isinstance(o, DoorCrossing)]
    dwells = [o for o in told if isinstance(o, FloorDwell)]
    assert (sum(o.people_in for o in doors), sum(o.people_out for o in doors)) == (1, 0)
    assert sum(c.person_s for o in dwells for c in o.cells) == pytest.approx(0.2 * (len(INWARD) - 1), abs=0.01)
    assert all(codec.observations.decode(codec.encode(o)) == o for o in told)
    assert faults.current() == []


def test_a_camera_with_zones_tells_stays_ways_and_waits_by_the_minute() -> None:
    def square(zone_id: str, kind: Literal["aisle", "queue"], left: float) -> FloorZoneConfig:
        return FloorZoneConfig(zone_id=zone_id, kind=kind, corners_m=[(left, 0), (left + 3, 0), (left + 3, 6), (left, 6)])

    config = msgspec.structs.replace(CONFIG, zones=[square("aisle", "aisle", 0), square("tills", "queue", 3)])
    told, _, _ = watch(lambda: Scene([*INWARD, *[INWARD[-1]] * 60]), config=config)
    zones = [o for o in told if isinstance(o, FloorZones)]
    queues = [o for o in told if isinstance(o, QueueLength)]
    stays = {name: sum(z.entries for o in zones for z in o.zones if z.zone_id == name) for name in ("aisle", "tills")}
    assert stays == {"aisle": 1, "tills": 1}
    assert [p for o in zones for p in o.paths] == [ZonePath("aisle", "tills", 1)]
    assert sum(o.waits for o in queues) == 1
    assert 12.0 < sum(o.waited_s for o in queues) < 18.0
    assert sum(o.people or 0 for o in told if isinstance(o, FloorDwell)) == 1
    assert all(codec.observations.decode(codec.encode(o)) == o for o in told)


def test_intervals_end_with_the_wall_clocks_minutes_and_never_overlap() -> None:
    told, _, _ = watch(lambda: Scene([[] for _ in range(5 * 200)]))
    doors = [o for o in told if isinstance(o, DoorCrossing)]
    assert len(doors) >= 4
    for earlier, later in itertools.pairwise(doors):
        assert abs(earlier.started_at_ms + earlier.duration_ms - later.started_at_ms) <= 5
        assert earlier.monotonic_ms + later.duration_ms == later.monotonic_ms
    assert all(o.duration_ms <= 60_000 for o in doors)
    assert all(min(o.started_at_ms % 60_000, -o.started_at_ms % 60_000) <= 5 for o in doors[1:])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CameraStalled(source="0", waited_ms=5_000), "camera_stalled"),
        (SensorUnavailable(part="camera 0", problem="it went away", advice="check its cable"), "camera_unavailable"),
    ],
)
def test_a_lost_camera_is_told_and_opened_again_and_its_counts_are_kept(error: EdgeError, code: str) -> None:
    lost = Scene(INWARD, ends_with=error)
    told, faults, ever = watch(lambda: lost, lambda: Scene(INWARD[::-1], from_ms=60_000))
    assert lost.closed
    assert ever == [code]
    assert faults.current() == []
    doors = [o for o in told if isinstance(o, DoorCrossing)]
    assert (sum(o.people_in for o in doors), sum(o.people_out for o in doors)) == (1, 1)


def test_a_camera_that_is_missing_at_the_start_is_tried_again() -> None:
    def missing() -> PersonFinder:
        raise SensorUnavailable(part="camera 0", problem="cannot be opened", advice="plug it in")

    told, faults, ever = watch(missing, missing, lambda: Scene(INWARD))
    assert ever == ["camera_unavailable"]
    assert faults.current() == []
    assert any(isinstance(o, DoorCrossing) and o.people_in for o in told)


def test_a_broken_film_keeps_what_was_seen_and_stays_told() -> None:
    told, faults, _ = watch(
        lambda: Scene(INWARD, ends_with=RecordingInvalid(path="film.avi", problem="the film breaks off after frame 35"))
    )
    assert [f.code for f in faults.current()] == ["recording_broken"]
    assert sum(o.people_in for o in told if isinstance(o, DoorCrossing)) == 1


def test_told_to_stop_it_stops_and_says_what_it_has() -> None:
    stop = threading.Event()

    class Endless(Scene):
        def next(self, timeout_ms: int) -> Detections | None:
            if len(self._frames) == 1:
                stop.set()
            return super().next(timeout_ms)

    told, _, _ = watch(lambda: Endless(INWARD), stop=stop)
    assert any(isinstance(o, FloorDwell) for o in told)


def test_while_a_film_is_watched_no_file_is_written_and_no_socket_opened(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The descriptors of the process, looked at after every frame: films and folders may be read, nothing else is new."""
    clip = tmp_path / "clip.avi"
    clip.write_bytes((shared_data / "footfall" / "pets09_s2l1" / "video.avi").read_bytes()[:300_000])
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    before, seen = open_for_writing(), set()

    class Looked(CameraPersonFinder):
        def next(self, timeout_ms: int) -> Detections | None:
            found = super().next(timeout_ms)
            seen.update(open_for_writing() - before)
            return found

    told, faults, _ = watch(lambda: Looked("front", Film(str(clip)), PersonDetector.load(long_side=256)))
    assert [f.code for f in faults.current()] == ["recording_broken"]
    assert told
    assert seen == set()
    assert list(work.iterdir()) == []


def open_for_writing() -> set[str]:
    """Files of this process that are open for writing, and its sockets."""
    found = set()
    for descriptor in Path("/proc/self/fdinfo").iterdir():
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor.name}")
            flags = int(descriptor.read_text().split("flags:")[1].split()[0], 8)
        except OSError:
            continue  # Closed since it was listed.
        if target.startswith("socket:") or (target.startswith("/") and flags & (os.O_WRONLY | os.O_RDWR)):
            found.add(target)
    return found


def test_the_watch_on_descriptors_would_see_a_file_and_a_socket(tmp_path: Path) -> None:
    before = open_for_writing()
    with (tmp_path / "leak.jpg").open("wb"), socket.socket():
        assert len(open_for_writing() - before) == 2


def test_a_configured_film_opens_with_the_configured_detector(shared_data: Path) -> None:
    config = CameraConfig(area_id="front", source=str(shared_data / "footfall" / "pets09_s2l1" / "video.avi"), detector="default")
    finder = camera_opener(config, AgentClock("b0070000"))()
    found = finder.next(1_000)
    finder.close()
    assert found is not None
    assert len(found.boxes) >= 3

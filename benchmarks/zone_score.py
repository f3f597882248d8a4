"""Zones, stops, waits and ways counted through a simulated camera, beside the same counted from where people truly walked.

Recorded pedestrians (ETH/UCY, ground metres) walk through the picture of a camera that misses, hides, jitters and invents. Tracker, floor
and zones are those of the agent. `python -m benchmarks.zone_score [--seeds 3]`. Needs the recordings in ../shared/data.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import numpy.typing as npt

from edge_agent.config import CameraConfig
from edge_agent.floor_config import FloorZoneConfig
from edge_agent.flows.camera_rules import floor_zones, footfall_watcher
from edge_agent.rules.floor_zones import ZoneRule, ZonesTold, ZoneWatcher
from edge_agent.simulated_store.camera_view import FRAME_MS, SceneCamera, camera_config
from edge_agent.simulated_store.shop import Presence, Shop
from wire_format.plans import Planogram

DATA = Path("../shared/data/trajectories")
MARGIN_M = 1.0
STEP_MS = 400
HEIGHT_M = 1.72


class RecordedFloor:
    """Recorded tracks as the truth of a scene, between frames in a straight line. `planogram` is only its size."""

    def __init__(self, path: Path) -> None:
        rows = np.loadtxt(path)
        frames, self._people = rows[:, 0].astype(int), rows[:, 1].astype(int)
        step = int(np.gcd.reduce(np.diff(np.unique(frames))))
        self._at_ms = (frames - frames.min()) // step * STEP_MS
        self._places = rows[:, [2, 4]] - rows[:, [2, 4]].min(axis=0) + MARGIN_M
        width_m, depth_m = self._places.max(axis=0) + MARGIN_M
        self.planogram = Planogram(
            store_id="recorded", name="recorded", width_m=float(width_m), depth_m=float(depth_m), bays=[], products=[]
        )
        self.ended_at_ms = int(self._at_ms.max())

    def presence(self, at_ms: npt.NDArray[np.int64]) -> Presence:
        """Where everybody is at the asked moments, ascending, ms from the recording's beginning."""
        parts = []
        for person in np.unique(self._people):
            mine = self._people == person
            times, places = self._at_ms[mine].astype(float), self._places[mine]
            first, last = np.searchsorted(at_ms, (times[0], times[-1] + 1))
            moments = np.arange(first, last)
            when = at_ms[moments].astype(float)
            x_m, y_m = np.interp(when, times, places[:, 0]), np.interp(when, times, places[:, 1])
            parts.append((moments, np.full_like(moments, person), x_m, y_m))
        moment, who, x_m, y_m = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(moment, kind="stable")
        return Presence(moment[order], who[order], x_m[order], y_m[order], np.full(len(order), HEIGHT_M))


def zones_of(plan: Planogram) -> list[FloorZoneConfig]:
    """Thirds of the floor across, and a strip along its middle in which a stop is a wait."""
    third, depth = plan.width_m / 3.0, plan.depth_m
    aisles = [
        FloorZoneConfig(
            zone_id=name, kind="aisle", corners_m=[(n * third, 0.0), ((n + 1) * third, 0.0), ((n + 1) * third, depth), (n * third, depth)]
        )
        for n, name in enumerate(("left", "middle", "right"))
    ]
    top, bottom = 0.35 * depth, 0.65 * depth
    strip = [(0.15 * plan.width_m, top), (0.85 * plan.width_m, top), (0.85 * plan.width_m, bottom), (0.15 * plan.width_m, bottom)]
    return [*aisles, FloorZoneConfig(zone_id="strip", kind="queue", corners_m=strip)]


def true_zones(scene: RecordedFloor, zones: list[FloorZoneConfig]) -> ZonesTold:
    """Count from where people truly were, at the camera's frames."""
    watcher = ZoneWatcher(floor_zones(zones), ZoneRule())
    at_ms = np.arange(0, scene.ended_at_ms + 1, FRAME_MS, dtype=np.int64)
    present = scene.presence(at_ms)
    starts = np.searchsorted(present.moment, np.arange(at_ms.size + 1))
    for frame, now_ms in enumerate(at_ms.tolist()):
        here = slice(starts[frame], starts[frame + 1])
        feet = np.stack([present.x_m[here], present.y_m[here]], axis=1)
        watcher.take(present.person[here].tolist(), feet, now_ms, max(0, now_ms - FRAME_MS))
    watcher.finish()
    return watcher.tell()


def camera_zones(scene: RecordedFloor, camera: CameraConfig, seed: int) -> ZonesTold:
    """Count through the simulated camera."""
    watcher = footfall_watcher(camera, interval_s=1e9)
    view = SceneCamera(cast(Shop, scene), seed=seed)  # It asks a shop for its planogram and for who is where: both are here.
    intervals = []
    for found in view.frames(0, scene.ended_at_ms + 1):
        intervals += watcher.take(found).intervals
    intervals += watcher.finish().intervals
    (whole,) = intervals
    return whole.zones


def errors(true: ZonesTold, seen: ZonesTold) -> dict[str, tuple[float, float, float]]:
    """For each figure: its true sum over the zones, the counted sum, and the mean error of a zone (or way) as a share of the sum's mean."""
    names = list(true.zones)
    found: dict[str, tuple[float, float, float]] = {}
    for column, what in enumerate(("visits", "person-ms", "stops", "stopped-ms")):
        found[what] = _compare([true.zones[name][column] for name in names], [seen.zones[name][column] for name in names])
    ways = sorted({*true.paths, *seen.paths})
    found["ways"] = _compare([true.paths.get(way, 0) for way in ways], [seen.paths.get(way, 0) for way in ways])
    for column, what in ((2, "waits"), (3, "waited-ms")):
        found[what] = _compare([queue[column] for queue in true.queues.values()], [queue[column] for queue in seen.queues.values()])
    return found


def _compare(true: list[int], seen: list[int]) -> tuple[float, float, float]:
    mean = max(1.0, float(np.mean(true))) if true else 1.0
    error = float(np.mean(np.abs(np.array(seen) - np.array(true)))) / mean if true else 0.0
    return float(sum(true)), float(sum(seen)), error


def main() -> int:
    """Print a line for each scene, seed and figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    if not DATA.is_dir():
        print(f"{DATA}: the recordings are not here; put them beside the project as shared/data", file=sys.stderr)
        return 3
    for name in ("zara01", "hotel"):
        scene = RecordedFloor(DATA / name / "obsmat.txt")
        zones = zones_of(scene.planogram)
        camera = msgspec.structs.replace(camera_config(scene.planogram), zones=zones)
        true = true_zones(scene, zones)
        for seed in range(seeds):
            for what, (right, counted, error) in errors(true, camera_zones(scene, camera, seed)).items():
                print(f"{name} seed {seed}: {what:10} true {right:9.0f}  counted {counted:9.0f}  mean error {error:6.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

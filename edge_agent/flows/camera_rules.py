"""From a camera's configuration to the rules that watch it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge_agent.config import CameraConfig, FloorConfig, LineConfig
from edge_agent.errors import ConfigurationInvalid
from edge_agent.floor_config import FloorZoneConfig, LensConfig
from edge_agent.rules.doorway import DoorLine
from edge_agent.rules.floor_plane import (
    FloorCalibrationInvalid,
    FloorPlane,
    FloorPoint,
    RadialLens,
    plane_from_points,
    plane_from_tsai,
    tile_points,
)
from edge_agent.rules.floor_zones import FloorZone
from edge_agent.rules.footfall import FootfallRule, FootfallWatcher
from edge_agent.rules.tracking import TrackingRule

FOOT_SPREAD_HEIGHTS = 0.025
"""How far off a box's foot is, one deviation, as a share of its height: measured on labelled film and on public boxes, 0.02 to 0.05."""


def door_lines(lines: Sequence[LineConfig]) -> list[DoorLine]:
    """The door lines of a camera.

    Raises:
        ConfigurationInvalid: two lines share a name, or one has no length.
    """
    doors = [DoorLine(line.door_id, line.x1, line.y1, line.x2, line.y2) for line in lines]
    names = [door.door_id for door in doors]
    for door in doors:
        if names.count(door.door_id) > 1:
            raise ConfigurationInvalid(path="cameras.lines", field=door.door_id, problem="two lines have this name; give each its own")
        if (door.x1, door.y1) == (door.x2, door.y2):
            raise ConfigurationInvalid(path="cameras.lines", field=door.door_id, problem="its two points are one; draw it through the door")
    return doors


def floor_plane(floor: FloorConfig | None) -> FloorPlane | None:
    """The camera's floor on the store's plan, or None where it is not calibrated.

    Raises:
        ConfigurationInvalid: the points or the calibration file cannot be used.
    """
    if floor is None:
        return None
    origin_m = (floor.origin_x_m, floor.origin_y_m)
    field, path = "floor.points", "cameras"
    try:
        if floor.tsai_file is None:
            points = [FloorPoint(p.x_px, p.y_px, p.x_m, p.y_m) for p in floor.points]
            if (tile := floor.tile) is not None:
                field = "floor.tile"
                size_m, at_m = (tile.width_m, tile.depth_m), (tile.x_m, tile.y_m)
                points = tile_points(tile.corners_px, size_m, at_m=at_m, turned_deg=tile.turned_deg)
            return plane_from_points(points, origin_m=origin_m, lens=_lens(floor.lens))
        field, path = "floor.tsai_file", floor.tsai_file
        return plane_from_tsai(Path(floor.tsai_file).read_text(encoding="utf-8"), origin_m=origin_m)
    except FloorCalibrationInvalid as error:
        raise ConfigurationInvalid(path=path, field=field, problem=f"{error.problem}; {error.advice}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationInvalid(path=path, field=field, problem=f"cannot be read ({error})") from error


def floor_zones(zones: Sequence[FloorZoneConfig]) -> list[FloorZone]:
    """The zones of a camera's floor."""
    return [FloorZone(zone.zone_id, zone.kind, np.array(zone.corners_m, dtype=float)) for zone in zones]


def _lens(lens: LensConfig | None) -> RadialLens | None:
    return None if lens is None else RadialLens((lens.fx_px, lens.fy_px), (lens.cx_px, lens.cy_px), lens.k1, lens.k2)


def footfall_watcher(
    config: CameraConfig, *, extra_lines: Sequence[LineConfig] = (), interval_s: float = 60.0, interval_phase_ms: int = 0
) -> FootfallWatcher:
    """Everything that decides about one camera's people.

    Raises:
        ConfigurationInvalid: lines or floor cannot be used.
    """
    rule = FootfallRule(
        tracking=TrackingRule(score_sure=config.score_min),
        cell_size_m=config.floor.cell_size_m if config.floor is not None else 0.5,
        interval_s=interval_s,
        interval_phase_ms=interval_phase_ms,
        foot_spread_heights=FOOT_SPREAD_HEIGHTS,
    )
    zones = floor_zones(config.zones)
    return FootfallWatcher(door_lines([*config.lines, *extra_lines]), floor_plane(config.floor), rule, zones)

"""Parts of a camera's configuration that speak of the floor, and what cannot be meant by them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from msgspec import Meta

from toml_settings import Place, Positive, Section
from wire_format.identifiers import ZoneId


class LensConfig(Section, frozen=True, kw_only=True):
    """A lens that bends straight lines, as a chessboard calibration gives it (OpenCV's model): pixels, and k1, k2."""

    fx_px: Positive
    fy_px: Positive
    cx_px: float
    cy_px: float
    k1: float
    k2: float = 0.0


class FloorTileConfig(Section, frozen=True, kw_only=True):
    """A rectangle of floor tiles: its corners in the picture (pixels), in order around it from the one at `x_m`, `y_m` of the plan.

    From that corner to the next are `width_m`, from there `depth_m`. `turned_deg`: how the first side lies on the plan, from x to y.
    """

    corners_px: Annotated[list[tuple[float, float]], Meta(min_length=4, max_length=4)]
    width_m: Positive
    depth_m: Positive
    x_m: float = 0.0
    y_m: float = 0.0
    turned_deg: float = 0.0


class FloorZoneConfig(Section, frozen=True, kw_only=True):
    """A part of the floor that is counted by itself: corners on the plan, metres, in order around it.

    `reach` is where one stands to take from a shelf; `queue` is where people wait; who stands in a `staff` zone is not counted any more.
    """

    zone_id: ZoneId
    kind: Literal["aisle", "entrance", "queue", "till", "reach", "staff", "other"] = "other"
    corners_m: Annotated[list[tuple[float, float]], Meta(min_length=3, max_length=100)]


def floor_mistakes(given: Sequence[str], *, spots: int, has_lens: bool) -> Iterator[tuple[str, str]]:
    """What is wrong with a floor: the key, and what to do. `given` names the ways in which it is calibrated, `spots` counts its points."""
    if len(given) > 1:
        yield given[1], f"give {' or '.join(given)}, not both: each says how the floor lies in the picture"
    elif list(given) in ([], ["points"]) and spots < 4:
        yield "points", f"{spots} given; four or more different points, or a tile or tsai_file, are needed"
    if has_lens and "tsai_file" in given:
        yield "lens", "a tsai_file has its own lens; leave this one out"


def zone_mistakes(zones: Sequence[FloorZoneConfig], *, has_floor: bool) -> Iterator[tuple[Place, str]]:
    """What is wrong with a camera's zones."""
    names = [zone.zone_id for zone in zones]
    if zones and not has_floor:
        yield ("zones",), "zones are on the store's plan; add [cameras.floor] to say how the picture lies on it"
    for index, zone in enumerate(zones):
        if zone.zone_id in names[:index]:
            yield ("zones", index, "zone_id"), f"zone {zone.zone_id!r} is drawn above already"
        if _area_m2(zone.corners_m) < 0.01:
            yield ("zones", index, "corners_m"), f"zone {zone.zone_id!r} has no area; give its corners in order around it, metres"


def twice_counted(cameras: Sequence[tuple[str, list[str]]]) -> Iterator[tuple[Place, str]]:
    """Zones that two cameras of a device would count: `cameras` are area and zones of each."""
    counted_by: dict[str, str] = {}
    for number, (area_id, zones) in enumerate(cameras):
        for index, zone_id in enumerate(zones):
            if (other := counted_by.setdefault(zone_id, area_id)) != area_id:
                problem = f"zone {zone_id!r} is counted by camera {other!r} already; two cameras would count its people twice"
                yield (number, "zones", index, "zone_id"), problem


def _area_m2(corners_m: Sequence[tuple[float, float]]) -> float:
    following = [*corners_m[1:], corners_m[0]]
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(corners_m, following, strict=True))) / 2.0

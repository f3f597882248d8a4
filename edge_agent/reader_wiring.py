"""How a UHF reader, its antennas and its doors are described, and what cannot be meant together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from toml_settings import PositiveInt, Section
from wire_format.identifiers import DoorId, ShelfId, ZoneId


class AntennaConfig(Section, frozen=True, kw_only=True):
    """Which zone an antenna looks at, how loud it speaks, and where it is on the plan (metres: x to the right, y down).

    One with a place and without a zone tells only which way tags go past it.
    """

    antenna: PositiveInt
    zone_id: ZoneId | None = None
    power_dbm: float | None = None
    x_m: float | None = None
    y_m: float | None = None


class TagDoorConfig(Section, frozen=True, kw_only=True):
    """A door on the plan, metres: `in` is from left to right of it, seen from its first point; and the zones on either side."""

    door_id: DoorId
    x1_m: float
    y1_m: float
    x2_m: float
    y2_m: float
    left_zone_id: ZoneId | None = None
    right_zone_id: ZoneId | None = None


class ReaderConfig(Section, frozen=True, kw_only=True):
    """A UHF reader and its antennas."""

    reader_id: ShelfId
    adapter: Literal["llrp", "recording"] = "llrp"
    host: str | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] = 5084
    recording: str | None = None
    carrier_mhz: Annotated[float, Meta(ge=800.0, le=1000.0)] = 915.0
    antennas: list[AntennaConfig]
    doors: list[TagDoorConfig] = []


def reader_mistakes(reader: ReaderConfig) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What cannot be meant together: where in the reader's table, and what is wrong."""
    numbers = [antenna.antenna for antenna in reader.antennas]
    for index, antenna in enumerate(reader.antennas):
        if antenna.antenna in numbers[:index]:
            yield (("antennas", index, "antenna"), f"antenna {antenna.antenna} is listed above already")
        if (antenna.x_m is None) != (antenna.y_m is None):
            missing = "x_m" if antenna.x_m is None else "y_m"
            yield (("antennas", index, missing), "is missing: a place on the plan needs x_m and y_m")
        elif antenna.zone_id is None and antenna.x_m is None:
            yield (
                ("antennas", index, "zone_id"),
                "is missing: name the zone it looks at, or give the place x_m, y_m of one at a door",
            )
    placed = {(antenna.x_m, antenna.y_m) for antenna in reader.antennas if antenna.x_m is not None}
    if reader.doors and len(placed) < 2:
        yield (("doors",), "which way a tag goes is told by two or more antennas in different places; give them x_m and y_m")
    for index, door in enumerate(reader.doors):
        if (door.x1_m, door.y1_m) == (door.x2_m, door.y2_m):
            yield (("doors", index), f"the line of door {door.door_id!r} is a point; its two ends must differ")
        if door.door_id in [other.door_id for other in reader.doors[:index]]:
            yield (("doors", index, "door_id"), f"door {door.door_id!r} is listed above already")

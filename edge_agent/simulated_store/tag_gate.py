"""The four antennas of a simulated shop's front door: what they hear of tags that somebody carries past, phases included.

They look at no zone. Their power is set low, as a gate's is: who stays away from the door is not heard.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from edge_agent.reader_wiring import AntennaConfig, TagDoorConfig
from edge_agent.readings import Spot, TagRead
from edge_agent.simulated_store.floor_plan import Point
from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.tag_pass import heard_at

_ASIDE_M, _BEFORE_M, _REACH_M = 0.5, 1.2, 2.0
_TRIES_PER_S = 30


class TagGate:
    """Antennas on both sides of the shop's first door, inside and outside.

    Args:
        first_antenna: its number; the others follow.
    """

    def __init__(self, shop: Shop, *, seed: int, first_antenna: int) -> None:
        self._shop = shop
        self._key = [seed, 22]
        floor = shop.floor
        along, inwards, middle = _along(floor.inwards), floor.inwards, floor.door_middle
        aside_m = floor.door_half_width_m + _ASIDE_M
        sides = [(aside_m, _BEFORE_M), (-aside_m, _BEFORE_M), (-aside_m, -_BEFORE_M), (aside_m, -_BEFORE_M)]
        self._spots = {
            first_antenna + index: Spot(
                round(middle.x_m + along.x_m * aside + inwards.x_m * before, 3),
                round(middle.y_m + along.y_m * aside + inwards.y_m * before, 3),
            )
            for index, (aside, before) in enumerate(sides)
        }
        self._middle = middle
        self.antennas = [AntennaConfig(antenna=number, x_m=spot.x_m, y_m=spot.y_m) for number, spot in self._spots.items()]
        (x1_m, y1_m), (x2_m, y2_m) = floor.door_line
        zone_id = next((zone.zone_id for zone in shop.planogram.zones if zone.kind == "entrance"), None)
        door_id = shop.planogram.doors[0].door_id if shop.planogram.doors else "front-door"
        self.door = TagDoorConfig(door_id=door_id, x1_m=x1_m, y1_m=y1_m, x2_m=x2_m, y2_m=y2_m, right_zone_id=zone_id)

    def reads(self, at_ms: int, lasts_ms: int, carried: Mapping[int, list[str]]) -> list[TagRead]:
        """Reads of a cycle. `carried`: the tags that each person carries."""
        if not carried:
            return []
        tries_ms = at_ms + np.arange(0, lasts_ms, 1000 // _TRIES_PER_S, dtype=np.int64)
        present = self._shop.presence(tries_ms)
        near = np.hypot(present.x_m - self._middle.x_m, present.y_m - self._middle.y_m) <= _REACH_M
        heard: list[TagRead] = []
        rows = zip(present.moment[near].tolist(), present.person[near].tolist(), present.x_m[near], present.y_m[near], strict=True)
        for moment, person, x_m, y_m in rows:
            for number, epc in enumerate(carried.get(person, ())):
                chance = np.random.Generator(np.random.PCG64([*self._key, int(tries_ms[moment]), person, number]))
                read = heard_at(self._spots, Spot(float(x_m), float(y_m)), int(tries_ms[moment]), epc, chance)
                if read is not None:
                    heard.append(read)
        return heard


def _along(inwards: Point) -> Point:
    length = math.hypot(*inwards)
    return Point(-inwards.y_m / length, inwards.x_m / length)

"""Where one can walk: around the bays, never through them. Shortest ways over a visibility graph of the bays' corners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from wire_format.plans import Bay, Planogram, Rectangle, Zone

_BODY_M = 0.3
_STANDING_DISTANCE_M = 0.5
_OUTSIDE_M = 1.6


class Point(NamedTuple):
    """A place on the plan, metres."""

    x_m: float
    y_m: float


class Facing(NamedTuple):
    """Where a shopper stands for one article, and which shelf it is taken from."""

    shelf_id: str
    sku: str
    stand: Point


def distance_m(a: Point, b: Point) -> float:
    """As the crow flies."""
    return math.hypot(a.x_m - b.x_m, a.y_m - b.y_m)


def _in_front_of(bay: Bay, along_m: float) -> Point:
    place = bay.place
    if bay.faces in ("south", "north"):
        y_m = place.y_m + place.depth_m + _STANDING_DISTANCE_M if bay.faces == "south" else place.y_m - _STANDING_DISTANCE_M
        return Point(place.x_m + along_m, y_m)
    x_m = place.x_m + place.width_m + _STANDING_DISTANCE_M if bay.faces == "east" else place.x_m - _STANDING_DISTANCE_M
    return Point(x_m, place.y_m + along_m)


def _crosses(a: Point, b: Point, box: Rectangle) -> bool:
    """Whether the way from a to b passes through the inside of a box (Liang and Barsky's clipping)."""
    enters, leaves = 0.0, 1.0
    for start, step, low, high in (
        (a.x_m, b.x_m - a.x_m, box.x_m, box.x_m + box.width_m),
        (a.y_m, b.y_m - a.y_m, box.y_m, box.y_m + box.depth_m),
    ):
        if abs(step) < 1e-12:
            if start <= low or start >= high:
                return False
            continue
        first, second = sorted(((low - start) / step, (high - start) / step))
        enters, leaves = max(enters, first), min(leaves, second)
    return leaves - enters > 1e-9


class FloorPlan:
    """The walkable floor of a planogram: facings, door, queue and till, and the way between any two points."""

    def __init__(self, planogram: Planogram) -> None:
        self.width_m, self.depth_m = planogram.width_m, planogram.depth_m
        self._bays = [bay.place for bay in planogram.bays]
        self._swollen = [_swollen(place, _BODY_M) for place in self._bays]
        corners = [corner for place in self._bays for corner in _corners(_swollen(place, _BODY_M + 0.02))]
        self._nodes = [corner for corner in corners if self._is_free(corner)]
        self._between_nodes = self._node_distances()
        self.facings = [facing for bay in planogram.bays for facing in _facings(bay)]
        zones = {kind: [zone for zone in planogram.zones if zone.kind == kind] for kind in ("till", "queue", "back_room")}
        self.till = self._centre(zones["till"], Point(self.width_m * 0.8, self.depth_m * 0.8))
        self.queue_end = self._centre(zones["queue"], Point(self.width_m * 0.6, self.depth_m * 0.8))
        self.back_room = self._centre(zones["back_room"], Point(self.width_m * 0.9, self.depth_m * 0.1))
        self._place_door(planogram)

    def _place_door(self, planogram: Planogram) -> None:
        if planogram.doors:
            door = planogram.doors[0]
            first, second = Point(door.x1_m, door.y1_m), Point(door.x2_m, door.y2_m)
        else:
            first, second = Point(2.0, self.depth_m - 0.5), Point(1.0, self.depth_m - 0.5)
        self.door_line = (first, second)
        length_m = distance_m(first, second)
        # The plan's y points down, so the right hand of someone looking along (dx, dy) is (-dy, dx).
        inwards = Point(-(second.y_m - first.y_m) / length_m, (second.x_m - first.x_m) / length_m)
        self.door_middle = Point((first.x_m + second.x_m) / 2, (first.y_m + second.y_m) / 2)
        self.inwards = inwards
        self.door_half_width_m = length_m / 2

    def door_points(self, aside_share: float) -> tuple[Point, Point]:
        """A point well outside and one inside the door; `aside_share` from -1 to 1 says how far from its middle one walks."""
        aside_m = aside_share * max(self.door_half_width_m - 0.25, 0.0)
        x_m = self.door_middle.x_m - self.inwards.y_m * aside_m
        y_m = self.door_middle.y_m + self.inwards.x_m * aside_m
        outside = Point(x_m - self.inwards.x_m * _OUTSIDE_M, y_m - self.inwards.y_m * _OUTSIDE_M)
        inside = Point(x_m + self.inwards.x_m * 0.8, y_m + self.inwards.y_m * 0.8)
        return outside, inside

    def queue_spot(self, waiting: int) -> Point:
        """Where the next in line stands when so many wait already: a metre short of the till, then 0.7 m each."""
        towards = (self.queue_end.x_m - self.till.x_m, self.queue_end.y_m - self.till.y_m)
        length_m = math.hypot(*towards) or 1.0
        back_m = min(1.0 + 0.7 * waiting, length_m + 1.0)
        return Point(self.till.x_m + towards[0] / length_m * back_m, self.till.y_m + towards[1] / length_m * back_m)

    def way(self, start: Point, goal: Point) -> list[Point]:
        """The shortest way around the bays, both ends included."""
        if self._sees(start, goal) or not self._nodes:
            return [start, goal]
        from_start = np.array([distance_m(start, n) if self._sees(start, n) else np.inf for n in self._nodes])
        to_goal = np.array([distance_m(n, goal) if self._sees(n, goal) else np.inf for n in self._nodes])
        lengths, following = self._between_nodes
        total = from_start[:, None] + lengths + to_goal[None, :]
        first, last = np.unravel_index(int(np.argmin(total)), total.shape)
        if not np.isfinite(total[first, last]):
            return [start, goal]  # Walled in: a drawing mistake in the planogram must not stop the shop.
        node, way = int(first), [start, self._nodes[int(first)]]
        while node != int(last):
            node = int(following[node, int(last)])
            way.append(self._nodes[node])
        return [*way, goal]

    def crosses_bay(self, a: Point, b: Point) -> bool:
        """Whether a straight step would go through a rack."""
        return any(_crosses(a, b, place) for place in self._bays)

    def _is_free(self, point: Point) -> bool:
        inside_shop = 0.0 <= point.x_m <= self.width_m and 0.0 <= point.y_m <= self.depth_m
        return inside_shop and not any(
            b.x_m < point.x_m < b.x_m + b.width_m and b.y_m < point.y_m < b.y_m + b.depth_m for b in self._swollen
        )

    def _sees(self, a: Point, b: Point) -> bool:
        return not any(_crosses(a, b, box) for box in self._swollen)

    def _node_distances(self) -> tuple[np.ndarray, np.ndarray]:
        """Floyd and Warshall: lengths between all nodes, and the node that follows on the way."""
        count = len(self._nodes)
        lengths = np.full((count, count), np.inf)
        following = np.tile(np.arange(count), (count, 1))
        for i, a in enumerate(self._nodes):
            for j, b in enumerate(self._nodes):
                if self._sees(a, b):
                    lengths[i, j] = distance_m(a, b)
        for k in range(count):
            through = lengths[:, k, None] + lengths[None, k, :]
            shorter = through < lengths - 1e-9
            lengths = np.where(shorter, through, lengths)
            following = np.where(shorter, following[:, k, None], following)
        return lengths, following

    @staticmethod
    def _centre(zones: Sequence[Zone], fallback: Point) -> Point:
        if not zones:
            return fallback
        place = zones[0].place
        return Point(place.x_m + place.width_m / 2, place.y_m + place.depth_m / 2)


def _facings(bay: Bay) -> list[Facing]:
    return [
        Facing(shelf.shelf_id, facing.sku, _in_front_of(bay, facing.from_m + facing.width_m / 2))
        for shelf in bay.shelves
        for facing in shelf.facings
    ]


def _swollen(place: Rectangle, by_m: float) -> Rectangle:
    return Rectangle(x_m=place.x_m - by_m, y_m=place.y_m - by_m, width_m=place.width_m + 2 * by_m, depth_m=place.depth_m + 2 * by_m)


def _corners(place: Rectangle) -> list[Point]:
    right_m, bottom_m = place.x_m + place.width_m, place.y_m + place.depth_m
    return [Point(place.x_m, place.y_m), Point(right_m, place.y_m), Point(place.x_m, bottom_m), Point(right_m, bottom_m)]

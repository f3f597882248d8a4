"""A camera that looks at the whole floor, and the boxes a person detector would draw in its picture: jittered, missed, hidden, invented.

The camera hangs high before the shop's front and looks in as if the roof were off: one view of everything. A real shop needs several.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_agent.config import CameraConfig, FloorConfig, FloorPointConfig, LineConfig
from edge_agent.floor_config import FloorZoneConfig
from edge_agent.readings import Detections
from edge_agent.simulated_store.shop import Shop
from wire_format.plans import Planogram, Rectangle, Zone

FRAME_MS = 200
WIDTH_PX, HEIGHT_PX = 960, 720
_MISS_PROBABILITY = 0.05
_HIDDEN_SHARE = 0.55
_HIDDEN_MISS_PROBABILITY = 0.6
_HARD_WINDOW_MS, _HARD_PROBABILITY = 1_200, 0.02
_CLUTTER_PROBABILITY = 0.02
_JITTER_SHARE = 0.02
_BODY_WIDTH_SHARE = 0.38
_HALF_SHOE_M = 0.14

Floats = npt.NDArray[np.float64]


class CameraView:
    """A pinhole camera over the plan (x right, y down, z up, metres)."""

    def __init__(self, planogram: Planogram) -> None:
        self._centre = np.array([planogram.width_m / 2.0, planogram.depth_m + 5.5, 7.5])
        goal = np.array([planogram.width_m / 2.0, planogram.depth_m * 0.5, 0.0])
        self._ahead = (goal - self._centre) / np.linalg.norm(goal - self._centre)
        self._right = np.array([1.0, 0.0, 0.0])
        up = np.array([0.0, 0.0, 1.0])
        down = -(up - (up @ self._ahead) * self._ahead)
        self._down = down / np.linalg.norm(down)
        self._focal_px = 1.0
        self._fit(planogram)

    def project(self, x_m: Floats, y_m: Floats, z_m: Floats) -> tuple[Floats, Floats]:
        """Where points of the shop fall in the picture, pixels from its upper left."""
        offset = np.stack([x_m, y_m, z_m], axis=-1) - self._centre
        depth = offset @ self._ahead
        u_px = WIDTH_PX / 2.0 + self._focal_px * (offset @ self._right) / depth
        return u_px, HEIGHT_PX / 2.0 + self._focal_px * (offset @ self._down) / depth

    def towards(self, x_m: Floats, y_m: Floats, by_m: float) -> tuple[Floats, Floats]:
        """Points of the floor moved towards the camera: a box ends at the nearer toe."""
        away_x, away_y = self._centre[0] - x_m, self._centre[1] - y_m
        share = by_m / np.hypot(away_x, away_y)
        return x_m + share * away_x, y_m + share * away_y

    def _fit(self, planogram: Planogram) -> None:
        """Zoom so that floor, front step and standing people just fit."""
        x_m = np.array([0.0, planogram.width_m] * 3)
        y_m = np.array([0.0, 0.0, planogram.depth_m + 1.2, planogram.depth_m + 1.2, 0.0, 0.0])
        u_px, v_px = self.project(x_m, y_m, np.array([0.0, 0.0, 0.0, 0.0, 2.0, 2.0]))
        self._focal_px = 0.97 / max(np.abs(u_px / (WIDTH_PX / 2) - 1.0).max(), np.abs(v_px / (HEIGHT_PX / 2) - 1.0).max())


def camera_config(planogram: Planogram, *, cell_size_m: float = 0.5) -> CameraConfig:
    """What an installer would write for this camera: door lines in pixels, and points that tie the picture to the plan."""
    view = CameraView(planogram)

    def pixel(x_m: float, y_m: float) -> tuple[float, float]:
        u_px, v_px = view.project(np.array([x_m]), np.array([y_m]), np.zeros(1))
        return round(float(u_px[0]), 2), round(float(v_px[0]), 2)

    lines = []
    for door in planogram.doors:
        (x1, y1), (x2, y2) = pixel(door.x1_m, door.y1_m), pixel(door.x2_m, door.y2_m)
        lines.append(LineConfig(door_id=door.door_id, x1=x1, y1=y1, x2=x2, y2=y2))
    across, along = planogram.width_m, planogram.depth_m
    spots = [(x, y) for x in (0.0, across / 2, across) for y in (0.0, along / 2, along)]
    points = [FloorPointConfig(x_px=pixel(*s)[0], y_px=pixel(*s)[1], x_m=s[0], y_m=s[1]) for s in spots]
    return CameraConfig(
        area_id="whole-floor",
        source="simulated",
        frames_per_s=1000.0 / FRAME_MS,
        lines=lines,
        floor=FloorConfig(points=points, cell_size_m=cell_size_m),
        zones=[_zone_config(zone) for zone in planogram.zones],
    )


def _zone_config(zone: Zone) -> FloorZoneConfig:
    """The planogram's zone as the camera counts it: its rectangle, and nobody from the back room."""
    place = zone.place
    right_m, bottom_m = place.x_m + place.width_m, place.y_m + place.depth_m
    corners = [(place.x_m, place.y_m), (right_m, place.y_m), (right_m, bottom_m), (place.x_m, bottom_m)]
    return FloorZoneConfig(zone_id=zone.zone_id, kind="staff" if zone.kind == "back_room" else zone.kind, corners_m=corners)


class SceneCamera:
    """Finds people in the simulated picture, frame by frame; every frame is a function of seed, moment and truth."""

    def __init__(self, shop: Shop, *, seed: int) -> None:
        self._shop = shop
        self._key = [seed, 31]
        self.view = CameraView(shop.planogram)
        self._hidden_from_view = [zone.place for zone in shop.planogram.zones if zone.kind == "back_room"]

    def frames(self, from_ms: int, until_ms: int) -> list[Detections]:
        """Detections of every frame in `[from_ms, until_ms)`; `taken_at_ms` is Unix time and `number` counts frames since 1970."""
        first, last = -(-from_ms // FRAME_MS), -(-until_ms // FRAME_MS)
        at_ms = np.arange(first, last, dtype=np.int64) * FRAME_MS
        present = self._shop.presence(at_ms)
        seen = np.ones(present.person.size, dtype=bool)
        for place in self._hidden_from_view:
            seen &= ~_inside(place, present.x_m, present.y_m)
        moment, person = present.moment[seen], present.person[seen]
        x_m, y_m, height_m = present.x_m[seen], present.y_m[seen], present.height_m[seen]
        boxes = self._true_boxes(x_m, y_m, height_m)
        starts = np.searchsorted(moment, np.arange(at_ms.size + 1))
        return [self._frame(int(at), boxes[starts[i] : starts[i + 1]], person[starts[i] : starts[i + 1]]) for i, at in enumerate(at_ms)]

    def truth(self, at_ms: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
        """True boxes (n, 4) xyxy, pixels, and the numbers of the people that could be seen at a moment, Unix time."""
        present = self._shop.presence(np.array([at_ms], dtype=np.int64))
        seen = np.ones(present.person.size, dtype=bool)
        for place in self._hidden_from_view:
            seen &= ~_inside(place, present.x_m, present.y_m)
        return self._true_boxes(present.x_m[seen], present.y_m[seen], present.height_m[seen]), present.person[seen]

    def _true_boxes(self, x_m: Floats, y_m: Floats, height_m: Floats) -> Floats:
        foot_u, foot_v = self.view.project(*self.view.towards(x_m, y_m, _HALF_SHOE_M), np.zeros_like(x_m))
        _, head_v = self.view.project(x_m, y_m, height_m)
        half_px = 0.5 * _BODY_WIDTH_SHARE * (foot_v - head_v)
        return np.stack([foot_u - half_px, head_v, foot_u + half_px, foot_v], axis=-1)

    def _frame(self, at_ms: int, boxes: Floats, person: npt.NDArray[np.intp]) -> Detections:
        frame = at_ms // FRAME_MS
        chance = np.random.Generator(np.random.PCG64([*self._key, frame]))
        if not len(boxes):
            found = self._with_clutter(np.zeros((0, 4)), np.zeros(0), chance)
            return Detections(frame, at_ms, *found)
        missed = chance.random(len(boxes)) < _miss_probability(boxes)
        missed |= self._hard_to_see(person, at_ms)
        height_px = (boxes[:, 3] - boxes[:, 1])[:, None]
        jittered = boxes + chance.normal(0.0, _JITTER_SHARE, boxes.shape) * height_px
        scores = np.clip(chance.normal(0.78, 0.09, len(boxes)), 0.3, 0.98)
        return Detections(frame, at_ms, *self._with_clutter(jittered[~missed], scores[~missed], chance))

    def _hard_to_see(self, person: npt.NDArray[np.intp], at_ms: int) -> npt.NDArray[np.bool_]:
        """Someone bends or turns: gone for a second at a stretch."""
        window = at_ms // _HARD_WINDOW_MS
        mixed = (person.astype(np.uint64) * np.uint64(2_654_435_761) + np.uint64(window) * np.uint64(40_503)) % np.uint64(10_007)
        return np.asarray(mixed < np.uint64(round(10_007 * _HARD_PROBABILITY)))

    @staticmethod
    def _with_clutter(
        boxes: Floats, scores: Floats, chance: np.random.Generator
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Now and then a cardboard figure or a shadow passes for a person."""
        if chance.random() < _CLUTTER_PROBABILITY:
            x_px, y_px = chance.uniform(0.1, 0.9) * WIDTH_PX, chance.uniform(0.3, 0.9) * HEIGHT_PX
            height_px = chance.uniform(60.0, 140.0)
            boxes = np.vstack([boxes, [x_px, y_px - height_px, x_px + 0.4 * height_px, y_px]])
            scores = np.append(scores, chance.uniform(0.3, 0.6))
        return boxes.astype(np.float32), scores.astype(np.float32)


def _inside(place: Rectangle, x_m: Floats, y_m: Floats) -> npt.NDArray[np.bool_]:
    across = (x_m >= place.x_m) & (x_m < place.x_m + place.width_m)
    return np.asarray(across & (y_m >= place.y_m) & (y_m < place.y_m + place.depth_m))


def _miss_probability(boxes: Floats) -> Floats:
    """Higher for whoever stands behind somebody else: a box covered by one whose feet are lower in the picture."""
    probability = np.full(len(boxes), _MISS_PROBABILITY)
    if len(boxes) < 2:
        return probability
    overlap = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    shared = np.prod(np.clip(overlap, 0.0, None), axis=2)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    nearer = boxes[None, :, 3] > boxes[:, None, 3]
    covered = np.where(nearer, shared / area[:, None], 0.0).max(axis=1)
    probability[covered > _HIDDEN_SHARE] = _HIDDEN_MISS_PROBABILITY
    return probability

"""Draws what the simulated camera would see: floor, racks and people as simple figures, so that pages can be tried without a camera."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.simulated_store.camera_view import HEIGHT_PX, WIDTH_PX, CameraView
from wire_format.plans import Planogram, Rectangle

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

_TILE_M = 0.5
_RACK_HEIGHT_M = 1.5
_OUTSIDE: Colour = (92, 96, 98)
_FLOORS: tuple[Colour, Colour] = ((176, 186, 192), (160, 170, 177))
_RACK_TOP: Colour = (120, 132, 142)
_RACK_FRONT: Colour = (86, 98, 110)
_CLOTHES: tuple[Colour, ...] = ((120, 70, 40), (50, 60, 130), (60, 110, 70), (110, 100, 60), (90, 50, 100), (40, 40, 44))
_SKIN: Colour = (130, 160, 205)
_EYES: Colour = (30, 30, 30)


class CameraPicture:
    """The same plan gives the same picture. The empty shop is drawn once."""

    def __init__(self, planogram: Planogram) -> None:
        self._view = CameraView(planogram)
        self._empty = self._draw_shop(planogram)

    def draw(self, boxes: npt.NDArray[np.floating], people: npt.NDArray[np.intp]) -> Pixels:
        """The shop with people in it: `boxes` (n, 4) xyxy, pixels, in any order; `people` (n,) numbers choose their clothes."""
        picture = self._empty.copy()
        for index in np.argsort(boxes[:, 3] if len(boxes) else []):
            _draw_person(picture, boxes[index], _CLOTHES[int(people[index]) % len(_CLOTHES)])
        return picture

    def _draw_shop(self, planogram: Planogram) -> Pixels:
        picture = np.full((HEIGHT_PX, WIDTH_PX, 3), _OUTSIDE, dtype=np.uint8)
        for row in range(round(planogram.depth_m / _TILE_M)):
            for column in range(round(planogram.width_m / _TILE_M)):
                tile = Rectangle(x_m=column * _TILE_M, y_m=row * _TILE_M, width_m=_TILE_M, depth_m=_TILE_M)
                cv2.fillConvexPoly(picture, self._corners(tile, 0.0), _FLOORS[(row + column) % 2], lineType=cv2.LINE_AA)
        for door in planogram.doors:
            ends = self._pixels(np.array([door.x1_m, door.x2_m]), np.array([door.y1_m, door.y2_m]), 0.0)
            cv2.line(picture, tuple(map(int, ends[0])), tuple(map(int, ends[1])), (60, 130, 200), 4, cv2.LINE_AA)
        for bay in sorted(planogram.bays, key=lambda bay: bay.place.y_m):
            self._draw_rack(picture, bay.place)
        return picture

    def _draw_rack(self, picture: Pixels, place: Rectangle) -> None:
        ground, top = self._corners(place, 0.0), self._corners(place, _RACK_HEIGHT_M)
        front = np.array([ground[3], ground[2], top[2], top[3]], dtype=np.int32)
        for side in ((0, 3), (1, 2)):
            flank = np.array([ground[side[0]], ground[side[1]], top[side[1]], top[side[0]]], dtype=np.int32)
            cv2.fillConvexPoly(picture, flank, _RACK_FRONT, lineType=cv2.LINE_AA)
        cv2.fillConvexPoly(picture, front, _RACK_FRONT, lineType=cv2.LINE_AA)
        cv2.fillConvexPoly(picture, top, _RACK_TOP, lineType=cv2.LINE_AA)
        for share in (0.25, 0.5, 0.75):
            left, right = (ground[i] + (top[i] - ground[i]) * share for i in (3, 2))
            cv2.line(picture, tuple(map(int, left)), tuple(map(int, right)), _RACK_TOP, 1, cv2.LINE_AA)

    def _corners(self, place: Rectangle, z_m: float) -> npt.NDArray[np.int32]:
        x = np.array([place.x_m, place.x_m + place.width_m, place.x_m + place.width_m, place.x_m])
        y = np.array([place.y_m, place.y_m, place.y_m + place.depth_m, place.y_m + place.depth_m])
        return self._pixels(x, y, z_m)

    def _pixels(self, x_m: Floats, y_m: Floats, z_m: float) -> npt.NDArray[np.int32]:
        u_px, v_px = self._view.project(x_m, y_m, np.full_like(x_m, z_m))
        return np.stack([np.round(u_px), np.round(v_px)], axis=1).astype(np.int32)


def _draw_person(picture: Pixels, box: npt.NDArray[np.floating], clothes: Colour) -> None:
    left, top, right, bottom = (float(side) for side in box)
    tall, middle = bottom - top, (left + right) / 2.0
    head = max(2, round(0.075 * tall))
    neck, hip, half = top + 0.16 * tall, top + 0.55 * tall, 0.3 * (right - left)
    for foot in (middle - 0.5 * half, middle + 0.5 * half):
        cv2.line(picture, (round(middle), round(hip)), (round(foot), round(bottom)), (60, 60, 66), max(2, round(0.07 * tall)), cv2.LINE_AA)
    body = [
        (middle - half, neck),
        (middle + half, neck),
        (middle + 0.8 * half, hip + 0.05 * tall),
        (middle - 0.8 * half, hip + 0.05 * tall),
    ]
    cv2.fillConvexPoly(picture, np.array(body).round().astype(np.int32), clothes, lineType=cv2.LINE_AA)
    centre = (round(middle), round(top + 0.08 * tall))
    cv2.circle(picture, centre, head, _SKIN, -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(picture, (centre[0] + round(side * 0.4 * head), centre[1]), max(1, head // 5), _EYES, -1, cv2.LINE_AA)

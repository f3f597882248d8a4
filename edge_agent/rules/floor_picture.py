"""The other way round: from metres on the plan to the picture, so that people can see how the floor lies in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge_agent.rules.floor_plane import FloorCalibrationInvalid, FloorPlane, FloorPoint

Floats = npt.NDArray[np.float64]

_NEWTON_STEPS = 12
_SAMPLES = 24
_LINES_MAX = 60
_AROUND_M = 3.0


class GridPicture(NamedTuple):
    """The floor grid as lines in the picture: each a list of points, pixels. `step_m` lies between two neighbouring lines."""

    step_m: float
    lines: list[list[tuple[float, float]]]


class PointErrors(NamedTuple):
    """By how much each floor point is missed, metres.

    `fitted_m`: by the plane through all of them (nothing, for four). `left_out_m`: by the plane through the others, which is what a place
    without a point must expect; None where the others do not suffice.
    """

    fitted_m: list[float]
    left_out_m: list[float | None]


def pixels_of(plane: FloorPlane, points_m: Floats, size_px: tuple[int, int]) -> Floats:
    """Where points of the floor, (n, 2) metres on the plan, are in the picture: (n, 2) pixels; not a number where behind the camera.

    Through a lens the way back has no formula; Newton's method is begun at the middle of the
    picture, where every lens is nearly straight.
    """
    back = np.linalg.inv(plane.to_plan)
    homogeneous = points_m @ back[:, :2].T + back[:, 2]
    depth = homogeneous[:, 2:]
    flat = np.where(depth > 1e-12, homogeneous[:, :2] / np.where(depth > 1e-12, depth, 1.0), np.nan)
    lens = plane.lens
    if lens is None:
        return np.asarray(flat)
    step = np.eye(2)
    pixels = np.full_like(flat, 0.5) * size_px
    for _ in range(_NEWTON_STEPS):
        here = lens.undistort(pixels)
        across = (lens.undistort(pixels + step[0]) - here)[:, :, None]
        down = (lens.undistort(pixels + step[1]) - here)[:, :, None]
        slope = np.concatenate([across, down], axis=2)
        bad = ~np.isfinite(flat - here).all(axis=1) | ~np.isfinite(slope).all(axis=(1, 2))
        slope[bad] = np.eye(2)
        flatness = np.abs(np.linalg.det(slope)) < 1e-12
        slope[flatness], bad = np.eye(2), bad | flatness
        move = np.linalg.solve(slope, (flat - here)[:, :, None])[:, :, 0]
        pixels = pixels + np.where(bad[:, None], np.nan, np.clip(move, -2_000.0, 2_000.0))
    return pixels


def grid_picture(plane: FloorPlane, points_m: Floats, cell_size_m: float, size_px: tuple[int, int]) -> GridPicture:
    """The grid around some points of the plan, (n, 2) metres, as far as the picture shows it; coarser where there would be too many."""
    low = np.maximum(np.floor((points_m.min(axis=0) - _AROUND_M) / cell_size_m) * cell_size_m, 0.0)
    high = np.ceil((points_m.max(axis=0) + _AROUND_M) / cell_size_m) * cell_size_m
    step = cell_size_m
    while (np.maximum(high - low, 0.0) / step).sum() > _LINES_MAX:
        step *= 2.0
    lines: list[list[tuple[float, float]]] = []
    for axis in (0, 1):
        along = np.linspace(low[1 - axis], high[1 - axis], _SAMPLES)
        for at in np.arange(np.ceil(low[axis] / step) * step, high[axis] + 1e-9, step):
            run = np.empty((_SAMPLES, 2))
            run[:, axis], run[:, 1 - axis] = at, along
            lines += _visible(pixels_of(plane, run, size_px), size_px)
    return GridPicture(step, lines)


def point_errors(points: list[FloorPoint], fit: Callable[[list[FloorPoint]], FloorPlane]) -> PointErrors:
    """How well floor points agree with each other; `fit` makes a plane of some.

    Raises:
        FloorCalibrationInvalid: they make no plane.
    """
    plane = fit(points)
    left_out: list[float | None] = []
    for index, point in enumerate(points):
        try:
            others = fit([other for number, other in enumerate(points) if number != index])
            left_out.append(_missed_m(others, point))
        except FloorCalibrationInvalid:
            left_out.append(None)
    return PointErrors([_missed_m(plane, point) or 0.0 for point in points], left_out)


def _missed_m(plane: FloorPlane, point: FloorPoint) -> float | None:
    found = plane.metres(np.array([[point.x_px, point.y_px]], dtype=float))[0] - (point.x_m, point.y_m)
    missed = float(np.hypot(*found))
    return missed if np.isfinite(missed) else None


def _visible(run: Floats, size_px: tuple[int, int]) -> list[list[tuple[float, float]]]:
    """The parts of a run of points that are in the picture or just beside it."""
    width, height = size_px
    with np.errstate(invalid="ignore"):
        near = (run[:, 0] > -width) & (run[:, 0] < 2 * width) & (run[:, 1] > -height) & (run[:, 1] < 2 * height)
        inside = (run[:, 0] >= 0) & (run[:, 0] <= width) & (run[:, 1] >= 0) & (run[:, 1] <= height)
    parts: list[list[tuple[float, float]]] = []
    current: list[tuple[float, float]] = []
    for index, (x, y) in enumerate(run.tolist()):
        wanted = near[index] and inside[max(0, index - 1) : index + 2].any()
        if wanted:
            current.append((round(x, 1), round(y, 1)))
        elif current:
            parts.append(current)
            current = []
    return [part for part in [*parts, current] if len(part) > 1]

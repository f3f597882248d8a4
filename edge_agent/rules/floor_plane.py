"""From a foot in the picture to metres on the store's plan: the origin is the plan's upper left corner, x to the right and y down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from edge_agent.errors import EdgeError

Floats = npt.NDArray[np.float64]

HALF_SHOE_M = 0.14


class FloorCalibrationInvalid(EdgeError, ValueError):
    """The points or the calibration file do not say how the floor lies in the picture."""

    exit_code = 2

    def __init__(self, *, problem: str, advice: str) -> None:
        super().__init__(f"floor calibration: {problem}; {advice}")
        self.problem = problem
        self.advice = advice


class FloorPoint(NamedTuple):
    """A point of the floor, in the picture and on the plan."""

    x_px: float
    y_px: float
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class Lens:
    """Tsai's radial distortion: pixels to undistorted millimetres on the sensor."""

    centre_x_px: float
    centre_y_px: float
    pixel_width_mm: float
    pixel_height_mm: float
    kappa1: float

    def undistort(self, points_px: Floats) -> Floats:
        """(n, 2) pixels to (n, 2) millimetres from the centre, as a lens without distortion would have drawn them."""
        centred = (points_px - (self.centre_x_px, self.centre_y_px)) * (self.pixel_width_mm, self.pixel_height_mm)
        radius2 = (centred * centred).sum(axis=1, keepdims=True)
        return np.asarray(centred * (1.0 + self.kappa1 * radius2))


class AnyLens(Protocol):
    """A lens whose bending can be taken out of points."""

    def undistort(self, points_px: Floats) -> Floats:
        """(n, 2) pixels to (n, 2) places as a lens without distortion would have drawn them, in a unit of its own."""


@dataclass(frozen=True, slots=True)
class RadialLens:
    """OpenCV's radial distortion: pixels to undistorted pixels. `focal_px`, `centre_px`: (x, y)."""

    focal_px: tuple[float, float]
    centre_px: tuple[float, float]
    k1: float
    k2: float = 0.0

    def undistort(self, points_px: Floats) -> Floats:
        """(n, 2) pixels to (n, 2) pixels. The model says how to bend; ten Newton steps along each ray straighten it again.

        Beyond the circle in which the model bends one way only there is no answer: not a number.
        """
        bent = (points_px - self.centre_px) / self.focal_px
        wanted = np.hypot(bent[:, 0], bent[:, 1])
        radius = wanted.copy()
        for _ in range(10):
            slope = 1.0 + 3.0 * self.k1 * radius**2 + 5.0 * self.k2 * radius**4
            error = radius * (1.0 + self.k1 * radius**2 + self.k2 * radius**4) - wanted
            radius = radius - error / np.where(np.abs(slope) > 1e-6, slope, 1e-6)
        missed = np.abs(radius * (1.0 + self.k1 * radius**2 + self.k2 * radius**4) - wanted) > 1e-6
        stretch = np.where(missed, np.nan, radius / np.where(wanted > 0.0, wanted, 1.0))
        stretch = np.where(wanted > 0.0, stretch, 1.0)
        return np.asarray(bent * stretch[:, None] * self.focal_px + self.centre_px)


@dataclass(frozen=True, slots=True)
class FloorPlane:
    """Maps the picture's floor to the plan. `to_plan` is (3, 3); its third row is positive where the floor can be seen."""

    to_plan: Floats
    lens: AnyLens | None = None
    residual_m: float = 0.0

    def metres(self, feet_px: Floats) -> Floats:
        """(n, 2) foot points, pixels, to (n, 2) metres; not a number at and above the horizon."""
        flat = self.lens.undistort(feet_px) if self.lens is not None else feet_px
        homogeneous = flat @ self.to_plan[:, :2].T + self.to_plan[:, 2]
        depth = homogeneous[:, 2:]
        return np.asarray(np.where(depth > 1e-9, homogeneous[:, :2] / np.where(depth > 1e-9, depth, 1.0), np.nan))

    def standing(self, feet_px: Floats) -> Floats:
        """Where people stand whose boxes end at `feet_px`, (n, 2) pixels: (n, 2) metres; not a number at and above the horizon.

        A box ends at the nearer toe, and its person stands half a shoe farther from the camera.
        """
        toes = self.metres(feet_px)
        behind = self.metres(feet_px - (0.0, 1.0)) - toes
        length = np.hypot(behind[:, 0], behind[:, 1])[:, None]
        return np.asarray(toes + HALF_SHOE_M * behind / np.where(length > 0.0, length, 1.0))


def tile_points(
    corners_px: Sequence[tuple[float, float]], size_m: tuple[float, float], *, at_m: tuple[float, float], turned_deg: float
) -> list[FloorPoint]:
    """The four corners of a rectangle of floor tiles as points of the floor.

    `corners_px` go around it from the corner that lies at `at_m` on the plan; from there to the second are `size_m[0]` metres in the
    direction `turned_deg` (0 = along x, 90 = along y), from the second to the third `size_m[1]`, a right angle further on.
    """
    turned = np.radians(turned_deg)
    along, across = np.array([np.cos(turned), np.sin(turned)]), np.array([-np.sin(turned), np.cos(turned)])
    spots = [at_m + a * size_m[0] * along + b * size_m[1] * across for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
    return [FloorPoint(*corner, float(spot[0]), float(spot[1])) for corner, spot in zip(corners_px, spots, strict=True)]


def plane_from_points(
    points: Sequence[FloorPoint], *, origin_m: tuple[float, float] = (0.0, 0.0), lens: AnyLens | None = None
) -> FloorPlane:
    """Fit the homography through four or more points (normalised direct linear transform; Hartley and Zisserman, 2004).

    The bending of a `lens` is taken out first; `origin_m` is subtracted from the plan
    coordinates. `residual_m` of the answer is the largest distance by which a point is missed.

    Raises:
        FloorCalibrationInvalid: fewer than four points, or three of four on one line.
    """
    if len(points) < 4:
        raise FloorCalibrationInvalid(problem=f"{len(points)} points given", advice="give four or more points of the floor")
    clicked = np.array([(p.x_px, p.y_px) for p in points], dtype=float)
    pixels = clicked if lens is None else lens.undistort(clicked)
    if not np.isfinite(pixels).all():
        raise FloorCalibrationInvalid(
            problem="a point lies where the lens bends back on itself", advice="check k1 and k2, or choose others"
        )
    plan = np.array([(p.x_m, p.y_m) for p in points], dtype=float) - origin_m
    from_pixels, from_plan = _normaliser(pixels), _normaliser(plan)
    p, m = _apply(from_pixels, pixels), _apply(from_plan, plan)
    nil, one = np.zeros(len(p)), np.ones(len(p))
    top = np.stack([p[:, 0], p[:, 1], one, nil, nil, nil, -m[:, 0] * p[:, 0], -m[:, 0] * p[:, 1], -m[:, 0]], axis=1)
    bottom = np.stack([nil, nil, nil, p[:, 0], p[:, 1], one, -m[:, 1] * p[:, 0], -m[:, 1] * p[:, 1], -m[:, 1]], axis=1)
    _, weights, rows = np.linalg.svd(np.concatenate([top, bottom]))
    homography = np.linalg.inv(from_plan) @ rows[-1].reshape(3, 3) @ from_pixels
    if weights[7] < 1e-6 * weights[0] or abs(np.linalg.det(homography / np.abs(homography).max())) < 1e-15:
        raise FloorCalibrationInvalid(problem="too many of the points lie on one line", advice="choose points that span the floor")
    depth = pixels @ homography[2, :2] + homography[2, 2]
    if (depth > 0).any() and (depth < 0).any():
        raise FloorCalibrationInvalid(problem="the points contradict each other", advice="check their order on picture and plan")
    plane = FloorPlane(homography * np.sign(depth[0]), lens)
    missed = np.hypot(*(plane.metres(clicked) - plan).T)
    return FloorPlane(plane.to_plan, lens, residual_m=float(missed.max()))


def plane_from_tsai(xml: str, *, origin_m: tuple[float, float] = (0.0, 0.0)) -> FloorPlane:
    """Read a Tsai calibration (millimetres; Tsai, IEEE J. Robotics and Automation 1987) as XML with Geometry, Intrinsic and Extrinsic.

    `origin_m` is subtracted from the world coordinates to give plan coordinates.

    Raises:
        FloorCalibrationInvalid: a field is missing or no number, or the camera does not look at the floor.
    """
    geometry, intrinsic, extrinsic = _tsai_sections(xml)
    rotation = _rotation(extrinsic["rx"], extrinsic["ry"], extrinsic["rz"])
    shift = np.array([extrinsic["tx"], extrinsic["ty"], extrinsic["tz"]])
    focal = np.diag([intrinsic["focal"], intrinsic["focal"], 1.0])
    to_metres = np.array([[1e-3, 0.0, -origin_m[0]], [0.0, 1e-3, -origin_m[1]], [0.0, 0.0, 1.0]])
    from_floor = focal @ np.stack([rotation[:, 0], rotation[:, 1], shift], axis=1)  # World millimetres with z = 0 to the sensor.
    if abs(np.linalg.det(from_floor)) < 1e-9:
        raise FloorCalibrationInvalid(problem="the camera looks along the floor", advice="check rx, ry and rz")
    lens = Lens(
        centre_x_px=intrinsic["cx"],
        centre_y_px=intrinsic["cy"],
        pixel_width_mm=geometry["dpx"] / intrinsic["sx"],
        pixel_height_mm=geometry["dpy"],
        kappa1=intrinsic["kappa1"],
    )
    # The inverse's third row gives 1 / depth: positive before the camera, so the sign is already right.
    return FloorPlane(to_metres @ np.linalg.inv(from_floor), lens)


def _tsai_sections(xml: str) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    wanted = {
        "Geometry": ("dpx", "dpy"),
        "Intrinsic": ("focal", "kappa1", "cx", "cy", "sx"),
        "Extrinsic": ("tx", "ty", "tz", "rx", "ry", "rz"),
    }
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise FloorCalibrationInvalid(problem=f"no well-formed XML ({error})", advice="give a Tsai calibration file") from error
    sections: list[dict[str, float]] = []
    for section, fields in wanted.items():
        element = root.find(section)
        values: dict[str, float] = {}
        for name in fields:
            text = element.get(name) if element is not None else None
            try:
                values[name] = float(text or "")
            except ValueError as error:
                problem = f"{section}.{name} is {'missing' if text is None else f'no number: {text!r}'}"
                raise FloorCalibrationInvalid(problem=problem, advice="give a complete Tsai calibration file") from error
        sections.append(values)
    if min(sections[0].values()) <= 0.0 or sections[1]["sx"] <= 0.0 or sections[1]["focal"] <= 0.0:
        raise FloorCalibrationInvalid(problem="dpx, dpy, sx and focal must be positive", advice="check Geometry and Intrinsic")
    return sections[0], sections[1], sections[2]


def _rotation(rx: float, ry: float, rz: float) -> Floats:
    """Turn about x, then y, then z, radians: (3, 3)."""
    (cx, cy, cz), (sx, sy, sz) = np.cos([rx, ry, rz]), np.sin([rx, ry, rz])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


def _normaliser(points: Floats) -> Floats:
    """The (3, 3) similarity that brings points to mean 0 and mean distance √2."""
    centre = points.mean(axis=0)
    scale = np.sqrt(2.0) / max(float(np.hypot(*(points - centre).T).mean()), 1e-12)
    return np.array([[scale, 0.0, -scale * centre[0]], [0.0, scale, -scale * centre[1]], [0.0, 0.0, 1.0]])


def _apply(transform: Floats, points: Floats) -> Floats:
    return np.asarray(points @ transform[:2, :2].T + transform[:2, 2])

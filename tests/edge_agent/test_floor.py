"""The floor: from the picture to metres, and who stayed where."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.rules.floor_plane import FloorCalibrationInvalid, FloorPoint, RadialLens, plane_from_points, plane_from_tsai, tile_points
from edge_agent.rules.floor_tiles import FloorTiles

HOMOGRAPHY = np.array([[120.0, 30.0, 200.0], [5.0, 60.0, 150.0], [0.01, 0.08, 1.0]])  # Plan metres to pixels.


def pixel(x_m: float, y_m: float) -> tuple[float, float]:
    u, v, w = HOMOGRAPHY @ (x_m, y_m, 1.0)
    return float(u / w), float(v / w)


def point(x_m: float, y_m: float) -> FloorPoint:
    return FloorPoint(*pixel(x_m, y_m), x_m, y_m)


CORNERS = [point(0, 0), point(6, 0), point(6, 4), point(0, 4)]


@pytest.mark.parametrize("points", [CORNERS, [*CORNERS, point(3, 1), point(2, 3.5)]])
def test_four_or_more_points_tie_the_picture_to_the_plan(points: list[FloorPoint]) -> None:
    plane = plane_from_points(points)
    spots = np.array([(1.5, 0.5), (5.5, 3.5), (3.0, 2.0)])
    assert np.allclose(plane.metres(np.array([pixel(*s) for s in spots])), spots, atol=1e-6)
    assert plane.residual_m < 1e-6


def test_the_origin_moves_the_plan() -> None:
    plane = plane_from_points(CORNERS, origin_m=(1.0, -2.0))
    assert np.allclose(plane.metres(np.array([pixel(3.0, 2.0)])), [(2.0, 4.0)], atol=1e-6)


def test_a_badly_clicked_point_shows_as_a_residual() -> None:
    clicked = [*CORNERS, point(3, 2)._replace(x_m=3.6)]
    assert 0.05 < plane_from_points(clicked).residual_m < 0.6


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (CORNERS[:3], "3 points"),
        ([point(x, x) for x in range(5)], "one line"),
        ([point(1, 1)] * 4, "one line"),
        ([CORNERS[0], CORNERS[2]._replace(x_m=6, y_m=0), CORNERS[1]._replace(x_m=6, y_m=4), CORNERS[3]], "contradict"),
    ],
)
def test_points_that_fix_nothing_are_refused_with_advice(points: list[FloorPoint], says: str) -> None:
    with pytest.raises(FloorCalibrationInvalid, match=says):
        plane_from_points(points)


def test_above_the_horizon_there_is_no_floor() -> None:
    plane = plane_from_points(CORNERS)
    depth = plane.to_plan[2] @ np.array([300.0, -5000.0, 1.0])
    assert depth <= 0.0 or np.isfinite(plane.metres(np.array([[300.0, -5000.0]]))).all()
    assert np.isnan(plane.metres(np.array([[300.0, -50_000.0]]))).all() or depth > 0.0


def test_a_known_floor_tile_calibrates_the_floor() -> None:
    """Three by two tiles of 0.6 m, turned a quarter, seen by a pinhole camera: any other point of the floor falls in place."""
    to_picture = np.array([[80.0, 20.0, 100.0], [-5.0, 60.0, 200.0], [0.01, 0.05, 1.0]])

    def pixel(x_m: float, y_m: float) -> tuple[float, float]:
        u, v, w = to_picture @ (x_m, y_m, 1.0)
        return float(u / w), float(v / w)

    on_plan = [(2.0, 1.0), (2.0, 2.8), (0.8, 2.8), (0.8, 1.0)]  # 1.8 m along y, then 1.2 m against x.
    corners = tile_points([pixel(*spot) for spot in on_plan], (1.8, 1.2), at_m=(2.0, 1.0), turned_deg=90.0)
    assert [(round(p.x_m, 9), round(p.y_m, 9)) for p in corners] == on_plan
    plane = plane_from_points(corners)
    assert plane.metres(np.array([pixel(4.0, 5.0)])) == pytest.approx(np.array([(4.0, 5.0)]), abs=1e-6)


@pytest.mark.parametrize(("k1", "k2"), [(-0.3, 0.08), (0.15, 0.0), (-0.22, 0.0)])
def test_a_bent_lens_is_straightened_as_opencv_does_it(k1: float, k2: float) -> None:
    lens = RadialLens((500.0, 510.0), (320.0, 240.0), k1, k2)
    points = np.array([(x, y) for x in range(40, 640, 70) for y in range(20, 480, 60)], dtype=float)
    matrix = np.array([[500.0, 0.0, 320.0], [0.0, 510.0, 240.0], [0.0, 0.0, 1.0]])
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 100, 1e-9)
    theirs = cv2.undistortPoints(points[:, None], matrix, np.array([k1, k2, 0, 0]), R=np.eye(3), P=matrix, criteria=criteria)[:, 0]
    assert np.abs(lens.undistort(points) - theirs).max() < 0.01


def test_points_through_a_bent_lens_lie_on_the_plan_only_when_it_is_straightened() -> None:
    lens = RadialLens((500.0, 500.0), (320.0, 240.0), -0.25)
    clicked = np.array([(60, 60), (580, 60), (580, 430), (60, 430), (320, 60), (60, 240)], dtype=float)
    metres = lens.undistort(clicked) / 100.0
    points = [FloorPoint(*p, *m) for p, m in zip(clicked.tolist(), metres.tolist(), strict=True)]
    assert plane_from_points(points, lens=lens).residual_m < 1e-6
    assert plane_from_points(points).residual_m > 0.1


def test_beyond_where_a_lens_bends_back_there_is_no_floor() -> None:
    lens = RadialLens((100.0, 100.0), (320.0, 240.0), -0.5)
    assert np.isnan(lens.undistort(np.array([(0.0, 0.0)]))).all()
    corners = [FloorPoint(x, y, x, y) for x, y in ((0.0, 0.0), (640.0, 0.0), (640.0, 480.0), (0.0, 480.0))]
    with pytest.raises(FloorCalibrationInvalid, match="check k1 and k2"):
        plane_from_points(corners, lens=lens)


def test_tsai_calibration_puts_labelled_feet_where_the_labels_say(shared_data: Path) -> None:
    """PETS 2009: labelled boxes and labelled metres. A box ends at the toes; the label is where the person stands."""
    folder = shared_data / "footfall" / "pets09_s2l1"
    rows = np.loadtxt(folder / "gt_metres_frames_1_400.txt", delimiter=",")
    plane = plane_from_tsai((folder / "camera_tsai.xml").read_text(), origin_m=(-20.0, -20.0))
    feet = np.stack([rows[:, 2] + rows[:, 4] / 2, rows[:, 3] + rows[:, 5]], axis=1)
    away_m = np.hypot(*(plane.standing(feet) - rows[:, 7:9] - 20.0).T)
    assert np.median(away_m) < 0.08
    assert away_m.max() < 0.35


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("focal=", "fokal="), "focal is missing"),
        (('kappa1="', 'kappa1="x'), "kappa1 is no number"),
        (("</Camera>", ""), "XML"),
        (('dpx="', 'dpx="-'), "positive"),
    ],
)
def test_a_spoilt_tsai_file_is_refused_by_field(change: tuple[str, str], says: str) -> None:
    whole = (
        '<Camera><Geometry dpx="0.005" dpy="0.005"/><Intrinsic focal="5.5" kappa1="0.005" cx="324" cy="282" sx="1.09"/>'
        '<Extrinsic tx="1" ty="-3000" tz="35000" rx="2.0" ry="-0.9" rz="-0.4"/></Camera>'
    )
    plane_from_tsai(whole)
    with pytest.raises(FloorCalibrationInvalid, match=says):
        plane_from_tsai(whole.replace(*change))


def test_people_stay_in_the_cells_they_stand_in() -> None:
    tiles = FloorTiles(0.5)
    for _ in range(10):
        tiles.stay(np.array([(0.1, 0.1), (0.4, 0.3), (1.6, 0.9)]), 0.5)
    cells, outside = tiles.take()
    assert [(c.column, c.row, c.person_s) for c in cells] == [(0, 0, 10.0), (3, 1, 5.0)]
    assert outside == 0.0
    assert tiles.take() == ([], 0.0)


def test_feet_outside_the_plan_are_counted_apart_and_never_negative_cells() -> None:
    tiles = FloorTiles(0.5)
    tiles.stay(np.array([(-0.1, 1.0), (1.0, -3.0), (np.nan, np.nan), (1e9, 1.0), (0.0, 0.0)]), 2.0)
    cells, outside = tiles.take()
    assert [(c.column, c.row) for c in cells] == [(0, 0)]
    assert outside == 8.0

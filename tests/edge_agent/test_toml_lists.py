"""What a page writes into a camera's file is all that changes there: comments, order and spacing stay."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.errors import ConfigurationInvalid
from edge_agent.toml_lists import ListOf, with_list, with_lists

DEVICE = """\
# The door of the corner shop.
store_id = "corner"   # as in the hub
device_id = "pi-door"

[[cameras]]
area_id = "entrance"
source = "0"

# The main door; Ana measured it.
[[cameras.lines]]
door_id = "main"    # as on the plan
x1 = 300.0          # left post
y1 = 560.0
x2 = 300.0
y2 = 40.0

# The side door.
[[cameras.lines]]
door_id = "side"
x1 = 10.0
y1 = 20.0
x2 = 30.0
y2 = 40.0

[cameras.floor]
cell_size_m = 0.5
points = [
  { x_px = 112.0, y_px = 530.0, x_m = 0.0, y_m = 6.0 },   # corner of the mat
  { x_px = 655.0, y_px = 522.0, x_m = 5.0, y_m = 6.0 },   # till
  { x_px = 540.0, y_px = 190.0, x_m = 5.0, y_m = 0.5 },
  { x_px = 214.0, y_px = 196.0, x_m = 0.0, y_m = 0.5 },   # back wall
]

# The second camera is not ours to touch.
[[cameras]]
area_id = "till"
source = "1"
lines = [{ door_id = "till", x1 = 1.0, y1 = 2.0, x2 = 3.0, y2 = 4.0 }]  # short
"""
LINES, POINTS = ("cameras", 0), ("cameras", 0, "floor")


def line(name: str, *numbers: float) -> dict[str, Any]:
    return {"door_id": name, **dict(zip(("x1", "y1", "x2", "y2"), numbers, strict=True))}


def lines_of(text: str, camera: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(text)["cameras"][camera].get("lines", [])
    return found


def test_a_line_that_moves_keeps_every_comment_around_it() -> None:
    wanted = [line("main", 310.0, 560.0, 300.0, 40.0), lines_of(DEVICE)[1]]
    assert with_list(DEVICE, ListOf(LINES, "lines", wanted, "door_id")) == DEVICE.replace("x1 = 300.0  ", "x1 = 310.0  ")


def test_a_line_that_goes_takes_only_its_own_comment_with_it() -> None:
    changed = with_list(DEVICE, ListOf(LINES, "lines", [lines_of(DEVICE)[1]], "door_id"))
    assert "Ana measured" not in changed
    assert changed == DEVICE[: DEVICE.index("# The main door")] + DEVICE[DEVICE.index("# The side door") :]


def test_a_new_line_comes_after_the_others_of_its_own_camera() -> None:
    wanted = [*lines_of(DEVICE), line("back", 1.5, 2.5, 3.5, 4.5)]
    changed = with_list(DEVICE, ListOf(LINES, "lines", wanted, "door_id"))
    assert lines_of(changed) == wanted
    assert changed.index('door_id = "back"') < changed.index("# The second camera")
    assert changed.replace('\n[[cameras.lines]]\ndoor_id = "back"\nx1 = 1.5\ny1 = 2.5\nx2 = 3.5\ny2 = 4.5\n', "") == DEVICE


def test_a_list_on_one_line_stays_on_one_line() -> None:
    wanted = [line("till", 1.0, 2.0, 3.0, 9.0), line("new", 5.0, 6.0, 7.0, 8.0)]
    changed = with_list(DEVICE, ListOf(("cameras", 1), "lines", wanted, "door_id"))
    assert lines_of(changed, 1) == wanted
    assert changed.splitlines()[-1].endswith("}]  # short")
    assert changed.splitlines()[:-1] == DEVICE.splitlines()[:-1]


def test_floor_points_keep_the_comment_at_the_end_of_their_line() -> None:
    points = tomllib.loads(DEVICE)["cameras"][0]["floor"]["points"]
    moved = [points[0], {**points[1], "x_px": 650.25}, points[3], {"x_px": 1.0, "y_px": 2.0, "x_m": 3.0, "y_m": 4.0}]
    changed = with_list(DEVICE, ListOf(POINTS, "points", moved))
    assert tomllib.loads(changed)["cameras"][0]["floor"]["points"] == moved
    for kept in ("# corner of the mat", "# till", "# back wall"):
        assert kept in changed


def test_a_camera_without_floor_or_lines_gets_them() -> None:
    text = '# mine\narea_id = "hall"\nsource = "0"\n'
    with_lines = with_list(text, ListOf((), "lines", [line("a", 1.0, 2.0, 3.0, 4.0)], "door_id"))
    both = with_list(with_lines, ListOf(("floor",), "points", [{"x_px": 1.0, "y_px": 2.0, "x_m": 0.0, "y_m": 0.0}]))
    assert both.startswith(text)
    assert tomllib.loads(both)["floor"]["points"] == [{"x_px": 1.0, "y_px": 2.0, "x_m": 0.0, "y_m": 0.0}]
    assert with_list(both, ListOf(("floor",), "points", [])).startswith(with_lines)


def test_windows_line_ends_stay() -> None:
    text = DEVICE.replace("\n", "\r\n")
    changed = with_list(text, ListOf(LINES, "lines", [*lines_of(DEVICE), line("back", 1.0, 2.0, 3.0, 4.0)], "door_id"))
    assert changed.count("\n") == changed.count("\r\n") == text.count("\r\n") + 7


numbers = st.floats(-2000, 2000, allow_nan=False).map(lambda number: round(number, 2))
drawn = st.lists(
    st.builds(line, st.sampled_from(["main", "side", "back", "till", "gate"]), numbers, numbers, numbers, numbers),
    unique_by=lambda one: one["door_id"],
    max_size=5,
)
spots = st.lists(st.fixed_dictionaries({"x_px": numbers, "y_px": numbers, "x_m": numbers, "y_m": numbers}), max_size=7)


@settings(max_examples=60, deadline=None)
@given(first=drawn, second=drawn, points=spots)
def test_whatever_is_drawn_is_what_the_file_then_says_and_nothing_else_changes(first: Any, second: Any, points: Any) -> None:
    text = DEVICE
    for wanted in (first, second):
        before = tomllib.loads(text)
        order = {one["door_id"]: at for at, one in enumerate(before["cameras"][0].get("lines", []))}
        in_order = sorted(wanted, key=lambda one, order=order: order.get(one["door_id"], 99))
        text = with_list(text, ListOf(LINES, "lines", in_order, "door_id"))
        assert lines_of(text) == in_order
    text = with_list(text, ListOf(POINTS, "points", points))
    said = tomllib.loads(text)
    assert said["cameras"][0]["floor"].get("points", []) == points
    assert said["cameras"][1] == tomllib.loads(DEVICE)["cameras"][1]
    assert "# The second camera is not ours to touch." in text


def test_a_file_written_in_a_way_that_cannot_be_edited_safely_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text(
        'area_id = "hall"\nsource = "0"\nlines = [{ door_id = "a", x1 = 1, y1 = 2, x2 = 3, y2 = 4 }]\nfloor = { cell_size_m = 0.5 }\n'
    )
    with pytest.raises(ConfigurationInvalid, match="nothing was written"):
        with_lists(path, path.read_text(), [ListOf(("floor",), "points", [{"x_px": 1.0, "y_px": 2.0, "x_m": 0.0, "y_m": 0.0}])])

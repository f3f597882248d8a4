"""The shop of the real recordings: its planogram, its device's file, and what really happened there."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from wire_format import codec
from wire_format.plans import Bay, Door, Facing, Planogram, Product, Rectangle, Shelf, Zone

STORE_ID = "market-square"
SHELF_ID = "shelf_05"
AREA_ID = "square"
DOOR_ID = "across"
FRAMES = 400
FRAME_S = 0.1
LINE_X_PX = 384
CELL_M = 0.5
SIDE_M = 50.0
ORIGIN_M = -25.0
"""The square's plan begins at this place of the film's own ground coordinates, x and y."""

LOW_UNITS = {"071142008582": 2, "90162909": 3}
FULL_UNITS = {"071142008582": 8, "90162909": 6}

Grid = npt.NDArray[np.float64]


def shelf_plan(data: Path) -> dict[str, object]:
    """Calibration and articles of the recorded shelf."""
    plan: dict[str, object] = json.loads((data / "shelf_weight/composite/plan.json").read_text())["shelves"][SHELF_ID]
    return plan


def write_planogram(data: Path, path: Path) -> None:
    """A square of 50 × 50 m with one bay, whose one shelf is the recorded one."""
    skus = shelf_plan(data)["skus"]
    assert isinstance(skus, dict)
    facings = [
        Facing(
            sku=sku,
            from_m=0.5 * place,
            width_m=0.4,
            capacity_units=about["capacity_units"],
            low_units=LOW_UNITS[sku],
            full_units=FULL_UNITS[sku],
            start_units=about["start_units"],
        )
        for place, (sku, about) in enumerate(skus.items())
    ]
    bay = Bay(
        bay_id="bay-1",
        name="Drinks",
        place=Rectangle(x_m=10.0, y_m=10.0, width_m=1.0, depth_m=0.5),
        shelves=[Shelf(shelf_id=SHELF_ID, level=1, width_m=1.0, facings=facings)],
    )
    planogram = Planogram(
        store_id=STORE_ID,
        name="Market square",
        time_zone="Europe/London",
        currency="GBP",
        width_m=SIDE_M,
        depth_m=SIDE_M,
        bays=[bay],
        zones=[Zone(zone_id=name, name=name, kind="aisle", place=place) for name, place in zone_places()],
        doors=[Door(door_id=DOOR_ID, name="Across the square", x1_m=1.0, y1_m=1.0, x2_m=1.0, y2_m=9.0)],
        products=[
            Product(sku=sku, name=about["name"], unit_weight_g=about["unit_weight_g"], price_minor=150) for sku, about in skus.items()
        ],
    )
    path.write_bytes(codec.encode(planogram))


def zone_places() -> Iterator[tuple[str, Rectangle]]:
    """The square's west and east half, as zones."""
    for number, name in enumerate(("west", "east")):
        yield name, Rectangle(x_m=number * SIDE_M / 2, y_m=0.0, width_m=SIDE_M / 2, depth_m=SIDE_M)


def write_film(data: Path, path: Path) -> None:
    """The first 400 frames of the film: those of which the truth is known."""
    film = cv2.VideoCapture(str(data / "footfall/pets09_s2l1/video.avi"))
    size = (int(film.get(cv2.CAP_PROP_FRAME_WIDTH)), int(film.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    cut = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, size)
    cut.set(cv2.VIDEOWRITER_PROP_QUALITY, 98)
    for _ in range(FRAMES):
        is_read, frame = film.read()
        assert is_read
        cut.write(frame)
    cut.release()
    film.release()


DEVICE_FILE = Template("""
store_id = "$store_id"
device_id = "pi-1"

[broker]
port = $broker_port

[outbox]
path = "$folder/outbox.sqlite"

[[scales]]
shelf_id = "$shelf_id"
adapter = "recording"
recording = "$data/shelf_weight/composite/$shelf_id.csv"
counts_per_gram = $counts_per_gram
tare_counts = $tare_counts

[[readers]]
reader_id = "reader-1"
adapter = "recording"
recording = "$data/rfid/impinj_r420/line_passes/MoveTest1-1.csv"
antennas = [
    {antenna = 1, zone_id = "corner-1"}, {antenna = 2, zone_id = "corner-2"},
    {antenna = 3, zone_id = "corner-3"}, {antenna = 4, zone_id = "corner-4"},
]

[[cameras]]
area_id = "$area_id"
source = "$folder/film.avi"
lines = [{door_id = "$door_id", x1 = $line_x, y1 = 0, x2 = $line_x, y2 = 576}]

[cameras.floor]
tsai_file = "$data/footfall/pets09_s2l1/camera_tsai.xml"
cell_size_m = $cell_m
origin_x_m = $origin_m
origin_y_m = $origin_m
""")


def write_device(data: Path, folder: Path, *, broker_port: int) -> None:
    """The file of a device that has the film, the shelf's recording and one pass of a tag before four antennas."""
    plan = shelf_plan(data)
    names = {"store_id": STORE_ID, "shelf_id": SHELF_ID, "area_id": AREA_ID, "door_id": DOOR_ID, "data": data, "folder": folder}
    numbers = {"broker_port": broker_port, "line_x": LINE_X_PX, "cell_m": CELL_M, "origin_m": ORIGIN_M}
    scale = {name: plan[name] for name in ("counts_per_gram", "tare_counts")}
    (folder / "edge.toml").write_text(DEVICE_FILE.substitute(names | numbers | scale), encoding="utf-8")


class PeopleTruth(NamedTuple):
    """Who really crossed the line, and the grid of person-seconds (rows × columns of half a metre) where they really were."""

    people_in: int
    people_out: int
    dwell_person_s: Grid


def people_truth(data: Path) -> PeopleTruth:
    """Fold the ground truth of frames 1–400. Looking down the line from its top, `in` is from right to left in the picture."""
    side: dict[int, int] = {}
    passed = {-1: 0, 1: 0}
    for row in _numbers(data / "footfall/pets09_s2l1/gt_frames_1_400.txt"):
        person, now = int(row[1]), 1 if row[2] + row[4] / 2 >= LINE_X_PX else -1
        if side.get(person, now) != now:
            passed[now] += 1
        side[person] = now
    cells = round(SIDE_M / CELL_M)
    grid = np.zeros((cells, cells))
    for row in _numbers(data / "footfall/pets09_s2l1/gt_metres_frames_1_400.txt"):
        grid[int((row[8] - ORIGIN_M) / CELL_M), int((row[7] - ORIGIN_M) / CELL_M)] += FRAME_S
    return PeopleTruth(passed[-1], passed[1], grid)


def _numbers(path: Path) -> Iterator[list[float]]:
    rows = [[float(field) for field in line.split(",")] for line in path.read_text().splitlines()]
    yield from sorted(rows, key=lambda row: (row[0], row[1]))


class ShelfTruth(NamedTuple):
    """What lay on the shelf at the end, and when each alert should have been raised and cleared (s from the start; None = not)."""

    closing_units: dict[str, int]
    alerts: list[tuple[str, float, float | None]]


def shelf_truth(data: Path) -> ShelfTruth:
    """Fold the recorded picks: low at `LOW_UNITS` or fewer, full again at `FULL_UNITS` or more."""
    skus = shelf_plan(data)["skus"]
    assert isinstance(skus, dict)
    units = {sku: about["start_units"] for sku, about in skus.items()}
    raised: dict[str, float] = {}
    alerts: list[tuple[str, float, float | None]] = []
    with (data / f"shelf_weight/composite/{SHELF_ID}_truth.csv").open() as rows:
        for row in csv.DictReader(rows):
            sku, at_s = row["sku"], float(row["t_s"])
            units[sku] += int(row["units"])
            if sku not in raised and units[sku] <= LOW_UNITS[sku]:
                raised[sku] = at_s
            elif sku in raised and units[sku] >= FULL_UNITS[sku]:
                alerts.append((sku, raised.pop(sku), at_s))
    alerts += [(sku, at_s, None) for sku, at_s in raised.items()]
    return ShelfTruth(units, sorted(alerts, key=lambda alert: alert[1]))

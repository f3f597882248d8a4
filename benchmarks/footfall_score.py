"""Scores the camera path on labelled films: `python -m benchmarks.footfall_score [--data FOLDER] [--public-only] [--json]`.

PETS 2009 S2.L1 from the film and from public boxes, TUD-Campus from public boxes; labelled frames only. Following and counting run as
`replay camera` runs them. The film takes about half a minute on one core.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import typer

from benchmarks.crossing_scores import CrossingEvent, labelled_crossings, score_crossings
from benchmarks.tracking_scores import Tracks, read_mot, score_tracks
from edge_agent.config import CameraConfig, FloorConfig, LineConfig
from edge_agent.flows.camera_rules import FOOT_SPREAD_HEIGHTS, floor_plane
from edge_agent.flows.replay_camera import replay_camera
from edge_agent.rules.doorway import Direction, DoorLine
from edge_agent.rules.floor_tiles import FloorTiles
from edge_agent.rules.footfall import likely_feet
from wire_format.observations import FloorCell

PETS_LINES = (
    LineConfig(door_id="x384", x1=384, y1=0, x2=384, y2=576),
    LineConfig(door_id="y300", x1=0, y1=300, x2=768, y2=300),
)
PETS_ORIGIN_M = (-20.0, -20.0)  # The plan's corner in the calibration's world, so that all of the place has positive coordinates.
PETS_LAST_FRAME = 400
CELL_SIZE_M = 0.5


def heat_correlation(ours: list[FloorCell], theirs: list[FloorCell]) -> float:
    """Pearson's correlation of two dwell grids over all cells that either of them holds."""
    places = sorted({(cell.column, cell.row) for cell in [*ours, *theirs]})
    grids = [{(cell.column, cell.row): cell.person_s for cell in cells} for cells in (ours, theirs)]
    columns = [[grid.get(place, 0.0) for place in places] for grid in grids]
    return float(np.corrcoef(np.array(columns))[0, 1])


def labelled_heat(metres_file: Path, *, frame_s: float, origin_m: tuple[float, float], cell_size_m: float) -> list[FloorCell]:
    """The dwell grid of the labelled ground positions (columns 8 and 9, metres)."""
    tiles = FloorTiles(cell_size_m)
    tiles.stay(np.loadtxt(metres_file, delimiter=",", usecols=(7, 8), ndmin=2) - origin_m, frame_s)
    return tiles.take()[0]


def pets_config(folder: Path) -> CameraConfig:
    """The PETS camera, its two lines and its floor."""
    floor = FloorConfig(
        tsai_file=str(folder / "camera_tsai.xml"), cell_size_m=CELL_SIZE_M, origin_x_m=PETS_ORIGIN_M[0], origin_y_m=PETS_ORIGIN_M[1]
    )
    return CameraConfig(area_id="pets", source=str(folder / "video.avi"), lines=list(PETS_LINES), floor=floor)


def tracked_heat(
    tracks: Tracks, config: CameraConfig, *, frame_s: float, shift_m: tuple[float, float] = (0.0, 0.0), spread: float = FOOT_SPREAD_HEIGHTS
) -> list[FloorCell]:
    """The dwell grid of tracks: each foot laid on the floor and shared as live. `shift_m` moves the people under the grid."""
    plane = floor_plane(config.floor)
    assert plane is not None
    tiles = FloorTiles(CELL_SIZE_M)
    for frame in tracks.values():
        feet_px = np.stack([(frame.boxes[:, 0] + frame.boxes[:, 2]) / 2.0, frame.boxes[:, 3]], axis=1)
        likely_px = likely_feet(feet_px, frame.boxes, spread)
        tiles.stay(plane.standing(likely_px) + shift_m, frame_s * len(feet_px) / max(1, len(likely_px)))
    return tiles.take()[0]


def heat_over_shifts(tracks: Tracks, config: CameraConfig, metres_file: Path, *, spread: float = FOOT_SPREAD_HEIGHTS) -> float:
    """The mean correlation when the grid's corner is moved in steps of 10 cm: no luck with where a cell happens to begin."""
    found = []
    for x in range(5):
        for y in range(5):
            shift_m = (0.1 * x, 0.1 * y)
            origin_m = (PETS_ORIGIN_M[0] - shift_m[0], PETS_ORIGIN_M[1] - shift_m[1])
            theirs = labelled_heat(metres_file, frame_s=0.1, origin_m=origin_m, cell_size_m=CELL_SIZE_M)
            found.append(heat_correlation(tracked_heat(tracks, config, frame_s=0.1, shift_m=shift_m, spread=spread), theirs))
    return float(np.mean(found))


def score_pets(folder: Path, *, detections: Path | None = None, detector: str | None = None) -> dict[str, Any]:
    """Follow PETS from the film, or from boxes, and score what happened in its labelled frames."""
    config = pets_config(folder)
    if detector is not None:
        config = msgspec.structs.replace(config, detector=detector)
    truth = read_mot(folder / "gt_frames_1_400.txt")
    found, told, took_s, frames = _replay(folder / "video.avi", config, detections, PETS_LAST_FRAME)
    real = labelled_crossings(truth, [DoorLine(line.door_id, line.x1, line.y1, line.x2, line.y2) for line in PETS_LINES])
    crossings = {}
    for line in PETS_LINES:
        scores = score_crossings([e for e in real if e.line == line.door_id], [e for e in told if e.line == line.door_id])
        crossings[line.door_id] = {"f1": round(scores.f1, 4), **scores._asdict()}
    metres_file = folder / "gt_metres_frames_1_400.txt"
    theirs = labelled_heat(metres_file, frame_s=0.1, origin_m=PETS_ORIGIN_M, cell_size_m=CELL_SIZE_M)
    heat = heat_correlation(tracked_heat(found, config, frame_s=0.1), theirs)
    return {
        **_tracking(truth, found),
        "crossings": crossings,
        "heat_correlation": round(heat, 4),
        "heat_over_25_grid_shifts": round(heat_over_shifts(found, config, metres_file), 4),
        "heat_over_25_grid_shifts_of_labelled_boxes": round(heat_over_shifts(truth, config, metres_file, spread=0.0), 4),
        "ms_a_frame": round(1e3 * took_s / frames, 3),
    }


def score_boxes(folder: Path, *, frames_per_s: float) -> dict[str, Any]:
    """Follow public boxes that come without their film."""
    config = CameraConfig(area_id="boxes", source="none", frames_per_s=frames_per_s)
    truth = read_mot(folder / "gt.txt")
    found, _, took_s, frames = _replay(None, config, folder / "det.txt", max(truth))
    return {**_tracking(truth, found), "ms_a_frame": round(1e3 * took_s / frames, 3)}


def _replay(
    video: Path | None, config: CameraConfig, detections: Path | None, last_frame: int
) -> tuple[Tracks, list[CrossingEvent], float, int]:
    with tempfile.TemporaryDirectory() as folder:
        tracks, counts = Path(folder) / "tracks.txt", Path(folder) / "counts.csv"
        summary = replay_camera(
            video, config=config, detections=detections, tracks_out=tracks, counts_out=counts, progress=sys.stderr.isatty()
        )
        with counts.open(newline="", encoding="utf-8") as table:
            rows = [CrossingEvent(row["line"], int(row["frame"]), _direction(row["direction"])) for row in csv.DictReader(table)]
        return read_mot(tracks, last_frame), [row for row in rows if row.frame <= last_frame], summary.took_s, summary.frames


def _direction(text: str) -> Direction:
    return "in" if text == "in" else "out"


def _tracking(truth: Tracks, found: Tracks) -> dict[str, Any]:
    return {name: round(value, 4) for name, value in asdict(score_tracks(truth, found)).items()}


def main(
    data: Path = typer.Option(Path(__file__).resolve().parents[2] / "shared" / "data" / "footfall", help="Folder of the labelled films."),
    detector: str | None = typer.Option(None, help="Which model of the manifest to score."),
    public_only: bool = typer.Option(False, help="Only the public boxes: a few seconds."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object on stdout."),
) -> None:
    """Score tracking, door counts and heat against labels. Example: python -m benchmarks.footfall_score --public-only"""
    pets = data / "pets09_s2l1"
    scores = {} if public_only else {"pets from the film": score_pets(pets, detector=detector)}
    scores["pets from public boxes"] = score_pets(pets, detections=pets / "det.txt")
    scores["tud_campus from public boxes"] = score_boxes(data / "tud_campus", frames_per_s=25.0)
    if as_json:
        print(json.dumps(scores))
        return
    for name, figures in scores.items():
        print(name)
        for figure, value in figures.items():
            print(f"  {figure}: {value}")


if __name__ == "__main__":
    typer.run(main)

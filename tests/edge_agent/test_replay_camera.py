"""`edge-agent replay camera` on films and on public boxes, good and bad."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.crossing_scores import CrossingEvent, labelled_crossings, score_crossings
from benchmarks.tracking_scores import read_mot, score_tracks
from edge_agent.adapters.camera import Film
from edge_agent.adapters.public_detections import PublicDetections
from edge_agent.config import CameraConfig, FloorConfig, FloorPointConfig, LineConfig
from edge_agent.errors import ConfigurationInvalid, EdgeError, RecordingInvalid
from edge_agent.floor_config import FloorZoneConfig
from edge_agent.flows.replay_camera import OutputUnwritable, replay_camera
from edge_agent.rules.doorway import DoorLine

X384 = LineConfig(door_id="x384", x1=384, y1=0, x2=384, y2=576)
Y300 = LineConfig(door_id="y300", x1=0, y1=300, x2=768, y2=300)


@pytest.fixture
def pets(shared_data: Path) -> Path:
    return shared_data / "footfall" / "pets09_s2l1"


def told_crossings(path: Path, last_frame: int) -> list[CrossingEvent]:
    with path.open(newline="") as table:
        rows = [CrossingEvent(r["line"], int(r["frame"]), "in" if r["direction"] == "in" else "out") for r in csv.DictReader(table)]
    return [row for row in rows if row.frame <= last_frame]


def test_public_boxes_of_pets_are_followed_better_than_by_six_common_trackers(pets: Path, tmp_path: Path) -> None:
    """IDF1 0.50 is the best of SORT, ByteTrack, OC-SORT, BoT-SORT, C-BIoU and norfair on these boxes."""
    summary = replay_camera(
        pets / "video.avi",
        detections=pets / "det.txt",
        lines=[X384, Y300],
        tracks_out=tmp_path / "t",
        counts_out=tmp_path / "c",
        progress=False,
    )
    truth = read_mot(pets / "gt_frames_1_400.txt")
    scores = score_tracks(truth, read_mot(tmp_path / "t", last_frame=400))
    assert scores.idf1 >= 0.60
    real = labelled_crossings(truth, [DoorLine(x.door_id, x.x1, x.y1, x.x2, x.y2) for x in (X384, Y300)])
    assert score_crossings(real, told_crossings(tmp_path / "c", 400)).f1 >= 0.97
    assert summary.frames == 795


def test_public_boxes_without_a_film_are_followed_too(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "footfall" / "tud_campus"
    summary = replay_camera(None, detections=folder / "det.txt", tracks_out=tmp_path / "t", progress=False)
    assert summary.frames == 71
    assert score_tracks(read_mot(folder / "gt.txt"), read_mot(tmp_path / "t")).idf1 >= 0.75


def test_the_counts_and_tracks_files_read_as_promised(tmp_path: Path) -> None:
    boxes = tmp_path / "det.txt"
    boxes.write_text("".join(f"{n},-1,{100 + 8 * n},200,30,90,0.9,-1,-1,-1\n" for n in range(1, 61)))
    line = LineConfig(door_id="door", x1=300, y1=400, x2=300, y2=0)
    summary = replay_camera(None, detections=boxes, lines=[line], tracks_out=tmp_path / "t", counts_out=tmp_path / "c", progress=False)
    assert (tmp_path / "c").read_text().splitlines() == ["line,frame,direction", "door,24,in"]
    tracks = (tmp_path / "t").read_text().splitlines()
    assert len(tracks) == 60
    assert tracks[0].startswith("1,1,108.")
    assert tracks[0].endswith(",0.900,-1,-1,-1")
    assert (summary.people, summary.lines["door"].people_in, summary.lines["door"].people_out) == (1, 1, 0)


def test_a_replay_tells_the_zones_of_the_configuration(tmp_path: Path) -> None:
    """Twelve seconds at 25 frames a second: in from the left for two, then waiting at one place."""
    boxes = tmp_path / "det.txt"
    boxes.write_text("".join(f"{n},-1,{min(100 + 6 * n, 400)},200,30,90,0.9,-1,-1,-1\n" for n in range(1, 301)))
    corners = ((0, 0), (640, 0), (640, 480), (0, 480))
    floor = FloorConfig(points=[FloorPointConfig(x_px=x, y_px=y, x_m=x / 100, y_m=y / 100) for x, y in corners])
    queue = FloorZoneConfig(zone_id="tills", kind="queue", corners_m=[(3.5, 0.0), (6.4, 0.0), (6.4, 4.8), (3.5, 4.8)])
    config = CameraConfig(area_id="a", source="none", floor=floor, zones=[queue])
    told = replay_camera(None, config=config, detections=boxes, progress=False).zones["tills"]
    assert (told.visits, told.stopped, told.waits) == (1, 1, 1)
    assert told.waited_s == pytest.approx(10.5, abs=0.6)
    assert told.stopped_s <= told.person_s == pytest.approx(told.waited_s, abs=0.1)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2,-1,10,10,five,5,0.9,-1,-1,-1", "width is no number: 'five'"),
        ("2,-1,10", "3 fields"),
        ("0,-1,10,10,5,5,0.9", "whole number from 1"),
        ("1.5,-1,10,10,5,5,0.9", "whole number from 1"),
        ("2,-1,10,10,-5,5,0.9", "must be positive"),
        ("2,-1,nan,10,5,5,0.9", "left is not finite"),
    ],
)
def test_a_malformed_line_of_boxes_is_named(tmp_path: Path, line: str, says: str) -> None:
    boxes = tmp_path / "det.txt"
    boxes.write_text(f"1,-1,10,10,5,5,0.9,-1,-1,-1\n\n{line}\n")
    with pytest.raises(RecordingInvalid, match=says) as caught:
        PublicDetections(boxes, area_id="a", frames_per_s=10.0)
    assert caught.value.line == 3
    assert "\n" not in str(caught.value)


def test_boxes_that_are_not_there_or_not_text_are_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingInvalid, match="check the path"):
        replay_camera(None, detections=tmp_path / "none.txt", progress=False)
    (tmp_path / "film").write_bytes(b"\xff\xfe\x00\x93" * 100)
    with pytest.raises(RecordingInvalid, match="not a text file"):
        replay_camera(None, detections=tmp_path / "film", progress=False)


def small_film(path: Path, frames: int = 30) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (160, 120))
    rng = np.random.default_rng(0)
    for _ in range(frames):
        writer.write(rng.integers(0, 255, (120, 160, 3), dtype=np.uint8))
    writer.release()
    return path


def test_a_film_without_people_has_none(tmp_path: Path) -> None:
    summary = replay_camera(small_film(tmp_path / "film.avi"), tracks_out=tmp_path / "t", progress=False)
    assert (summary.frames, summary.people) == (30, 0)
    assert (tmp_path / "t").read_text() == ""


def test_a_film_that_ends_mid_frame_is_used_as_far_as_it_goes_and_told(tmp_path: Path) -> None:
    whole = small_film(tmp_path / "whole.avi").read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    with pytest.raises(RecordingInvalid, match=r"breaks off after frame \d+ of 30") as caught:
        replay_camera(cut, tracks_out=tmp_path / "t", counts_out=tmp_path / "c", progress=False)
    assert caught.value.exit_code == 3
    assert (tmp_path / "c").read_text() == "line,frame,direction\n"


def test_a_real_film_cut_off_still_tells_its_people(pets: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.avi"
    cut.write_bytes((pets / "video.avi").read_bytes()[:600_000])
    with pytest.raises(RecordingInvalid, match="breaks off after frame"):
        replay_camera(cut, tracks_out=tmp_path / "t", progress=False)
    told = read_mot(tmp_path / "t")
    assert len(told) > 20
    truth = {n: f for n, f in read_mot(pets / "gt_frames_1_400.txt").items() if n <= max(told)}
    assert score_tracks(truth, told).mota > 0.7


@pytest.mark.parametrize("content", [b"", b"this is no film", b"RIFF\x00\x00\x00\x00AVI "])
def test_what_is_no_film_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    film = tmp_path / "film.avi"
    film.write_bytes(content)
    with pytest.raises(RecordingInvalid) as caught:
        replay_camera(film, progress=False)
    assert "\n" not in str(caught.value)
    with pytest.raises(RecordingInvalid, match="no such film"):
        Film(str(tmp_path / "none.avi"))


def test_a_result_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    boxes = tmp_path / "det.txt"
    boxes.write_text("1,-1,10,10,5,5,0.9\n")
    with pytest.raises(OutputUnwritable, match="cannot be written"):
        replay_camera(None, detections=boxes, tracks_out=tmp_path / "no" / "folder", progress=False)


@pytest.mark.parametrize(
    "config",
    [
        CameraConfig(area_id="a", source="x", lines=[X384, X384]),
        CameraConfig(area_id="a", source="x", lines=[LineConfig(door_id="dot", x1=1, y1=1, x2=1, y2=1)]),
        CameraConfig(area_id="a", source="x", floor=FloorConfig(points=[FloorPointConfig(x_px=1, y_px=1, x_m=1, y_m=1)])),
        CameraConfig(area_id="a", source="x", floor=FloorConfig(tsai_file="/nowhere/camera.xml")),
    ],
)
def test_a_configuration_that_cannot_be_used_is_refused_before_the_film(tmp_path: Path, config: CameraConfig) -> None:
    with pytest.raises(ConfigurationInvalid):
        replay_camera(tmp_path / "none.avi", config=config, progress=False)


def test_an_unknown_detector_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    config = CameraConfig(area_id="a", source="x", detector="yolo")
    with pytest.raises(EdgeError, match="person_detector"):
        replay_camera(small_film(tmp_path / "film.avi", 2), config=config, progress=False)

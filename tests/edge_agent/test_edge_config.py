"""A device's configuration: what is right loads; what is wrong is named with file, line, field and what to write instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge_agent.config import CameraConfig, EdgeConfig, ReaderConfig, ScaleConfig, load_config, load_part
from edge_agent.errors import ConfigurationInvalid

EXAMPLES = sorted((Path(__file__).parents[2] / "firmware_configs" / "devices").glob("*.toml"))

SCALE = """store_id = "corner"
device_id = "shelves-1"

[[scales]]
shelf_id = "s1"
counts_per_gram = 21.0
tare_counts = 84000

[[scales]]
shelf_id = "s2"
counts_per_gram = 21.0
tare_counts = 84000
"""
CAMERA = """store_id = "corner"
device_id = "camera-1"

[[cameras]]
area_id = "entrance"
source = "0"

[[cameras.lines]]
door_id = "front"
x1 = 0
y1 = 0
x2 = 100
y2 = 0
"""

TILE = "[cameras.floor.tile]\ncorners_px = [[9, 9], [90, 9], [90, 90], [9, 90]]\nwidth_m = 0.6\ndepth_m = 0.6\n"
READER = """store_id = "corner"
device_id = "reader-1"

[[readers]]
reader_id = "r1"
host = "10.0.0.5"

[[readers.antennas]]
antenna = 1
zone_id = "rack"
"""


MISTAKES = {
    "text for a number": (
        SCALE.replace("tare_counts = 84000\n", 'tare_counts = "none"\n', 1),
        7,
        "scales[1].tare_counts",
        "Expected a number, got 'none'",
    ),
    "a name with a space": (SCALE.replace('"s2"', '"s 2"'), 10, "scales[2].shelf_id", "got 's 2'"),
    "no device": (SCALE.replace('device_id = "shelves-1"\n', ""), None, "device_id", "is missing; add a line: device_id"),
    "a scale without its shelf": (SCALE.replace('shelf_id = "s2"\n', ""), 9, "scales[2].shelf_id", "is missing"),
    "a shelf twice": (SCALE.replace('"s2"', '"s1"'), 10, "scales[2].shelf_id", "'s1' is the name of a scale above already"),
    "no calibration": (SCALE.replace("21.0", "0", 1), 6, "scales[1].counts_per_gram", "must not be 0"),
    "a calibration that is no number": (SCALE.replace("21.0", "nan", 1), 6, "scales[1].counts_per_gram", "must be a finite number"),
    "recording without a file": (SCALE.replace('"s1"\n', '"s1"\nadapter = "recording"\n'), 4, "scales[1].recording", "is missing"),
    "an unknown adapter": (SCALE.replace('"s1"\n', '"s1"\nadapter = "hx711"\n'), 6, "scales[1].adapter", "got 'hx711'"),
    "a port that is none": (SCALE + "\n[broker]\nport = 70000\n", 15, "broker.port", "got 70000"),
    "half a certificate": (SCALE + '\n[broker]\ncertificate_file = "a.crt"\n', 14, "broker.key_file", "belong together"),
    "a password without a name": (SCALE + '\n[broker]\npassword_file = "p"\n', 14, "broker.username", "is missing"),
    "a key that slid under the wrong table": (SCALE + "broker.prot = 1\n", 13, "scales[2].broker", "unknown key"),
    "a setting after the tables": (SCALE + "health_every_s = 0\n", 13, "scales[2].health_every_s", "unknown key"),
    "a line that is a point": (CAMERA.replace("x2 = 100", "x2 = 0"), 8, "cameras[1].lines[1]", "its two ends must differ"),
    "a line to nowhere": (CAMERA.replace("x2 = 100", 'x2 = "a"'), 12, "cameras[1].lines[1].x2", "Expected a number, got 'a'"),
    "a camera twice": (CAMERA + CAMERA[CAMERA.index("[[cameras]]") :], 15, "cameras[2].area_id", "'entrance'"),
    "a floor without points": (CAMERA + "[cameras.floor]\ncell_size_m = 0.5\n", 14, "cameras[1].floor.points", "0 given; four or more"),
    "a zone without a floor": (
        CAMERA + "[[cameras.zones]]\nzone_id='a'\ncorners_m=[[0,0],[1,0],[1,1]]\n",
        14,
        "cameras[1].zones",
        "add [cameras.floor]",
    ),
    "a zone of a kind nobody knows": (
        CAMERA + "[[cameras.zones]]\nzone_id='a'\nkind='shop'\ncorners_m=[[0,0],[1,0],[1,1]]\n",
        16,
        "cameras[1].zones[1].kind",
        "'shop'",
    ),
    "a zone that is a line": (
        CAMERA + "[[cameras.zones]]\nzone_id='a'\ncorners_m=[[0,0],[1,0],[2,0]]\n" + TILE,
        16,
        "cameras[1].zones[1].corners_m",
        "has no area",
    ),
    "a zone of two corners": (
        CAMERA + "[[cameras.zones]]\nzone_id='a'\ncorners_m=[[0,0],[1,0]]\n" + TILE,
        16,
        "cameras[1].zones[1].corners_m",
        "length >= 3",
    ),
    "a floor by tile and by points": (
        CAMERA + TILE + "[[cameras.floor.points]]\nx_px=1\ny_px=1\nx_m=0\ny_m=0\n",
        14,
        "cameras[1].floor.tile",
        "give points or tile, not both",
    ),
    "a tile of three corners": (
        CAMERA + TILE.replace(", [9, 90]", ""),
        15,
        "cameras[1].floor.tile.corners_px",
        "length >= 4",
    ),
    "a floor of one point": (
        CAMERA + "[cameras.floor]\npoints = [\n{x_px=1,y_px=1,x_m=0,y_m=0},\n]\n",
        15,
        "cameras[1].floor.points",
        "1 given",
    ),
    "a door twice": (
        CAMERA + "[[cameras.lines]]\ndoor_id='front'\nx1=0\ny1=0\nx2=1\ny2=1\n",
        15,
        "cameras[1].lines[2].door_id",
        "has a line above",
    ),
    "a device number without quotes": (CAMERA.replace('"0"', "0"), 6, "cameras[1].source", "Expected text, got 0"),
    "a reader without address": (READER.replace('host = "10.0.0.5"\n', ""), 4, "readers[1].host", "address on the network"),
    "an antenna twice": (
        READER + "[[readers.antennas]]\nantenna = 1\nzone_id = 'x'\n",
        12,
        "readers[1].antennas[2].antenna",
        "listed above",
    ),
    "a reader twice": (READER + READER[READER.index("[[readers]]") :], 12, "readers[2].reader_id", "'r1'"),
    "an open quote": (SCALE.replace('device_id = "shelves-1"', 'device_id = "shelves-1'), 2, "file", "is not valid TOML"),
    "an open bracket": (SCALE.replace("[[scales]]\n", "[[scales]\n", 1), 4, "file", "is not valid TOML"),
    "a key twice": ('store_id = "a"\nstore_id = "b"\n', 2, "file", "is not valid TOML"),
}


def told(tmp_path: Path, text: str) -> ConfigurationInvalid:
    path = tmp_path / "edge.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationInvalid) as caught:
        load_config(path)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return caught.value


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_device_loads(path: Path) -> None:
    config = load_config(path)
    assert config.scales or config.readers or config.cameras


def test_there_is_an_example_of_every_kind_of_device() -> None:
    configs = [load_config(path) for path in EXAMPLES]
    assert any(len(config.scales) > 1 for config in configs)
    assert any(config.scales and config.readers and config.cameras for config in configs)
    assert any(config.cameras and config.cameras[0].floor for config in configs)


def test_what_is_not_said_has_a_sane_default(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text('store_id = "corner"\ndevice_id = "d"\n')
    assert load_config(path) == EdgeConfig(store_id="corner", device_id="d")


def test_a_misspelt_key_is_named_with_its_line_and_the_right_one(tmp_path: Path) -> None:
    error = told(tmp_path, SCALE.replace('shelf_id = "s2"', 'shelf_idd = "s2"'))
    assert (error.line, error.field) == (10, "scales[2].shelf_idd")
    assert error.problem == "unknown key 'shelf_idd'; did you mean 'shelf_id'?"
    assert str(error).startswith(f"{tmp_path}/edge.toml:10: scales[2].shelf_idd: ")


def test_a_key_like_no_other_is_answered_with_those_that_are_known(tmp_path: Path) -> None:
    error = told(tmp_path, SCALE + "\n[broker]\nxyzzy = 1\n")
    assert (error.line, error.field) == (15, "broker.xyzzy")
    assert "known here: ca_file, certificate_file, host" in error.problem


@pytest.mark.parametrize(("text", "line", "field", "problem"), MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int | None, field: str, problem: str) -> None:
    error = told(tmp_path, text)
    assert (error.line, error.field) == (line, field)
    assert problem in error.problem


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="no such file or directory; check its name and who may read it"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes('store_id = "café"'.encode("latin-1"))
    with pytest.raises(ConfigurationInvalid, match="UTF-8"):
        load_config(tmp_path / "latin.toml")


def test_a_table_name_inside_a_long_text_is_not_taken_for_a_table(tmp_path: Path) -> None:
    error = told(tmp_path, 'store_id = """\n[broker]\nport = 1\n"""\ndevice_id = "d"\n[broker]\nport = "x"\n')
    assert error.line is not None
    assert error.field in ("store_id", "broker.port")


def test_one_scale_is_read_from_its_own_file_or_from_its_devices(tmp_path: Path) -> None:
    (tmp_path / "device.toml").write_text(SCALE)
    (tmp_path / "scale.toml").write_text('shelf_id = "s2"\ncounts_per_gram = 21\ntare_counts = 84000\n')
    by_device = load_part(tmp_path / "device.toml", ScaleConfig, name="s2", adapter="recording", recording="t.csv")
    alone = load_part(tmp_path / "scale.toml", ScaleConfig, adapter="recording", recording="t.csv")
    assert by_device == alone
    with pytest.raises(ConfigurationInvalid, match="2 of them; name one of: s1, s2"):
        load_part(tmp_path / "device.toml", ScaleConfig)
    with pytest.raises(ConfigurationInvalid, match="no shelf_id 's9'; name one of: s1, s2"):
        load_part(tmp_path / "device.toml", ScaleConfig, name="s9")
    with pytest.raises(ConfigurationInvalid, match=re.escape("scale.toml:1: shelf_id: unknown key")):
        load_part(tmp_path / "scale.toml", ReaderConfig)


def test_a_camera_file_for_replay_needs_no_source(tmp_path: Path) -> None:
    (tmp_path / "camera.toml").write_text('area_id = "square"\nscore_min = 0.5\n')
    assert load_part(tmp_path / "camera.toml", CameraConfig, source="film.avi").source == "film.avi"

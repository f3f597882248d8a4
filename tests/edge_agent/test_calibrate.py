"""A scale is calibrated at the shelf or from a file, and its device's file keeps what people wrote in it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from edge_agent.__main__ import app
from edge_agent.adapters.calibration_file import known_loads
from edge_agent.adapters.load_cell_gpio import LoadCellGpio
from edge_agent.adapters.simulated_hx711 import SimulatedHx711
from edge_agent.errors import CalibrationRefused, ConfigurationInvalid, RecordingInvalid, SensorUnavailable
from edge_agent.flows.calibrate import Dialogue, calibrate_by_hand
from edge_agent.rules.calibration_fit import CalibrationFit, FitRule
from edge_agent.toml_edit import with_numbers, write_numbers

GOOD = "known_g,raw\n0,100\n0,101\n0,99\n1000,21100\n1000,21101\n1000,21099\n2000,42100\n2000,42101\n2000,42099\n"
DEVICE = """store_id = "corner" # Our first shop.
device_id = "shelves-1"

[[scales]]
shelf_id = "s1"
counts_per_gram = 1.0
tare_counts = 0

[[scales]] # The heavy one.
shelf_id = "s2"
counts_per_gram =  1.0   # To be calibrated.
tare_counts = 84_000 # Roughly.
capacity_g = 20_000

[scales.settling]
window_ms = 1_000
"""


class Person:
    """Somebody at the shelf: puts on what they say, with a hand that may tremble."""

    def __init__(self, *answers: str, grams_per_count: float = 1 / 21.0) -> None:
        self.answers = list(answers)
        self.heard: list[str] = []
        self.load_g = 0.0
        self.trembles = False
        self.mixed_up: dict[str, float] = {}
        self.chip = SimulatedHx711(clock_pin=5, data_pin=6, counts=lambda _: self._counts(grams_per_count))
        self._conversions = 0

    def _counts(self, grams_per_count: float) -> int:
        self._conversions += 1
        wobble = 400 if self.trembles else 3
        return round(84_000 + self.load_g / grams_per_count) + self._conversions % 3 * wobble

    def ask(self, question: str) -> str:
        self.heard.append(question)
        answer = self.answers.pop(0)
        self.trembles = answer.startswith("~")
        answer = answer.removeprefix("~")
        try:
            self.load_g = self.mixed_up.pop(answer, float(answer or 0))
        except ValueError:
            self.load_g = 0.0
        return answer

    def calibrate(self) -> CalibrationFit:
        return calibrate_by_hand(self.opened, Dialogue(self.ask, self.heard.append), FitRule(capacity_g=20_000), readings=10)

    def opened(self) -> LoadCellGpio:
        chip = self.chip
        return LoadCellGpio(
            shelf_id="s1",
            clock_pin=5,
            data_pin=6,
            monotonic_ms=chip.now_ms,
            pin_factory=chip.factory,
            now_ns=chip.now_ns,
            sleep_s=chip.sleep_s,
        )


def test_step_by_step_an_empty_shelf_and_two_weights_make_a_calibration() -> None:
    fit = Person("", "1000", "5000", "").calibrate()
    assert fit.counts_per_gram == pytest.approx(21.0, rel=1e-4)
    assert [load.known_g for load in fit.loads] == [0.0, 1_000.0, 5_000.0]


def test_a_step_that_makes_no_sense_is_told_and_asked_for_again() -> None:
    person = Person("", "heavy", "", "-3", "~1000", "1000", "30000", "5000", "")
    person.mixed_up = {"5000": 500.0}
    person.answers.insert(-1, "5000")
    fit = person.calibrate()
    assert fit.counts_per_gram == pytest.approx(21.0, rel=1e-4)
    told = "\n".join(person.heard)
    for reason in ("'heavy' is no weight", "One known weight is needed", "'-3' is no weight", "spread over", "beyond the capacity"):
        assert reason in told
    assert "goes the wrong way from 1000 g to 5000 g" in told


def test_an_empty_shelf_that_somebody_leaned_on_is_weighed_anew() -> None:
    person = Person("~", "2000", "", "2000", "")
    fit = person.calibrate()
    assert any("begin again" in said for said in person.heard)
    assert fit.counts_per_gram == pytest.approx(21.0, rel=1e-4)


def test_swapped_wires_only_turn_the_sign() -> None:
    assert Person("", "2000", "", grams_per_count=-1 / 21.0).calibrate().counts_per_gram == pytest.approx(-21.0, rel=1e-3)


def test_a_scale_that_does_not_answer_ends_the_calibration_with_its_advice() -> None:
    person = Person("")
    person.chip.has_power = False
    with pytest.raises(SensorUnavailable, match="check the HX711 wires"):
        person.calibrate()


def test_a_real_scales_thirteen_weights_meet_class_iii_at_five_grams(shared_data: Path) -> None:
    file = shared_data / "shelf_weight" / "hx711_105_hours" / "calibration.csv"
    run = CliRunner().invoke(app, ["calibrate", "--from", str(file), "--json"])
    assert run.exit_code == 0, run.output
    told: dict[str, Any] = msgspec.json.decode(run.stdout)
    assert len(told["loads"]) == 13
    assert told["counts_per_gram"] == pytest.approx(230.61, abs=0.01)
    assert told["linearity_g"] < 2.0
    assert told["finest_interval_g"] == 5.0
    assert told["meets_class_iii"]


def test_the_figures_go_into_the_devices_file_and_its_comments_stay(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    file = tmp_path / "edge.toml"
    file.write_text(DEVICE)
    file.chmod(0o640)
    run = CliRunner().invoke(app, ["calibrate", "--from", str(tmp_path / "good.csv"), "--write", str(file), "--shelf", "s2"])
    assert run.exit_code == 0, run.output
    assert file.read_text() == DEVICE.replace("=  1.0   # To", "=  21.0   # To").replace("84_000 # Rough", "100.0 # Rough")
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_several_scales_in_a_file_need_a_name_before_anything_is_weighed(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text(DEVICE)
    run = CliRunner().invoke(app, ["calibrate", "--config", str(tmp_path / "edge.toml")])
    assert isinstance(run.exception, ConfigurationInvalid)
    assert "name one of: s1, s2" in str(run.exception)


def test_without_a_scale_or_a_file_the_command_says_what_it_needs() -> None:
    run = CliRunner().invoke(app, ["calibrate"])
    assert isinstance(run.exception, ConfigurationInvalid)
    assert "--from" in str(run.exception)


def test_a_refused_calibration_changes_no_file(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("known_g,raw\n0,100\n0,101\n0,99\n1000,102\n1000,100\n1000,99\n")
    file = tmp_path / "edge.toml"
    file.write_text(DEVICE)
    run = CliRunner().invoke(app, ["calibrate", "--from", str(tmp_path / "bad.csv"), "--write", str(file), "--shelf", "s1"])
    assert isinstance(run.exception, CalibrationRefused)
    assert file.read_text() == DEVICE


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_new_key_goes_below_the_last_of_its_table(end: str) -> None:
    text = DEVICE.replace("\n", end)
    changed = with_numbers(text, ("scales", 1), {"temperature_coefficient_g_per_c": 0.4})
    expected = DEVICE.replace("capacity_g = 20_000\n", "capacity_g = 20_000\ntemperature_coefficient_g_per_c = 0.4\n").replace("\n", end)
    assert changed == expected
    assert tomllib.loads(changed)["scales"][1]["temperature_coefficient_g_per_c"] == 0.4


def test_a_file_that_is_written_inline_is_left_alone_with_the_figures_to_copy(tmp_path: Path) -> None:
    file = tmp_path / "edge.toml"
    file.write_text('store_id = "c"\nscales = [{shelf_id = "s1", counts_per_gram = 1.0, tare_counts = 0}]\n')
    before = file.read_text()
    with pytest.raises(ConfigurationInvalid, match=r"by hand: counts_per_gram = 21\.0"):
        write_numbers(file, ("scales", 0), {"counts_per_gram": 21.0})
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("grams,raw\n0,1\n", 1, "column known_g is missing"),
        ("known_g,grams\n0,1\n", 1, "column raw is missing"),
        ("", 1, "column known_g is missing"),
        ("known_g,raw\n0,1\nheavy,2\n", 3, "not a weight and its readings"),
        ("known_g,raw\n0,1\n5,nan\n", 3, "not a weight and its readings"),
        ("known_g,raw\n", None, "holds no readings"),
    ],
)
def test_a_broken_file_of_readings_is_refused_with_its_line(tmp_path: Path, text: str, line: int | None, says: str) -> None:
    (tmp_path / "broken.csv").write_text(text)
    with pytest.raises(RecordingInvalid, match=says) as refused:
        known_loads(tmp_path / "broken.csv")
    assert refused.value.line == line


def test_readings_in_a_row_or_line_by_line_are_the_same_loads(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("known_g,raw,temperature_c\n0,1,20\n0,2,20\n500,7,20\n500,8,20\n")
    (tmp_path / "wide.csv").write_text("known_g,r1,r2,temperature_c,phase\n0,1,2,20,loading\n500,7,8,20,loading\n")
    assert known_loads(tmp_path / "long.csv") == known_loads(tmp_path / "wide.csv")

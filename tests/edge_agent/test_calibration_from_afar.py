"""A running scale is calibrated and zeroed from afar: nothing is weighed twice, nonsense is refused, a restart loses nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from edge_agent.adapters.calibration_memory import CalibrationMemory
from edge_agent.adapters.clock import AgentClock
from edge_agent.config import ScaleConfig
from edge_agent.flows.calibrate import write_scale
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.scale_care import CALIBRATING, IDLE_MS, ScaleCare, TareAsked
from edge_agent.readings import RawReading
from wire_format.commands import CalibrationRequest, CalibrationStepAsked
from wire_format.observations import CalibrationProgress, Observation

FILE = """store_id = "corner" # Our first shop.
device_id = "shelves-1"

[[scales]]
shelf_id = "s1"
adapter = "iio"
counts_per_gram = 20.0 # Guessed.
tare_counts = 80_000
capacity_g = 20_000
"""
SESSION = "5e1a90c37f20b6d4"
TRUE_COUNTS_PER_GRAM, TRUE_TARE = 21.0, 84_000


class Shelf:
    """A scale that runs, ten readings a second, and what is heard of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "edge.toml"
        if not self.file.exists():
            self.file.write_text(FILE)
        self.said: list[Observation] = []
        self.answers: list[tuple[bool, str, str]] = []
        self.at_ms = 0
        self.clock = AgentClock()
        self.faults = FaultBoard(self.clock.wall_ms)
        table = tomllib.loads(self.file.read_text())["scales"][0]
        self.care = ScaleCare(
            ScaleConfig(**table),
            device_id="shelves-1",
            record=self.said.append,
            clock=self.clock,
            faults=self.faults,
            memory=CalibrationMemory(folder, "s1"),
            keep=lambda numbers: write_scale(self.file, "s1", numbers),
        )
        self.request = CalibrationRequest(device_id="shelves-1", shelf_id="s1", session_id=SESSION, stage="open")

    def wish(self, **changed: Any) -> None:
        self.request = structs.replace(self.request, revision=self.request.revision + 1, **changed)
        self.care.hear(self.request)

    def weigh(self, *known_g: float, first_step: int = 1) -> None:
        """Ask for these loads to be on the list by now; only the last lies on the shelf."""
        steps = [CalibrationStepAsked(step=first_step + i, known_g=g, readings=10) for i, g in enumerate(known_g)]
        self.wish(steps=steps)

    def lie(self, load_g: float, *, readings: int = 20, trembles: float = 0.0, temperature_c: float | None = None) -> int:
        """A load lies there for a while; returns how many readings were left for weighing."""
        left = 0
        for number in range(readings):
            self.at_ms += 100
            wobble = (-1) ** number * trembles
            counts = round(TRUE_TARE + (load_g + wobble) * TRUE_COUNTS_PER_GRAM) + number % 3
            left += not self.care.take(RawReading(self.at_ms, counts, temperature_c))
        return left

    @property
    def progress(self) -> CalibrationProgress:
        said = self.said[-1]
        assert isinstance(said, CalibrationProgress)
        return said

    def tare(self, load_g: float, **how: Any) -> tuple[bool, str, str]:
        self.care.ask_tare(TareAsked(None, self.at_ms, lambda done, what, advice: self.answers.append((done, what, advice))))
        self.lie(load_g, readings=70, **how)
        return self.answers[-1]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_two_loads_make_a_calibration_that_is_used_and_kept_with_the_files_comments(shelf: Shelf) -> None:
    shelf.wish()
    assert shelf.lie(0.0) == 0, "while it is calibrated, nothing is weighed"
    assert shelf.progress.stage == "ready"
    assert [fault.code for fault in shelf.faults.current()] == [CALIBRATING]
    shelf.weigh(0.0)
    shelf.lie(0.0)
    shelf.weigh(0.0, 5_000.0)
    shelf.lie(5_000.0)
    result = shelf.progress.result
    assert result is not None
    assert result.counts_per_gram == pytest.approx(21.0, rel=1e-4)
    assert result.meets_class_iii
    assert tomllib.loads(shelf.file.read_text())["scales"][0]["counts_per_gram"] == 20.0, "not before it is accepted"
    shelf.wish(stage="accept")
    assert shelf.lie(5_000.0) == 20, "weighed again, with the new figures"
    assert shelf.progress.stage == "applied"
    assert shelf.care.scale.counts_per_gram == result.counts_per_gram
    text = shelf.file.read_text()
    assert f"counts_per_gram = {result.counts_per_gram} # Guessed." in text
    assert "# Our first shop." in text
    assert shelf.faults.current() == []


def test_a_wish_that_is_repeated_weighs_nothing_twice(shelf: Shelf) -> None:
    shelf.weigh(0.0)
    shelf.lie(0.0)
    told = len(shelf.said)
    for _ in range(3):
        shelf.care.hear(shelf.request)
        shelf.lie(9_999.0)
    assert len(shelf.said) == told
    assert [load.mean_counts for load in shelf.progress.loads] == [pytest.approx(TRUE_TARE, abs=3)]


def test_a_restart_in_the_middle_keeps_what_was_weighed_and_weighs_only_what_lies_there_now(tmp_path: Path) -> None:
    before = Shelf(tmp_path)
    before.weigh(0.0)
    before.lie(0.0)
    before.weigh(0.0, 5_000.0)
    before.lie(5_000.0, readings=4)
    after = Shelf(tmp_path)
    assert after.lie(5_000.0) == 0, "still being calibrated, although the hub has said nothing yet"
    after.care.hear(before.request)
    after.lie(5_000.0)
    assert [load.known_g for load in after.progress.loads] == [0.0, 5_000.0]
    assert after.progress.result is not None
    assert after.progress.result.counts_per_gram == pytest.approx(21.0, rel=1e-4)


def test_a_device_that_lost_its_memory_says_so_instead_of_weighing_the_wrong_load(tmp_path: Path) -> None:
    before = Shelf(tmp_path)
    before.weigh(0.0)
    before.lie(0.0)
    (tmp_path / "calibration-s1.json").write_bytes(b'{"half a')
    after = Shelf(tmp_path)
    after.request = before.request
    after.weigh(0.0, 5_000.0)
    after.lie(5_000.0)
    assert after.progress.stage == "refused"
    assert "no longer knows" in after.progress.problem
    assert after.progress.loads == []
    after.weigh(0.0, first_step=3)
    after.lie(0.0)
    assert [load.step for load in after.progress.loads] == [3]


def test_nonsense_is_refused_with_its_reason_and_what_was_right_stays(shelf: Shelf) -> None:
    shelf.weigh(0.0)
    shelf.lie(0.0)
    shelf.weigh(0.0, 5_000.0)
    shelf.lie(5_000.0, trembles=80.0)
    assert (shelf.progress.stage, shelf.progress.refused_step) == ("refused", 2)
    assert "spread over" in shelf.progress.problem
    shelf.wish(steps=[*shelf.request.steps[:1], CalibrationStepAsked(step=3, known_g=30_000.0, readings=10)])
    shelf.lie(5_000.0)
    assert "beyond the capacity" in shelf.progress.problem
    shelf.wish(steps=[*shelf.request.steps[:1], CalibrationStepAsked(step=4, known_g=5_000.0, readings=10)])
    shelf.lie(5_000.0)
    shelf.wish(steps=[*shelf.request.steps, CalibrationStepAsked(step=5, known_g=10_000.0, readings=10)])
    shelf.lie(8_000.0)
    assert "no straight line" in shelf.progress.problem
    assert [load.step for load in shelf.progress.loads] == [1, 4]


def test_accepting_too_early_and_a_file_that_cannot_be_written_change_nothing(shelf: Shelf) -> None:
    shelf.weigh(0.0)
    shelf.lie(0.0)
    shelf.wish(stage="accept")
    shelf.lie(0.0)
    assert "too few loads" in shelf.progress.problem
    shelf.wish(stage="open")
    shelf.weigh(0.0, 5_000.0)
    shelf.lie(5_000.0)
    shelf.file.unlink()
    shelf.wish(stage="accept")
    shelf.lie(5_000.0)
    assert "could not be kept" in shelf.progress.problem
    assert shelf.care.scale.counts_per_gram == 20.0
    shelf.file.write_text(FILE)
    shelf.wish(stage="open")
    shelf.wish(stage="accept")
    shelf.lie(5_000.0)
    assert shelf.progress.stage == "applied"


def test_a_calibration_nobody_goes_on_with_ends_by_itself_and_stays_ended(shelf: Shelf) -> None:
    shelf.weigh(0.0)
    shelf.lie(0.0)
    shelf.at_ms += IDLE_MS + 1_000
    shelf.lie(0.0, readings=1)
    assert shelf.progress.stage == "ended"
    assert shelf.lie(3_000.0) == 20
    again = Shelf(shelf.folder)
    again.care.hear(shelf.request)  # The broker still holds the old wish.
    assert again.lie(3_000.0) == 20


def test_a_scale_that_gives_no_readings_answers_all_the_same(shelf: Shelf) -> None:
    shelf.weigh(0.0)
    shelf.care.unwell("no weight for 2000 ms", "check the HX711 wires")
    assert (shelf.progress.stage, shelf.progress.advice) == ("refused", "check the HX711 wires")


def test_a_held_button_zeroes_an_empty_shelf_and_keeps_the_zero(shelf: Shelf) -> None:
    done, what, _ = shelf.tare(-180.0)  # By its guessed figures the scale says 11 g.
    assert done, what
    assert tomllib.loads(shelf.file.read_text())["scales"][0]["tare_counts"] == pytest.approx(TRUE_TARE - 180 * 21, abs=3)
    changed = shelf.care.changed()
    assert changed is not None
    assert changed.tare_counts == pytest.approx(TRUE_TARE - 180 * 21, abs=3)


@pytest.mark.parametrize(
    ("load_g", "how", "reason"),
    [(5_000.0, {}, "g are on it"), (-180.0, {"trembles": 60.0}, "not at rest"), (-5_000.0, {}, "g are on it")],
)
def test_a_shelf_that_is_not_empty_and_still_is_not_zeroed(shelf: Shelf, load_g: float, how: dict[str, Any], reason: str) -> None:
    done, what, advice = shelf.tare(load_g, **how)
    assert not done
    assert reason in what
    assert advice
    assert shelf.file.read_text() == FILE


def test_zeroing_waits_until_the_calibration_is_over(shelf: Shelf) -> None:
    shelf.wish()
    done, what, _ = shelf.tare(-180.0)
    assert (done, "being calibrated" in what) == (False, True)
    shelf.wish(stage="closed")
    assert shelf.tare(-180.0)[0]


def test_a_warm_scale_is_zeroed_for_twenty_degrees(shelf: Shelf) -> None:
    shelf.file.write_text(FILE + "temperature_coefficient_g_per_c = 2.0\n")
    warm = Shelf(shelf.folder)
    assert warm.tare(-180.0, temperature_c=25.0)[0]
    assert warm.care.scale.tare_counts == pytest.approx(TRUE_TARE - 180 * 21 - 5 * 2.0 * 20.0, abs=3)

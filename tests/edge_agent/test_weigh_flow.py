"""A scale's thread: it tells weights, faults and their end, and never dies of a loose wire."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.load_cell_recording import LoadCellRecording
from edge_agent.config import ScaleConfig
from edge_agent.errors import ConfigurationInvalid, LoadCellSilent, RecordingInvalid
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.replay_scale import replay_scale, scale_from_plan
from edge_agent.flows.weigh import WeighFlow
from edge_agent.readings import LoadCell, RawReading
from wire_format import codec
from wire_format.observations import ShelfWeight

CONFIG = ScaleConfig(shelf_id="shelf-1", counts_per_gram=400.0, tare_counts=0.0)


class FlakyCell:
    """A wire that loses contact once, and finds it again."""

    shelf_id = "shelf-1"

    def __init__(self, board: FaultBoard) -> None:
        self._board = board
        self._asked = 0
        self.seen_faults: list[list[str]] = []

    def read(self, timeout_ms: int) -> RawReading | None:
        self._asked += 1
        self.seen_faults.append([fault.code for fault in self._board.current()])
        if self._asked in (50, 51):
            raise LoadCellSilent(shelf_id=self.shelf_id, waited_ms=timeout_ms)
        return RawReading(self._asked * 100, 400_000 + self._asked % 3) if self._asked < 100 else None

    def close(self) -> None:
        pass


def run(open_cell: Callable[[], LoadCell], board: FaultBoard, stop: threading.Event | None = None) -> list[ShelfWeight]:
    told: list[ShelfWeight] = []
    clock = AgentClock("0123456789abcdef")
    WeighFlow(open_cell, CONFIG, told.append, clock, board, device_id="pi-1").run(stop or threading.Event())
    return told


def test_a_silent_scale_is_a_fault_until_it_speaks_again() -> None:
    board = FaultBoard(lambda: 0)
    cell = FlakyCell(board)
    told = run(lambda: cell, board)
    assert ["scale_silent"] in cell.seen_faults
    assert board.current() == []
    assert told[-1].weight_g == pytest.approx(1000, abs=0.1)
    assert codec.observations.decode(codec.encode(told[-1])) == told[-1]


def test_a_broken_recording_is_a_fault_and_ends_the_thread(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("t_s,raw\n0,1\n1,x\n")
    board = FaultBoard(lambda: 0)
    run(lambda: LoadCellRecording(tmp_path / "t.csv", shelf_id="shelf-1"), board)
    assert [fault.code for fault in board.current()] == ["recording_broken"]
    assert "t.csv:3" in board.current()[0].message


def test_a_stopped_thread_stops_at_once(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    assert run(lambda: FlakyCell(FaultBoard(lambda: 0)), FaultBoard(lambda: 0), stop) == []


def test_a_plan_without_the_shelf_says_which_it_has(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text('{"shelves": {"shelf_07": {"counts_per_gram": 400.0, "tare_counts": 0}}}')
    assert scale_from_plan(plan, "shelf_07").counts_per_gram == 400.0
    with pytest.raises(ConfigurationInvalid, match="shelf_07"):
        scale_from_plan(plan, "shelf_08")
    plan.write_text('{"shelves": {"shelf_07": {"counts_per_gram": "many", "tare_counts": 0}}}')
    with pytest.raises(ConfigurationInvalid, match="counts_per_gram"):
        scale_from_plan(plan, "shelf_07")
    with pytest.raises(ConfigurationInvalid, match="no such file"):
        scale_from_plan(tmp_path / "nowhere.json", "shelf_07")


def test_replaying_a_recording_twice_gives_the_same_bytes(shared_data: Path) -> None:
    folder = shared_data / "shelf_weight/composite"
    scale = scale_from_plan(folder / "plan.json", "shelf_04")
    first: list[str] = []
    second: list[str] = []
    summary = replay_scale(folder / "shelf_04.csv", scale, first.append)
    replay_scale(folder / "shelf_04.csv", scale, second.append)
    assert first == second
    assert summary.readings == 18_000
    assert summary.faults == []


def test_a_replay_of_a_broken_trace_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("t_s,raw\n0,1\n0.1,2\n0.2,oops\n")
    with pytest.raises(RecordingInvalid, match=r"t\.csv:4"):
        replay_scale(tmp_path / "t.csv", CONFIG, print)

"""A part that fails is told, started again and, once it runs steadily, told to be well."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from edge_agent.errors import RecordingInvalid, SensorUnavailable
from edge_agent.flows import tending
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.tending import TendedThread


def tended(work: Callable[[threading.Event], None]) -> tuple[TendedThread, FaultBoard, threading.Event]:
    faults, stop = FaultBoard(lambda: 0), threading.Event()
    return TendedThread("shelf s1", work, stop=stop, faults=faults, restart_first_s=0.01), faults, stop


def codes(faults: FaultBoard) -> set[str]:
    return {fault.code for fault in faults.current()}


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_flow_that_crashes_is_started_again_and_its_fault_goes_when_it_ends_well() -> None:
    runs: list[str] = []

    def work(stop: threading.Event) -> None:
        runs.append(threading.current_thread().name)
        if len(runs) < 3:
            raise ValueError("a bug")

    thread, faults, _ = tended(work)
    thread.start()
    assert thread.join(5)
    assert runs == ["shelf s1"] * 3
    assert thread.state == "ended"
    assert codes(faults) == set()


def test_a_sensor_that_is_not_there_is_told_in_its_own_words() -> None:
    def work(stop: threading.Event) -> None:
        raise SensorUnavailable(part="shelf s1", problem="no such device", advice="load the overlay")

    thread, faults, stop = tended(work)
    thread.start()
    wait_for(lambda: bool(faults.current()))
    (fault,) = faults.current()
    assert (fault.part, fault.code, fault.message, fault.advice) == ("shelf s1", "sensor_unavailable", "no such device", "load the overlay")
    stop.set()
    assert thread.join(1), "a part that waits for its next try stops at once"


def test_a_broken_recording_is_not_tried_again() -> None:
    runs: list[int] = []

    def work(stop: threading.Event) -> None:
        runs.append(1)
        raise RecordingInvalid(path="trace.csv", problem="not a number", line=7)

    thread, faults, _ = tended(work)
    thread.start()
    assert thread.join(5)
    assert thread.is_over
    assert len(runs) == 1
    assert faults.current()[0].message == "trace.csv:7: not a number"


def test_a_part_that_runs_steadily_again_is_well_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tending, "STEADY_S", 0.0)
    runs: list[int] = []

    def work(stop: threading.Event) -> None:
        runs.append(1)
        if len(runs) == 1:
            raise ValueError("once")
        stop.wait()

    thread, faults, stop = tended(work)
    thread.start()
    wait_for(lambda: len(runs) == 2 and thread.state == "running")
    assert codes(faults) == {"crashed"}
    thread.look()
    assert codes(faults) == set()
    stop.set()
    assert thread.join(1)

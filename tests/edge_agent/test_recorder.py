"""While the disk refuses, what was seen is held in memory, in order, and nothing that counts people is dropped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.adapters.outbox import Outbox
from edge_agent.flows.fault_board import FAULTS_MAX, FaultBoard
from edge_agent.flows.recorder import Recorder
from wire_format import codec
from wire_format.observations import DoorCrossing, Observation, ShelfWeight

BOOT = {"device_id": "d", "boot_id": "00c0ffee"}


def weight(number: int, shelf: str = "s1") -> ShelfWeight:
    return ShelfWeight(**BOOT, monotonic_ms=number, observed_at_ms=number, shelf_id=shelf, weight_g=float(number), spread_g=1.0)


def crossing(number: int) -> DoorCrossing:
    times = {"monotonic_ms": number, "observed_at_ms": number, "started_at_ms": number}
    return DoorCrossing(**BOOT, **times, door_id="front", duration_ms=1, people_in=1, people_out=0)


class SmallDisk:
    """The real outbox on a disk that can be full: SQLite itself refuses to let the file grow."""

    def __init__(self, path: Path) -> None:
        self.outbox = Outbox(path, capacity=100_000)
        self.faults = FaultBoard(lambda: 1_700_000_000_000)

    def fill(self) -> None:
        self._pages(1)  # No more pages than there are.
        row = ("filler", "filler", b"x" * 500)
        with pytest.raises(sqlite3.OperationalError, match="full"):
            self.outbox._connection.executemany("INSERT INTO letters (kind, subject, payload) VALUES (?, ?, ?)", [row] * 1000)

    def free(self) -> None:
        self._pages(1_000_000)
        self.outbox._connection.execute("DELETE FROM letters WHERE kind = 'filler'")

    def _pages(self, most: int) -> None:
        self.outbox._connection.execute(f"PRAGMA max_page_count = {most}")

    def codes(self) -> set[str]:
        return {fault.code for fault in self.faults.current()}

    def written(self) -> list[Observation]:
        return [codec.observations.decode(letter.payload) for letter in self.outbox.take(0, 100_000)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    small = SmallDisk(tmp_path / "o.sqlite")
    yield small
    small.outbox.close()


def test_on_a_good_disk_everything_is_written_at_once(disk: SmallDisk) -> None:
    record = Recorder(disk.outbox, disk.faults)
    record(weight(1))
    assert disk.outbox.depth == 1
    assert record.held == 0


def test_on_a_full_disk_the_agent_holds_on_says_so_and_writes_later_in_order(disk: SmallDisk) -> None:
    record = Recorder(disk.outbox, disk.faults)
    disk.fill()
    for number in range(50):
        record(weight(number))
    assert record.held > 0
    (fault,) = disk.faults.current()
    assert (fault.part, fault.code) == ("outbox", "outbox_unwritable")
    assert fault.message == "the disk is full"
    assert "free space" in fault.advice
    record.flush()
    assert disk.codes() == {"outbox_unwritable"}, "still full: still told"
    disk.free()
    record.flush()
    assert disk.codes() == set()
    assert disk.written() == [weight(number) for number in range(50)]


def test_full_disk_and_full_memory_let_older_weights_go_but_add_up_every_person(disk: SmallDisk) -> None:
    record = Recorder(disk.outbox, disk.faults, held_max=5)
    disk.fill()
    record(weight(0))
    already_written = disk.outbox.depth
    for number in range(1, 100):
        record(weight(number))
        record(crossing(number))
    assert record.held <= 5
    disk.free()
    record.flush()
    told = disk.written()
    assert sum(one.people_in for one in told if isinstance(one, DoorCrossing)) == 99
    weights = [one for one in told if isinstance(one, ShelfWeight)]
    assert weights[-1] == weight(99)
    assert len(weights) + disk.outbox.shed_counts()["shelf_weight"] == 100
    assert already_written <= len(told)


def test_an_observation_no_hub_could_read_is_told_and_stops_nobody(disk: SmallDisk) -> None:
    record = Recorder(disk.outbox, disk.faults)
    record(ShelfWeight(**BOOT, monotonic_ms=1, observed_at_ms=1, shelf_id="s 1", weight_g=1.0, spread_g=1.0))
    record(weight(2))
    assert disk.codes() == {"shelf_weight_unreadable"}
    assert disk.written() == [weight(2)]
    record.flush()
    assert disk.outbox.shed_counts() == {"shelf_weight": 1}


def test_a_fault_keeps_its_beginning_and_is_told_once() -> None:
    now = [1000]
    board = FaultBoard(lambda: now[0])
    told: list[int] = []
    board.on_change(lambda: told.append(now[0]))
    board.raise_fault("shelf s1", "scale_silent", "no weight for 2000 ms", "check the wires")
    now[0] = 2000
    board.raise_fault("shelf s1", "scale_silent", "no weight for 4000 ms", "check the wires")
    (fault,) = board.current()
    assert (fault.since_ms, fault.message) == (1000, "no weight for 4000 ms")
    board.clear("shelf s1", "scale_silent")
    board.clear("shelf s1", "scale_silent")
    assert board.current() == []
    assert told == [1000, 2000]


def test_faults_without_end_do_not_fill_the_memory() -> None:
    board = FaultBoard(lambda: 0)
    for number in range(FAULTS_MAX + 7):
        board.raise_fault(f"part {number}", "code", "message")
    assert len(board.current()) == FAULTS_MAX
    assert board.left_out == 7

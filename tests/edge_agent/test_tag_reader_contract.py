"""Every tag reader keeps the same promises: a recorded one, the simulated shop's, and one that speaks LLRP over a real socket."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from llrpkit.emulator import LLRPEmulator
from llrpkit.emulator.core import EmulatedTag

from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.simulated_playhead import SimulatedPlayhead
from edge_agent.adapters.simulated_tag_reader import SimulatedTagReader
from edge_agent.adapters.tag_reader_llrp import LlrpTagReader
from edge_agent.adapters.tag_reader_recording import TagReaderRecording, reads_of
from edge_agent.config import AntennaConfig, ReaderConfig
from edge_agent.errors import RecordingInvalid, SensorUnavailable
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.replay_tags import replay_tags
from edge_agent.flows.scan import ScanFlow
from edge_agent.readings import ReaderNote, TagRead, TagReader
from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.tag_radio import TagRadio
from wire_format import codec
from wire_format.observations import TagLeft, TagMoved, TagSeen
from wire_format.plans import Planogram

EPC = "303435FC8803D056D15B963F"
NOON_MS = 1_763_982_000_000
HEADER = "timestamp,reader,antenna,rssi,epc,phase_angle,channel_index,doppler_frequency\n"


class RunningEmulator:
    """llrpkit's reader, on a loop of its own."""

    def __init__(self) -> None:
        tags = [EmulatedTag(epc=bytes.fromhex(EPC), antennas=(1, 2))]
        self._emulator = LLRPEmulator(tags=tags, reads_per_sec=200.0, antenna_count=2)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="llrp emulator", daemon=True)
        self._thread.start()
        self._call(self._emulator.start())
        self.port = self._emulator.port

    def stop(self) -> None:
        self._call(self._emulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _call(self, awaitable: object) -> None:
        asyncio.run_coroutine_threadsafe(awaitable, self._loop).result(10)  # type: ignore[arg-type]


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    running = RunningEmulator()
    yield running
    running.stop()


def llrp(port: int) -> LlrpTagReader:
    return LlrpTagReader(
        reader_id="reader-1", host="127.0.0.1", port=port, antennas=[1, 2], power_dbm=None, monotonic_ms=AgentClock().monotonic_ms
    )


def recorded(folder: Path, rows: int = 40) -> TagReaderRecording:
    path = folder / "reads.csv"
    path.write_text(
        HEADER + "".join(f"{1747162820 + i / 4},r,{1 + i % 2},-61,b'{EPC.lower()}',756,12,-158\n" for i in reversed(range(rows)))
    )
    return TagReaderRecording(path, reader_id="reader-1")


def simulated() -> SimulatedTagReader:
    """The simulated shop's reader, half a minute of the past."""
    plan = codec.plans.decode((Path(__file__).parents[2] / "demo" / "planogram.json").read_bytes())
    assert isinstance(plan, Planogram)
    shop = Shop(plan, seed=2, start_ms=NOON_MS)
    playhead = SimulatedPlayhead(shop, now_ms=lambda: NOON_MS + 3_600_000, booted_at_ms=NOON_MS, end_ms=NOON_MS + 30_000)
    return SimulatedTagReader(playhead, TagRadio(shop, seed=2))


@pytest.fixture(params=["recording", "llrp", "simulated"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TagReader]:
    makers: dict[str, Callable[[], TagReader]] = {
        "recording": lambda: recorded(tmp_path),
        "llrp": lambda: llrp(request.getfixturevalue("emulator").port),
        "simulated": simulated,
    }
    made = makers[request.param]()
    yield made
    made.close()


def some_reads(reader: TagReader, count: int = 10) -> list[TagRead]:
    reads: list[TagRead] = []
    deadline_s = time.monotonic() + 10
    while len(reads) < count and time.monotonic() < deadline_s:
        reads += reader.read(500) or []
    return reads


def test_reads_carry_upper_case_epcs_of_the_antennas_in_order_of_time(reader: TagReader) -> None:
    reads = some_reads(reader)
    assert len(reads) >= 10
    assert all(re.fullmatch(r"(?:[0-9A-F]{4}){1,31}", read.epc) for read in reads)
    assert all(1 <= read.antenna <= 6 for read in reads)
    assert all(-100 < read.rssi_dbm < 0 for read in reads)
    times = [read.read_at_ms for read in reads]
    assert times == sorted(times)
    assert times[0] >= 0


def test_a_reader_that_is_well_says_nothing_of_trouble(reader: TagReader) -> None:
    some_reads(reader)
    assert [note for note in reader.notes() if not note.is_well] == []


def test_closing_a_reader_twice_harms_nothing(reader: TagReader) -> None:
    reader.close()
    reader.close()


def test_a_reader_that_is_not_there_is_unavailable(free_port: int) -> None:
    reader = llrp(free_port)
    with pytest.raises(SensorUnavailable, match="reader-1"):
        some_reads(reader, 1)
    reader.close()


def test_a_reader_that_goes_away_is_unavailable() -> None:
    running = RunningEmulator()
    reader = llrp(running.port)
    assert some_reads(reader)
    running.stop()
    with pytest.raises(SensorUnavailable):
        some_reads(reader, 10**9)
    reader.close()


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("now,r,1,-61,b'3034',1,1,1", "not a read"),
        ("1747162820,r,1,-61,b'30x4',1,1,1", "hex"),
        ("1747162820,r,1,-61,b'303',1,1,1", "hex"),
        ("1747162820,r,one,-61,b'3034',1,1,1", "not a read"),
        ("1747162820,r,1,9000,b'3034',1,1,1", "out of bounds"),
        ("1747162820,r,1", "not a read"),
    ],
)
def test_a_broken_row_is_refused_with_its_line(tmp_path: Path, row: str, says: str) -> None:
    path = tmp_path / "reads.csv"
    path.write_text(HEADER + "1747162820.1,r,1,-61,b'3034',1,1,1\n" + row + "\n")
    with pytest.raises(RecordingInvalid, match=says) as refused:
        reads_of(path)
    assert refused.value.line == 3


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reads.csv"
    path.write_text("time,tag\n")
    with pytest.raises(RecordingInvalid, match="column timestamp"):
        reads_of(path)
    with pytest.raises(RecordingInvalid, match="no such file"):
        reads_of(tmp_path / "nowhere.csv")


def test_a_replay_without_configuration_makes_each_antenna_a_zone(tmp_path: Path) -> None:
    recorded(tmp_path, rows=200)
    lines: list[str] = []
    summary = replay_tags(tmp_path / "reads.csv", None, lines.append)
    assert (summary.reads, summary.tags, summary.arrivals, summary.departures) == (200, 1, 1, 1)
    assert '"zone_id":"antenna-' in lines[0]


def test_real_passes_replay_and_count_every_read(shared_data: Path) -> None:
    path = shared_data / "rfid/impinj_r420/line_passes/MoveTest1-1.csv"
    lines: list[str] = []
    summary = replay_tags(path, None, lines.append)
    assert summary.reads == 201
    assert summary.arrivals >= 1


CONFIG = ReaderConfig(reader_id="reader-1", antennas=[AntennaConfig(antenna=1, zone_id="front"), AntennaConfig(antenna=2, zone_id="front")])


def test_a_scan_tells_arrival_and_departure_in_the_words_of_the_wire(tmp_path: Path) -> None:
    told: list[TagSeen | TagLeft | TagMoved] = []
    path = tmp_path / "reads.csv"
    other = "".join(f"{1747162820 + i},r,2,-50,b'{'11' * 12}',1,1,1\n" for i in range(120))
    path.write_text(HEADER + "".join(f"{1747162820 + i},r,1,-61,b'{EPC}',1,1,1\n" for i in range(60)) + other)
    flow = ScanFlow(
        lambda: TagReaderRecording(path, reader_id="reader-1"),
        CONFIG,
        told.append,
        AgentClock(),
        FaultBoard(lambda: 0),
        device_id="pi-1",
        live=False,
    )
    flow.run(threading.Event())
    mine = [o for o in told if o.epc == EPC]
    assert [type(o).__name__ for o in mine] == ["TagSeen", "TagLeft"]
    assert all(codec.observations.decode(codec.encode(o)) == o for o in told)


def test_a_missing_reader_is_a_fault_until_it_is_there(tmp_path: Path) -> None:
    board = FaultBoard(lambda: 0)
    seen: list[list[str]] = []
    stop = threading.Event()

    class Missing:
        reader_id = "reader-1"

        def read(self, timeout_ms: int) -> list[TagRead] | None:
            if not seen:
                seen.append([])
                raise SensorUnavailable(part="reader reader-1", problem="no route", advice="check its network")
            seen.append([fault.code for fault in board.current()])
            if len(seen) > 3:
                return None
            return [TagRead(len(seen) * 1000, EPC, 1, -60.0)]

        def notes(self) -> list[ReaderNote]:
            return []

        def close(self) -> None:
            pass

    ScanFlow(Missing, CONFIG, lambda _: None, AgentClock(), board, device_id="pi-1", live=False).run(stop)
    assert seen[1] == ["reader_unavailable"]
    assert board.current() == []

"""What becomes of tags and faults when a reader, its antennas, its cable or its clock are not well."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from llrp_stage import EPC, Cable, EmulatedReader, eventually, llrp_reader
from llrpkit.protocol import params

from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.reader_clock import ReaderClock
from edge_agent.adapters.reader_notes import PASSES_AFTER_MS, ReaderNotes
from edge_agent.adapters.tag_reader_llrp import LlrpTagReader
from edge_agent.config import AntennaConfig, ReaderConfig
from edge_agent.errors import SensorUnavailable
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.scan import ScanFlow
from edge_agent.readings import TagRead
from edge_agent.rules.tag_presence import TagDeparted, TagPresence

CONFIG = ReaderConfig(
    reader_id="reader-1",
    host="127.0.0.1",
    antennas=[AntennaConfig(antenna=1, zone_id="front"), AntennaConfig(antenna=2, zone_id="back")],
)


@pytest.fixture
def emulated() -> Iterator[EmulatedReader]:
    reader = EmulatedReader()
    yield reader
    reader.stop()


class Scanning:
    """A scan flow on a thread of its own."""

    def __init__(self, port: int) -> None:
        self.board = FaultBoard(lambda: 0)
        self.told: list[object] = []
        self._stop = threading.Event()
        flow = ScanFlow(
            lambda: llrp_reader(port), CONFIG, self.told.append, AgentClock(), self.board, device_id="pi-1", read_timeout_ms=200
        )
        self._thread = threading.Thread(target=flow.run, args=(self._stop,), name="scan", daemon=True)
        self._thread.start()

    def codes(self) -> set[tuple[str, str]]:
        return {(fault.part, fault.code) for fault in self.board.current()}

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)


def failure_of(reader: LlrpTagReader) -> SensorUnavailable:
    deadline_s = time.monotonic() + 20
    try:
        while time.monotonic() < deadline_s:
            reader.read(200)
    except SensorUnavailable as error:
        return error
    finally:
        reader.close()
    raise AssertionError("nothing was missed")


def test_a_pulled_antenna_is_a_fault_until_it_is_plugged_in_again(emulated: EmulatedReader) -> None:
    scanning = Scanning(emulated.port)
    try:
        assert eventually(lambda: bool(scanning.told))
        emulated.connect_antenna(2, False)
        assert eventually(lambda: ("reader reader-1 antenna 2", "antenna_disconnected") in scanning.codes())
        emulated.connect_antenna(2, True)
        assert eventually(lambda: not scanning.codes())
    finally:
        scanning.stop()


def test_a_readers_exception_and_its_full_buffer_are_faults(emulated: EmulatedReader) -> None:
    scanning = Scanning(emulated.port)
    try:
        assert eventually(lambda: bool(scanning.told))
        emulated.notify(reader_exception_event=params.ReaderExceptionEvent(message="PA\ntoo hot"))
        emulated.notify(report_buffer_overflow_error_event=params.ReportBufferOverflowErrorEvent())
        part = "reader reader-1"
        assert eventually(lambda: scanning.codes() == {(part, "reader_exception"), (part, "reader_buffer_overflow")})
        assert "PA too hot" in next(fault.message for fault in scanning.board.current() if fault.code == "reader_exception")
    finally:
        scanning.stop()


def test_an_exception_that_does_not_come_again_is_over_after_a_minute() -> None:
    now_ms = [0]
    notes = ReaderNotes(lambda: now_ms[0])
    stamp = params.UTCTimestamp(microseconds=0)
    event = params.ReaderEventNotificationData(timestamp=stamp, reader_exception_event=params.ReaderExceptionEvent(message="x"))
    notes.hear(event)
    assert [(note.code, note.is_well) for note in notes.take()] == [("reader_exception", False)]
    now_ms[0] = PASSES_AFTER_MS + 1
    assert [(note.code, note.is_well) for note in notes.take()] == [("reader_exception", True)]
    assert notes.take() == []


def test_a_cable_that_goes_dead_without_a_word_is_noticed(emulated: EmulatedReader) -> None:
    """The connection stays open: neither end hears that the other is gone."""
    cable = Cable(emulated.port)
    try:
        reader = llrp_reader(cable.port)
        assert eventually(lambda: bool(reader.read(200)))
        cable.die()
        assert "does not answer" in failure_of(reader).problem
    finally:
        cable.close()


def test_a_reader_that_was_killed_and_comes_back_is_read_again(free_port: int) -> None:
    first = EmulatedReader(free_port)
    scanning = Scanning(free_port)
    try:
        assert eventually(lambda: bool(scanning.told))
        first.stop()
        assert eventually(lambda: ("reader reader-1", "reader_unavailable") in scanning.codes())
        second = EmulatedReader(free_port)
        assert eventually(lambda: not scanning.codes())
        second.stop()
    finally:
        scanning.stop()


def test_a_reader_without_tags_is_well_all_the_same(free_port: int) -> None:
    scanning = Scanning(free_port)
    assert eventually(lambda: ("reader reader-1", "reader_unavailable") in scanning.codes())
    empty = EmulatedReader(free_port, tags=0)
    try:
        assert eventually(lambda: not scanning.codes())
    finally:
        scanning.stop()
        empty.stop()


def test_what_the_reader_says_it_cannot_do_is_refused(emulated: EmulatedReader) -> None:
    assert "no antenna 3; this reader has 1 to 2" in str(failure_of(llrp_reader(emulated.port, antennas=(1, 3))))
    assert "45 dBm; this reader can 10 to 30 dBm" in str(failure_of(llrp_reader(emulated.port, power_dbm=45.0)))
    assert "2 dBm; this reader can 10 to 30 dBm" in str(failure_of(llrp_reader(emulated.port, power_dbm=2.0)))


def test_an_antenna_that_is_off_empties_no_zone() -> None:
    presence = TagPresence({1: "front", 2: "back"})
    both = [TagRead(s * 1000, f"{tag:024X}", 1 + tag % 2, -60.0) for s in range(60) for tag in range(20)]
    presence.take(both, 60_000)
    presence.hears(2, False)
    front = [TagRead(s * 1000, f"{tag:024X}", 1, -60.0) for s in range(60, 160) for tag in range(0, 20, 2)]
    assert presence.take(front, 160_000) == []
    presence.hears(2, True)
    on = [read._replace(read_at_ms=read.read_at_ms + 100_000) for read in front]
    left = [event for event in presence.take(on, 260_000) if isinstance(event, TagDeparted)]
    assert {event.zone_id for event in left} == {"back"}  # Now their silence counts.
    assert len(left) == 10


def test_a_reader_that_woke_in_1970_and_drifts_is_placed_in_time() -> None:
    """A clock that loses a second in a thousand, and reports that come up to 300 ms late."""
    now_ms = [0]
    clock = ReaderClock(lambda: now_ms[0])
    for second in range(1, 900):
        true_ms, late_ms = second * 1000, (second * 137) % 300
        now_ms[0] = true_ms + late_ms
        assert abs(clock.read_at_ms(round(true_ms * 999.0)) - true_ms) <= 310
    now_ms[0] += 1000
    assert clock.read_at_ms(1_700_000_000_000_000) == now_ms[0]  # Somebody set it: begun anew.


def test_the_emulator_is_no_straw_man_a_second_client_reads_the_same_tags(emulated: EmulatedReader) -> None:
    """`sllurp` shares no code with `llrpkit`, on which both the emulator and our own reader stand."""
    sllurp = pytest.importorskip("sllurp.llrp", reason="sllurp (GPL, for this test alone) is not installed")
    seen: set[str] = set()
    config = sllurp.LLRPReaderConfig(
        {"antennas": [1, 2], "report_every_n_tags": 1, "start_inventory": True, "tx_power": 0, "reset_on_connect": False}
    )
    client = sllurp.LLRPReaderClient("127.0.0.1", emulated.port, config)
    client.add_tag_report_callback(lambda _reader, tags: seen.update(tag["EPC"].decode().upper() for tag in tags))
    client.connect()
    try:
        assert eventually(lambda: bool(seen))
    finally:
        client.disconnect()
        client.join(5)
    ours = llrp_reader(emulated.port)
    reads: list[TagRead] = []
    try:
        assert eventually(lambda: bool(reads.extend(ours.read(200) or []) or reads))
    finally:
        ours.close()
    assert seen == {read.epc for read in reads} == {EPC[:-2] + "00"}

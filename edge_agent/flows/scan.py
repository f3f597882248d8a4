"""Scans one tag reader: reads in, tags arriving in zones and leaving them out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import structlog

from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.tag_reader_llrp import LlrpTagReader
from edge_agent.adapters.tag_reader_recording import TagReaderRecording
from edge_agent.config import ReaderConfig
from edge_agent.errors import ConfigurationInvalid, EdgeError, RecordingInvalid
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.readings import ReaderNote, Spot, TagReader
from edge_agent.rules.tag_passing import DoorLine, TagPassed, TagPassing
from edge_agent.rules.tag_presence import PresenceEvent, PresenceRule, TagArrived, TagDeparted, TagPresence, TagShifted
from wire_format.observations import TagLeft, TagMoved, TagSeen

READ_TIMEOUT_MS = 1_000
_BACK_OFF_FIRST_S = 1.0
_BACK_OFF_MAX_S = 60.0
UNAVAILABLE, BROKEN, UNKNOWN_ANTENNA = "reader_unavailable", "recording_broken", "antenna_unknown"

READER_CODES = ("antenna_disconnected", "reader_exception", "reader_buffer_overflow", "reads_dropped")

log = structlog.get_logger("edge_agent.scan")


def tag_reader_opener(config: ReaderConfig, clock: AgentClock, *, paced: bool = True) -> Callable[[], TagReader]:
    """How to open a real or recorded reader, again and again if need be.

    Args:
        paced: whether a recording waits for its own times.
    """

    def open_reader() -> TagReader:
        place = f"reader {config.reader_id}"
        if config.adapter == "recording":
            if config.recording is None:
                raise ConfigurationInvalid(path=place, field="recording", problem="name the CSV file to play back")
            pace = clock.monotonic_ms if paced else None
            return TagReaderRecording(Path(config.recording), reader_id=config.reader_id, paced_by=pace)
        if config.host is None:
            raise ConfigurationInvalid(path=place, field="host", problem='say where the reader is, for example host = "192.168.1.50"')
        powers = {antenna.power_dbm for antenna in config.antennas}
        if len(powers) > 1:
            raise ConfigurationInvalid(path=place, field="power_dbm", problem="give every antenna of a reader the same power, or none")
        return LlrpTagReader(
            reader_id=config.reader_id,
            host=config.host,
            port=config.port,
            antennas=[antenna.antenna for antenna in config.antennas],
            power_dbm=next(iter(powers), None),
            monotonic_ms=clock.monotonic_ms,
        )

    return open_reader


def presence_for(config: ReaderConfig, rule: PresenceRule | None = None) -> TagPresence:
    """A presence that has seen no tag yet."""
    zones = {antenna.antenna: antenna.zone_id for antenna in config.antennas if antenna.zone_id is not None}
    return TagPresence(zones, rule, passed_over=[antenna.antenna for antenna in config.antennas if antenna.zone_id is None])


def passing_for(config: ReaderConfig) -> TagPassing:
    """What tells which way tags are carried past the antennas whose places are known."""
    placed = [(a.antenna, a.x_m, a.y_m) for a in config.antennas]
    spots = {antenna: Spot(x_m, y_m) for antenna, x_m, y_m in placed if x_m is not None and y_m is not None}
    doors = [DoorLine(d.door_id, Spot(d.x1_m, d.y1_m), Spot(d.x2_m, d.y2_m), d.left_zone_id, d.right_zone_id) for d in config.doors]
    return TagPassing(spots, doors, carrier_mhz=config.carrier_mhz)


class ScanFlow:
    """One reader's thread.

    Args:
        open_reader: opens the reader; called again after it was lost.
        config: which antenna looks at which zone.
        record: takes each observation, for instance the outbox's `put`.
        clock: the device's clocks.
        faults: where a missing reader is told.
        device_id: who says it.
        live: whether the reader's silence is silence; a recording played as fast as it goes has no time but that of its reads.
    """

    def __init__(
        self,
        open_reader: Callable[[], TagReader],
        config: ReaderConfig,
        record: Callable[[TagSeen | TagLeft | TagMoved], object],
        clock: AgentClock,
        faults: FaultBoard,
        *,
        device_id: str,
        live: bool = True,
        read_timeout_ms: int = READ_TIMEOUT_MS,
    ) -> None:
        self.name = f"scan {config.reader_id}"
        self._part = f"reader {config.reader_id}"
        self._open_reader = open_reader
        self._config = config
        self._record = record
        self._clock = clock
        self._faults = faults
        self._device_id = device_id
        self._live = live
        self._read_timeout_ms = read_timeout_ms
        self._presence = presence_for(config)
        self._passing = passing_for(config)
        self._reads, self._answered = 0, False
        self._last_ms = 0

    def run(self, stop: threading.Event) -> None:
        """Scan until `stop` is set or a recording has ended; a lost reader is opened again, more and more patiently."""
        back_off_s = _BACK_OFF_FIRST_S
        while not stop.is_set():
            self._reads, self._answered = 0, False
            try:
                self._scan(stop)
                return
            except RecordingInvalid as error:
                self._faults.raise_fault(self._part, BROKEN, str(error), "give a recording that is whole")
                return
            except EdgeError as error:
                self._faults.raise_fault(self._part, UNAVAILABLE, str(error), getattr(error, "advice", ""))
            back_off_s = _BACK_OFF_FIRST_S if self._reads or self._answered else min(2.0 * back_off_s, _BACK_OFF_MAX_S)
            log.info("reader will be opened again", reader=self._config.reader_id, in_s=back_off_s)
            stop.wait(back_off_s)
            if self._live:
                self._presence.pause(self._clock.monotonic_ms())

    def _scan(self, stop: threading.Event) -> None:
        reader = self._open_reader()
        self._forget_notes()
        try:
            while not stop.is_set():
                reads = reader.read(self._read_timeout_ms)
                if reads is None:
                    log.info("recording has ended", reader=self._config.reader_id, reads=self._reads)
                    return
                if reads and not self._reads:
                    self._faults.clear(self._part, UNAVAILABLE)
                self._reads += len(reads)
                self._heed(reader.notes())
                if reads:
                    self._last_ms = reads[-1].read_at_ms
                elif self._live:
                    # One cycle back: reads of the present one may still be on their way.
                    self._last_ms = max(self._last_ms, self._clock.monotonic_ms() - self._read_timeout_ms)
                for event in (*self._presence.take(reads, self._last_ms), *self._passing.take(reads, self._last_ms)):
                    self._record(self._told(event))
                if self._presence.unknown_antenna_reads:
                    self._faults.raise_fault(
                        self._part, UNKNOWN_ANTENNA, f"{self._part}: reads of an antenna that has no zone", "name it under antennas"
                    )
        finally:
            reader.close()

    def _forget_notes(self) -> None:
        """A reader that is opened anew says itself what is not well."""
        for antenna in self._config.antennas:
            self._presence.hears(antenna.antenna, True)
        for fault in self._faults.current():
            if fault.part.split(" antenna ")[0] == self._part and fault.code in READER_CODES:
                self._faults.clear(fault.part, fault.code)

    def _heed(self, notes: Sequence[ReaderNote]) -> None:
        """Put the reader's own word on the fault board; the silence of an antenna that is off says nothing of tags."""
        for note in notes:
            self._answered = self._answered or note.is_well
            part = self._part if note.antenna is None else f"{self._part} antenna {note.antenna}"
            if note.antenna is not None:
                self._presence.hears(note.antenna, note.is_well)
            if note.is_well:
                self._faults.clear(part, note.code)
            else:
                self._faults.raise_fault(part, note.code, f"{self._part}: {note.message}", note.advice)

    def _told(self, event: PresenceEvent | TagPassed) -> TagSeen | TagLeft | TagMoved:
        """The event in the words of the wire."""
        said = _Said(self._device_id, self._clock.boot_id, max(0, event.at_ms), self._clock.wall_ms_at(event.at_ms), event.epc)
        if isinstance(event, TagArrived):
            return said.seen(event)
        return said.left(event) if isinstance(event, TagDeparted) else said.moved(event)


class _Said(NamedTuple):
    """What every observation of a tag says of itself."""

    device_id: str
    boot_id: str
    monotonic_ms: int
    observed_at_ms: int
    epc: str

    def seen(self, event: TagArrived) -> TagSeen:
        rssi_dbm = min(max(event.rssi_dbm, -120.0), 30.0)
        return TagSeen(**self._asdict(), zone_id=event.zone_id, confidence=event.confidence, rssi_dbm=rssi_dbm)

    def left(self, event: TagDeparted) -> TagLeft:
        last_read_at_ms = self.observed_at_ms - (event.at_ms - event.last_read_at_ms)
        return TagLeft(**self._asdict(), zone_id=event.zone_id, confidence=event.confidence, last_read_at_ms=last_read_at_ms)

    def moved(self, event: TagShifted | TagPassed) -> TagMoved:
        zones = event.from_zone_id, event.to_zone_id
        if isinstance(event, TagShifted):
            return TagMoved(**self._asdict(), confidence=event.confidence, from_zone_id=zones[0], to_zone_id=zones[1])
        return TagMoved(
            **self._asdict(),
            confidence=event.confidence,
            from_zone_id=zones[0],
            to_zone_id=zones[1],
            door_id=event.door_id,
            direction=event.direction,
            heading_deg=event.heading_deg,
            speed_m_s=event.speed_m_s,
        )

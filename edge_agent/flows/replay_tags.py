"""Runs recorded tag reads through the very presence that judges a live reader, faster than real time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge_agent.adapters.tag_reader_recording import reads_of
from edge_agent.config import AntennaConfig, ReaderConfig
from edge_agent.flows.scan import passing_for, presence_for
from edge_agent.readings import TagRead
from edge_agent.rules.tag_passing import TagPassed
from edge_agent.rules.tag_presence import PresenceEvent, TagArrived, TagDeparted, TagShifted

SILENCE_AFTER_MS = 60_000
"""How long the replay listens on after the last read, so that who left is told."""

_line = msgspec.json.Encoder()


class TagLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the output: `arrived` and `departed` with a zone, `moved` with how; what does not apply is null."""

    t_s: float
    event: str
    epc: str
    zone_id: str | None = None
    confidence: float
    rssi_dbm: float | None = None
    last_read_s: float | None = None
    from_zone_id: str | None = None
    to_zone_id: str | None = None
    door_id: str | None = None
    direction: str | None = None
    heading_deg: float | None = None
    speed_m_s: float | None = None


class ReplaySummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay did."""

    reads: int
    tags: int
    arrivals: int
    departures: int
    moves: int
    unknown_antenna_reads: int
    recorded_s: float
    took_s: float


def replay_tags(reads: Path, reader: ReaderConfig | None, write: Callable[[str], None]) -> ReplaySummary:
    """Judge a whole recording; `write` gets one JSON line per arrival and departure, without a line end.

    Args:
        reads: the recording.
        reader: which antenna looks at which zone; None: every antenna that occurs is a zone of its own, `antenna-1` and so on.

    Raises:
        RecordingInvalid: the recording is missing or broken, with the line.
    """
    recorded = reads_of(reads)
    settings = reader if reader is not None else _zone_per_antenna(recorded)
    presence, passing = presence_for(settings), passing_for(settings)
    started_s = time.perf_counter()
    last_ms = recorded[-1].read_at_ms if recorded else 0
    events: list[PresenceEvent | TagPassed] = [*presence.take(recorded, last_ms), *presence.expire(last_ms + SILENCE_AFTER_MS)]
    events += [*passing.take(recorded, last_ms), *passing.take([], last_ms + SILENCE_AFTER_MS)]
    events.sort(key=lambda event: event.at_ms)
    for event in events:
        write(_line.encode(_told(event)).decode())
    arrivals = sum(isinstance(event, TagArrived) for event in events)
    departures = sum(isinstance(event, TagDeparted) for event in events)
    return ReplaySummary(
        reads=len(recorded),
        tags=len({read.epc for read in recorded}),
        arrivals=arrivals,
        departures=departures,
        moves=len(events) - arrivals - departures,
        unknown_antenna_reads=presence.unknown_antenna_reads,
        recorded_s=last_ms / 1000.0,
        took_s=time.perf_counter() - started_s,
    )


def _zone_per_antenna(recorded: list[TagRead]) -> ReaderConfig:
    antennas = sorted({read.antenna for read in recorded if read.antenna >= 1}) or [1]
    return ReaderConfig(
        reader_id="recording",
        adapter="recording",
        antennas=[AntennaConfig(antenna=number, zone_id=f"antenna-{number}") for number in antennas],
    )


def _told(event: PresenceEvent | TagPassed) -> TagLine:
    if isinstance(event, TagPassed):
        return TagLine(
            t_s=event.at_ms / 1000.0,
            event="moved",
            epc=event.epc,
            confidence=round(event.confidence, 4),
            from_zone_id=event.from_zone_id,
            to_zone_id=event.to_zone_id,
            door_id=event.door_id,
            direction=event.direction,
            heading_deg=round(event.heading_deg, 1),
            speed_m_s=round(event.speed_m_s, 2),
        )
    if isinstance(event, TagShifted):
        return TagLine(
            t_s=event.at_ms / 1000.0,
            event="moved",
            epc=event.epc,
            confidence=round(event.confidence, 4),
            from_zone_id=event.from_zone_id,
            to_zone_id=event.to_zone_id,
        )
    if isinstance(event, TagArrived):
        return TagLine(
            t_s=event.at_ms / 1000.0,
            event="arrived",
            epc=event.epc,
            zone_id=event.zone_id,
            confidence=round(event.confidence, 4),
            rssi_dbm=round(event.rssi_dbm, 1),
        )
    return TagLine(
        t_s=event.at_ms / 1000.0,
        event="departed",
        epc=event.epc,
        zone_id=event.zone_id,
        confidence=round(event.confidence, 4),
        last_read_s=event.last_read_at_ms / 1000.0,
    )

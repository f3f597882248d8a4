"""Runs recorded tag reads through the very presence that judges a live reader, faster than real time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge_agent.adapters.tag_reader_recording import reads_of
from edge_agent.config import AntennaConfig, ReaderConfig
from edge_agent.flows.scan import presence_for
from edge_agent.readings import TagRead
from edge_agent.rules.tag_presence import PresenceEvent, TagArrived, TagDeparted, TagShifted

SILENCE_AFTER_MS = 60_000
"""How long the replay listens on after the last read, so that who left is told."""

_line = msgspec.json.Encoder()


class TagLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the output. `rssi_dbm` on arrivals, `last_read_s` on departures, `from_zone_id` on moves from zone to zone."""

    t_s: float
    event: str
    epc: str
    zone_id: str
    confidence: float
    rssi_dbm: float | None = None
    last_read_s: float | None = None
    from_zone_id: str | None = None


class ReplaySummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay did."""

    reads: int
    tags: int
    arrivals: int
    departures: int
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
    presence = presence_for(reader if reader is not None else _zone_per_antenna(recorded))
    started_s = time.perf_counter()
    last_ms = recorded[-1].read_at_ms if recorded else 0
    events = presence.take(recorded, last_ms) + presence.expire(last_ms + SILENCE_AFTER_MS)
    for event in events:
        write(_line.encode(_told(event)).decode())
    arrivals = sum(isinstance(event, TagArrived) for event in events)
    departures = sum(isinstance(event, TagDeparted) for event in events)
    return ReplaySummary(
        reads=len(recorded),
        tags=len({read.epc for read in recorded}),
        arrivals=arrivals,
        departures=departures,
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


def _told(event: PresenceEvent) -> TagLine:
    if isinstance(event, TagShifted):
        return TagLine(
            t_s=event.at_ms / 1000.0,
            event="moved",
            epc=event.epc,
            zone_id=event.to_zone_id,
            confidence=round(event.confidence, 4),
            from_zone_id=event.from_zone_id,
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

"""What goes to the history mirror."""

from __future__ import annotations

from typing import NamedTuple


class MirrorPoint(NamedTuple):
    """Numbers at a moment. Tags say whose; a field is never a string, for strings make a time series database slow and large."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, float]
    at_ms: int


class JournalEntry(NamedTuple):
    """An entry of the journal, as the mirror needs it."""

    journal_id: int
    source: str
    happened_at_ms: int
    topic: str | None
    payload: bytes


class StockFigures(NamedTuple):
    """An article at one place. None = not known."""

    sku: str
    place: str
    units: float
    low: float | None
    high: float | None
    updated_at_ms: int


class DeviceHealthFigures(NamedTuple):
    """How a device last said it was. None = it cannot tell."""

    device_id: str
    last_seen_at_ms: int
    outbox_depth: int
    faults: int
    temperature_c: float | None
    disk_free_mb: float | None

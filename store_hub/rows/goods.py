"""Rows of stock-takes, deliveries on their way, and EPCIS events. Columns are explained in the migrations."""

from __future__ import annotations

from typing import NamedTuple


class TagGapRow(NamedTuple):
    """By how much a count differed from the tags."""

    sku: str
    place: str
    units: int
    tags: int
    counted_at_ms: int
    journal_id: int


class TagExitRow(NamedTuple):
    """A tag that left the shop unpaid; or, with units below zero, a sale whose tags have not left yet."""

    sku: str
    journal_id: int
    line: int
    at_ms: int
    units: int
    epc: str
    place: str


class StockTakeRow(NamedTuple):
    """A stock-take by handheld."""

    stock_take_id: str
    place: str | None
    begun_at_ms: int
    last_read_at_ms: int
    read_by: str
    tags_read: int
    closed_at_ms: int | None
    closed_by: str | None


class StockTakeTagRow(NamedTuple):
    """A tag that was read in it."""

    stock_take_id: str
    tag: str
    sku: str
    journal_id: int


class StockTakeLineRow(NamedTuple):
    """An article's difference."""

    stock_take_id: str
    sku: str
    counted_units: int
    believed_units: float
    believed_low: float | None
    believed_high: float | None
    book_units: int
    state: str
    decided_at_ms: int | None
    decided_by: str | None
    reads_journal_id: int
    decision_journal_id: int | None


class NoticeRow(NamedTuple):
    """A delivery that was announced."""

    delivery_id: str
    supplier: str
    announced_at_ms: int
    expected_at_ms: int | None
    journal_id: int
    state: str
    arrived_at_ms: int | None
    accept_no: int
    accepted_at_ms: int | None
    accepted_by: str | None
    corrections: int
    event_lines: bytes


class NoticeLineRow(NamedTuple):
    """A line of it."""

    delivery_id: str
    line: int
    sku: str
    gtin: str | None
    sscc: str | None
    units: int


class NoticeTagRow(NamedTuple):
    """A tag that was read on it."""

    delivery_id: str
    tag: str
    sku: str
    sscc: str | None
    how: str
    read_at_ms: int
    journal_id: int


class NoticeAcceptedRow(NamedTuple):
    """Units of an article that were signed for."""

    delivery_id: str
    sku: str
    units: int


class EpcisEventRow(NamedTuple):
    """An EPCIS event, ours or another system's."""

    event_id: str
    declared_at_ms: int
    journal_id: int
    line: int
    event_type: str
    event_time_ms: int
    action: str
    biz_step: str
    disposition: str
    read_point: str
    biz_location: str
    captured: int
    payload: bytes


class EpcisThingRow(NamedTuple):
    """A thing or class that an event names."""

    name: str
    role: str
    journal_id: int
    line: int


class CaptureRow(NamedTuple):
    """A capture by another system."""

    capture_id: str
    journal_id: int
    captured_at_ms: int
    error_behaviour: str
    events: int
    errors: bytes

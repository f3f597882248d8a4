"""Rows of what the books have wrong. Columns are explained in the migrations."""

from __future__ import annotations

from typing import NamedTuple


class DiscrepancyRow(NamedTuple):
    """An article whose books and shop disagree."""

    discrepancy_id: int
    kind: str
    sku: str
    since_ms: int
    found_at_ms: int | None
    closed_at_ms: int | None
    units: float
    believed_units: float
    book_units: int
    worth_minor: int | None
    journal_id: int


class UnmatchedRow(NamedTuple):
    """A pick that was never paid, or a sale that was never felt (negative units)."""

    sku: str
    journal_id: int
    line: int
    happened_at_ms: int
    units: int
    given_up_at_ms: int


class AccuracyDayRow(NamedTuple):
    """How well the books agreed with the sensors, one day."""

    day: str
    measured_at_ms: int
    records: int
    exact: float | None
    within_units: float | None
    phantom: float | None
    signed_units: int
    shrink_units: int
    shrink_minor: int
    absolute_units: int
    absolute_minor: int

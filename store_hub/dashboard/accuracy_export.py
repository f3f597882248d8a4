"""What the page Accuracy shows, as CSV files for other programs: `/accuracy.csv?of=records|findings|days`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from store_hub.adapters.ledger_views import LedgerReading
from store_hub.adapters.ledger_views_records import RecordLine
from store_hub.dashboard.accuracy_findings import cost_minor
from store_hub.rows import AccuracyDayRow, DiscrepancyRow


def accuracy_csv(reading: LedgerReading, of: str, now_ms: int) -> str | None:
    """Return the file, or None where there is no such one. Moments are Unix milliseconds, money is in the currency's minor unit."""
    make = _FILES.get(of)
    return None if make is None else make(reading, now_ms)


def _records(reading: LedgerReading, _: int) -> str:
    return _csv(RecordLine._fields, reading.record_lines())


def _findings(reading: LedgerReading, now_ms: int) -> str:
    rows = [
        (*found.row, found.name, cost_minor(found, now_ms))
        for found in (*reading.discrepancies(now_ms), *reading.discrepancies(now_ms, closed_since_ms=0))
    ]
    return _csv((*DiscrepancyRow._fields, "name", "cost_minor"), rows)


def _days(reading: LedgerReading, _: int) -> str:
    return _csv(AccuracyDayRow._fields, reading.accuracy_days(limit=10_000))


_FILES: dict[str, Callable[[LedgerReading, int], str]] = {"records": _records, "findings": _findings, "days": _days}


def _csv(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(heads)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return text.getvalue()


def _safe(cell: object) -> object:
    """A spreadsheet must not take a name for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell

"""Today's sales as CSV, for other programs: by hour and by article, beside the same weekday a week before."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from fastapi.responses import JSONResponse, Response

from store_hub.adapters.ledger_views import LedgerReading, LedgerUnreadable
from store_hub.dashboard.desk import Desk
from store_hub.dashboard.reader import time_zone
from store_hub.rules.key_figures import day_started_ms, week_before_ms

DAY_MS = 86_400_000


def csv_text(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write rows as CSV; a text that a spreadsheet would take for a formula is quoted as text."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([_harmless(head) for head in heads])
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return file.getvalue()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t") else cell


def csv_answer(name: str, text: str) -> Response:
    """Answer with a file."""
    return Response(text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}.csv"'})


def hours_export(desk: Desk) -> Callable[[], Response]:
    """`/sales.csv`: hour of the store's day, units and revenue, today and a week before."""

    def rows(reading: LedgerReading, midnight_ms: int, before_ms: int, now_ms: int) -> list[Sequence[object]]:
        zone = time_zone(desk.profile.time_zone)
        hours: dict[int, list[int]] = {}
        for place, (from_ms, to_ms) in enumerate(((midnight_ms, now_ms), (before_ms, before_ms + DAY_MS))):
            for row in reading.sold_quarters(from_ms, to_ms):
                sums = hours.setdefault(datetime.fromtimestamp(row.started_at_ms / 1000, zone).hour, [0, 0, 0, 0])
                sums[2 * place] += row.units
                sums[2 * place + 1] += row.revenue_minor
        return [(hour, *sums) for hour, sums in sorted(hours.items())]

    heads = ("hour", "units", "revenue_minor", "units_week_before", "revenue_minor_week_before")
    return _export(desk, "sales-by-hour", heads, rows)


def articles_export(desk: Desk) -> Callable[[], Response]:
    """`/sales-articles.csv`: each article sold today, units and revenue, and units to this time a week before."""

    def rows(reading: LedgerReading, midnight_ms: int, before_ms: int, now_ms: int) -> list[Sequence[object]]:
        before = {row.sku: row.units for row in reading.sold_articles(before_ms, before_ms + now_ms - midnight_ms)}
        return [
            (row.sku, row.name, row.units, row.revenue_minor, before.get(row.sku, 0)) for row in reading.sold_articles(midnight_ms, now_ms)
        ]

    return _export(desk, "sales-by-article", ("sku", "name", "units", "revenue_minor", "units_week_before"), rows)


def _export(
    desk: Desk, name: str, heads: Sequence[str], rows: Callable[[LedgerReading, int, int, int], list[Sequence[object]]]
) -> Callable[[], Response]:
    def export() -> Response:
        now_ms, zone = desk.now_ms(), time_zone(desk.profile.time_zone)
        midnight_ms = day_started_ms(now_ms, zone)
        try:
            with desk.views.reading() as reading:
                text = csv_text(heads, rows(reading, midnight_ms, week_before_ms(midnight_ms, zone), now_ms))
        except LedgerUnreadable as error:
            return JSONResponse({"detail": str(error)}, status_code=503)
        return csv_answer(f"{name}-{desk.profile.store_id}", text)

    return export

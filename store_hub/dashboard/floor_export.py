"""A day of the floor's zones as a table for other programs. It leaves the shop, so small counts are withheld, and say so."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from store_hub.adapters.ledger_views_rows import HeatRow
from store_hub.dashboard.heat import density, fine_mm
from store_hub.rows.report import ZoneFigures
from store_hub.rules.withholding import zone_told
from wire_format.plans import Planogram

HEADS = ("quarter_started_at", "zone", "visits", "person_s", "stopped", "stopped_s", "waits", "waited_s")
WITHHELD = "withheld"


def day_span_ms(day: str, now_ms: int, zone: ZoneInfo) -> tuple[int, int]:
    """Return a calendar day's first moment and the next day's, of the shop; today where none is named.

    Raises:
        ValueError: it is no day.
    """
    chosen = date.fromisoformat(day) if day else datetime.fromtimestamp(now_ms / 1000, zone).date()
    first, after = (datetime.combine(chosen + timedelta(days=days), time(), zone).timestamp() for days in (0, 1))
    return round(first * 1000), round(after * 1000)


def floor_csv(figures: Iterable[ZoneFigures], *, people_min: int, zone: ZoneInfo) -> str:
    """Return the table: a line for each zone and quarter of an hour, local time; an empty cell was not measured."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(HEADS)
    for known in figures:
        told = zone_told(known, people_min)
        at = datetime.fromtimestamp(known.quarter_started_at_ms / 1000, zone).isoformat(timespec="minutes")
        cells = (
            _cell(known.entries, told.entries),
            _cell(known.dwell_person_ms, told.dwell_person_ms, 1000),
            _cell(known.stopped, told.stopped),
            _cell(known.stopped_ms, told.stopped_ms, 1000),
            _cell(known.waits, told.waits),
            _cell(known.waited_ms, told.waited_ms, 1000),
        )
        table.writerow((at, known.zone_id, *cells))
    return text.getvalue()


def heat_csv(rows: Sequence[HeatRow], plan: Planogram | None) -> str:
    """Return where people stayed: a line for each square in which somebody did, from the plan's upper left corner, metres."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("left_m", "top_m", "side_m", "person_s_per_m2"))
    if plan is not None and rows:
        grid = density(rows, plan.width_m, plan.depth_m)
        side_m = fine_mm(rows, plan.width_m, plan.depth_m) / 1000
        for down, across in zip(*grid.nonzero(), strict=True):
            table.writerow((f"{across * side_m:g}", f"{down * side_m:g}", f"{side_m:g}", f"{grid[down, across]:.1f}"))
    return text.getvalue()


def _cell(known: int | None, told: int | None, of: int = 1) -> str:
    if known is None:
        return ""
    return WITHHELD if told is None else f"{told / of:g}" if of > 1 else str(told)

"""Turns what the ledger knows into facts for the cloud.

A fact is the whole present truth of its key, so that the newest one may simply replace the others. The ledger keeps a row of an article's
quarter only where something happened; but an empty shelf is also news, so the quarters of a spell without stock are told as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, TypedDict
from zoneinfo import ZoneInfo

from store_hub.rows.report import (
    AlertFigures,
    DeviceFigures,
    DoorFigures,
    QuarterFigures,
    RolloutFigures,
    SkuHistory,
    Spell,
    TileFigures,
    ZoneFigures,
)
from store_hub.rules.quarters import QUARTER_MS, quarter_start_ms
from store_hub.rules.withholding import is_small, zone_told
from wire_format.observations import FloorCell
from wire_format.reports import AlertFact, DeviceFact, DoorQuarter, RolloutFact, SkuDay, SkuQuarter, TileQuarter, ZoneQuarter

UNNUMBERED = 1
"""The bookkeeper gives a fact its place; until then it carries this."""

RETOLD_MAX_MS = 7 * 86_400_000
"""A spell without stock is told again no further back than this when its beginning or end changes."""


def local_day(at_ms: int, zone: ZoneInfo) -> date:
    """Return the store's calendar day that holds a moment."""
    return datetime.fromtimestamp(at_ms / 1000, zone).date()


def day_bounds_ms(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """Return a calendar day's first moment and the next day's, Unix ms: 23, 24 or 25 hours apart."""
    return _midnight_ms(day, zone), _midnight_ms(day + timedelta(days=1), zone)


def days_between(from_ms: int, to_ms: int, zone: ZoneInfo) -> list[date]:
    """Return the calendar days that end after `from_ms` and not after `to_ms`, oldest first."""
    first, after = local_day(from_ms, zone), local_day(to_ms, zone)
    return [first + timedelta(days=number) for number in range(max(0, (after - first).days))]


def quarters_between(from_ms: int, to_ms: int) -> range:
    """Return the quarters that end after `from_ms` and not after `to_ms`."""
    return range(quarter_start_ms(from_ms), quarter_start_ms(to_ms), QUARTER_MS)


def quarters_to_tell(changed: Collection[int], spells: Iterable[Spell], known_through_ms: int) -> list[int]:
    """Return the quarters of an article that must be told when some have changed.

    Where a spell without stock began or ended in a changed quarter, all its quarters are told; and those after its end too, because they
    may have been told as empty before the news of the refill came.

    Args:
        known_through_ms: the store's story is known up to here; nothing is told of later quarters.
    """
    quarters = set(changed)
    last = quarter_start_ms(known_through_ms)
    for spell in spells:
        first = quarter_start_ms(spell.started_at_ms)
        ended = None if spell.ended_at_ms is None else quarter_start_ms(spell.ended_at_ms)
        if first in changed or ended in changed:
            quarters.update(range(max(first, last - RETOLD_MAX_MS), last + 1, QUARTER_MS))
    return sorted(quarters)


def out_of_stock_min(spells: Iterable[Spell], from_ms: int, to_ms: int, known_through_ms: int) -> float:
    """Return the minutes of a span without stock, as far as the story is known."""
    until_ms = min(to_ms, known_through_ms)
    total_ms = 0
    for spell in spells:
        ended_at_ms = until_ms if spell.ended_at_ms is None else min(until_ms, spell.ended_at_ms)
        total_ms += max(0, ended_at_ms - max(from_ms, spell.started_at_ms))
    return total_ms / 60_000


def sku_quarter(history: SkuHistory, quarter_ms: int, known_through_ms: int) -> SkuQuarter | None:
    """Return the fact of an article's quarter; None when nothing at all is known of it."""
    rows = [row for row in history.quarters if row.quarter_started_at_ms == quarter_ms]
    stock = _stock_over(history, rows, quarter_ms)
    if not rows and stock is None:
        return None
    return SkuQuarter(
        sequence=UNNUMBERED,
        quarter_started_at_ms=quarter_ms,
        sku=history.sku,
        **_sums(rows),
        **_levels(stock, history.spells, quarter_ms, quarter_ms + QUARTER_MS, known_through_ms),
    )


def sku_day(history: SkuHistory, day: date, zone: ZoneInfo, known_through_ms: int) -> SkuDay | None:
    """Return the fact of an article's day: quarters summed, stock at the day's ends; None when nothing at all is known of it."""
    from_ms, to_ms = day_bounds_ms(day, zone)
    rows = [row for row in history.quarters if from_ms <= row.quarter_started_at_ms < to_ms]
    stock = _stock_over(history, rows, from_ms)
    if not rows and stock is None:
        return None
    return SkuDay(
        sequence=UNNUMBERED,
        day=day.isoformat(),
        sku=history.sku,
        **_sums(rows),
        **_levels(stock, history.spells, from_ms, to_ms, known_through_ms),
    )


def door_quarter(figures: DoorFigures, *, people_min: int = 1) -> DoorQuarter:
    """Return the fact of a door's quarter: visitors, and staff apart; without counts where fewer than `people_min` went through."""
    people_in, people_out = max(0, figures.people_in - figures.staff_in), max(0, figures.people_out - figures.staff_out)
    withheld = is_small(people_in, people_min) or is_small(people_out, people_min)
    return DoorQuarter(
        sequence=UNNUMBERED,
        quarter_started_at_ms=figures.quarter_started_at_ms,
        door_id=figures.door_id,
        people_in=None if withheld else people_in,
        people_out=None if withheld else people_out,
        observed_min=min(15.0, figures.observed_ms / 60_000),
        staff_in=None if withheld or is_small(figures.staff_in, people_min) else figures.staff_in,
        staff_out=None if withheld or is_small(figures.staff_out, people_min) else figures.staff_out,
        groups_in=None if withheld else figures.groups_in,
        withheld=withheld,
    )


def zone_quarter(figures: ZoneFigures, *, people_min: int = 1) -> ZoneQuarter:
    """Return the fact of a zone's quarter; without figures that fewer than `people_min` people stand behind, or nobody knows how many."""
    told = zone_told(figures, people_min)
    return ZoneQuarter(
        sequence=UNNUMBERED,
        quarter_started_at_ms=figures.quarter_started_at_ms,
        zone_id=figures.zone_id,
        dwell_person_s=_seconds(told.dwell_person_ms),
        entries=told.entries,
        stopped=told.stopped,
        stopped_person_s=_seconds(told.stopped_ms),
        waits=told.waits,
        waited_s=_seconds(told.waited_ms),
        withheld=told != figures,
    )


def _seconds(length_ms: int | None) -> float | None:
    return None if length_ms is None else length_ms / 1000


def tile_quarter(figures: TileFigures, *, people_min: int = 1, default_cell_size_mm: int = 500) -> TileQuarter:
    """Return the fact of an area's quarter; without cells it was watched and empty, or fewer than `people_min` people made them.

    A fact has one cell size. Where a camera was set up anew within the quarter there are two: the one with more stay is told.
    """
    withheld = bool(figures.cells) and (people_min > 1 and (figures.people or 0) < people_min)
    stay_ms: dict[int, int] = {}
    for cell_size_mm, _, _, person_ms in figures.cells:
        stay_ms[cell_size_mm] = stay_ms.get(cell_size_mm, 0) + person_ms
    told_mm = max(stay_ms, key=lambda size_mm: (stay_ms[size_mm], size_mm)) if stay_ms else default_cell_size_mm
    return TileQuarter(
        sequence=UNNUMBERED,
        quarter_started_at_ms=figures.quarter_started_at_ms,
        area_id=figures.area_id,
        cell_size_m=told_mm / 1000,
        cells=[
            FloorCell(column, row, person_ms / 1000)
            for size_mm, column, row, person_ms in figures.cells
            if size_mm == told_mm and not withheld
        ],
        withheld=withheld,
    )


def alert_fact(figures: AlertFigures) -> AlertFact:
    """Return the fact of an alert."""
    return AlertFact(sequence=UNNUMBERED, **figures._asdict())


def device_fact(figures: DeviceFigures) -> DeviceFact:
    """Return the fact of a device."""
    return DeviceFact(sequence=UNNUMBERED, **figures._asdict())


def rollout_fact(figures: RolloutFigures) -> RolloutFact:
    """Return the fact of a rollout that the chain wanted."""
    return RolloutFact(sequence=UNNUMBERED, **figures._asdict())


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp() * 1000)


class _Stock(NamedTuple):
    """What an article's stock was over a span."""

    opening: float
    closing: float
    low: float | None
    high: float | None


def _stock_over(history: SkuHistory, rows: Sequence[QuarterFigures], from_ms: int) -> _Stock | None:
    """What is known of the stock over a span that begins at a quarter.

    A row may lack its stock: late news made it, after the stock had been worked out beyond it. Then the last known stock still stands.
    """
    earlier = (row for row in reversed(history.quarters) if row.quarter_started_at_ms < from_ms and row.closing_units is not None)
    before = next(earlier, history.before)
    known = [row for row in rows if row.closing_units is not None]
    last = known[-1] if known else before
    if last is None or last.closing_units is None:
        return None
    opening = next((row.opening_units for row in rows if row.opening_units is not None), None)
    if before is not None and before.closing_units is not None and (not rows or rows[0].opening_units is None):
        opening = before.closing_units
    return _Stock(last.closing_units if opening is None else opening, last.closing_units, last.closing_low, last.closing_high)


class _Sums(TypedDict):
    units_sold: int
    units_picked: int
    units_put_back: int
    units_received: int
    units_lost: int
    revenue_minor: int


class _Levels(TypedDict):
    opening_units: float | None
    closing_units: float | None
    closing_low_units: float | None
    closing_high_units: float | None
    out_of_stock_min: float | None


def _sums(rows: Sequence[QuarterFigures]) -> _Sums:
    return {
        "units_sold": sum(row.units_sold for row in rows),
        "units_picked": sum(row.units_picked for row in rows),
        "units_put_back": sum(row.units_put_back for row in rows),
        "units_received": sum(row.units_received for row in rows),
        "units_lost": sum(row.units_lost for row in rows),
        "revenue_minor": sum(row.revenue_minor for row in rows),
    }


def _levels(stock: _Stock | None, spells: Sequence[Spell], from_ms: int, to_ms: int, known_through_ms: int) -> _Levels:
    """Stock and minutes without it; whoever does not know the stock cannot say how long it was out."""
    out_min = None if stock is None else out_of_stock_min(spells, from_ms, to_ms, known_through_ms)
    opening, closing, low, high = stock or (None, None, None, None)
    return {
        "opening_units": opening,
        "closing_units": closing,
        "closing_low_units": low,
        "closing_high_units": high,
        "out_of_stock_min": out_min,
    }

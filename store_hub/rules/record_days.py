"""Once a day, how well the books agree with what scales, tags and sales show: so that one sees whether they get better."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from store_hub.rows import AccuracyDayRow
from store_hub.rules.changes import Changes
from store_hub.rules.places import Places
from store_hub.rules.record_accuracy import Record, accuracy
from store_hub.rules.stock import StockBook
from store_hub.rules.totals import together

KNOWN_WITHIN_UNITS = 2.0
"""An article whose interval is wider is not known well enough to judge its books by."""

SANE_UNTIL_MS = 4_102_444_800_000
"""The year 2100."""


class RecordDays:
    """The last day that was judged."""

    def __init__(self) -> None:
        self._last_day = ""
        self._next_day: tuple[ZoneInfo, int] | None = None  # When the day after it begins, so that most entries need no calendar.

    def restore(self, row: AccuracyDayRow) -> None:
        """Go on from what the ledger holds."""
        self._last_day, self._next_day = max(self._last_day, row.day), None

    def judge(self, stock: StockBook, places: Places, zone: ZoneInfo, changes: Changes) -> None:
        """The first entry of a day in the shop's own time judges the books as the night left them."""
        if not 0 <= changes.at_ms < SANE_UNTIL_MS:
            return  # A device whose clock is mad must not close all days to come.
        if self._next_day is not None and self._next_day[0] is zone and changes.at_ms < self._next_day[1]:
            return
        date = datetime.fromtimestamp(changes.at_ms / 1000, zone).date()
        day = date.isoformat()
        if day <= self._last_day:
            return
        self._last_day = day
        self._next_day = zone, round(datetime.combine(date + timedelta(days=1), time(), zone).timestamp() * 1000)
        found = accuracy(known_records(stock, places))
        changes.effects.append(
            AccuracyDayRow(
                day, changes.at_ms, found.records, found.exact, found.within_units, found.phantom, found.signed_units, found.shrink_units,
                found.shrink_minor, found.absolute_units, found.absolute_minor,
            )
        )  # fmt: skip


def known_records(stock: StockBook, places: Places) -> list[Record]:
    """What the books say beside what is believed, of every article that is known well enough."""
    records = []
    for product in places.planogram.products:
        units, low, high = together(stock.places(product.sku))
        if low is None or high is None or high - low > KNOWN_WITHIN_UNITS:
            continue
        carried = max(0, stock.baskets.carried(product.sku))
        worth = product.price_minor if product.cost_minor is None else product.cost_minor
        records.append(Record(product.sku, stock.book_units(product.sku), round(units) + carried, worth))
    return records

"""What the books have wrong, found after each entry, and judged as a whole once a day."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from store_hub.entries import Finding
from store_hub.rows import AccuracyDayRow, DiscrepancyRow
from store_hub.rules.changes import Changes
from store_hub.rules.discrepancies import DiscrepancyBook
from store_hub.rules.places import Places
from store_hub.rules.record_days import RecordDays
from store_hub.rules.stock import StockBook


class RecordBook:
    """Discrepancies, and the days' measures."""

    def __init__(self) -> None:
        self._discrepancies = DiscrepancyBook()
        self._days = RecordDays()

    def restore(self, row: DiscrepancyRow | AccuracyDayRow) -> None:
        """Go on from what the ledger holds."""
        if isinstance(row, DiscrepancyRow):
            self._discrepancies.restore(row)
        else:
            self._days.restore(row)

    def use_planogram(self, places: Places) -> None:
        """Go by this planogram from now on."""
        self._discrepancies.use_planogram(places)

    def judge(self, stock: StockBook, places: Places, zone: ZoneInfo, changes: Changes) -> list[Finding]:
        """See what an entry changed; returns what a person should look into, or need not any more."""
        found = self._discrepancies.judge(stock, places, changes)
        if not changes.timeless:
            self._days.judge(stock, places, zone, changes)
        return found

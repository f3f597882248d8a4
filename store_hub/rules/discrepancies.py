"""Where the books and the shop disagree: found after each entry, told once it has lasted, closed when it is over.

Phantom stock keeps an article from being ordered while nobody can buy it, so it is looked for first. What each finding says is what was
believed at that moment; nothing here corrects anything: that takes a count.
"""

from __future__ import annotations

from typing import NamedTuple

from store_hub.entries import BACK_ROOM, Finding
from store_hub.rows import DiscrepancyRow, Gone, StockRow
from store_hub.rules.alerts import SURE_ENOUGH
from store_hub.rules.changes import Changes
from store_hub.rules.places import Places
from store_hub.rules.stock import StockBook
from store_hub.rules.tags import NEVER_MS
from store_hub.rules.totals import together

PHANTOM, BEHIND = "phantom_stock", "stock_behind"
"""The books say there is some: none is left anywhere; none is on the shelves, and some should be in the back room."""
BOOK_HIGH, BOOK_LOW = "book_too_high", "book_too_low"
LASTS_MS = {PHANTOM: 10 * 60_000, BEHIND: 20 * 60_000, BOOK_HIGH: 60 * 60_000, BOOK_LOW: 60 * 60_000}
"""So long it must hold before it is told: tills lag behind shelves, and a refill is under way."""
GAP_FROM_UNITS = 2
FOUND_UNSEEN_FROM = 0.85
"""So probable it must be that a place which no sensor watches holds none before that is suspected; then `SURE_ENOUGH` keeps it so."""
IN_ENTRY_MAX = 1_000_000
"""Articles that an entry may concern: far more than a shop has."""


class Gap(NamedTuple):
    """What an article's books are wrong by, in units, and what is believed to be there."""

    kind: str
    units: float
    believed_units: float
    book_units: int


class DiscrepancyBook:
    """What is suspected and what is found, one at most for each article."""

    def __init__(self) -> None:
        self._rows: dict[str, DiscrepancyRow] = {}
        self._worth: dict[str, int | None] = {}
        self._lasted_at_ms = NEVER_MS  # Before it, no suspicion has lasted long enough to be told.

    def restore(self, row: DiscrepancyRow) -> None:
        """Go on from what the ledger holds: what is open."""
        if row.closed_at_ms is None:
            self._rows[row.sku] = row
            self._lasted_at_ms = min(self._lasted_at_ms, row.since_ms + LASTS_MS[row.kind])

    def use_planogram(self, places: Places) -> None:
        """Know what a unit of each article is worth: what it cost, or what it is sold for."""
        self._worth = {p.sku: p.price_minor if p.cost_minor is None else p.cost_minor for p in places.planogram.products}

    def judge(self, stock: StockBook, places: Places, changes: Changes) -> list[Finding]:
        """See what an entry changed; returns what a person should look into, or need not any more."""
        found: list[Finding] = []
        doubted = (
            [] if changes.timeless else [sku for sku, _ in changes.places]
        )  # What is believed of them may have changed, and no figure.
        for number, sku in enumerate(dict.fromkeys([*changes.skus, *doubted])):
            if sku in places.skus:
                known = self._rows.get(sku)
                unseen_from = SURE_ENOUGH if known is not None and known.kind in (PHANTOM, BEHIND) else FOUND_UNSEEN_FROM
                self._compare(sku, gap_of(sku, stock, places, unseen_from=unseen_from), number, found, changes)
        if changes.at_ms >= self._lasted_at_ms:
            self._tell_lasting(found, changes)
        return found

    def _tell_lasting(self, found: list[Finding], changes: Changes) -> None:
        suspected = {row: row.since_ms + LASTS_MS[row.kind] for row in self._rows.values() if row.found_at_ms is None}
        for row, lasted_at_ms in suspected.items():
            if changes.at_ms >= lasted_at_ms:
                self._tell(row._replace(found_at_ms=changes.at_ms), found, changes)
        self._lasted_at_ms = min((lasted_at_ms for lasted_at_ms in suspected.values() if lasted_at_ms > changes.at_ms), default=NEVER_MS)

    def _compare(self, sku: str, gap: Gap | None, number: int, found: list[Finding], changes: Changes) -> None:
        known = self._rows.get(sku)
        if known is not None and (gap is None or gap.kind != known.kind):
            self._close(known, found, changes)
            known = None
        if gap is None:
            return
        worth = self._worth.get(sku)
        if known is None:
            name = changes.journal_id * IN_ENTRY_MAX + number  # Not one after the last: that may be over, untold and gone since.
            known = DiscrepancyRow(name, gap.kind, sku, changes.at_ms, None, None, 0.0, 0.0, 0, None, changes.journal_id)
        row = known._replace(
            units=gap.units,
            believed_units=gap.believed_units,
            book_units=gap.book_units,
            worth_minor=None if worth is None else round(abs(gap.units) * worth),
        )
        if row != self._rows.get(sku):
            self._rows[sku] = row
            self._lasted_at_ms = min(self._lasted_at_ms, row.since_ms + LASTS_MS[row.kind])
            changes.effects.append(row)

    def _tell(self, row: DiscrepancyRow, found: list[Finding], changes: Changes) -> None:
        self._rows[row.sku] = row
        changes.effects.append(row)
        if row.kind == PHANTOM:
            found.append(Finding(kind="discrepancy", subject=f"{row.kind} {row.sku}", sku=row.sku, detail=str(row.book_units)))

    def _close(self, row: DiscrepancyRow, found: list[Finding], changes: Changes) -> None:
        del self._rows[row.sku]
        if row.found_at_ms is None:
            changes.effects.append(Gone(DiscrepancyRow, (row.discrepancy_id,)))
            return
        changes.effects.append(row._replace(closed_at_ms=max(changes.at_ms, row.found_at_ms)))
        if row.kind == PHANTOM:
            found.append(Finding(kind="discrepancy", subject=f"{row.kind} {row.sku}", state="over"))


def gap_of(sku: str, stock: StockBook, places: Places, *, unseen_from: float = FOUND_UNSEEN_FROM) -> Gap | None:
    """Return what the books of an article have wrong, as far as can be believed now.

    `unseen_from`: how probable it must be that a place holds none which no sensor watches.
    """
    rows = stock.places(sku)
    carried, book = stock.baskets.carried(sku), stock.book_units(sku)
    units, low, high = together(rows)
    here = units + carried
    shelves = [row for row in rows if row.place in places.shelves_of.get(sku, ())]
    if shelves and all(_holds_none(stock, row, unseen_from) for row in shelves):
        if book < 1 + max(carried, 0):
            return None
        kind = PHANTOM if _none_behind(stock, stock.at(sku, BACK_ROOM)) else BEHIND
        return Gap(kind, book - here, here, book)
    if low is None or high is None:
        return None
    if book - (high + carried) > 0.5 and book - here >= GAP_FROM_UNITS:
        return Gap(BOOK_HIGH, book - here, here, book)
    if (low + carried) - book > 0.5 and here - book >= GAP_FROM_UNITS:
        return Gap(BOOK_LOW, book - here, here, book)
    return None


def _holds_none(stock: StockBook, row: StockRow, unseen_from: float) -> bool:
    return stock.chance_at_most(row, 0) >= unseen_from if stock.unseen.knows(row.place, row.sku) else stock.is_empty(row)


def _none_behind(stock: StockBook, store: StockRow | None) -> bool:
    return store is None or stock.is_empty(store)

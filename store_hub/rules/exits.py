"""Tags that left the shop with goods that the till has not sold.

The till tells articles, not tags: an exit is paid for by any sale of its article from half an hour before it on, each sold unit once. Tills
tell late, so what was unpaid when it left is paid as soon as such a sale is told.
"""

from __future__ import annotations

from store_hub.rows import Gone, TagExitRow
from store_hub.rules.changes import Changes

SOLD_BEFORE_MS = 30 * 60_000
CLOCKS_APART_MS = 2 * 60_000
REMEMBERED_MS = 14 * 24 * 3_600_000


class ExitBook:
    """Exits that nobody paid, and sales whose tags have not left, of each tagged article, oldest first."""

    def __init__(self) -> None:
        self._rows: dict[str, list[TagExitRow]] = {}

    def restore(self, row: TagExitRow) -> None:
        """Go on from what the ledger holds."""
        self._rows.setdefault(row.sku, []).append(row)

    def left(self, sku: str, epc: str, place: str, changes: Changes) -> None:
        """A tag left the shop by a zone or door."""
        self._forget(sku, changes)
        for index, row in enumerate(self._rows.get(sku, ())):
            if row.units < 0 and _pays(row.at_ms, changes.at_ms):
                self._put(index, row._replace(units=row.units + 1), changes)
                return
        self._add(TagExitRow(sku, changes.journal_id, changes.next_line(), changes.at_ms, 1, epc, place), changes)

    def came_back(self, sku: str, epc: str, changes: Changes) -> None:
        """A tag is in the shop: if it had left, it has come back."""
        for index, row in enumerate(self._rows.get(sku, ())):
            if row.epc == epc:
                self._put(index, row._replace(units=0), changes)
                return

    def sold(self, sku: str, units: int, changes: Changes) -> None:
        """The till sold units: exits nearby are paid for, the others are still to come."""
        self._forget(sku, changes)
        for row in [row for row in self._rows.get(sku, ()) if row.units > 0 and _pays(changes.at_ms, row.at_ms)][:units]:
            self._put(self._rows[sku].index(row), row._replace(units=0), changes)
            units -= 1
        if units > 0:
            self._add(TagExitRow(sku, changes.journal_id, changes.next_line(), changes.at_ms, -units, "", ""), changes)

    def _forget(self, sku: str, changes: Changes) -> None:
        for row in [row for row in self._rows.get(sku, ()) if changes.at_ms - row.at_ms > _remembered_ms(row)]:
            self._put(self._rows[sku].index(row), row._replace(units=0), changes)

    def _add(self, row: TagExitRow, changes: Changes) -> None:
        self.restore(row)
        changes.effects.append(row)

    def _put(self, index: int, row: TagExitRow, changes: Changes) -> None:
        """Put a row in its place; without units it goes."""
        if row.units:
            self._rows[row.sku][index] = row
            changes.effects.append(row)
        else:
            del self._rows[row.sku][index]
            changes.effects.append(Gone(TagExitRow, (row.sku, row.journal_id, row.line)))


def _pays(sold_at_ms: int, left_at_ms: int) -> bool:
    return -CLOCKS_APART_MS <= left_at_ms - sold_at_ms <= SOLD_BEFORE_MS


def _remembered_ms(row: TagExitRow) -> int:
    return REMEMBERED_MS if row.units > 0 else SOLD_BEFORE_MS + CLOCKS_APART_MS

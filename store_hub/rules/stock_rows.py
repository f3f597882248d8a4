"""On hand per article and place, and the books beside it, as rows: what is there, what it becomes, and nothing of why."""

from __future__ import annotations

from store_hub.entries import BACK_ROOM
from store_hub.rows import BookRow, Gone, StockRow
from store_hub.rules.changes import Changes


class StockRows:
    """The rows of the whole shop."""

    def __init__(self) -> None:
        self._stock: dict[str, dict[str, StockRow]] = {}
        self._books: dict[str, BookRow] = {}

    def restore_stock(self, row: StockRow) -> None:
        """Go on from what the ledger holds."""
        self._stock.setdefault(row.sku, {})[row.place] = row

    def restore_book(self, row: BookRow) -> None:
        """Go on from what the ledger holds."""
        self._books[row.sku] = row

    def at(self, sku: str, place: str) -> StockRow | None:
        """An article's stock at one place."""
        rows = self._stock.get(sku)
        return None if rows is None else rows.get(place)

    def places(self, sku: str) -> list[StockRow]:
        """An article's stock at all its places, in the order of their names."""
        rows = self._stock.get(sku, {})
        return [rows[place] for place in sorted(rows)]

    def book_units(self, sku: str) -> int:
        """What the books say."""
        book = self._books.get(sku)
        return 0 if book is None else book.book_units

    def take_from(self, sku: str, place: str, units: float, evidence: str, changes: Changes) -> None:
        """Units left a place without a scale; never below none."""
        row = self.at(sku, place)
        if row is not None and row.units > 0:
            low = None if row.low is None else max(0.0, row.low - units)
            high = None if row.high is None else max(0.0, row.high - units)
            self.put(sku, place, max(0.0, row.units - units), low, high, evidence, changes)

    def add_to_back_room(self, sku: str, units: int, evidence: str, changes: Changes) -> None:
        """Units came to the back room."""
        store = self.at(sku, BACK_ROOM)
        if store is None:
            self.put(sku, BACK_ROOM, float(units), float(units), float(units), evidence, changes)
            return
        low = None if store.low is None else store.low + units
        high = None if store.high is None else store.high + units
        self.put(sku, BACK_ROOM, store.units + units, low, high, evidence, changes)

    def adjust_book(self, sku: str, to_units: int, changes: Changes) -> None:
        """A count by hand corrects the books."""
        self.enter_book(sku, changes, adjusted=to_units - self.book_units(sku))

    def begin_book(self, sku: str, start_units: int, changes: Changes) -> None:
        """The books of an article begin with what the planogram says is there; later planograms do not touch them."""
        if sku not in self._books:
            self._books[sku] = BookRow(sku, start_units, 0, 0, 0, start_units, changes.at_ms)
            changes.effects.append(self._books[sku])
            changes.touch(sku)

    def put(self, sku: str, place: str, units: float, low: float | None, high: float | None, evidence: str, changes: Changes) -> None:
        """An article's stock at a place is now this; nothing happens where it was the same before."""
        rows = self._stock.setdefault(sku, {})
        before = rows.get(place)
        if before is not None and before.units == units and before.low == low and before.high == high:
            return
        row = rows[place] = StockRow(sku, place, units, low, high, evidence, changes.at_ms, changes.journal_id)
        changes.effects.append(row)
        changes.touch(sku, place)

    def clear_place(self, sku: str, place: str, changes: Changes) -> None:
        """An article has no place there any more."""
        if self._stock.get(sku, {}).pop(place, None) is not None:
            changes.effects.append(Gone(StockRow, (sku, place)))
            changes.touch(sku)

    def every_place(self) -> list[tuple[str, str]]:
        """All (SKU, place) that hold stock, in order."""
        return sorted((sku, place) for sku, rows in self._stock.items() for place in rows)

    def enter_book(self, sku: str, changes: Changes, *, received: int = 0, sold: int = 0, adjusted: int = 0, written_off: int = 0) -> None:
        """The books of an article gain or lose units."""
        before = self._books.get(sku) or BookRow(sku, 0, 0, 0, 0, 0, changes.at_ms)
        row = before._replace(
            received_units=before.received_units + received,
            sold_units=before.sold_units + sold,
            adjusted_units=before.adjusted_units + adjusted,
            book_units=before.book_units + received - sold + adjusted - written_off,
            updated_at_ms=changes.at_ms,
            written_off_units=before.written_off_units + written_off,
        )
        self._books[sku] = row
        changes.effects.append(row)
        changes.touch(sku)

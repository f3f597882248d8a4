"""On hand per article and place, the till's books beside it, and the events that move both.

Scales say what is on weighed shelves; the till what left the books; deliveries fill the back room; a refill moves units from there to the
shelf; a count by hand is right. Shelves without a scale are kept by the till alone, and nobody claims an interval for them.
"""

from __future__ import annotations

from store_hub.entries import BACK_ROOM
from store_hub.rows import BookRow, FacingRow, Gone, ShelfEventRow, ShelfWeightRow, StockRow
from store_hub.rules.baskets import BasketBook
from store_hub.rules.changes import Changes
from store_hub.rules.picks import PickEvent
from store_hub.rules.places import Places
from store_hub.rules.shelf_scales import ShelfScales
from wire_format.observations import ShelfWeight

_MEANINGS = {"pick": "picked", "sweep": "swept", "put": "put_back", "refill": "refilled"}


class StockBook:
    """The stock of the whole shop."""

    def __init__(self) -> None:
        self.scales = ShelfScales()
        self.baskets = BasketBook()
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
        return self._stock.get(sku, {}).get(place)

    def places(self, sku: str) -> list[StockRow]:
        """An article's stock at all its places, in the order of their names."""
        rows = self._stock.get(sku, {})
        return [rows[place] for place in sorted(rows)]

    def book_units(self, sku: str) -> int:
        """What the books say."""
        book = self._books.get(sku)
        return 0 if book is None else book.book_units

    # ---- shelves with a scale

    def weigh(self, weight: ShelfWeight, changes: Changes, *, clock_shift_ms: int) -> bool:
        """A settled weight: False if no scale is planned on that shelf."""
        scale = self.scales.scale(weight.shelf_id)
        if scale is None:
            return False
        moved_at_ms = None if weight.moved_at_ms is None else weight.moved_at_ms + clock_shift_ms
        changes.effects.append(
            ShelfWeightRow(
                weight.shelf_id, changes.at_ms, changes.journal_id, weight.weight_g, weight.spread_g, moved_at_ms, weight.temperature_c
            )
        )
        events = scale.weigh(weight, at_ms=changes.at_ms, clock_shift_ms=clock_shift_ms, carried=self.baskets.carried)
        if events is None:
            return True
        for event in events:
            self._book_event(weight.shelf_id, event, changes)
        for sku in self.retell_shelf(weight.shelf_id, changes, evidence="weight"):
            self.baskets.give_up_debts(sku, changes)
        return True

    def retell_shelf(self, shelf_id: str, changes: Changes, *, evidence: str) -> list[str]:
        """Take over what the scale's belief now says; returns the shelf's own articles."""
        estimates, strangers = self.scales.estimates(shelf_id), self.scales.strangers(shelf_id)
        for sku, estimate in estimates.items():
            low, high = float(estimate.low), float(estimate.high)
            units = min(max(float(estimate.mean), low), high)  # A thin tail may pull the mean out of the middle 90 %.
            self.put(sku, shelf_id, units, low, high, evidence, changes)
        for sku in strangers:
            if sku not in estimates:
                self.clear_place(sku, shelf_id, changes)
        return [sku for sku in estimates if sku not in strangers]

    def _book_event(self, shelf_id: str, event: PickEvent, changes: Changes) -> None:
        line = changes.next_line()
        meaning = _MEANINGS.get(event.kind, event.kind)
        if event.sku is not None and event.units != 0:
            if event.sku in self.scales.strangers(shelf_id):
                self._move_stranger(event.sku, event.units, changes, line)
            else:
                meaning = self._move(event.sku, event.units, meaning, changes, line)
        changes.effects.append(
            ShelfEventRow(
                changes.journal_id, line, shelf_id, event.sku, changes.at_ms, event.units, meaning, event.weight_g,
                event.probability, event.runner_up or None, event.runner_up_probability,
            )
        )  # fmt: skip

    def _move(self, sku: str, units: int, meaning: str, changes: Changes, line: int) -> str:
        """Follow units to baskets, from baskets, or from the back room; returns what the event finally means."""
        if units < 0:
            self.baskets.pick(sku, -units, changes, line=line)
            changes.add_to_quarter(sku, picked=-units)
            return meaning
        if meaning != "refilled" and self.baskets.put_back(sku, units, changes):
            changes.add_to_quarter(sku, put_back=units)
            return meaning
        if meaning == "corrected":
            changes.add_to_quarter(sku, put_back=units)
            return meaning
        self._from_back_room(sku, units, changes)
        changes.add_to_quarter(sku, refilled=units)
        return "refilled" if meaning == "put_back" else meaning

    def _move_stranger(self, sku: str, units: int, changes: Changes, line: int) -> None:
        """Follow units that lie where they do not belong. They come from baskets and go there, never from the back room.

        Where no scale saw them leave their own shelf, none of it is counted: the till alone speaks of such articles.
        """
        if not self.scales.is_followed(sku):
            return
        if units < 0:
            self.baskets.pick(sku, -units, changes, line=line)
            changes.add_to_quarter(sku, picked=-units)
        else:
            self.baskets.put_back(sku, units, changes)
            changes.add_to_quarter(sku, put_back=units)

    def _from_back_room(self, sku: str, units: int, changes: Changes) -> None:
        store = self.at(sku, BACK_ROOM)
        if store is not None and store.units > 0:
            low = None if store.low is None else max(0.0, store.low - units)
            high = None if store.high is None else max(0.0, store.high - units)
            self.put(sku, BACK_ROOM, max(0.0, store.units - units), low, high, "refill", changes)

    # ---- what is told

    def sell(self, sku: str, units: int, changes: Changes, *, line: int, places: Places) -> None:
        """The till sold units of a known article, or took them back (negative)."""
        self._book(sku, changes, sold=units)
        if units < 0:
            self.add_to_back_room(sku, -units, "till", changes)  # Returned goods are in the store, on no shelf yet.
            return
        shelves = [places.facings[shelf_id, sku] for shelf_id in places.shelves_of.get(sku, ())]
        weighed = [facing for facing in shelves if facing.weighed]
        missing = self.baskets.pay(sku, units, changes, line=line, may_owe=bool(weighed))
        for facing in weighed:
            self._hear_sale(facing.shelf_id, sku, units, changes)
        if not weighed and missing:
            self._take_unweighed(sku, missing, shelves, changes)

    def _hear_sale(self, shelf_id: str, sku: str, units: int, changes: Changes) -> None:
        scale = self.scales.scale(shelf_id)
        if scale is None:
            return
        for event in scale.belief.sold(sku, units, changes.at_ms):
            self._book_event(shelf_id, event, changes)
        self.retell_shelf(shelf_id, changes, evidence="till")

    def hear_tags(self, shelf_id: str, sku: str, tags: int, changes: Changes) -> None:
        """So many tags of an article are read on a weighed shelf: where the scale could not tell, they may."""
        scale = self.scales.scale(shelf_id)
        if scale is None:
            return
        for event in scale.belief.tagged(sku, tags, changes.at_ms):
            self._book_event(shelf_id, event, changes)
        self.retell_shelf(shelf_id, changes, evidence="tags")

    def _take_unweighed(self, sku: str, units: int, shelves: list[FacingRow], changes: Changes) -> None:
        """A sale from shelves without a scale: the fullest gives first."""
        changes.add_to_quarter(sku, picked=units)
        while units > 0:
            rows = [row for facing in shelves if (row := self.at(sku, facing.shelf_id)) is not None and row.units > 0]
            if not rows:
                return  # More sold than was known to be there: the books beside it tell.
            fullest = max(rows, key=lambda row: (row.units, row.place))
            taken = min(float(units), fullest.units)
            self.put(sku, fullest.place, fullest.units - taken, None, None, "till", changes)
            gone = max(1, round(taken))
            line = changes.next_line()
            changes.effects.append(
                ShelfEventRow(changes.journal_id, line, fullest.place, sku, changes.at_ms, -gone, "picked", None, 1.0, None, 0.0)
            )
            units -= gone

    def receive(self, sku: str, units: int, to: str, changes: Changes, *, places: Places) -> None:
        """A delivery arrived. On its way to a weighed shelf it waits in the back room, until the scale feels it."""
        self._book(sku, changes, received=units)
        changes.add_to_quarter(sku, received=units)
        shelves = [places.facings[shelf_id, sku] for shelf_id in places.shelves_of.get(sku, ())]
        if to == "shelf" and shelves and not any(facing.weighed for facing in shelves):
            shelf = self.at(sku, shelves[0].shelf_id)
            self.put(sku, shelves[0].shelf_id, (shelf.units if shelf else 0.0) + units, None, None, "delivery", changes)
        else:
            self.add_to_back_room(sku, units, "delivery", changes)

    def fill_unweighed(self, facing: FacingRow, changes: Changes) -> None:
        """Staff say that a shelf without a scale is filled: from the back room, as far as that goes."""
        shelf, store = self.at(facing.sku, facing.shelf_id), self.at(facing.sku, BACK_ROOM)
        units = 0.0 if shelf is None else shelf.units
        moved = int(min(facing.capacity_units - units, 0.0 if store is None else store.units))
        if moved > 0:
            self._from_back_room(facing.sku, moved, changes)
            self.put(facing.sku, facing.shelf_id, units + moved, None, None, "refill", changes)
            changes.add_to_quarter(facing.sku, refilled=moved)

    def add_to_back_room(self, sku: str, units: int, evidence: str, changes: Changes) -> None:
        """Units came to the back room."""
        store = self.at(sku, BACK_ROOM)
        if store is None:
            self.put(sku, BACK_ROOM, float(units), float(units), float(units), evidence, changes)
            return
        low = None if store.low is None else store.low + units
        high = None if store.high is None else store.high + units
        self.put(sku, BACK_ROOM, store.units + units, low, high, evidence, changes)

    def count_shelf(self, sku: str, shelf_id: str, units: int, changes: Changes) -> None:
        """A count by hand of one shelf is right; what it corrects is told as such, and moves nothing else."""
        scale = self.scales.scale(shelf_id)
        if scale is None:
            self.put(sku, shelf_id, float(units), float(units), float(units), "count", changes)
            return
        for event in scale.belief.counted(sku, units, changes.at_ms):
            changes.effects.append(
                ShelfEventRow(
                    changes.journal_id, changes.next_line(), shelf_id, event.sku, changes.at_ms, event.units, "corrected",
                    None, event.probability, event.runner_up or None, event.runner_up_probability,
                )
            )  # fmt: skip
        self.retell_shelf(shelf_id, changes, evidence="count")

    def adjust_book(self, sku: str, to_units: int, changes: Changes) -> None:
        """A count by hand corrects the books."""
        self._book(sku, changes, adjusted=to_units - self.book_units(sku))

    def begin_book(self, sku: str, start_units: int, changes: Changes) -> None:
        """The books of an article begin with what the planogram says is there; later planograms do not touch them."""
        if sku not in self._books:
            self._books[sku] = BookRow(sku, start_units, 0, 0, 0, start_units, changes.at_ms)
            changes.effects.append(self._books[sku])
            changes.touch(sku)

    # ---- keeping

    def put(self, sku: str, place: str, units: float, low: float | None, high: float | None, evidence: str, changes: Changes) -> None:
        """An article's stock at a place is now this; nothing happens where it was the same before."""
        before = self.at(sku, place)
        if before is not None and (before.units, before.low, before.high) == (units, low, high):
            return
        row = StockRow(sku, place, units, low, high, evidence, changes.at_ms, changes.journal_id)
        self._stock.setdefault(sku, {})[place] = row
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

    def _book(self, sku: str, changes: Changes, *, received: int = 0, sold: int = 0, adjusted: int = 0) -> None:
        before = self._books.get(sku) or BookRow(sku, 0, 0, 0, 0, 0, changes.at_ms)
        row = before._replace(
            received_units=before.received_units + received,
            sold_units=before.sold_units + sold,
            adjusted_units=before.adjusted_units + adjusted,
            book_units=before.book_units + received - sold + adjusted,
            updated_at_ms=changes.at_ms,
        )
        self._books[sku] = row
        changes.effects.append(row)
        changes.touch(sku)

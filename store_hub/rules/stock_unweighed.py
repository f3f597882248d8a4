"""Shelves without a scale: what is told of them, and what is believed of those that nothing watches (`unseen_belief`)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from store_hub.entries import BACK_ROOM
from store_hub.rows import FacingRow, HabitsRow, ShelfEventRow
from store_hub.rules.changes import Changes
from store_hub.rules.places import Places
from store_hub.rules.refill_habits import HabitsState, Key, RefillHabits, Weighed
from store_hub.rules.stock_rows import StockRows
from store_hub.rules.unseen_belief import UnseenUnits
from store_hub.rules.unseen_shelves import UnseenShelves


class UnweighedStock(StockRows):
    """The stock of the shelves that no scale carries. `is_called` tells whether staff are called to a place at present."""

    def __init__(self) -> None:
        super().__init__()
        self.habits = RefillHabits()
        self.unseen = UnseenShelves(self.habits)
        self._weighed: dict[Key, int] = {}
        self.is_called: Callable[[str, str], bool] = lambda shelf_id, sku: False

    def hear_receipt(self, changes: Changes) -> None:
        """A receipt has been booked: places that nothing watches are doubted a little more if it has none of them."""
        for (shelf_id, sku), believed in self.unseen.count_receipt(self._behind, changes):
            self._put_unseen(shelf_id, sku, believed, "silence", changes)

    def fill_unweighed(self, facing: FacingRow, changes: Changes) -> None:
        """Staff say that a shelf without a scale is filled: from the back room, as far as that goes."""
        shelf, store = self.at(facing.sku, facing.shelf_id), self.at(facing.sku, BACK_ROOM)
        units = 0.0 if shelf is None else shelf.units
        moved = int(min(facing.capacity_units - units, 0.0 if store is None else store.units))
        if moved > 0:
            is_full = store is not None and store.units >= facing.capacity_units - units and self.unseen.knows(facing.shelf_id, facing.sku)
            self.take_from(facing.sku, BACK_ROOM, moved, "refill", changes)
            self._put_down(facing.sku, facing.shelf_id, facing.capacity_units if is_full else moved, "refill", changes)
            changes.add_to_quarter(facing.sku, refilled=moved)

    def _put_down(self, sku: str, shelf_id: str, units: int, evidence: str, changes: Changes) -> None:
        """Somebody says that units came to a shelf without a scale."""
        if self.unseen.knows(shelf_id, sku):
            self._put_unseen(shelf_id, sku, self.unseen.came(shelf_id, sku, units, self._behind, changes), evidence, changes)
        else:
            shelf = self.at(sku, shelf_id)
            self.put(sku, shelf_id, (0.0 if shelf is None else shelf.units) + units, None, None, evidence, changes)

    def _put_unseen(self, shelf_id: str, sku: str, believed: UnseenUnits, evidence: str, changes: Changes) -> None:
        """Take over a belief. What silent refills brought has left the back room; how much is there is as doubtful as the shelf."""
        self.put(sku, shelf_id, believed.units, believed.low, believed.high, evidence, changes)
        changes.places[sku, shelf_id] = None  # How probable it is that none are left may have changed though the interval has not.
        store = self.at(sku, BACK_ROOM)
        if store is None or believed.refilled == 0.0:
            return
        units = max(0.0, store.units - believed.refilled)
        low, high = max(0.0, units - (believed.high - believed.mean)), units + (believed.mean - believed.low)
        self.put(sku, BACK_ROOM, units, min(low, units), max(high, units), "silence", changes)

    def restore_habits(self, row: HabitsRow) -> None:
        """Go on from what the ledger holds."""
        self.habits.restore(msgspec.json.decode(row.state, type=HabitsState))

    def use_weighed(self, places: Places) -> None:
        """Know the places on scales, from which is learned how staff refill."""
        self._weighed = {key: facing.capacity_units for key, facing in places.facings.items() if facing.weighed}

    def pass_time(self, changes: Changes) -> None:
        """A walk may be over by now: those places may have been refilled on it too that nothing watches."""
        if changes.timeless or not self.habits.is_over(changes.at_ms):
            return
        walk = self.habits.learn(changes.at_ms, self._as_they_stand(), self.is_called)
        self.keep_habits(changes)
        if walk is not None:
            for (shelf_id, sku), believed in self.unseen.walked(walk, self._behind, changes):
                self._put_unseen(shelf_id, sku, believed, "silence", changes)

    def feel_refill(self, shelf_id: str, sku: str, changes: Changes) -> None:
        """A scale feels that staff begin to refill a place."""
        capacity, row = self._weighed.get((shelf_id, sku)), self.at(sku, shelf_id)
        if capacity and row is not None:
            self.habits.felt((shelf_id, sku), row.units / capacity, changes.at_ms, called=self.is_called(shelf_id, sku))
            self.keep_habits(changes)

    def hear_refill(self, shelf_id: str, sku: str, changes: Changes) -> None:
        """Staff book that they have refilled a place."""
        if (shelf_id, sku) in self._weighed:
            self.habits.booked()
        else:
            self.habits.heard(changes.at_ms, called=self.is_called(shelf_id, sku))
        self.keep_habits(changes)

    def hear_call(self, shelf_id: str, sku: str, changes: Changes, *, since_ms: int | None) -> None:
        """Staff are called to a shelf, or (None) no longer: where nothing watches, they may come and say nothing."""
        if self.unseen.knows(shelf_id, sku):
            self.unseen.called(shelf_id, sku, changes, since_ms=since_ms)
        elif (shelf_id, sku) in self._weighed:
            could = since_ms is not None and (self._behind(sku) or 0.0) >= 1.0
            self.habits.call((shelf_id, sku), since_ms if could else None)
            self.keep_habits(changes)

    def count_all(self, sku: str, units: int, changes: Changes) -> None:
        """So many are in the whole shop: no shelf has more."""
        for row in self.places(sku):
            if self.unseen.knows(row.place, sku):
                self._put_unseen(row.place, sku, self.unseen.at_most(row.place, sku, units, changes), "count", changes)

    def _as_they_stand(self) -> dict[Key, Weighed]:
        """The places on scales."""
        return {
            (shelf_id, sku): Weighed(row.units, capacity, (self._behind(sku) or 0.0) >= 1.0)
            for (shelf_id, sku), capacity in self._weighed.items()
            if capacity and (row := self.at(sku, shelf_id)) is not None
        }

    def keep_habits(self, changes: Changes) -> None:
        """Tell the ledger how staff and shoppers go about it."""
        changes.effects.append(HabitsRow(1, msgspec.json.encode(self.habits.state())))

    def _behind(self, sku: str) -> float | None:
        store = self.at(sku, BACK_ROOM)
        return None if store is None else store.units

    def _take_unweighed(self, sku: str, units: int, shelves: list[FacingRow], changes: Changes, *, by_till: bool) -> None:
        """Units sold or thrown away from shelves without a scale: the fullest gives first."""
        changes.add_to_quarter(sku, picked=units)
        unseen = [row for f in shelves if self.unseen.knows(f.shelf_id, sku) and (row := self.at(sku, f.shelf_id)) is not None]
        if unseen:
            place = max(unseen, key=lambda row: (row.units, row.place)).place
            take = self.unseen.sold if by_till else self.unseen.gone
            believed = take(place, sku, units, self._behind, changes)
            self._put_unseen(place, sku, believed, "till" if by_till else "write_off", changes)
            line = changes.next_line()
            changes.effects.append(
                ShelfEventRow(changes.journal_id, line, place, sku, changes.at_ms, -units, "picked", None, 1.0, None, 0.0)
            )
            return
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

"""Boards without a scale: what stands there is believed from sales, from what staff say, and from silence.

Articles of which every unit carries a tag are left to the tags.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from store_hub.rows import FacingRow, Gone, ReceiptsRow, UnseenRow
from store_hub.rules.changes import Changes
from store_hub.rules.places import Places
from store_hub.rules.refill_habits import RefillHabits, Walk
from store_hub.rules.unseen_belief import Moment, UnseenBelief, UnseenState, UnseenUnits

Key = tuple[str, str]
"""(shelf, SKU)"""
Behind = Callable[[str], float | None]
"""Units of an article believed in the back room; None where nobody knows."""


class UnseenShelves:
    """The beliefs of all places that nothing watches. `habits`: how staff refill."""

    def __init__(self, habits: RefillHabits) -> None:
        self._habits = habits
        self._beliefs: dict[Key, UnseenBelief] = {}
        self._kept: dict[Key, UnseenState] = {}
        self._receipts = 0

    def restore(self, row: UnseenRow | ReceiptsRow) -> None:
        """Go on from what the ledger holds, once the planogram says what stands where."""
        if isinstance(row, ReceiptsRow):
            self._receipts = row.receipts
        else:
            self._kept[row.shelf_id, row.sku] = msgspec.json.decode(row.state, type=UnseenState)

    def use_planogram(self, places: Places) -> list[Gone]:
        """Go on with each place that is still there. Returns beliefs of places that went; new ones begin with `begin`."""
        tagged = frozenset(places.planogram.tagged_skus)
        kept = {key: belief.state() for key, belief in self._beliefs.items()} | self._kept
        self._kept, self._beliefs = {}, {}
        for key, facing in places.facings.items():
            if key in kept and _is_unseen(facing, tagged):
                belief = UnseenBelief(kept[key], facing.low_units, facing.capacity_units)
                self._beliefs[key] = belief.resized(facing.capacity_units, facing.low_units)
        return [Gone(UnseenRow, key) for key in sorted(set(kept) - set(self._beliefs))]

    def begin(self, facing: FacingRow, start_units: int, places: Places, changes: Changes) -> UnseenUnits | None:
        """A place is new: believe what the planogram says is there; None where something watches it, or it is known already."""
        key = (facing.shelf_id, facing.sku)
        if key in self._beliefs or not _is_unseen(facing, frozenset(places.planogram.tagged_skus)):
            return None
        self._beliefs[key] = UnseenBelief.beginning(start_units, facing.capacity_units, facing.low_units, self._receipts)
        return self._told(key, changes)

    def knows(self, shelf_id: str, sku: str) -> bool:
        """Tell whether this place is believed, and not seen."""
        return (shelf_id, sku) in self._beliefs

    def count_receipt(self, behind: Behind, changes: Changes) -> list[tuple[Key, UnseenUnits]]:
        """One more receipt has been written; returns the places about which its silence says something by now."""
        self._receipts += 1
        changes.effects.append(ReceiptsRow(1, self._receipts))
        due = [key for key, belief in self._beliefs.items() if belief.next_look <= self._receipts]
        for key in due:
            self._beliefs[key].look(self._now(key, behind, changes))
        return [(key, self._told(key, changes)) for key in due]

    def walked(self, walk: Walk, behind: Behind, changes: Changes) -> list[tuple[Key, UnseenUnits]]:
        """Staff have walked the shop; returns what is now believed of each place."""
        for key, belief in self._beliefs.items():
            belief.walked(walk, self._now(key, behind, changes))
        return [(key, self._told(key, changes)) for key in self._beliefs]

    def called(self, shelf_id: str, sku: str, changes: Changes, *, since_ms: int | None) -> None:
        """Staff are called to a place, or (None) no longer."""
        self._beliefs[shelf_id, sku].called(since_ms)
        self._told((shelf_id, sku), changes)

    def sold(self, shelf_id: str, sku: str, units: int, behind: Behind, changes: Changes) -> UnseenUnits:
        """The receipt that comes next has units of it."""
        self._beliefs[shelf_id, sku].sold(units, self._now((shelf_id, sku), behind, changes))
        return self._told((shelf_id, sku), changes)

    def gone(self, shelf_id: str, sku: str, units: int, behind: Behind, changes: Changes) -> UnseenUnits:
        """Units left by other ways."""
        self._beliefs[shelf_id, sku].gone(units, self._now((shelf_id, sku), behind, changes))
        return self._told((shelf_id, sku), changes)

    def came(self, shelf_id: str, sku: str, units: int, behind: Behind, changes: Changes) -> UnseenUnits:
        """Somebody says that units came."""
        self._beliefs[shelf_id, sku].came(units, self._now((shelf_id, sku), behind, changes))
        return self._told((shelf_id, sku), changes)

    def counted(self, shelf_id: str, sku: str, units: int, changes: Changes) -> UnseenUnits:
        """Somebody counted."""
        self._beliefs[shelf_id, sku].counted(units)
        return self._told((shelf_id, sku), changes)

    def at_most(self, shelf_id: str, sku: str, units: int, changes: Changes) -> UnseenUnits:
        """Somebody counted so many in the whole shop."""
        self._beliefs[shelf_id, sku].at_most(units)
        return self._told((shelf_id, sku), changes)

    def chance_at_most(self, shelf_id: str, sku: str, units: int) -> float:
        """How probable it is that so many or fewer stand there."""
        return self._beliefs[shelf_id, sku].chance_at_most(units)

    def _now(self, key: Key, behind: Behind, changes: Changes) -> Moment:
        return Moment(self._receipts, changes.at_ms, behind(key[1]), self._habits.refilling())

    def _told(self, key: Key, changes: Changes) -> UnseenUnits:
        belief = self._beliefs[key]
        units = belief.units()
        changes.effects.append(UnseenRow(*key, msgspec.json.encode(belief.state())))
        return units


def _is_unseen(facing: FacingRow, tagged: frozenset[str]) -> bool:
    return not facing.weighed and facing.sku not in tagged

"""What lately came onto weighed shelves, and out of whose hands it was booked: so that what staff book, and what the scale later takes
back, corrects the back room and is not counted twice.
"""

from __future__ import annotations

from typing import NamedTuple

from store_hub.rows import Gone, RecentPutRow
from store_hub.rules.changes import Changes

FROM_BACK_ROOM, FROM_HANDS, ANNOUNCED = "back_room", "hands", "announced"
"""Booked as a refill; as a shopper's; or staff said so before the scale felt it."""
KEPT_MS = 4 * 3_600_000
TOLD_WITHIN_MS = 30 * 60_000
"""Staff book a refill at most this long after or before the scale feels it."""
SAME_REFILL_MS = 60_000


class Carried(NamedTuple):
    """What is new in a refill that staff book: units still to be taken out of the back room (below zero: put back), and not felt yet."""

    to_take: int
    unfelt: int


class RecentPuts:
    """Puts of the last hours, oldest first, by shelf and article."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], list[RecentPutRow]] = {}

    def restore(self, row: RecentPutRow) -> None:
        """Go on from what the ledger holds, in the order of its key."""
        self._rows.setdefault((row.shelf_id, row.sku), []).append(row)

    def felt(self, shelf_id: str, sku: str, units: int, source: str, changes: Changes) -> None:
        """The scale felt units come, and they were booked as these."""
        self._forget_old(shelf_id, sku, changes)
        row = RecentPutRow(shelf_id, sku, changes.journal_id, changes.next_line(), changes.at_ms, units, source)
        self._rows.setdefault((shelf_id, sku), []).append(row)
        changes.effects.append(row)

    def is_refilling(self, shelf_id: str, sku: str, at_ms: int) -> bool:
        """Tell whether staff have been putting this article there within the last minute."""
        rows = self._rows.get((shelf_id, sku), [])
        return any(row.source == FROM_BACK_ROOM and at_ms - row.at_ms <= SAME_REFILL_MS for row in rows)

    def use_announced(self, shelf_id: str, sku: str, units: int, changes: Changes, *, within_ms: int) -> int:
        """Take up to `units` of what staff announced lately; returns how many there were."""
        return self._use(shelf_id, sku, units, changes, ANNOUNCED, within_ms=within_ms)

    def undo(self, shelf_id: str, sku: str, units: int, changes: Changes) -> int:
        """The scale takes back what it told: returns how many of the units had been booked out of the back room."""
        return self._use(shelf_id, sku, units, changes, FROM_BACK_ROOM, within_ms=KEPT_MS)

    def told(self, shelf_id: str, sku: str, units: int, changes: Changes) -> Carried:
        """Staff say that they carried so many from the back room. What the scale has not felt yet waits for it."""
        booked = self._use(shelf_id, sku, units, changes, FROM_BACK_ROOM, within_ms=TOLD_WITHIN_MS)
        misread = self._use(shelf_id, sku, units - booked, changes, FROM_HANDS, within_ms=TOLD_WITHIN_MS)
        rest = units - booked - misread
        if rest:
            self.felt(shelf_id, sku, rest, ANNOUNCED, changes)
        return Carried(units - booked, rest)

    def _use(self, shelf_id: str, sku: str, units: int, changes: Changes, source: str, *, within_ms: int) -> int:
        """Strike out up to `units`, newest first."""
        self._forget_old(shelf_id, sku, changes)
        rows, used = self._rows.get((shelf_id, sku), []), 0
        for row in [r for r in reversed(rows) if r.source == source and changes.at_ms - r.at_ms <= within_ms]:
            taken = min(row.units, units - used)
            if not taken:
                break
            used += taken
            place = rows.index(row)
            if taken == row.units:
                del rows[place]
                changes.effects.append(Gone(RecentPutRow, (shelf_id, sku, row.journal_id, row.line)))
            else:
                rows[place] = row._replace(units=row.units - taken)
                changes.effects.append(rows[place])
        return used

    def _forget_old(self, shelf_id: str, sku: str, changes: Changes) -> None:
        rows = self._rows.get((shelf_id, sku), [])
        for row in [row for row in rows if changes.at_ms - row.at_ms > KEPT_MS]:
            rows.remove(row)
            changes.effects.append(Gone(RecentPutRow, (shelf_id, sku, row.journal_id, row.line)))

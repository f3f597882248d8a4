"""What shoppers carry: picked, and neither paid nor put back yet.

It tells a put-back from a refill (nobody puts back more than was taken) and, after an hour, a lost pick from a slow shopper. Till and
scale speak through different lines, and either may lag: what is paid but was not seen picked waits as a debt (negative units). The hour
is counted on the clock of whoever should have spoken: the till's for picks, the scale's for debts.
"""

from __future__ import annotations

from typing import NamedTuple

from store_hub.rows import BasketRow, Gone, UnmatchedRow
from store_hub.rules.changes import Changes

CARRIED_MAX_MS = 3_600_000


class Lost(NamedTuple):
    """A pick that nobody paid or put back."""

    sku: str
    units: int
    given_up_at_ms: int


class BasketBook:
    """Picks and debts of each article, oldest first; never both at once."""

    def __init__(self) -> None:
        self._rows: dict[str, list[BasketRow]] = {}
        self._oldest_ms: int | None = None

    def restore(self, row: BasketRow) -> None:
        """Go on from what the ledger holds, in the order of its key."""
        self._keep(row)

    def carried(self, sku: str) -> int:
        """Units picked and still in somebody's hands; negative: paid but not seen picked."""
        return sum(row.units for row in self._rows.get(sku, ()))

    def alone_since_ms(self, sku: str) -> int | None:
        """When the only pick of an article that is unpaid was made; None where there is none, or more than one."""
        rows = self._rows.get(sku, ())
        return rows[0].picked_at_ms if len(rows) == 1 and rows[0].units > 0 else None

    def pick(self, sku: str, units: int, changes: Changes, *, line: int) -> None:
        """Somebody took units from a shelf. A debt is settled first."""
        rest = self._consume(sku, units, changes, sign=-1, newest_first=False)
        if rest:
            self._add(BasketRow(sku, changes.journal_id, line, changes.at_ms, rest), changes)

    def put_back(self, sku: str, units: int, changes: Changes) -> bool:
        """Somebody put units on a shelf: True if they can have come from baskets, which they then leave, newest first."""
        if units > self.carried(sku):
            return False
        self._consume(sku, units, changes, sign=1, newest_first=True)
        return True

    def pay(self, sku: str, units: int, changes: Changes, *, line: int, may_owe: bool) -> int:
        """The till sold units: the oldest picks leave. Returns how many were not in any basket; with `may_owe` they wait as a debt."""
        rest = self._consume(sku, units, changes, sign=1, newest_first=False)
        if rest and may_owe:
            self._add(BasketRow(sku, changes.journal_id, line, changes.at_ms, -rest), changes)
        return rest

    def give_up_picks(self, changes: Changes) -> list[Lost]:
        """Let go of what the till should have heard of by now: it has spoken of a moment an hour after the pick.

        Without a till nothing is ever lost, for nobody can say what was not paid.
        """
        if self._oldest_ms is None or changes.at_ms < self._oldest_ms + CARRIED_MAX_MS:
            return []
        lost = []
        for sku in sorted(self._rows):
            lost += [Lost(row.sku, row.units, row.picked_at_ms + CARRIED_MAX_MS) for row in self._drop(sku, changes, sign=1)]
        self._oldest_ms = min((row.picked_at_ms for rows in self._rows.values() for row in rows if row.units > 0), default=None)
        return lost

    def give_up_debts(self, sku: str, changes: Changes) -> None:
        """Let go of what the scale should have felt by now: it has spoken of a moment an hour after the sale."""
        if sku in self._rows:
            self._drop(sku, changes, sign=-1)

    def _drop(self, sku: str, changes: Changes, *, sign: int) -> list[BasketRow]:
        rows = self._rows.get(sku, [])
        gone = [row for row in rows if row.units * sign > 0 and changes.at_ms >= row.picked_at_ms + CARRIED_MAX_MS]
        if not gone:
            return []
        changes.touch(sku)
        for row in gone:
            changes.effects += [
                Gone(BasketRow, (row.sku, row.journal_id, row.line)),
                UnmatchedRow(row.sku, row.journal_id, row.line, row.picked_at_ms, row.units, changes.at_ms),
            ]
        kept = [row for row in rows if row not in gone]
        if kept:
            self._rows[sku] = kept
        else:
            del self._rows[sku]
        return gone

    def _add(self, row: BasketRow, changes: Changes) -> None:
        self._keep(row)
        changes.effects.append(row)
        changes.touch(row.sku)

    def _keep(self, row: BasketRow) -> None:
        self._rows.setdefault(row.sku, []).append(row)
        if row.units > 0:
            self._oldest_ms = row.picked_at_ms if self._oldest_ms is None else min(self._oldest_ms, row.picked_at_ms)

    def _consume(self, sku: str, units: int, changes: Changes, *, sign: int, newest_first: bool) -> int:
        """Take up to `units` out of rows of one sign; returns what was not there."""
        rows = self._rows.get(sku)
        if not rows or rows[0].units * sign < 0:
            return units
        changes.touch(sku)
        while rows and units:
            place = -1 if newest_first else 0
            row = rows[place]
            used = min(units, abs(row.units))
            units -= used
            if used == abs(row.units):
                rows.pop(place)
                changes.effects.append(Gone(BasketRow, (row.sku, row.journal_id, row.line)))
            else:
                rows[place] = row._replace(units=row.units - sign * used)
                changes.effects.append(rows[place])
        if not rows:
            del self._rows[sku]
        return units

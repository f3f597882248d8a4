"""Which observations of an outbox are booked: through the last sequence before a gap, and ranges beyond it."""

from __future__ import annotations

from bisect import bisect_right

from store_hub.rows import Effect, Gone, OutboxRangeRow, OutboxRow

RANGES_MAX = 1_000
"""More holes than this in one outbox are no reordering: what lies beyond is refused, and the edge sends it again in order."""


class OutboxMarks:
    """The marks of one outbox; `row` and `ranges` as the ledger keeps them."""

    def __init__(self, row: OutboxRow, ranges: list[tuple[int, int]] | None = None) -> None:
        self.row = row  # Taken apart: each letter changes it, and a page writes it once.
        self._ranges = sorted(ranges or [])
        self._written = set(self._ranges)

    @property
    def row(self) -> OutboxRow:
        """What the ledger is to keep."""
        return OutboxRow(
            self.outbox_no, self.outbox_id, self.device_id, self.booked_through, self.duplicates, self.shed,
            self.first_seen_at_ms, self.last_seen_at_ms,
        )  # fmt: skip

    @row.setter
    def row(self, row: OutboxRow) -> None:
        self.outbox_no, self.outbox_id, self.device_id = row.outbox_no, row.outbox_id, row.device_id
        self.booked_through, self.duplicates, self.shed = row.booked_through, row.duplicates, row.shed
        self.first_seen_at_ms, self.last_seen_at_ms = row.first_seen_at_ms, row.last_seen_at_ms

    def is_booked(self, sequence: int) -> bool:
        """Tell whether an observation has been booked."""
        if sequence <= self.booked_through:
            return True
        place = bisect_right(self._ranges, (sequence, 1 << 62)) - 1
        return place >= 0 and self._ranges[place][1] >= sequence

    @property
    def has_gap(self) -> bool:
        """Whether something is booked beyond a gap."""
        return bool(self._ranges)

    def has_room_for(self, sequence: int) -> bool:
        """Tell whether an observation may be booked without more holes than can be kept."""
        return sequence == self.booked_through + 1 or len(self._ranges) < RANGES_MAX

    def missing(self, first: int, last: int) -> int:
        """How many of the sequences first to last are not booked."""
        booked = [(1, self.booked_through), *self._ranges]
        return last - first + 1 - sum(max(0, min(last, upper) - max(first, lower) + 1) for lower, upper in booked)

    def book(self, first: int, last: int) -> None:
        """Mark sequences first to last as booked."""
        through = self.booked_through
        if first <= through + 1:
            through = last if last > through else through
        else:
            self._ranges.append((first, last))
            self._ranges = _joined(self._ranges)
        while self._ranges and self._ranges[0][0] <= through + 1:
            through = max(through, self._ranges.pop(0)[1])
        self.booked_through = through

    def take_rows(self) -> list[Effect]:
        """What the ledger must be told since it was last."""
        now = set(self._ranges)
        rows: list[Effect] = [Gone(OutboxRangeRow, (self.outbox_no, first)) for first, _ in sorted(self._written - now)]
        rows += [OutboxRangeRow(self.outbox_no, first, last) for first, last in sorted(now - self._written)]
        self._written = now
        return [self.row, *rows]


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined

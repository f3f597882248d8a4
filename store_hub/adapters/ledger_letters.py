"""Finds letters of edges in the journal again, on the connection that writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from store_hub.adapters.ledger import JournalRow, Ledger


class LedgerLetters:
    """For the thread that writes the ledger, inside a transaction or not."""

    def __init__(self, ledger: Ledger) -> None:
        self._connection = ledger.connection

    def around_marks(self, *, before: int, before_contested: int) -> Iterator[tuple[str, JournalRow]]:
        """Of every outbox, with its identity: so many entries up to its mark, and all that are booked beyond it."""
        rows = self._connection.execute(
            f"SELECT outbox_id, {', '.join(f'j.{name}' for name in JournalRow._fields)} FROM outboxes o JOIN journal j"
            " ON j.outbox_no = o.outbox_no AND j.sequence > o.booked_through"
            " - iif(EXISTS (SELECT 1 FROM contested_outboxes c WHERE c.outbox_no = o.outbox_no), ?, ?)",
            (before_contested, before),
        )
        return ((row[0], JournalRow(*row[1:])) for row in rows)

    def letter(self, outbox_no: int, sequence: int) -> bytes | None:
        """A booked letter; None where there is none of this number."""
        row = self._connection.execute("SELECT payload FROM journal WHERE outbox_no = ? AND sequence = ?", (outbox_no, sequence)).fetchone()
        return None if row is None else bytes(row[0])

    def letters_of(self, outboxes: Sequence[int], boot_id: str, *, limit: int) -> Iterator[bytes]:
        """The newest letters of some outboxes that name a start of an agent, so many of each at most."""
        query = "SELECT payload FROM journal WHERE outbox_no = ? AND instr(payload, ?) ORDER BY sequence DESC LIMIT ?"
        for outbox_no in outboxes:
            yield from (bytes(row[0]) for row in self._connection.execute(query, (outbox_no, boot_id.encode(), limit)))

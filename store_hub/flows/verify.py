"""Asks a ledger whether it can be trusted: is the file whole, is the journal without holes, do the figures follow from it?"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from store_hub.adapters.journal_snapshot import removed_entries
from store_hub.adapters.ledger_copy import LedgerSnapshot
from store_hub.adapters.ledger_file import FILE_ERRORS, ledger_trouble
from store_hub.flows.rebuild import Progress, rebuild
from store_hub.rules.journal_words import EDGE, read_entry
from wire_format.observations import Shed


class Verdict(NamedTuple):
    """One question and its answer in a line."""

    question: str
    is_well: bool
    answer: str


def verify(path: Path, *, progress: Progress) -> list[Verdict]:
    """Return a verdict for each question.

    Raises:
        LedgerUnusable: it cannot be read at all.
    """
    snapshot = LedgerSnapshot(path)
    try:
        connection = snapshot.connection
        verdicts = [_is_whole(connection), _journal_is_gapless(connection), *_outboxes_are_whole(connection), _books_add_up(connection)]
    except FILE_ERRORS as error:
        raise ledger_trouble(path, error) from None
    finally:
        snapshot.close()
    if all(verdict.is_well for verdict in verdicts[:1]):
        rebuilt = rebuild(path, replace=False, progress=progress)
        different = ", ".join(f"{table.rows} in {table.table}" for table in rebuilt.differences)
        answer = f"rows that differ: {different}; run store-hub rebuild --replace" if different else f"{rebuilt.entries} entries replayed"
        verdicts.append(Verdict("all tables follow from the journal", not different, answer))
    return verdicts


def _is_whole(connection: sqlite3.Connection) -> Verdict:
    said = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    return Verdict("the file is whole", said == ["ok"], "; ".join(said))


def _journal_is_gapless(connection: sqlite3.Connection) -> Verdict:
    first, last, count = connection.execute("SELECT min(journal_id), max(journal_id), count(*) FROM journal").fetchone()
    removed = removed_entries(connection)
    is_well = count == 0 or (count + removed == last and (first == 1 or removed > 0))
    gone = f", {removed} of them in the snapshot only" if removed else ""
    return Verdict("the journal has no holes", is_well, f"{count + removed} entries, numbered {min(first or 0, 1)} to {last or 0}{gone}")


def _outboxes_are_whole(connection: sqlite3.Connection) -> list[Verdict]:
    """Each outbox: every sequence that is marked as booked is in the journal, or was let go by its edge."""
    verdicts = []
    for outbox_no, outbox_id, booked_through in connection.execute("SELECT outbox_no, outbox_id, booked_through FROM outboxes").fetchall():
        expected, missing = 1 + _compacted_through(connection, outbox_no), 0
        rows = connection.execute(
            "SELECT sequence, payload, topic FROM journal WHERE outbox_no = ? AND sequence <= ? ORDER BY sequence",
            (outbox_no, booked_through),
        )
        for sequence, payload, topic in rows:
            missing += max(0, sequence - expected)
            expected = max(expected, sequence + 1)
            if b'"shed"' in payload:
                said = read_entry(EDGE, payload, topic=topic)
                expected = max(expected, said.through_sequence + 1) if isinstance(said, Shed) else expected
        missing += max(0, booked_through + 1 - expected)
        missing -= _booked_elsewhere(connection, outbox_no, booked_through)
        answer = f"booked through {booked_through}" + (f", but {missing} are not in the journal" if missing else "")
        verdicts.append(Verdict(f"outbox {outbox_id[:8]}… is booked without a gap", missing == 0, answer))
    return verdicts


def _compacted_through(connection: sqlite3.Connection, outbox_no: int) -> int:
    """The last sequence of an outbox that only the snapshot knows."""
    row = connection.execute("SELECT through_sequence FROM compacted_outboxes WHERE outbox_no = ?", (outbox_no,)).fetchone()
    return 0 if row is None else int(row[0])


def _booked_elsewhere(connection: sqlite3.Connection, outbox_no: int, booked_through: int) -> int:
    """How many sequences of an outbox have no entry because their content had come from another outbox."""
    query = "SELECT count(*) FROM outbox_repeats WHERE outbox_no = ? AND sequence > ? AND sequence <= ?"
    return int(connection.execute(query, (outbox_no, _compacted_through(connection, outbox_no), booked_through)).fetchone()[0])


def _books_add_up(connection: sqlite3.Connection) -> Verdict:
    wrong = connection.execute(
        "SELECT count(*) FROM books WHERE book_units <> start_units + received_units - sold_units + adjusted_units"
        " OR sold_units <> coalesce((SELECT sum(units) FROM sales WHERE sales.sku = books.sku AND known = 1), 0)"
        " OR received_units <> coalesce((SELECT sum(units) FROM deliveries WHERE deliveries.sku = books.sku AND known = 1), 0)"
    ).fetchone()[0]
    total = connection.execute("SELECT count(*) FROM books").fetchone()[0]
    return Verdict("the books add up", wrong == 0, f"{wrong} of {total} articles do not" if wrong else f"{total} articles")

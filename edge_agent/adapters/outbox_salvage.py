"""Reads what can still be read of an outbox file, be it sound or damaged."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from typing import NamedTuple

DAMAGED = "damaged"
"""As what rows are counted that could not be read any more."""


class SalvagedRow(NamedTuple):
    """A row as it stood in the file."""

    position: int
    kind: str
    subject: str
    payload: bytes


def read(connection: sqlite3.Connection) -> tuple[list[SalvagedRow], int]:
    """All rows that can be read, in order, and how many more there were.

    Of a damaged file they are read from the front until a page fails, and then from the back until the same. How many there were is told
    by the indexes, which lie on other pages; or else by the gap that is left, which may count some that had gone before.
    """
    front, is_whole = _rows(connection, "ASC")
    if is_whole:
        return front, 0
    last = front[-1].position if front else 0
    back = [row for row in reversed(_rows(connection, "DESC")[0]) if row.position > last]
    total = _total(connection)
    if total is not None:
        return front + back, max(0, total - len(front) - len(back))
    return front + back, back[0].position - last - 1 if front and back else 0


def _rows(connection: sqlite3.Connection, way: str) -> tuple[list[SalvagedRow], bool]:
    """The rows in a direction, and whether no page failed on the way."""
    found: list[SalvagedRow] = []
    try:
        rows = connection.execute(f"SELECT position, kind, subject, payload FROM letters NOT INDEXED ORDER BY position {way}")
        found.extend(SalvagedRow(*row) for row in rows if [type(value) for value in row] == [int, str, str, bytes])
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return found, False
    return found, True


def _total(connection: sqlite3.Connection) -> int | None:
    """How many rows the indexes name; None where they cannot be read either."""
    try:
        sent, waiting = (int(connection.execute(query).fetchone()[0]) for query in _COUNTS)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return None
    return sent + waiting


_COUNTS = (
    "SELECT count(sequence) FROM letters INDEXED BY letters_sent WHERE sequence IS NOT NULL",
    "SELECT count(subject) FROM letters INDEXED BY letters_waiting WHERE sequence IS NULL",
)


def shed_counts(connection: sqlite3.Connection) -> Counter[str]:
    """What was let go since the file was made, as far as it says so."""
    with contextlib.suppress(sqlite3.DatabaseError, ValueError, TypeError):
        return Counter({str(kind): int(units) for kind, units in connection.execute("SELECT kind, units FROM shed")})
    return Counter()

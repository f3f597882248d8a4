"""The chain of an audit log: each row's hash covers the row and the hash before it, so that no row is changed or taken out unnoticed.

Whoever can write the store could forge the whole chain anew: note the newest hash elsewhere now and then, and check against it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

WORDS_MAX = 500
START = "0" * 64


class AuditRow(NamedTuple):
    """A line of the log."""

    number: int
    at_ms: int
    actor: str
    action: str
    outcome: str
    detail: str
    hash: str


class AuditVerdict(NamedTuple):
    """Whether the chain holds: `broken_at` is the first row that does not fit, None when all do."""

    rows: int
    head: str
    broken_at: int | None


def row_hash(before: str, row: tuple[object, ...]) -> str:
    """SHA-256, hex, over the hash before and all of the row but its own hash."""
    return hashlib.sha256(before.encode() + msgspec.json.encode(row)).hexdigest()


def one_line(text: str) -> str:
    """A word of a row: printable, one line, `WORDS_MAX` characters at most."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:WORDS_MAX]


def verify_rows(found: Iterable[AuditRow], *, expected: tuple[int, str] | None = None) -> AuditVerdict:
    """Compute the whole chain anew.

    Args:
        found: every row, by number.
        expected: number and hash of a row, as they were noted earlier.
    """
    rows, before, broken_at = 0, START, None
    wanted = dict([expected]) if expected is not None and expected[0] > 0 else {}
    for row in found:
        rows += 1
        fits = row.number == rows and row.hash == row_hash(before, row[:-1]) and wanted.pop(row.number, row.hash) == row.hash
        if not fits and broken_at is None:
            broken_at = row.number
        before = row.hash
    if wanted and broken_at is None:
        broken_at = rows + 1  # The row that was noted is gone: the end was cut off.
    return AuditVerdict(rows, before, broken_at)


def head_of(newest: Sequence[AuditRow]) -> tuple[int, str]:
    """The number and hash of a log's newest row, which comes first: what is worth noting elsewhere."""
    return (newest[0].number, newest[0].hash) if newest else (0, START)

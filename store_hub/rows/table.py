"""How rows lie in the ledger, and effects that are no rows."""

from __future__ import annotations

from typing import Any, NamedTuple


class Table(NamedTuple):
    """How rows of one kind lie in the ledger.

    `added`: integer columns that sum up; `first`: columns that keep the first value that is not NULL; all others are replaced.
    `state`: SQL condition of the rows that the fold needs back at a start; None where it needs none.
    """

    name: str
    key: tuple[str, ...]
    added: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    state: str | None = None


class Gone(NamedTuple):
    """A row that is no longer true."""

    kind: type[tuple[Any, ...]]
    key: tuple[object, ...]


class GoneBefore(NamedTuple):
    """Rows of a table that are older than is kept: those whose `column` is below `before_ms` and for which `also` holds (SQL)."""

    kind: type[tuple[Any, ...]]
    column: str
    before_ms: int
    also: str = "1"


class StaffCall(NamedTuple):
    """An effect without a table: staff should hear of an alert. Made anew by no rebuild, for nobody wants yesterday's calls again."""

    alert_id: int
    reason: str

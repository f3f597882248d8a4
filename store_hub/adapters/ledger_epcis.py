"""Reads EPCIS events and captures from the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from store_hub.adapters.ledger_file import reading
from store_hub.rows import CaptureRow
from store_hub.rows.epcis import EventFound, EventQuery, Position

_FROM = " FROM epcis_events e JOIN journal j ON j.journal_id = e.journal_id"
_COLUMNS = {
    "event_type": "e.event_type", "action": "e.action", "biz_step": "e.biz_step", "disposition": "e.disposition",
    "read_point": "e.read_point", "biz_location": "e.biz_location", "event_id": "e.event_id", "event_time_ms": "e.event_time_ms",
    "record_time_ms": "j.received_at_ms", "declared_at_ms": "e.declared_at_ms",
}  # fmt: skip
_SIGNS = {"ge": ">=", "lt": "<"}
_JSON_PATHS = {
    "errorReason": "$.errorDeclaration.reason", "correctiveEventID": "$.errorDeclaration.correctiveEventIDs",
    "transformationID": "$.transformationID",
    "persistentDisposition_set": "$.persistentDisposition.set", "persistentDisposition_unset": "$.persistentDisposition.unset",
}  # fmt: skip
_LISTED = {"eventTypes": "event_type", "bizSteps": "biz_step", "dispositions": "disposition", "readPoints": "read_point"}
Matches = Callable[[bytes], bool]
"""Whether an event's JSON answers what no column does."""
LISTED_MAX = 1_000
CAPTURES_MAX = 100


class LedgerEpcis:
    """Reads one ledger file; safe from any thread."""

    def __init__(self, path: Path, *, busy_ms: int = 2_000) -> None:
        self._path = path
        self._busy_ms = busy_ms

    def events(self, query: EventQuery, matches: Matches | None = None) -> tuple[list[EventFound], bool]:
        """Return a page of events that also pass `matches`, and whether there are more.

        Raises:
            LedgerUnusable
            Whatever `matches` raises.
        """
        where, values = _conditions(query, matches)
        column, direction = _COLUMNS[query.order_by], "DESC" if query.descending else "ASC"
        sign = "<" if query.descending else ">"
        if query.after is not None:
            where.append(f"({column}, e.journal_id, e.line) {sign} (?, ?, ?)")
            values += query.after[:3]
        left = query.limit if query.after is None else query.after.left
        size = query.per_page if left is None else min(query.per_page, left)
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        order = f" ORDER BY {column} {direction}, e.journal_id {direction}, e.line {direction} LIMIT ?"
        sql = f"SELECT e.payload, j.received_at_ms, {column}, e.journal_id, e.line{_FROM}{condition}{order}"
        with reading(self._path, busy_ms=self._busy_ms) as connection, _matching(connection, matches):
            rows = connection.execute(sql, (*values, size + 1)).fetchall()
        rest = None if left is None else left - size
        found = [EventFound(row[0], row[1], Position(row[2], row[3], row[4], rest)) for row in rows[:size]]
        return found, len(rows) > size and rest != 0

    def count(self, query: EventQuery, matches: Matches | None = None, *, at_most: int) -> int:
        """Return how many events a query finds, counting no further than one above `at_most`. Raises as `events`."""
        where, values = _conditions(query, matches)
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        with reading(self._path, busy_ms=self._busy_ms) as connection, _matching(connection, matches):
            row = connection.execute(f"SELECT count(*) FROM (SELECT 1{_FROM}{condition} LIMIT ?)", (*values, at_most + 1)).fetchone()
        return int(row[0])

    def names(self, resource: str) -> list[str]:
        """Return what a top-level resource holds, at most LISTED_MAX. Raises LedgerUnusable."""
        if resource == "epcs":
            sql = "SELECT DISTINCT name FROM epcis_things WHERE role NOT LIKE '%class' ORDER BY name LIMIT ?"
        else:
            column = _LISTED.get(resource, "biz_location")
            sql = f"SELECT DISTINCT {column} FROM epcis_events WHERE {column} <> '' ORDER BY 1 LIMIT ?"
        with reading(self._path, busy_ms=self._busy_ms) as connection:
            return [row[0] for row in connection.execute(sql, (LISTED_MAX,))]

    def captures(self) -> list[CaptureRow]:
        """Return the newest captures. Raises LedgerUnusable."""
        with reading(self._path, busy_ms=self._busy_ms) as connection:
            rows = connection.execute("SELECT * FROM epcis_captures ORDER BY journal_id DESC LIMIT ?", (CAPTURES_MAX,)).fetchall()
        return [CaptureRow(*row) for row in rows]

    def capture(self, capture_id: str) -> CaptureRow | None:
        """Return one capture. Raises LedgerUnusable."""
        with reading(self._path, busy_ms=self._busy_ms) as connection:
            row = connection.execute("SELECT * FROM epcis_captures WHERE capture_id = ?", (capture_id,)).fetchone()
        return None if row is None else CaptureRow(*row)


@contextmanager
def _matching(connection: sqlite3.Connection, matches: Matches | None) -> Iterator[None]:
    """Let SQL call `matches`; what it raises comes out as it was."""
    raised: list[Exception] = []

    def call(payload: bytes) -> bool:
        try:
            return matches is None or matches(payload)
        except Exception as error:
            raised.append(error)
            raise

    connection.create_function("matches", 1, call)
    try:
        yield
    except sqlite3.OperationalError:
        if raised:
            raise raised[0] from None
        raise


def _conditions(query: EventQuery, matches: Matches | None) -> tuple[list[str], list[object]]:
    where: list[str] = []
    values: list[object] = []
    for column, told in query.equal:
        where.append(f"{_COLUMNS[column]} IN ({', '.join('?' * len(told))})")
        values += told
    for column, told in query.under:
        each = f"({_COLUMNS[column]} = ? OR substr({_COLUMNS[column]}, 1, ?) IN (?, ?))"
        where.append(f"({' OR '.join([each] * len(told))})")
        for place in told:
            values += [place, len(place) + 1, f"{place}/", f"{place}:"]
    for column, sign, at_ms in query.spans:
        where.append(f"{_COLUMNS[column]} {_SIGNS[sign]} ?")
        values.append(at_ms)
    for roles, names in query.things:
        each = " OR ".join("t.name = ? OR t.name GLOB ?" if name.endswith("*") else "t.name = ?" for name in names)
        where.append(
            "EXISTS (SELECT 1 FROM epcis_things t WHERE t.journal_id = e.journal_id AND t.line = e.line"
            f" AND t.role IN ({', '.join('?' * len(roles))}) AND ({each}))"
        )
        values += roles
        for name in names:
            values += [name.removesuffix("/*"), _escaped(name)] if name.endswith("*") else [name]
    for field, told in query.inside:
        where.append(f"EXISTS (SELECT 1 FROM json_each(CAST(e.payload AS TEXT), ?) x WHERE x.value IN ({', '.join('?' * len(told))}))")
        values += [_JSON_PATHS[field], *told]
    if query.declared is not None:
        where.append("e.declared_at_ms <> 0" if query.declared else "e.declared_at_ms = 0")
    if matches is not None:
        where.append("matches(e.payload)")  # Dear, so last.
    return where, values


def _escaped(pattern: str) -> str:
    """A name with one open end, as GLOB reads it."""
    kept = "".join(f"[{letter}]" if letter in "[?*" else letter for letter in pattern[:-1])
    return f"{kept}*"

"""The chain's audit log in the records: one row each, chained by hash; the database refuses to change a row or to take one out.

Of refusals so many are written a minute; what comes above that is counted and told in one row, so that nobody fills the disk from outside.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from sqlalchemy import Connection, Engine, insert, select, text

from access_control.audit_chain import START, AuditRow, AuditVerdict, head_of, one_line, row_hash, verify_rows
from cloud_api.adapters.people_records import answering
from cloud_api.adapters.tables import audit

_LOCK = 4_811_902
"""The number of the database's lock that puts writers in a row."""
REFUSALS_MAX = 600
"""Refusals written in a minute, whoever they are of."""
MINUTE_MS = 60_000
_AT_ONCE = 1000


class AuditRecords:
    """Thread-safe; several programs may write the same records.

    Args:
        now_ms: the wall clock.

    Raises:
        RegisterSilent: from every method. What was to be logged must then not be done.
    """

    def __init__(self, engine: Engine, *, now_ms: Callable[[], int]) -> None:
        self._engine, self._now_ms = engine, now_ms
        self._lock = threading.Lock()
        self._minute, self._refusals, self._unwritten = 0, 0, 0

    def done(self, actor: str, action: str, detail: str = "") -> None:
        """Say that somebody did something."""
        self._add([(actor, action, "done", detail)])

    def refused(self, actor: str, action: str, detail: str = "") -> None:
        """Say that somebody tried something in vain."""
        with self._lock:
            minute, more = self._now_ms() // MINUTE_MS, 0
            if minute != self._minute:
                more, self._minute, self._refusals, self._unwritten = self._unwritten, minute, 0, 0
            self._refusals += 1
            if self._refusals > REFUSALS_MAX:
                self._unwritten += 1
                return
        rows = [(actor, action, "refused", detail)]
        if more:
            rows.insert(0, ("cloud", "audit.counted", "refused", f"{more} more refusals in one minute, not written one by one"))
        self._add(rows)

    def newest(self, count: int) -> list[AuditRow]:
        """The newest rows, newest first."""
        with answering(self._engine) as connection:
            rows = connection.execute(select(audit).order_by(audit.c.number.desc()).limit(count)).all()
            return [AuditRow(*row) for row in rows]

    def head(self) -> tuple[int, str]:
        """The newest row's number and hash: what is worth noting elsewhere."""
        return head_of(self.newest(1))

    def verify(self, *, expected: tuple[int, str] | None = None) -> AuditVerdict:
        """Compute the whole chain anew.

        Args:
            expected: number and hash of a row, as they were noted earlier.
        """
        with answering(self._engine) as connection:
            return verify_rows(_rows(connection), expected=expected)

    def _add(self, said: list[tuple[str, str, str, str]]) -> None:
        with answering(self._engine) as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            found = connection.execute(select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)).first()
            number, before = (found.number, found.hash) if found is not None else (0, START)
            for words in said:
                number += 1
                row = (number, self._now_ms(), *map(one_line, words))
                before = row_hash(before, row)
                connection.execute(insert(audit).values((*row, before)))


def _rows(connection: Connection) -> Iterator[AuditRow]:
    found = connection.execution_options(yield_per=_AT_ONCE).execute(select(audit).order_by(audit.c.number))
    for row in found:
        yield AuditRow(*row)

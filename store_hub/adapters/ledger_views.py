"""Reads the ledger for the pages: each view is one read-only transaction, so that all its figures are of the same moment.

Connections live for one view only. A page may be computed on any thread, and a reader never holds the write-ahead log back for long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock

from store_hub.adapters.ledger_views_chain import ChainQueries
from store_hub.adapters.ledger_views_fleet import FleetQueries
from store_hub.adapters.ledger_views_goods import GoodsQueries
from store_hub.adapters.ledger_views_people import PeopleQueries
from store_hub.adapters.ledger_views_records import RecordQueries
from store_hub.adapters.ledger_views_sales import SalesQueries
from store_hub.adapters.ledger_views_settings import SettingsQueries
from store_hub.adapters.ledger_views_shelves import ShelfQueries
from store_hub.adapters.ledger_views_work import WorkQueries
from store_hub.adapters.ledger_views_zones import ZoneQueries
from store_hub.errors import HubError
from wire_format import codec
from wire_format.errors import WireError
from wire_format.plans import Planogram


class LedgerUnreadable(HubError, OSError):
    """The pages cannot read the ledger."""

    exit_code = 5

    def __init__(self, *, path: str, problem: str) -> None:
        super().__init__(f"ledger {path}: {problem}; check that the file is there and that the hub may read it")
        self.path = path
        self.problem = problem


class LedgerReading(
    ShelfQueries, PeopleQueries, ZoneQueries, WorkQueries, GoodsQueries, SalesQueries, SettingsQueries, FleetQueries, RecordQueries,
    ChainQueries,
):  # fmt: skip
    """All queries of the pages on one open transaction."""


class LedgerViews:
    """Opens readings of one ledger file.

    Args:
        path: the ledger; it must exist by the time of the first reading.
        busy_ms: how long to wait for a lock (only a checkpoint or a restore can hold one against a reader).
    """

    def __init__(self, path: Path, *, busy_ms: int = 2_000) -> None:
        self._path = path
        self._busy_ms = busy_ms
        self._lock = Lock()
        self._planogram: tuple[tuple[int, int], Planogram] | None = None

    @contextmanager
    def reading(self) -> Iterator[LedgerReading]:
        """Open one consistent view.

        Raises:
            LedgerUnreadable: no such file, no ledger, or no way to read it.
        """
        try:
            connection = sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True, timeout=self._busy_ms / 1000)
        except sqlite3.Error as error:
            raise LedgerUnreadable(path=str(self._path), problem=str(error)) from error
        with closing(connection):
            connection.row_factory = sqlite3.Row
            connection.isolation_level = None
            try:
                connection.execute("BEGIN")
                yield LedgerReading(connection, self._planogram_of(connection))
            except sqlite3.Error as error:
                raise LedgerUnreadable(path=str(self._path), problem=str(error)) from error

    def _planogram_of(self, connection: sqlite3.Connection) -> Planogram | None:
        row = connection.execute("SELECT journal_id, version, payload FROM planogram").fetchone()
        if row is None:
            return None
        key = (int(row["journal_id"]), int(row["version"]))
        with self._lock:
            if self._planogram is None or self._planogram[0] != key:
                try:
                    plan = codec.plans.decode(row["payload"])
                except WireError as error:
                    raise LedgerUnreadable(path=str(self._path), problem=f"its planogram cannot be read ({error})") from error
                if not isinstance(plan, Planogram):
                    raise LedgerUnreadable(path=str(self._path), problem="its planogram is another kind of plan")
                self._planogram = (key, plan)
            return self._planogram[1]

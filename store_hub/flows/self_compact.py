"""Keeps the journal from growing for ever: about once a month, at night, a snapshot takes the place of what devices told long ago.

The work is done by a process of its own on a copy of the ledger, at the lowest priority, while the hub goes on booking; the bookkeeper
then takes the snapshot over in one transaction and removes entries some at a time. Killed anywhere, the ledger is whole, and longer than it
need be.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import structlog

from store_hub.adapters.journal_snapshot import Removed, Snapshot, last_compaction, oldest_bulk_ms
from store_hub.adapters.ledger_file import reading
from store_hub.config import LedgerConfig
from store_hub.errors import HubError, HubStopping, LedgerUnusable
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import RemoveEntries, TakeSnapshot
from store_hub.flows.parts import Parts

LOOK_S = 60.0
ANSWER_S = 120.0
AT_HOUR = 4
"""In the shop's own time: after the night's backup, and after old rows have been let go."""

OVERDUE_DAYS = 30
"""So much more than is kept may lie in the journal before it is worth a night's work."""

REMOVED_AT_ONCE = 2_000
BUSY_MS = 2_000
DAY_MS = 86_400_000

_log = structlog.get_logger("compact")

Prepare = Callable[[Path, threading.Event], Snapshot]


class CompactionState(NamedTuple):
    """How it stands. `removed`: entries that only the snapshot knows. `problem`: why the last try came to nothing."""

    keep_days: int
    last_at_ms: int | None
    removed: int
    problem: str | None


class SelfCompaction:
    """A named thread.

    Args:
        ledger: the file.
        keep_days: what devices told since then stays in the journal.
        prepare: has a snapshot lie ready beside the ledger; may take minutes, and gives up when the hub stops.
    """

    name = "compact"

    def __init__(
        self,
        ledger: Path,
        *,
        keep_days: int,
        bookkeep: BookkeepingDoor,
        now_ms: Callable[[], int],
        zone: Callable[[], ZoneInfo],
        prepare: Prepare,
    ) -> None:
        self._ledger = ledger
        self._keep_days = keep_days
        self._bookkeep = bookkeep
        self._now_ms = now_ms
        self._zone = zone
        self._prepare = prepare
        self._problem: str | None = None
        self._tried_on = ""

    def run(self, stop: threading.Event) -> None:
        """Look once a minute whether it is time, until told to stop."""
        while not stop.wait(LOOK_S):
            self.look(stop)

    def look(self, stop: threading.Event) -> None:
        """Do the night's work if it is time, due and not tried this night. What goes wrong is told, and tried again the next night."""
        local = datetime.fromtimestamp(self._now_ms() / 1000, self._zone())
        if local.hour != AT_HOUR or self._tried_on == local.date().isoformat():
            return
        self._tried_on = local.date().isoformat()
        try:
            if self._is_due():
                self.compact(stop)
            self._problem = None
        except HubStopping:
            return
        except (HubError, FutureTimeout) as error:
            self._problem = str(error) or "the bookkeeper did not answer in time"
            _log.warning("the journal is not shortened tonight", problem=self._problem)

    def compact(self, stop: threading.Event) -> int:
        """Shorten the journal now; returns how many entries were removed.

        Raises:
            HubError: no room, a ledger that cannot be trusted, or a bookkeeper that cannot write. FutureTimeout: it does not answer.
        """
        before_ms = self._now_ms() - self._keep_days * DAY_MS
        snapshot = self._prepare(self._ledger, stop)
        try:
            self._bookkeep.submit(TakeSnapshot(snapshot)).result(ANSWER_S)
        finally:
            snapshot.pieces.unlink(missing_ok=True)
        removed = after = 0
        while not stop.is_set():
            done = self._bookkeep.submit(RemoveEntries(after, snapshot.through, before_ms, REMOVED_AT_ONCE)).result(ANSWER_S)
            if not isinstance(done, Removed):
                break
            removed, after = removed + done.entries, done.through
        _log.info("the journal is shorter", removed=removed, kept_days=self._keep_days)
        return removed

    def state(self) -> CompactionState:
        """How it stands, for health.

        Raises:
            LedgerUnusable: it cannot be read.
        """
        with reading(self._ledger, busy_ms=BUSY_MS) as connection:
            last = last_compaction(connection)
        return CompactionState(self._keep_days, None if last is None else last[0], 0 if last is None else last[1], self._problem)

    def _is_due(self) -> bool:
        with reading(self._ledger, busy_ms=BUSY_MS) as connection:
            oldest_ms = oldest_bulk_ms(connection)
        return oldest_ms is not None and oldest_ms < self._now_ms() - (self._keep_days + OVERDUE_DAYS) * DAY_MS


def prepare_apart(path: Path, stop: threading.Event) -> Snapshot:
    """Have a snapshot written by a process of its own.

    Raises:
        LedgerUnusable: there is no room, or the ledger cannot be trusted. HubStopping: the hub stops first.
    """
    size, free = path.stat().st_size, shutil.disk_usage(path.parent).free
    if free < 4 * size:
        problem = f"a snapshot needs {4 * size / 1e6:.0f} MB beside it for a while, and {free / 1e6:.0f} MB are free"
        raise LedgerUnusable(path=str(path), problem=problem, advice="free some space; until then the journal grows")
    words = [sys.executable, "-m", "store_hub", "compact", "--ledger", str(path), "--prepare-only", "--json"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        os.setpriority(os.PRIO_PROCESS, child.pid, 19)
        while True:
            try:
                out, told = child.communicate(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                if stop.is_set():
                    child.kill()
                    raise HubStopping from None
    if child.returncode:
        raise LedgerUnusable(path=str(path), problem=told.strip()[-500:], advice="see store-hub verify")
    return msgspec.json.decode(out, type=_Told).snapshot()


class _Told(msgspec.Struct):
    pieces: str
    ledger_id: str
    through: int
    sha256: str

    def snapshot(self) -> Snapshot:
        """As the adapter has it."""
        return Snapshot(Path(self.pieces), self.ledger_id, self.through, self.sha256)


def make_self_compaction(config: LedgerConfig, parts: Parts) -> SelfCompaction | None:
    """Return the flow as configured; None where the journal is never shortened by itself."""
    if not config.compact_keep_days:
        return None
    return SelfCompaction(
        parts.ledger,
        keep_days=config.compact_keep_days,
        bookkeep=parts.bookkeep,
        now_ms=parts.now_ms,
        zone=parts.zone,
        prepare=prepare_apart,
    )

"""Backs the ledger up each night, and lets old backups go: a named thread, while the hub goes on booking."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from datetime import time
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import structlog

from store_hub.adapters.backup_file import BackupUnusable, Manifest, Progress, backups_in, read_recipients, write_backup
from store_hub.adapters.clock import HubClock
from store_hub.config import BackupConfig, HubConfig
from store_hub.errors import ConfigurationInvalid, HubError
from store_hub.flows.parts import Parts
from store_hub.flows.restore import Drill, last_drill
from store_hub.rules.backup_keeping import next_due_ms, too_old

LOOK_S = 30.0
RETRY_MS = 15 * 60_000

_log = structlog.get_logger("backup")


class BackupState(NamedTuple):
    """How it stands. `problem`: why the last try came to nothing; None when it did not."""

    last_taken_at_ms: int | None
    problem: str | None
    drill: Drill | None


class Backups:
    """One backup a day at the shop's own time.

    Args:
        ledger: the file.
        folder: where backups go; best on another machine's disk.
        recipients: whose keys open them, as `read_recipients` returns them.
        at: local time of day. `zone`: the shop's.
        keep_days, keep_weeks: see `too_old`.
    """

    name = "backup"

    def __init__(
        self,
        ledger: Path,
        folder: Path,
        *,
        store_id: str,
        recipients: Sequence[Any],
        at: time,
        zone: Callable[[], ZoneInfo],
        keep_days: int,
        keep_weeks: int,
        now_ms: Callable[[], int],
    ) -> None:
        self._ledger = ledger
        self._folder = folder
        self._store_id = store_id
        self._recipients = recipients
        self._at = at
        self._zone = zone
        self._keep_days = keep_days
        self._keep_weeks = keep_weeks
        self._now_ms = now_ms
        self._problem: str | None = None
        self._not_before_ms = 0

    def run(self, stop: threading.Event) -> None:
        """Look every half minute whether a backup is due, until told to stop."""
        while not stop.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """Make a backup if one is due, then let old ones go. What goes wrong is told, and tried again in a quarter of an hour."""
        now_ms = self._now_ms()
        taken = [backup.taken_at_ms for backup in backups_in(self._folder, self._store_id)]
        past = [at_ms for at_ms in taken if at_ms <= now_ms]
        due_ms = next_due_ms(max(past, default=None), now_ms, at=self._at, zone=self._zone())
        if now_ms < max(due_ms, self._not_before_ms):
            return
        try:
            path, manifest = write_backup(
                self._ledger, self._folder, recipients=self._recipients, now_ms=now_ms, progress=lambda _done, _total: None
            )
        except HubError as error:
            if self._problem != str(error):
                _log.error("no backup could be made", problem=str(error))
            self._problem, self._not_before_ms = str(error), now_ms + RETRY_MS
            return
        self._problem = None
        _log.info("backup made", path=str(path), entries=manifest.last_journal_id, bytes=path.stat().st_size)
        self._let_go(now_ms)

    def age_s(self) -> float:
        """Seconds since the last backup; infinite while there is none."""
        taken_at_ms = self.state().last_taken_at_ms
        return math.inf if taken_at_ms is None else (self._now_ms() - taken_at_ms) / 1000

    def state(self) -> BackupState:
        """How it stands, for health, metrics and pages."""
        newest = max((backup.taken_at_ms for backup in backups_in(self._folder, self._store_id)), default=None)
        return BackupState(newest, self._problem, last_drill(self._folder))

    def _let_go(self, now_ms: int) -> None:
        backups = {backup.taken_at_ms: backup.path for backup in backups_in(self._folder, self._store_id)}
        for at_ms in too_old(list(backups), now_ms, keep_days=self._keep_days, keep_weeks=self._keep_weeks, zone=self._zone()):
            try:
                backups[at_ms].unlink()
                _log.info("old backup removed", path=str(backups[at_ms]))
            except OSError as error:
                _log.warning("an old backup could not be removed", path=str(backups[at_ms]), problem=error.strerror)


def make_backups(config: BackupConfig, parts: Parts, *, config_path: str) -> Backups | None:
    """Return the flow as configured; None where no folder is named.

    Raises:
        ConfigurationInvalid: no recipient, or one that age does not know.
    """
    if config.folder is None:
        return None
    try:
        recipients = read_recipients(config.recipients)
        if not recipients:
            raise ValueError("backups are always encrypted: name a recipient, made with store-hub backup --new-key FILE")
    except ValueError as error:
        raise ConfigurationInvalid(path=config_path, field="backup.recipients", problem=str(error)) from None
    return Backups(
        parts.ledger,
        Path(config.folder),
        store_id=parts.store_id,
        recipients=recipients,
        at=time.fromisoformat(config.at),
        zone=parts.zone,
        keep_days=config.keep_days,
        keep_weeks=config.keep_weeks,
        now_ms=parts.now_ms,
    )


def back_up(config: HubConfig, *, to: Path | None, recipients: Sequence[str], progress: Progress) -> tuple[Path, Manifest]:
    """Back the configured ledger up, now.

    Args:
        to, recipients: instead of the configuration's.

    Raises:
        BackupUnusable: no folder, no recipient, or one that age does not know. LedgerUnusable: the ledger cannot be read.
    """
    folder = to or (Path(config.backup.folder) if config.backup.folder else None)
    if folder is None:
        raise BackupUnusable(path="?", problem="no folder is named", advice="say --to FOLDER, or write folder in [backup]")
    chosen = list(recipients or config.backup.recipients)
    if not chosen:
        advice = "say --recipient, or write recipients in [backup]; store-hub backup --new-key FILE makes one"
        raise BackupUnusable(path=str(folder), problem="nobody is named who could open it", advice=advice)
    try:
        known = read_recipients(chosen)
    except ValueError as error:
        raise BackupUnusable(path=str(folder), problem=str(error), advice="correct the recipient") from None
    return write_backup(Path(config.ledger.path), folder, recipients=known, now_ms=HubClock().now_ms(), progress=progress)

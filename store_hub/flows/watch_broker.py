"""Sieves the broker's own log: what a trusted device tried on topics of others goes into the audit log, single messages go nowhere.

Mosquitto tells of such a try only among everything it does (`mosquitto -v`), on its standard error; this stands behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, TextIO

from store_hub.adapters.audit_log import AuditLog
from store_hub.errors import HubError
from store_hub.rules.broker_acl import Access, allows
from store_hub.rules.broker_log import BrokerLog
from store_hub.rules.tries import Line, TryBounds


class AccessList:
    """The broker's access list as it stands, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = (-1, -1)
        self._lines = ""

    def allows(self, user: str, access: Access, wanted: str) -> bool:
        """Whether the list lets a user hear all of a topic filter, or write there. A list that cannot be read allows nothing."""
        try:
            state = self._path.stat()
            if (state.st_mtime_ns, state.st_ino) != self._read_at:
                self._lines = self._path.read_text(encoding="utf-8")
                self._read_at = (state.st_mtime_ns, state.st_ino)
        except OSError:
            self._lines = ""
        return allows(self._lines, user, access, wanted)


class Refusals(Protocol):
    """Where refused tries are written."""

    def refused(self, actor: str, action: str, detail: str = "") -> None:
        """Say that somebody tried something in vain."""


class PatientAudit:
    """An audit log that may not be there yet, or not be writable for a while: it is opened when a line is to be written.

    A sieve that ended for want of it would leave the broker without one.
    """

    def __init__(self, open_log: Callable[[], AuditLog]) -> None:
        self._open = open_log
        self._log: AuditLog | None = None

    def refused(self, actor: str, action: str, detail: str = "") -> None:
        """Say that somebody tried something in vain.

        Raises:
            LedgerUnusable: the log cannot be opened or written now.
        """
        if self._log is None:
            self._log = self._open()
        self._log.refused(actor, action, detail)

    def close(self) -> None:
        """Let go of the file."""
        if self._log is not None:
            self._log.close()


def watch_broker(
    lines: Iterable[bytes], kept: TextIO, *, audit: Refusals, acl: Path, now_ms: Callable[[], int], bounds: TryBounds | None = None
) -> None:
    """Read the log until it ends.

    Args:
        lines: as Mosquitto writes them.
        kept: where the lines go that do not tell of single messages.

    A line that cannot be written is lost: a broker must never wait for its log.
    """
    log, limits = BrokerLog(AccessList(acl).allows), bounds or TryBounds()
    for raw in lines:
        line = raw.decode(errors="replace").rstrip("\n")
        found, is_chatter = log.hear(line)
        if found is not None:
            _write(audit, kept, limits.tell(Line(found.actor, found.action, found.topic), now_ms=now_ms()))
        if not is_chatter:
            _say(kept, line)
            _write(audit, kept, limits.due(now_ms=now_ms()))
    _write(audit, kept, limits.due(now_ms=now_ms(), ends=True))


def _write(audit: Refusals, kept: TextIO, lines: list[Line]) -> None:
    for line in lines:
        try:
            audit.refused(line.actor, line.action, line.detail)
        except HubError as error:
            _say(kept, f"no audit line: {line.actor} {line.action} {line.detail}: {error}")


def _say(kept: TextIO, line: str) -> None:
    try:
        kept.write(line + "\n")
        kept.flush()
    except OSError:
        return

"""Tells the log each hour where the audit log stands: whoever owns the database could forge all of it, but not what was noted elsewhere."""

from __future__ import annotations

import threading

import structlog

from access_control.errors import RegisterSilent
from cloud_api.adapters.audit_records import AuditRecords

log = structlog.get_logger()
EVERY_S = 3600.0


class AuditTelling:
    """The flow that does so."""

    name = "audit"

    def __init__(self, audit: AuditRecords, *, every_s: float = EVERY_S) -> None:
        self._audit, self._every_s = audit, every_s

    def run(self, stop: threading.Event) -> None:
        """Tell it now and each hour, until told to stop."""
        while True:
            try:
                number, head = self._audit.head()
                log.info("the audit log stands at", number=number, hash=head)
            except RegisterSilent as error:
                log.warning("audit_untold", problem=str(error))
            if stop.wait(self._every_s):
                return

"""Knows whose outbox is whose, so that no device speaks in another's name: the broker guards topics, but cannot look into letters."""

from __future__ import annotations

import time
from collections.abc import Callable

from store_hub.adapters.audit_log import AuditLog
from store_hub.adapters.trust_register import Register

ASK_AGAIN_S = 1.0


class SenderGuard:
    """For the bookkeeper's thread alone.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, register: Register, audit: AuditLog, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._register = register
        self._audit = audit
        self._clock = clock
        self._owners = register.owners()
        self._asked_at = clock()

    def lie(self, outbox_id: str, device_id: str) -> str | None:
        """What is wrong with a letter that says it is of `device_id`; None when nothing is. A lie leaves a line in the audit log."""
        owner = self._owner(outbox_id)
        if owner is None or owner == device_id:
            return None
        self._audit.refused(f"device:{owner}", "device.speak", f"a letter in the name of {device_id}")
        return f"{owner} speaks in the name of {device_id}"

    def _owner(self, outbox_id: str) -> str | None:
        owner = self._owners.get(outbox_id)
        if owner is None and self._clock() - self._asked_at > ASK_AGAIN_S:
            self._owners, self._asked_at = self._register.owners(), self._clock()
            owner = self._owners.get(outbox_id)
        return owner

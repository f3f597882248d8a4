"""Whom a call concerns, when it may be sent, and when nobody needs it any more: few messages, none at night."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from store_hub.rules.messages import ESCALATED, FRESH_MS, SWEPT, Call

Role = Literal["staff", "office", "both"]

OFFICE_KINDS = ("device_silent", "sensor_fault", "discrepancy")
PATIENCE_MS = 3 * 60_000
"""A device that starts anew, and a fault that comes and goes, are told only when they stay."""


class PagingRules(NamedTuple):
    """When messages may be sent: at most one to a receiver in `gap_ms`, none in the quiet hours, which are in the shop's time."""

    gap_ms: int = 0
    quiet_from: str | None = None
    quiet_to: str | None = None
    zone: ZoneInfo = ZoneInfo("UTC")

    def quiet_ends_ms(self, at_ms: int) -> int | None:
        """Return when the quiet hours that hold a moment end; None when it is in none."""
        if self.quiet_from is None or self.quiet_to is None or self.quiet_from == self.quiet_to:
            return None
        local = datetime.fromtimestamp(at_ms / 1000, self.zone)
        begins, ends = time.fromisoformat(self.quiet_from), time.fromisoformat(self.quiet_to)
        now = local.time()
        inside = begins <= now < ends if begins < ends else now >= begins or now < ends
        if not inside:
            return None
        day = local.date() + timedelta(days=1) if now >= ends else local.date()
        return int(datetime.combine(day, ends, self.zone).timestamp() * 1000)


def role_of(call: Call) -> Role:
    """Return whom a call concerns: who walks the floor, or who answers for the shop."""
    return "office" if call.reason == ESCALATED or call.kind in OFFICE_KINDS else "staff"


def concerns(call: Call, role: Role) -> bool:
    """Tell whether a receiver of this role should hear of a call."""
    return role in ("both", role_of(call))


def is_urgent(call: Call) -> bool:
    """Tell whether a call may break the pause between two messages: somebody is walking off with a shelf."""
    return call.reason == SWEPT


def patience_ms(call: Call, gather_ms: int) -> int:
    """Return how long a call waits for others, or for itself to pass."""
    return PATIENCE_MS if call.kind in ("device_silent", "sensor_fault", "queue") and call.reason != ESCALATED else gather_ms


def is_outdated(call: Call, now_ms: int, rules: PagingRules) -> bool:
    """Tell whether nobody needs to hear of a call any more: it is over, somebody has it in hand, or it is old news.

    The quiet hours, and the pause that a receiver is owed, do not make it old.
    """
    if not call.open or (call.taken and call.reason not in (SWEPT, ESCALATED)):
        return True
    began_ms = rules.quiet_ends_ms(call.happened_at_ms) or call.happened_at_ms
    return now_ms - began_ms > max(FRESH_MS, rules.gap_ms + PATIENCE_MS)

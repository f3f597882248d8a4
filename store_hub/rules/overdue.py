"""What only time brings about: a device that says nothing, a task that nobody takes, a sweep that has become an old story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from store_hub.entries import Escalation, Finding
from store_hub.entries_settings import AlertRules
from store_hub.rules.count_asks import COUNT, HOUR_MS

SILENT_AFTER_MS = 180_000
"""A device speaks every half minute."""

SWEEP_LAPSES_MS = 30 * 60_000
"""Whoever swept a shelf has left the shop by then."""

_WAITS = ("device_silent", "sensor_fault", "discrepancy", "count")
"""Not for staff, or nothing that anybody must be reminded of."""


class OpenTask(NamedTuple):
    """A task as it stands."""

    alert_id: int
    kind: str
    subject: str
    raised_at_ms: int
    taken_at_ms: int | None
    done_at_ms: int | None
    escalated_at_ms: int | None


class DeviceSeen(NamedTuple):
    """A device as last heard of; `dead`: the broker said that it went."""

    device_id: str
    last_seen_at_ms: int
    dead: bool


def findings(tasks: Sequence[OpenTask], devices: Sequence[DeviceSeen], now_ms: int, *, listening_since_ms: int) -> list[Finding]:
    """Return the devices that have become silent or speak again, the sweeps that are over, and the counts that nobody took.

    Args:
        listening_since_ms: since when this hub could have heard a device.
    """
    silent = {task.subject for task in tasks if task.kind == "device_silent"}
    found = []
    for device in devices:
        quiet = now_ms - max(device.last_seen_at_ms, listening_since_ms) > SILENT_AFTER_MS
        if quiet and not device.dead and device.device_id not in silent:
            found.append(Finding(kind="device_silent", subject=device.device_id))
        elif device.device_id in silent and not device.dead and now_ms - device.last_seen_at_ms <= SILENT_AFTER_MS:
            found.append(Finding(kind="device_silent", subject=device.device_id, state="over"))
    swept = [task for task in tasks if task.kind == "swept" and now_ms - task.raised_at_ms > SWEEP_LAPSES_MS]
    counts = [task for task in tasks if task.kind == COUNT and task.taken_at_ms is None and now_ms - task.raised_at_ms > HOUR_MS]
    found += [Finding(kind="swept", subject=task.subject, state="over") for task in swept]
    return [*found, *(Finding(kind=COUNT, subject=task.subject, state="over") for task in counts)]


def escalation(tasks: Sequence[OpenTask], rules: AlertRules, now_ms: int, *, open_since_ms: int | None) -> Escalation | None:
    """Return the tasks that nobody took in time, or whose "done" no scale has confirmed in time; None where there are none.

    Args:
        open_since_ms: since when the shop is open; None: it is shut, and nobody can be expected to walk.
    """
    if open_since_ms is None:
        return None
    patience_ms = int(rules.escalate_min * 60_000)
    late = []
    for task in tasks:
        if task.escalated_at_ms is not None or task.kind in _WAITS:
            continue
        waits_since_ms = task.done_at_ms if task.done_at_ms is not None else task.raised_at_ms if task.taken_at_ms is None else None
        if waits_since_ms is not None and now_ms - max(waits_since_ms, open_since_ms) > patience_ms:
            late.append(task.alert_id)
    return Escalation(alert_ids=late) if late else None

"""Rows of the hub's own bookkeeping, which a rebuild leaves alone. Columns are explained in the migrations."""

from __future__ import annotations

from typing import NamedTuple


class OutboxRow(NamedTuple):
    """What is booked of an outbox."""

    outbox_no: int
    outbox_id: str
    device_id: str | None
    booked_through: int
    duplicates: int
    shed: int
    first_seen_at_ms: int
    last_seen_at_ms: int


class OutboxRangeRow(NamedTuple):
    """Booked beyond a gap."""

    outbox_no: int
    first_sequence: int
    last_sequence: int


class OutboxBootRow(NamedTuple):
    """A start of an agent spoke from an outbox."""

    boot_id: str
    outbox_no: int


class ContestedRow(NamedTuple):
    """An outbox that two devices write."""

    outbox_no: int
    since_ms: int


class OutboxRepeatRow(NamedTuple):
    """Booked from another outbox already."""

    outbox_no: int
    sequence: int


class ClockRow(NamedTuple):
    """A device's clock against ours."""

    outbox_id: str
    boot_id: str
    offset_ms: int
    wall_error_ms: int
    read_at_ms: int


class DeviceRow(NamedTuple):
    """A device as last heard of."""

    device_id: str
    state: str
    boot_id: str
    outbox_id: str | None
    agent_version: str
    last_seen_at_ms: int
    state_since_ms: int
    health: bytes


class CounterRow(NamedTuple):
    """What is added to a counter."""

    name: str
    count: int  # type: ignore[assignment]  # The column hides tuple.count, which nobody asks of a row.
    last_detail: str
    last_at_ms: int


class DirtyRow(NamedTuple):
    """A fact to tell the cloud."""

    fact: str
    period_ms: int
    subject: str
    journal_id: int


class NotificationRow(NamedTuple):
    """A message to staff."""

    notification_id: int
    alert_id: int
    reason: str
    created_at_ms: int
    attempts: int
    settled_at_ms: int | None
    outcome: str | None


class IdempotencyRow(NamedTuple):
    """An answer already given."""

    door: str
    key: str
    body_hash: str
    answer: bytes
    answered_at_ms: int


class ReportRow(NamedTuple):
    """A numbered fact for the cloud."""

    sequence: int
    fact: bytes


class ReportMarksRow(NamedTuple):
    """How far the cloud is."""

    one: int
    last_sequence: int
    booked_through: int
    booked_at_ms: int | None
    plans_after: int


class PlanRow(NamedTuple):
    """A plan from the cloud."""

    plan_no: int
    kind: str
    received_at_ms: int
    payload: bytes


class WebhookMarkRow(NamedTuple):
    """How far a receiver of webhooks has been told."""

    url: str
    notification_id: int


class ChannelRow(NamedTuple):
    """Where people are called. `url` holds secrets, and is in no one's words."""

    name: str
    url: str
    role: str
    added_at_ms: int

    def __repr__(self) -> str:
        """Without the address: a log may show a row."""
        return f"ChannelRow(name={self.name!r}, role={self.role!r})"

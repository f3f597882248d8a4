"""How well cameras count: what a person's audit says of a door, kept beside every audit before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from store_hub.rows import CameraAuditRow
from wire_format.observations import CameraAudited, Estimate


class DoorAccuracy(NamedTuple):
    """The newest audit of a door: shares from 0 to 1, and when it was made."""

    door_id: str
    value: float
    low: float
    high: float
    audited_at_ms: int


def audit_row(said: CameraAudited, journal_id: int, *, clock_shift_ms: int) -> CameraAuditRow:
    """An audit as the ledger keeps it; `clock_shift_ms` puts the device's wall clock right."""
    return CameraAuditRow(
        said.door_id, said.area_id, said.audited_at_ms + clock_shift_ms, journal_id, said.film_ms, said.looked_ms,
        said.counted, said.judged, said.right, said.missed,
        *_shares(said.precision), *_shares(said.recall), *_shares(said.count_accuracy), said.method,
    )  # fmt: skip


def accuracy_of_sum(counts: dict[str, int], audits: Sequence[DoorAccuracy]) -> tuple[DoorAccuracy | None, list[str]]:
    """The accuracy of a sum over doors, and the doors that nobody has audited; None while a door that counted somebody has no audit.

    Each door's figures weigh as much as it counted; the bounds are added as if all doors erred the same way, so they are never too
    narrow. The moment is the oldest audit's, for the sum is no better known than that.
    """
    known = {audit.door_id: audit for audit in audits}
    counted = {door_id: people for door_id, people in counts.items() if people > 0} or dict.fromkeys(counts, 1)
    missing = sorted(door_id for door_id in counted if door_id not in known)
    if missing or not counted:
        return None, missing
    total = sum(counted.values())

    def weighed(shares: dict[str, float]) -> float:
        return sum(shares[door_id] * people for door_id, people in counted.items()) / total

    value = weighed({door_id: known[door_id].value for door_id in counted})
    low = weighed({door_id: known[door_id].low for door_id in counted})
    high = weighed({door_id: known[door_id].high for door_id in counted})
    return DoorAccuracy("", value, low, high, min(known[door_id].audited_at_ms for door_id in counted)), []


def _shares(estimate: Estimate | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if estimate is None else (estimate.value, estimate.low, estimate.high)

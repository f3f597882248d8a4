"""Which shops need a look this morning, and why. A silent sensor is told from a quiet shop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt
from typing import Literal

import msgspec

from cloud_api.rules.footfall_review import Comparison

SILENT_AFTER = timedelta(minutes=45)
DEVICE_SILENT_AFTER = timedelta(minutes=15)
CHANGE_MIN_SHARE = 0.2
HOURS_MIN = 6
SPREAD = 3.0
"""Visitors come in groups and waves: their spread is taken as three times that of a Poisson stream."""


class Concern(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to look at. `sentence` says what and since when; `advice` what to do first."""

    store_id: str
    urgency: Literal["now", "soon", "look"]
    kind: Literal["silent", "device", "footfall", "quarantine"]
    sentence: str
    advice: str


class DeviceState(msgspec.Struct, frozen=True, kw_only=True):
    """A device as its hub last knew it."""

    device_id: str
    state: str
    last_seen_at: datetime
    fault_codes: Sequence[str]


class StoreState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a shop at the moment of asking."""

    store_id: str
    name: str
    reported_at: datetime | None
    devices: Sequence[DeviceState]
    comparison: Comparison | None
    quarantined: int


def concerns(state: StoreState, *, now: datetime) -> list[Concern]:
    """Everything about the shop that deserves a look, the most urgent first."""
    found = [*_silence(state, now), *_devices(state, now), *_footfall(state), *_quarantine(state)]
    order = {"now": 0, "soon": 1, "look": 2}
    return sorted(found, key=lambda concern: order[concern.urgency])


def _silence(state: StoreState, now: datetime) -> list[Concern]:
    if state.reported_at is None:
        sentence = "has said who it is, but reported nothing yet"
        return [_concern(state, "look", "silent", sentence, "See that its hub runs and that its token may report")]
    silent_for = now - state.reported_at
    if silent_for <= SILENT_AFTER:
        return []
    sentence = f"has not reported for {_span(silent_for)}; its figures are that old"
    return [_concern(state, "now", "silent", sentence, "See that the shop has power and a line; the hub sends what it kept")]


def _devices(state: StoreState, now: datetime) -> list[Concern]:
    if state.reported_at is None:
        return []
    found = []
    for device in state.devices:
        if device.state == "death" or state.reported_at - device.last_seen_at > DEVICE_SILENT_AFTER:
            sentence = f"device {device.device_id} has been silent for {_span(now - device.last_seen_at)}; its counts are missing"
            found.append(_concern(state, "soon", "device", sentence, "Ask the shop to look at its power and cable"))
        elif device.fault_codes:
            sentence = f"device {device.device_id} reports {', '.join(device.fault_codes).replace('_', ' ')}"
            found.append(_concern(state, "soon", "device", sentence, "Open the shop's own Devices page for the next step"))
    return found


def _footfall(state: StoreState) -> list[Concern]:
    change = state.comparison
    if change is None or change.change_share is None or change.usual_visitors is None or change.hours < HOURS_MIN:
        return []
    chance = SPREAD * sqrt(max(change.usual_visitors, 1.0))
    if abs(change.change_share) < CHANGE_MIN_SHARE or abs(change.visitors - change.usual_visitors) < chance:
        return []
    way = "under" if change.change_share < 0 else "over"
    sentence = (
        f"visitors {abs(change.change_share):.0%} {way} the same weekdays and hours "
        f"({change.visitors} against {change.usual_visitors:.0f}, {change.hours} hours watched)"
    )
    return [_concern(state, "look", "footfall", sentence, "Holiday, weather, roadworks? Compare the hours on Footfall")]


def _quarantine(state: StoreState) -> list[Concern]:
    if state.quarantined == 0:
        return []
    sentence = f"{state.quarantined} facts were set aside because their time cannot be true"
    return [_concern(state, "look", "quarantine", sentence, "See that the clock of the shop's hub is right")]


def _concern(
    state: StoreState,
    urgency: Literal["now", "soon", "look"],
    kind: Literal["silent", "device", "footfall", "quarantine"],
    sentence: str,
    advice: str,
) -> Concern:
    return Concern(store_id=state.store_id, urgency=urgency, kind=kind, sentence=sentence, advice=advice)


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // 1440} days"

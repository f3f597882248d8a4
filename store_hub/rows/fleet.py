"""Rows of what devices run. Columns are explained in the migrations."""

from __future__ import annotations

from typing import NamedTuple


class DeviceFileRow(NamedTuple):
    """A device's configuration file, as the device told it last."""

    device_id: str
    version: int | None
    toml: str
    told_at_ms: int


class DeploymentRow(NamedTuple):
    """What a device was last sent of a kind, and how it fared with it. `message`: JSON, as the device is told it."""

    device_id: str
    kind: str
    version: str
    state: str
    reason: str
    message: bytes
    wanted_by: str
    wanted_at_ms: int
    changed_at_ms: int


class RolloutRow(NamedTuple):
    """The last rollout of software. `rings`: JSON, lists of devices, first to last; `ring`: the one that is under way.

    `chain_rollout_id`: the chain's name of it; empty where a person of the shop began it.
    """

    one: int
    version: str
    url: str
    sha256: str
    size_bytes: int
    rings: bytes
    ring: int
    stage: str
    reason: str
    started_by: str
    started_at_ms: int
    changed_at_ms: int
    chain_rollout_id: str = ""


class DeviceLogRow(NamedTuple):
    """The last lines of a device's log that somebody asked for. `lines`: JSON, of the last answer."""

    device_id: str
    request_no: int
    lines: bytes
    wanted_by: str
    wanted_at_ms: int
    told_at_ms: int | None

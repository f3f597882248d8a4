"""What a person wants of the shop's devices: another configuration, other software."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from store_hub.entries import Text, Told
from wire_format.deployments import ConfigurationText, Sha256, SoftwareVersion
from wire_format.identifiers import DeviceId, RolloutId


class ConfigurationAction(Told, frozen=True, kw_only=True, tag="configuration_action"):
    """A person sends a device another configuration file. `based_on`: SHA-256 of the file they had before them."""

    device_id: DeviceId
    toml: ConfigurationText
    based_on: Sha256
    by: Text = "staff"


class RolloutAction(Told, frozen=True, kw_only=True, tag="rollout_action"):
    """A person brings a release to the devices, to `first_device` first, or halts that: devices that have not begun do not begin.

    `chain_rollout_id`: the chain wants it. Then the hub may also `refuse`, with its `reason`; with `reach` one device, it goes to no other;
    and devices that have this release confirmed are left out.
    """

    action: Literal["start", "halt", "refuse"]
    version: SoftwareVersion
    first_device: DeviceId | None = None
    url: Annotated[str, Meta(max_length=2000)] = ""
    sha256: Sha256 | None = None
    size_bytes: Annotated[int, Meta(ge=0, le=2_000_000_000)] = 0
    by: Text = "staff"
    chain_rollout_id: RolloutId | None = None
    reach: Literal["one_device", "all"] = "all"
    reason: Annotated[str, Meta(max_length=800)] = ""


class LogAction(Told, frozen=True, kw_only=True, tag="log_action"):
    """A person wants to read the last lines of a device's log."""

    device_id: DeviceId
    by: Text = "staff"


AnyFleet = ConfigurationAction | RolloutAction | LogAction

"""Edge → hub: which configuration and software a device runs, and how it fared with new ones."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from wire_format.observed import Observation

ConfigurationText = Annotated[str, Meta(max_length=60_000, description="TOML; secrets are in files of their own, never in it")]
SoftwareVersion = Annotated[str, Meta(min_length=1, max_length=64)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class ConfigurationTold(Observation, frozen=True, kw_only=True, tag="configuration_told"):
    """The device's configuration file as it is in force, told at the start and whenever it changes (a calibration is kept in it, too).

    `version` is the hub's, null where the file was written by hand.
    """

    version: Annotated[int, Meta(ge=1)] | None
    toml: ConfigurationText


class DeploymentTold(Observation, frozen=True, kw_only=True, tag="deployment_told"):
    """How a device fared with what it was sent.

    `refused`: it was not even tried. `trying`: it runs, and must show that its sensors are well and that it reaches the hub.
    `confirmed`: it does. `rolled_back`: it did not, and what was before is in force again.
    """

    kind: Literal["configuration", "software"]
    version: SoftwareVersion
    state: Literal["refused", "trying", "confirmed", "rolled_back"]
    reason: Annotated[str, Meta(max_length=500)] = ""

"""Hub → edge → hub: the last lines of a device's log, on request."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from wire_format.identifiers import DeviceId
from wire_format.observed import Observation

RequestNumber = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class LogWanted(Struct, frozen=True, kw_only=True, tag_field="type", tag="log_wanted"):
    """Somebody wants to read the last lines of a device's log. Retained until it has answered; a number is answered once."""

    device_id: DeviceId
    request_no: RequestNumber
    lines: Annotated[int, Meta(ge=1, le=500)] = 200


class LogTold(Observation, frozen=True, kw_only=True, tag="log_told"):
    """The lines, oldest first, as the device's own log has them."""

    request_no: RequestNumber
    lines: Annotated[list[Annotated[str, Meta(max_length=1000)]], Meta(max_length=500)]

"""From a journal entry's bytes to what it says, the same way when it is booked and when it is replayed."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from store_hub.entries import AnyTold
from store_hub.entries_fleet import AnyFleet
from store_hub.entries_goods import AnyGoods
from store_hub.entries_settings import SettingsChange
from wire_format import codec
from wire_format.errors import MessageUndecodable, VersionUnknown
from wire_format.observations import AnyObservation, DeviceHealth
from wire_format.plans import Planogram


class Unreadable(NamedTuple):
    """Why an entry says nothing: `reason` as in the quarantine, `detail` one line for a person."""

    reason: str
    detail: str


Said = AnyObservation | AnyTold | AnyGoods | AnyFleet | SettingsChange | Planogram | DeviceHealth | Unreadable

EDGE = "edge"
HEALTH = "health"
PLANOGRAM = "planogram"
LIGHT = "light"
SETTINGS = "settings"
FOREIGN = "!"
"""What stands in place of a topic where a letter came in another device's name begins with this; no topic of a store does."""

AnyEntry = AnyTold | AnyGoods | AnyFleet | SettingsChange
_told: msgspec.json.Decoder[AnyEntry] = msgspec.json.Decoder(AnyEntry)


def read_entry(source: str, payload: bytes, *, topic: str | None) -> Said:
    """Return what an entry of the journal says."""
    if topic is not None and topic.startswith(FOREIGN):
        return Unreadable("foreign_sender", f"{topic.removeprefix(FOREIGN)}; revoke it: store-hub revoke DEVICE")
    if topic is not None:
        return Unreadable("bad_topic", f"topic {topic[:200]!r} names no observation; check the device's configuration")
    try:
        if source == EDGE:
            return codec.observations.decode(payload)
        if source == HEALTH:
            return codec.device_health.decode(payload)
        if source == PLANOGRAM:
            plan = codec.plans.decode(payload)
            return plan if isinstance(plan, Planogram) else Unreadable("undecodable", "the plan is no planogram")
        return _told.decode(payload)
    except VersionUnknown as error:
        return Unreadable("version_unknown", str(error))
    except (MessageUndecodable, msgspec.DecodeError) as error:
        return Unreadable("undecodable", str(error))

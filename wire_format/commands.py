"""Hub → edge: what was booked, how to be configured, which light to show."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from wire_format.identifiers import BookedSequence, DeviceId, LedgerId, OutboxId, ShelfId


class BookedThrough(Struct, frozen=True, kw_only=True, tag_field="type", tag="booked_through"):
    """The hub has booked every observation of this outbox up to here: the edge may forget them. Retained."""

    outbox_id: OutboxId
    booked_through: BookedSequence
    ledger_id: LedgerId


class DeviceConfiguration(Struct, frozen=True, kw_only=True, tag_field="type", tag="device_configuration"):
    """A device's whole configuration file, versioned. Retained."""

    device_id: DeviceId
    version: Annotated[int, Meta(ge=1)]
    toml: str


class ShelfLight(Struct, frozen=True, kw_only=True, tag_field="type", tag="shelf_light"):
    """What the light at a shelf should say. Retained."""

    shelf_id: ShelfId
    state: Literal["off", "pick_here", "refill_here", "fault"]


AnyCommand = BookedThrough | DeviceConfiguration | ShelfLight

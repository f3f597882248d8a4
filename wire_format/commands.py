"""Hub → edge: what was booked, how to be configured, which light to show."""

from __future__ import annotations

from hashlib import blake2b
from typing import Annotated, Literal

from msgspec import Meta, Struct

from wire_format.deployments import Sha256, SoftwareVersion
from wire_format.device_log import LogWanted as LogWanted
from wire_format.identifiers import BookedSequence, DeviceId, LedgerId, OutboxId, SessionId, ShelfId

LightState = Literal["off", "pick_here", "refill_here", "fault"]


class BookedThrough(Struct, frozen=True, kw_only=True, tag_field="type", tag="booked_through"):
    """The hub has booked every observation of this outbox up to here: the edge may forget them. Retained.

    `digest` is of the letter `booked_through` itself (BLAKE2b of 8 bytes over the payload, hex). An edge whose own letter of that number is
    another one is not alone with its outbox: a copied SD card. It forgets nothing and goes on in a new outbox, as it does when the hub
    calls the outbox `contested`. The hub knows what it has from the old one, and books it once.
    """

    outbox_id: OutboxId
    booked_through: BookedSequence
    ledger_id: LedgerId
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")] | None = None
    contested: bool = False


def letter_digest(payload: bytes) -> str:
    """The digest of a letter's payload, as `BookedThrough` names it."""
    return blake2b(payload, digest_size=8).hexdigest()


class DeviceConfiguration(Struct, frozen=True, kw_only=True, tag_field="type", tag="device_configuration"):
    """A device's whole configuration file, versioned. Retained."""

    device_id: DeviceId
    version: Annotated[int, Meta(ge=1)]
    toml: str
    based_on: (
        Annotated[Sha256, Meta(description="SHA-256 of the file that was edited; refused if the device's file is another now")] | None
    ) = None


class SoftwareWanted(Struct, frozen=True, kw_only=True, tag_field="type", tag="software_wanted"):
    """The software that a device should run. Retained. The bundle at `url` is signed: where it comes from does not matter."""

    device_id: DeviceId
    version: SoftwareVersion
    url: Annotated[str, Meta(pattern="^https?://", max_length=2000)]
    sha256: Sha256
    size_bytes: Annotated[int, Meta(ge=1, le=2_000_000_000)]


class ShelfLight(Struct, frozen=True, kw_only=True, tag_field="type", tag="shelf_light"):
    """What the light at a shelf should say. Retained. With `for_s` it says so for that long only, and `then` says what comes after."""

    shelf_id: ShelfId
    state: LightState
    for_s: Annotated[float, Meta(gt=0.0, le=86_400.0)] | None = None
    then: LightState = "off"


class CalibrationStepAsked(Struct, frozen=True, kw_only=True):
    """One load that lies on the scale now, to be weighed; `known_g` 0 is the empty shelf. Steps of a session are numbered from 1."""

    step: Annotated[int, Meta(ge=1)]
    known_g: Annotated[float, Meta(ge=0.0, le=1e7)]
    readings: Annotated[int, Meta(ge=3, le=1000)] = 20


class CalibrationRequest(Struct, frozen=True, kw_only=True, tag_field="type", tag="calibration_request"):
    """How the hub wants the calibration of a scale to stand: which loads are weighed, and whether their result is to be used. Retained.

    It says the whole wish each time, so that it may be lost, repeated or come late. A load the device has weighed already is not weighed
    again; one that is no longer listed is dropped. `accept`: use the result and keep it. `closed`: end it, whatever was weighed.
    """

    device_id: DeviceId
    shelf_id: ShelfId
    session_id: SessionId
    stage: Literal["open", "accept", "closed"]
    revision: Annotated[int, Meta(ge=0, description="grows with every change of the wish")] = 0
    steps: Annotated[list[CalibrationStepAsked], Meta(max_length=100)] = []


AnyCommand = BookedThrough | DeviceConfiguration | SoftwareWanted | LogWanted | ShelfLight | CalibrationRequest

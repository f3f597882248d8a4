"""Edge → hub: physical facts. Grams, tags, floor positions, counts; never units or meaning."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from wire_format.deployments import ConfigurationTold as ConfigurationTold
from wire_format.deployments import DeploymentTold as DeploymentTold
from wire_format.device_log import LogTold as LogTold
from wire_format.identifiers import (
    BootId,
    ButtonId,
    Count,
    DeviceId,
    DoorId,
    Epc,
    OutboxId,
    SessionId,
    Share,
    ShelfId,
    WallClockMs,
    ZoneId,
)
from wire_format.observed import Observation as Observation
from wire_format.people import DoorCrossing as DoorCrossing
from wire_format.people import FloorCell as FloorCell
from wire_format.people import FloorDwell as FloorDwell
from wire_format.people import FloorZones as FloorZones
from wire_format.people import PersonSeconds as PersonSeconds
from wire_format.people import QueueLength as QueueLength
from wire_format.people import ZonePath as ZonePath
from wire_format.people import ZoneStay as ZoneStay

Grams = Annotated[float, Meta(ge=-1e7, le=1e7, description="grams")]


class ShelfWeight(Observation, frozen=True, kw_only=True, tag="shelf_weight"):
    """A shelf came to rest at a new weight, or confirms the old one.

    `moved_at_ms` is when the motion that led here began (wall clock); null when nothing had moved.
    `drift_g` is the zero drift and creep followed so far at rest, already taken out of `weight_g`.
    """

    shelf_id: ShelfId
    weight_g: Grams
    spread_g: Annotated[float, Meta(ge=0.0, description="largest minus smallest reading of the resting window, grams")]
    moved_at_ms: WallClockMs | None = None
    temperature_c: Annotated[float, Meta(ge=-60.0, le=120.0)] | None = None
    drift_g: Grams = 0.0


class TagSeen(Observation, frozen=True, kw_only=True, tag="tag_seen"):
    """A tag is now believed to be in a zone."""

    epc: Epc
    zone_id: ZoneId
    confidence: Share
    rssi_dbm: Annotated[float, Meta(ge=-120.0, le=30.0)] | None = None


class TagLeft(Observation, frozen=True, kw_only=True, tag="tag_left"):
    """A tag is no longer believed to be in a zone. `last_read_at_ms` is the wall clock of its last read there."""

    epc: Epc
    zone_id: ZoneId
    confidence: Share
    last_read_at_ms: WallClockMs


class TagMoved(Observation, frozen=True, kw_only=True, tag="tag_moved"):
    """A tag was carried from one zone to another, past antennas whose places are known, or through a door of theirs.

    Says how it moved. Where antennas look, `TagSeen` and `TagLeft` say where it is; through a door, it is on the far side until they do.
    `heading_deg` turns from the plan's x axis (to the right) towards its y axis (down) and is null where only the zones are known.
    `confidence` is the chance that the way told is right: it went through the door, or its heading is right within 45°. `direction` is
    through the door, `in` from its left to its right, seen from its first point. A door without a `to_zone_id` leads out of the shop.
    """

    epc: Epc
    confidence: Share
    from_zone_id: ZoneId | None = None
    to_zone_id: ZoneId | None = None
    door_id: DoorId | None = None
    direction: Literal["in", "out"] | None = None
    heading_deg: Annotated[float, Meta(ge=0.0, le=360.0)] | None = None
    speed_m_s: Annotated[float, Meta(ge=0.0, le=50.0)] | None = None


class ButtonPressed(Observation, frozen=True, kw_only=True, tag="button_pressed"):
    """Somebody pressed a button at a shelf. Held long, it tares the shelf's scale: `tared`, or `tare_refused` with the reason."""

    button_id: ButtonId
    shelf_id: ShelfId | None = None
    action: Literal["pressed", "tared", "tare_refused"] = "pressed"
    detail: Annotated[str, Meta(max_length=300)] = ""


class WeighedLoad(Struct, frozen=True, kw_only=True):
    """A load of a calibration as the converter read it. Counts are of a 24-bit converter, −8,388,608 to 8,388,607."""

    step: Annotated[int, Meta(ge=1)]
    known_g: Grams
    readings: Count
    mean_counts: float
    spread_counts: Annotated[float, Meta(ge=0.0, description="largest minus smallest reading")]
    temperature_c: float | None = None


class JudgedLoad(Struct, frozen=True, kw_only=True):
    """A load as the new calibration would weigh it; `limit_g` is what OIML class III allows there at the result's interval."""

    known_g: Grams
    weighed_g: Grams
    error_g: Grams
    spread_g: Grams
    limit_g: Grams | None = None


class CalibrationResult(Struct, frozen=True, kw_only=True):
    """What the weighed loads make together, and how it stands to OIML class III at the finest verification interval that it meets."""

    counts_per_gram: float
    tare_counts: float
    linearity_g: float
    repeatability_g: float
    hysteresis_g: float | None = None
    temperature_coefficient_g_per_c: float | None = None
    temperature_standard_error_g_per_c: float | None = None
    meets_class_iii: bool = False
    finest_interval_g: float | None = None
    loads: list[JudgedLoad] = []


class CalibrationProgress(Observation, frozen=True, kw_only=True, tag="calibration_progress"):
    """How the calibration of a scale stands at the device: said whenever it changes. While it lasts, the scale tells no weights.

    `ready`: it waits for a load to weigh. `weighing`: it takes readings of the newest step. `refused`: step `refused_step`, or the whole,
    makes no sense; `problem` and `advice` say why. `applied`: the result is in use and in the device's file. `ended`: nobody went on.
    Steps through `handled_through` are answered: those not in `loads` were refused or dropped.
    """

    shelf_id: ShelfId
    session_id: SessionId
    stage: Literal["ready", "weighing", "refused", "applied", "ended"]
    handled_through: Count = 0
    loads: list[WeighedLoad] = field(default_factory=list)
    refused_step: Count = 0
    problem: str = ""
    advice: str = ""
    result: CalibrationResult | None = None


class Estimate(Struct, frozen=True, kw_only=True):
    """A share with the interval that holds it, 95 times of 100: 0 to 1."""

    value: Share
    low: Share
    high: Share


class CameraAudited(Observation, frozen=True, kw_only=True, tag="camera_audited"):
    """A person has compared a camera's crossings of one door line with what a film shows.

    `counted` crossings were counted in `film_ms` of film; of the `judged` ones `right` were right. `missed` were seen by the person
    alone, in `looked_ms` of the film. `precision`: counted crossings that were right; `recall`: crossings that were counted;
    `count_accuracy`: one less the error of the total. Null where too little was judged to say. `method` names how the intervals were made.
    """

    area_id: ZoneId
    door_id: DoorId
    audited_at_ms: WallClockMs
    film_ms: Annotated[int, Meta(ge=0)]
    looked_ms: Annotated[int, Meta(ge=0)]
    counted: Count
    judged: Count
    right: Count
    missed: Count
    precision: Estimate | None
    recall: Estimate | None
    count_accuracy: Estimate | None
    method: str = ""


class Shed(Observation, frozen=True, kw_only=True, tag="shed"):
    """A full outbox let something go: stands in the place of its own sequence through `through_sequence`.

    Without it the hub would wait for ever at the gap. `counts` says how many of each observation type were lost.
    """

    through_sequence: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    counts: dict[str, int]


AnyObservation = (
    ShelfWeight
    | TagSeen
    | TagLeft
    | TagMoved
    | DoorCrossing
    | FloorDwell
    | FloorZones
    | QueueLength
    | ButtonPressed
    | CameraAudited
    | CalibrationProgress
    | ConfigurationTold
    | DeploymentTold
    | LogTold
    | Shed
)


class Fault(Struct, frozen=True, kw_only=True):
    """Something at a device that is not well: `part` is a shelf, antenna or camera; `advice` says what to do."""

    code: str
    part: str
    message: str
    advice: str = ""
    since_ms: WallClockMs | None = None


class DeviceHealth(Struct, frozen=True, kw_only=True, tag_field="type", tag="device_health"):
    """How a device is. Retained, one per device, outside the outbox: the broker itself says `death` by last will.

    `shed` counts, per observation type, what a full outbox had to let go since the outbox was made.
    """

    device_id: DeviceId
    boot_id: BootId
    state: Literal["birth", "alive", "death"]
    sent_at_ms: WallClockMs
    agent_version: str
    outbox_id: OutboxId | None = None
    uptime_s: Annotated[float, Meta(ge=0.0)] = 0.0
    outbox_depth: Count = 0
    outbox_capacity: Count = 0
    shed: dict[str, int] = {}
    temperature_c: float | None = None
    disk_free_mb: float | None = None
    faults: list[Fault] = []
    parts: list[str] = []


class ClockReading(Struct, frozen=True, kw_only=True, tag_field="type", tag="clock_reading"):
    """What a device's clocks say at the moment of sending, so that the hub can place its observations in time.

    The hub keeps `hub_clock - monotonic_ms` per `(outbox_id, boot_id)`; an observation of that boot then has a true time even
    when the device's wall clock is wrong, and however long it lay in the outbox.
    """

    device_id: DeviceId
    boot_id: BootId
    monotonic_ms: Count
    wall_clock_ms: WallClockMs

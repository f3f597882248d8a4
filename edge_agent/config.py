"""A device's configuration, from TOML. Unknown keys are refused, with file, line and field."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from wire_format.identifiers import DeviceId, DoorId, ShelfId, StoreId, ZoneId

Positive = Annotated[float, Meta(gt=0.0)]
PositiveInt = Annotated[int, Meta(ge=1)]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class BrokerConfig(Section, frozen=True, kw_only=True):
    """Where the hub's broker listens."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None


class OutboxConfig(Section, frozen=True, kw_only=True):
    """The file that holds what the hub has not booked yet."""

    path: str = "var/outbox.sqlite"
    capacity: PositiveInt = 1_000_000


class SettlingConfig(Section, frozen=True, kw_only=True):
    """When a scale counts as at rest."""

    window_ms: PositiveInt = 800
    spread_max_g: Positive | None = None
    change_min_g: Positive | None = None


class ScaleConfig(Section, frozen=True, kw_only=True):
    """A shelf's scale: how it is wired and what its counts mean."""

    shelf_id: ShelfId
    adapter: Literal["iio", "recording"] = "iio"
    iio_device: str | None = None
    recording: str | None = None
    counts_per_gram: float
    tare_counts: float
    capacity_g: Positive = 50_000.0
    sample_rate_hz: Positive = 10.0
    temperature_coefficient_g_per_c: float = 0.0
    confirm_every_s: Positive = 300.0
    settling: SettlingConfig = SettlingConfig()


class AntennaConfig(Section, frozen=True, kw_only=True):
    """Which zone an antenna looks at, and how loud it speaks."""

    antenna: PositiveInt
    zone_id: ZoneId
    power_dbm: float | None = None


class ReaderConfig(Section, frozen=True, kw_only=True):
    """A UHF reader and its antennas."""

    reader_id: ShelfId
    adapter: Literal["llrp", "recording"] = "llrp"
    host: str | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] = 5084
    recording: str | None = None
    antennas: list[AntennaConfig]


class LineConfig(Section, frozen=True, kw_only=True):
    """A door line in the picture, pixels: `in` is from left to right of it, seen from its first point."""

    door_id: DoorId
    x1: float
    y1: float
    x2: float
    y2: float


class FloorPointConfig(Section, frozen=True, kw_only=True):
    """A point of the floor: where it is in the picture (pixels) and on the plan (metres)."""

    x_px: float
    y_px: float
    x_m: float
    y_m: float


class FloorConfig(Section, frozen=True, kw_only=True):
    """How the picture lies on the store's plan: four or more points, or a Tsai calibration file."""

    points: list[FloorPointConfig] = []
    tsai_file: str | None = None
    cell_size_m: Positive = 0.5
    origin_x_m: float = 0.0
    origin_y_m: float = 0.0


class CameraConfig(Section, frozen=True, kw_only=True):
    """A camera that counts people. `source` is a film, a device number, or an rtsp:// address."""

    area_id: ZoneId
    source: str
    detector: str = "person_detector"
    score_min: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.4
    frames_per_s: Positive | None = None
    lines: list[LineConfig] = []
    floor: FloorConfig | None = None


class EdgeConfig(Section, frozen=True, kw_only=True):
    """The whole file."""

    store_id: StoreId
    device_id: DeviceId
    broker: BrokerConfig = BrokerConfig()
    outbox: OutboxConfig = OutboxConfig()
    scales: list[ScaleConfig] = []
    readers: list[ReaderConfig] = []
    cameras: list[CameraConfig] = []
    health_every_s: Positive = 60.0

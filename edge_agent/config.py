"""A device's configuration, from TOML. Unknown keys are refused, with file, line and field.

Relative file names in it are taken from the folder in which the program is started.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from msgspec import Meta

from edge_agent.errors import ConfigurationInvalid
from edge_agent.floor_config import FloorTileConfig, FloorZoneConfig, LensConfig, floor_mistakes, twice_counted, zone_mistakes
from edge_agent.picture_areas import MaskConfig, SecondLookConfig, look_mistakes
from edge_agent.reader_wiring import AntennaConfig as AntennaConfig
from edge_agent.reader_wiring import ReaderConfig as ReaderConfig
from edge_agent.reader_wiring import TagDoorConfig as TagDoorConfig
from edge_agent.reader_wiring import reader_mistakes
from edge_agent.scale_wiring import sharing_mistakes, wiring_mistakes
from edge_agent.shelf_wiring import signal_mistakes
from toml_settings import Place, Positive, PositiveInt, Section, SettingsFile, Wrong
from wire_format.identifiers import ButtonId, DeviceId, DoorId, ShelfId, StoreId, ZoneId

GpioNumber = Annotated[int, Meta(ge=0, le=27)]


class BrokerConfig(Section, frozen=True, kw_only=True):
    """Where the hub's broker listens. `server_name`: the name in its certificate; `hub`: the door that renews this device's. See `join`."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    hub: Annotated[str, Meta(pattern="^.+:[0-9]{1,5}$")] | None = None


class OutboxConfig(Section, frozen=True, kw_only=True):
    """The file that holds what the hub has not booked yet."""

    path: str = "var/outbox.sqlite"
    capacity: PositiveInt = 1_000_000


class SettlingConfig(Section, frozen=True, kw_only=True):
    """When a scale counts as at rest."""

    window_ms: PositiveInt = 600
    spread_max_g: Positive | None = None
    change_min_g: Positive | None = None


class ScaleConfig(Section, frozen=True, kw_only=True):
    """A shelf's scale: how it is wired and what its counts mean."""

    shelf_id: ShelfId
    adapter: Literal["iio", "gpio", "nau7802", "mqtt", "recording"] = "iio"
    iio_device: str | None = None
    clock_pin: GpioNumber | None = None
    data_pin: GpioNumber | None = None
    i2c_bus: Annotated[int, Meta(ge=0, le=255)] | None = None
    gain: int = 128
    topic: str | None = None
    temperature_topic: str | None = None
    recording: str | None = None
    counts_per_gram: float
    tare_counts: float
    capacity_g: Positive = 50_000.0
    sample_rate_hz: Positive = 10.0
    temperature_coefficient_g_per_c: float = 0.0
    confirm_every_s: Positive = 300.0
    settling: SettlingConfig = SettlingConfig()


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
    """How the picture lies on the store's plan: four or more points, a rectangle of floor tiles, or a Tsai calibration file."""

    points: list[FloorPointConfig] = []
    tile: FloorTileConfig | None = None
    lens: LensConfig | None = None
    tsai_file: str | None = None
    cell_size_m: Positive = 0.5
    origin_x_m: float = 0.0
    origin_y_m: float = 0.0


class CameraConfig(Section, frozen=True, kw_only=True):
    """A camera that counts people. `source` is a film, a device number, or an rtsp:// address."""

    area_id: ZoneId
    source: str
    detector: str = "default"
    score_min: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.5
    frames_per_s: Positive | None = None
    skip_unchanged: bool = True
    lines: list[LineConfig] = []
    masks: list[MaskConfig] = []
    second_looks: list[SecondLookConfig] = []
    floor: FloorConfig | None = None
    zones: Annotated[list[FloorZoneConfig], Meta(max_length=100)] = []


class ButtonConfig(Section, frozen=True, kw_only=True):
    """A button at a shelf: pressed, it takes the shelf's tasks; held for `tare_hold_s`, it zeroes the shelf's scale."""

    button_id: ButtonId
    shelf_id: ShelfId
    adapter: Literal["gpio", "simulated"] = "gpio"
    pin: GpioNumber | None = None
    tare_hold_s: Annotated[float, Meta(ge=1.0, le=30.0)] = 3.0
    tare_max_g: Positive | None = None
    presses_s: list[tuple[float, float]] = []


class LightConfig(Section, frozen=True, kw_only=True):
    """A light at a shelf. What the hub wishes of it is shown for `timeout_s` at most."""

    shelf_id: ShelfId
    adapter: Literal["gpio", "simulated"] = "gpio"
    pin: GpioNumber | None = None
    active_high: bool = True
    timeout_s: Positive = 14_400.0


class EdgeConfig(Section, frozen=True, kw_only=True):
    """The whole file."""

    store_id: StoreId
    device_id: DeviceId
    broker: BrokerConfig = BrokerConfig()
    outbox: OutboxConfig = OutboxConfig()
    scales: list[ScaleConfig] = []
    readers: list[ReaderConfig] = []
    cameras: list[CameraConfig] = []
    buttons: list[ButtonConfig] = []
    lights: list[LightConfig] = []
    health_every_s: Positive = 60.0


S = TypeVar("S", bound=Section)


def load_config(path: Path, *, text: str | None = None) -> EdgeConfig:
    """Read a device's whole file, or `text` as if it were that file.

    Raises:
        ConfigurationInvalid: no such file, no TOML, an unknown key, a wrong type, or values that cannot be meant together.
    """
    file = SettingsFile(path, ConfigurationInvalid, text=text)
    config = file.convert(EdgeConfig)
    for wrong in _contradictions(config):
        raise file.invalid(wrong)
    return config


def is_device_file(path: Path) -> bool:
    """Whether a file is a device's whole file, and not one part's keys.

    Raises:
        ConfigurationInvalid: it cannot be read.
    """
    return "device_id" in SettingsFile(path, ConfigurationInvalid).content


def load_part(path: Path, shape: type[S], *, name: str | None = None, text: str | None = None, **assumed: str) -> S:
    """Read one scale, reader or camera: from a file that holds just its keys, or from a device's whole file.

    Args:
        path: the TOML file.
        shape: `ScaleConfig`, `ReaderConfig` or `CameraConfig`.
        name: which one, where a device's file has several.
        text: read this as if it were the file.
        assumed: keys that take the place of what the file says, for instance the recording to be replayed.

    Raises:
        ConfigurationInvalid: as `load_config`, and where the name fits none or several.
    """
    tables, key, _ = _PARTS[shape]
    file = SettingsFile(path, ConfigurationInvalid, text=text)
    content = file.content
    place: Place = ()
    if tables in content or "device_id" in content:
        config = load_config(path, text=text)
        listed = [getattr(part, key) for part in getattr(config, tables)]
        fitting = [number for number, known in enumerate(listed) if name in (None, known)]
        if len(fitting) != 1:
            asked = f"no {key} {name!r}" if name else f"{len(listed)} of them"
            raise file.invalid(Wrong((tables,), f"{asked}; name one of: {', '.join(listed) or 'none is configured'}"))
        place = (tables, fitting[0])
        content = content[tables][fitting[0]]
    part = file.convert(shape, content={**content, **assumed}, base=place)
    for wrong in _contradictions_of(part, place):
        raise file.invalid(wrong)
    return part


def _contradictions(config: EdgeConfig) -> Iterator[Wrong]:
    for tables, key, what in _PARTS.values():
        names = [getattr(part, key) for part in getattr(config, tables)]
        for number, name in enumerate(names):
            if name in names[:number]:
                yield Wrong((tables, number, key), f"{name!r} is the name of {what} above already; every one needs its own")
            yield from _contradictions_of(getattr(config, tables)[number], (tables, number))
    yield from (Wrong(("scales", number, key), problem) for number, key, problem in sharing_mistakes(config.scales))
    drawn = [(camera.area_id, [zone.zone_id for zone in camera.zones]) for camera in config.cameras]
    yield from (Wrong(("cameras", *here), problem) for here, problem in twice_counted(drawn))
    yield from (Wrong((tables, number, key), problem) for tables, number, key, problem in signal_mistakes(config))
    broker = config.broker
    if (broker.certificate_file is None) != (broker.key_file is None):
        missing = "key_file" if broker.key_file is None else "certificate_file"
        yield Wrong(("broker", missing), "is missing: certificate_file and key_file belong together")
    if broker.hub is not None and None in (broker.ca_file, broker.certificate_file):
        yield Wrong(("broker", "hub"), "needs ca_file and certificate_file; write all of them with: edge-agent join CODE")
    if broker.password_file is not None and broker.username is None:
        yield Wrong(("broker", "username"), "is missing: a password_file needs the username it belongs to")


def _contradictions_of(part: Section, place: Place) -> Iterator[Wrong]:
    match part:
        case ReaderConfig(adapter="recording", recording=None):
            yield Wrong((*place, "recording"), 'is missing: adapter = "recording" needs the file to read from')
        case ScaleConfig(counts_per_gram=counts) if counts == 0:
            yield Wrong((*place, "counts_per_gram"), "must not be 0; calibrate the scale with a known weight")
        case ReaderConfig(adapter="llrp", host=None):
            yield Wrong((*place, "host"), "is missing: the reader's address on the network")
        case ReaderConfig(antennas=[]):
            yield Wrong((*place, "antennas"), "none is listed; add [[readers.antennas]] with antenna and zone_id")
        case CameraConfig():
            yield from _camera_contradictions(part, place)
    if isinstance(part, ScaleConfig):
        yield from (Wrong((*place, key), problem) for key, problem in wiring_mistakes(part))
    if isinstance(part, ReaderConfig):
        yield from (Wrong((*place, *where), problem) for where, problem in reader_mistakes(part))


def _camera_contradictions(camera: CameraConfig, place: Place) -> Iterator[Wrong]:
    doors = [line.door_id for line in camera.lines]
    for index, line in enumerate(camera.lines):
        if (line.x1, line.y1) == (line.x2, line.y2):
            yield Wrong((*place, "lines", index), f"the line of door {line.door_id!r} is a point; its two ends must differ")
        if line.door_id in doors[:index]:
            yield Wrong((*place, "lines", index, "door_id"), f"door {line.door_id!r} has a line above already")
    yield from look_mistakes(camera.second_looks, place)
    yield from (Wrong((*place, *here), problem) for here, problem in zone_mistakes(camera.zones, has_floor=camera.floor is not None))
    if (floor := camera.floor) is not None:
        ways = {"points": floor.points, "tile": floor.tile, "tsai_file": floor.tsai_file}
        spots = {(point.x_px, point.y_px) for point in floor.points}
        mistakes = floor_mistakes([key for key, told in ways.items() if told], spots=len(spots), has_lens=floor.lens is not None)
        yield from (Wrong((*place, "floor", key), problem) for key, problem in mistakes)


_PARTS: dict[type[Section], tuple[str, str, str]] = {
    ScaleConfig: ("scales", "shelf_id", "a scale"),
    ReaderConfig: ("readers", "reader_id", "a reader"),
    CameraConfig: ("cameras", "area_id", "a camera"),
    ButtonConfig: ("buttons", "button_id", "a button"),
    LightConfig: ("lights", "shelf_id", "a light"),
}

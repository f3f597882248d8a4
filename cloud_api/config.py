"""The cloud's configuration, from TOML. Unknown keys are refused, with file, line and field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from access_control.provider_config import ProviderConfig
from cloud_api.errors import ConfigurationInvalid
from toml_settings import Port, Positive, PositiveInt, Section, SettingsFile

S = TypeVar("S", bound=Struct)


class ListenConfig(Section, frozen=True, kw_only=True):
    """Where hubs and planners find the cloud."""

    host: str = "127.0.0.1"
    port: Port = 8090


class DatabaseConfig(Section, frozen=True, kw_only=True):
    """Where the records are kept: a server by `url`, or else one that the program runs itself in `data_dir`."""

    url: str | None = None
    data_dir: str = "var/records"
    binaries: str | None = None
    pool_size: PositiveInt = 10
    connect_timeout_s: PositiveInt = 10
    statement_timeout_s: PositiveInt = 60


class TokensConfig(Section, frozen=True, kw_only=True):
    """The file that says which bearer token opens which store, and which are planners'."""

    file: str | None = None


class PeopleConfig(Section, frozen=True, kw_only=True):
    """How long a log-in lasts, at most and unused; whether the pages need none on this machine alone; where browsers find the pages."""

    session_hours: Positive = 12.0
    idle_hours: Positive = 4.0
    open_on_loopback: bool = False
    page_url: Annotated[str, Meta(pattern=r"^https?://[^/]")] | None = None


class IngestConfig(Section, frozen=True, kw_only=True):
    """Bounds on what a hub may send at once, and which times are believed."""

    body_max_bytes: PositiveInt = 8 * 1024 * 1024
    future_max_days: PositiveInt = 7


class FleetConfig(Section, frozen=True, kw_only=True):
    """Software for the shops' devices: the folder of signed `releases`; the keys that may sign are `*.pub` in its folder `keys`.

    `ring_wait_max_h`: a rollout halts where a shop of the ring under way has not finished after so many hours.
    """

    releases: str = "var/chain-releases"
    ring_wait_max_h: Annotated[float, Meta(gt=0.0, le=8760.0)] = 48.0


class RetentionConfig(Section, frozen=True, kw_only=True):
    """How many whole months of quarter-hours are kept beside the present one; 0 keeps all. Days and hours of visitors stay in any case."""

    quarter_months: Annotated[int, Meta(ge=0, le=600)] = 0


ServiceLevel = Annotated[float, Meta(gt=0.5, lt=1.0)]


class TransfersConfig(Section, frozen=True, kw_only=True):
    """Which shops hand goods to each other (`groups` of names), what a trip costs and takes, and how long a giver keeps its own."""

    groups: list[list[str]] = []
    trip_minor: Annotated[int, Meta(ge=0)] = 1500
    days: Positive = 1.0
    kept_days: Positive = 28.0


class WebhookConfig(Section, frozen=True, kw_only=True):
    """A server that is told of approved orders; of one supplier's, or of all that no other entry names."""

    url: Annotated[str, Meta(pattern=r"^https?://[^/]")]
    secret_file: str
    supplier: str = "*"


class PlanningConfig(Section, frozen=True, kw_only=True):
    """How orders are proposed; `service_levels` by category of the product master. Terms that planners keep come before all of these."""

    every_s: Positive = 60.0
    history_days: PositiveInt = 182
    review_days: Positive = 1.0
    service_level: ServiceLevel = 0.95
    service_by_cost: bool = False
    service_levels: dict[str, ServiceLevel] = {}
    holding_per_year: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.25
    transfers: TransfersConfig = TransfersConfig()
    webhooks: list[WebhookConfig] = []


class CloudConfig(Section, frozen=True, kw_only=True):
    """The whole file."""

    listen: ListenConfig = ListenConfig()
    database: DatabaseConfig = DatabaseConfig()
    tokens: TokensConfig = TokensConfig()
    people: PeopleConfig = PeopleConfig()
    oidc: ProviderConfig | None = None
    ingest: IngestConfig = IngestConfig()
    retention: RetentionConfig = RetentionConfig()
    fleet: FleetConfig = FleetConfig()
    planning: PlanningConfig = PlanningConfig()


def load_config(path: Path | None) -> CloudConfig:
    """Read the configuration, or the defaults where no file is named.

    Raises:
        ConfigurationInvalid: no such file, no TOML, an unknown key, a wrong type or a value out of bounds.
    """
    return CloudConfig() if path is None else read_toml(path, CloudConfig)


def read_toml(path: Path, shape: type[S]) -> S:
    """Read a TOML file into a struct.

    Raises:
        ConfigurationInvalid: with the file, the line where it can be found, and the field.
    """
    return SettingsFile(path, ConfigurationInvalid).convert(shape)

"""The hub's configuration, from TOML. Unknown keys are refused, with file, line and field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from access_control.provider_config import ProviderConfig
from store_hub.errors import ConfigurationInvalid
from toml_settings import Port, Positive, PositiveInt, Section, SettingsFile
from wire_format.identifiers import StoreId

S = TypeVar("S", bound=Struct)

_ADDRESS = "^https?://[^/ ]+"
Address = Annotated[str, Meta(pattern=_ADDRESS)]
_TIME_OF_DAY = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_WORDS = {
    f"`str` matching regex {_ADDRESS!r}": "an address such as https://cloud.example",
    f"`str` matching regex {_TIME_OF_DAY!r}": "a time of day such as 03:10",
}


class BrokerConfig(Section, frozen=True, kw_only=True):
    """The broker that the shop's edge agents speak to."""

    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None


class TrustConfig(Section, frozen=True, kw_only=True):
    """The shop's own certificates: where its authority is, and where devices join. Without this section there are none.

    `names`: further names and addresses of this machine, for browsers. `broker_folder`: what the broker reads, `folder`/broker by default.
    `node_port`: where ESP32 shelf nodes reach the broker; without it none do. `reload_broker`: the command after which it reads it again.
    `announce`: be found in the shop's network by multicast DNS.
    """

    folder: str = "var/trust"
    host: str = "0.0.0.0"
    port: Port = 8443
    names: list[str] = []
    broker_folder: str | None = None
    reload_broker: list[str] = []
    certificate_days: Annotated[float, Meta(gt=0.0, le=825.0)] = 90.0
    node_port: Port | None = None
    announce: bool = True


class LedgerConfig(Section, frozen=True, kw_only=True):
    """The file that is the shop's truth. `compact_keep_days`: what devices told before that a snapshot stands in for; 0: nothing, ever."""

    path: str = "var/ledger.sqlite"
    compact_keep_days: Annotated[int, Meta(ge=0, le=3660)] = 90


class BookkeepingConfig(Section, frozen=True, kw_only=True):
    """How much is booked at once, how much may wait for it, and how much of one device comes first: ten seconds' worth, then this pace."""

    batch_max: PositiveInt = 500
    gather_ms: Annotated[float, Meta(ge=0.0, le=1000.0)] = 1.0
    inbox_max: PositiveInt = 4000
    device_letters_per_s: Positive = 500.0


class HttpConfig(Section, frozen=True, kw_only=True):
    """Where pages and doors listen, and with which certificate: one of your own, or (`shop_certificate`) the shop's, of `[trust]`.

    `token_file`: bearer tokens that open all doors, one a line. Without it and without keys (`store-hub keys`), only this machine may book.
    """

    host: str = "127.0.0.1"
    port: Port = 8080
    token_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    shop_certificate: bool = False


class PeopleConfig(Section, frozen=True, kw_only=True):
    """Who may open the pages: whoever has logged in. `open_on_loopback`: whoever is at this machine, and then nobody else can."""

    open_on_loopback: bool = False
    session_hours: Positive = 12.0
    idle_hours: Positive = 4.0


class CloudConfig(Section, frozen=True, kw_only=True):
    """The chain's cloud. Without a `url` the hub keeps its facts until it has one."""

    url: Address | None = None
    token_file: str | None = None
    report_every_s: Positive = 60.0
    plans_every_s: Positive = 300.0
    timeout_s: Positive = 20.0


class PagerConfig(Section, frozen=True, kw_only=True):
    """Where staff are called: any address that apprise knows. `page_url` is the hub's address as staff's phones see it."""

    urls: list[str] = []
    page_url: str | None = None


class MirrorConfig(Section, frozen=True, kw_only=True):
    """The history mirror: InfluxDB 2 or VictoriaMetrics. Rebuildable, never read for the shop's state."""

    url: Address | None = None
    token_file: str | None = None
    org: str = "aislewise"
    bucket: str = "aislewise"


class PrivacyConfig(Section, frozen=True, kw_only=True):
    """What leaves the shop: counts of fewer than `people_min` people are withheld from the cloud, the mirror and exports. 1: nothing is."""

    people_min: Annotated[int, Meta(ge=1, le=1000)] = 1


class BackupConfig(Section, frozen=True, kw_only=True):
    """A backup each night, encrypted for `recipients` (age). Best a `folder` on another machine's disk. Without one there is no backup."""

    folder: str | None = None
    recipients: list[str] = []
    at: Annotated[str, Meta(pattern=_TIME_OF_DAY)] = "03:10"
    keep_days: PositiveInt = 14
    keep_weeks: PositiveInt = 8


class FleetConfig(Section, frozen=True, kw_only=True):
    """Software for the devices: the folder of signed `releases`, and the hub's `address` as devices reach it."""

    releases: str = "var/releases"
    address: Address | None = None


class HomeAssistantConfig(Section, frozen=True, kw_only=True):
    """Let Home Assistant, on the same broker, find shelves, people and alerts by itself. `prefix`: its discovery prefix."""

    enabled: bool = False
    prefix: Annotated[str, Meta(pattern="^[^+#]+$")] = "homeassistant"


class WebhookConfig(Section, frozen=True, kw_only=True):
    """A server that is told of alerts, signed. `secret_file`: `whsec_…`, shared with it."""

    url: Address
    secret_file: str


class FolderConfig(Section, frozen=True, kw_only=True):
    """A folder in which other systems put CSV files (sales, returns, deliveries, counts, products, prices). No `path`: none is watched."""

    path: str | None = None


class HubConfig(Section, frozen=True, kw_only=True):
    """The whole file. Without a `store_id` the planogram's or the ledger's own is used; `planogram` is what `init` puts in force."""

    store_id: StoreId | None = None
    planogram: str | None = None
    broker: BrokerConfig = BrokerConfig()
    trust: TrustConfig | None = None
    ledger: LedgerConfig = LedgerConfig()
    bookkeeping: BookkeepingConfig = BookkeepingConfig()
    http: HttpConfig = HttpConfig()
    people: PeopleConfig = PeopleConfig()
    oidc: ProviderConfig | None = None
    cloud: CloudConfig = CloudConfig()
    pager: PagerConfig = PagerConfig()
    mirror: MirrorConfig = MirrorConfig()
    privacy: PrivacyConfig = PrivacyConfig()
    backup: BackupConfig = BackupConfig()
    fleet: FleetConfig = FleetConfig()
    home_assistant: HomeAssistantConfig = HomeAssistantConfig()
    webhooks: list[WebhookConfig] = []
    folder: FolderConfig = FolderConfig()


def load_config(path: Path | None) -> HubConfig:
    """Read the configuration, or the defaults where no file is named.

    Raises:
        ConfigurationInvalid: no such file, no TOML, an unknown key, a wrong type or a value out of bounds.
    """
    return HubConfig() if path is None else read_toml(path, HubConfig)


def read_toml(path: Path, shape: type[S]) -> S:
    """Read a TOML file into a struct.

    Raises:
        ConfigurationInvalid: with the file, the line where it can be found, and the field.
    """
    return SettingsFile(path, ConfigurationInvalid, words=_WORDS).convert(shape)

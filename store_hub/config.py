"""The hub's configuration, from TOML. Unknown keys are refused, with file, line and field."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from store_hub.errors import ConfigurationInvalid
from wire_format.identifiers import StoreId

T = TypeVar("T")

Positive = Annotated[float, Meta(gt=0.0)]
PositiveInt = Annotated[int, Meta(ge=1)]
_ADDRESS = "^https?://[^/ ]+"
Address = Annotated[str, Meta(pattern=_ADDRESS)]
Port = Annotated[int, Meta(ge=1, le=65535)]


_WORDS = {
    f"`str` matching regex {_ADDRESS!r}": "an address such as https://cloud.example",
    "`str`": "text",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`object`": "a table",
    "`array`": "a list",
}


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class BrokerConfig(Section, frozen=True, kw_only=True):
    """The broker that the shop's edge agents speak to."""

    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None


class LedgerConfig(Section, frozen=True, kw_only=True):
    """The file that is the shop's truth."""

    path: str = "var/ledger.sqlite"


class BookkeepingConfig(Section, frozen=True, kw_only=True):
    """How much is booked at once, and how much may wait for it."""

    batch_max: PositiveInt = 500
    gather_ms: Annotated[float, Meta(ge=0.0, le=1000.0)] = 5.0
    inbox_max: PositiveInt = 4000


class HttpConfig(Section, frozen=True, kw_only=True):
    """Where pages and doors listen. `token_file`: bearer tokens that open the doors, one a line; without it, loopback only."""

    host: str = "127.0.0.1"
    port: Port = 8080
    token_file: str | None = None


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


class HubConfig(Section, frozen=True, kw_only=True):
    """The whole file. Without a `store_id` the planogram's or the ledger's own is used; `planogram` is what `init` puts in force."""

    store_id: StoreId | None = None
    planogram: str | None = None
    broker: BrokerConfig = BrokerConfig()
    ledger: LedgerConfig = LedgerConfig()
    bookkeeping: BookkeepingConfig = BookkeepingConfig()
    http: HttpConfig = HttpConfig()
    cloud: CloudConfig = CloudConfig()
    pager: PagerConfig = PagerConfig()
    mirror: MirrorConfig = MirrorConfig()


def load_config(path: Path | None) -> HubConfig:
    """Read the configuration, or the defaults where no file is named.

    Raises:
        ConfigurationInvalid: no such file, no TOML, an unknown key, a wrong type or a value out of bounds.
    """
    return HubConfig() if path is None else read_toml(path, HubConfig)


def read_toml(path: Path, shape: type[T]) -> T:
    """Read a TOML file into a struct.

    Raises:
        ConfigurationInvalid: with the file, the line where it can be found, and the field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigurationInvalid(path=str(path), field="file", problem="is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        problem = f"cannot be read: {(error.strerror or str(error)).lower()}; check its name and who may read it"
        raise ConfigurationInvalid(path=str(path), field="file", problem=problem) from None
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise ConfigurationInvalid(path=str(path), field="file", problem=f"is not valid TOML: {error}", line=line) from None
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        field, problem = _field_and_problem(str(error), shape)
        raise ConfigurationInvalid(path=str(path), field=field, problem=problem, line=_line_of(text, content, field)) from None


def _field_and_problem(message: str, shape: Any) -> tuple[str, str]:
    problem, _, place = message.partition(" - at ")
    place = place.strip("`").removeprefix("$").removeprefix(".")
    unknown = re.match(r"Object contains unknown field `([^`]*)`", problem)
    if unknown:
        known = sorted(_settings_in(shape, place))
        close = difflib.get_close_matches(unknown[1], known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
        return ".".join(part for part in (place, unknown[1]) if part), f"there is no such setting; {hint}"
    for code, words in _WORDS.items():
        problem = problem.replace(code, words)
    return place or "file", problem


def _settings_in(shape: Any, table: str) -> list[str]:
    for name in filter(None, table.split(".")):
        shape = next(field.type for field in msgspec.structs.fields(shape) if field.encode_name == name)
    return [field.encode_name for field in msgspec.structs.fields(shape)]


def _line_of(text: str, content: dict[str, Any], field: str) -> int | None:
    """The line on which `table.key` is set; TOML's parser does not keep it, so the text is searched."""
    *tables, key = re.sub(r"\[[^\]]*\]", "", field).split(".")
    wanted, current = ".".join(tables), ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            current = header[1]
            if f"{wanted}.{key}".strip(".") == current:
                return number
        elif re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]", line) and current == wanted:
            return number
    return None

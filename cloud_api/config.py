"""The cloud's configuration, from TOML. Unknown keys are refused, with file, line and field."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from cloud_api.errors import ConfigurationInvalid

T = TypeVar("T")

Positive = Annotated[float, Meta(gt=0.0)]
PositiveInt = Annotated[int, Meta(ge=1)]
Port = Annotated[int, Meta(ge=1, le=65535)]


_WORDS = {
    "`str`": "text",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`object`": "a table",
    "`array`": "a list",
}


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


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


class IngestConfig(Section, frozen=True, kw_only=True):
    """Bounds on what a hub may send at once, and which times are believed."""

    body_max_bytes: PositiveInt = 8 * 1024 * 1024
    future_max_days: PositiveInt = 7


class PlanningConfig(Section, frozen=True, kw_only=True):
    """How orders are proposed."""

    every_s: Positive = 60.0
    history_days: PositiveInt = 56
    review_days: Positive = 1.0
    service_level: Annotated[float, Meta(gt=0.5, lt=1.0)] = 0.95


class CloudConfig(Section, frozen=True, kw_only=True):
    """The whole file."""

    listen: ListenConfig = ListenConfig()
    database: DatabaseConfig = DatabaseConfig()
    tokens: TokensConfig = TokensConfig()
    ingest: IngestConfig = IngestConfig()
    planning: PlanningConfig = PlanningConfig()


def load_config(path: Path | None) -> CloudConfig:
    """Read the configuration, or the defaults where no file is named.

    Raises:
        ConfigurationInvalid: no such file, no TOML, an unknown key, a wrong type or a value out of bounds.
    """
    return CloudConfig() if path is None else read_toml(path, CloudConfig)


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

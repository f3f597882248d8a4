"""Looks at a device's configuration before it is sent: is it TOML, does a device know every key, is it this device's."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from store_hub.entries_fleet import AnyFleet, ConfigurationAction
from store_hub.rules.fleet import FleetBook

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


def configuration_problem(told: AnyFleet, fleet: FleetBook) -> str | None:
    """Say what is wrong with a configuration; None where a device would take it, as far as can be told from here."""
    if not isinstance(told, ConfigurationAction):
        return None
    try:
        wanted = tomllib.loads(told.toml)
    except tomllib.TOMLDecodeError as error:
        return f"this is no TOML: {error}"
    from jsonschema.exceptions import best_match  # Here, for it may be slow to load, and a hub that starts need not wait for it.

    mistake = best_match(_validator().iter_errors(wanted))
    if mistake is not None:
        return f"{_place(mistake.absolute_path)}: {mistake.message}"
    before = tomllib.loads(fleet.files[told.device_id].toml)
    for name in ("store_id", "device_id"):
        if wanted[name] != before.get(name):
            return f"{name}: it is {before.get(name)}, and cannot be changed from here"
    return None


def load_schema() -> None:
    """Load what the first look needs. On a busy machine that takes seconds, in which the bookkeeper, who looks, would book nothing."""
    from jsonschema.exceptions import best_match  # noqa: F401  # Only to have it loaded.

    _validator()


def _place(path: Any) -> str:
    text = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the file"


@cache
def _validator() -> Draft202012Validator:
    """The schema is made from the edge agent's own structs, and a test keeps it so."""
    from jsonschema import Draft202012Validator

    schema = msgspec.json.decode((files("wire_format") / "edge_configuration.schema.json").read_bytes())
    return Draft202012Validator(schema)

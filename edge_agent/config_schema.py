"""The JSON schema of a device's file, by which the hub looks at one before it sends it: `python -m edge_agent.config_schema` renews it."""

from __future__ import annotations

from pathlib import Path

import msgspec

import wire_format
from edge_agent.config import EdgeConfig

SCHEMA = Path(wire_format.__file__).parent / "edge_configuration.schema.json"


def schema_text() -> str:
    """As it should stand in `wire_format`."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(EdgeConfig), order="sorted"), indent=1).decode() + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")

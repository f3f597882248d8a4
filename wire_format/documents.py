"""Writes the protocol's documents from the structs: `docs/protocol.md` and the AsyncAPI 3 description `docs/asyncapi.json`.

`python -m wire_format.documents` writes both; a test keeps them current.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from wire_format import PROTOCOL_VERSION, commands, observations, plans, reports

GOLDEN = Path(__file__).parent / "golden"


class Family(NamedTuple):
    """Messages that travel the same way."""

    title: str
    address: str
    receives: str
    delivery: str
    messages: tuple[type[msgspec.Struct], ...]


_REPORTS = (
    reports.ReportBatch, reports.ReportsBooked, reports.StoreProfile, reports.SkuQuarter, reports.SkuDay, reports.DoorQuarter,
    reports.ZoneQuarter, reports.TileQuarter, reports.AlertFact, reports.DeviceFact, reports.BasketDay, reports.RolloutFact,
)  # fmt: skip
FAMILIES = (
    Family(
        "Edge → hub: observations",
        "stores/{store_id}/v1/seen/{outbox_id}/{sequence}",
        "store_hub",
        "MQTT 5, QoS 1, not retained. Kept in the edge's outbox until the hub says `booked_through`.",
        (
            observations.ShelfWeight,
            observations.TagSeen,
            observations.TagLeft,
            observations.TagMoved,
            observations.DoorCrossing,
            observations.FloorDwell,
            observations.FloorZones,
            observations.QueueLength,
            observations.ButtonPressed,
            observations.CameraAudited,
            observations.CalibrationProgress,
            observations.ConfigurationTold,
            observations.DeploymentTold,
            observations.LogTold,
            observations.Shed,
        ),
    ),
    Family(
        "Edge → hub: health",
        "stores/{store_id}/v1/health/{device_id}",
        "store_hub",
        "MQTT 5, QoS 1, retained. `birth` on connect, `alive` each minute, `death` as the last will.",
        (observations.DeviceHealth,),
    ),
    Family(
        "Edge → hub: clocks",
        "stores/{store_id}/v1/clock/{outbox_id}",
        "store_hub",
        "MQTT 5, QoS 0, not retained. After each connect, then each minute.",
        (observations.ClockReading,),
    ),
    Family(
        "Hub → edge: what is booked",
        "stores/{store_id}/v1/booked/{outbox_id}",
        "edge_agent",
        "MQTT 5, QoS 1, retained. Published only after the hub's transaction is on disk.",
        (commands.BookedThrough,),
    ),
    Family(
        "Hub → edge: configuration",
        "stores/{store_id}/v1/config/{device_id}",
        "edge_agent",
        "MQTT 5, QoS 1, retained.",
        (commands.DeviceConfiguration,),
    ),
    Family(
        "Hub → edge: software",
        "stores/{store_id}/v1/software/{device_id}",
        "edge_agent",
        "MQTT 5, QoS 1, retained.",
        (commands.SoftwareWanted,),
    ),
    Family(
        "Hub → edge: logs wanted",
        "stores/{store_id}/v1/log/{device_id}",
        "edge_agent",
        "MQTT 5, QoS 1, retained until it is answered.",
        (commands.LogWanted,),
    ),
    Family(
        "Hub → edge: shelf lights",
        "stores/{store_id}/v1/light/{device_id}/{shelf_id}",
        "edge_agent",
        "MQTT 5, QoS 1, retained.",
        (commands.ShelfLight,),
    ),
    Family(
        "Hub → edge: calibrations",
        "stores/{store_id}/v1/calibrate/{device_id}/{shelf_id}",
        "edge_agent",
        "MQTT 5, QoS 1, retained.",
        (commands.CalibrationRequest,),
    ),
    Family(
        "Hub → cloud: reports",
        "POST /v1/stores/{store_id}/reports",
        "cloud_api",
        "HTTPS. The answer `reports_booked` is sent only after commit; a batch that leaves a gap is answered with status 409.",
        _REPORTS,
    ),
    Family(
        "Cloud → hub: plans",
        "GET /v1/stores/{store_id}/plans",
        "store_hub",
        "HTTPS, fetched by the hub after the last plan it knows.",
        (
            plans.Planogram,
            plans.ReplenishmentOrder,
            plans.GoodsTransfer,
            plans.RefillAdvice,
            plans.ProductMaster,
            plans.Promotion,
            plans.SoftwareRollout,
        ),
    ),
)


def tag_of(message: type[msgspec.Struct]) -> str:
    """The `type` that a message carries on the wire."""
    return str(message.__struct_config__.tag)


def golden_example(message: type[msgspec.Struct]) -> dict[str, Any]:
    """The published example of a message in the present version; a fact's is the one inside the report batch."""
    path = GOLDEN / f"v{PROTOCOL_VERSION}" / f"{tag_of(message)}.json"
    if path.exists():
        example: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return example
    batches = sorted(GOLDEN.glob(f"v{PROTOCOL_VERSION}*/report_batch.json"))  # What was published once stays as it is: news has its own.
    facts = (fact for batch in batches for fact in json.loads(batch.read_text(encoding="utf-8"))["facts"])
    return next(fact for fact in facts if fact["type"] == tag_of(message))


def asyncapi_document() -> dict[str, Any]:
    """The MQTT part of the protocol as AsyncAPI 3.0."""
    families = [family for family in FAMILIES if not family.address.startswith(("GET", "POST"))]
    messages = [message for family in families for message in family.messages]
    schemas, components = msgspec.json.schema_components(messages, ref_template="#/components/schemas/{name}")
    for message, schema in zip(messages, schemas, strict=True):
        name = schema["$ref"].rsplit("/", 1)[-1]
        components[name]["properties"] = {"v": {"const": PROTOCOL_VERSION}} | components[name]["properties"]
        components[name]["required"] = ["v", *components[name]["required"]]
        assert name == message.__name__
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Aislewise: edge and hub over MQTT",
            "version": f"{PROTOCOL_VERSION}.0.0",
            "description": "The edge reports physics, the hub decides meaning. The sender forgets only what is booked.",
        },
        "defaultContentType": "application/json",
        "channels": {_channel_name(family): _channel(family) for family in families},
        "operations": {
            f"{family.receives}_receives_{_channel_name(family)}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{_channel_name(family)}"},
                "bindings": {"mqtt": {"qos": 0 if "QoS 0" in family.delivery else 1, "retain": ", retained" in family.delivery}},
            }
            for family in families
        },
        "components": {
            "messages": {
                message.__name__: {
                    "name": tag_of(message),
                    "summary": _first_line(message),
                    "payload": {"$ref": f"#/components/schemas/{message.__name__}"},
                    "examples": [{"payload": golden_example(message)}],
                }
                for message in messages
            },
            "schemas": components,
        },
    }


def _channel_name(family: Family) -> str:
    return family.address.split("/")[3]


def _channel(family: Family) -> dict[str, Any]:
    names = [level[1:-1] for level in family.address.split("/") if level.startswith("{")]
    return {
        "address": family.address,
        "description": family.delivery,
        "parameters": {name: {"description": name.replace("_", " ")} for name in names},
        "messages": {message.__name__: {"$ref": f"#/components/messages/{message.__name__}"} for message in family.messages},
    }


def _first_line(message: type[msgspec.Struct]) -> str:
    return (inspect.getdoc(message) or "").splitlines()[0]


INTRODUCTION = """# Protocol

<!-- Written by `python -m wire_format.documents` from the structs in `wire_format`; change those. -->

A message is a JSON object `{{"v": {version}, "type": "…", …}}`. Units are the last part of a field's name: `_g` grams,
`_ms` milliseconds, `_m` metres, `_s` seconds, `_c` °C, `_dbm` dBm, `_min` minutes, `_minor` the currency's minor unit. Unknown fields
are ignored; a wrong type is refused with the field's name; a message of a newer version is refused with the side to update.
A published message parses for ever: see `wire_format/golden`.

**The sender forgets only what the receiver says it has booked.** An observation's identity is `(outbox_id, sequence)`, both in its
topic. The hub answers `booked_through`, the last sequence before a gap, after its transaction is on disk. `shed` stands in the place
of what a full outbox had to let go. The machine-readable form of the MQTT part is `asyncapi.json` beside this page; the hub and the
cloud serve their own `/openapi.json`.
"""


def protocol_page() -> str:
    """`docs/protocol.md`."""
    parts = [INTRODUCTION.format(version=PROTOCOL_VERSION)]
    for family in FAMILIES:
        parts.append(f"## {family.title}\n\n`{family.address}`\n\n{family.delivery}\n")
        parts.extend(_message_section(message) for message in family.messages)
    return "\n".join(parts)


def _message_section(message: type[msgspec.Struct]) -> str:
    _, components = msgspec.json.schema_components([message])
    schema = components[message.__name__]
    rows = ["| field | type | needed | meaning |", "|---|---|---|---|"]
    for name, field in schema["properties"].items():
        if name != "type":
            needed = "yes" if name in schema["required"] else "no"
            rows.append(f"| `{name}` | {_type_text(field)} | {needed} | {_bounds_text(field)} |")
    example = json.dumps(golden_example(message), ensure_ascii=False)
    if len(example) > 900:
        example = example[:900] + " …"
    doc = inspect.getdoc(message) or ""
    return f"### `{tag_of(message)}`\n\n{doc}\n\n" + "\n".join(rows) + f"\n\n```json\n{example}\n```\n"


def _type_text(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_type_text(option) for option in field["anyOf"]))
    if "$ref" in field:
        return str(field["$ref"].rsplit("/", 1)[-1])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type_text(field.get('items', {}))}"
    return str(field.get("type", "any"))


def _bounds_text(field: dict[str, Any]) -> str:
    for option in field.get("anyOf", []):
        if text := _bounds_text(option):
            return text
    words = [str(field["description"])] if "description" in field else []
    if field.get("maximum", 0) >= 2**53 - 1 or (words and words[0][-1].isdigit()):
        return "; ".join(words) or f"at least {field['minimum']:g}"
    if "minimum" in field and "maximum" in field:
        words.append(f"{field['minimum']:g} to {field['maximum']:g}")
    elif "minimum" in field:
        words.append(f"at least {field['minimum']:g}")
    elif "exclusiveMinimum" in field:
        words.append(f"more than {field['exclusiveMinimum']:g}")
    return "; ".join(words)


def write_documents(docs: Path) -> None:
    """Write both documents into the folder `docs`."""
    (docs / "protocol.md").write_text(protocol_page(), encoding="utf-8")
    text = json.dumps(asyncapi_document(), indent=1, ensure_ascii=False) + "\n"
    (docs / "asyncapi.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_documents(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs"))

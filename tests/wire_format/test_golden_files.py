"""A published message parses for ever, and the protocol's documents say what the structs say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wire_format import codec
from wire_format.documents import FAMILIES, GOLDEN, asyncapi_document, protocol_page, tag_of

GOLDEN_FILES = sorted(GOLDEN.glob("v*/*.json"))
READERS: tuple[codec.MessageReader[Any], ...] = (
    codec.observations,
    codec.device_health,
    codec.clock_readings,
    codec.commands,
    codec.report_batches,
    codec.reports_booked,
    codec.store_profiles,
    codec.plans,
)


def read_by_someone(payload: bytes) -> msgspec.Struct:
    for reader in READERS:
        try:
            message: msgspec.Struct = reader.decode(payload)
        except codec.MessageUndecodable:
            continue
        return message
    raise AssertionError("no reader takes it")


@pytest.mark.parametrize("path", GOLDEN_FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_published_message_still_means_the_same(path: Path) -> None:
    published = json.loads(path.read_text(encoding="utf-8"))
    message = read_by_someone(path.read_bytes())
    said_now = json.loads(codec.encode(message))
    assert still_says(said_now, published)


def still_says(now: object, published: object) -> bool:
    """Whether all that was published is said now; a newer build may say more of each thing."""
    if isinstance(published, dict):
        return isinstance(now, dict) and all(name in now and still_says(now[name], value) for name, value in published.items())
    if isinstance(published, list):
        return isinstance(now, list) and len(now) == len(published) and all(map(still_says, now, published))
    return now == published


def test_every_message_has_a_golden_file() -> None:
    published = {path.stem for path in GOLDEN_FILES}
    batches = [json.loads(path.read_text(encoding="utf-8")) for path in GOLDEN_FILES if path.stem == "report_batch"]
    facts = {fact["type"] for batch in batches for fact in batch["facts"]}
    assert {tag_of(message) for family in FAMILIES for message in family.messages} == published | facts


def test_the_documents_are_current(repository: Path) -> None:
    advice = "run: python -m wire_format.documents"
    assert (repository / "docs" / "protocol.md").read_text(encoding="utf-8") == protocol_page(), advice
    assert json.loads((repository / "docs" / "asyncapi.json").read_text(encoding="utf-8")) == asyncapi_document(), advice


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi_document()

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    for reference in references(document):
        target: object = document
        for level in reference.removeprefix("#/").split("/"):
            assert isinstance(target, dict)
            assert level in target, reference
            target = target[level]

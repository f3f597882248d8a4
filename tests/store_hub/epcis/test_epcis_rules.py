"""EPCIS documents are checked as GS1's schema checks them, and events are named as GS1's algorithm names them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from store_hub.rules.epcis_checks import document_events, event_problems
from store_hub.rules.epcis_hash import event_id

STOCKED = {
    "type": "ObjectEvent", "eventTime": "2026-11-25T09:30:15.120+01:00", "eventTimeZoneOffset": "+01:00",
    "epcList": ["urn:epc:id:sgtin:9521234.000001.7", "urn:epc:id:sgtin:9521234.000001.12"], "action": "OBSERVE", "bizStep": "stocking",
    "disposition": "sellable_accessible", "readPoint": {"id": "https://id.gs1.org/414/9521234000006/254/aisle"},
    "bizLocation": {"id": "https://id.gs1.org/414/9521234000006/254/aisle"},
}  # fmt: skip
CARTON = {
    "type": "AggregationEvent", "eventTime": "2026-11-25T09:30:15.000Z", "eventTimeZoneOffset": "+00:00",
    "parentID": "https://id.gs1.org/00/395212340000000014", "childEPCs": ["urn:epc:id:sgtin:9521234.000001.1"],
    "childQuantityList": [{"epcClass": "https://id.gs1.org/01/09521234000013", "quantity": 12}], "action": "OBSERVE",
    "bizStep": "receiving", "disposition": "in_progress", "readPoint": {"id": "urn:epc:id:sgln:9521234.00000.store"},
    "bizLocation": {"id": "urn:epc:id:sgln:9521234.00000.0"},
    "bizTransactionList": [{"type": "desadv", "bizTransaction": "urn:x-aislewise:despatch-advice:d1"}],
}  # fmt: skip
SOLD = {
    "type": "ObjectEvent", "eventTime": "2026-11-25T17:05:00.500-05:00", "eventTimeZoneOffset": "-05:00", "epcList": [],
    "quantityList": [
        {"epcClass": "https://id.gs1.org/01/09521234000013", "quantity": 1},
        {"epcClass": "urn:epc:idpat:sgtin:4012345.012345.*", "quantity": 2.5, "uom": "KGM"},
    ],
    "action": "OBSERVE", "bizStep": "retail_selling", "disposition": "retail_sold",
    "bizLocation": {"id": "https://id.gs1.org/414/9521234000006"},
}  # fmt: skip
BROKEN = {
    "Example-TransactionEvents-2020_07_03y.jsonld": "eventList[1].sourceList: must be a list",
    "object_event_all_possible_fields.jsonld": "ilmd: master data belong to an event with action ADD",
    "SensorDataExample12.jsonld": "schemaVersion is missing",
    "SensorDataExample17.jsonld": 'schemaVersion: must be a text such as "2.0"',
}


def examples(shared_data: Path) -> list[Path]:
    folder = shared_data / "rfid" / "epcis2"
    return sorted([*folder.glob("JSON/**/*.jsonld"), *folder.glob("JSON-simple-context/**/*.jsonld")])


@pytest.mark.parametrize("odd", [["ObjectEvent"], {"a": 1}, [[{}]], 7, True, None, ""])
@pytest.mark.parametrize("event", [STOCKED, CARTON, SOLD], ids=["stocked", "carton", "sold"])
def test_whatever_stands_in_a_field_is_refused_with_words(event: dict[str, Any], odd: object) -> None:
    for field in event:
        event_problems({**event, field: odd})
        document_events({"@context": [], **event, field: odd})
    assert event_problems({**event, "action": odd})
    assert event_problems({**event, "type": odd})


def test_of_gs1s_examples_89_are_accepted_and_the_four_broken_ones_refused_with_the_reason(shared_data: Path) -> None:
    refused = {}
    paths = examples(shared_data)
    for path in paths:
        problems = document_events(json.loads(path.read_text(encoding="utf-8")))[1]
        if problems:
            refused[path.name] = problems
    assert (len(paths), len(refused)) == (93, 4)
    for name, why in BROKEN.items():
        assert any(why in problem for problem in refused[name]), refused[name]


def test_our_checks_and_gs1s_schema_agree_on_examples_with_a_field_missing(shared_data: Path) -> None:
    """Every example, with each field of each event left out in turn: what the schema refuses, we refuse."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((shared_data / "rfid" / "epcis2" / "EPCIS-JSON-Schema.json").read_text(encoding="utf-8"))
    compared = 0
    for event in (STOCKED, CARTON, SOLD):
        validator = jsonschema.Draft7Validator({**schema["definitions"][event["type"]], "definitions": schema["definitions"]})
        for name in event:
            without = {field: value for field, value in event.items() if field != name}
            if name == "type":
                assert event_problems(without)
                continue
            by_schema, by_us = bool(list(validator.iter_errors(without))), bool(event_problems(without))
            assert by_us == by_schema, name
            compared += 1
    assert compared > 20


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (STOCKED, "ebf43671d93cfbae636983f266eed79c43381a66dde708b8a04acc2c4d5c362f"),
        (CARTON, "78a30b8bfb7d8328a841adedd4d7df7a260b5d48b890f492a673e70c77ad69ab"),
        (SOLD, "c8f479d7ebc8c116fcafbccc8cc3e61b4c32d7b6b55ee2509c44b2e0bf4719b5"),
    ],
)
def test_an_event_is_named_as_the_reference_implementation_of_the_cbv_names_it(event: dict[str, Any], name: str) -> None:
    """The names were worked out with epcis_event_hash_generator 1.9.3."""
    assert event_id(event) == f"ni:///sha-256;{name}?ver=CBV2.0"


def test_the_name_does_not_depend_on_how_the_same_thing_is_written() -> None:
    same = {
        **STOCKED, "eventTime": "2026-11-25T08:30:15.12Z", "epcList": list(reversed(STOCKED["epcList"])),  # type: ignore[call-overload]  # A list.
        "readPoint": {"id": "urn:epc:id:sgln:9521234.00000.aisle"}, "recordTime": "2026-11-25T10:00:00Z",
        "errorDeclaration": {"declarationTime": "2026-11-26T10:00:00Z"},
    }  # fmt: skip
    assert event_id(same) == event_id(STOCKED)
    assert event_id({**STOCKED, "action": "ADD"}) != event_id(STOCKED)
    assert event_id({**STOCKED, "example:field": 1}).startswith("urn:uuid:")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"eventTime": "2026-11-25 09:30"}, "eventTime: must be a time with its offset"),
        ({"eventTime": "2026-13-45T09:30:00Z"}, "eventTime: must be a time"),
        ({"eventTimeZoneOffset": "Z"}, "eventTimeZoneOffset: must be an offset"),
        ({"action": "LOOK"}, "action: must be one of OBSERVE, ADD, DELETE"),
        ({"bizStep": "stoking"}, "bizStep: 'stoking' is no business step"),
        ({"bizStep": "urn:epcglobal:cbv:bizstep:stocking"}, "write GS1's own words bare"),
        ({"epcList": "urn:epc:id:sgtin:9521234.000001.7"}, "epcList: must be a list"),
        ({"epcList": ["7"]}, "epcList[0]: must be a URI"),
        ({"epcList": ["urn:a:b", "urn:a:b"]}, "names something twice"),
        ({"readPoint": "here"}, "readPoint: must be an object"),
        ({"bizLocaton": {"id": "urn:a:b"}}, "the standard has no field 'bizLocaton'"),
        ({"parentID": "urn:a:b"}, "ObjectEvent has no field 'parentID'"),
        ({"persistentDisposition": {}}, "must set or unset something"),
        ({"errorDeclaration": {"reason": "wrong"}}, "declarationTime is missing"),
        ({"quantityList": [{"epcClass": "urn:a:b", "quantity": "3"}]}, "quantity: must be a number"),
    ],
)
def test_what_is_wrong_with_an_event_is_said_with_its_field(change: dict[str, Any], why: str) -> None:
    assert any(why in problem for problem in event_problems({**STOCKED, **change}))

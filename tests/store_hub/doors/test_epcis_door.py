"""Other systems tell the hub EPCIS events and ask for them, as GS1's REST binding has it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI

from store_hub.adapters.door_tokens import DoorTokens
from store_hub.entries import Sale, SaleLine

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"


def event(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "type": "ObjectEvent", "eventID": f"urn:uuid:374d95fc-9457-4a51-bd6a-{number:012d}",
        "eventTime": f"2026-05-{number % 28 + 1:02d}T09:00:00.000Z", "eventTimeZoneOffset": "+00:00",
        "epcList": [f"urn:epc:id:sgtin:9521234.000001.{number}"], "action": "OBSERVE", "bizStep": "shipping",
        "readPoint": {"id": "urn:epc:id:sgln:9521234.00001.dock"},
    } | changes  # fmt: skip


def document(*events: Any, **changes: Any) -> dict[str, Any]:
    return {
        "@context": [CONTEXT, {"example": "https://example.com/epcis/"}], "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2026-05-30T09:00:00.000Z", "epcisBody": {"eventList": list(events)},
    } | changes  # fmt: skip


def asked(till: httpx.Client, query: str) -> list[dict[str, Any]]:
    answer = till.get(f"/epcis/events?{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return found


def numbers(till: httpx.Client, query: str) -> list[int]:
    return [int(found["eventID"][-12:]) for found in asked(till, query)]


@pytest.fixture
def supplied(till: httpx.Client) -> httpx.Client:
    """A hub that was told a small story."""
    carton = {
        "type": "AggregationEvent", "eventID": "urn:uuid:374d95fc-9457-4a51-bd6a-000000000009", "eventTime": "2026-05-10T12:00:00+02:00",
        "eventTimeZoneOffset": "+02:00", "parentID": "urn:epc:id:sscc:9521234.3000000001",
        "childEPCs": ["urn:epc:id:sgtin:9521234.000001.4"],
        "childQuantityList": [{"epcClass": "urn:epc:idpat:sgtin:4012345.012345.*", "quantity": 3}], "action": "ADD", "bizStep": "packing",
        "disposition": "in_progress", "bizLocation": {"id": "https://id.gs1.org/414/9521234000013"},
    }  # fmt: skip
    wrong = event(3, errorDeclaration={"declarationTime": "2026-05-29T00:00:00Z", "reason": "did_not_occur"})
    told = document(event(1), event(2, bizStep="arriving", disposition="in_transit"), event(3), carton, wrong, event(5, **{"example:x": 1}))
    answer = till.post("/epcis/capture", json=told)
    assert answer.status_code == 202, answer.text
    return till


def test_a_captured_document_has_a_job_and_its_events_are_found(supplied: httpx.Client, shop: Any) -> None:
    (job,) = supplied.get("/epcis/capture").json()
    assert (job["running"], job["success"], job["captureErrorBehaviour"], job["errors"]) == (False, True, "rollback", [])
    assert supplied.get(f"/epcis/capture/{job['captureID']}").json() == job
    assert len(asked(supplied, "")) == 6
    assert all("recordTime" in found for found in asked(supplied, ""))


def test_a_document_sent_again_is_captured_once(supplied: httpx.Client, shop: Any) -> None:
    first = supplied.post("/epcis/capture", json=document(event(7)))
    second = supplied.post("/epcis/capture", json=document(event(7)))
    assert first.headers["location"] == second.headers["location"]
    assert shop.rows("SELECT count(*) FROM epcis_captures") == [(2,)]
    supplied.post("/epcis/capture", json=document(event(7), event(8)))
    assert sorted(numbers(supplied, "")) == [1, 2, 3, 3, 5, 7, 8, 9]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("eventType=AggregationEvent", [9]),
        ("EQ_action=ADD", [9]),
        ("EQ_bizStep=arriving|packing", [9, 2]),
        ("EQ_bizStep=https://ref.gs1.org/cbv/BizStep-arriving", [2]),
        ("EQ_disposition=in_transit", [2]),
        ("GE_eventTime=2026-05-06T09:00:00.000Z", [9, 5]),
        ("LT_eventTime=2026-05-03T11:00:00%2B02:00", [1]),
        ("EQ_readPoint=https://id.gs1.org/414/9521234000013/254/dock&orderDirection=ASC&EXISTS_errorDeclaration=false", [1, 2, 3, 5]),
        ("EQ_readPoint=https://id.gs1.org/414/9521234000013", []),
        ("WD_readPoint=https://id.gs1.org/414/9521234000013&EQ_bizStep=arriving", [2]),
        ("EQ_bizLocation=urn:epc:id:sgln:9521234.00001.0", [9]),
        ("MATCH_epc=urn:epc:id:sgtin:9521234.000001.2", [2]),
        ("MATCH_epc=https://id.gs1.org/01/09521234000013/21/4", [9]),
        ("MATCH_epc=urn:epc:idpat:sgtin:9521234.000001.*&GE_eventTime=2026-05-05T00:00:00Z", [9, 5]),
        ("MATCH_parentID=https://id.gs1.org/00/395212340000000014", [9]),
        ("MATCH_anyEPC=urn:epc:id:sscc:9521234.3000000001|urn:epc:id:sgtin:9521234.000001.1", [9, 1]),
        ("MATCH_epc=urn:epc:id:sscc:9521234.3000000001", []),
        ("MATCH_anyEPCClass=https://id.gs1.org/01/04012345123456", [9]),
        ("EQ_eventID=urn:uuid:374d95fc-9457-4a51-bd6a-000000000001", [1]),
        ("EXISTS_errorDeclaration=true", [3]),
        ("EQ_errorReason=did_not_occur", [3]),
        ("GE_errorDeclaration_Time=2026-05-30T00:00:00Z", []),
        ("orderBy=eventTime&orderDirection=ASC&eventCountLimit=2", [1, 2]),
        ("GE_recordTime=2027-01-01T00:00:00Z", []),
        ("EQ_bizStep=arriving&EQ_action=ADD", []),
    ],
)
def test_events_are_found_by_the_standards_parameters(supplied: httpx.Client, query: str, found: list[int]) -> None:
    assert numbers(supplied, query) == found


def test_pages_follow_the_link_until_all_is_told_once(supplied: httpx.Client) -> None:
    seen: list[str] = []
    address: str | None = "/epcis/events?perPage=2&orderBy=recordTime&orderDirection=ASC"
    pages = 0
    while address:
        answer = supplied.get(address)
        pages += 1
        seen += [one["eventID"] for one in answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]]
        link = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
        address = link[1] if link else None
    assert pages == 3
    assert [int(name[-12:]) for name in seen] == [1, 2, 3, 9, 3, 5]
    limited = supplied.get("/epcis/events?perPage=2&eventCountLimit=3")
    rest = supplied.get(limited.headers["link"].split(">")[0][1:])
    assert len(rest.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == 1
    assert "link" not in rest.headers


@pytest.mark.parametrize(
    ("query", "status", "kind", "said"),
    [
        ("bizStep=shipping", 400, "QueryParameterException", "bizStep: no parameter of the standard"),
        ("EQ_action=LOOK", 400, "QueryParameterException", "'LOOK' is none of"),
        ("eventType=Object", 400, "QueryParameterException", "'Object' is none of"),
        ("GE_eventTime=yesterday", 400, "QueryParameterException", "no time with its offset"),
        ("perPage=0", 400, "QueryParameterException", "above zero"),
        ("orderBy=size", 400, "QueryParameterException", "must be one of eventTime, recordTime"),
        ("nextPageToken=abc", 400, "QueryParameterException", "none of ours"),
        ("EXISTS_errorDeclaration=perhaps", 400, "QueryParameterException", "true, false or empty"),
        ("EQ_bizStep=", 400, "QueryParameterException", "it has no value"),
        ("eventCountLimit=3&maxEventCount=3", 400, "QueryParameterException", "only one of"),
        ("maxEventCount=3", 413, "QueryTooLargeException", "above 3"),
        ("HASATTR_example:x=1", 501, "ImplementationException", "master data"),
        ("EQATTR_example:x_y=1", 501, "ImplementationException", "master data"),
        ("GE_value_CEL=warm", 400, "QueryParameterException", "must be a number"),
        ("GE_startTime=noon", 400, "QueryParameterException", "must be a time"),
        ("GT_example:x=big", 400, "QueryParameterException", "must be a number such as 15.5 or a time"),
        ("EQ_value=3", 400, "QueryParameterException", "no parameter of the standard"),
        ("GT_quantity=3|4", 400, "QueryParameterException", "needs one value"),
        ("GT_source_location=3", 400, "QueryParameterException", "no parameter of the standard"),
        ("EXISTS_example:x=maybe", 400, "QueryParameterException", "true, false or empty"),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused_by_the_standards_name(
    supplied: httpx.Client, query: str, status: int, kind: str, said: str
) -> None:
    answer = supplied.get(f"/epcis/events?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"epcisException:{kind}"
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "extensions", "found"),
    [
        ("EQ_example:x=1", "", [5]),
        ("GT_example:x=0&LE_example:x=1.0", "", [5]),
        ("EXISTS_example:x", "", [5]),
        ("EXISTS_example:x=false&eventType=AggregationEvent", "", [9]),
        ("EQ_mine:x=1", "mine=https://example.com/epcis/", [5]),
        ("EQ_mine:x=1", "mine=https://example.com/others/", []),
        ("EQ_https://example.com/epcis/%23x=1", "", [5]),
        ("GE_quantity=3", "", [9]),
        ("EQ_quantity_KGM=3", "", []),
        ("EQ_example:x=1&maxEventCount=1&perPage=1", "", [5]),
    ],
)
def test_events_are_found_by_what_is_inside_them(supplied: httpx.Client, query: str, extensions: str, found: list[int]) -> None:
    answer = supplied.get(f"/epcis/events?{query}", headers={"GS1-Extensions": extensions} if extensions else {})
    assert answer.status_code == 200, answer.text
    told = answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert [int(event["eventID"][-12:]) for event in told] == found


def test_what_is_inside_is_asked_page_by_page(supplied: httpx.Client) -> None:
    supplied.post("/epcis/capture", json=document(*(event(number, **{"example:x": number}) for number in range(20, 27))))
    first = supplied.get("/epcis/events?GE_example:x=22&perPage=3&orderDirection=ASC")
    numbers_told = [int(one["eventID"][-12:]) for one in first.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]]
    second = supplied.get(first.headers["link"].split(">")[0][1:]).json()
    numbers_told += [int(one["eventID"][-12:]) for one in second["epcisBody"]["queryResults"]["resultsBody"]["eventList"]]
    assert sorted(numbers_told) == [22, 23, 24, 25, 26]


def test_a_question_that_looks_into_too_many_events_is_refused(supplied: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store_hub.routes.epcis.LOOKED_AT_MAX", 3)
    answer = supplied.get("/epcis/events?GE_quantity=1000")
    assert (answer.status_code, answer.json()["type"]) == (413, "epcisException:QueryTooComplexException")


def test_one_event_is_found_by_its_name_and_its_correction_comes_first(supplied: httpx.Client, shop: Any) -> None:
    name = "urn:uuid:374d95fc-9457-4a51-bd6a-000000000003"
    assert supplied.get(f"/epcis/events/{quote(name, safe='')}").json()["errorDeclaration"]["reason"] == "did_not_occur"
    shop.tell(Sale(till="t", lines=[SaleLine(sku="milk", units=1)]))
    assert supplied.get("/epcis/events/urn:uuid:none").status_code == 404
    own = {**event(8), "@context": CONTEXT}
    del own["eventID"]
    made = supplied.post("/epcis/events", json=own)
    assert made.status_code == 201
    found = supplied.get(made.headers["location"])
    assert found.json()["eventID"].startswith("ni:///sha-256;")


def test_words_of_ones_own_keep_their_context(supplied: httpx.Client) -> None:
    (found,) = asked(supplied, "EQ_eventID=urn:uuid:374d95fc-9457-4a51-bd6a-000000000005")
    assert found["@context"] == [CONTEXT, {"example": "https://example.com/epcis/"}]
    assert found["example:x"] == 1


def test_the_top_level_resources_hold_what_events_name(supplied: httpx.Client) -> None:
    assert "arriving" in supplied.get("/epcis/bizSteps").json()["member"]
    assert "https://id.gs1.org/00/395212340000000014" in supplied.get("/epcis/epcs").json()["member"]
    place = quote("https://id.gs1.org/414/9521234000013/254/dock", safe="")
    answer = supplied.get(f"/epcis/readPoints/{place}/events?EQ_bizStep=arriving")
    assert [one["bizStep"] for one in answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]] == ["arriving"]
    assert supplied.get("/epcis/queries").json()["type"] == "epcisException:NoSuchResourceException"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"not json", "body"),
        (b"[]", "document: must be an object"),
        (json.dumps(document(event(1, action="LOOK"))).encode(), "epcisBody.eventList[0].action"),
        (json.dumps(document(event(1), schemaVersion=2.0)).encode(), "schemaVersion"),
        (json.dumps(event(1)).encode(), "a single event goes to /epcis/events"),
        (json.dumps({"type": "EPCISDocument"}).encode(), "epcisBody"),
    ],
)
def test_a_wrong_document_is_refused_whole_with_every_reason(till: httpx.Client, shop: Any, body: bytes, said: str) -> None:
    answer = till.post("/epcis/capture", content=body, headers={"content-type": "application/ld+json"})
    assert answer.status_code == 400
    assert answer.json()["type"] == "epcisException:ValidationException"
    assert said in answer.json()["detail"]
    assert shop.rows("SELECT count(*) FROM epcis_events") == [(0,)]


def test_with_proceed_what_is_sound_is_captured_and_the_job_says_what_is_not(till: httpx.Client) -> None:
    answer = till.post(
        "/epcis/capture", json=document(event(1), event(2, action="LOOK")), headers={"GS1-Capture-Error-Behaviour": "proceed"}
    )
    assert answer.status_code == 202
    job = till.get(answer.headers["location"]).json()
    assert job["success"] is False
    assert "eventList[1].action" in job["errors"][0]["detail"]
    assert numbers(till, "") == [1]


def test_a_stranger_neither_tells_nor_asks(shop: Any, serve: Callable[[FastAPI], Any], make_doors: Callable[..., FastAPI]) -> None:
    serving = serve(make_doors(shop, tokens=DoorTokens(["a-token-of-sixteen-signs"])))
    with httpx.Client(base_url=serving.url) as stranger:
        for answer in (stranger.get("/epcis/events"), stranger.post("/epcis/capture", json=document(event(1)))):
            assert answer.status_code == 401
            assert answer.json()["type"] == "epcisException:SecurityException"
        friend = {"authorization": "Bearer a-token-of-sixteen-signs"}
        assert stranger.get("/epcis/events", headers=friend).status_code == 200


def test_the_answer_to_a_query_is_valid_by_gs1s_schema(supplied: httpx.Client, shared_data: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((shared_data / "rfid" / "epcis2" / "EPCIS-JSON-Schema.json").read_text(encoding="utf-8"))
    errors = list(jsonschema.Draft7Validator(schema).iter_errors(supplied.get("/epcis/events").json()))
    assert errors == []

"""The EPCIS 2.0 door: capture events, and ask for them, as GS1's REST binding has it.

Kept: capture with its jobs, events by query and by name, and the top-level resources. Not kept: named queries and subscriptions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

import msgspec
from fastapi import APIRouter, Request, Response

from store_hub.adapters.ledger_epcis import LedgerEpcis
from store_hub.entries_goods import EpcisCapture
from store_hub.routes.bodies import read_body
from store_hub.routes.doors import Doors
from store_hub.routes.epcis_answers import (
    HEADERS,
    CaptureRefused,
    NothingThere,
    capture_job,
    collection,
    event_of,
    json_ld,
    next_link,
    query_document,
    speaks_problems,
)
from store_hub.rows.epcis import EventQuery
from store_hub.rules.epcis_asked import fits
from store_hub.rules.epcis_checks import document_events, event_problems
from store_hub.rules.epcis_hash import event_id
from store_hub.rules.epcis_query import QueryRefused, page_token, read_query
from store_hub.rules.epcis_words import CONTEXT, DOCUMENT, EVENT_TYPES

BODY_BYTES_MAX = 5_000_000
EVENTS_MAX = 2_000
URL_CHARACTERS_MAX = 8_000
LOOKED_AT_MAX = 200_000
_RESOURCES = {
    "eventTypes": "eventType", "epcs": "MATCH_anyEPC", "bizSteps": "EQ_bizStep", "bizLocations": "EQ_bizLocation",
    "readPoints": "EQ_readPoint", "dispositions": "EQ_disposition",
}  # fmt: skip

Event = dict[str, Any]


def epcis_routes(*, doors: Doors, ledger: LedgerEpcis, now_ms: Callable[[], int]) -> APIRouter:
    """Return the door; `doors` lets in and books."""
    router = APIRouter(prefix="/epcis", tags=["EPCIS 2.0"])
    _capture_routes(router, doors)
    _job_routes(router, doors, ledger)
    _query_routes(router, doors, ledger, now_ms)
    _resource_routes(router, doors, ledger, now_ms)
    return router


def _capture_routes(router: APIRouter, doors: Doors) -> None:
    @router.post("/capture", status_code=202, summary="Capture an EPCISDocument", response_model=None)
    @speaks_problems
    async def capture(request: Request) -> Response:
        doors.enter(request)
        behaviour = request.headers.get("gs1-capture-error-behaviour", "rollback").lower()
        if behaviour not in ("rollback", "proceed"):
            raise CaptureRefused([f"GS1-Capture-Error-Behaviour: must be rollback or proceed, not {behaviour!r}"])
        document, digest = await _document(request)
        events, errors = _to_capture(document, proceed=behaviour == "proceed")
        key = request.headers.get("idempotency-key", "").strip()[:200] or digest
        capture_id = str(uuid5(NAMESPACE_URL, f"{key} {digest} {behaviour}"))
        told = EpcisCapture(
            capture_id=capture_id, events=events, error_behaviour="proceed" if behaviour == "proceed" else "rollback", errors=tuple(errors)
        )
        await doors.booked(told, door="epcis", key=f"{key}/{behaviour}")
        return Response(status_code=202, headers=HEADERS | {"Location": f"/epcis/capture/{capture_id}"})

    @router.post("/events", status_code=201, summary="Capture one event", response_model=None)
    @speaks_problems
    async def capture_one(request: Request) -> Response:
        doors.enter(request)
        event, digest = await _document(request)
        if isinstance(event, dict) and event.get("type") == DOCUMENT:
            raise CaptureRefused(["document: send a whole document to /epcis/capture; here one event with its @context is taken"])
        problems = document_events(event)[1]
        if problems:
            raise CaptureRefused(problems)
        named = _named([event], event)[0]
        told = EpcisCapture(capture_id=str(uuid5(NAMESPACE_URL, f"event {digest}")), events=[named])
        key = request.headers.get("idempotency-key", "").strip()[:200] or digest
        await doors.booked(told, door="epcis-events", key=key)
        return Response(status_code=201, headers=HEADERS | {"Location": f"/epcis/events/{quote(named['eventID'], safe='')}"})


def _job_routes(router: APIRouter, doors: Doors, ledger: LedgerEpcis) -> None:
    @router.get("/capture", summary="The newest captures", response_model=None)
    @speaks_problems
    async def captures(request: Request) -> Response:
        doors.enter(request)
        return json_ld([capture_job(row, row.captured_at_ms) for row in ledger.captures()])

    @router.get("/capture/{capture_id}", summary="What became of a capture", response_model=None)
    @speaks_problems
    async def one_capture(capture_id: str, request: Request) -> Response:
        doors.enter(request)
        row = ledger.capture(capture_id)
        if row is None:
            raise NothingThere(f"no capture {capture_id[:80]!r}; the Location header of a capture has its name")
        return json_ld(capture_job(row, row.captured_at_ms))


def _query_routes(router: APIRouter, doors: Doors, ledger: LedgerEpcis, now_ms: Callable[[], int]) -> None:
    @router.get("/events", summary="Events by the standard's query parameters", response_model=None)
    @speaks_problems
    async def events(request: Request) -> Response:
        doors.enter(request)
        return _answer(request, ledger, now_ms(), [])

    @router.get("/events/{name:path}", summary="One event by its eventID", response_model=None)
    @speaks_problems
    async def one_event(name: str, request: Request) -> Response:
        doors.enter(request)
        name = name if not request.url.query.startswith("ver=") else f"{name}?{request.url.query}"  # An unescaped ni: name.
        found, _ = ledger.events(EventQuery(equal=(("event_id", (name,)),), order_by="declared_at_ms", per_page=1))
        if not found:
            raise NothingThere(f"no event {name[:120]!r}; write its eventID with all signs escaped")
        return json_ld({"@context": [CONTEXT], **event_of(found[0])})


def _resource_routes(router: APIRouter, doors: Doors, ledger: LedgerEpcis, now_ms: Callable[[], int]) -> None:
    @router.get("/{resource}", summary="What a top-level resource holds", response_model=None)
    @speaks_problems
    async def names(resource: str, request: Request) -> Response:
        doors.enter(request)
        _check_resource(resource)
        return json_ld(collection(EVENT_TYPES if resource == "eventTypes" else ledger.names(resource)))

    @router.get("/{resource}/{value:path}/events", summary="Events of one of them", response_model=None)
    @speaks_problems
    async def events_of(resource: str, value: str, request: Request) -> Response:
        doors.enter(request)
        _check_resource(resource)
        return _answer(request, ledger, now_ms(), [(_RESOURCES[resource], value)])


def _check_resource(resource: str) -> None:
    if resource not in _RESOURCES:
        raise NothingThere(f"/epcis/{resource[:40]}: there is none; there are events, capture, {', '.join(_RESOURCES)}")


def _answer(request: Request, ledger: LedgerEpcis, now_ms: int, given: list[tuple[str, str]]) -> Response:
    if len(str(request.url)) > URL_CHARACTERS_MAX:
        raise QueryRefused("QueryTooComplexException", 414, f"the address is above {URL_CHARACTERS_MAX} characters; ask in parts")
    query = read_query([*given, *request.query_params.multi_items()])
    matches = _bounded(fits(query.asked, _prefixes(request))) if query.asked else None
    if query.maximum is not None and (count := ledger.count(query, matches, at_most=query.maximum)) > query.maximum:
        raise QueryRefused("QueryTooLargeException", 413, f"maxEventCount: {count} or more events match, above {query.maximum}")
    found, more = ledger.events(query, matches)
    headers = {"Link": next_link(request, page_token(found[-1].position))} if more else None
    return json_ld(query_document(found, now_ms), headers=headers)


def _prefixes(request: Request) -> dict[str, str]:
    """The prefixes that the asker declares: GS1-Extensions: example=https://ns.example.com/epcis/, other=…"""
    told = ",".join(request.headers.getlist("gs1-extensions"))
    pairs = (part.partition("=") for part in told.split(","))
    return {name.strip(): address.strip() for name, sign, address in pairs if sign and name.strip() and address.strip()}


def _bounded(matches: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    """Look into so many events at most: one question must not keep the ledger's readers busy for minutes."""
    looked_at = 0

    def test(payload: bytes) -> bool:
        nonlocal looked_at
        looked_at += 1
        if looked_at > LOOKED_AT_MAX:
            problem = f"more than {LOOKED_AT_MAX} events would have to be looked into; narrow it by time, step, place or EPC"
            raise QueryRefused("QueryTooComplexException", 413, problem)
        return matches(payload)

    return test


async def _document(request: Request) -> tuple[Any, str]:
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/ld+json"):
        raise QueryRefused("UnsupportedMediaTypeException", 415, f"{kind}: send JSON, as application/ld+json or application/json")
    body = await read_body(request, limit_bytes=BODY_BYTES_MAX)
    try:
        return msgspec.json.decode(body), hashlib.sha256(body).hexdigest()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CaptureRefused([f"body: {error}"]) from None


def _to_capture(document: Any, *, proceed: bool) -> tuple[list[Event], list[str]]:
    """Return the events to book, and what is wrong with the others.

    Raises:
        CaptureRefused: the document itself is wrong, or (unless `proceed`) one of its events.
    """
    events, problems = document_events(document)
    if isinstance(document, dict) and document.get("type") != DOCUMENT:
        raise CaptureRefused([f"type: must be {DOCUMENT}; a single event goes to /epcis/events"])
    if len(events) > EVENTS_MAX:
        raise QueryRefused("CaptureLimitExceededException", 413, f"{len(events)} events; send {EVENTS_MAX} at most at once")
    wrong = {place: found for place, event in enumerate(events) if (found := event_problems(event, f"epcisBody.eventList[{place}]"))}
    of_events = [line for found in wrong.values() for line in found]
    if len(problems) > len(of_events) or (problems and not proceed):
        raise CaptureRefused(problems)
    return _named([event for place, event in enumerate(events) if place not in wrong], document), of_events


def _named(events: list[Event], document: Event) -> list[Event]:
    """Give each event a name if it has none, and its document's context if it speaks words of its own."""
    told = []
    for event in events:
        named = event if "eventID" in event else {"eventID": event_id(event), **event}
        if "@context" not in event and document.get("@context") != CONTEXT and _speaks_own_words(event):
            named = {"@context": document["@context"], **named}
        elif named.get("@context") in (CONTEXT, [CONTEXT]):
            named = {name: value for name, value in named.items() if name != "@context"}
        told.append(named)
    return told


def _speaks_own_words(value: object) -> bool:
    """Whether a field's name somewhere in it carries a prefix."""
    if isinstance(value, dict):
        return any(":" in name or _speaks_own_words(held) for name, held in value.items())
    return isinstance(value, list) and any(map(_speaks_own_words, value))

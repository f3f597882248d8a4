"""Says whether an EPCIS 2.0 document or event may be captured, and if not, everything that is wrong with it.

Our own checks, after the JSON binding of GS1's EPCIS Standard 2.0: they name the field and the remedy in a line, while a JSON Schema's
verdict over its alternatives does not. They are stricter in one thing: a field that is neither the standard's nor carries a prefix is
refused as the typing mistake that it most often is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from store_hub.rules.epcis_values import (
    Check,
    anything,
    boolean,
    hex_digits,
    list_of,
    number,
    offset,
    one_of,
    record,
    shown,
    text,
    time,
    unit,
    uri,
    word_of,
)
from store_hub.rules.epcis_words import (
    ACTIONS,
    AGGREGATION,
    ASSOCIATION,
    BIZ_STEPS,
    DISPOSITIONS,
    DOCUMENT,
    ERROR_REASONS,
    EVENT_TYPES,
    FIELDS,
    OBJECT,
    QUERY_DOCUMENT,
    SOURCE_TYPES,
    TOLERATED,
    TRANSACTION,
    TRANSACTION_TYPES,
    TRANSFORMATION,
)

Event = dict[str, Any]

_DISPOSITION = word_of(DISPOSITIONS, "disposition")
_QUANTITY = record({"epcClass": uri, "quantity": number, "uom": unit}, required=("epcClass",))
_PLACE = record({"id": uri}, required=("id",), extensible=True)
_MANY = list_of(uri)
_DISTINCT = list_of(uri, distinct=True)
_METADATA_TEXTS = ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
_METADATA = record({"time": time, "startTime": time, "endTime": time, **dict.fromkeys(_METADATA_TEXTS, uri)}, extensible=True)
_NUMBERS = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
_URIS = ("microorganism", "chemicalSubstance", "coordinateReferenceSystem", "uriValue", *_METADATA_TEXTS)
_REPORT = record(
    {
        "type": text, "exception": text, "time": time, "component": text, "stringValue": text, "booleanValue": boolean,
        "hexBinaryValue": hex_digits, "uom": text, **dict.fromkeys(_NUMBERS, number), **dict.fromkeys(_URIS, uri),
    },
    required=("type",), extensible=True,
)  # fmt: skip
_SENSOR = record({"sensorMetadata": _METADATA, "sensorReport": list_of(_REPORT, at_least=1)}, required=("sensorReport",), extensible=True)
_SOURCE_TYPE = word_of(SOURCE_TYPES, "kind of source or destination")
_ERROR = record(
    {"declarationTime": time, "reason": word_of(ERROR_REASONS, "error reason"), "correctiveEventIDs": _MANY},
    required=("declarationTime",), extensible=True,
)  # fmt: skip


def _certification(value: object, where: str) -> Iterator[str]:
    return _MANY(value, where) if isinstance(value, list) else uri(value, where)


def _persistent(value: object, where: str) -> Iterator[str]:
    words = list_of(_DISPOSITION, distinct=True, at_least=1)
    yield from record({"set": words, "unset": words})(value, where)
    if value == {}:
        yield f"{where}: must set or unset something"


_CHECKS: dict[str, Check] = {
    "@context": anything, "type": text, "eventTime": time, "recordTime": time, "eventTimeZoneOffset": offset, "eventID": uri,
    "certificationInfo": _certification, "errorDeclaration": _ERROR, "action": one_of(ACTIONS), "epcList": _DISTINCT,
    "quantityList": list_of(_QUANTITY), "bizStep": word_of(BIZ_STEPS, "business step"), "disposition": _DISPOSITION,
    "persistentDisposition": _persistent, "readPoint": _PLACE, "bizLocation": _PLACE,
    "bizTransactionList": list_of(
        record({"type": word_of(TRANSACTION_TYPES, "kind of transaction"), "bizTransaction": uri}, required=("bizTransaction",))
    ),
    "sourceList": list_of(record({"type": _SOURCE_TYPE, "source": uri}, required=("type", "source"))),
    "destinationList": list_of(record({"type": _SOURCE_TYPE, "destination": uri}, required=("type", "destination"))),
    "sensorElementList": list_of(_SENSOR), "parentID": uri, "childEPCs": _MANY, "childQuantityList": list_of(_QUANTITY),
    "inputEPCList": _DISTINCT, "outputEPCList": _DISTINCT, "inputQuantityList": list_of(_QUANTITY),
    "outputQuantityList": list_of(_QUANTITY), "transformationID": uri, "ilmd": record({}, extensible=True),
}  # fmt: skip
_CHECKS_OF_TRANSACTION = {**_CHECKS, "epcList": _MANY}


def event_problems(event: object, where: str = "event") -> list[str]:
    """Return everything that is wrong with an event; an empty list means that it may be captured."""
    if not isinstance(event, dict):
        return [f"{where}: must be an object, not {shown(event)}"]
    return [*_fields(event, where), *_content(event, where)]


def document_events(document: object) -> tuple[list[Event], list[str]]:
    """Return the events of a document (or of a lone event with its @context), and everything that is wrong with document and events."""
    if not isinstance(document, dict):
        return [], [f"document: must be an object, not {shown(document)}"]
    kind = document.get("type")
    if kind not in (DOCUMENT, QUERY_DOCUMENT):
        problems = event_problems(document)
        return [document], problems if "@context" in document else ["event: @context is missing", *problems]
    problems = list(_head(document, kind))
    events, found = _event_list(document, kind)
    if found is not None:
        return [], [*problems, found]
    where = "epcisBody.eventList" if kind == DOCUMENT else "epcisBody.queryResults.resultsBody.eventList"
    for place, event in enumerate(events):
        problems += event_problems(event, f"{where}[{place}]")
    return events, problems


def _head(document: Event, kind: str) -> Iterator[str]:
    required = ("@context", "epcisBody") if kind == QUERY_DOCUMENT else ("@context", "schemaVersion", "creationDate", "epcisBody")
    for name in required:
        if name not in document:
            yield f"document: {name} is missing"
    if not isinstance(document.get("schemaVersion", "2.0"), str):
        yield f'schemaVersion: must be a text such as "2.0", not {shown(document["schemaVersion"])}'
    if "creationDate" in document:
        yield from time(document["creationDate"], "creationDate")
    if "id" in document:
        yield from uri(document["id"], "id")
    for name in document:
        known = ("@context", "id", "type", "schemaVersion", "creationDate", "instanceIdentifier", "sender", "receiver", "epcisHeader")
        if name not in (*known, "epcisBody") and ":" not in name:
            yield f"document: has no field {shown(name)}"


def _event_list(document: Event, kind: str) -> tuple[list[Event], str | None]:
    held: object = document.get("epcisBody")
    path = ("eventList",) if kind == DOCUMENT else ("queryResults", "resultsBody", "eventList")
    where = "epcisBody"
    for step in path:
        if not isinstance(held, dict) or step not in held:
            return [], f"{where}: {step} is missing"
        held, where = held[step], f"{where}.{step}"
    if not isinstance(held, list):
        return [], f"{where}: must be a list, not {shown(held)}"
    return held, None


def _fields(event: Event, where: str) -> Iterator[str]:
    kind = event.get("type")
    for name in ("type", "eventTime", "eventTimeZoneOffset"):
        if name not in event:
            yield f"{where}: {name} is missing"
    if "type" in event and not _is_standard(kind):
        if not isinstance(kind, str) or ":" not in kind:
            yield f"{where}.type: {shown(kind)} is none of {', '.join(EVENT_TYPES)} and no URI of your own"
        names: tuple[str, ...] = tuple(_CHECKS)
    else:
        names = FIELDS.get(kind or OBJECT, ())
    checks = _CHECKS_OF_TRANSACTION if kind == TRANSACTION else _CHECKS
    for name, value in event.items():
        if name in names or name in TOLERATED:
            yield from checks.get(name, anything)(value, f"{where}.{name}")
        elif ":" not in name:
            remedy = f"{kind} has no field" if name in _CHECKS else "the standard has no field"
            yield f"{where}: {remedy} {shown(name)}; fields of your own carry a prefix of @context"


def _is_standard(kind: object) -> bool:
    return isinstance(kind, str) and kind in FIELDS  # JSON may hold a list there, which no dictionary takes.


def _content(event: Event, where: str) -> Iterator[str]:
    """An event must be of something."""
    kind = event.get("type")
    if not _is_standard(kind):
        return
    if kind != TRANSFORMATION and "action" not in event:
        yield f"{where}: action is missing"
    if kind == OBJECT:
        if not ("epcList" in event or event.get("quantityList") or (event.get("sensorElementList") and "readPoint" in event)):
            yield f"{where}: needs an epcList, a quantityList, or sensor data with a readPoint"
        if "ilmd" in event and event.get("action") != "ADD":
            yield f"{where}.ilmd: master data belong to an event with action ADD, not {shown(event.get('action'))}"
    elif kind in (AGGREGATION, ASSOCIATION):
        if not (event.get("childEPCs") or event.get("childQuantityList") or event.get("action") == "DELETE"):
            yield f"{where}: needs childEPCs or a childQuantityList"
        if "parentID" not in event and (kind == ASSOCIATION or event.get("action") != "OBSERVE"):
            yield f"{where}: parentID is missing"
    elif kind == TRANSACTION:
        if not event.get("bizTransactionList"):
            yield f"{where}: needs a bizTransactionList"
        if not ("epcList" in event or event.get("quantityList") or event.get("action") == "DELETE"):
            yield f"{where}: needs an epcList or a quantityList"
    else:
        yield from _transformation(event, where)


def _transformation(event: Event, where: str) -> Iterator[str]:
    came = bool(event.get("inputEPCList") or event.get("inputQuantityList"))
    went = bool(event.get("outputEPCList") or event.get("outputQuantityList"))
    if not (came and went) and not ("transformationID" in event and (came or went)):
        yield f"{where}: needs inputs and outputs, or a transformationID with one of them"

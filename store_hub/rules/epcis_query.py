"""Reads the parameters of EPCIS 2.0's SimpleEventQuery, as its REST binding sends them, into what the ledger is asked.

Values of one parameter are parted by `|`: any of them will do. EPCs and places are compared as GS1's canonical Digital Links, so that a
question in one form finds an event told in another.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import msgspec

from store_hub.errors import HubError
from store_hub.rows.epcis import Asked, EventQuery, Position
from store_hub.rules.epcis_asked import AskedWrong, read_asked
from store_hub.rules.epcis_hash import canonical_name
from store_hub.rules.epcis_rows import bare_word
from store_hub.rules.epcis_values import moment_ms
from store_hub.rules.epcis_words import ACTIONS, EVENT_TYPES

PER_PAGE_MAX = 1_000
_EQUAL = {
    "eventType": "event_type", "EQ_action": "action", "EQ_bizStep": "biz_step", "EQ_disposition": "disposition",
    "EQ_readPoint": "read_point", "EQ_bizLocation": "biz_location", "EQ_eventID": "event_id",
}  # fmt: skip
_UNDER = {"WD_readPoint": "read_point", "WD_bizLocation": "biz_location"}
_SPANS = {
    "GE_eventTime": ("event_time_ms", "ge"), "LT_eventTime": ("event_time_ms", "lt"), "GE_recordTime": ("record_time_ms", "ge"),
    "LT_recordTime": ("record_time_ms", "lt"), "GE_errorDeclaration_Time": ("declared_at_ms", "ge"),
    "LT_errorDeclaration_Time": ("declared_at_ms", "lt"),
}  # fmt: skip
_THINGS = {
    "MATCH_epc": ("epc", "child"), "MATCH_parentID": ("parent",), "MATCH_inputEPC": ("input",), "MATCH_outputEPC": ("output",),
    "MATCH_anyEPC": ("epc", "child", "parent", "input", "output"), "MATCH_epcClass": ("class",), "MATCH_inputEPCClass": ("input_class",),
    "MATCH_outputEPCClass": ("output_class",), "MATCH_anyEPCClass": ("class", "input_class", "output_class"),
}  # fmt: skip
_INSIDE = {
    "EQ_errorReason": "errorReason", "EQ_correctiveEventID": "correctiveEventID", "EQ_transformationID": "transformationID",
    "EQ_persistentDisposition_set": "persistentDisposition_set", "EQ_persistentDisposition_unset": "persistentDisposition_unset",
}  # fmt: skip
_ORDER = {"eventTime": "event_time_ms", "recordTime": "record_time_ms"}
_COUNTS = {"eventCountLimit": "limit", "maxEventCount": "maximum", "perPage": "per_page"}
_OTHERS = ("EXISTS_errorDeclaration", "orderBy", "orderDirection", "nextPageToken")
KNOWN = frozenset((*_EQUAL, *_UNDER, *_SPANS, *_THINGS, *_INSIDE, *_COUNTS, *_OTHERS))
_MASTER_DATA = ("HASATTR_", "EQATTR_", "EQ_ATTR_")


class QueryRefused(HubError, ValueError):
    """A query that cannot be answered; `exception` is the standard's name for it, `status` HTTP's."""

    def __init__(self, exception: str, status: int, detail: str) -> None:
        super().__init__(detail)
        self.exception = exception
        self.status = status


def parameter_wrong(name: str, problem: str) -> QueryRefused:
    """A parameter that is unknown or wrong."""
    return QueryRefused("QueryParameterException", 400, f"{name}: {problem}")


def read_query(parameters: Sequence[tuple[str, str]]) -> EventQuery:
    """Read the parameters of a query.

    Raises:
        QueryRefused: one is unknown, wrong, or of those that this hub does not answer.
    """
    told: dict[str, list[str]] = {}
    for name, value in parameters:
        told.setdefault(name, []).extend(part for part in value.split("|") if part)
    for name, values in told.items():
        if not values and not name.startswith("EXISTS_"):
            raise parameter_wrong(name, "it has no value")
    asked = tuple(_asked(name, values) for name, values in told.items() if name not in KNOWN)
    once: dict[str, Any] = {field: _count(name, told[name]) for name, field in _COUNTS.items() if name in told}
    if "limit" in once and "maximum" in once:
        raise parameter_wrong("maxEventCount", "the standard allows only one of eventCountLimit and maxEventCount")
    if once.get("per_page", 1) > PER_PAGE_MAX:
        once["per_page"] = PER_PAGE_MAX
    return EventQuery(
        equal=tuple((column, _values(name, told[name])) for name, column in _EQUAL.items() if name in told),
        under=tuple((column, tuple(map(canonical_name, told[name]))) for name, column in _UNDER.items() if name in told),
        spans=tuple((*span, _moment(name, told[name])) for name, span in _SPANS.items() if name in told),
        things=tuple((roles, tuple(map(_pattern, told[name]))) for name, roles in _THINGS.items() if name in told),
        inside=tuple((field, tuple(map(bare_word, told[name]))) for name, field in _INSIDE.items() if name in told),
        asked=asked,
        declared=_declared(told),
        order_by=_ORDER[_choice("orderBy", told, tuple(_ORDER))],
        descending=_choice("orderDirection", told, ("DESC", "ASC")) == "DESC",
        after=_position(told.get("nextPageToken")),
        **once,
    )


def page_token(position: Position) -> str:
    """Return a position as a token for the next page."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def _asked(name: str, values: list[str]) -> Asked:
    """What a parameter asks of the event's inside."""
    if name.startswith(_MASTER_DATA):
        raise QueryRefused("ImplementationException", 501, f"{name}: this hub keeps no master data of places and articles of others")
    try:
        asked = read_asked(name, values)
    except AskedWrong as error:
        raise parameter_wrong(name, str(error)) from None
    if asked is None:
        raise parameter_wrong(name, f"no parameter of the standard; known here are {', '.join(sorted(KNOWN))}, and those of docs/epcis.md")
    return asked


def _values(name: str, values: list[str]) -> tuple[str, ...]:
    if name == "eventType" and (odd := [value for value in values if value not in EVENT_TYPES and ":" not in value]):
        raise parameter_wrong(name, f"{odd[0]!r} is none of {', '.join(EVENT_TYPES)}")
    if name == "EQ_action" and (odd := [value for value in values if value not in ACTIONS]):
        raise parameter_wrong(name, f"{odd[0]!r} is none of {', '.join(ACTIONS)}")
    if name in ("EQ_readPoint", "EQ_bizLocation"):
        return tuple(map(canonical_name, values))
    return tuple(map(bare_word, values))


def _pattern(value: str) -> str:
    """An EPC; with an open serial number, whatever it is."""
    if value.startswith("urn:epc:idpat:") and value.endswith(".*"):
        link = canonical_name(value)
        return f"{link}/*" if link != value else value
    return canonical_name(value)


def _moment(name: str, values: list[str]) -> int:
    at_ms = moment_ms(values[0].replace(" ", "+")) if len(values) == 1 else None  # An unescaped + arrives as a space.
    if at_ms is None:
        raise parameter_wrong(name, f"{'|'.join(values)!r} is no time with its offset, such as 2026-11-25T09:30:00.000Z")
    return at_ms


def _count(name: str, values: list[str]) -> int:
    if len(values) != 1 or not values[0].isascii() or not values[0].isdecimal() or not 1 <= int(values[0]) < 2**31:
        raise parameter_wrong(name, f"{'|'.join(values)!r} must be a whole number above zero")
    return int(values[0])


def _choice(name: str, told: dict[str, list[str]], choices: tuple[str, ...]) -> str:
    values = told.get(name, [choices[0]])
    if len(values) != 1 or values[0] not in choices:
        raise parameter_wrong(name, f"{'|'.join(values)!r} must be one of {', '.join(choices)}")
    return values[0]


def _declared(told: dict[str, list[str]]) -> bool | None:
    if "EXISTS_errorDeclaration" not in told:
        return True if {"GE_errorDeclaration_Time", "LT_errorDeclaration_Time"} & set(told) else None
    value = told["EXISTS_errorDeclaration"]
    if value not in ([], ["true"], ["false"]):
        raise parameter_wrong("EXISTS_errorDeclaration", f"{value[0]!r} must be true, false or empty")
    return value != ["false"]


def _position(values: list[str] | None) -> Position | None:
    if values is None:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(values[0] + "=" * (-len(values[0]) % 4)), type=Position)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise parameter_wrong("nextPageToken", "it is none of ours; follow the Link header of the page before") from None

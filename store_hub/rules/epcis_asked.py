"""Answers what SimpleEventQuery asks of an event's inside: quantities, business transactions, sources and destinations, sensor data, and
extensions wherever they stand.

The parameters' names follow GS1's query schema for EPCIS 2.0. Each is a question of its own: an event fits when something in it answers
each of them. `INNER` looks below the extensions of a place. An extension is known by its prefix as the event writes it, or by its full
address; a prefix that the asker declares (header GS1-Extensions) is the address. Units are not converted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from store_hub.rows.epcis import Asked
from store_hub.rules.epcis_hash import canonical_name
from store_hub.rules.epcis_values import moment_ms
from store_hub.rules.epcis_words import QUANTITY_FIELDS

Event = dict[str, Any]
Names = Callable[[str], bool]

_ASKED = re.compile(r"(EQ|GT|GE|LT|LE|EXISTS)_(.+)")
_TYPED = re.compile(r"(bizTransaction|source|destination)_([a-z][a-zA-Z0-9_]*|\S+:\S+)")
_QUANTITY = re.compile(r"(quantity)(?:_([A-Z0-9]{2,4}))?")
_MEASURED = re.compile(r"(value|minValue|maxValue|meanValue|sDev|percValue)_([A-Z0-9]{2,4})")
_OWN = re.compile(r"(INNER_)?(?:(ILMD|ERROR_DECLARATION|SENSORELEMENT|SENSORMETADATA|SENSORREPORT|readPoint|bizLocation)_)?(\w[\w.-]*:\S+)")
_TIMES = ("time", "startTime", "endTime")
_WORDS = (
    "type", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "microorganism", "chemicalSubstance", "bizRules",
    "stringValue", "booleanValue", "hexBinaryValue", "uriValue",
)  # fmt: skip
_BARE = re.compile(r"(?:https://ref\.gs1\.org/cbv/(?:BTT|SDT)-|urn:epcglobal:cbv:(?:btt|sdt):|gs1:|https?://(?:www\.)?gs1\.org/voc/)")
_FORMS = {"number": "a number such as 15.5", "time": "a time with its offset, such as 2026-11-25T09:30:00.000Z"}


class AskedWrong(ValueError):
    """A value that does not fit its parameter."""


def read_asked(name: str, values: Sequence[str]) -> Asked | None:
    """Return what a parameter asks, None where it is none of these.

    Raises:
        AskedWrong: its value is no number, time or truth value where one is needed.
    """
    parsed = _ASKED.fullmatch(name)
    asked = None if parsed is None else _of_name(parsed[1].lower(), parsed[2])
    return None if asked is None else asked._replace(values=_checked(asked, values))


def fits(asked: Iterable[Asked], prefixes: Mapping[str, str]) -> Callable[[bytes], bool]:
    """Return a test of an event's JSON. `prefixes`: those that the asker declares, and their addresses."""
    questions = tuple(asked)

    def test(payload: bytes) -> bool:
        event: Event = msgspec.json.decode(payload)
        return all(_answers(one, event, prefixes) for one in questions)

    return test


def _of_name(sign: str, rest: str) -> Asked | None:
    if sign == "exists":
        if rest in ("sensorElementList", "sensorElement"):
            return Asked("event", "sensorElementList", sign)
    elif typed := _TYPED.fullmatch(rest):
        return Asked(typed[1], typed[2], sign) if sign == "eq" else None
    elif counted := _QUANTITY.fullmatch(rest) or _MEASURED.fullmatch(rest):
        return Asked("quantity" if counted[1] == "quantity" else "report", counted[1], sign, unit=counted[2] or "", form="number")
    elif rest == "percRank":
        return Asked("report", rest, sign, form="number")
    elif rest in _TIMES:
        return Asked("sensor", rest, sign, form="time")
    elif rest in _WORDS and sign == "eq":
        return Asked("sensor", rest, sign)
    if own := _OWN.fullmatch(rest):
        return Asked(own[2] or "event", own[3], sign, inner=own[1] is not None)
    return None


def _checked(asked: Asked, values: Sequence[str]) -> tuple[str, ...]:
    if asked.sign == "exists":
        if len(values) > 1 or values[:1] not in ([], ["true"], ["1"], ["false"], ["0"]):
            raise AskedWrong(f"{'|'.join(values)!r} must be true, false or empty")
        return ("false",) if values[:1] in (["false"], ["0"]) else ("true",)
    if asked.sign != "eq" and len(values) != 1:
        raise AskedWrong("needs one value")
    for value in values:
        is_number, is_time = _number(value) is not None, moment_ms(_plus(value)) is not None
        if asked.form and not {"number": is_number, "time": is_time}[asked.form]:
            raise AskedWrong(f"{value!r} must be {_FORMS[asked.form]}")
        if not asked.form and asked.sign != "eq" and not (is_number or is_time):
            raise AskedWrong(f"{value!r} must be {_FORMS['number']} or {_FORMS['time']}")
    return tuple(values)


# ---- what an event holds


def _answers(asked: Asked, event: Event, prefixes: Mapping[str, str]) -> bool:
    held = _held(asked, event, _named(asked.name, event, prefixes))
    if asked.sign == "exists":
        return (next(held, None) is not None) == (asked.values == ("true",))
    return any(_compares(asked.sign, one, value) for found in held for one in _single(found) for value in asked.values)


def _held(asked: Asked, event: Event, is_named: Names) -> Iterator[object]:
    """Everything in the event that a question is about."""
    if asked.part == "quantity":
        elements = (element for name in QUANTITY_FIELDS for element in event.get(name) or ())
        return (one.get("quantity") for one in elements if asked.unit in ("", one.get("uom")))
    if asked.part in ("bizTransaction", "source", "destination"):
        listed = event.get(f"{asked.part}List") or ()
        return (one.get(asked.part) for one in listed if _bare(one.get("type", "")) == _bare(asked.name))
    if asked.part == "report" and asked.form:
        return (one.get(asked.name) for one in _places("SENSORREPORT", event) if asked.unit in ("", one.get("uom")))
    if asked.part == "sensor":
        return (_bare(one[asked.name]) for part in ("SENSORMETADATA", "SENSORREPORT") for one in _places(part, event) if asked.name in one)
    places = _places(asked.part, event)
    if asked.inner:
        below = (value for place in places for name, value in place.items() if ":" in name)
        return (value for start in below for name, value in _fields(start) if is_named(name))
    return (value for place in places for name, value in place.items() if is_named(name))


def _places(part: str, event: Event) -> Iterator[Event]:
    """The objects of an event in which extensions of a kind stand."""
    elements = event.get("sensorElementList") or ()
    if part == "event":
        yield event
    elif part == "SENSORELEMENT":
        yield from elements
    elif part == "SENSORMETADATA":
        yield from (element["sensorMetadata"] for element in elements if "sensorMetadata" in element)
    elif part == "SENSORREPORT":
        yield from (report for element in elements for report in element.get("sensorReport") or ())
    else:
        held = event.get({"ILMD": "ilmd", "ERROR_DECLARATION": "errorDeclaration"}.get(part, part))
        if isinstance(held, dict):
            yield held


def _fields(value: object) -> Iterator[tuple[str, object]]:
    """All fields below a value, at any depth."""
    if isinstance(value, dict):
        for name, held in value.items():
            yield name, held
            yield from _fields(held)
    elif isinstance(value, list):
        for held in value:
            yield from _fields(held)


def _single(value: object) -> Iterator[object]:
    """The plain values of a field; a JSON-LD value may stand in an object."""
    if isinstance(value, list):
        for held in value:
            yield from _single(held)
    elif isinstance(value, dict):
        if "@value" in value:
            yield value["@value"]
    elif value is not None:
        yield value


# ---- names and values


def _named(name: str, event: Event, prefixes: Mapping[str, str]) -> Names:
    """Whether a field of this event bears a name: as written, or with both prefixes written out."""
    prefix, _, local = name.partition(":")
    wanted = f"{prefixes[prefix]}{local}" if prefix in prefixes else name
    if wanted == name and not local.startswith("//"):
        return lambda field: field == name
    known: dict[str, str] = {}
    contexts = event.get("@context", ())
    for context in contexts if isinstance(contexts, list) else [contexts]:
        if isinstance(context, dict):
            known |= {key: value for key, value in context.items() if isinstance(value, str)}

    def is_named(field: str) -> bool:
        prefix, _, local = field.partition(":")
        full = f"{known[prefix]}{local}" if prefix in known else field
        return full.replace("#", "") == wanted.replace("#", "")

    return is_named


def _compares(sign: str, held: object, value: str) -> bool:
    told = str(held).lower() if isinstance(held, bool) else str(held)
    pair = _number(told), _number(value)
    if pair[0] is None or pair[1] is None:
        moments = moment_ms(told), moment_ms(_plus(value))
        pair = moments if None not in moments else (None, None)
    left, right = pair
    if left is None or right is None:
        return sign == "eq" and (told == value or canonical_name(told) == canonical_name(value) or told == _bare(value))
    return {"eq": left == right, "gt": left > right, "ge": left >= right, "lt": left < right, "le": left <= right}[sign]


def _number(text: str) -> float | None:
    try:
        return float(text) if re.fullmatch(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", text.strip()) else None
    except ValueError:
        return None


def _plus(time: str) -> str:
    """A time whose + arrived as a space, for it was not escaped."""
    return time.replace(" ", "+")


def _bare(word: object) -> Any:
    return _BARE.sub("", word, count=1) if isinstance(word, str) else word

"""Checks single values of an EPCIS document: texts, addresses, times, quantities, words of a vocabulary.

Each check returns what is wrong as lines of `where: what`, so that a sender sees all of it at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, tzinfo
from functools import lru_cache

Check = Callable[[object, str], Iterator[str]]

_URI = re.compile(r"(?:_|[A-Za-z][A-Za-z0-9+.-]*):\S+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")
_OFFSET = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)")
_UOM = re.compile(r"[A-Z0-9]{2,3}")
_HEX = re.compile(r"[A-Fa-f0-9]+")
_OLD_VOCABULARY = ("urn:epcglobal:cbv", "http://ns.gs1.org/cbv/", "https://ns.gs1.org/cbv/")
_SHOWN_MAX = 80


def shown(value: object) -> str:
    """Return a value as it may stand in a line for a person."""
    text = repr(value) if isinstance(value, str) else {dict: "an object", list: "a list", type(None): "null"}.get(type(value), str(value))
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"


def uri(value: object, where: str) -> Iterator[str]:
    """A URI."""
    if not isinstance(value, str) or not _URI.fullmatch(value):
        yield f"{where}: must be a URI, such as urn:epc:id:sgtin:0614141.107346.2017, not {shown(value)}"


def text(value: object, where: str) -> Iterator[str]:
    """Any text."""
    if not isinstance(value, str):
        yield f"{where}: must be a text, not {shown(value)}"


def number(value: object, where: str) -> Iterator[str]:
    """A number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield f"{where}: must be a number, not {shown(value)}"


def boolean(value: object, where: str) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield f"{where}: must be true or false, not {shown(value)}"


def hex_digits(value: object, where: str) -> Iterator[str]:
    """Hex digits."""
    yield from _matching(value, where, _HEX, "hex digits")


def unit(value: object, where: str) -> Iterator[str]:
    """A unit of measure by UN/CEFACT Recommendation 20."""
    yield from _matching(value, where, _UOM, "a unit by UN/CEFACT, such as KGM,")


def offset(value: object, where: str) -> Iterator[str]:
    """A time zone's offset."""
    yield from _matching(value, where, _OFFSET, "an offset such as +02:00")


def time(value: object, where: str) -> Iterator[str]:
    """A moment."""
    if not isinstance(value, str) or moment_ms(value) is None:
        yield f"{where}: must be a time with its offset, such as 2026-11-25T09:30:00.000+01:00, not {shown(value)}"


@lru_cache(maxsize=1_024)
def moment_ms(value: str) -> int | None:
    """Return a time with its offset as Unix milliseconds (rounded), or None where it is none."""
    if not _TIME.fullmatch(value):
        return None
    try:
        return round(datetime.fromisoformat(value.upper()).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1_024)
def written_second(at_s: int, zone: tzinfo) -> tuple[str, str]:
    """Write a second of a zone as the standard does, and the zone's offset then. Many events share one."""
    written = datetime.fromtimestamp(at_s, zone).isoformat()
    return written[:19], written[19:]


def word_of(words: Collection[str], name: str) -> Check:
    """A word of a vocabulary, or somebody's own as a URI."""

    def check(value: object, where: str) -> Iterator[str]:
        if isinstance(value, str) and value.startswith(_OLD_VOCABULARY):
            yield f"{where}: write GS1's own words bare in JSON, such as {min(words)!r}, not {shown(value)}"
        elif not isinstance(value, str) or (value not in words and not _URI.fullmatch(value)):
            yield f"{where}: {shown(value)} is no {name} of the CBV and no URI"

    return check


def one_of(words: Collection[str]) -> Check:
    """One of a few words."""

    def check(value: object, where: str) -> Iterator[str]:
        if value not in words:
            yield f"{where}: must be one of {', '.join(words)}, not {shown(value)}"

    return check


def list_of(check: Check, *, distinct: bool = False, at_least: int = 0) -> Check:
    """A list whose every item passes a check."""

    def checked(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where}: must be a list, not {shown(value)}"
            return
        if len(value) < at_least:
            yield f"{where}: must hold {at_least} or more"
        if distinct and len({str(item) for item in value}) < len(value):
            yield f"{where}: names something twice"
        for place, item in enumerate(value):
            yield from check(item, f"{where}[{place}]")

    return checked


def record(fields: dict[str, Check], *, required: Collection[str] = (), extensible: bool = False) -> Check:
    """An object with these fields. `extensible`: names with a prefix (`example:mine`) may stand beside them."""

    def checked(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: must be an object, not {shown(value)}"
            return
        for name in required:
            if name not in value:
                yield f"{where}: {name} is missing"
        for name, held in value.items():
            if name in fields:
                yield from fields[name](held, f"{where}.{name}")
            elif not extensible or not (":" in name or name in ("id", "type", "@id", "@type")):
                yield f"{where}: has no field {shown(name)}"

    return checked


def anything(value: object, where: str) -> Iterator[str]:
    """Whatever it is: somebody's extension."""
    return iter(())


def _matching(value: object, where: str, pattern: re.Pattern[str], what: str) -> Iterator[str]:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        yield f"{where}: must be {what} not {shown(value)}"

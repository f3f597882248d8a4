"""Reads a TOML file into a struct, and says of every mistake in which file, line and field it is, and what to write instead."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from edge_agent.errors import ConfigurationInvalid

S = TypeVar("S", bound=msgspec.Struct)
Place = tuple[str | int, ...]
"""Keys and positions from the root of the file: `("scales", 1, "shelf_id")` is in the second `[[scales]]`."""

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_LONG_STRINGS = ('"' * 3, "'" * 3)


class Wrong(NamedTuple):
    """What is wrong with a value, and where in the file."""

    place: Place
    problem: str


def read(path: Path) -> tuple[str, dict[str, Any]]:
    """The file's text and what it says.

    Raises:
        ConfigurationInvalid: no such file, not UTF-8, or no TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigurationInvalid(path=str(path), field="file", problem="is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        problem = f"cannot be read: {(error.strerror or str(error)).lower()}; give the file's name with --config"
        raise ConfigurationInvalid(path=str(path), field="file", problem=problem) from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise ConfigurationInvalid(path=str(path), field="file", problem=f"is not valid TOML: {error}", line=line) from None


def convert(path: Path, text: str, content: dict[str, Any], shape: type[S], base: Place = ()) -> S:
    """Make a struct of what a file says, `base` being where in the file it says so.

    Raises:
        ConfigurationInvalid: an unknown key, a missing one, a wrong type or a value out of bounds.
    """
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        wrong = _explained(str(error), content, shape)
        raise invalid(path, text, Wrong((*base, *wrong.place), wrong.problem)) from None


def invalid(path: Path, text: str, wrong: Wrong) -> ConfigurationInvalid:
    """The error that names file, line and field."""
    field = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in wrong.place).lstrip(".")
    return ConfigurationInvalid(path=str(path), field=field or "file", problem=wrong.problem, line=line_of(text, wrong.place))


def _explained(message: str, content: dict[str, Any], shape: type[msgspec.Struct]) -> Wrong:
    """Turn msgspec's message into a place and a problem in the words of the file."""
    problem, _, where = message.partition(" - at ")
    place: Place = tuple(int(part[1:-1]) if part.startswith("[") else part for part in re.findall(r"[^.`$\[\]]+|\[\d+\]", where))
    if found := re.match(r"Object contains unknown field `(.*)`", problem):
        known = sorted(_fields_at(shape, place))
        close = difflib.get_close_matches(found[1], known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
        return Wrong((*place, found[1]), f"unknown key {found[1]!r}; {hint}")
    if found := re.match(r"Object missing required field `(.*)`", problem):
        return Wrong((*place, found[1]), f"is missing; add a line: {found[1]} = …")
    value: Any = content
    for part in place:
        value = value[part]
    named = (
        problem.replace("`str`", "text").replace("`int`", "a whole number").replace("`float`", "a number").replace("`object`", "a table")
    )
    named = named.replace("`array`", "a list").replace("`bool`", "true or false").replace("`null`", "nothing")
    shown = "" if isinstance(value, dict | list) else f", got {value!r}"
    return Wrong(place, named.partition(", got ")[0] + shown)


def _fields_at(shape: type[msgspec.Struct], place: Place) -> list[str]:
    inner: Any = msgspec.inspect.type_info(shape)
    for part in place:
        inner = _present(inner)
        inner = inner.item_type if isinstance(part, int) else next(field.type for field in inner.fields if field.encode_name == part)
    return [field.encode_name for field in _present(inner).fields]


def _present(inner: Any) -> Any:
    """What a field holds when it is not empty."""
    if isinstance(inner, msgspec.inspect.UnionType):
        return next(one for one in inner.types if not isinstance(one, msgspec.inspect.NoneType))
    return inner


def line_of(text: str, place: Place) -> int | None:
    """The line, from 1, of the field, or else of the nearest table or array around it; None when nothing of it is written."""
    lines: dict[Place, int] = {}
    for number, found in _places(text):
        lines.setdefault(found, number)
    while place:
        if place in lines:
            return lines[place]
        place = place[:-1]
    return None


def _places(text: str) -> Iterator[tuple[int, Place]]:
    table: Place = ()
    sizes: dict[Place, int] = {}
    in_string = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if in_string:
            in_string = "" if in_string in line else in_string
            continue
        if header := _HEADER.match(line):
            table = _table(_parts(header[2]), sizes, is_array=header[1] == "[[")
            yield number, table
            if header[1] == "[[":
                yield number, table[:-1]
        elif key := _KEY.match(line):
            parts = _parts(key[1])
            for length in range(1, len(parts) + 1):
                yield number, table + parts[:length]
            in_string = next((quotes for quotes in _LONG_STRINGS if line.count(quotes) == 1), "")


def _parts(dotted: str) -> Place:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _table(parts: Place, sizes: dict[Place, int], *, is_array: bool) -> Place:
    """The full place of a header: a name that is an array of tables means its newest element."""
    place: Place = ()
    for depth, part in enumerate(parts):
        place = (*place, part)
        if is_array and depth == len(parts) - 1:
            sizes[place] = sizes.get(place, 0) + 1
        if place in sizes:
            place = (*place, sizes[place] - 1)
    return place

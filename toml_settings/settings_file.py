"""Reads a TOML file into a struct, and says of every mistake in which file, line and field it is, and what to write instead."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

Positive = Annotated[float, Meta(gt=0.0)]
PositiveInt = Annotated[int, Meta(ge=1)]
Port = Annotated[int, Meta(ge=1, le=65535)]

S = TypeVar("S", bound=msgspec.Struct)
Place = tuple[str | int, ...]
"""Keys and positions from the root of the file: `("scales", 1, "shelf_id")` is in the second `[[scales]]`."""

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_WORDS = {
    "`str`": "text",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`object`": "a table",
    "`array`": "a list",
    "`null`": "nothing",
}
_LONG_STRINGS = ('"' * 3, "'" * 3)


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a settings file."""


class Wrong(NamedTuple):
    """What is wrong with a value, and where in the file."""

    place: Place
    problem: str


class SettingsInvalid(ValueError):
    """A settings file cannot be used: which file, which line, which field, and what to write instead."""

    def __init__(self, *, path: str, field: str, problem: str, line: int | None = None) -> None:
        place = f"{path}:{line}" if line is not None else path
        super().__init__(f"{place}: {field}: {problem}")
        self.path = path
        self.field = field
        self.problem = problem
        self.line = line


class SettingsFile:
    """A TOML file that has been read, and can say of every field on which line it stands.

    Args:
        path: the file.
        refusal: the program's own kind of `SettingsInvalid`.
        words: what to say in place of a pattern that a text must match.
        text: what the file is to say, where it is not to be read: whether it may be written so.

    Raises:
        SettingsInvalid: no such file, not UTF-8, no TOML, or a number that is none (TOML knows nan and inf).
    """

    def __init__(
        self, path: Path, refusal: type[SettingsInvalid], *, words: Mapping[str, str] | None = None, text: str | None = None
    ) -> None:
        self._path = path
        self._refusal = refusal
        self._words = words or {}
        try:
            self._text = path.read_text(encoding="utf-8") if text is None else text
        except UnicodeDecodeError:
            raise self._refused("is not UTF-8 text; save it as UTF-8") from None
        except OSError as error:
            problem = f"cannot be read: {(error.strerror or str(error)).lower()}; check its name and who may read it"
            raise self._refused(problem) from None
        try:
            self.content: dict[str, Any] = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"at line (\d+)", str(error))
            line = int(found[1]) if found else len(self._text.splitlines())
            raise self._refused(f"is not valid TOML: {error}", line=line) from None
        for endless in _endless_numbers(self.content, ()):
            raise self.invalid(Wrong(endless, "must be a finite number"))

    def convert(self, shape: type[S], *, content: dict[str, Any] | None = None, base: Place = ()) -> S:
        """Make a struct of what the file says; `content` and `base`: of that part of it, which is found there.

        Raises:
            SettingsInvalid: an unknown key, a missing one, a wrong type or a value out of bounds.
        """
        said = self.content if content is None else content
        try:
            return msgspec.convert(said, shape)
        except msgspec.ValidationError as error:
            wrong = _explained(str(error), said, shape, self._words)
            raise self.invalid(Wrong((*base, *wrong.place), wrong.problem)) from None

    def invalid(self, wrong: Wrong) -> SettingsInvalid:
        """The error that names file, line and field."""
        field = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in wrong.place).lstrip(".")
        return self._refusal(path=str(self._path), field=field or "file", problem=wrong.problem, line=line_of(self._text, wrong.place))

    def _refused(self, problem: str, *, line: int | None = None) -> SettingsInvalid:
        return self._refusal(path=str(self._path), field="file", problem=problem, line=line)


def _endless_numbers(said: Any, place: Place) -> Iterator[Place]:
    if isinstance(said, dict | list):
        for part, inner in said.items() if isinstance(said, dict) else enumerate(said):
            yield from _endless_numbers(inner, (*place, part))
    elif isinstance(said, float) and not math.isfinite(said):
        yield place


def _explained(message: str, content: dict[str, Any], shape: type[msgspec.Struct], words: Mapping[str, str]) -> Wrong:
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
    for pattern, meaning in {**words, **_WORDS}.items():
        problem = problem.replace(pattern, meaning)
    shown = "" if isinstance(value, dict | list) else f", got {value!r}"
    return Wrong(place, problem.partition(", got ")[0] + shown)


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
    for number, found in places(text):
        lines.setdefault(found, number)
    while place:
        if place in lines:
            return lines[place]
        place = place[:-1]
    return None


def places(text: str) -> Iterator[tuple[int, Place]]:
    """Every table and key that the text writes, with the number of its line, from 1."""
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

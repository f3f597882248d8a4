"""Changes lists of tables in a TOML file that people wrote (door lines, floor points, zones): comments, order and spacing stay.

What the file already says is left as it is written, character by character. A changed table keeps its comments; a new one comes after the
others, in the manner of the others; a table that goes takes only its own comment with it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from edge_agent.errors import ConfigurationInvalid
from edge_agent.toml_inline import KEY_OF_LINE, Table, offset_of, value_end, with_inline, written
from toml_settings import Place
from toml_settings.settings_file import line_of, places

_HEADER = re.compile(r"^\s*\[")


class ListOf(NamedTuple):
    """A list to be written: where it belongs, what it shall hold, and the key that names one of its tables (empty: their order does)."""

    table: Place
    key: str
    items: Sequence[Table]
    named_by: str = ""


def with_lists(path: Path, text: str, lists: Sequence[ListOf]) -> str:
    """The text of a file with these lists; the file itself is not touched.

    Raises:
        ConfigurationInvalid: the file says it in a way that is not edited safely.
    """
    for one in lists:
        try:
            text = with_list(text, one)
        except (ValueError, KeyError, IndexError, TypeError, StopIteration):
            problem = "is written in a way that is not edited safely; nothing was written: give it tables of its own, [[…]], one key a line"
            raise ConfigurationInvalid(path=str(path), field=one.key, problem=problem) from None
    return text


def with_list(text: str, wanted: ListOf) -> str:
    """The text with this list.

    Raises:
        ValueError, KeyError, IndexError, TypeError: it cannot be done without touching something else.
    """
    meant = tomllib.loads(text)
    *above, last = (*wanted.table, wanted.key)
    if above and wanted.items:
        text, meant = _with_table(text, meant, tuple(above))
    inner = _at(meant, tuple(above)) if wanted.items or _has(meant, tuple(above)) else {}
    old: list[Table] = inner.get(str(last), [])
    if old == list(wanted.items):
        return text
    at = line_of(text, (*wanted.table, wanted.key))
    is_inline = bool(old) and at is not None and not _HEADER.match(text.splitlines()[at - 1])
    is_inline = is_inline or (str(last) in inner and not old)
    changed = with_inline(text, at or 0, old, wanted.items) if is_inline else _with_blocks(text, old, wanted)
    if wanted.items or is_inline:
        inner[str(last)] = [dict(item) for item in wanted.items]
    else:
        inner.pop(str(last), None)
    if tomllib.loads(changed) != meant:
        raise ValueError(last)
    return changed


# ---- lists written as [[tables]]


def _with_blocks(text: str, old: Sequence[Table], wanted: ListOf) -> str:
    """Change what differs from the last to the first, so that the places before stay where they are; then add what is new."""
    items = list(wanted.items)
    names = [_name(item, index, wanted) for index, item in enumerate(items)]
    known = [_name(item, index, wanted) for index, item in enumerate(old)]
    for index in reversed(range(len(old))):
        place = (*wanted.table, wanted.key, index)
        if known[index] not in names:
            first, after = _block(text, place)
            lines = text.splitlines(keepends=True)
            text = "".join([*lines[:first], *lines[after:]])
            continue
        item = items[names.index(known[index])]
        if item != old[index]:
            text = _with_values(text, place, old[index], item)
    header = ".".join(str(part) for part in (*wanted.table, wanted.key) if isinstance(part, str))
    for name, item in zip(names, items, strict=True):
        if name not in known:
            text = _with_appended(text, wanted.table, [f"[[{header}]]", *(f"{key} = {written(value)}" for key, value in item.items())])
    return text


def _name(item: Table, index: int, wanted: ListOf) -> object:
    return item[wanted.named_by] if wanted.named_by else index


def _with_values(text: str, place: Place, old: Table, item: Table) -> str:
    if set(old) - set(item):
        raise ValueError(place)  # A key that the page does not know would be lost.
    for key, value in item.items():
        if key in old and old[key] == value:
            continue
        if key not in old:
            raise ValueError(place)
        at = line_of(text, (*place, key))
        start = offset_of(text, at or 0)
        found = KEY_OF_LINE.match(text[start:])
        if at is None or found is None:
            raise ValueError(key)
        first = start + found.end()
        text = text[:first] + written(value) + text[value_end(text, first) :]
    return text


def _block(text: str, place: Place) -> tuple[int, int]:
    """The lines, from 0 and half-open, of a table with the comment right above it."""
    headers = _headers(text)
    own = next(number for number, found in headers if found == place)
    after = next((number for number, found in headers if number > own and found[: len(place)] != place), None)
    lines = text.splitlines()
    return _comment_above(lines, own - 1), _comment_above(lines, after - 1) if after is not None else len(lines)


def _with_appended(text: str, table: Place, block: Sequence[str]) -> str:
    """Put a table after the last line of the one it belongs to, and before the comment of the next."""
    headers = _headers(text)
    inside = [number for number, found in headers if found[: len(table)] == table]
    after = next((number for number, found in headers if number > max(inside, default=0) and found[: len(table)] != table), None)
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    cut = _comment_above([line.rstrip("\r\n") for line in lines], after - 1) if after is not None else len(lines)
    while cut > 0 and not lines[cut - 1].strip():
        cut -= 1
    before = "".join(lines[:cut])
    before += end if before and not before.endswith("\n") else ""
    gap = end if before else ""
    return before + gap + "".join(line + end for line in block) + "".join(lines[cut:])


def _with_table(text: str, meant: dict[str, Any], place: Place) -> tuple[str, dict[str, Any]]:
    """Make the table a list belongs to, where there is none yet; everything around it must be there."""
    if _has(meant, place):
        return text, meant
    if not _has(meant, place[:-1]):
        raise KeyError(place)
    header = ".".join(str(part) for part in place if isinstance(part, str))
    text = _with_appended(text, place[:-1], [f"[{header}]"])
    return text, tomllib.loads(text)


def _headers(text: str) -> list[tuple[int, Place]]:
    """Lines, from 1, of all table headers, with the table each begins."""
    lines = text.splitlines()
    found: dict[int, Place] = {}
    for number, place in places(text):
        if _HEADER.match(lines[number - 1]):
            found.setdefault(number, place)
    return sorted(found.items())


def _comment_above(lines: Sequence[str], index: int) -> int:
    while index > 0 and lines[index - 1].lstrip().startswith("#"):
        index -= 1
    return index


def _at(content: Any, place: Place) -> Any:
    for part in place:
        content = content[part]
    return content


def _has(content: Any, place: Place) -> bool:
    try:
        _at(content, place)
    except (KeyError, IndexError, TypeError):
        return False
    return True

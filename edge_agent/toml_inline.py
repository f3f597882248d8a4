"""Lists of tables that a TOML file writes on the spot, `[{ … }, { … }]`: changed element by element, so that their comments stay."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Table = Mapping[str, Any]

KEY_OF_LINE = re.compile(r"""^\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*=\s*""")
_STRINGS = re.compile(r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL)


def with_inline(text: str, line: int, old: Sequence[Table], wanted: Sequence[Table]) -> str:
    """The text with the list that begins on `line`, from 1, and holds `old`, changed to `wanted`.

    Raises:
        ValueError: it is not written as such a list.
    """
    start = offset_of(text, line)
    found = KEY_OF_LINE.match(text[start:])
    if found is None or not text[start + found.end() :].startswith("["):
        raise ValueError(line)
    first = start + found.end()
    after = value_end(text, first)
    spans = list(_elements(text, first + 1, after - 1))
    if len(spans) != len(old):
        raise ValueError(line)
    edits: list[tuple[int, int, str]] = []
    keys = [json.dumps(item, sort_keys=True) for item in old]
    matcher = difflib.SequenceMatcher(None, keys, [json.dumps(item, sort_keys=True) for item in wanted], autojunk=False)
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind != "equal":
            both = min(a2 - a1, b2 - b1)
            edits += [(*spans[a1 + step], written(wanted[b1 + step])) for step in range(both)]
            edits += [(*_with_comma(text, spans[index], after), "") for index in range(a1 + both, a2)]
            new = [written(item) for item in wanted[b1 + both : b2]]
            if new:
                edits.append(_inserted(text, spans, a2 if a2 else 0, (first, after), new))
    for begin, end, words in sorted(edits, reverse=True):
        text = text[:begin] + words + text[end:]
    return text


def _inserted(text: str, spans: Sequence[tuple[int, int]], index: int, around: tuple[int, int], new: Sequence[str]) -> tuple[int, int, str]:
    """New elements after the one before `index`, each on a line of its own where the others have one."""
    many_lines = "\n" in text[around[0] : around[1]]
    if not spans:
        between = "\n  " if many_lines or len(new) > 1 else ""
        return around[0] + 1, around[1] - 1, "".join(f"{between}{item}," for item in new) + ("\n" if between else "")
    anchor = spans[max(0, index - 1)]
    indent = text[text.rfind("\n", 0, anchor[0]) + 1 : anchor[0]]
    between = f"\n{indent}" if many_lines and not indent.strip() else " "
    if index == 0:
        return anchor[0], anchor[0], "".join(f"{item},{between}" for item in new)
    return anchor[1], anchor[1], "".join(f",{between}{item}" for item in new)


def _with_comma(text: str, span: tuple[int, int], after: int) -> tuple[int, int]:
    """An element with its comma, and with its whole line where nothing else is on it."""
    begin, end = span
    rest = re.compile(r"[ \t]*,?").match(text, end)
    end = rest.end() if rest is not None else end
    line_start = text.rfind("\n", 0, begin) + 1
    line_end = text.find("\n", end)
    tail = text[end:line_end].strip() if line_end != -1 else "x"
    if not text[line_start:begin].strip() and line_end < after and (not tail or tail.startswith("#")):
        return line_start, line_end + 1
    return begin, end


def _elements(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    at = begin
    while at < end:
        if text[at] in " \t\r\n,":
            at += 1
        elif text[at] == "#":
            at = _line_end(text, at)
        else:
            stop = value_end(text, at)
            yield at, stop
            at = stop


def value_end(text: str, at: int) -> int:
    """Where the value ends that begins at `at`."""
    depth = 0
    while at < len(text):
        character = text[at]
        if string := _STRINGS.match(text, at):
            at = string.end()
            if depth == 0:
                return at
            continue
        if character == "#":
            if depth == 0:
                break
            at = _line_end(text, at)
            continue
        if depth == 0 and character in ",\r\n]}":
            break
        depth += (character in "[{") - (character in "]}")
        at += 1
        if depth == 0 and character in "]}":
            return at
    return len(text[:at].rstrip(" \t")) if depth == 0 else at


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found == -1 else found


def offset_of(text: str, line: int) -> int:
    """Where a line, counted from 1, begins."""
    return sum(len(one) for one in text.splitlines(keepends=True)[: max(0, line - 1)])


def written(value: Any) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {written(inner)}" for key, inner in value.items()) + " }"
    return "[" + ", ".join(written(inner) for inner in value) + "]"

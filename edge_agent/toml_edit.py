"""Changes numbers and texts in a TOML file that people wrote: comments, order and spacing stay as they are."""

from __future__ import annotations

import json
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_agent.errors import ConfigurationInvalid
from toml_settings import Place
from toml_settings.settings_file import line_of

_VALUE = re.compile(r"^(?P<key>[^=#]*=[ \t]*)(?P<value>[^#\r\n]*?)(?P<rest>[ \t]*(?:#[^\r\n]*)?\r?\n?)$")


Value = float | str


def write_numbers(path: Path, table: Place, numbers: Mapping[str, float]) -> None:
    """Set numbers in one table of a file: see `write_values`."""
    write_values(path, table, numbers)


def write_values(path: Path, table: Place, numbers: Mapping[str, Value]) -> None:
    """Set values in one table of a file. The file is whole at every moment, whatever happens in between.

    Args:
        table: where they belong, for instance `("scales", 1)`; empty: at the file's top.

    Raises:
        ConfigurationInvalid: the file cannot be read or written, or says it in a way that is not edited safely.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        replace_file(path.resolve(), with_numbers(text, table, numbers))
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be changed ({getattr(error, 'strerror', None) or error}); {_by_hand(numbers)}"
        raise ConfigurationInvalid(path=str(path), field="file", problem=problem) from None
    except ValueError:
        problem = f"is written in a way that is not edited safely; {_by_hand(numbers)}"
        raise ConfigurationInvalid(path=str(path), field=".".join(map(str, table)) or "file", problem=problem) from None


def with_numbers(text: str, table: Place, numbers: Mapping[str, Value]) -> str:
    """The text with these values; a table that is not there yet is added at the end.

    Raises:
        ValueError: it cannot be done without touching something else.
    """
    wanted = tomllib.loads(text)
    if len(table) == 1 and table[0] not in wanted:
        text = f"{text.rstrip()}\n\n[{table[0]}]\n"
        wanted = tomllib.loads(text)
    inner: Any = wanted
    for part in table:
        inner = inner[part]
    changed = text
    for key, number in numbers.items():
        changed = _with_number(changed, table, key, number) if key in inner else _with_new(changed, table, key, number, inner)
        inner[key] = number
    if tomllib.loads(changed) != wanted:
        raise ValueError(changed)
    return changed


def _with_number(text: str, table: Place, key: str, number: Value) -> str:
    lines = text.splitlines(keepends=True)
    at = line_of(text, (*table, key))
    match = _VALUE.match(lines[at - 1]) if at is not None else None
    if at is None or match is None:
        raise ValueError(key)
    lines[at - 1] = f"{match['key']}{_written(number)}{match['rest']}"
    return "".join(lines)


def _with_new(text: str, table: Place, key: str, number: Value, inner: Mapping[str, Any]) -> str:
    """Below the last plain key of the table, or below its header."""
    plain = [line_of(text, (*table, name)) for name, value in inner.items() if not isinstance(value, dict | list)]
    after = max((line for line in plain if line is not None), default=line_of(text, table) or 0)
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if after and not lines[after - 1].endswith("\n"):
        lines[after - 1] += end
    return "".join([*lines[:after], f"{key} = {_written(number)}{end}", *lines[after:]])


def replace_file(path: Path, text: str) -> None:
    """Write a file so that it is whole at every moment: beside it first, then in its place. Its rights stay."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, path.stat().st_mode & 0o7777)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _written(value: Value) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _by_hand(numbers: Mapping[str, Value]) -> str:
    return "write by hand: " + ", ".join(f"{key} = {_written(number)}" for key, number in numbers.items())

"""Files and functions stay short: what is longer today is listed in lengths.toml and may only shrink."""

from __future__ import annotations

import ast
import functools
import tomllib
from pathlib import Path

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40
FOLDERS = (
    *(
        "wire_format",
        "toml_settings",
        "page_language",
        "service_manager",
        "deployment",
        "access_control",
        "edge_agent",
        "store_hub",
        "cloud_api",
    ),
    *("benchmarks", "demo", "models", "tests"),
)
LISTED = Path(__file__).with_name("lengths.toml")


@functools.cache
def lengths(repository: Path) -> dict[str, int]:
    """Every file and function that is longer than the house allows, and how long it is."""
    found: dict[str, int] = {}
    for folder in FOLDERS:
        for path in sorted((repository / folder).rglob("*.py")):
            name = path.relative_to(repository).as_posix()
            text = path.read_text(encoding="utf-8")
            lines = len(text.splitlines())
            if lines > FILE_LINES_MAX:
                found[name] = lines
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    length = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring_lines(node)
                    if length > FUNCTION_LINES_MAX:
                        found[f"{name}::{node.name}"] = length
    return found


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines the function's docstring takes: words about a function do not make it long."""
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return (first.end_lineno or first.lineno) - first.lineno + 1
    return 0


def test_files_and_functions_only_get_shorter(repository: Path) -> None:
    listed = tomllib.loads(LISTED.read_text(encoding="utf-8"))["longer_than_the_house_allows"]
    found = lengths(repository)
    grown = {name: length for name, length in found.items() if length > listed.get(name, 0)}
    assert not grown, f"split these (files {FILE_LINES_MAX}, functions {FUNCTION_LINES_MAX} lines at most): {grown}"


def test_the_list_of_long_things_is_current(repository: Path) -> None:
    listed = tomllib.loads(LISTED.read_text(encoding="utf-8"))["longer_than_the_house_allows"]
    found = lengths(repository)
    slack = {name: found.get(name, 0) for name, length in listed.items() if found.get(name, 0) < length}
    assert not slack, f"these became shorter; write the new length into lengths.toml, or remove the line where it is 0: {slack}"

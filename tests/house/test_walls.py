"""Who may import whom, as DESIGN says: kept by import-linter's contracts in pyproject.toml."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = ("edge_agent", "store_hub", "cloud_api")
PURE_LIBRARIES = {"wire_format", "numpy", "scipy", "msgspec", "numba"}
# `random` is allowed for its type: a rule may be handed a random.Random.
WORLDLY_MODULES = {"time", "os", "socket", "sqlite3", "threading", "subprocess", "asyncio", "logging", "urllib", "http"}


def test_the_import_walls_hold(repository: Path) -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    run = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout[-3000:]


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_rules_touch_neither_clock_nor_world(repository: Path, program: str) -> None:
    for path in sorted((repository / program / "rules").rglob("*.py")):
        foreign = {name for name in imports_of(path) if name not in sys.stdlib_module_names} - PURE_LIBRARIES - {program}
        assert not foreign, f"{path.name} imports {sorted(foreign)}"
        worldly = imports_of(path) & WORLDLY_MODULES
        assert not worldly, f"{path.name} imports {sorted(worldly)}: rules take times and values as arguments"


LOADERS = "pickle|marshal|shelve|dill|yaml"
RUNS_TEXT = re.compile(rf"\b(?:import (?:{LOADERS})|from (?:{LOADERS}) |allow_pickle=True|shell=True)")
CALLS = re.compile(r"(?<![\w.])(?:eval|exec)\(|\bos\.(?:system|popen)\(")


def test_no_program_runs_text_as_code_or_through_a_shell(repository: Path) -> None:
    """What a stranger sends is read into structs, and nothing else becomes of it (OWASP ASVS 5.2.4, 5.3.8, 5.5.3)."""
    packages = (*PROGRAMS, "wire_format", "toml_settings", "service_manager", "deployment", "access_control", "page_language")
    paths = [path for package in packages for path in sorted((repository / package).rglob("*.py"))]
    assert len(paths) > 400
    texts = {str(path): path.read_text(encoding="utf-8") for path in paths}
    assert not [path for path, text in texts.items() if RUNS_TEXT.search(text) or CALLS.search(text)]
    assert RUNS_TEXT.search("import pickle"), "it can fail"
    assert CALLS.search("x = eval(text)"), "it can fail"


def test_what_the_programs_share_stays_light(repository: Path) -> None:
    allowed = {"wire_format": {"msgspec"}, "toml_settings": {"msgspec"}, "service_manager": set(), "deployment": set()}
    allowed["access_control"] = {"msgspec", "argon2", "fastapi", "starlette", "toml_settings"}
    allowed["access_control"] |= {"httpx", "joserfc", "structlog"}  # The company's own log-in.
    allowed["page_language"] = {"babel"}
    for path in [
        path
        for package in allowed
        for path in sorted((repository / package).glob("*.py"))
        if path.name not in {"web_server.py", "release.py"}
    ]:
        foreign = (
            {name for name in imports_of(path) if name not in sys.stdlib_module_names} - allowed[path.parent.name] - {path.parent.name}
        )
        assert not foreign, f"{path.name} imports {sorted(foreign)}"

"""The security document tells of tests that exist, and leaves no provision of the standard out."""

from __future__ import annotations

import re
from pathlib import Path

PROVISIONS = {1: 5, 2: 3, 3: 16, 4: 4, 5: 8, 6: 9, 7: 2, 8: 3, 9: 3, 10: 1, 11: 4, 12: 3, 13: 1}
"""How many each section of ETSI EN 303 645 V2.1.1 has; section 6 has five more."""


def test_every_test_that_is_named_exists(repository: Path) -> None:
    text = (repository / "docs/security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text))
    assert len(named) > 40
    for file, function in sorted(named):
        path = repository / file
        assert path.exists(), file
        assert not function or f"def {function}(" in path.read_text(encoding="utf-8"), f"{file}::{function}"


def test_every_provision_is_answered(repository: Path) -> None:
    text = (repository / "docs/security.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\| (5\.\d+|6)-\d", line)]
    answered = " ".join(line.split("|")[1] for line in lines)
    wanted = {f"5.{section}-{number}" for section, count in PROVISIONS.items() for number in range(1, count + 1)}
    wanted |= {f"6-{number}" for number in range(1, 6)}
    missing = {one for one in wanted if not re.search(rf"{re.escape(one)}(?!\d)", answered)}
    assert not missing
    for line in lines:
        told = line.split("|")[3]
        assert "tests/" in told or "Not met, because" in told or "Not applicable" in told or "kernel" in told, line

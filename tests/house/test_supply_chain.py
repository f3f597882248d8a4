"""What the product is made of: licences that a chain's lawyers can read, a bill of materials, wheels that anybody can make again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from license_expression import AND, OR, LicenseSymbol, get_spdx_licensing

PARTS = ("edge", "hub", "cloud")


def pinned(repository: Path, part: str) -> set[tuple[str, str]]:
    """The packages of a part and their versions; some have one for each version of Python."""
    text = (repository / "requirements" / f"{part}.lock").read_text(encoding="utf-8")
    return set(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))


@pytest.fixture(scope="module")
def rule(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "requirements" / "licences.toml").read_text(encoding="utf-8"))


def licence_of(package: str, rule: dict[str, Any]) -> str:
    """As an SPDX expression; what cannot be read is returned as it stands, and so refused."""
    if package in rule["by_hand"]:
        return str(rule["by_hand"][package])
    said = importlib.metadata.metadata(package)
    if said.get("License-Expression"):
        return said["License-Expression"]
    classifiers = [line.rsplit(" :: ", 1)[-1] for line in said.get_all("Classifier", []) if line.startswith("License ::")]
    short = (said.get("License") or "").strip()
    for words in (short, *(classifiers if len(classifiers) == 1 or not short else [])):
        known = rule["words"].get(words, words)
        if known in rule["allowed"]:
            return str(known)
    return short[:60] or " and ".join(classifiers) or "it says none"


def is_allowed(expression: Any, allowed: set[str]) -> bool:
    """Whether we may choose so among the licences offered that all which bind us are allowed."""
    if isinstance(expression, AND):
        return all(is_allowed(part, allowed) for part in expression.args)
    if isinstance(expression, OR):
        return any(is_allowed(part, allowed) for part in expression.args)
    return isinstance(expression, LicenseSymbol) and expression.key in allowed


@pytest.mark.parametrize("part", PARTS)
def test_every_licence_is_allowed(repository: Path, rule: dict[str, Any], part: str) -> None:
    spdx, allowed = get_spdx_licensing(), set(rule["allowed"])
    licences = {package: licence_of(package, rule) for package, _version in pinned(repository, part)}
    refused = {package: said for package, said in licences.items() if not is_allowed(spdx.parse(said, validate=False), allowed)}
    assert not refused, "look them up, and add them to requirements/licences.toml or choose another package"


@pytest.mark.parametrize(
    ("expression", "answer"),
    [("MIT", True), ("GPL-3.0-only", False), ("MIT OR GPL-3.0-only", True), ("MIT AND GPL-3.0-only", False), ("AGPL-3.0-or-later", False)],
)
def test_a_licence_that_would_bind_our_code_is_refused(rule: dict[str, Any], expression: str, answer: bool) -> None:
    assert is_allowed(get_spdx_licensing().parse(expression), set(rule["allowed"])) is answer


@pytest.mark.parametrize("part", PARTS)
def test_the_bill_of_materials_names_each_package_with_its_hashes(repository: Path, tmp_path: Path, part: str) -> None:
    bill = tmp_path / "bill.json"
    command = [*(sys.executable, "-m", "cyclonedx_py"), "requirements", "--output-reproducible", "--validate", "--of", "JSON"]
    command += ["--pyproject", "pyproject.toml", "-o", str(bill), f"requirements/{part}.lock"]
    made = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr
    parts = json.loads(bill.read_text(encoding="utf-8"))["components"]
    assert {(item["name"], item["version"]) for item in parts} == pinned(repository, part)
    assert all(reference["hashes"] for item in parts for reference in item["externalReferences"] if reference["type"] == "distribution")


def test_a_wheel_made_twice_is_the_same(repository: Path, tmp_path: Path) -> None:
    sums = []
    for name, mask in (("first", 0o022), ("second", 0o077)):
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / name)]
        made = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120, check=False, umask=mask)
        assert made.returncode == 0, made.stderr
        (wheel,) = (tmp_path / name).glob("*.whl")
        os.utime(wheel)
        sums.append(hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert sums[0] == sums[1]

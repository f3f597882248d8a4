"""What lies in the repository is clean: locks without addresses, configuration that parses, documents whose links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ADDRESS = re.compile(r"(https?://|--index-url|--extra-index-url|--find-links)")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def documents(repository: Path) -> list[Path]:
    return [*sorted(repository.glob("*.md")), *sorted((repository / "docs").glob("*.md")), *sorted((repository / "models").glob("*.md"))]


@pytest.mark.parametrize("name", ["edge", "hub", "cloud", "cluster", "peers", "fuzz", "dev"])
def test_a_lock_pins_by_hash_and_names_no_address(repository: Path, name: str) -> None:
    text = (repository / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    assert not ADDRESS.search(text)
    requirements = [line for line in text.splitlines() if "==" in line and not line.lstrip().startswith("#")]
    assert requirements
    assert text.count("--hash=sha256:") >= len(requirements)


def test_the_edge_stays_light(repository: Path) -> None:
    text = (repository / "requirements" / "edge.lock").read_text(encoding="utf-8")
    pinned = {line.split("==")[0] for line in text.splitlines() if "==" in line and not line.startswith(" ")}
    assert pinned.isdisjoint({"nicegui", "fastapi", "sqlalchemy", "pandas", "torch", "aiohttp"})


def test_every_toml_file_parses(repository: Path) -> None:
    found = [path for folder in ("firmware_configs", "demo", "models") for path in sorted((repository / folder).rglob("*.toml"))]
    assert found
    for path in found:
        tomllib.loads(path.read_text(encoding="utf-8"))


def test_every_link_in_the_documents_leads_somewhere(repository: Path) -> None:
    for document in documents(repository):
        for target in LINK.findall(document.read_text(encoding="utf-8")):
            if not target.startswith(("http://", "https://", "mailto:")):
                assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_no_two_migrations_share_a_number_and_none_is_missing(repository: Path) -> None:
    """Two of one number would pass for one: a ledger would lack a table."""
    for folder, ending in (("store_hub/adapters/migrations", "sql"), ("cloud_api/adapters/migrations/versions", "py")):
        numbers = sorted(int(path.name.split("_")[0]) for path in (repository / folder).glob(f"[0-9]*.{ending}"))
        assert numbers == list(range(1, len(numbers) + 1)), folder

"""The operator's page says what is true."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from store_hub.config import load_config


def page(repository: Path) -> str:
    return (repository / "docs" / "operate.md").read_text(encoding="utf-8")


def test_the_configuration_on_the_page_is_one_the_hub_takes(repository: Path, tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", page(repository), re.DOTALL)
    assert found is not None
    file = tmp_path / "hub.toml"
    file.write_text(found[1], encoding="utf-8")
    config = load_config(file)
    assert (config.http.port, config.cloud.report_every_s, config.mirror.bucket) == (8080, 60.0, "aislewise")


def test_every_metric_on_the_page_is_one_the_hub_tells(repository: Path, till: httpx.Client) -> None:
    named = set(re.findall(r"`(aislewise_\w+)`", page(repository)))
    told = {line.split(" ")[2] for line in till.get("/metrics").text.splitlines() if line.startswith("# TYPE")}
    assert named - told == set()
    assert len(named) == 8


def test_every_door_on_the_page_is_one_the_hub_has(repository: Path, till: httpx.Client) -> None:
    doors = set(re.findall(r"`(?:POST )?(/v1/[\w-]+)`", page(repository)))
    assert doors == {path for path in till.get("/openapi.json").json()["paths"] if path.count("/") == 2 and path.startswith("/v1/")}

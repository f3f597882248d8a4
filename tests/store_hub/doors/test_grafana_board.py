"""The board for Grafana asks for nothing that the mirror does not write, and its provisioning points to it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[3] / "demo" / "grafana"
RULE = Path(__file__).parents[3] / "store_hub" / "rules" / "mirror_points.py"


def board() -> Any:
    return json.loads((FOLDER / "dashboards" / "shop.json").read_text(encoding="utf-8"))


def series_written() -> set[str]:
    """Names as VictoriaMetrics makes them: measurement and field, from the rule that makes the points."""
    tree = ast.parse(RULE.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    measurements = {call.args[0].value for call in calls if call.func.id == "MirrorPoint" and isinstance(call.args[0], ast.Constant)}  # type: ignore[attr-defined]  # Filtered above.
    fields = {word.arg for call in calls if call.func.id == "_known" for word in call.keywords}  # type: ignore[attr-defined]  # Filtered above.
    assert {"stock", "door", "sale"} <= measurements
    return {f"{measurement}_{field}" for measurement in measurements for field in fields}


def test_each_panel_asks_for_series_that_the_mirror_writes() -> None:
    written, asked = series_written(), set()
    for panel in board()["panels"]:
        for target in panel["targets"]:
            names = set(re.findall(r"([a-z_]+)\{", target["expr"]))
            assert names, target["expr"]
            asked |= names
    assert asked <= written, asked - written
    assert len(asked) >= 8


def test_panels_do_not_lie_on_each_other_and_name_their_units() -> None:
    places = set()
    for panel in board()["panels"]:
        spot = panel["gridPos"]
        cells = {(x, y) for x in range(spot["x"], spot["x"] + spot["w"]) for y in range(spot["y"], spot["y"] + spot["h"])}
        assert not places & cells
        assert max(x for x, _ in cells) < 24
        places |= cells
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]


@pytest.mark.parametrize("file", sorted(FOLDER.rglob("*.yaml")), ids=lambda path: path.parent.name)
def test_the_provisioning_names_the_source_that_the_panels_use(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.splitlines()[-1].strip()
    if file.parent.name == "datasources":
        assert f"uid: {board()['panels'][0]['datasource']['uid']}" in text

"""What the rules say in English, a page that is read in Chinese says in Chinese: every sentence they can make has its wording there."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from cloud_api.dashboard.reader import Reader
from cloud_api.rules.early_warning import DeviceState, StoreState, concerns
from cloud_api.rules.footfall_review import Comparison
from page_language.catalogue import catalogue_files

CHINESE = Reader(language="zh")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SPOKEN: dict[str, tuple[str, ...]] = {"rules/early_warning.py": ()}
"""Where sentences for planners are made: the file, and the functions in it (none named: all of it)."""


def wordings() -> set[str]:
    """Every wording of the catalogues, its fields emptied."""
    found = set()
    for path in catalogue_files(Reader.locales, "zh"):
        with path.open("rb") as file:
            found |= {re.sub(r"{\w+}", "{}", message.id) for message in read_po(file) if isinstance(message.id, str)}
    return found


def sentences(path: Path, functions: tuple[str, ...]) -> set[str]:
    """The texts of two words and more in a file's functions, without docstrings; what they are filled in with is left empty."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (not functions or node.name in functions):
            inside = {id(part) for made in ast.walk(node) if isinstance(made, ast.JoinedStr) for part in made.values}
            said = [each for each in ast.walk(node) if isinstance(each, ast.JoinedStr | ast.Constant) and id(each) not in inside]
            texts = [
                _text(each) for each in said if not (isinstance(each, ast.Constant) and each.value == ast.get_docstring(node, clean=False))
            ]
            found |= {text for text in texts if re.search(r"[a-z{}]+ [a-z{}]*[a-z]{2}|[a-z]{2} ", text)}
    return found


def _text(node: ast.expr | ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize(("path", "functions"), SPOKEN.items())
def test_no_sentence_of_the_rules_is_without_a_translation(repository: Path, path: str, functions: tuple[str, ...]) -> None:
    said = sentences(repository / "cloud_api" / path, functions)
    assert said
    known = wordings()
    missing = {text for text in said if text not in known and text[:1].lower() + text[1:] not in known}
    assert not missing, f"{path}: put these into cloud_api/dashboard/locales/zh/sentences_*.po: {sorted(missing)}"


def test_a_concern_is_said_in_chinese_but_for_names_and_figures() -> None:
    device = DeviceState(device_id="door-1", state="death", last_seen_at=NOW - timedelta(hours=3), fault_codes=())
    fewer = Comparison(visitors=80, usual_visitors=300.0, change_share=80 / 300 - 1, hours=9, weeks=4)
    silent = NOW - timedelta(minutes=90)
    state = StoreState(store_id="s", name="S", reported_at=silent, devices=[device], comparison=fewer, quarantined=4)
    told = [CHINESE.told(concern.sentence) for concern in concerns(state, now=NOW)]
    assert told == [
        "已有 90 分钟没有上报，数据停留在那时。",
        "设备 door-1 已失联 3 小时，期间没有计数。",
        "客流比以往同星期同时段少 73%（80 人，平常 300 人；有效监测 9 小时）。",
        "有 4 条数据因时间不可能正确而被搁置。",
    ]


def test_what_no_wording_fits_stays_as_it_was_written() -> None:
    assert CHINESE.say("Milk & <b> 0.33 l") == "Milk & <b> 0.33 l"
    assert Reader().told("has not reported for 3 hours") == "Has not reported for 3 hours."

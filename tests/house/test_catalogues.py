"""Every text of every page is there in Chinese, with the same blanks to fill in; and no catalogue keeps what no page says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from page_language.catalogue import catalogue_files
from page_language.recognition import SENTENCES  # No page names these texts; tests/cloud_api/test_sentences.py holds them to the rules.

Words = tuple[str, ...]


def texts_of(folder: Path) -> set[Words]:
    """What is handed to `t`, or to `n` in its two forms."""
    found = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("t", "n"):
                forms = node.args[: 2 if node.func.attr == "n" else 1]
                words = tuple(form.value for form in forms if isinstance(form, ast.Constant) and isinstance(form.value, str))
                if words:
                    found.add(words)
    return found


def catalogue(folder: Path) -> list[tuple[Words, str]]:
    """Every text of a folder's catalogues, with its translation."""
    found: list[tuple[Words, str]] = []
    for path in catalogue_files(folder / "locales", "zh"):
        if not path.match(SENTENCES):
            with path.open("rb") as file:
                found += [
                    (message.id if isinstance(message.id, tuple) else (message.id,), str(message.string))
                    for message in read_po(file)
                    if message.id
                ]
    return found


@pytest.mark.parametrize("folder", ["page_language", "store_hub/dashboard", "cloud_api/dashboard"])
def test_every_text_of_the_pages_is_in_the_chinese_catalogue_and_no_other(repository: Path, folder: str) -> None:
    held = catalogue(repository / folder)
    said = dict(held)
    at_odds = {words for words, translated in held if said[words] != translated}
    assert not at_odds, f"pages of one program say these in two ways: {sorted(at_odds)}"
    shared = set() if folder == "page_language" else {words for words, _ in catalogue(repository / "page_language")}
    assert texts_of(repository / folder) - (shared - set(said)) == set(said)
    for words, translated in held:
        assert set(re.findall(r"{\w+}", translated)) == set(re.findall(r"{\w+}", words[-1])), words

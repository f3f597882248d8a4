"""Reads catalogues of gettext: a text's English wording is its key.

A program keeps `locales/zh.po`, or a file for each page in `locales/zh/`. What no catalogue holds is shown in English.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = {"en": "en_GB", "zh": "zh_Hans_CN"}
"""What a reader may choose, and the locale of its numbers and dates."""


def catalogue_files(folder: Path, language: str) -> list[Path]:
    """Every catalogue of a language under `folder`, in the order of their names."""
    return [path for path in (folder / f"{language}.po", *sorted((folder / language).glob("*.po"))) if path.exists()]


@cache
def texts(language: str, *folders: Path, only: str = "*") -> dict[str, tuple[str, ...]]:
    """English wording (of one, where the text counts) → its forms in the language; without those that are not translated yet.

    Where two folders know a text, the later one counts. `only` names the files to read, as a pattern.
    """
    found: dict[str, tuple[str, ...]] = {}
    for path in (path for folder in folders for path in catalogue_files(folder, language) if path.match(only)):
        with path.open("rb") as file:
            messages = read_po(file, locale=LANGUAGES[language])
        for message in messages:
            key = message.id if isinstance(message.id, str) else message.id[0]
            forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))
            if key and all(forms):
                found[key] = forms
    return found

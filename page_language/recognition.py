"""Knows a sentence again that a program's rules wrote in English, and says it in the reader's language.

The rules say why in English; so it is kept in the records, told by the doors and sent to a shop. A page that is read in another language
looks the sentence up among the wordings of its catalogue: `{field}` stands for what a sentence was filled in with, which may be a clause of
the catalogue itself. What is recognised by no wording stays as it was written.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from page_language.catalogue import texts

_FIELD = re.compile(r"{(\w+)}")
_DEPTH_MAX = 6
_KEPT_MAX = 4096


@cache
def _patterns(language: str, folder: Path) -> list[tuple[re.Pattern[str], str]]:
    """The wordings with fields, as patterns; those that say most by themselves first."""
    found = []
    for wording, forms in texts(language, folder).items():
        fields = _FIELD.findall(wording)
        parts = _FIELD.split(wording)
        if not fields or not any(letter.isalpha() for part in parts[::2] for letter in part) or len(set(fields)) != len(fields):
            continue
        pattern = "".join(re.escape(part) if place % 2 == 0 else f"(?P<{part}>.*?)" for place, part in enumerate(parts))
        found.append((len("".join(parts[::2])), re.compile(pattern, re.DOTALL), forms[-1]))
    return [(pattern, form) for _, pattern, form in sorted(found, key=lambda each: -each[0])]


@cache
def _known(language: str, folder: Path) -> dict[tuple[str, int], str]:
    """What was recognised lately: pages say the same sentences again and again."""
    return {}


def recognise(sentence: str, language: str, folder: Path, *, depth: int = 0) -> str:
    """Return the sentence in `language` by the catalogues under `folder`; as it is where no wording fits it.

    Clauses joined by a semicolon, and a full stop at the end, need no wording of their own.
    """
    known = _known(language, folder)
    if (sentence, depth) not in known:
        if len(known) >= _KEPT_MAX:
            known.clear()
        known[sentence, depth] = _translated(sentence, language, folder, depth)
    return known[sentence, depth]


def _translated(sentence: str, language: str, folder: Path, depth: int) -> str:
    wordings = texts(language, folder)
    small = sentence[:1].lower() + sentence[1:]
    for written in (sentence, small):
        if written in wordings:
            return wordings[written][-1]
    if depth > _DEPTH_MAX or not any(letter.isalpha() for letter in sentence):
        return sentence
    for written in (sentence, small):
        for pattern, form in _patterns(language, folder):
            found = pattern.fullmatch(written)
            if found is not None:
                return form.format(**{name: recognise(part, language, folder, depth=depth + 1) for name, part in found.groupdict().items()})
    for mark, joint in (("; ", "；"), (". ", "。")):
        if mark in sentence:
            return joint.join(recognise(part, language, folder, depth=depth + 1) for part in sentence.split(mark))
    if sentence.endswith("."):
        return recognise(sentence[:-1], language, folder, depth=depth + 1) + "。"
    return sentence

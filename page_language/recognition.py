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

SENTENCES = "sentences_*.po"
"""The catalogues of what rules say: a program's own, and those that all programs share."""
_SHARED = Path(__file__).parent / "locales"
_FIELD = re.compile(r"{(\w+)}")
_COUNT = r"[-−\d.,]*?"
"""What `{count}` stands for; any other field may be a clause."""
_DEPTH_MAX = 6
_KEPT_MAX = 4096


@cache
def _wordings(language: str, folder: Path) -> dict[str, str]:
    """Wording with its first letter small, for a sentence may stand inside another → what it is in the language."""
    return {_small(wording): forms[-1] for wording, forms in texts(language, _SHARED, folder, only=SENTENCES).items()}


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


@cache
def _patterns(language: str, folder: Path) -> list[tuple[re.Pattern[str], str]]:
    """The wordings with fields, as patterns; those that say most by themselves first."""
    found = []
    for wording, form in _wordings(language, folder).items():
        fields = _FIELD.findall(wording)
        parts = _FIELD.split(wording)
        if not fields or not any(letter.isalpha() for part in parts[::2] for letter in part) or len(set(fields)) != len(fields):
            continue
        pattern = "".join(
            re.escape(part) if place % 2 == 0 else f"(?P<{part}>{_COUNT if part == 'count' else '.*?'})" for place, part in enumerate(parts)
        )
        found.append((len("".join(parts[::2])), re.compile(pattern, re.DOTALL), form))
    return [(pattern, form) for _, pattern, form in sorted(found, key=lambda each: -each[0])]


@cache
def _known(language: str, folder: Path) -> dict[tuple[str, int], str]:
    """What was recognised lately: pages say the same sentences again and again."""
    return {}


def recognise(sentence: str, language: str, folder: Path, *, depth: int = 0) -> str:
    """Return the sentence in `language` by the catalogues under `folder`; as it is where no wording fits it.

    Clauses joined by a colon, semicolon, comma or full stop need no wording of their own.
    """
    known = _known(language, folder)
    if (sentence, depth) not in known:
        if len(known) >= _KEPT_MAX:
            known.clear()
        known[sentence, depth] = _translated(sentence, language, folder, depth)
    return known[sentence, depth]


def _translated(sentence: str, language: str, folder: Path, depth: int) -> str:
    wordings, small = _wordings(language, folder), _small(sentence)
    if small in wordings:
        return wordings[small]
    if depth > _DEPTH_MAX or not any(letter.isalpha() for letter in sentence):
        return sentence
    if sentence.startswith("; "):  # A tail of clauses: each stands for itself.
        return "".join("；" + recognise(part, language, folder, depth=depth + 1) for part in sentence[2:].split("; "))
    for pattern, form in _patterns(language, folder):
        found = pattern.fullmatch(sentence) or pattern.fullmatch(small)
        if found is not None:
            return form.format(**{name: recognise(part, language, folder, depth=depth + 1) for name, part in found.groupdict().items()})
    return _in_parts(sentence, language, folder, depth)


def _in_parts(sentence: str, language: str, folder: Path, depth: int) -> str:
    """Clause by clause, where one of them at least is known: a name with a comma in it is left alone."""
    for mark, joint, most in ((": ", "：", 1), ("; ", "；", -1), (". ", "。", -1), (", ", "、", -1)):
        parts = sentence.split(mark, most)
        said = [recognise(part, language, folder, depth=depth + 1) for part in parts] if len(parts) > 1 else parts
        if said != parts:
            return joint.join(said)
    whole = sentence.removesuffix(".")
    said_whole = recognise(whole, language, folder, depth=depth + 1) if whole != sentence else sentence
    return said_whole + "。" if said_whole != whole and whole != sentence else sentence

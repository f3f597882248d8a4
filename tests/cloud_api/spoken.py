"""Finds in a program's source what it says in English, and what of it no catalogue can say in another language."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from babel.messages.pofile import read_po

from page_language.recognition import SENTENCES


def wordings(locales: Path) -> set[str]:
    """Every wording of a program's catalogues of sentences, its fields emptied."""
    found = set()
    for path in Path(locales, "zh").glob(SENTENCES):
        with path.open("rb") as file:
            found |= {re.sub(r"{\w+}", "{}", message.id) for message in read_po(file) if isinstance(message.id, str)}
    return found


def sentences(path: Path, functions: tuple[str, ...]) -> set[str]:
    """The texts of two words and more in a file's functions, without docstrings; what they are filled in with is left empty."""
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (not functions or node.name in functions):
            aside = {id(part) for each in ast.walk(node) if _is_for_nobody(each) for part in ast.walk(each)}
            inside = aside | {id(part) for made in ast.walk(node) if isinstance(made, ast.JoinedStr) for part in made.values}
            said = [each for each in ast.walk(node) if isinstance(each, ast.JoinedStr | ast.Constant) and id(each) not in inside]
            texts = [
                _text(each) for each in said if not (isinstance(each, ast.Constant) and each.value == ast.get_docstring(node, clean=False))
            ]
            found |= {text for text in texts if re.search(r"[a-z{}]+ [a-z{}]*[a-z]{2}|[a-z]{2} ", text)}
    return found


def raised(path: Path, errors: tuple[str, ...]) -> set[str]:
    """What a file's errors of these kinds are made with; what the texts are filled in with is left empty."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return {text for call in calls if ast.unparse(call.func) in errors for text in map(_text, call.args) if text}


def _is_for_nobody(node: ast.AST) -> bool:
    """Whether what is in it is for no page: an assertion, the log, a thread's name, a note beside an attribute, a start refused."""
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        return called.startswith(("log.", "_log.")) or called in ("ConfigurationInvalid", "threading.Thread")
    return isinstance(node, ast.Assert) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _text(node: ast.expr | ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def unsaid(said: set[str], locales: Path) -> set[str]:
    """Those that no wording of the catalogues holds, whole or clause by clause, as a sentence is recognised."""
    known = wordings(locales)

    def is_known(text: str) -> bool:
        return any(text in wording or text[:1].lower() + text[1:] in wording for wording in known)

    def is_told(text: str) -> bool:
        clauses = [clause for clause in re.split("[:;] ", text) if re.search("[a-z]", clause)]
        return is_known(text) or all(is_known(clause) for clause in clauses)

    return {text for text in said if not is_told(text.removeprefix("; "))}

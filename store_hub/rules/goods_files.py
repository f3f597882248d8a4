"""Reads the files of handhelds and suppliers: tags as CSV, JSON lines or a bare list; delivery notices as CSV.

A file is taken whole or not at all; what is wrong is said with its line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import msgspec

from store_hub.entries_goods import NoticeLine
from store_hub.errors import HubError
from store_hub.rules.epc_errors import EpcInvalid
from store_hub.rules.tag_names import read_tag_text

T = TypeVar("T")
PROBLEMS_SHOWN_MAX = 5
EPC_COLUMNS = ("epc", "epc_hex", "tag", "uri")
NOTICE_COLUMNS = ("sku", "gtin", "units", "sscc")


class FileRefused(HubError, ValueError):
    """A file of tags or of a delivery notice that cannot be read; nothing of it was taken."""

    exit_code = 3

    def __init__(self, problems: list[str]) -> None:
        more = f"; and {len(problems) - PROBLEMS_SHOWN_MAX} more" if len(problems) > PROBLEMS_SHOWN_MAX else ""
        super().__init__("; ".join(problems[:PROBLEMS_SHOWN_MAX]) + more)
        self.problems = problems


def _csv_refusals(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """What the csv module cannot read (a field of a hundred thousand letters) is refused like the rest."""

    @wraps(read)
    def refusing(content: bytes) -> T:
        try:
            return read(content)
        except csv.Error as error:
            raise FileRefused([f"it is no CSV: {error}"]) from None

    return refusing


@_csv_refusals
def read_tags_file(content: bytes) -> list[str]:
    """Return the tags of a file, each as it is written there.

    Raises:
        FileRefused: it is no text, has no column of tags, or holds what is no tag.
    """
    text = _text(content)
    first = next((line for line in text.splitlines() if line.strip()), "")
    rows = _json_lines(text) if first.lstrip().startswith("{") else _csv_tags(text, first)
    problems = []
    for number, tag in rows:
        try:
            read_tag_text(tag)
        except EpcInvalid as refusal:
            problems.append(f"line {number}: {refusal}")
    if problems:
        raise FileRefused(problems)
    if not rows:
        raise FileRefused(["there is no tag in it; write a heading `epc` and a tag a line"])
    return [tag for _, tag in rows]


@_csv_refusals
def read_notice_file(content: bytes) -> list[NoticeLine]:
    """Return the lines of a delivery notice in CSV: columns units and sku or gtin, and sscc if known.

    Raises:
        FileRefused
    """
    text = _text(content)
    reader = csv.DictReader(io.StringIO(text), delimiter=_delimiter(text.splitlines()[0] if text.strip() else ""))
    heads = [(name or "").strip().lower() for name in reader.fieldnames or []]
    reader.fieldnames = heads
    if "units" not in heads or not {"sku", "gtin"} & set(heads):
        raise FileRefused([f"line 1: the heading must have units, and sku or gtin, not {', '.join(heads) or 'nothing'}"])
    lines, problems = [], []
    for row in reader:
        told = {name: (row.get(name) or "").strip() for name in NOTICE_COLUMNS}
        if not any(told.values()):
            continue
        try:
            lines.append(msgspec.convert({name: value for name, value in told.items() if value}, NoticeLine, strict=False))
        except msgspec.ValidationError as error:
            problems.append(f"line {reader.line_num}: {error}")
    if problems or not lines:
        raise FileRefused(problems or ["there is no line in it; write a heading units,gtin,sscc and a line for each article"])
    return lines


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")  # Old spreadsheets end lines with CR alone.
    except UnicodeDecodeError:
        raise FileRefused(["it is no text in UTF-8; save it as CSV or JSON lines"]) from None


def _json_lines(text: str) -> list[tuple[int, str]]:
    rows, problems = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            problems.append(f"line {number}: {error}")
            continue
        tag = said if isinstance(said, str) else said.get("epc") if isinstance(said, dict) else None
        if isinstance(tag, str):
            rows.append((number, tag))
        else:
            problems.append(f'line {number}: write {{"epc": "…"}}')
    if problems:
        raise FileRefused(problems)
    return rows


def _csv_tags(text: str, first: str) -> list[tuple[int, str]]:
    delimiter = _delimiter(first)
    heads = [head.strip().strip('"').lower() for head in first.split(delimiter)]
    column = next((heads.index(name) for name in EPC_COLUMNS if name in heads), None)
    if column is None and len(heads) > 1:
        raise FileRefused([f"line 1: none of the columns {', '.join(heads)} is called epc"])
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows = []
    for row in reader:
        tag = row[column or 0].strip() if len(row) > (column or 0) else ""
        if tag and tag.lower() not in EPC_COLUMNS:
            rows.append((reader.line_num, tag))
    return rows


def _delimiter(heading: str) -> str:
    return max(",;\t", key=heading.count)

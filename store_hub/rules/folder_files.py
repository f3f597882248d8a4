"""Reads the CSV files that other systems put into the watched folder: what they are is said by how their name begins.

A file is taken whole or not at all; what is wrong is said with its line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from store_hub.entries import Delivery, DeliveryLine, Sale, SaleLine, StockCount
from store_hub.entries_products import ProductChange
from store_hub.rules.goods_files import FileRefused

KINDS = ("sales", "returns", "deliveries", "counts", "products", "prices")
COLUMNS = {
    "sales": ("sku", "units"),
    "returns": ("sku", "units"),
    "deliveries": ("sku", "units"),
    "counts": ("sku", "units"),
    "products": ("sku",),
    "prices": ("sku", "price"),
}
_NAME = "use letters, digits, '.', '_' and '-' only, 64 at most"
_SHAPES = {"gtin": "write its 8, 12, 13 or 14 digits", "sku": _NAME, "shelf_id": _NAME}
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
Row = tuple[int, dict[str, str]]
Told = Sale | Delivery | StockCount


def kind_of(name: str) -> str | None:
    """Return what a file is by its name: `sales-2026-11-22.csv` holds sales; None where no kind begins it."""
    return next((kind for kind in KINDS if name.lower().startswith(kind)), None)


def read_told(kind: str, content: bytes, *, name: str, zone: ZoneInfo, decimals: int) -> list[Told]:
    """Return what a file of sales, returns, deliveries or counts tells, in its order.

    Args:
        name: of the file, for a till or delivery that its lines do not name.
        zone: of times without one.
        decimals: of the shop's currency, for prices written as 1.49.

    Raises:
        FileRefused
    """
    rows = _rows(kind, content)
    _check(rows, decimals)
    stem = name.rpartition(".")[0][:100] or name[:100]
    if kind in ("sales", "returns"):
        sign = -1 if kind == "returns" else 1
        groups = _groups(
            rows, lambda row: (row.get("till") or stem, row.get("receipt") or "", row.get("sold_at") or row.get("returned_at") or "")
        )
        return _each(
            groups,
            lambda key, lines: Sale(
                till=key[0], sold_at_ms=_moment(key[2], zone),
                lines=[
                    SaleLine(sku=row["sku"], units=sign * _units(row), price_minor=_minor(row.get("price"), decimals)) for _, row in lines
                ],
            ),
        )  # fmt: skip
    if kind == "deliveries":
        groups = _groups(rows, lambda row: (row.get("delivery_id") or stem, row.get("arrived_at") or ""))
        return _each(
            groups,
            lambda key, lines: Delivery(
                delivery_id=key[0], arrived_at_ms=_moment(key[1], zone),
                lines=[msgspec.convert({"sku": row["sku"], "units": _units(row)}, DeliveryLine) for _, row in lines],
            ),
        )  # fmt: skip
    return _each(
        [((number,), [(number, row)]) for number, row in rows],
        lambda _, lines: msgspec.convert(
            {
                "type": "count", "sku": lines[0][1]["sku"], "units": _units(lines[0][1]), "shelf_id": lines[0][1].get("shelf_id") or None,
                "counted_at_ms": _moment(lines[0][1].get("counted_at", ""), zone), "counted_by": lines[0][1].get("counted_by", ""),
            },
            StockCount,
        ),
    )  # fmt: skip


def read_products(kind: str, content: bytes, *, decimals: int) -> list[ProductChange]:
    """Return the articles or prices of a file.

    Raises:
        FileRefused
    """
    numbers = {"unit_weight_g": float, "lead_time_days": float, "case_pack_units": int}
    found, problems = [], []
    for number, row in _rows(kind, content):
        said: dict[str, object] = {"sku": row["sku"]}
        try:
            for column in ("name", "gtin", "category", "supplier"):
                if kind == "products" and row.get(column):
                    said[column] = row[column]
            for column, convert in numbers.items():
                if kind == "products" and row.get(column):
                    said[column] = _number(column, row[column], convert)
            for column in ("price", "cost"):
                if row.get(column):
                    said[f"{column}_minor"] = _minor(row[column], decimals)
            found.append(msgspec.convert(said, ProductChange))
        except ValueError as error:
            problems.append(f"line {number}: {_plain(error, row)}")
    if problems:
        raise FileRefused(problems)
    return found


def _rows(kind: str, content: bytes) -> list[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused([f"it is no UTF-8 text (byte {error.start}); save it as CSV in UTF-8"]) from None
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    heads = [(head or "").strip().lower() for head in reader.fieldnames or []]
    missing = [column for column in COLUMNS[kind] if column not in heads]
    if missing:
        raise FileRefused([f"line 1: the column {missing[0]} is missing; a file of {kind} has {', '.join(COLUMNS[kind])}"])
    reader.fieldnames = heads
    rows = []
    for row in reader:
        cells = {head: (cell or "").strip() for head, cell in row.items() if isinstance(head, str) and not isinstance(cell, list)}
        if any(cells.values()):
            rows.append((reader.line_num, cells))
    problems = [f"line {number}: there is no sku" for number, cells in rows if not cells["sku"]]
    if problems or not rows:
        raise FileRefused(problems or ["there is no line in it below the heading"])
    return rows


def _check(rows: Iterable[Row], decimals: int) -> None:
    """Look at the figures of each line by itself, so that a refusal names the very line."""
    problems = []
    for number, row in rows:
        try:
            _units(row)
            _minor(row.get("price"), decimals)
        except ValueError as error:
            problems.append(f"line {number}: {error}")
    if problems:
        raise FileRefused(problems)


def _groups(rows: Iterable[Row], key_of: Callable[[Mapping[str, str]], tuple[str, ...]]) -> list[tuple[tuple[object, ...], list[Row]]]:
    """Lines that belong together: neighbours of one key."""
    groups: list[tuple[tuple[object, ...], list[Row]]] = []
    for number, row in rows:
        key = key_of(row)
        if groups and groups[-1][0] == key and len(groups[-1][1]) < 1000:
            groups[-1][1].append((number, row))
        else:
            groups.append((key, [(number, row)]))
    return groups


def _each(groups: Iterable[tuple[tuple[object, ...], list[Row]]], make: Callable[..., Told]) -> list[Told]:
    found, problems = [], []
    for key, lines in groups:
        try:
            found.append(make(key, lines))
        except ValueError as error:  # msgspec's refusals are of this kind too.
            problems.append(f"line {lines[0][0]}: {_plain(error, lines[0][1])}")
    if problems:
        raise FileRefused(problems)
    return found


def _plain(error: ValueError, row: Mapping[str, str]) -> str:
    """Say of a checker's refusal which column holds what cannot be."""
    what, _, path = str(error).partition(" - at `$")
    if not path:
        return str(error)
    column = re.split(r"[.\[\]]+", path.rstrip("`"))[-1].removesuffix("_ms").removesuffix("_minor")
    bound = re.search(r"(>=|<=|>|<) (-?[\d.]+)$", what.replace("`", ""))
    must = f"it must be {_BOUNDS[bound[1]]} {bound[2]}" if bound else _SHAPES.get(column, what.replace("`", ""))
    return f"{column} {row.get(column, '')!r} does not fit: {must}"


def _number(column: str, text: str, convert: Callable[[str], object]) -> object:
    try:
        return convert(text.replace(",", "."))
    except ValueError:
        raise ValueError(f"{column} {text!r} is no {'whole number' if convert is int else 'number'}") from None


def _units(row: Mapping[str, str]) -> int:
    text = row.get("units", "").replace(",", ".").removesuffix(".0")
    if not text.lstrip("-").isdecimal() or len(text) > 7:
        raise ValueError(f"units {text!r} is no whole number of units")
    return int(text)


def _minor(text: str | None, decimals: int) -> int | None:
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1e9:
        raise ValueError(f"price {text!r} is none; write it as 1.49")
    return round(value * 10.0**decimals)


def _moment(text: object, zone: ZoneInfo) -> int | None:
    """Unix time in milliseconds, or an ISO time; one without a zone is the shop's own."""
    told = str(text)
    if not told:
        return None
    if told.isdecimal():
        return int(told)
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        raise ValueError(f"{told!r} is no time; write it as 2026-11-26T14:30") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)

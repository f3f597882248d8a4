"""Known weights and what a scale read of them, from a CSV file.

Columns: `known_g`; `raw`, or several readings a line as `r1`, `r2`, …; where known `temperature_c`, and `phase` (`loading`, `unloading`).
Lines of the same weight, phase and temperature that follow each other are one load.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path

from edge_agent.errors import RecordingInvalid
from edge_agent.readings import KnownLoad

_READING = re.compile(r"raw|r\d+")
_LOADS_MAX = 10_000


def known_loads(file: Path) -> list[KnownLoad]:
    """All loads of a file, in its order.

    Raises:
        RecordingInvalid: no such file, a column missing, or what is no number; with the line.
    """
    path = str(file)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            loads = list(_joined(_rows(lines, path)))
    except FileNotFoundError:
        problem = "no such file; give the path of a CSV with the columns known_g, raw"
        raise RecordingInvalid(path=path, problem=problem) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingInvalid(path=path, problem=f"cannot be read: {error}") from None
    if not loads:
        raise RecordingInvalid(path=path, problem="holds no readings; add lines of known_g, raw")
    return loads


def _rows(lines: Iterator[str], path: str) -> Iterator[KnownLoad]:
    reader = csv.DictReader(lines)
    names = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = names
    readings = [name for name in names if _READING.fullmatch(name)]
    if "known_g" not in names or not readings:
        missing = "known_g" if "known_g" not in names else "raw"
        problem = f"column {missing} is missing; the first line must read known_g,raw or known_g,r1,r2,…"
        raise RecordingInvalid(path=path, problem=problem, line=1)
    for row in reader:
        try:
            known_g = _number(row["known_g"])
            counts = tuple(_number(row[name]) for name in readings if (row[name] or "").strip())
            warmth = (row.get("temperature_c") or "").strip()
            temperature_c = _number(warmth) if warmth else None
        except ValueError:
            told = ",".join(str(value) for value in row.values())[:60]
            raise RecordingInvalid(path=path, problem=f"not a weight and its readings: {told!r}", line=reader.line_num) from None
        if reader.line_num > _LOADS_MAX:
            raise RecordingInvalid(
                path=path, problem=f"more than {_LOADS_MAX} lines; a calibration needs a few dozen", line=reader.line_num
            )
        yield KnownLoad(known_g, counts, temperature_c, (row.get("phase") or "").strip().lower() == "unloading")


def _joined(rows: Iterator[KnownLoad]) -> Iterator[KnownLoad]:
    last: KnownLoad | None = None
    for row in rows:
        if last is not None and last._replace(raw_counts=()) == row._replace(raw_counts=()):
            last = last._replace(raw_counts=last.raw_counts + row.raw_counts)
            continue
        if last is not None:
            yield last
        last = row
    if last is not None:
        yield last


def _number(text: str | None) -> float:
    value = float(text or "")
    if not math.isfinite(value):
        raise ValueError(text)
    return value

"""Reads what a checker of types says of a number beyond its limit, so that a page can say it by its field's name."""

from __future__ import annotations

import re
from typing import NamedTuple

_LIMIT = re.compile(r"Expected `(?:int|float)` (<=|>=|<|>) ([\d.e+]+) - at `\$\.(\w+)`")


class Limit(NamedTuple):
    """`field` may hold what is `sign` (<, <=, >, >=) `value`."""

    field: str
    sign: str
    value: float


def limit_of(problem: str) -> Limit | None:
    """Return which limit a checker's words are about; None where they are about something else."""
    found = _LIMIT.search(problem)
    return None if found is None else Limit(found[3], found[1], float(found[2]))

"""What can happen to a shelf at once, how likely it is before the scale is asked, and what it would weigh.

The table is made once per shelf. A change is a vector of signed units, one number per article; articles of other shelves (strangers)
are at the end of the vector.
"""

from __future__ import annotations

from itertools import combinations, product
from math import log
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TABLE_MAX = 6_000
REFILL_FROM_UNITS = 4


class Article(Struct, frozen=True, kw_only=True):
    """An article that lives on the shelf, or (`stranger`) one of another shelf that somebody may put down here."""

    sku: str
    unit_weight_g: float
    unit_weight_sd_g: float | None = None
    start_units: int = 0
    capacity_units: int = 1_000
    stranger: bool = False

    @property
    def spread_g(self) -> float:
        """How much one unit's weight differs from the next; a hundredth where nobody has measured it."""
        return self.unit_weight_sd_g if self.unit_weight_sd_g is not None else max(0.012 * self.unit_weight_g, 0.3)


class Habits(NamedTuple):
    """How often people take and bring, relative to each other. `nothing`: leaned on, pushed about, put back at once.

    `refill_partly`: `REFILL_FROM_UNITS` or more that leave room; `refill_few`: fewer, which a shopper's hands may have put as well.
    `stranger_again`: that what a shopper lays down is of those that were named here before, and none of the shop's many others; without it
    four units that staff bring would be taken for one stranger as heavy. 1 where only the strangers named may come.
    """

    nothing: float = 0.5
    take: tuple[float, ...] = (0.40, 0.13, 0.10, 0.01, 0.005)
    put: tuple[float, ...] = (0.15, 0.01, 0.004)
    together: float = 0.06
    swap: float = 0.1
    refill_to_full: float = 0.03
    refill_partly: float = 0.01
    refill_few: float = 0.0015
    sweep: float = 0.01
    stranger: float = 0.02
    stranger_again: float = 0.03
    stranger_taken: float = 0.2
    unknown: float = 0.0005


class ChangeTable(NamedTuple):
    """All changes considered, sorted by weight.

    `units`: (c, k) signed units. `weight_g`: (c,). `variance_g2`: (c,) scatter of the units that move. `log_prior`: (c,).
    `refill`: (c, k) whether that article's units come from the back room rather than from a shopper's hands.
    """

    units: Ints
    weight_g: Floats
    variance_g2: Floats
    log_prior: Floats
    refill: npt.NDArray[np.bool_]


def change_table(articles: tuple[Article, ...], habits: Habits) -> ChangeTable:
    """List what can happen on this shelf between two settled weights."""
    own = [i for i, article in enumerate(articles) if not article.stranger]
    rows: dict[tuple[tuple[int, ...], tuple[bool, ...]], float] = {}
    steps = _single_steps(articles, habits, len(own))
    size = len(articles)
    _put(rows, size, (), log(habits.nothing))
    for index in range(size):
        for units, refill, prior in steps[index]:
            _put(rows, size, ((index, units, refill),), prior)
    small = [[step for step in steps[i] if not step[1] and abs(step[0]) <= 3] for i in range(size)]
    for count in (2, 3):
        if sum(len(s) for s in small) ** count > TABLE_MAX * 30 * count:
            break
        for chosen in combinations(range(size), count):
            for parts in product(*(small[i] for i in chosen)):
                swap = count == 2 and sorted(part[0] for part in parts) == [-1, 1]
                joined = log(habits.swap) if swap else (count - 1) * log(habits.together)
                _put(rows, size, tuple((i, p[0], False) for i, p in zip(chosen, parts, strict=True)), joined + sum(p[2] for p in parts))
    _add_refill_with_touch(rows, steps, small, habits)
    return _as_table(rows, articles)


def _single_steps(articles: tuple[Article, ...], habits: Habits, own: int) -> list[list[tuple[int, bool, float]]]:
    """Per article, (signed units, is a refill, log prior) of what may happen to it alone."""
    steps: list[list[tuple[int, bool, float]]] = []
    strangers = max(len(articles) - own, 1)
    for article in articles:
        if article.stranger:
            steps.append([(1, False, log(habits.stranger * habits.stranger_again / strangers)), (-1, False, log(habits.stranger_taken))])
            continue
        share = 1.0 / max(own, 1)
        mine = [(-k, False, log(p * share)) for k, p in enumerate(habits.take, 1)]
        mine += [(k, False, log(p * share)) for k, p in enumerate(habits.put, 1)]
        most = min(article.capacity_units, 60)
        mine += [(-k, False, log(habits.sweep * share / most)) for k in range(len(habits.take) + 1, most + 1)]
        some = [habits.refill_few if k < REFILL_FROM_UNITS else habits.refill_partly for k in range(1, most + 1)]
        mine += [(k, True, log(chance * share / most)) for k, chance in enumerate(some, 1)]
        steps.append(mine)
    return steps


def _add_refill_with_touch(
    rows: dict[tuple[tuple[int, ...], tuple[bool, ...]], float],
    steps: list[list[tuple[int, bool, float]]],
    small: list[list[tuple[int, bool, float]]],
    habits: Habits,
) -> None:
    """A refill during which somebody also takes or returns one unit of another article."""
    size = len(steps)
    for index in range(size):
        for units, refill, prior in steps[index]:
            if not refill or units < 3 or len(rows) > TABLE_MAX:
                continue
            for other in range(size):
                if other != index:
                    for part in small[other]:
                        if abs(part[0]) == 1:
                            cost = prior + part[2] + log(habits.together)
                            _put(rows, size, ((index, units, True), (other, part[0], False)), cost)


def _put(
    rows: dict[tuple[tuple[int, ...], tuple[bool, ...]], float], size: int, parts: tuple[tuple[int, int, bool], ...], prior: float
) -> None:
    units, refill = [0] * size, [False] * size
    for index, count, is_refill in parts:
        units[index], refill[index] = count, is_refill
    key = (tuple(units), tuple(refill))
    rows[key] = max(prior, rows.get(key, prior))


def _as_table(rows: dict[tuple[tuple[int, ...], tuple[bool, ...]], float], articles: tuple[Article, ...]) -> ChangeTable:
    weights = np.array([article.unit_weight_g for article in articles])
    variances = np.array([article.spread_g**2 for article in articles])
    units = np.array([key[0] for key in rows], dtype=np.int64).reshape(len(rows), len(articles))
    refill = np.array([key[1] for key in rows], dtype=np.bool_).reshape(len(rows), len(articles))
    priors = np.array(list(rows.values()))
    grams = units @ weights
    order = np.argsort(grams, kind="stable")
    return ChangeTable(units[order], grams[order], (np.abs(units) @ variances)[order], priors[order], refill[order])


def reweighed(table: ChangeTable, unit_g: Floats) -> ChangeTable:
    """The same changes, with other unit weights; always made from the first table, so that equals keep one order."""
    grams = table.units @ unit_g
    order = np.argsort(grams, kind="stable")
    return ChangeTable(table.units[order], grams[order], table.variance_g2[order], table.log_prior[order], table.refill[order])

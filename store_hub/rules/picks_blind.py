"""What may have happened to a shelf while its scale was silent: many touches in one step of the weight, told apart by what the till sold.

A broken wire hides an hour of picks and refills. The first weight after it shows their sum, which no single touch explains; most of it
is what the till sold meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np

from store_hub.rules.picks_changes import Article, ChangeTable, Floats, Ints

BLIND_MS = 12 * 60_000
"""A scale that works confirms its weight every few minutes; after so long it was dead."""
UNPAID = 0.35
"""For each unit that left beyond what was sold: still in a basket, or stolen."""
ELSEWHERE = 0.25
"""For each unit sold that did not leave here: it stands on another shelf too, or the till erred."""
REFILLED = 0.1
"""That an article was refilled meanwhile and nobody said so, to any number; to the last place is likelier by what a refill gains anyway."""
UNPAID_MAX = 6
ROWS_MAX = 30_000


def is_blind(silent_ms: int, unfelt: Sequence[int], change_g: float, least_g: float) -> bool:
    """Tell whether touches were missed: the scale was silent, and the till sold what no touch explains, or what lies there has changed.

    Args:
        change_g: from the last weight before to the first after. least_g: what no goods weigh less than.
    """
    return silent_ms > BLIND_MS and (any(unfelt) or abs(change_g) >= least_g)


def blind_table(articles: Sequence[Article], unfelt: Sequence[int], unit_g: Floats) -> ChangeTable:
    """List the sums of what may have happened, by article: what was sold has left, and perhaps some more, or a refill came as well.

    Args:
        articles: the shelf's own, then strangers, which stay as they are.
        unfelt: (k,) units of each that the till sold and no touch explains, less those that staff said they had put there.
        unit_g: (k,) what a unit of each weighs.

    All units count as settled with the till and the back room (`refill`): nothing that was missed is still owed.
    """
    size = len(articles)
    units: Ints = np.zeros((1, size), dtype=np.int64)
    priors: Floats = np.zeros(1)
    for index, article in enumerate(articles):
        if article.stranger:
            continue
        changes, nats = _of_article(article, unfelt[index])
        units = np.repeat(units, len(changes), axis=0)
        units[:, index] = np.tile(changes, len(priors))
        priors = np.add.outer(priors, nats).ravel()
        best = np.argsort(-priors, kind="stable")[:ROWS_MAX]
        units, priors = units[best], priors[best]
    grams = units @ unit_g
    order = np.argsort(grams, kind="stable")
    spread_g2 = np.array([article.spread_g**2 for article in articles])
    moved = np.abs(units)
    return ChangeTable(units[order], grams[order], (moved @ spread_g2)[order], priors[order], (units != 0)[order])


def _of_article(article: Article, sold: int) -> tuple[Ints, Floats]:
    """(n,) signed units, and nats for each."""
    most = min(article.capacity_units, 60)
    changes: Ints = np.arange(-max(sold, 0) - UNPAID_MAX, max(most, -sold) + 1)
    more = -sold - changes  # So many left beyond what was sold; below zero, fewer did.
    left = np.where(more >= 0, more * log(UNPAID), -more * log(ELSEWHERE))
    return changes, np.logaddexp(left, np.where(more < 0, log(REFILLED / most), -np.inf))

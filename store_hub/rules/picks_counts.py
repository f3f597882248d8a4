"""A count by hand, brought to the hypotheses of a shelf: what was counted is so, and the board weighs what it weighs.

A count that shows an article to be misread shows others to be misread too, for the load on the board was never in doubt: what was taken for
sixteen cans may be three bottles and nine cartons less.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from store_hub.rules.picks_beam import Beam, merged
from store_hub.rules.picks_changes import Floats, Ints

MISREAD_COST, MOVED_COST = 1.5, 0.1
"""Nats for a board of which articles were taken for each other, and for each unit of the others that changes with the one counted."""
MISJUDGED_COST = 6.0
"""Nats for a count that no other article explains: something lies there that nobody knows, or was never there."""
MISCOUNTED_COST, SURE = 3.7, 0.9
"""Nats for a count that is one too many or one too few, as one in twenty is; who contradicts a belief as sure as that has looked twice."""
ROWS_MAX, GRID_MAX = 16, 20_000
"""So many of the likeliest hypotheses are retold in every way, and in so many ways; with more, one other article at a time."""


class Board(NamedTuple):
    """What is known of a board beside its hypotheses.

    `load_g`: what lies on it, as last weighed; None: nobody knows. `capacity`, `unit_g`, `unit_variance_g2`: (k,) of each article.
    `own`: the first so many belong here. `zero_sd_g`: how far the empty scale may be off.
    """

    load_g: float | None
    capacity: Ints
    unit_g: Floats
    unit_variance_g2: Floats
    own: int
    zero_sd_g: float

    def fit(self, counts: Ints, foreign_g: float) -> Floats:
        """(m,) nats for counts (m, k) on a board that weighs what it does."""
        off_g = (self.load_g or 0.0) - foreign_g - counts @ self.unit_g
        scatter_g2 = counts @ self.unit_variance_g2 + self.zero_sd_g**2
        nats: Floats = -0.5 * (off_g**2 / scatter_g2 + np.log(scatter_g2))
        return nats


def counted_as(beam: Beam, index: int, units: int, board: Board, *, width: int, log_range: float, load_shift_g: float = 0.0) -> Beam:
    """Hypotheses that hold another number of article `index` go.

    Each goes on as those in which the difference was taken for other articles, and as one in which the load was misjudged: there something
    foreign makes up for it. Where it was in doubt, those that are off by one go on as well: the board may show that somebody miscounted.

    Args:
        load_shift_g: by how much the load that was last weighed has been corrected since.
    """
    more = units - beam.counts[:, index]
    counts, foreign_g = beam.counts.copy(), beam.foreign_g - more * board.unit_g[index]
    counts[:, index] = units
    parts = [(counts, np.arange(len(more)), foreign_g, beam.log_weight - np.where(more == 0, 0.0, MISJUDGED_COST))]
    if board.load_g is not None and _is_in_doubt(beam, index):
        near_by = np.flatnonzero(np.abs(more) == 1)
        parts.append((beam.counts[near_by], near_by, beam.foreign_g[near_by], beam.log_weight[near_by] - MISCOUNTED_COST))
    for row in np.flatnonzero(more)[:ROWS_MAX].tolist() if board.load_g is not None else ():
        held, foreign = beam.counts[row], float(beam.foreign_g[row])
        for ways in _others(held, index, board):
            ways[:, index] = units
            moved = np.abs(ways - held).sum(axis=1) - abs(more[row])
            fit = board.fit(ways, foreign)
            best = max(float(fit.max()), float(board.fit(held[None, :], foreign)[0]))  # Retold, none is likelier than it was before.
            gained = fit - best - MISREAD_COST - MOVED_COST * moved
            near = np.flatnonzero(gained > -MISJUDGED_COST)
            parts.append((ways[near], np.full(near.size, row), np.full(near.size, foreign), beam.log_weight[row] + gained[near]))
    every, parent = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    foreign_g, unpaid = np.concatenate([part[2] for part in parts]) + load_shift_g, beam.unpaid[parent]
    kept = merged(every, unpaid, foreign_g, np.concatenate([part[3] for part in parts]), width=width, log_range=log_range)
    rows = kept.rows
    histories = tuple(beam.histories[row] for row in parent[rows].tolist())
    return Beam(every[rows], unpaid[rows], foreign_g[rows], kept.log_weight, beam.tag_nats[parent[rows]], histories)


def _is_in_doubt(beam: Beam, index: int) -> bool:
    _, places = np.unique(beam.counts[:, index], return_inverse=True)
    return float(np.bincount(places.reshape(-1), weights=beam.chances()).max()) < SURE


def _others(held: Ints, index: int, board: Board) -> Iterator[Ints]:
    """Blocks of (m, k) counts in which the shelf's other own articles hold whatever fits."""
    others = [other for other in range(board.own) if other != index]
    choices = [np.arange(max(int(board.capacity[other]), int(held[other])) + 1) for other in others]
    together = [others] if np.prod([one.size for one in choices], dtype=np.float64) <= GRID_MAX else [[other] for other in others]
    for group in together if others else ():
        grid = np.meshgrid(*(choices[others.index(other)] for other in group), indexing="ij")
        ways: Ints = np.tile(held, (grid[0].size, 1))
        for other, numbers in zip(group, grid, strict=True):
            ways[:, other] = numbers.ravel()
        yield ways

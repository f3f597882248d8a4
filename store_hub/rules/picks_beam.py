"""The hypotheses a shelf keeps: how many units of each article may be on it, and how much each possibility weighs in."""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np

from store_hub.rules.picks_changes import Floats, Ints

History = tuple[tuple[int, tuple[int, ...]], ...]
"""What a hypothesis believes happened, oldest first: (at_ms, signed units per article)."""


class Beam(NamedTuple):
    """Hypotheses, the likeliest first.

    `counts`, `unpaid`: (n, k) units on the shelf, and units taken from it that no till has sold yet. `foreign_g`: (n,) weight on the
    shelf that no article explains. `log_weight`: (n,), the largest is 0. `tag_nats`: (n, 2) what of it the tags last said (`picks_tags`).
    `histories`: one per hypothesis, kept only as long as asked.
    """

    counts: Ints
    unpaid: Ints
    foreign_g: Floats
    log_weight: Floats
    tag_nats: Floats
    histories: tuple[History, ...]

    def chances(self) -> Floats:
        """(n,) probabilities that sum to 1."""
        weights = np.exp(self.log_weight - self.log_weight.max())
        chances: Floats = weights / weights.sum()
        return chances

    def reweighed(self, change: Floats) -> Beam:
        """The same hypotheses, each believed `change` nats more, the likeliest first again."""
        log_weight = self.log_weight + change
        order = np.argsort(-log_weight, kind="stable")
        return Beam(
            self.counts[order],
            self.unpaid[order],
            self.foreign_g[order],
            (log_weight - log_weight[order[0]])[order],
            self.tag_nats[order],
            tuple(self.histories[i] for i in order),
        )


class Kept(NamedTuple):
    """Which rows stay, the likeliest first, and what each weighs with all its equals together."""

    rows: Ints
    log_weight: Floats


def merged(counts: Ints, unpaid: Ints, foreign_g: Floats, log_weight: Floats, *, width: int, log_range: float) -> Kept:
    """Join equal rows, keep the `width` likeliest within `log_range` nats of the best. Of equals the likeliest stays."""
    order = np.argsort(-log_weight, kind="stable")
    best = log_weight[order[0]]
    order = order[log_weight[order] >= best - log_range]
    keys = np.concatenate([counts[order], unpaid[order], np.rint(foreign_g[order]).astype(np.int64)[:, None]], axis=1)
    seen: dict[bytes, int] = {}
    kept: list[int] = []
    sums: list[float] = []
    flat, size = keys.tobytes(), keys.shape[1] * keys.itemsize
    for place, (row, weight) in enumerate(zip(order.tolist(), log_weight[order].tolist(), strict=True)):
        key = flat[place * size : (place + 1) * size]
        twin = seen.get(key)
        if twin is not None:
            sums[twin] += exp(weight - best)
        elif len(kept) < width:
            seen[key] = len(kept)
            kept.append(row)
            sums.append(exp(weight - best))
    weights = np.log(np.array(sums))
    rank = np.argsort(-weights, kind="stable")
    return Kept(np.array(kept)[rank], weights[rank] - weights[rank[0]])

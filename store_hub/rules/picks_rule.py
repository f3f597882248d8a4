"""How widely a belief looks, and what it takes for granted before it has heard anything."""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np

from store_hub.rules.picks_beam import Beam, merged
from store_hub.rules.picks_changes import Article, Habits
from store_hub.rules.picks_likelihood import BeliefNumbers, Explanation


class PickRule(NamedTuple):
    """How widely the belief looks, and what it takes for granted.

    `width`: hypotheses kept. `zero_sd_g`: how far the empty scale may be off. `drift_sd_g`: what may creep in between two settled
    weights, until the cell itself has shown it. `unpaid_mean_s`: how long taken goods are carried before the till sells them, in the mean.
    """

    width: int = 128
    log_range: float = 18.0
    zero_sd_g: float = 8.0
    drift_sd_g: float = 0.5
    unpaid_mean_s: float = 400.0
    unseen_sale: float = 5.0
    history_length: int = 0
    habits: Habits = Habits()


def numbers_of(articles: tuple[Article, ...], rule: PickRule) -> BeliefNumbers:
    """The numbers that the likelihood needs, for a shelf's articles."""
    habits = rule.habits
    most = np.array([min(a.capacity_units, 60) for a in articles], dtype=np.float64)
    own = np.array([not a.stranger for a in articles])
    return BeliefNumbers(
        zero_sd_g=rule.zero_sd_g,
        log_unknown=log(habits.unknown),
        log_full_bonus=np.where(own, np.log(habits.refill_to_full / habits.refill_few * most), 0.0),
        log_partly_bonus=log(habits.refill_partly / habits.refill_few),
        log_sweep_bonus=np.where(own, np.log(most), 0.0),
        sweep_from=len(habits.take) + 1,
        unseen_sale=rule.unseen_sale,
        own=int(own.sum()),
    )


def extended(rows: Explanation, before: Beam, at_ms: int, rule: PickRule) -> Beam:
    """The hypotheses after a touch: the likeliest of all explanations, equals joined."""
    kept = merged(rows.counts, rows.unpaid, rows.foreign_g, rows.log_weight, width=rule.width, log_range=rule.log_range)
    chosen, longest = kept.rows, rule.history_length
    histories = tuple(
        (*before.histories[parent], (at_ms, tuple(units)))[-longest:] if longest else ()
        for parent, units in zip(rows.parent[chosen].tolist(), rows.units[chosen].tolist(), strict=True)
    )
    return Beam(
        rows.counts[chosen],
        rows.unpaid[chosen],
        rows.foreign_g[chosen],
        kept.log_weight,
        before.tag_nats[rows.parent[chosen]],
        histories,
    )

"""How well each possible change explains a new settled weight, for every hypothesis at once."""

from __future__ import annotations

from math import log, pi
from typing import NamedTuple

import numpy as np

from store_hub.rules.picks_beam import Beam
from store_hub.rules.picks_changes import REFILL_FROM_UNITS, ChangeTable, Floats, Ints

CANDIDATES_MAX = 40
JITTER_STEP = 0.1
JITTER_MAX_G = 5.0
"""A cell's own unrest is learned over some ten settled weights; a larger change than this is not unrest."""
BATCH_SHARE, OTHER_BATCH_SHARE = 0.003, 0.015
"""How much the units of one delivery together differ from those before, as a share of their weight: mostly, and of other batches."""
OTHER_BATCH = 0.15
UNKNOWN_MEAN_G = 1_500.0
UNKNOWN = -1
FOREIGN_LEFT = -2


class WeightStep(NamedTuple):
    """From one settled weight to the next; `reading_sd_g` is how uncertain the difference is by itself."""

    before_g: float
    after_g: float
    reading_sd_g: float

    @property
    def change_g(self) -> float:
        """What the scale gained."""
        return self.after_g - self.before_g


class BeliefNumbers(NamedTuple):
    """The rule's numbers that the likelihood needs, in logarithms where they are probabilities."""

    zero_sd_g: float
    log_unknown: float
    log_full_bonus: Floats
    log_partly_bonus: float
    log_sweep_bonus: Floats
    sweep_from: int
    unseen_sale: float
    own: int


class Explanation(NamedTuple):
    """Every (hypothesis, change) pair worth keeping, one row each.

    `change`: (m,) row of the change table, or UNKNOWN or FOREIGN_LEFT. `units`: (m, k) what changed.
    """

    parent: Ints
    change: Ints
    units: Ints
    counts: Ints
    unpaid: Ints
    foreign_g: Floats
    log_weight: Floats


def jitter_learned(jitter_g2: float, change_g: float) -> float:
    """How much two settled weights of an untouched shelf differ, squared: every cell has its own, and some hop between two levels."""
    return jitter_g2 + JITTER_STEP * (min(change_g**2, JITTER_MAX_G**2) - jitter_g2)


def explain(
    beam: Beam, step: WeightStep, table: ChangeTable, unit_g: Floats, unit_variance_g2: Floats, capacity: Ints, numbers: BeliefNumbers
) -> Explanation:
    """Extend every hypothesis by every change that could explain the step.

    The units on the board each weigh a little more or less than they should, and the zero is a little off: together that is the
    hypothesis's `off_g`. Taking units takes their share of it along, so a hypothesis that is far off expects to come back: that is
    how the absolute weight, and not only the difference, speaks.
    """
    chosen = _candidates(step, table, numbers)
    off_g = step.before_g - beam.foreign_g - beam.counts @ unit_g
    scatter_g2 = beam.counts @ unit_variance_g2 + numbers.zero_sd_g**2
    units = table.units[chosen]
    leaving_g2 = np.maximum(-units, 0) @ unit_variance_g2
    refill = table.refill[chosen]
    coming_g2 = np.maximum(units, 0) @ unit_variance_g2
    share = np.minimum(leaving_g2[None, :] / scatter_g2[:, None], 1.0)
    noise_g2 = step.reading_sd_g**2
    variance_g2 = noise_g2 + coming_g2[None, :] + leaving_g2[None, :] * (1.0 - share)
    miss_g = step.change_g - table.weight_g[chosen][None, :] + share * off_g[:, None]
    counts = beam.counts[:, None, :] + units[None, :, :]
    log_weight = beam.log_weight[:, None] + table.log_prior[chosen][None, :]
    log_weight += _fit(miss_g, variance_g2, np.where(refill, units, 0) @ unit_g)
    log_weight += _bonus(beam, counts, units, refill, capacity, numbers)
    unpaid, unpaid_cost = _unpaid(beam, units, refill, numbers)
    log_weight -= unpaid_cost
    parent, column = np.nonzero(log_weight > log_weight.max() - 30.0 if log_weight.size else log_weight)
    rows = Explanation(
        parent,
        chosen[column],
        units[column],
        counts[parent, column],
        unpaid[parent, column],
        beam.foreign_g[parent],
        log_weight[parent, column],
    )
    return _with_unknown(rows, beam, step, noise_g2, numbers)


def log_unknown_density(change_g: float) -> float:
    """Nats per gram for a change by something that no article explains: people leave phones and bags on shelves, seldom crates."""
    return -abs(change_g) / UNKNOWN_MEAN_G - log(2.0 * UNKNOWN_MEAN_G)


def _fit(miss_g: Floats, variance_g2: Floats, refilled_g: Floats) -> Floats:
    """(n, c) nats for missing the weight by so much. A refill of `refilled_g` (c,) may be of a batch that differs a little, or by more."""

    def nats(batch_share: float) -> Floats:
        wide_g2 = variance_g2 + (batch_share * refilled_g[None, :]) ** 2
        found: Floats = -0.5 * (miss_g**2 / wide_g2 + np.log(2 * pi * wide_g2))
        return found

    if not refilled_g.any():
        return nats(0.0)
    usual, other = nats(BATCH_SHARE), nats(OTHER_BATCH_SHARE)
    mixed: Floats = np.logaddexp(usual + log(1.0 - OTHER_BATCH), other + log(OTHER_BATCH))
    return np.where(refilled_g[None, :] > 0.0, mixed, usual)


def _candidates(step: WeightStep, table: ChangeTable, numbers: BeliefNumbers) -> Ints:
    """The rows of the table near enough in weight, the likeliest few."""
    slack_g = 10.0 + 4.0 * step.reading_sd_g + 0.03 * abs(step.change_g)
    first, last = np.searchsorted(table.weight_g, [step.change_g - slack_g, step.change_g + slack_g])
    rows = np.arange(first, last)
    variance_g2 = table.variance_g2[rows] + step.reading_sd_g**2 + 1.0
    variance_g2 += np.where(table.refill[rows].any(axis=1), OTHER_BATCH_SHARE * table.weight_g[rows], 0.0) ** 2
    score = table.log_prior[rows] - 0.5 * (step.change_g - table.weight_g[rows]) ** 2 / variance_g2
    score += np.where(table.refill[rows].any(axis=1), numbers.log_full_bonus.max(initial=0.0), 0.0)
    best: Ints = rows[np.argsort(-score, kind="stable")[:CANDIDATES_MAX]]
    return best


def _bonus(beam: Beam, counts: Ints, units: Ints, refill: np.typing.NDArray[np.bool_], capacity: Ints, numbers: BeliefNumbers) -> Floats:
    """What depends on how full the shelf is: nobody takes what is not there, refills fill up, thieves take all."""
    over = np.maximum(counts - capacity[None, None, :], 0).sum(axis=2)
    bonus = np.where((counts < 0).any(axis=2), -np.inf, -3.0 * over)
    full_bonus = numbers.log_full_bonus[None, :] - np.where(units >= REFILL_FROM_UNITS, numbers.log_partly_bonus, 0.0)
    full = ((refill[None, :, :] & (counts == capacity[None, None, :])) * full_bonus[None, :, :]).sum(axis=2)
    emptied = ((units <= -numbers.sweep_from)[None, :, :] & (counts == 0)) @ numbers.log_sweep_bonus
    result: Floats = bonus + full + emptied
    return result


def _unpaid(beam: Beam, units: Ints, refill: np.typing.NDArray[np.bool_], numbers: BeliefNumbers) -> tuple[Ints, Floats]:
    """What shoppers carry after the change, and how unlikely it is that they put back what they had not taken."""
    moved = np.where(refill | (units <= -numbers.sweep_from), 0, units)
    moved[:, numbers.own :] = 0
    unpaid = beam.unpaid[:, None, :] - moved[None, :, :]
    cost = 2.5 * np.maximum(-unpaid, 0).sum(axis=2)
    return np.clip(unpaid, 0, 60), cost


def _with_unknown(rows: Explanation, beam: Beam, step: WeightStep, noise_g2: float, numbers: BeliefNumbers) -> Explanation:
    """Add, for every hypothesis, that something no article explains came or went, or that what came before went again."""
    size = len(beam.log_weight)
    came = beam.log_weight + numbers.log_unknown + log_unknown_density(step.change_g)
    variance_g2 = noise_g2 + 4.0
    foreign = np.abs(beam.foreign_g) > 0
    miss_g = step.change_g + beam.foreign_g
    left = np.where(foreign, beam.log_weight + log(0.2) - 0.5 * (miss_g**2 / variance_g2 + log(2 * pi * variance_g2)), -np.inf)
    every = np.arange(size)
    still = np.zeros((size * 2, beam.counts.shape[1]), dtype=np.int64)
    return Explanation(
        np.concatenate([rows.parent, every, every]),
        np.concatenate([rows.change, np.full(size, UNKNOWN), np.full(size, FOREIGN_LEFT)]),
        np.concatenate([rows.units, still]),
        np.concatenate([rows.counts, beam.counts, beam.counts]),
        np.concatenate([rows.unpaid, beam.unpaid, beam.unpaid]),
        np.concatenate([rows.foreign_g, beam.foreign_g + step.change_g, np.zeros(size)]),
        np.concatenate([rows.log_weight, came, left]),
    )

"""What the till and people know, brought to the hypotheses of a shelf."""

from __future__ import annotations

from math import expm1, log

import numpy as np

from store_hub.rules.picks_beam import Beam, History, merged
from store_hub.rules.picks_changes import Floats, Ints
from store_hub.rules.picks_likelihood import BeliefNumbers

PAID_AFTER_MS = 240_000
"""How long shoppers usually carry goods before they pay: it says which of several touches a sale was about."""
REPAIR_COST = 1.5
"""Nats per unit for saying that an earlier touch was of another article than believed."""
NOT_FULL_COST = 1.5
"""Nats for what staff refilled and did not fill up: the back room ran out, or some has been taken since."""

NEVER_PAID = 0.02
"""So many of the units taken are stolen, missed by the till or laid down elsewhere: no sale will ever speak of them."""
ALL_AT_ONCE = 0.3
"""Who steals several units of an article steals them together: as likely as this beside one alone."""
GIVES_UP_FROM_MS = 20_000
"""Shorter waits are too short to give anything up in."""


def waited(beam: Beam, waited_ms: int, unpaid_mean_s: float, *, width: int, log_range: float) -> Beam:
    """Time passed and nothing was sold: the more a hypothesis believes to be carried about unpaid, the less likely that is.

    Each unit carried is either still to be paid, or never will be: a hypothesis goes on as several, in which none, one or all units of
    an article are given up. Without that a theft would in time become less likely than any other story, however odd.
    """
    rate = waited_ms / 1000.0 / unpaid_mean_s
    carried = np.minimum(beam.unpaid.sum(axis=1), 40)
    still = beam.log_weight - carried * rate
    if waited_ms < GIVES_UP_FROM_MS or not carried.any():
        return beam.reweighed(still - beam.log_weight)
    lost = log(NEVER_PAID * -expm1(-rate))
    unpaid, weights, parents = [beam.unpaid], [still], [np.arange(len(still))]
    for index in range(beam.unpaid.shape[1]):
        held = beam.unpaid[:, index]
        for given_up, share in ((np.minimum(held, 1), 1.0), (np.where(held > 1, held, 0), ALL_AT_ONCE)):
            rows = np.flatnonzero(given_up)
            left = beam.unpaid[rows].copy()
            left[:, index] -= given_up[rows]
            unpaid.append(left)
            weights.append(still[rows] + given_up[rows] * rate + lost + log(share))
            parents.append(rows)
    parent = np.concatenate(parents)
    every, counts, foreign_g = np.concatenate(unpaid), beam.counts[parent], beam.foreign_g[parent]
    kept = merged(counts, every, foreign_g, np.concatenate(weights), width=width, log_range=log_range)
    chosen = kept.rows
    histories = tuple(beam.histories[row] for row in parent[chosen].tolist())
    return Beam(counts[chosen], every[chosen], foreign_g[chosen], kept.log_weight, beam.tag_nats[parent[chosen]], histories)


def paid(
    beam: Beam,
    index: int,
    units: int,
    at_ms: int,
    unit_g: Floats,
    unit_variance_g2: Floats,
    numbers: BeliefNumbers,
    *,
    width: int,
    log_range: float,
) -> Beam:
    """The till sold `units` of article `index` (negative: took them back).

    A hypothesis in which nobody carries that many is less likely, but may be saved by supposing that an earlier touch was of this
    article and not of another that somebody carries.
    """
    if units < 0:
        unpaid = beam.unpaid.copy()
        unpaid[:, index] = np.minimum(unpaid[:, index] - units, 60)
        return beam._replace(unpaid=unpaid)
    carried = beam.unpaid[:, index]
    missing = np.maximum(units - carried, 0)
    seen = np.where(missing == 0, np.log(np.maximum(carried, 1) / units), 0.0)
    unpaid = beam.unpaid.copy()
    unpaid[:, index] = np.maximum(carried - units, 0)
    parts = [(beam.counts, unpaid, beam.log_weight + seen - numbers.unseen_sale * missing)]
    parts += _repairs(beam, index, missing, unpaid, unit_g, unit_variance_g2, numbers.own)
    counts = np.concatenate([p[0] for p in parts])
    unpaid = np.concatenate([p[1] for p in parts])
    foreign_g = np.tile(beam.foreign_g, len(parts))
    kept = merged(counts, unpaid, foreign_g, np.concatenate([p[2] for p in parts]), width=width, log_range=log_range)
    size = len(beam.log_weight)
    others = [index, *(other for other in range(numbers.own) if other != index)]
    histories = tuple(
        _retold(beam.histories[row % size], others[row // size], index, int(missing[row % size]), at_ms) for row in kept.rows.tolist()
    )
    return Beam(counts[kept.rows], unpaid[kept.rows], foreign_g[kept.rows], kept.log_weight, beam.tag_nats[kept.rows % size], histories)


def _repairs(
    beam: Beam, index: int, missing: Ints, unpaid: Ints, unit_g: Floats, variance_g2: Floats, own: int
) -> list[tuple[Ints, Ints, Floats]]:
    repairs = []
    for other in range(own):
        if other == index:
            continue
        counts, left = beam.counts.copy(), unpaid.copy()
        counts[:, other] += missing
        counts[:, index] -= missing
        left[:, other] -= missing
        mismatch_g = missing * (unit_g[other] - unit_g[index])
        spread_g2 = np.maximum(missing, 1) * (variance_g2[other] + variance_g2[index]) + 0.5
        possible = (missing > 0) & (counts[:, index] >= 0) & (left[:, other] >= 0)
        cost = REPAIR_COST * missing + 0.5 * mismatch_g**2 / spread_g2
        repairs.append((counts, np.maximum(left, 0), np.where(possible, beam.log_weight - cost, -np.inf)))
    return repairs


def _retold(history: History, other: int, index: int, missing: int, at_ms: int) -> History:
    """The history in which `missing` units of the touch that best fits in time were of article `index` and not of `other`."""
    if other == index or not missing:
        return history
    fitting = [i for i, (_, units) in enumerate(history) if units[other] <= -missing and units[index] <= 0]
    if not fitting:
        return history
    touch = min(fitting, key=lambda i: abs(at_ms - history[i][0] - PAID_AFTER_MS))
    touched_at_ms, units = history[touch]
    retold = list(units)
    retold[other] += missing
    retold[index] -= missing
    return (*history[:touch], (touched_at_ms, tuple(retold)), *history[touch + 1 :])


def refilled_by(
    beam: Beam, index: int, units: int, capacity: Ints, unit_g: Floats, unit_variance_g2: Floats, own: int, *, width: int, log_range: float
) -> Beam:
    """Staff say they put `units` of article `index` there: hypotheses that hold fewer, or did not become full, are doubted.

    Each also goes on as one in which what was felt as a look-alike's refill was this one, if there is room for it.
    """
    held = beam.counts[:, index]
    doubt = np.where(held >= min(units, int(capacity[index])) // 2, 0.0, -2.0) - np.where(held >= capacity[index] - 1, 0.0, NOT_FULL_COST)
    parts = [(beam.counts, beam.log_weight + doubt)]
    for other in range(own):
        given = round(units * float(unit_g[index] / unit_g[other]))
        if other == index or given < 1:
            continue
        counts = beam.counts.copy()
        counts[:, index] += units
        counts[:, other] -= given
        spread_g2 = units * unit_variance_g2[index] + given * unit_variance_g2[other] + 2.0
        cost = REPAIR_COST + 0.5 * (units * unit_g[index] - given * unit_g[other]) ** 2 / spread_g2
        possible = (counts[:, index] <= capacity[index]) & (counts[:, other] >= 0)
        full = np.where(counts[:, index] >= capacity[index] - 1, 0.0, NOT_FULL_COST)
        parts.append((counts, np.where(possible, beam.log_weight - cost - full, -np.inf)))
    every = np.concatenate([part[0] for part in parts])
    size = len(beam.log_weight)
    unpaid, foreign_g = np.tile(beam.unpaid, (len(parts), 1)), np.tile(beam.foreign_g, len(parts))
    kept = merged(every, unpaid, foreign_g, np.concatenate([part[1] for part in parts]), width=width, log_range=log_range)
    rows = kept.rows
    histories = tuple(beam.histories[row % size] for row in rows.tolist())
    return Beam(every[rows], unpaid[rows], foreign_g[rows], kept.log_weight, beam.tag_nats[rows % size], histories)

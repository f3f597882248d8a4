"""Stories of tags with known truth: a zone of residents, as many strays that lie in the next zone, and when each is read.

A cycle a second. Every tag has four read rates of its own: by this zone's antenna and by the next zone's, lying before it or straying into
it, drawn from Beta distributions with means 0.65 and 0.08. Residents leave and others come back once an hour in the mean; half of those
that leave lie in the next zone from then on, half are gone. Reads come in bursts: in each cycle a tag's state (heard or hidden) is drawn
anew with chance 1 / `burst_s`, and otherwise stays as it was, so that `burst_s` 1 is independent reads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

GONE, STRAY, HERE = 0, 1, 2
MOVES_EVERY_S = 3_600.0
HERE_MEAN, STRAY_MEAN = 0.65, 0.08


class Spread(NamedTuple):
    """How much tags differ: the concentrations (a + b) of both Beta distributions."""

    name: str
    here: float
    stray: float


WIDE = Spread("wide", 4.0, 13.0)
"""With it the simple methods err as the ones this benchmark goes back to: every twentieth resident is read less than once in five."""
NARROW = Spread("narrow", 10.0, 25.0)


class Story(NamedTuple):
    """`reads`: (seconds, 2, tags), by this zone's antenna and by the next one's. `state`: (seconds, tags). `rates`: (4, tags)."""

    reads: Bools
    state: npt.NDArray[np.int8]
    rates: Floats


def tag_story(seed: int, *, tags: int, seconds: int, burst_s: float, spread: Spread) -> Story:
    """Tell one story: `tags` residents and as many strays."""
    rng = np.random.default_rng(seed)
    both = 2 * tags
    here, stray = HERE_MEAN * spread.here, STRAY_MEAN * spread.stray
    rates = np.stack([rng.beta(a, c - a, both) for a, c in ((here, spread.here), (stray, spread.stray)) * 2])
    state = np.where(np.arange(both) < tags, HERE, STRAY)
    heard = np.zeros((2, both), dtype=np.bool_)
    reads, states = np.zeros((seconds, 2, both), dtype=np.bool_), np.zeros((seconds, both), dtype=np.int8)
    for second in range(seconds):
        moves = rng.random(both) < 1.0 / MOVES_EVERY_S
        to = np.where(state == HERE, np.where(rng.random(both) < 0.5, GONE, STRAY), HERE)
        state = np.where(moves, to, state)
        here_rate = np.select([state == HERE, state == STRAY], [rates[0], rates[1]], 0.0)
        next_rate = np.select([state == STRAY, state == HERE], [rates[2], rates[3]], 0.0)
        fresh = rng.random((2, both)) < np.stack([here_rate, next_rate])
        heard = np.where(rng.random((2, both)) < 1.0 / burst_s, fresh, heard)
        reads[second], states[second] = heard & (state != GONE), state
    return Story(reads, states, rates)

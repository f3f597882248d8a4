"""A count brought to the hypotheses of a board: it decides between them, and makes none likelier than it was."""

from __future__ import annotations

import numpy as np

from store_hub.rules.picks_beam import Beam
from store_hub.rules.picks_counts import Board, counted_as

BOARD = Board(
    load_g=9874.2, capacity=np.array([14, 20]), unit_g=np.array([524.0, 255.9]), unit_variance_g2=np.array([4.0, 1.0]), own=2,
    zero_sd_g=8.0,
)  # fmt: skip


def beam(*told: tuple[tuple[int, int], float, float]) -> Beam:
    """Hypotheses: counts, foreign grams, chance."""
    counts, foreign_g, chances = zip(*told, strict=True)
    nobody, tags = np.zeros((len(told), 2), dtype=np.int64), np.zeros((len(told), 2))
    return Beam(np.array(counts), nobody, np.array(foreign_g), np.log(np.array(chances) / max(chances)), tags, ((),) * len(told))


def most_likely(held: Beam, units: int) -> tuple[list[int], float]:
    after = counted_as(held, 1, units, BOARD, width=128, log_range=14.0)
    chances = after.chances()
    best = after.counts[int(np.argmax(chances))]
    return best.tolist(), float(chances[(after.counts == best).all(axis=1)].sum())


def test_what_was_hardly_believed_does_not_gain_by_being_retold() -> None:
    held = beam(((13, 12), 0.0, 0.8), ((9, 20), 0.0, 0.19), ((7, 20), 1021.0, 1e-6))  # The last never fitted what the board weighs.
    best, chance = most_likely(held, 12)
    assert best == [13, 12]
    assert chance > 0.95


def test_where_nobody_believed_what_was_counted_the_load_says_what_the_others_are() -> None:
    best, chance = most_likely(beam(((9, 20), 0.0, 0.99), ((7, 20), 1021.0, 0.01)), 12)
    assert best == [13, 12]
    assert chance > 0.9

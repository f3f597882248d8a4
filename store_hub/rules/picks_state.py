"""A shelf's belief as the hub keeps it: plain values that JSON can hold, and back again without losing a bit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from store_hub.rules.picks_beam import Beam
from store_hub.rules.picks_changes import Ints
from store_hub.rules.unit_weights import LearnedWeight, Lesson


class BeamState(Struct, frozen=True, kw_only=True):
    """The hypotheses, without their histories."""

    counts: list[list[int]]
    unpaid: list[list[int]]
    foreign_g: list[float]
    log_weight: list[float]


class BeliefState(Struct, frozen=True, kw_only=True):
    """All that a belief knows. `msgspec.json` writes floats so that they read back exactly."""

    skus: list[str]
    beam: BeamState
    before: BeamState | None
    before_weight_g: float
    weight_g: float | None
    moved_at_ms: int | None
    at_ms: int
    told: list[int]
    told_last: list[int]
    till_heard: bool
    jitter_g2: float | None = None
    weights: list[LearnedWeight] = []
    lesson: Lesson | None = None


def beam_state(beam: Beam) -> BeamState:
    """Write a beam down."""
    return BeamState(
        counts=beam.counts.tolist(), unpaid=beam.unpaid.tolist(), foreign_g=beam.foreign_g.tolist(), log_weight=beam.log_weight.tolist()
    )


def beam_from(state: BeamState, columns: Sequence[int | None], start: Sequence[int], gone_g: Sequence[float]) -> Beam:
    """Read a beam; `columns` says where each present article stood then, None where it is new and starts at `start`.

    `gone_g`: what a unit of each article weighed then, 0 for those that are still known: what the others left on the board is foreign now.
    """
    size = len(state.log_weight)
    left_g = np.array(state.counts, dtype=np.float64).reshape(size, len(gone_g)) @ np.array(gone_g, dtype=np.float64)
    return Beam(
        np.stack([picked_columns(row, columns, start) for row in state.counts]).reshape(size, len(columns)),
        np.stack([picked_columns(row, columns, [0] * len(columns)) for row in state.unpaid]).reshape(size, len(columns)),
        np.array(state.foreign_g, dtype=np.float64) + left_g,
        np.array(state.log_weight, dtype=np.float64),
        ((),) * size,
    )


def picked_columns(row: Sequence[int], columns: Sequence[int | None], start: Sequence[int]) -> Ints:
    """One value per present article, from where it stood then."""
    return np.array([start[i] if column is None else row[column] for i, column in enumerate(columns)], dtype=np.int64)

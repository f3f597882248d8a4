"""A shelf's belief as the hub keeps it: plain values that JSON can hold, and back again without losing a bit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct, structs

from store_hub.rules.picks_beam import Beam
from store_hub.rules.picks_changes import Ints
from store_hub.rules.picks_tags import TagsHere
from store_hub.rules.unit_weights import LearnedWeight, Lesson, under_new_plan


class BeamState(Struct, frozen=True, kw_only=True):
    """The hypotheses, without their histories."""

    counts: list[list[int]]
    unpaid: list[list[int]]
    foreign_g: list[float]
    log_weight: list[float]
    tag_nats: list[list[float]] = []


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
    tags: TagsHere | None = None
    touched_at_ms: int = 0
    unfelt: list[int] = []


def beam_state(beam: Beam) -> BeamState:
    """Write a beam down."""
    return BeamState(
        counts=beam.counts.tolist(),
        unpaid=beam.unpaid.tolist(),
        foreign_g=beam.foreign_g.tolist(),
        log_weight=beam.log_weight.tolist(),
        tag_nats=beam.tag_nats.tolist() if beam.tag_nats.any() else [],
    )


class BeamWriter:
    """Writes beams down once each: most weights only confirm, and leave the hypotheses as they were."""

    def __init__(self) -> None:
        self._written: list[tuple[Beam, BeamState]] = []

    def state(self, beam: Beam) -> BeamState:
        """Write a beam down; the very same again for the very same."""
        for known, state in self._written:
            if known is beam:
                return state
        self._written = [*self._written[-1:], (beam, beam_state(beam))]
        return self._written[-1][1]


def weights_over(state: BeliefState, skus: Sequence[str], fresh: Sequence[LearnedWeight]) -> tuple[list[LearnedWeight], list[float]]:
    """What units of the present articles weigh; and, per article of the state, how much of a unit nothing explains any more, grams.

    Args:
        skus, fresh: the present articles, and what the planogram says of them.
    """
    if len(state.weights) != len(state.skus):
        return list(fresh), [0.0] * len(state.skus)
    known = dict(zip(state.skus, state.weights, strict=True))
    now = {sku: under_new_plan(known[sku], new.unit_g) if sku in known else new for sku, new in zip(skus, fresh, strict=True)}
    if state.weight_g is None:
        return list(now.values()), [0.0] * len(known)  # Nothing has been weighed: what lies there is what the new plan says.
    return list(now.values()), [weight.unit_g - (now[sku].unit_g if sku in now else 0.0) for sku, weight in known.items()]


def beam_from(state: BeamState, columns: Sequence[int | None], start: Sequence[int], left_g: Sequence[float]) -> Beam:
    """Read a beam; `columns` says where each present article stood then, None where it is new and starts at `start`.

    `left_g`: per article of the state, how much of a unit nothing explains any more: that much of what lies on the board is foreign now.
    """
    size = len(state.log_weight)
    foreign_g = np.array(state.counts, dtype=np.float64).reshape(size, len(left_g)) @ np.array(left_g, dtype=np.float64)
    return Beam(
        np.stack([picked_columns(row, columns, start) for row in state.counts]).reshape(size, len(columns)),
        np.stack([picked_columns(row, columns, [0] * len(columns)) for row in state.unpaid]).reshape(size, len(columns)),
        np.array(state.foreign_g, dtype=np.float64) + foreign_g,
        np.array(state.log_weight, dtype=np.float64),
        np.array(state.tag_nats or np.zeros((size, 2)), dtype=np.float64),
        ((),) * size,
    )


def without_tags(state: BeliefState) -> BeliefState:
    """The same belief of a shelf that no antenna reads any more: what tags said is taken back when it is next judged."""
    if state.tags is None or not state.tags.are_known:
        return state
    return structs.replace(state, tags=structs.replace(state.tags, tags=[None] * len(state.tags.tags), are_judged=False))


def picked_columns(row: Sequence[int], columns: Sequence[int | None], start: Sequence[int]) -> Ints:
    """One value per present article, from where it stood then."""
    return np.array([start[i] if column is None else row[column] for i, column in enumerate(columns)], dtype=np.int64)

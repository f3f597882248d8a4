"""Scores tracks against labelled ones: MOTA and identity switches (CLEAR MOT), IDF1.

Bernardin and Stiefelhagen, EURASIP JIVP 2008; Ristani et al., ECCV workshops 2016. Small on purpose: it is checked by hand-made cases.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Boxes = npt.NDArray[np.float64]
IMPOSSIBLE = 1e6


@dataclass(frozen=True)
class FrameTracks:
    """Who is where in one frame: `ids` (n,), `boxes` (n, 4) xyxy, pixels."""

    ids: tuple[int, ...]
    boxes: Boxes


Tracks = dict[int, FrameTracks]


@dataclass(frozen=True)
class TrackingScores:
    """What tracks are worth against the truth."""

    mota: float
    idf1: float
    identity_switches: int
    misses: int
    false_boxes: int
    labelled: int


def read_mot(path: Path, last_frame: int | None = None) -> Tracks:
    """Read `frame,id,left,top,width,height,…` lines."""
    rows: dict[int, list[tuple[int, float, float, float, float]]] = {}
    for text in path.read_text().splitlines():
        frame, identity, left, top, width, height = (float(value) for value in text.split(",")[:6])
        if last_frame is None or frame <= last_frame:
            rows.setdefault(int(frame), []).append((int(identity), left, top, left + width, top + height))
    return {n: FrameTracks(tuple(r[0] for r in found), np.array([r[1:] for r in found], dtype=float)) for n, found in rows.items()}


def overlaps(ours: Boxes, theirs: Boxes) -> Boxes:
    """Intersection over union, (n, m), of (n, 4) and (m, 4) xyxy boxes."""
    sides = np.minimum(ours[:, None, 2:], theirs[None, :, 2:]) - np.maximum(ours[:, None, :2], theirs[None, :, :2])
    shared = sides.clip(min=0.0).prod(axis=2)
    own_area = (ours[:, 2:] - ours[:, :2]).prod(axis=1)
    their_area = (theirs[:, 2:] - theirs[:, :2]).prod(axis=1)
    return np.asarray(shared / np.maximum(own_area[:, None] + their_area[None] - shared, 1e-9))


def score_tracks(truth: Tracks, found: Tracks, *, overlap_min: float = 0.5) -> TrackingScores:
    """Compare found tracks with the labelled ones; a pair matches where its boxes overlap by `overlap_min` or more."""
    partner: dict[int, int] = {}  # labelled identity → the found identity that it last matched
    together: Counter[tuple[int, int]] = Counter()
    misses = false_boxes = switches = labelled = total_found = 0
    for frame in sorted(truth.keys() | found.keys()):
        real = truth.get(frame, _NOBODY)
        seen = found.get(frame, _NOBODY)
        overlap = overlaps(real.boxes, seen.boxes)
        labelled += len(real.ids)
        total_found += len(seen.ids)
        together.update((real.ids[row], seen.ids[col]) for row, col in np.argwhere(overlap >= overlap_min))
        pairs = _match(real, seen, overlap, partner, overlap_min)
        for row, column in pairs:
            switches += partner.get(real.ids[row], seen.ids[column]) != seen.ids[column]
            partner[real.ids[row]] = seen.ids[column]
        misses += len(real.ids) - len(pairs)
        false_boxes += len(seen.ids) - len(pairs)
    return TrackingScores(
        mota=1.0 - (misses + false_boxes + switches) / max(labelled, 1),
        idf1=2.0 * _shared_identity(together) / max(labelled + total_found, 1),
        identity_switches=switches,
        misses=misses,
        false_boxes=false_boxes,
        labelled=labelled,
    )


_NOBODY = FrameTracks((), np.zeros((0, 4)))


def _match(real: FrameTracks, seen: FrameTracks, overlap: Boxes, partner: dict[int, int], overlap_min: float) -> list[tuple[int, int]]:
    """Pairs (row of `real`, row of `seen`): earlier pairs stay where they still hold, then the best of the rest."""
    pairs: list[tuple[int, int]] = []
    for row, identity in enumerate(real.ids):
        column = seen.ids.index(partner[identity]) if partner.get(identity) in seen.ids else -1
        if column >= 0 and overlap[row, column] >= overlap_min and column not in {c for _, c in pairs}:
            pairs.append((row, column))
    cost = np.where(overlap >= overlap_min, 1.0 - overlap, IMPOSSIBLE)
    for row, column in pairs:
        cost[row, :] = IMPOSSIBLE
        cost[:, column] = IMPOSSIBLE
    rows, columns = linear_sum_assignment(cost)
    return pairs + [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if cost[r, c] < IMPOSSIBLE]


def _shared_identity(together: Counter[tuple[int, int]]) -> int:
    """Boxes rightly identified under the best one-to-one naming of whole tracks."""
    real = sorted({pair[0] for pair in together})
    seen = sorted({pair[1] for pair in together})
    gain = np.zeros((len(real), len(seen)))
    for (r, s), frames in together.items():
        gain[real.index(r), seen.index(s)] = frames
    rows, columns = linear_sum_assignment(-gain)
    return int(gain[rows, columns].sum())

"""What must be made unrecognisable before a picture may be shown: the heads of people, and more where the detector is unsure.

The safe side is to cover too much. A box that the detector is sure of and that shows a standing person whole has its head in its upper
part. Any other box may show anything (someone bent, sitting, cut off by the picture's edge, or a face close to the lens), so all of it is
covered. What is covered stays covered over neighbouring pictures, so that a detector that loses a person for a moment uncovers nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from edge_agent.readings import FloatArray

Rectangles = npt.NDArray[np.int32]

Cover = Literal["heads", "people", "everything"]
"""`heads`: heads of sure boxes, all of unsure ones. `people`: all of every box. `everything`: the whole picture, in coarse blocks."""


@dataclass(frozen=True, slots=True)
class CoverRule:
    """How much is covered. Shares are of the box's height; a head takes a seventh to an eighth of a standing person.

    `score_sure`: from here on a box is believed to be a person seen whole, if it is also upright and inside the picture.
    """

    score_sure: float = 0.4
    head_share: float = 0.3
    margin_share: float = 0.08
    upright_min: float = 1.4
    edge_px: float = 2.0


def rectangles(boxes: FloatArray, scores: FloatArray, size_px: tuple[int, int], cover: Cover, rule: CoverRule) -> Rectangles:
    """The parts of a picture that must not be recognisable.

    Args:
        boxes: (n, 4) xyxy, pixels, everything the detector has even a faint idea of.
        scores: (n,) 0 to 1.
        size_px: width and height of the picture.

    Returns (m, 4) int32, xyxy, half-open, inside the picture.
    """
    width, height = size_px
    if cover == "everything":
        return np.array([[0, 0, width, height]], dtype=np.int32)
    if len(boxes) == 0:
        return np.zeros((0, 4), dtype=np.int32)
    left, top, right, bottom = np.asarray(boxes, dtype=float).T
    tall, wide = bottom - top, right - left
    inside = (top > rule.edge_px) & (bottom < height - rule.edge_px) & (left > rule.edge_px) & (right < width - rule.edge_px)
    whole = (np.asarray(scores) >= rule.score_sure) & inside & (tall >= rule.upright_min * wide) & (cover == "heads")
    margin = rule.margin_share * tall
    lower = np.where(whole, top + rule.head_share * tall, bottom + margin)
    found = np.stack([left - margin, top - margin, right + margin, lower], axis=1)
    found = np.stack([np.floor(found[:, 0]), np.floor(found[:, 1]), np.ceil(found[:, 2]), np.ceil(found[:, 3])], axis=1)
    found[:, 0::2] = found[:, 0::2].clip(0, width)
    found[:, 1::2] = found[:, 1::2].clip(0, height)
    kept = (found[:, 2] > found[:, 0]) & (found[:, 3] > found[:, 1])
    return np.asarray(found[kept], dtype=np.int32)


def together(neighbours: Sequence[Rectangles]) -> Rectangles:
    """What is covered in any of some neighbouring pictures is covered in all of them."""
    return np.concatenate([np.zeros((0, 4), dtype=np.int32), *neighbours])

"""What detectors answer, turned into boxes: one decoder for each `output_format` of the manifest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.readings import FloatArray


class OutputLayout(Protocol):
    """The part of a manifest entry that says what the outputs mean."""

    @property
    def strides(self) -> list[int]:
        """Pixels of the input per cell, one for each pair of outputs."""

    @property
    def reg_max(self) -> int:
        """Largest distance a side can have, in cells."""

    @property
    def score_activation(self) -> str:
        """`none`, or `sigmoid` where the graph leaves it out."""

    @property
    def person_class(self) -> int:
        """Which of the classes is a person, from 0."""


Decoder = Callable[[Sequence[FloatArray], OutputLayout, tuple[int, int], float], tuple[FloatArray, FloatArray]]


def decode_nanodet(
    outputs: Sequence[FloatArray], layout: OutputLayout, input_size: tuple[int, int], score_min: float
) -> tuple[FloatArray, FloatArray]:
    """Decode a NanoDet head: per stride a score per cell, and per side a distribution over distances (Li et al., NeurIPS 2020).

    Args:
        outputs: of one picture, (1, cells, 1) scores of every stride, then (1, cells, 4 × (reg_max + 1)) distances of every stride.
        layout: strides and reg_max.
        input_size: height and width of the network's input.
        score_min: cells below are not decoded.

    Returns boxes (n, 4) float32, xyxy, pixels of the input, and scores (n,) float32.
    """
    levels = len(layout.strides)
    bins = np.arange(layout.reg_max + 1, dtype=np.float32)
    boxes: list[FloatArray] = [np.zeros((0, 4), dtype=np.float32)]
    scores: list[FloatArray] = [np.zeros(0, dtype=np.float32)]
    for stride, score, distance in zip(layout.strides, outputs[:levels], outputs[levels:], strict=True):
        sure = _probability(score[0, :, 0], layout.score_activation)
        cells = np.flatnonzero(sure >= score_min)
        if len(cells) == 0:
            continue
        weights = distance[0, cells].reshape(-1, 4, len(bins))
        weights = np.exp(weights - weights.max(axis=2, keepdims=True))
        sides = (weights @ bins) / weights.sum(axis=2) * stride
        columns = input_size[1] // stride
        centre = np.stack([cells % columns, cells // columns], axis=1) * stride + np.float32(stride / 2)
        boxes.append(np.concatenate([centre - sides[:, :2], centre + sides[:, 2:]], axis=1).astype(np.float32))
        scores.append(sure[cells])
    return np.concatenate(boxes), np.concatenate(scores)


def decode_boxes(
    outputs: Sequence[FloatArray], layout: OutputLayout, input_size: tuple[int, int], score_min: float
) -> tuple[FloatArray, FloatArray]:
    """Decode a detector that answers plainly: scores (1, n) and boxes (1, n, 4) xyxy, pixels of the input."""
    sure = _probability(outputs[0][0], layout.score_activation)
    kept = np.flatnonzero(sure >= score_min)
    return np.asarray(outputs[1][0][kept], dtype=np.float32), np.asarray(sure[kept], dtype=np.float32)


def decode_yolox(
    outputs: Sequence[FloatArray], layout: OutputLayout, input_size: tuple[int, int], score_min: float
) -> tuple[FloatArray, FloatArray]:
    """Decode a YOLOX head (Ge et al., arXiv 2107.08430): one output (1, cells, 5 + classes), the cells of every stride in turn.

    A cell holds the box's centre from the cell's corner in cells, the log of its size in cells, objectness and the classes' scores.
    """
    rows = outputs[0][0]
    sure = _probability(rows[:, 4], layout.score_activation) * _probability(rows[:, 5 + layout.person_class], layout.score_activation)
    cells: list[npt.NDArray[np.float32]] = []
    for stride in layout.strides:
        down, across = np.mgrid[0 : input_size[0] // stride, 0 : input_size[1] // stride]
        cells.append(np.stack([across.ravel(), down.ravel(), np.full(across.size, stride)], axis=1).astype(np.float32))
    grid = np.concatenate(cells)
    kept = np.flatnonzero(sure >= score_min)
    corner, stride_px = grid[kept, :2], grid[kept, 2:]
    centre = (rows[kept, :2] + corner) * stride_px
    half = np.exp(rows[kept, 2:4]) * stride_px / 2
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32), np.asarray(sure[kept], dtype=np.float32)


def suppress(boxes: FloatArray, scores: FloatArray, overlap_max: float) -> npt.NDArray[np.intp]:
    """Of boxes that overlap by more than `overlap_max` keep the surest; indices, surest first."""
    if len(boxes) == 0:
        return np.zeros(0, dtype=np.intp)
    corners_and_sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    return np.asarray(cv2.dnn.NMSBoxes(corners_and_sizes.tolist(), scores.tolist(), 0.0, overlap_max), dtype=np.intp).reshape(-1)


def _probability(scores: FloatArray, activation: str) -> FloatArray:
    if activation != "sigmoid":
        return scores
    return np.asarray(1.0 / (1.0 + np.exp(-scores)), dtype=np.float32)


DECODERS: dict[str, Decoder] = {"nanodet": decode_nanodet, "boxes": decode_boxes, "yolox": decode_yolox}

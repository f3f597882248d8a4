"""Makes parts of a picture unrecognisable, in memory, and packs it for the page. Nothing here writes a file."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge_agent.readings import Pixels

BLOCKS_ACROSS = 3
"""A covered head keeps this many colours across: too few for a face, however many pictures of it one has."""
COARSE_BLOCKS_ACROSS = 48
"""Of a picture that is covered as a whole: enough to see a door and an aisle."""


def cover(pixels: Pixels, rectangles: npt.NDArray[np.int32]) -> Pixels:
    """A copy of the picture with each rectangle replaced by a few blocks of its mean colour.

    Means are taken over whole blocks, so the pixels below cannot be calculated back; a Gaussian blur could be, in part.

    Args:
        pixels: (height, width, 3) uint8, BGR.
        rectangles: (n, 4) xyxy, half-open, inside the picture. One that is the whole picture gets `COARSE_BLOCKS_ACROSS`.
    """
    covered = pixels.copy()
    height, width = pixels.shape[:2]
    for left, top, right, bottom in rectangles.tolist():
        part = covered[top:bottom, left:right]
        is_whole = right - left == width and bottom - top == height
        blocks = COARSE_BLOCKS_ACROSS if is_whole else BLOCKS_ACROSS
        across = min(blocks, part.shape[1])
        down = min(max(1, round(across * part.shape[0] / part.shape[1])), part.shape[0])
        few = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)
        covered[top:bottom, left:right] = cv2.resize(few, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST)
    return covered


def as_jpeg(pixels: Pixels, *, quality: int = 80, width_max_px: int | None = None) -> bytes:
    """Pack a picture, scaled down to `width_max_px` where it is wider."""
    if width_max_px is not None and pixels.shape[1] > width_max_px:
        size = (width_max_px, max(1, round(pixels.shape[0] * width_max_px / pixels.shape[1])))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    packed, content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert packed, "OpenCV packs any picture that has pixels"
    return bytes(content)

"""The floor's heat as a picture: person-seconds per square metre in viridis, as a small PNG that the browser enlarges to the plan."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from store_hub.adapters.ledger_views_rows import HeatRow

PIXELS_MAX = 400
# Viridis at nine even steps (Smith and van der Walt, matplotlib, CC0).
_VIRIDIS = np.array(
    [
        (68, 1, 84),
        (72, 40, 120),
        (62, 74, 137),
        (49, 104, 142),
        (38, 130, 142),
        (31, 158, 137),
        (53, 183, 121),
        (109, 205, 89),
        (253, 231, 37),
    ],
    dtype=np.float64,
)


@dataclass(frozen=True)
class HeatPicture:
    """`data_uri` covers the whole plan; `top` is the density, person-seconds per m², that the ramp ends at. No uri: no heat at all."""

    data_uri: str | None
    top: float


def fine_mm(rows: Sequence[HeatRow], width_m: float, depth_m: float) -> int:
    """Return the side of a cell of the one grid, mm: the finest there is, but no more than `PIXELS_MAX` across the plan."""
    return max(min((row.cell_size_mm for row in rows), default=500), int(max(width_m, depth_m) * 1000 / PIXELS_MAX))


def density(rows: Sequence[HeatRow], width_m: float, depth_m: float) -> npt.NDArray[np.float64]:
    """Lay the cells of all areas on one grid of the finest cell, person-seconds per m²; `(rows, columns)` float64. Areas add up."""
    side_mm = fine_mm(rows, width_m, depth_m)
    grid = np.zeros((max(1, -(-int(depth_m * 1000) // side_mm)), max(1, -(-int(width_m * 1000) // side_mm))))
    for row in rows:
        left, top = row.column_no * row.cell_size_mm / side_mm, row.row_no * row.cell_size_mm / side_mm
        size = row.cell_size_mm / side_mm
        across = slice(round(left), max(round(left) + 1, round(left + size)))
        down = slice(round(top), max(round(top) + 1, round(top + size)))
        grid[down, across] += row.dwell_person_ms / 1000 / (row.cell_size_mm / 1000) ** 2
    return grid


def nice_top(values: npt.NDArray[np.float64]) -> float:
    """Return a round end for the ramp: at the 99th percentile of what is not zero, 1, 2 or 5 times a power of ten above it."""
    seen = values[values > 0]
    if seen.size == 0:
        return 1.0
    high = float(np.percentile(seen, 99))
    power = 10.0 ** np.floor(np.log10(high))
    return float(next((step * power for step in (1, 2, 5) if step * power >= high), 10 * power))


def heat_picture(rows: Sequence[HeatRow], width_m: float, depth_m: float) -> HeatPicture:
    """Draw the heat over the whole plan; where nobody stayed, the plan shows through."""
    values = density(rows, width_m, depth_m)
    top = nice_top(values)
    if not values.any():
        return HeatPicture(None, top)
    share = np.clip(values / top, 0, 1)
    steps = np.linspace(0, 1, len(_VIRIDIS))
    colours = np.stack([np.interp(share, steps, _VIRIDIS[:, channel]) for channel in range(3)], axis=-1)
    opacity = np.where(values > 0, np.clip(0.25 + share * 4, 0, 0.92), 0)[..., None] * 255
    picture = np.concatenate([colours, opacity], axis=-1).round().astype(np.uint8)
    return HeatPicture("data:image/png;base64," + base64.b64encode(_png(picture)).decode(), top)


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    height, width = pixels.shape[:2]
    lines = b"".join(b"\0" + pixels[line].tobytes() for line in range(height))

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 6)) + chunk(b"IEND", b"")

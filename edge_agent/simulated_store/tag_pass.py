"""What antennas at a door hear of a tag that is carried past them: path loss, fading, misses, channel hops, and phases that turn.

For tests, for benchmarks and to try a door's configuration without a reader. A phase may be read turned by π, every antenna's cable
adds a turn of its own, and every other read goes by a reflection, whose phase says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from edge_agent.readings import Spot, TagRead

HOP_MS = 200
CHANNELS = 50
_LIGHT_M_S = 299_792_458.0
_TRIES_PER_S = 30.0
_LEVEL_DBM, _FADING_DB, _FLOOR_DBM = -52.0, 4.0, -71.0
_REFLECTED, _TURNED, _PHASE_NOISE_RAD = 0.35, 0.25, 0.15
_CABLE_M = 6.0


def carried(
    antennas: Mapping[int, Spot], start: Spot, end: Spot, *, seconds: float, seed: int, epc: str = "303435FC8803D056D15B963F"
) -> list[TagRead]:
    """The reads of a tag on a straight way, oldest first, from `start` at 0 ms to `end`; the walk is now faster, now slower by a sixth."""
    rng = np.random.default_rng(seed)
    sway = rng.uniform(0.0, 2.0 * math.pi)
    reads: list[TagRead] = []
    for attempt in range(int(seconds * _TRIES_PER_S)):
        at_ms = round(1000.0 * attempt / _TRIES_PER_S + rng.uniform(0.0, 20.0))
        share = at_ms / 1000.0 / seconds
        share += 0.03 * (math.sin(2.0 * math.pi * share * 3.0 + sway) - math.sin(sway)) / 3.0
        here = Spot(start.x_m + (end.x_m - start.x_m) * share, start.y_m + (end.y_m - start.y_m) * share)
        read = heard_at(antennas, here, at_ms, epc, rng)
        if read is not None:
            reads.append(read)
    return sorted(reads)


def heard_at(antennas: Mapping[int, Spot], here: Spot, at_ms: int, epc: str, rng: np.random.Generator) -> TagRead | None:
    """What one try of one of the antennas hears of a tag at a place, None if nothing. Channels hop with the time."""
    numbers = sorted(antennas)
    antenna = numbers[int(rng.integers(len(numbers)))]
    away_m = math.hypot(here.x_m - antennas[antenna].x_m, here.y_m - antennas[antenna].y_m) + 0.3
    rssi_dbm = _LEVEL_DBM - 20.0 * math.log10(away_m) + float(rng.normal(0.0, _FADING_DB))
    if rssi_dbm < _FLOOR_DBM or rng.random() < 0.3:
        return None
    hop = at_ms // HOP_MS
    wave_m = _LIGHT_M_S / ((902.75 + 0.5 * (hop % CHANNELS)) * 1e6)
    cable_m = _CABLE_M * (0.5 + (antenna * 0.37) % 1.0)
    phase = -4.0 * math.pi * (away_m + cable_m) / wave_m + float(rng.normal(0.0, _PHASE_NOISE_RAD))
    if rng.random() < _REFLECTED:
        phase = float(rng.uniform(0.0, 2.0 * math.pi))
    elif rng.random() < _TURNED:
        phase += math.pi
    return TagRead(at_ms, epc, antenna, round(rssi_dbm), phase % (2.0 * math.pi), hop % CHANNELS + 1)

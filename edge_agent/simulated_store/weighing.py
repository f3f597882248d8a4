"""A shelf's load cells and HX711 as physics: noise, settling ring, creep, warmth, leaning hands and glitches, sampled in blocks.

Every number is a function of the seed, the shelf and the moment alone, so that readings do not depend on how they are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge_agent.config import ScaleConfig
from edge_agent.simulated_store.stage import HandForce, LoadStep
from wire_format.plans import Planogram, Shelf

SAMPLE_MS = 100
_BLOCK_MS = 60_000
_CELL_CAPACITIES_G = (3_000.0, 5_000.0, 10_000.0, 20_000.0, 50_000.0)
_FULL_SCALE_COUNTS = 6_000_000.0
_NOISE_COUNTS = 25.0
_CREEP_SHARE = 0.0003
_CREEP_TIME_MS = 720_000.0
_RING_HZ, _RING_DECAY_MS, _RING_LASTS_MS = 4.0, 140.0, 1_500
_GLITCH_PROBABILITY = 2e-5
_COUNTS_MAX = 8_388_607
_WARMTH_C = 21.0

Floats = npt.NDArray[np.float64]
Moments = npt.NDArray[np.int64]


class WeighedBlock(NamedTuple):
    """Conversions in order: Unix ms, raw counts and °C; one row each."""

    at_ms: Moments
    raw_counts: Moments
    temperature_c: Floats


class ShelfScale:
    """One shelf's scale. `calibration` is what its maker's sheet says: near the truth, not quite it."""

    def __init__(self, planogram: Planogram, shelf: Shelf, *, number: int, seed: int) -> None:
        chance = np.random.Generator(np.random.PCG64([seed, 11, number]))
        self._key = [seed, 12, number]
        self.capacity_g = _cell_capacity_g(planogram, shelf)
        share_of_20_kg = self.capacity_g / 20_000.0
        self._counts_per_g = _FULL_SCALE_COUNTS / self.capacity_g * float(chance.uniform(0.95, 1.05))
        self._tare_counts = float(chance.uniform(-200_000.0, 600_000.0))
        self._grams_per_c = float(chance.uniform(-0.8, 0.8)) * share_of_20_kg
        self._wander_g = 0.3 * share_of_20_kg
        self._phases = chance.uniform(0.0, 2.0 * np.pi, 4)
        self._creep_g: float | None = None
        self._creep_at_ms = 0
        self._noise_block = -1
        self._noise = np.zeros(0)
        self._glitch = np.zeros(0)
        self.calibration = ScaleConfig(
            shelf_id=shelf.shelf_id,
            counts_per_gram=round(self._counts_per_g * float(chance.normal(1.0, 0.0001)), 4),
            tare_counts=round(self._tare_counts + float(chance.normal(0.0, 5.0))),
            capacity_g=self.capacity_g,
            sample_rate_hz=1000.0 / SAMPLE_MS,
        )

    def sample(self, from_ms: int, until_ms: int, loads: Sequence[LoadStep], hands: Sequence[HandForce]) -> WeighedBlock:
        """Convert from `from_ms` to before `until_ms`; blocks are asked for in order, gaps are allowed.

        Args:
            loads: the load before `from_ms` and every step until `until_ms`, oldest first.
            hands: every hand that presses in between.
        """
        first = -(-from_ms // SAMPLE_MS)
        at_ms = np.arange(first * SAMPLE_MS, until_ms, SAMPLE_MS, dtype=np.int64)
        if not at_ms.size:
            return WeighedBlock(at_ms, at_ms, np.zeros(0))
        temperature_c = self._warmth_c(at_ms)
        load_g = _rung_load_g(at_ms, loads) + self._crept_g(at_ms, loads)
        for hand in hands:
            load_g += _pressed_g(at_ms, hand)
        drift_g = self._grams_per_c * (temperature_c - _WARMTH_C) + self._wandered_g(at_ms)
        counts = self._tare_counts + self._counts_per_g * (load_g + drift_g)
        noise, glitch = self._electrical(at_ms)
        counts = np.where(np.isnan(glitch), counts + noise, glitch)
        raw = np.clip(np.rint(counts), -_COUNTS_MAX - 1, _COUNTS_MAX).astype(np.int64)
        return WeighedBlock(at_ms, raw, np.round(temperature_c, 2))

    def _warmth_c(self, at_ms: Moments) -> Floats:
        hours = at_ms / 3_600_000.0
        day = 1.1 * np.sin(2.0 * np.pi * hours / 24.0 + self._phases[0])
        return np.asarray(_WARMTH_C + day + 0.25 * np.sin(2.0 * np.pi * hours / 0.8 + self._phases[1]))

    def _wandered_g(self, at_ms: Moments) -> Floats:
        hours = at_ms / 3_600_000.0
        slow = np.sin(2.0 * np.pi * hours / 3.1 + self._phases[2]) + 0.5 * np.sin(2.0 * np.pi * hours / 1.2 + self._phases[3])
        return np.asarray(self._wander_g * slow)

    def _crept_g(self, at_ms: Moments, loads: Sequence[LoadStep]) -> Floats:
        """Creep: a small share of the load that arrives over many minutes, first order."""
        if self._creep_g is None:
            self._creep_g, self._creep_at_ms = _CREEP_SHARE * loads[0].load_g, int(at_ms[0])
        crept = np.empty(at_ms.size)
        ends_ms = [step.at_ms for step in loads[1:]] + [int(at_ms[-1]) + 1]
        for step, end_ms in zip(loads, ends_ms, strict=True):
            if end_ms <= self._creep_at_ms:
                continue
            goal_g = _CREEP_SHARE * step.load_g
            first, last = np.searchsorted(at_ms, (self._creep_at_ms, min(end_ms, int(at_ms[-1]) + 1)))
            since_ms = at_ms[first:last] - self._creep_at_ms
            crept[first:last] = goal_g + (self._creep_g - goal_g) * np.exp(-since_ms / _CREEP_TIME_MS)
            held_ms = end_ms - self._creep_at_ms
            self._creep_g = goal_g + (self._creep_g - goal_g) * float(np.exp(-held_ms / _CREEP_TIME_MS))
            self._creep_at_ms = end_ms
        return crept

    def _electrical(self, at_ms: Moments) -> tuple[Floats, Floats]:
        """Noise in counts, and the few conversions that are garbage (NaN where they are not)."""
        noise, glitch = np.empty(at_ms.size), np.empty(at_ms.size)
        blocks = at_ms // _BLOCK_MS
        for block in np.unique(blocks).tolist():
            if block != self._noise_block:
                self._noise_block = block
                self._noise, self._glitch = _electrical_block([*self._key, block])
            rows = blocks == block
            places = (at_ms[rows] - block * _BLOCK_MS) // SAMPLE_MS
            noise[rows], glitch[rows] = self._noise[places], self._glitch[places]
        return noise, glitch


def scales_of(planogram: Planogram, *, seed: int) -> dict[str, ShelfScale]:
    """A scale under every board that is weighed."""
    shelves = [shelf for bay in planogram.bays for shelf in bay.shelves]
    return {s.shelf_id: ShelfScale(planogram, s, number=number, seed=seed) for number, s in enumerate(shelves) if s.weighed}


def _cell_capacity_g(planogram: Planogram, shelf: Shelf) -> float:
    weights_g = {product.sku: product.unit_weight_g or 500.0 for product in planogram.products}
    needed_g = 1.15 * sum(f.capacity_units * weights_g.get(f.sku, 500.0) for f in shelf.facings) + 500.0
    return next((capacity for capacity in _CELL_CAPACITIES_G if capacity >= needed_g), _CELL_CAPACITIES_G[-1])


def _rung_load_g(at_ms: Moments, loads: Sequence[LoadStep]) -> Floats:
    """The load as the board feels it: each step swings before it holds."""
    steps_ms = np.array([step.at_ms for step in loads])
    levels_g = np.array([step.load_g for step in loads])
    load_g = levels_g[np.maximum(np.searchsorted(steps_ms, at_ms, side="right") - 1, 0)].copy()
    for before, after in pairwise(loads):
        first, last = np.searchsorted(at_ms, (after.at_ms, after.at_ms + _RING_LASTS_MS))
        since_ms = at_ms[first:last] - after.at_ms
        swing = np.exp(-since_ms / _RING_DECAY_MS) * np.cos(2.0 * np.pi * _RING_HZ * since_ms / 1000.0)
        load_g[first:last] -= (after.load_g - before.load_g) * swing
    return load_g


def _pressed_g(at_ms: Moments, hand: HandForce) -> Floats:
    share = (at_ms - hand.start_ms) / max(hand.end_ms - hand.start_ms, 1)
    inside = (share > 0.0) & (share < 1.0)
    wobble = 1.0 + 0.25 * np.sin(2.0 * np.pi * hand.wobble_hz * (at_ms - hand.start_ms) / 1000.0)
    return np.where(inside, hand.peak_g * np.sin(np.pi * np.clip(share, 0.0, 1.0)) ** 2 * wobble, 0.0)


def _electrical_block(key: list[int]) -> tuple[Floats, Floats]:
    chance = np.random.Generator(np.random.PCG64(key))
    size = _BLOCK_MS // SAMPLE_MS
    noise = chance.normal(0.0, _NOISE_COUNTS, size)
    struck = chance.random(size) < _GLITCH_PROBABILITY
    glitch = np.where(struck, chance.choice([-_COUNTS_MAX - 1.0, _COUNTS_MAX, 0.0], size), np.nan)
    return noise, glitch

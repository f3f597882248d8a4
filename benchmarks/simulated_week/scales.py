"""What the edge tells of the weighed boards: settled weights as its weigher makes them, with noise, creep, knocks and broken wires.

Not every reading is made, for a week has a hundred million of them; how well the weigher settles is measured elsewhere
(`benchmarks.weight_score`). What it leaves to the hub is here: noise, a zero that wanders, creep, two hands in one motion, a dead cell.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge_agent.simulated_store.shop import Shop

SETTLES_MS = 900
"""A board is told at rest so long after the last touch; what comes sooner is one motion with it."""
CONFIRM_MS = 300_000
NOISE_SD_G = 0.15
WANDER_SD_G = 1.5
"""How far the zero wanders off in the long run, after what the edge has taken out."""
WANDER_MS = 4 * 3_600_000
CREEP_SHARE = 0.0003
CREEP_MS = 720_000
KNOCK_SD_G = 6.0
OUTAGES_A_WEEK = 1.0
OUTAGE_MS = (20 * 60_000, 150 * 60_000)


class Weighed(NamedTuple):
    """A settled weight; `moved_at_ms` None: a confirmation."""

    at_ms: int
    shelf_id: str
    weight_g: float
    spread_g: float
    moved_at_ms: int | None


class BoardScale:
    """One board's scale over the week."""

    def __init__(self, shelf_id: str, load_g: float, *, seed: int, number: int, start_ms: int, days: float) -> None:
        self._shelf_id = shelf_id
        self._chance = np.random.default_rng([seed, 31, number])
        week = max(days, 0.01) / 7.0
        self.outages = sorted(self._outage(start_ms, days) for _ in range(int(self._chance.poisson(OUTAGES_A_WEEK * week))))
        self._knock_at_ms = start_ms + round(float(self._chance.uniform(0.0, 7.0)) * 86_400_000)
        self._knock_g = float(self._chance.normal(0.0, KNOCK_SD_G))
        self._zero_g, self._zero_at_ms = float(self._chance.normal(0.0, 1.0)), start_ms
        self._crept_g, self._load_g = CREEP_SHARE * load_g, load_g
        self._moved_from_ms: int | None = None
        self._last_touch_ms = start_ms
        self._told_at_ms = start_ms - CONFIRM_MS

    def feel(self, at_ms: int, load_g: float) -> list[Weighed]:
        """The load changes; returns what was settled before."""
        told = self.pass_time(at_ms)
        if self._moved_from_ms is None:
            self._moved_from_ms = at_ms - 400
        self._load_g, self._last_touch_ms = load_g, at_ms
        return told

    def pass_time(self, until_ms: int) -> list[Weighed]:
        """Nothing more happens before then: tell what comes to rest, and confirm now and then."""
        told = []
        if self._moved_from_ms is not None and self._last_touch_ms + SETTLES_MS <= until_ms:
            told.append(self._weigh(self._last_touch_ms + SETTLES_MS, self._moved_from_ms))
            self._moved_from_ms = None
        while self._moved_from_ms is None and self._told_at_ms + CONFIRM_MS <= until_ms:
            told.append(self._weigh(self._told_at_ms + CONFIRM_MS, None))
        return [w for w in told if not any(a <= w.at_ms < b for a, b in self.outages)]

    def _outage(self, start_ms: int, days: float) -> tuple[int, int]:
        first = start_ms + round(float(self._chance.uniform(0.0, days)) * 86_400_000)
        return first, first + round(float(self._chance.uniform(*OUTAGE_MS)))

    def _weigh(self, at_ms: int, moved_at_ms: int | None) -> Weighed:
        kept = float(np.exp(-(at_ms - self._zero_at_ms) / WANDER_MS))
        self._zero_g = self._zero_g * kept + float(self._chance.normal(0.0, WANDER_SD_G * np.sqrt(max(1.0 - kept * kept, 0.0))))
        goal_g = CREEP_SHARE * self._load_g
        self._crept_g = goal_g + (self._crept_g - goal_g) * float(np.exp(-(at_ms - self._zero_at_ms) / CREEP_MS))
        self._zero_at_ms = self._told_at_ms = at_ms
        knocked_g = self._knock_g if at_ms >= self._knock_at_ms else 0.0
        noise_g = float(self._chance.normal(0.0, NOISE_SD_G))
        weight_g = self._load_g + self._zero_g + self._crept_g + knocked_g + noise_g
        return Weighed(at_ms, self._shelf_id, round(weight_g, 2), round(float(self._chance.uniform(0.2, 0.9)), 2), moved_at_ms)


class Scales:
    """All weighed boards of the shop."""

    def __init__(self, shop: Shop, *, seed: int, start_ms: int, days: float) -> None:
        self._shop = shop
        boards = [s.shelf_id for bay in shop.planogram.bays for s in bay.shelves if s.weighed]
        self._scales = {
            shelf_id: BoardScale(shelf_id, shop.loads(shelf_id)[-1].load_g, seed=seed, number=n, start_ms=start_ms, days=days)
            for n, shelf_id in enumerate(boards)
        }
        self._through_ms = start_ms

    def advance(self, until_ms: int) -> list[Weighed]:
        """Everything told until then, in the order of time."""
        told: list[Weighed] = []
        for shelf_id, scale in self._scales.items():
            for step in self._shop.loads(shelf_id):
                if self._through_ms < step.at_ms <= until_ms:
                    told += scale.feel(step.at_ms, step.load_g)
            told += scale.pass_time(until_ms)
        self._through_ms = until_ms
        return sorted(told)

    def outage_minutes(self) -> float:
        """How long scales were dead in all."""
        return sum(b - a for scale in self._scales.values() for a, b in scale.outages) / 60_000

"""How many units stand where no sensor looks: a probability for each number, moved by what is told and by what is not.

A sale takes units away, and says that there were some. A run of receipts without the article says that there may be none. Staff refill
without saying so, and things are stolen: both happen in silence, at a small rate. The idea of a record that is a distribution and not a
number is of DeHoratius, Mersereau and Schrage, "Retail Inventory Management When Records Are Inaccurate", M&SOM 2008.
"""

from __future__ import annotations

from math import exp, expm1, log1p

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Floats = npt.NDArray[np.float64]

LOST_PER_SALE = 0.03
"""For so many units sold, one leaves unpaid or is rung up as something else."""
REFILLED_LOW, REFILLED_ELSE = 0.010, 0.0006
"""Chance, with each receipt of the shop, that somebody has refilled the place in silence: when it is low, and otherwise."""
SWEPT = 0.0001
"""Chance, with each receipt of the shop, that somebody has carried off all that stands there."""
FILLED_UP = 0.7
"""A silent refill fills the place up; else it brings any number."""
PRIOR_SALES, PRIOR_RECEIPTS = 1.0, 40.0
REMEMBERED_RECEIPTS = 1_500.0
LOOK_AFTER = 0.25
"""Look again when so much of a sale was to be expected since the last look."""


class UnseenState(Struct, frozen=True, kw_only=True):
    """`chances` of 0, 1, … units. `sales` with the article in `receipts` of the shop, both fading.

    `looked_at`, `next_look`: numbers of receipts.
    """

    chances: list[float]
    sales: float = PRIOR_SALES
    receipts: float = PRIOR_RECEIPTS
    looked_at: int = 0
    next_look: int = 0


class UnseenUnits(Struct, frozen=True):
    """The mean, the interval that holds the truth nine times in ten, and what silent refills must have brought since before."""

    mean: float
    low: float
    high: float
    refilled: float


class UnseenBelief:
    """The units of one article at one place."""

    def __init__(self, state: UnseenState, low_units: int) -> None:
        self._chances: Floats = np.array(state.chances, dtype=np.float64)
        self._low_units = low_units
        self._sales, self._receipts = state.sales, state.receipts
        self._looked_at, self.next_look = state.looked_at, state.next_look
        self._refilled = 0.0

    @classmethod
    def beginning(cls, units: int, capacity_units: int, low_units: int, receipts: int) -> UnseenBelief:
        """Begin with a number that somebody knows."""
        chances = [0.0] * (max(capacity_units, units) + 1)
        chances[units] = 1.0
        return cls(UnseenState(chances=chances, looked_at=receipts, next_look=receipts + 1), low_units)

    def state(self) -> UnseenState:
        """Everything it knows, ready for JSON."""
        return UnseenState(
            chances=self._chances.tolist(),
            sales=self._sales,
            receipts=self._receipts,
            looked_at=self._looked_at,
            next_look=self.next_look,
        )

    def resized(self, capacity_units: int, low_units: int) -> UnseenBelief:
        """The same under another plan; what is above its capacity still stands there."""
        state, size = self.state(), capacity_units + 1
        known = np.flatnonzero(self._chances > 1e-9).max(initial=0) + 1
        chances = [*state.chances[: max(size, int(known))], *[0.0] * max(0, size - len(state.chances))]
        return UnseenBelief(
            UnseenState(chances=chances, sales=state.sales, receipts=state.receipts, looked_at=state.looked_at, next_look=state.next_look),
            low_units,
        )

    def look(self, receipts: int) -> None:
        """So many receipts have been written in the shop by now, none with this article since the last look."""
        passed = receipts - self._looked_at
        if passed <= 0:
            return
        self._looked_at = receipts
        wanted = min(self._sales / self._receipts, 0.9)
        there = 1.0 - float(self._chances[0])
        silent: Floats = np.full(self._chances.size, exp(passed * log1p(-wanted)))
        silent[0] = 1.0
        swept = -expm1(-passed * SWEPT)
        self._chances = self._chances * (1.0 - swept)
        self._chances[0] += swept
        self._weigh(silent)
        self._refill_in_silence(passed)
        fade = exp(-passed / REMEMBERED_RECEIPTS)
        self._sales *= fade
        self._receipts = self._receipts * fade + passed * there
        self.next_look = receipts + max(1, round(LOOK_AFTER * self._receipts / max(self._sales, 1e-6)))

    def sold(self, units: int, receipts: int) -> None:
        """A receipt, the newest, had so many."""
        self.look(receipts - 1)
        self._looked_at = max(self._looked_at, receipts)
        self._sales += 1.0
        self._receipts += 1.0
        self._take(units)
        lost: Floats = np.append(self._chances[1:], 0.0)
        share = min(LOST_PER_SALE * units, 0.5)
        gone = self._chances[0]
        self._chances = (1.0 - share) * self._chances + share * lost
        self._chances[0] += share * gone

    def gone(self, units: int) -> None:
        """So many were carried away or thrown away."""
        self._take(units)

    def came(self, units: int) -> None:
        """So many were put there, and somebody says so; what does not fit was not put there."""
        size = self._chances.size
        moved: Floats = np.zeros(size)
        np.add.at(moved, np.minimum(np.arange(size) + units, size - 1), self._chances)
        self._chances = moved

    def counted(self, units: int) -> None:
        """Somebody counted: it is so."""
        if units >= self._chances.size:
            self._chances = np.zeros(units + 1)
        self._chances[:] = 0.0
        self._chances[units] = 1.0

    def units(self) -> UnseenUnits:
        """What is believed now. Asking takes the silent refills along: the next answer counts from here."""
        numbers = np.arange(self._chances.size)
        running = np.cumsum(self._chances)
        low = int(np.searchsorted(running, 0.05 + 1e-12))
        high = min(int(np.searchsorted(running, 0.95 - 1e-12)), self._chances.size - 1)
        mean = min(max(float(self._chances @ numbers), low), high)
        refilled, self._refilled = self._refilled, 0.0
        return UnseenUnits(mean, float(low), float(high), refilled)

    def _take(self, units: int) -> None:
        """Units left. Where there were too few, the place must have been refilled in silence right before, and that is rare."""
        before, short = self._chances, float(self._chances[:units].sum())
        left: Floats = np.append(before[units:], np.zeros(min(units, before.size)))[: before.size]
        if short > 0.0:
            fresh = self._filled(short * REFILLED_LOW)
            shifted = np.append(fresh[units:], np.zeros(units))[: before.size]
            shifted[0] += fresh[:units].sum()
            left = left + shifted
        self._chances = left / left.sum()
        if short > 0.5:  # Most likely there were too few: what was sold, and what now stands there, must have come.
            numbers = np.arange(before.size)
            self._refilled += max(0.0, float(self._chances @ numbers) + units - float(before @ numbers))

    def _filled(self, mass: float) -> Floats:
        size = self._chances.size
        fresh: Floats = np.full(size, (1.0 - FILLED_UP) * mass / size)
        fresh[-1] += FILLED_UP * mass
        return fresh

    def _refill_in_silence(self, passed: int) -> None:
        numbers = np.arange(self._chances.size)
        rate = np.where(numbers <= self._low_units, REFILLED_LOW, REFILLED_ELSE)
        leaving = self._chances * -np.expm1(-passed * rate)
        mean_before = float(self._chances @ numbers)
        kept: Floats = self._chances - leaving
        for units in np.flatnonzero(leaving > 1e-12).tolist():
            above = self._chances.size - units - 1
            if above == 0:
                kept[units] += leaving[units]
                continue
            kept[units + 1 :] += (1.0 - FILLED_UP) * leaving[units] / above
            kept[-1] += FILLED_UP * leaving[units]
        self._chances = kept
        self._refilled += float(kept @ numbers) - mean_before

    def _weigh(self, likelihood: Floats) -> None:
        weighed = self._chances * likelihood
        total = weighed.sum()
        if total > 0.0:
            self._chances = weighed / total

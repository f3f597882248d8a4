"""How many units stand where no sensor looks: a probability for each number, moved by what is told and by what is not.

A sale takes units away, and says that there were some. A run of receipts without the article says that there may be none. Staff refill
without saying so: on a walk that other boards tell of, when they were called, or else at a small rate; and things are stolen. What they
book fills the place up, and so tells what stood there before. The idea of a record that is a distribution and not a number is of
DeHoratius, Mersereau and Schrage, "Retail Inventory Management When Records Are Inaccurate", M&SOM 2008.
"""

from __future__ import annotations

from math import exp, expm1, log1p
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct, structs

from store_hub.rules.refill_habits import USUAL, Refilling, Walk

Floats = npt.NDArray[np.float64]

LOST_PER_SALE = 0.03
"""For so many units sold, one leaves unpaid or is rung up as something else."""
REFILLED_LOW, REFILLED_ELSE = 0.010, 0.0006
"""Chance, with each receipt of the shop, that somebody has refilled the place in silence: when it is low, and otherwise."""
ANSWERED_BELOW = 0.8
"""Who comes when called, and finds the place fuller than this share of its capacity, does not refill it."""
WALKS_KNOWN_MS = 6 * 3_600_000
"""While walks are heard of, refills outside of them are rare: by `APART`."""
APART = 0.1
SWEPT = 0.0001
"""Chance, with each receipt of the shop, that somebody has carried off all that stands there."""
HALF_SURE = 0.5
"""How much less a booked refill says of filling up where the back room is believed empty after it."""
NOT_BEHIND = 0.1
"""How much rarer a silent refill is where the back room is believed empty: the belief may be wrong."""
PRIOR_SALES, PRIOR_RECEIPTS = 1.0, 40.0
REMEMBERED_RECEIPTS = 1_500.0
LOOK_AFTER = 0.25
"""Look again when so much of a sale was to be expected since the last look."""


class UnseenState(Struct, frozen=True, kw_only=True):
    """`chances` of 0, 1, … units. `sales` with the article in `receipts` of the shop, both fading.

    `looked_at`, `next_look`: numbers of receipts. `walk_at_ms`, `filled_at_ms`: when staff were last heard to refill the shop, and this
    place. `called_at_ms`: since when they are called to it, if they are, and `waited_ms`: how long of that has been taken into account.
    `moved`: units that silent refills have been said to bring so far; no more than that can be taken back.
    """

    chances: list[float]
    sales: float = PRIOR_SALES
    receipts: float = PRIOR_RECEIPTS
    looked_at: int = 0
    next_look: int = 0
    walk_at_ms: int | None = None
    filled_at_ms: int | None = None
    called_at_ms: int | None = None
    waited_ms: int = 0
    moved: float = 0.0


class UnseenUnits(Struct, frozen=True):
    """What is believed now.

    `units`: the median, as likely too high as too low. `mean`; `low` and `high`: the interval that holds the truth nine times in ten.
    `refilled`: units that must have come from the back room in silence since this was last asked; below zero, that had not come after all.
    """

    units: float
    mean: float
    low: float
    high: float
    refilled: float


class Moment(NamedTuple):
    """When something is heard of a place: the number of the newest receipt, the time, and the units believed behind, if anybody knows.

    `habits`: how staff refill.
    """

    receipts: int
    at_ms: int
    behind: float | None
    habits: Refilling = USUAL


class UnseenBelief:
    """The units of one article at one place."""

    def __init__(self, state: UnseenState, low_units: int, capacity_units: int) -> None:
        self._chances: Floats = np.array(state.chances, dtype=np.float64)
        self._numbers: Floats = np.arange(self._chances.size, dtype=np.float64)
        self._low_units, self._capacity = low_units, min(capacity_units, self._chances.size - 1)
        self._state = state
        self._flow, self._told_mean = 0.0, self._mean()

    @classmethod
    def beginning(cls, units: int, capacity_units: int, low_units: int, receipts: int) -> UnseenBelief:
        """Begin with a number that somebody knows."""
        chances = [0.0] * (max(capacity_units, units) + 1)
        chances[units] = 1.0
        return cls(UnseenState(chances=chances, looked_at=receipts, next_look=receipts + 1), low_units, capacity_units)

    def state(self) -> UnseenState:
        """Everything it knows, ready for JSON."""
        return structs.replace(self._state, chances=self._chances.tolist())

    @property
    def next_look(self) -> int:
        """The number of the receipt with which silence will say something again."""
        return self._state.next_look

    def resized(self, capacity_units: int, low_units: int) -> UnseenBelief:
        """The same under another plan; what is above its capacity still stands there."""
        state, size = self.state(), capacity_units + 1
        known = np.flatnonzero(self._chances > 1e-9).max(initial=0) + 1
        chances = [*state.chances[: max(size, int(known))], *[0.0] * max(0, size - len(state.chances))]
        return UnseenBelief(structs.replace(state, chances=chances), low_units, capacity_units)

    # ---- what is not told

    def look(self, now: Moment) -> None:
        """So many receipts have been written in the shop by now, none with this article since the last look."""
        passed = now.receipts - self._state.looked_at
        if passed <= 0:
            return
        known = self._state
        there = 1.0 - float(self._chances[0])
        silent: Floats = np.full(self._chances.size, exp(passed * log1p(-min(known.sales / known.receipts, 0.9))))
        silent[0] = 1.0
        swept = -expm1(-passed * SWEPT)
        self._chances = self._chances * (1.0 - swept)
        self._chances[0] += swept
        self._weigh(silent)
        heard = known.walk_at_ms is not None and now.at_ms - known.walk_at_ms < WALKS_KNOWN_MS
        rate = np.where(self._numbers <= self._low_units, REFILLED_LOW, REFILLED_ELSE) * (APART if heard else 1.0)
        self._refill(-np.expm1(-passed * rate), now)
        self._answer(now)
        fade = exp(-passed / REMEMBERED_RECEIPTS)
        sales, receipts = known.sales * fade, known.receipts * fade + passed * there
        next_look = now.receipts + max(1, round(LOOK_AFTER * receipts / max(sales, 1e-6)))
        self._state = structs.replace(self._state, looked_at=now.receipts, sales=sales, receipts=receipts, next_look=next_look)

    def walked(self, walk: Walk, now: Moment) -> None:
        """Staff have walked the shop. Unless they have said that they put some here, they may have done so and not said it."""
        filled_at_ms = self._state.filled_at_ms
        self._state = structs.replace(self._state, walk_at_ms=now.at_ms)
        if filled_at_ms is None or filled_at_ms < walk.from_ms:
            self._refill(now.habits.in_silence(walk.chance(self._numbers / max(self._capacity, 1))), now)

    def called(self, at_ms: int | None) -> None:
        """Staff are called to this place from now on; None: no longer."""
        self._state = structs.replace(self._state, called_at_ms=at_ms, waited_ms=0)

    def _answer(self, now: Moment) -> None:
        """They may have come in the meantime, and filled it up without a word."""
        since_ms = self._state.called_at_ms
        if since_ms is None:
            return
        waited_ms = max(now.at_ms - since_ms, self._state.waited_ms)
        before, after = (now.habits.answered_after(ms) for ms in (self._state.waited_ms, waited_ms))
        by_now = now.habits.in_silence(np.array([(after - before) / (1.0 - before)]))
        self._refill(np.where(self._numbers < ANSWERED_BELOW * self._capacity, by_now, 0.0), now)
        self._state = structs.replace(self._state, waited_ms=waited_ms)

    # ---- what is told

    def sold(self, units: int, now: Moment) -> None:
        """The receipt after the newest had so many."""
        self.look(now)
        known = self._state
        self._state = structs.replace(
            known, looked_at=max(known.looked_at, now.receipts + 1), sales=known.sales + 1.0, receipts=known.receipts + 1.0
        )
        before = self._chances
        self._take(units, now)
        if known.filled_at_ms is not None:
            earlier = exp(-max(0, now.at_ms - known.filled_at_ms) / now.habits.carried_ms)  # It may have been taken before the last refill.
            self._chances = earlier * before + (1.0 - earlier) * self._chances
        lost: Floats = np.append(self._chances[1:], 0.0)
        share = min(LOST_PER_SALE * units, 0.5)
        gone = self._chances[0]
        self._chances = (1.0 - share) * self._chances + share * lost
        self._chances[0] += share * gone
        self._flow -= units * (1.0 + LOST_PER_SALE)

    def gone(self, units: int, now: Moment) -> None:
        """So many were carried away or thrown away."""
        self._take(units, now)
        self._flow -= units

    def came(self, units: int, now: Moment) -> None:
        """So many were put there, and somebody says so; what does not fit was not put there. Most of the time that fills it up."""
        size = self._chances.size
        moved: Floats = np.zeros(size)
        np.add.at(moved, np.minimum(np.arange(size) + units, size - 1), self._chances)
        filled_up = now.habits.filled_up * (HALF_SURE if now.behind is not None and now.behind < 1.0 else 1.0)
        fits: Floats = np.full(size, 1.0 - filled_up)
        fits[self._capacity :] += filled_up * self._capacity / 2.0
        self._chances = moved
        self._weigh(fits)
        self._flow += units
        self._state = structs.replace(self._state, filled_at_ms=now.at_ms)

    def counted(self, units: int) -> None:
        """Somebody counted: it is so. What is there and was not believed has been refilled in silence; what is not was not, or has gone."""
        if units >= self._chances.size:
            self._chances = np.zeros(units + 1)
            self._numbers = np.arange(units + 1, dtype=np.float64)
        self._chances[:] = 0.0
        self._chances[units] = 1.0
        more = units - self._told_mean - self._flow
        refilled = max(more, -self._state.moved)
        self._flow += more - refilled
        self._state = structs.replace(self._state, moved=-refilled)  # With it told, no silent refill is left that could be taken back.

    def at_most(self, units: int) -> None:
        """Somebody counted so many in the whole shop, of which some stand elsewhere."""
        fits: Floats = np.where(self._numbers <= units, 1.0, 1e-6)
        self._weigh(fits)
        self._flow += self._mean() - self._told_mean

    # ---- what is believed

    def chance_at_most(self, units: int) -> float:
        """How probable it is that so many or fewer stand there."""
        return float(self._chances[: max(units, -1) + 1].sum())

    def mean(self) -> float:
        """The expected units."""
        return self._mean()

    def units(self) -> UnseenUnits:
        """What is believed now. Asking takes the silent refills along: the next answer counts from here."""
        running = np.cumsum(self._chances)
        low, middle, high = (
            min(int(np.searchsorted(running, share + sign * 1e-12)), self._chances.size - 1)
            for share, sign in ((0.05, 1), (0.5, 1), (0.95, -1))
        )
        mean = self._mean()
        refilled = max(mean - self._told_mean - self._flow, -self._state.moved)
        self._state = structs.replace(self._state, moved=self._state.moved + refilled)
        self._flow, self._told_mean = 0.0, mean
        return UnseenUnits(float(middle), mean, float(low), float(high), refilled)

    def _mean(self) -> float:
        return float(self._chances @ self._numbers)

    def _take(self, units: int, now: Moment) -> None:
        """Units left. Where there were too few, the place must have been refilled in silence right before, and that is rare."""
        before, short = self._chances, float(self._chances[:units].sum())
        left: Floats = np.append(before[units:], np.zeros(min(units, before.size)))[: before.size]
        if short > 0.0:
            fresh = self._filled(short * REFILLED_LOW, now)
            shifted = np.append(fresh[units:], np.zeros(units))[: before.size]
            shifted[0] += fresh[:units].sum()
            left = left + shifted
        self._chances = left / left.sum()

    def _target(self, now: Moment) -> int:
        """To how many units a refill fills up: to the last place, or with all that there is."""
        if now.behind is None or now.behind < 0.5:
            return self._capacity
        return max(1, min(self._capacity, round(self._mean() + now.behind)))

    def _filled(self, mass: float, now: Moment) -> Floats:
        fresh: Floats = np.full(self._chances.size, (1.0 - now.habits.filled_up) * mass / self._chances.size)
        fresh[self._target(now)] += now.habits.filled_up * mass
        return fresh

    def _refill(self, share: Floats, now: Moment) -> None:
        """Of each number of units, this share has been refilled in silence."""
        rare = NOT_BEHIND if now.behind is not None and now.behind < 0.5 else 1.0
        filled_up = now.habits.filled_up
        leaving, target = self._chances * share * rare, self._target(now)
        kept: Floats = self._chances - leaving
        for units in np.flatnonzero(leaving > 1e-12).tolist():
            above = self._capacity - units
            if above <= 0:
                kept[units] += leaving[units]
                continue
            kept[units + 1 : self._capacity + 1] += (1.0 - filled_up) * leaving[units] / above
            kept[max(target, units)] += filled_up * leaving[units]
        self._chances = kept

    def _weigh(self, likelihood: Floats) -> None:
        weighed = self._chances * likelihood
        total = weighed.sum()
        if total > 0.0:
            self._chances = weighed / total

"""Searches the places of bays: a quadratic assignment with a price for each bay at each place, barred places, and a bound on moves.

A relaxed start (FAQ: Vogelstein et al., PLOS ONE 2015) is sharpened by robust tabu search (Taillard, Parallel Computing 1991), which
keeps what every swap would change and brings it up to date in constant time each. Where there are many bays, n² figures a swap leave tabu
search too few swaps to come far: annealing (`layout_annealing`) goes before it and has nearly all of the time. Compiled by numba on
first use; the code is kept on disk. The same seed and effort give the same answer on any machine of one kind.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cloud_api.rules.layout_annealing import anneal, compiled, moved_change

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
STEPS = 15_000
"""Swaps made by a search: about 0.05 s at 24 bays, 0.3 s at 60 and 1 s at 120."""
MANY_BAYS = 90
"""From so many bays on annealing goes before tabu search, where all may move."""
_ANNEALED_SHARE = 0.95
_TRIALS_A_SWAP = 10.0
"""Swaps that annealing looks at in the time in which tabu search makes one, per bay."""
_HOT, _COLD = 0.3, 0.01
_RELAXED_STEPS = 20
_BALANCING = 50
_BARRED = 1e12


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """`n` bays (what they hold) and `n` places (where a bay stands).

    Args:
        pull: (n, n) symmetric, zero diagonal: how strongly two bays belong together.
        distance: (n, n) symmetric, zero diagonal: how far two places are apart.
        price: (n, n), bay by place: what a bay at a place costs; negative is worth having.
        allowed: (n, n) bool, bay by place. `home` must be allowed.
        home: (n,) the place where each bay stands today.
        moves_max: how many bays may stand elsewhere than today; None: all.
    """

    pull: Floats
    distance: Floats
    price: Floats
    allowed: NDArray[np.bool_]
    home: Places
    moves_max: int | None = None

    def cost(self, places: Places) -> float:
        """Pull times distance over all pairs, and the price of each bay: less is better."""
        between = self.distance[np.ix_(places, places)]
        return float((self.pull * between).sum() / 2 + self.price[np.arange(len(places)), places].sum())

    def is_feasible(self, places: Places) -> bool:
        """Whether every bay stands where it may, no place twice, and not too many have moved."""
        count = len(self.home)
        moved = int((places != self.home).sum())
        whole = bool((np.sort(places) == np.arange(count)).all())
        return whole and bool(self.allowed[np.arange(count), places].all()) and moved <= self.bound

    @property
    def bound(self) -> int:
        """The most bays that may move."""
        return len(self.home) if self.moves_max is None else self.moves_max


def search(task: Assignment, *, steps: int = STEPS, seed: int = 0) -> Places:
    """Return (n,) the best places found, never worse than today's.

    Args:
        steps: how many swaps the search makes; the time grows with it and with n².
    """
    count = len(task.home)
    if count < 2:
        return task.home.copy()
    arrays = tuple(np.ascontiguousarray(part, dtype=np.float64) for part in (task.pull, task.distance, task.price))
    start = task.home.copy()
    if task.bound >= MANY_BAYS:
        trials = int(steps * _ANNEALED_SHARE * _TRIALS_A_SWAP * count)
        start = anneal(*arrays, task.allowed, task.home, count, trials, seed, _HOT, _COLD)
        steps = int(steps * (1.0 - _ANNEALED_SHARE))
    elif task.bound >= count:
        relaxed = relaxed_start(task)
        if task.is_feasible(relaxed) and task.cost(relaxed) < task.cost(start):
            start = relaxed
    best: Places = tabu(*arrays, task.allowed, start, task.home, task.bound, steps, seed)
    return best if task.is_feasible(best) and task.cost(best) < task.cost(task.home) else task.home.copy()


def relaxed_start(task: Assignment) -> Places:
    """Return (n,) places from the problem relaxed to doubly stochastic matrices, by Frank and Wolfe's steps with an exact line search."""
    share = task.allowed.astype(np.float64)
    for _ in range(_BALANCING):
        share /= share.sum(axis=1, keepdims=True)
        share /= np.maximum(share.sum(axis=0, keepdims=True), 1e-300)
    rows = np.arange(len(share))
    for _ in range(_RELAXED_STEPS):
        slope = task.pull @ share @ task.distance + task.price
        whole = np.zeros_like(share)
        whole[rows, linear_sum_assignment(np.where(task.allowed, slope, _BARRED))[1]] = 1.0
        way = whole - share
        bend, fall = float(((task.pull @ way @ task.distance) * way).sum()) / 2, float((slope * way).sum())
        if fall > -1e-9 * max(1.0, abs(float((slope * share).sum()))):
            break
        share = share + (1.0 if bend <= 0.0 else min(1.0, -fall / (2.0 * bend))) * way
    return np.asarray(linear_sum_assignment(np.where(task.allowed, -share, _BARRED))[1], dtype=np.int64)


def _swap_change(pull: Floats, distance: Floats, price: Floats, places: Places, r: int, s: int) -> float:
    """What swapping the places of bays `r` and `s` adds to the cost."""
    at_r, at_s = places[r], places[s]
    change = price[r, at_s] + price[s, at_r] - price[r, at_r] - price[s, at_s]
    for k in range(len(places)):
        change += (pull[r, k] - pull[s, k]) * (distance[at_s, places[k]] - distance[at_r, places[k]])
    return float(change + 2.0 * pull[r, s] * distance[at_r, at_s])


def _all_changes(pull: Floats, distance: Floats, price: Floats, places: Places, changes: Floats) -> None:
    for r in range(len(places)):
        for s in range(r + 1, len(places)):
            changes[r, s] = swap_change(pull, distance, price, places, r, s)


def _bring_up_to_date(pull: Floats, distance: Floats, price: Floats, places: Places, changes: Floats, u: int, v: int) -> None:
    """After `u` and `v` swapped: a constant time for each pair that was not touched, n for each that was."""
    count = len(places)
    pulled, nearer = np.empty(count), np.empty(count)
    for k in range(count):
        pulled[k] = pull[u, k] - pull[v, k]
        nearer[k] = distance[places[u], places[k]] - distance[places[v], places[k]]
    for r in range(count - 1):
        if r in (u, v):
            continue
        for s in range(r + 1, count):
            changes[r, s] += (pulled[r] - pulled[s]) * (nearer[s] - nearer[r])
    for k in range(count):
        if k != u:
            changes[min(k, u), max(k, u)] = swap_change(pull, distance, price, places, k, u)
        if k != v:
            changes[min(k, v), max(k, v)] = swap_change(pull, distance, price, places, k, v)


def _best_swap(
    changes: Floats, allowed: Any, places: Places, home: Places, barred_until: Places, bound: int, moved: int, step: int, wanted: float
) -> tuple[int, int]:
    """The swap that adds least and is allowed; one that is barred for now only where it adds less than `wanted`. −1 where there is none."""
    least, u, v = np.inf, -1, -1
    count = len(places)
    for r in range(count - 1):
        for s in range(r + 1, count):
            if changes[r, s] >= least or not (allowed[r, places[s]] and allowed[s, places[r]]):
                continue
            if bound < count and moved + moved_change(places, home, r, s) > bound:
                continue
            is_barred = barred_until[r, places[s]] >= step and barred_until[s, places[r]] >= step
            if not is_barred or changes[r, s] < wanted:
                least, u, v = changes[r, s], r, s
    return u, v


def _tabu(
    pull: Floats, distance: Floats, price: Floats, allowed: Any, start: Places, home: Places, bound: int, steps: int, seed: int
) -> Places:
    np.random.seed(seed)  # numba keeps its own generator, which only this seeds.
    count = len(start)
    places, best = start.copy(), start.copy()
    changes = np.zeros((count, count))
    all_changes(pull, distance, price, places, changes)
    barred_until = np.zeros((count, count), np.int64)
    over, least_over = 0.0, 0.0
    moved = (places != home).sum()
    shortest, longest = int(0.9 * count), int(1.1 * count) + 2
    for step in range(1, steps + 1):
        u, v = best_swap(changes, allowed, places, home, barred_until, bound, moved, step, least_over - over - 1e-9)
        if u < 0:
            continue
        over += changes[u, v]
        moved += moved_change(places, home, u, v)
        at_u, at_v = places[u], places[v]
        places[u], places[v] = at_v, at_u
        barred_until[u, at_u] = step + np.random.randint(shortest, longest)
        barred_until[v, at_v] = step + np.random.randint(shortest, longest)
        if over < least_over - 1e-9:
            least_over = over
            best[:] = places
        bring_up_to_date(pull, distance, price, places, changes, u, v)
    return best


swap_change = compiled(_swap_change)
all_changes = compiled(_all_changes)
bring_up_to_date = compiled(_bring_up_to_date)
best_swap = compiled(_best_swap)
tabu = compiled(_tabu)

"""Annealing of the places of bays, for shops with many: what a swap changes is known without adding up over all bays.

While many swaps are made, a swap is added up over rows that lie side by side in memory. Once few are, `sums[r, s]`, the pull of bay `r`
times how far each bay is from where `s` stands, is kept for all pairs: a swap that is only looked at then costs five figures instead of
4 n, one that is made costs n². Draws are xorshift64* (Vigna, ACM TOMS 2016), two bays a draw. Compiled by numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
_COUNTED = 20_000
_FEW = 0.06
"""From so small a share of swaps made, of those looked at, the sums are worth keeping."""
_HOPELESS = 20.0
"""A swap that adds so many temperatures is not made: its chance is 2e-9."""
_MIX, _SEEDED = np.uint64(2685821657736338717), np.uint64(0x9E3779B97F4A7C15)
_RIGHT, _LEFT, _AGAIN, _HALF, _UNUSED = np.uint64(12), np.uint64(25), np.uint64(27), np.uint64(32), np.uint64(11)
_LOW = np.uint64(0xFFFFFFFF)


def compiled(function: Any) -> Any:
    """The function as machine code, kept on disk: the next program does not wait for the compiler."""
    return njit(cache=True, fastmath=True)(function)


@compiled
def moved_change(places: Places, home: Places, r: int, s: int) -> int:
    """How many more bays stand elsewhere than today when `r` and `s` swap places."""
    before = int(places[r] != home[r]) + int(places[s] != home[s])
    return int(places[s] != home[r]) + int(places[r] != home[s]) - before


@compiled
def _next(state: Any) -> Any:
    state ^= state >> _RIGHT
    state ^= state << _LEFT
    return state ^ (state >> _AGAIN)


@compiled
def _pair(state: Any, count: int) -> tuple[int, int]:
    mixed, bays = state * _MIX, np.uint64(count)
    return int(((mixed >> _HALF) * bays) >> _HALF), int(((mixed & _LOW) * bays) >> _HALF)


@compiled
def _is_made(change: float, heat: float, state: Any) -> bool:
    if change <= 0.0:
        return True
    return bool(change < _HOPELESS * heat and ((state * _MIX) >> _UNUSED) / 9007199254740992.0 < np.exp(-change / heat))


@compiled
def _price_change(price: Floats, r: int, s: int, at_r: int, at_s: int) -> float:
    return float(price[r, at_s] + price[s, at_r] - price[r, at_r] - price[s, at_s])


@compiled
def _change(pull: Floats, near: Floats, r: int, s: int) -> float:
    """What swapping `r` and `s` adds to pull times distance, by adding up. `near[r, s]`: how far bays `r` and `s` stand apart now."""
    change = float(2.0 * pull[r, s] * near[r, s])
    for k in range(len(pull)):
        change += (pull[r, k] - pull[s, k]) * (near[s, k] - near[r, k])
    return change


@compiled
def _change_by_sums(pull: Floats, near: Floats, sums: Floats, r: int, s: int) -> float:
    """The same where the sums are kept."""
    return float(sums[r, s] - sums[r, r] - sums[s, s] + sums[s, r] + 2.0 * pull[r, s] * near[r, s])


@compiled
def _swap_near(near: Floats, r: int, s: int) -> None:
    for k in range(len(near)):
        near[r, k], near[s, k] = near[s, k], near[r, k]
    for k in range(len(near)):
        near[k, r], near[k, s] = near[k, s], near[k, r]


@compiled
def _swap_sums(pull: Floats, near: Floats, sums: Floats, r: int, s: int, pulled: Floats, nearer: Floats) -> None:
    """Bring the sums up to date, before `near` is: bays `r` and `s` are about to swap."""
    count, apart = len(pull), near[r, s]
    for k in range(count):
        pulled[k] = pull[k, r] - pull[k, s]
        nearer[k] = near[k, s] - near[k, r]
    nearer[r], nearer[s] = 0.0, 0.0
    for i in range(count):
        for k in range(count):
            sums[i, k] += pulled[i] * nearer[k]
        to_r = sums[i, r]
        sums[i, r] = sums[i, s] - pulled[i] * apart
        sums[i, s] = to_r + pulled[i] * apart


@compiled
def _mean_change(pull: Floats, near: Floats, price: Floats, allowed: Any, home: Places, state: Any) -> float:
    """The mean change of a swap made today, up or down."""
    count, total, looked_at = len(home), 0.0, 0
    for _ in range(20 * count):
        state = _next(state)
        r, s = _pair(state, count)
        if r != s and allowed[r, home[s]] and allowed[s, home[r]]:
            total += abs(_change(pull, near, r, s) + _price_change(price, r, s, home[r], home[s]))
            looked_at += 1
    return total / max(1, looked_at)


@compiled
def anneal(
    pull: Floats, distance: Floats, price: Floats, allowed: Any, home: Places, bound: int, trials: int, seed: int, hot: float, cold: float
) -> Places:
    """Annealing from today's places. `hot` and `cold` are the first and last temperature over the mean change of a swap made today."""
    count = len(home)
    places, best = home.copy(), home.copy()
    near, sums, pulled, nearer = distance[home][:, home].copy(), np.empty((count, count)), np.empty(count), np.empty(count)
    state = np.uint64(seed) * _MIX + _SEEDED
    heat = hot * _mean_change(pull, near, price, allowed, home, state)
    cooling = (cold / hot) ** (1.0 / max(1, trials))
    over, least_over, moved, looked_at, made, is_summed = 0.0, 0.0, 0, 0, 0, False
    for _ in range(trials):
        heat *= cooling
        state = _next(state)
        r, s = _pair(state, count)
        at_r, at_s = places[r], places[s]
        if r == s or not (allowed[r, at_s] and allowed[s, at_r]):
            continue
        more = moved_change(places, home, r, s) if bound < count else 0
        if moved + more > bound:
            continue
        change = _change_by_sums(pull, near, sums, r, s) if is_summed else _change(pull, near, r, s)
        change += _price_change(price, r, s, at_r, at_s)
        looked_at += 1
        state = _next(state)
        if _is_made(change, heat, state):
            if is_summed:
                _swap_sums(pull, near, sums, r, s, pulled, nearer)
            _swap_near(near, r, s)
            places[r], places[s] = at_s, at_r
            over, moved, made = over + change, moved + more, made + 1
            if over < least_over - 1e-9:
                least_over = over
                best[:] = places
        if looked_at == _COUNTED and not is_summed:
            is_summed, looked_at, made = made < _FEW * _COUNTED, 0, 0
            if is_summed:
                sums[:] = pull @ near
    return best

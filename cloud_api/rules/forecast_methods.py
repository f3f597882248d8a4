"""The published forecasting methods a chain's own forecast is measured against, over many series at once.

Every method takes `history`, an `(n, t)` float array of units a day, oldest first, and a horizon in days, and returns `(n, horizon)` units
a day. A series begins with its first sale: zeros before it say only that the article was not there yet.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Method = Callable[[Floats, int], Floats]

_SES_ALPHAS = np.linspace(0.1, 0.3, 9)
_SBA_ALPHA = 0.1
_TSB_ALPHAS = (0.1, 0.03)  # Size and chance: the best for TSB on a panel of four shops; a peer is given its best.
_AGGREGATION_MAX_DAYS = 60


def zero(history: Floats, horizon: int) -> Floats:
    """Say that nothing will sell: wins daily errors on sparse series, and shows what such errors are worth."""
    return np.zeros((len(history), horizon))


def seasonal_naive(history: Floats, horizon: int) -> Floats:
    """Repeat the last week."""
    return np.tile(history[:, -7:], (1, -(-horizon // 7)))[:, :horizon]


def mean_28(history: Floats, horizon: int) -> Floats:
    """Expect the mean of the last 28 days, as most shops' spreadsheets do."""
    return _flat(history[:, -28:].mean(axis=1), horizon)


def croston_sba(history: Floats, horizon: int) -> Floats:
    """Croston's size and interval, each smoothed at sales only, with the bias correction of Syntetos and Boylan (IJF 21, 2005)."""
    n, t = history.shape
    size, interval, gap = np.zeros(n), np.ones(n), np.zeros(n)
    seen = np.zeros(n, dtype=bool)
    for day in range(t):
        gap += 1
        demand = history[:, day]
        sold = demand > 0
        first = sold & ~seen
        later = sold & seen
        size = np.where(first, demand, np.where(later, size + _SBA_ALPHA * (demand - size), size))
        interval = np.where(first, 1.0, np.where(later, interval + _SBA_ALPHA * (gap - interval), interval))
        gap[sold] = 0
        seen |= sold
    return _flat((1 - _SBA_ALPHA / 2) * size / interval, horizon)


def tsb(history: Floats, horizon: int) -> Floats:
    """Size smoothed at sales, probability of a sale every day, so that dead articles fade (Teunter, Syntetos, Babai, EJOR 214, 2011)."""
    size_alpha, chance_alpha = _TSB_ALPHAS
    n, t = history.shape
    size, chance = np.zeros(n), np.zeros(n)
    seen = np.zeros(n, dtype=bool)
    for day in range(t):
        demand = history[:, day]
        sold = demand > 0
        first = sold & ~seen
        seen |= sold
        chance = np.where(first, 1.0, np.where(seen, chance + chance_alpha * (sold - chance), 0.0))
        size = np.where(first, demand, np.where(sold, size + size_alpha * (demand - size), size))
    return _flat(size * chance, horizon)


def adida(history: Floats, horizon: int) -> Floats:
    """Sum over blocks as long as the mean gap between sales, smooth, spread again (Nikolopoulos et al., JORS 62, 2011)."""
    rates = np.zeros(len(history))
    levels = mean_interval_days(history)
    for level in np.unique(levels):
        of_level = levels == level
        rates[of_level] = smoothed_block_rate(history[of_level], int(level))
    return _flat(rates, horizon)


def imapa(history: Floats, horizon: int) -> Floats:
    """Mean of the block forecasts at every block length up to the mean gap between sales (Petropoulos and Kourentzes, JORS 66, 2015)."""
    levels = mean_interval_days(history)
    total = np.zeros(len(history))
    for level in range(1, int(levels.max(initial=1)) + 1):
        taking_part = levels >= level
        total[taking_part] += smoothed_block_rate(history[taking_part], level)
    return _flat(total / levels, horizon)


def mean_interval_days(history: Floats) -> NDArray[np.int64]:
    """The mean gap between days with sales, from the first sale on, in whole days, 1 to 60."""
    sold = history > 0
    days_alive = history.shape[1] - np.argmax(sold, axis=1)
    interval = days_alive / np.maximum(sold.sum(axis=1), 1)
    days: NDArray[np.int64] = np.clip(np.rint(interval), 1, _AGGREGATION_MAX_DAYS).astype(np.int64)
    return days


def smoothed_block_rate(history: Floats, block_days: int) -> Floats:
    """Sum the days into blocks, smooth exponentially with each series' best alpha, and return units a day.

    The oldest days that fill no whole block are left out; smoothing begins with the block of the first sale.
    """
    n, t = history.shape
    blocks = t // block_days
    if blocks == 0:
        mean: Floats = history.mean(axis=1)
        return mean
    sums = history[:, t - blocks * block_days :].reshape(n, blocks, block_days).sum(axis=2)
    alphas = _SES_ALPHAS[:, None]
    level = np.zeros((len(alphas), n))
    error = np.zeros((len(alphas), n))
    seen = np.zeros(n, dtype=bool)
    for block in range(blocks):
        value = sums[:, block]
        first = (value > 0) & ~seen
        surprise = np.where(seen, value - level, 0.0)
        error += surprise**2
        level = np.where(first, value, level + alphas * surprise)
        seen |= first
    best: Floats = level[np.argmin(error, axis=0), np.arange(n)]
    return best / block_days


def _flat(rate: Floats, horizon: int) -> Floats:
    return np.repeat(np.maximum(rate, 0.0)[:, None], horizon, axis=1)


PUBLISHED: dict[str, Method] = {
    "zero": zero,
    "seasonal_naive": seasonal_naive,
    "mean_28": mean_28,
    "croston_sba": croston_sba,
    "tsb": tsb,
    "adida": adida,
    "imapa": imapa,
}

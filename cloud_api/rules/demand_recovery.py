"""Recovers the demand that empty shelves hid, from the minutes the sensors saw them empty.

A shelf runs empty because much was asked for, so sales per minute in stock say too little of busy days and too much of days cut short.
Here every day has a pace of its own, gamma distributed around the article's; what was sold while the shelf was full tells of it, and the
hidden part is the expected pace times the time the shelf stood empty. When a day is cut off by its own sales the likelihood is the same
(stopping rules are ignorable), so nothing else needs to be known of the stock.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ROUNDS = 200
_SETTLED = 2e-5
_SHAPE_MIN, _SHAPE_MAX = 0.005, 200.0
_PRIOR_DAYS = 2.0


def recovered_demand(sold: Floats, in_stock: Floats) -> Floats:
    """Expected units asked for a day.

    Args:
        sold: `(n, days)` units; NaN where nothing was recorded.
        in_stock: `(n, days)` share of the selling time with stock, 0 to 1.

    Returns:
        `(n, days)`: what was sold plus the expected hidden part; on a day without record or stock the article's mean for the weekday.

    The gamma's mean and shape are found by expectation and maximisation, each article for itself; the weekday's share is that of all
    articles together (Robbins' empirical Bayes; Gamma-Poisson as in Fader and Hardie, Interfaces 35, 2005).
    """
    known = np.isfinite(sold)
    demand: Floats = np.where(known, sold, 0.0)
    exposure = np.where(known, np.clip(in_stock, 0.0, 1.0), 0.0)
    profile = _weekday_profile(demand, exposure)
    short = (exposure < 1.0).any(axis=1)  # Of an article that was always there nothing is hidden.
    if short.any():
        demand[short] = _with_hidden(demand[short], exposure[short] * profile, profile)
    return demand


def _with_hidden(units: Floats, seen: Floats, profile: Floats) -> Floats:
    mean = (units.sum(axis=1) + 1e-3) / (seen.sum(axis=1) + 1e-3)
    shape = np.ones(len(units))
    for _ in range(_ROUNDS):
        pace, spread = _paces(units, seen, mean, shape)
        before, mean = mean, np.maximum(pace.mean(axis=1), 1e-9)
        variance = (spread + (pace - mean[:, None]) ** 2).mean(axis=1)
        shape = np.clip(mean**2 / np.maximum(variance, 1e-12), _SHAPE_MIN, _SHAPE_MAX)
        if np.abs(mean / before - 1).max() < _SETTLED:
            break
    pace, _ = _paces(units, seen, mean, shape)
    demand: Floats = units + pace * (profile - seen)
    return demand


def hidden_share(sold: Floats, demand: Floats) -> Floats:
    """The share of demand that was hidden, `(n,)`."""
    asked = demand.sum(axis=1)
    share: Floats = np.where(asked > 0, 1 - np.nansum(sold, axis=1) / np.maximum(asked, 1e-12), 0.0)
    return share


def _paces(units: Floats, seen: Floats, mean: Floats, shape: Floats) -> tuple[Floats, Floats]:
    """The expected pace of each day (in units a mean day) and its variance, after what was seen of it."""
    strength = shape[:, None] + units
    time = (shape / mean)[:, None] + seen
    pace: Floats = strength / time
    return pace, pace / time


def _weekday_profile(units: Floats, exposure: Floats) -> Floats:
    """Each day's usual share of an average day, from all articles together; 1 on average."""
    weekday = np.arange(units.shape[1]) % 7
    sold = np.bincount(weekday, units.sum(axis=0), minlength=7)
    time = np.bincount(weekday, exposure.sum(axis=0), minlength=7)
    overall = (sold.sum() + 1.0) / (time.sum() + 1.0)
    pace = (sold + _PRIOR_DAYS * overall) / (time + _PRIOR_DAYS)
    if pace.sum() <= 0:
        return np.ones(units.shape[1])
    profile: Floats = (pace / pace.mean())[weekday]
    return profile

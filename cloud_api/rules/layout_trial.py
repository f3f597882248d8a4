"""Plans and reads trials: shops in matched pairs, one of each pair changed by lot, or shops that switch to and fro.

The unit is the pair (or the shop that switches), never the day: days of one shop are alike, and an interval that counts them as independent
is too narrow (Bertrand, Duflo & Mullainathan, QJE 2004). An effect is claimed only where Student's interval over the units leaves out zero
and so does the test by lot, which assumes no bell curve (Fisher's: all signs that the lot could have drawn).

Looks before the end stop a trial only at p < 0.001 (Haybittle and Peto); what they spend is taken from the last look, so that all together
claim an effect where there is none in no more than 5 of 100 trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import expm1, inf, log, sqrt
from statistics import fmean, stdev

import msgspec
import numpy as np
from scipy import special

ALPHA = 0.05
LOOK_ALPHA = 0.001
POWER = 0.85
"""Aimed at a little more than the four in five that are promised: the test by lot and weeks out of the ordinary cost some."""
CLAIM_UNITS_MIN = 6
"""Fewer units cannot be told from chance by lot: of the 2⁵ signs of five, two are as far out as can be, which is 0.0625 already."""
_EXACT_UNITS = 14
_DRAWS = 20_000
Weekly = Mapping[str, Sequence[float | None]]
"""Shop → sales of each week, oldest first; None where the week is not known whole."""


class TrialSize(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial of so many pairs and weeks can find: effects from `detectable` on (a share of sales), four times in five."""

    pairs: int
    weeks: int
    spread: float
    detectable: float


class TrialReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial shows. Shares of sales: 0.03 is three per cent more. `claim` is `none` wherever chance may have made it."""

    effect: float
    low: float
    high: float
    p_student: float
    p_lot: float
    units: int
    is_last_look: bool
    claim: str
    verdict: str


def match_pairs(weekly: Weekly, *, seed: int) -> list[tuple[str, str]]:
    """Pair shops that went alike, and draw by lot which of each pair is changed: (changed, unchanged), the most alike first.

    Args:
        weekly: of the weeks before the trial. A shop without a known week is left out; so is one that finds no partner.
    """
    known = {shop: _log_weeks(weeks) for shop, weeks in weekly.items()}
    shops = sorted(shop for shop, weeks in known.items() if np.isfinite(weeks).sum() >= 2)
    draw = np.random.default_rng(seed)
    distances = sorted((_unlikeness(known[one], known[other]), one, other) for i, one in enumerate(shops) for other in shops[i + 1 :])
    pairs: list[tuple[str, str]] = []
    taken: set[str] = set()
    for distance, one, other in distances:
        if distance < inf and one not in taken and other not in taken:
            taken |= {one, other}
            pairs.append((one, other) if draw.random() < 0.5 else (other, one))
    return pairs


def size_trial(weekly: Weekly, *, pairs: int, before: int, weeks: int, looks: int, seed: int = 0) -> TrialSize | None:
    """Say beforehand what a trial of so many pairs over `weeks`, against the `before` weeks in front of it, can find.

    The spread is that of trials that changed nothing, held in the shops' own past: paired on the weeks before each, as the real one is.
    None where the past is too short for one, or too few shops pair.
    """
    length = max((len(row) for row in weekly.values()), default=0)
    placebo, found_pairs = [], pairs
    for end in range(length, before + weeks - 1, -weeks):
        middle = end - weeks
        matched = match_pairs({shop: row[middle - before : middle] for shop, row in weekly.items()}, seed=seed + end)[:pairs]
        spans = (slice(middle - before, middle), slice(middle, end))
        found = [value for pair in matched if (value := _pair_difference(weekly, pair, *spans)) is not None]
        found_pairs = min(found_pairs, len(found))
        if len(found) >= 2:
            placebo.append(fmean(value**2 for value in found))  # Around zero, for nothing was changed.
    if not placebo or found_pairs < 2:
        return None
    spread = sqrt(fmean(placebo))
    alpha = ALPHA - LOOK_ALPHA * (looks - 1)
    detectable = detectable_effect(spread, found_pairs, alpha=alpha)
    return TrialSize(pairs=found_pairs, weeks=weeks, spread=spread, detectable=detectable)


def detectable_effect(spread: float, units: int, *, alpha: float = ALPHA, power: float = POWER) -> float:
    """The smallest effect that a two-sided t-test over `units` differences of this standard deviation finds with the given power."""
    freedom = units - 1
    bound = float(special.stdtrit(freedom, 1 - alpha / 2))
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        reached = 1 - float(special.nctdtr(freedom, middle, bound)) if middle < 37.0 else 1.0  # Beyond it the distribution overflows.
        low, high = (low, middle) if reached >= power else (middle, high)
    return expm1(high * spread / sqrt(units))


def pairs_needed(spread: float, effect: float, *, pairs_max: int = 200) -> int | None:
    """How many pairs find an effect of this size four times in five; None where more than `pairs_max` would be needed."""
    return next((pairs for pairs in range(CLAIM_UNITS_MIN, pairs_max + 1) if detectable_effect(spread, pairs) <= effect), None)


def read_pairs(weekly: Weekly, pairs: Sequence[tuple[str, str]], *, before: int, weeks: int, looks: int) -> TrialReading | None:
    """Difference in differences: how much more the changed shops grew than their partners. None while no two pairs are known.

    Args:
        weekly: from the first week before the trial on; the trial begins at week `before`.
        weeks: planned length. Fewer on record make this an early look.
        looks: how many looks the plan has, the last among them.
    """
    length = max((len(row) for row in weekly.values()), default=0)
    done = min(weeks, length - before)
    spans = (slice(0, before), slice(before, before + done))
    found = [value for pair in pairs if (value := _pair_difference(weekly, pair, *spans)) is not None]
    return read_units(found, is_last_look=done >= weeks, looks=looks) if done > 0 else None


def read_switches(weekly: Weekly, plan: Mapping[str, Sequence[bool]], *, looks: int = 1) -> TrialReading | None:
    """A switchback: each shop's changed weeks less its unchanged ones, within blocks of two that the lot has ordered.

    Args:
        plan: shop → was it changed in the week; every block of two weeks holds one of each.
    """
    found = []
    for shop, changed in plan.items():
        weeks = _log_weeks(weekly[shop])
        blocks = [
            (weeks[k] - weeks[k + 1]) * (1 if changed[k] else -1)
            for k in range(0, min(len(weeks), len(changed)) - 1, 2)
            if np.isfinite(weeks[k]) and np.isfinite(weeks[k + 1])
        ]
        if blocks:
            found.append(fmean(blocks))
    return read_units(found, is_last_look=True, looks=looks)


def draw_switches(shops: Sequence[str], blocks: int, *, seed: int) -> dict[str, list[bool]]:
    """Blocks of two weeks for each shop, in which the lot says whether the change comes first."""
    draw = np.random.default_rng(seed)
    return {shop: [week for first in draw.random(blocks) < 0.5 for week in (bool(first), not first)] for shop in sorted(shops)}


def read_units(differences: Sequence[float], *, is_last_look: bool, looks: int) -> TrialReading | None:
    """Read differences of log sales, one for each independent unit. None below two of them."""
    units = len(differences)
    if units < 2:
        return None
    alpha = ALPHA - LOOK_ALPHA * (looks - 1) if is_last_look else LOOK_ALPHA
    mean, error = fmean(differences), stdev(differences) / sqrt(units)
    p_student = float(2 * special.stdtr(units - 1, -abs(mean) / error)) if error > 0.0 else float(mean == 0.0)
    p_lot = _by_lot(np.asarray(differences))
    reach = float(special.stdtrit(units - 1, 1 - alpha / 2)) * error
    is_shown = p_student < alpha and (p_lot < alpha if is_last_look else units >= CLAIM_UNITS_MIN)
    claim = "none" if not is_shown else "more" if mean > 0.0 else "less"
    return TrialReading(
        effect=expm1(mean), low=expm1(mean - reach), high=expm1(mean + reach), p_student=p_student, p_lot=p_lot, units=units,
        is_last_look=is_last_look, claim=claim, verdict=_verdict(claim, is_last_look),
    )  # fmt: skip


class ScoreWorth(msgspec.Struct, frozen=True, kw_only=True):
    """What trials have shown a point of the layout's score to be worth: a share of sales, with its 95 % interval."""

    per_point: float
    low: float
    high: float
    trials: int


def worth_of_score(trials: Sequence[tuple[float, TrialReading]]) -> ScoreWorth | None:
    """Pool finished trials as (gain of score tried, what it showed), each by how sure it is; None before the first.

    A trial that showed nothing counts as much as one that did: else the next proposal would be promised what only luck had shown.
    """
    known = []
    for gain, reading in trials:
        if gain > 0.0 and reading.is_last_look and reading.units >= CLAIM_UNITS_MIN:
            half = (log(1 + reading.high) - log(1 + reading.low)) / 2
            known.append((log(1 + reading.effect) / gain, max(1e-6, half / gain)))
    if not known:
        return None
    weights = [1.0 / half**2 for _, half in known]
    per_point = sum(weight * slope for weight, (slope, _) in zip(weights, known, strict=True)) / sum(weights)
    half = sqrt(1.0 / sum(weights))
    return ScoreWorth(per_point=per_point, low=per_point - half, high=per_point + half, trials=len(known))


def expected_sales(gain: float, worth: ScoreWorth) -> tuple[float, float, float]:
    """What a gain of the score may be hoped to sell, by the trials so far: mean, and the ends of its 95 % interval, shares of sales."""
    return expm1(gain * worth.per_point), expm1(gain * worth.low), expm1(gain * worth.high)


def _verdict(claim: str, is_last_look: bool) -> str:
    if claim == "none":
        return "no effect shown" if is_last_look else "go on: nothing is sure yet"
    better = "sells more" if claim == "more" else "sells less: put it back"
    return better if is_last_look else f"stop: it {better}, beyond doubt"


def _by_lot(differences: np.ndarray) -> float:
    """The share of sign draws as far from zero as what was seen: all of them up to 14 units, 20,000 drawn ones beyond."""
    units = len(differences)
    if units <= _EXACT_UNITS:
        signs = np.array(list(product((-1.0, 1.0), repeat=units)))
    else:
        signs = np.random.default_rng(units).choice((-1.0, 1.0), (_DRAWS, units))
    far = np.abs(signs @ differences) >= abs(differences.sum()) * (1 - 1e-12)
    return float((far.sum() + (units > _EXACT_UNITS)) / (len(signs) + (units > _EXACT_UNITS)))


def _pair_difference(weekly: Weekly, pair: tuple[str, str], before: slice, after: slice) -> float | None:
    """How much more the first shop grew than the second, in logs, over weeks that both know."""
    one, other = (_log_weeks(weekly.get(shop, ())) for shop in pair)
    length = min(len(one), len(other))
    apart = one[:length] - other[:length]
    spans = [part[np.isfinite(part)] for part in (apart[before], apart[after])]
    return float(spans[1].mean() - spans[0].mean()) if all(len(part) for part in spans) else None


def _unlikeness(one: np.ndarray, other: np.ndarray) -> float:
    """How far two shops' weeks wander apart, and a little how different their size is; infinite where they share too few weeks."""
    length = min(len(one), len(other))
    apart = one[len(one) - length :] - other[len(other) - length :]
    apart = apart[np.isfinite(apart)]
    return float(apart.std() + 0.02 * abs(apart.mean())) if len(apart) >= 2 else inf


def _log_weeks(weeks: Sequence[float | None]) -> np.ndarray:
    """Logs of the weeks' sales; NaN where a week is not known, or nothing was sold."""
    return np.array([log(week) if week is not None and week > 0 else np.nan for week in weeks])

"""From known weights to a calibration, judged by the limits of OIML class III; nonsense is refused with its reason.

Limits of error: SI 1995/1907 and OIML R76, class III: ±0.5 e up to 500 e, ±1 e up to 2,000 e, ±1.5 e up to 10,000 e; in service twice that.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf, isfinite, sqrt
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np

from edge_agent.errors import CalibrationRefused
from edge_agent.readings import KnownLoad
from edge_agent.rules.calibration import COUNTS_MAX, COUNTS_MIN

INTERVALS_MAX = 10_000
LIMIT_STEPS = ((500, 0.5), (2_000, 1.0), (INTERVALS_MAX, 1.5))
INTERVALS_G = tuple(round(figure * 10.0**power, 1) for power in range(-1, 4) for figure in (1, 2, 5))
INTERVALS_MIN, INTERVALS_MIN_FROM_5G = 100, 500
SAME_WEIGHT_SHARE = 0.001
ALIKE = 3.0
"""Spreads of a few readings of the same noise differ by less than this."""


class FitRule(NamedTuple):
    """What makes a calibration worth believing; shares are of the greatest known weight.

    `temperature_coefficient_g_per_c` is believed unless the readings themselves tell it: over `temperature_span_min_c` at least, and
    `coefficient_min_errors` times as large as its own uncertainty.
    """

    readings_min: int = 3
    spread_max_share: float = 0.01
    error_max_share: float = 0.02
    shift_min_spreads: float = 5.0
    capacity_g: float = inf
    reference_temperature_c: float = 20.0
    temperature_coefficient_g_per_c: float = 0.0
    temperature_span_min_c: float = 3.0
    coefficient_min_errors: float = 4.0


class FittedLoad(NamedTuple):
    """One load, as the calibration weighs it. `spread_g` is between its largest and smallest reading."""

    known_g: float
    weighed_g: float
    error_g: float
    spread_g: float
    deviation_g: float
    is_unloading: bool


class TemperatureFit(NamedTuple):
    """What the empty scale gains per degree, and how sure that is."""

    g_per_c: float
    standard_error_g_per_c: float
    span_c: float


class CalibrationFit(NamedTuple):
    """A calibration and how good it is. `hysteresis_g`: None unless weights were taken off one by one, too."""

    counts_per_gram: float
    tare_counts: float
    loads: tuple[FittedLoad, ...]
    linearity_g: float
    repeatability_g: float
    hysteresis_g: float | None
    temperature: TemperatureFit | None
    finest_interval_g: float | None


def fit_calibration(loads: Sequence[KnownLoad], rule: FitRule) -> CalibrationFit:
    """Counts per gram by least squares through the tare: the empty scale weighs nothing, as after every taring.

    Raises:
        CalibrationRefused: see `check_loads`; and when the loads lie on no straight line.
    """
    check_loads(loads, rule)
    temperature = _temperature(loads, rule)
    g_per_c = temperature.g_per_c if temperature is not None else rule.temperature_coefficient_g_per_c
    felt_g = [load.known_g + _warmth_g(load, g_per_c, rule) for load in loads]
    means = [fmean(load.raw_counts) for load in loads]
    empty = [index for index, load in enumerate(loads) if load.known_g == 0.0]
    felt_empty_g, empty_counts = fmean(felt_g[i] for i in empty), fmean(means[i] for i in empty)
    above = [(felt - felt_empty_g, counts - empty_counts) for felt, counts in zip(felt_g, means, strict=True)]
    counts_per_gram = sum(g * counts for g, counts in above) / sum(g * g for g, _ in above)
    tare_counts = empty_counts - counts_per_gram * felt_empty_g
    fitted = tuple(
        _fitted(load, (counts - tare_counts) / counts_per_gram - (felt - load.known_g), counts_per_gram)
        for load, counts, felt in zip(loads, means, felt_g, strict=True)
    )
    _refuse_bent(fitted, rule)
    return CalibrationFit(
        counts_per_gram=counts_per_gram,
        tare_counts=tare_counts,
        loads=fitted,
        linearity_g=max(abs(load.error_g) for load in fitted),
        repeatability_g=max(load.spread_g for load in fitted),
        hysteresis_g=_hysteresis_g(fitted),
        temperature=temperature,
        finest_interval_g=next((e for e in INTERVALS_G if meets_class_iii(fitted, e)), None),
    )


def check_loads(loads: Sequence[KnownLoad], rule: FitRule) -> None:
    """Look at loads in the order in which they were weighed; they need not be complete yet.

    Raises:
        CalibrationRefused: too few readings, a converter at its limit, a spread too wide, weights that are all the same or beyond the
            capacity, a scale that does not move or goes the wrong way. `known_g` says which load is in doubt.
    """
    for load in loads:
        check_load(load, rule)
    known_g = [load.known_g for load in loads]
    if 0.0 not in known_g:
        raise _refused("the empty scale was not weighed", "begin with nothing on the shelf (known weight 0)")
    greatest_g = max(known_g)
    if greatest_g == 0.0:
        raise _refused("no known weight was weighed", "put one on the shelf, of a third of the full load or more")
    weights_g = [g for g in known_g if g > 0.0]
    one_climate = _span_c(loads) < rule.temperature_span_min_c and not any(load.is_unloading for load in loads)
    if len(weights_g) > 1 and one_climate and max(weights_g) - min(weights_g) <= SAME_WEIGHT_SHARE * greatest_g:
        raise _refused(f"all {len(weights_g)} weights are {greatest_g:g} g", "weigh it once, or weigh different ones", greatest_g)
    tare = fmean(fmean(load.raw_counts) for load in loads if load.known_g == 0.0)
    _refuse_unmoved(loads, tare, rule)
    _refuse_wrong_way(loads, tare)


def limit_g(load_g: float, interval_g: float, *, in_service: bool = False) -> float:
    """The error that class III allows at a load, grams; 0 beyond 10,000 intervals."""
    share = next((limit for intervals, limit in LIMIT_STEPS if load_g <= intervals * interval_g), 0.0)
    return (2.0 if in_service else 1.0) * share * interval_g


def meets_class_iii(loads: Sequence[FittedLoad], interval_g: float, *, in_service: bool = False) -> bool:
    """Whether errors and spreads keep within the limits at this verification interval, and there are intervals enough for class III."""
    intervals = max(load.known_g for load in loads) / interval_g
    if not (INTERVALS_MIN if interval_g < 5.0 else INTERVALS_MIN_FROM_5G) <= intervals <= INTERVALS_MAX:
        return False
    return all(max(abs(load.error_g), load.spread_g) <= limit_g(load.known_g, interval_g, in_service=in_service) + 1e-9 for load in loads)


def check_load(load: KnownLoad, rule: FitRule) -> None:
    """Look at one load by itself.

    Raises:
        CalibrationRefused: no weight, beyond the capacity, too few readings, or the converter at its limit.
    """
    known_g, readings = load.known_g, load.raw_counts
    name = _name(load)
    if not isfinite(known_g) or known_g < 0.0:
        raise _refused(f"{known_g:g} g is no weight", "give grams, 0 for the empty scale", known_g)
    if known_g > rule.capacity_g:
        raise _refused(f"{known_g:g} g is beyond the capacity of {rule.capacity_g:g} g", "take a lighter weight", known_g)
    if not all(isfinite(counts) for counts in readings):
        raise _refused(f"{name}: a reading is no number", "weigh again", known_g)
    if any(counts >= COUNTS_MAX or counts <= COUNTS_MIN for counts in readings):
        raise _refused(f"{name}: the converter is at its limit", "check the load cell's wires, or take a lighter weight", known_g)
    if len(readings) < rule.readings_min:
        raise _refused(f"{name}: {len(readings)} readings", f"take {rule.readings_min} or more", known_g)


def _refuse_unmoved(loads: Sequence[KnownLoad], tare: float, rule: FitRule) -> None:
    """A weight must move the reading well beyond its scatter, and the scatter must be small beside the weights."""
    greatest = max(loads, key=lambda load: load.known_g)
    shift = abs(fmean(greatest.raw_counts) - tare)
    spreads = {id(load): max(load.raw_counts) - min(load.raw_counts) for load in loads}
    wildest = max(loads, key=lambda load: spreads[id(load)])
    is_too_wide = spreads[id(wildest)] > rule.spread_max_share * shift
    # Where all loads scatter alike, no hand was on the shelf: then the weight is not there, or far too light.
    is_noise = spreads[id(wildest)] <= ALIKE * min(spreads.values())
    if shift < rule.shift_min_spreads * max(spreads[id(greatest)], 1.0) or (is_too_wide and is_noise):
        problem = f"{_name(greatest)}: the reading hardly differs from the empty scale's"
        raise _refused(problem, "is the weight on this shelf, and heavy enough?", greatest.known_g)
    if is_too_wide:
        problem = f"{_name(wildest)}: the readings spread over {spreads[id(wildest)] / shift * greatest.known_g:.1f} g"
        advice = f"{rule.spread_max_share * greatest.known_g:.1f} g are allowed: let the shelf come to rest"
        raise _refused(problem, advice, wildest.known_g)


def _refuse_wrong_way(loads: Sequence[KnownLoad], tare: float) -> None:
    """More weight must move the reading on in the same direction, as far as its scatter lets one see."""
    ordered = sorted(loads, key=lambda load: load.known_g)
    rises = fmean(ordered[-1].raw_counts) > tare
    for lighter, heavier in pairwise(ordered):
        if heavier.known_g - lighter.known_g <= SAME_WEIGHT_SHARE * ordered[-1].known_g:
            continue
        low, high = (heavier, lighter) if rises else (lighter, heavier)
        if max(low.raw_counts) < min(high.raw_counts):
            culprit = heavier if loads.index(heavier) > loads.index(lighter) else lighter
            problem = f"the reading goes the wrong way from {lighter.known_g:g} g to {heavier.known_g:g} g"
            raise _refused(problem, "were the weights mixed up, or does the shelf touch something?", culprit.known_g)


def _refuse_bent(loads: Sequence[FittedLoad], rule: FitRule) -> None:
    worst = max(loads, key=lambda load: abs(load.error_g))
    allowed_g = rule.error_max_share * max(load.known_g for load in loads)
    if abs(worst.error_g) > allowed_g:
        problem = f"{worst.known_g:g} g would be weighed as {worst.weighed_g:.1f} g, so the loads lie on no straight line"
        raise _refused(problem, "is a weight wrong, or does the shelf touch something?", worst.known_g)


def _fitted(load: KnownLoad, weighed_g: float, counts_per_gram: float) -> FittedLoad:
    scale = abs(counts_per_gram)
    return FittedLoad(
        known_g=load.known_g,
        weighed_g=weighed_g,
        error_g=weighed_g - load.known_g,
        spread_g=(max(load.raw_counts) - min(load.raw_counts)) / scale,
        deviation_g=stdev(load.raw_counts) / scale,
        is_unloading=load.is_unloading,
    )


def _hysteresis_g(loads: Sequence[FittedLoad]) -> float | None:
    """The largest distance between the two ways of coming to the same load."""
    down = {load.known_g: load.weighed_g for load in loads if load.is_unloading}
    distances = [abs(load.weighed_g - down[load.known_g]) for load in loads if not load.is_unloading and load.known_g in down]
    return max(distances) if distances else None


def _temperature(loads: Sequence[KnownLoad], rule: FitRule) -> TemperatureFit | None:
    """Counts = tare + slope × (grams + k × degrees), by least squares; None where the readings do not tell k."""
    span_c = _span_c(loads)
    if span_c < rule.temperature_span_min_c or len(loads) < 5 or any(load.temperature_c is None for load in loads):
        return None
    known_g = np.array([load.known_g for load in loads])
    warmth_c = np.array([(load.temperature_c or 0.0) - rule.reference_temperature_c for load in loads])
    counts = np.array([fmean(load.raw_counts) for load in loads])
    design = np.column_stack([np.ones(len(loads)), known_g, warmth_c])
    if np.linalg.matrix_rank(design) < 3:
        return None
    solution = np.linalg.lstsq(design, counts, rcond=None)[0]
    residuals = counts - design @ solution
    variance = float(residuals @ residuals) / (len(loads) - 3)
    slope, per_c = float(solution[1]), float(solution[2])
    error = sqrt(variance * float(np.linalg.inv(design.T @ design)[2, 2]))
    if slope == 0.0 or abs(per_c) < rule.coefficient_min_errors * error:
        return None
    return TemperatureFit(per_c / slope, error / abs(slope), span_c)


def _warmth_g(load: KnownLoad, g_per_c: float, rule: FitRule) -> float:
    return 0.0 if load.temperature_c is None else g_per_c * (load.temperature_c - rule.reference_temperature_c)


def _span_c(loads: Sequence[KnownLoad]) -> float:
    temperatures_c = [load.temperature_c for load in loads if load.temperature_c is not None]
    return max(temperatures_c) - min(temperatures_c) if temperatures_c else 0.0


def _name(load: KnownLoad) -> str:
    return "the empty scale" if load.known_g == 0.0 else f"{load.known_g:g} g"


def _refused(problem: str, advice: str, known_g: float | None = None) -> CalibrationRefused:
    return CalibrationRefused(part="calibration", problem=problem, advice=advice, known_g=known_g)

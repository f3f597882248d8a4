"""Known weights become a calibration that is as good as it says, and nonsense is refused with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.errors import CalibrationRefused
from edge_agent.readings import KnownLoad
from edge_agent.rules.calibration import Calibration
from edge_agent.rules.calibration_fit import FitRule, fit_calibration, limit_g, meets_class_iii

RULE = FitRule()
NOISE = (-3.0, 1.0, 0.0, 2.0, -1.0)


def load(
    known_g: float, *, slope: float = 21.0, tare: float = 84_000.0, temperature_c: float | None = None, g_per_c: float = 0.0
) -> KnownLoad:
    felt_g = known_g + (0.0 if temperature_c is None else g_per_c * (temperature_c - 20.0))
    return KnownLoad(known_g, tuple(tare + slope * felt_g + noise for noise in NOISE), temperature_c)


def refused(loads: Sequence[KnownLoad], rule: FitRule = RULE) -> CalibrationRefused:
    with pytest.raises(CalibrationRefused) as refusal:
        fit_calibration(loads, rule)
    assert "\n" not in str(refusal.value)
    return refusal.value


@given(
    slope=st.floats(5.0, 500.0),
    falls=st.booleans(),
    tare=st.floats(-400_000.0, 400_000.0),
    weights_g=st.lists(st.floats(500.0, 5_000.0), min_size=1, max_size=6, unique_by=lambda g: round(g / 50.0)),
)
def test_a_straight_scale_gets_its_own_figures_back(slope: float, falls: bool, tare: float, weights_g: list[float]) -> None:
    """Wires swapped or not: white and green the wrong way round only turn the sign."""
    signed = -slope if falls else slope
    fit = fit_calibration([load(g, slope=signed, tare=tare) for g in [0.0, *weights_g]], RULE)
    assert fit.counts_per_gram == pytest.approx(signed, rel=1e-6)
    assert fit.tare_counts == pytest.approx(tare - 0.2, abs=0.01)
    assert fit.linearity_g < 0.01


def test_an_empty_scale_weighs_nothing_afterwards() -> None:
    fit = fit_calibration([load(0.0), load(1_000.0, slope=21.05), load(3_000.0)], RULE)
    assert fit.loads[0].error_g == pytest.approx(0.0, abs=1e-9)
    assert fit.linearity_g > 0.5


def test_the_temperature_coefficient_is_found_and_tare_is_told_for_twenty_degrees() -> None:
    loads = [load(g, temperature_c=t, g_per_c=0.8) for g, t in [(0, 16), (2_000, 16), (0, 21), (2_000, 21), (0, 27), (2_000, 27)]]
    fit = fit_calibration(loads, RULE)
    assert fit.temperature is not None
    assert fit.temperature.g_per_c == pytest.approx(0.8, abs=0.01)
    calibration = Calibration(fit.counts_per_gram, fit.tare_counts, temperature_coefficient_g_per_c=fit.temperature.g_per_c)
    for one in loads:
        assert calibration.grams(sum(one.raw_counts) / 5, one.temperature_c) == pytest.approx(one.known_g, abs=0.05)


def test_a_coefficient_known_before_is_kept_in_the_tare() -> None:
    """Calibrated at 26 degrees, the scale must not be off at 20."""
    rule = FitRule(temperature_coefficient_g_per_c=0.5)
    fit = fit_calibration([load(g, temperature_c=26.0, g_per_c=0.5) for g in (0.0, 1_000.0, 3_000.0)], rule)
    assert fit.temperature is None
    assert Calibration(fit.counts_per_gram, fit.tare_counts).grams(84_000.0 - 0.2) == pytest.approx(0.0, abs=0.01)


def test_a_temperature_that_changed_with_the_load_tells_no_coefficient() -> None:
    loads = [load(g, temperature_c=18.0 + g / 500.0) for g in (0.0, 1_000.0, 2_000.0, 3_000.0, 4_000.0)]
    assert fit_calibration(loads, RULE).temperature is None


def test_coming_from_above_and_from_below_shows_hysteresis() -> None:
    down = [load(2_000.0, tare=84_042.0)._replace(is_unloading=True), load(1_000.0, tare=84_021.0)._replace(is_unloading=True)]
    fit = fit_calibration([load(0.0), load(1_000.0), load(2_000.0), load(4_000.0), *down], RULE)
    assert fit.hysteresis_g == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(
    ("loads", "says", "known_g"),
    [
        ([load(1_000.0)], "the empty scale was not weighed", None),
        ([load(0.0)], "no known weight", None),
        ([load(0.0), load(0.0)], "no known weight", None),
        ([load(0.0), KnownLoad(500.0, (94_500.0, 94_501.0))], "500 g: 2 readings", 500.0),
        ([load(0.0), KnownLoad(500.0, (94_500.0, 94_501.0, 8_388_607.0))], "500 g: the converter is at its limit", 500.0),
        ([KnownLoad(0.0, (-8_388_608.0,) * 5), load(500.0)], "the empty scale: the converter is at its limit", 0.0),
        ([load(0.0), load(500.0, slope=0.02)], "hardly differs from the empty scale", 500.0),
        ([load(0.0), KnownLoad(500.0, (94_000.0, 94_500.0, 95_200.0))], "500 g: the readings spread over", 500.0),
        ([KnownLoad(0.0, (83_500.0, 84_000.0, 84_900.0)), load(500.0)], "the empty scale: the readings spread over", 0.0),
        ([load(0.0), load(500.0), load(500.0)], "all 2 weights are 500 g", 500.0),
        ([load(0.0), load(500.0), load(1_000.0, slope=-21.0)], "goes the wrong way", None),
        ([load(0.0), load(1_000.0), load(500.0, slope=45.0)], "the wrong way from 500 g to 1000 g", 500.0),
        ([load(0.0), load(1_000.0), load(2_000.0, slope=24.0), load(4_000.0)], "on no straight line", 2_000.0),
        ([load(0.0), load(-5.0)], "is no weight", -5.0),
        ([load(0.0), load(inf)], "is no weight", inf),
        ([load(0.0), KnownLoad(500.0, (94_500.0, nan, 94_501.0))], "a reading is no number", 500.0),
        ([load(0.0), load(50_001.0)], "beyond the capacity of 50000 g", 50_001.0),
    ],
)
def test_nonsense_is_refused_with_the_load_in_doubt(loads: list[KnownLoad], says: str, known_g: float | None) -> None:
    refusal = refused(loads, FitRule(capacity_g=50_000.0))
    assert says in refusal.problem
    assert known_g is None or refusal.known_g == known_g


def test_a_converter_with_a_hanging_bit_is_refused() -> None:
    """Its readings move and look quiet; only known weights give it away."""
    loads = [load(g) for g in (0.0, 250.0, 500.0, 750.0, 1_000.0, 1_250.0)]
    hanging = [one._replace(raw_counts=tuple(float(round(counts) | 1 << 12) for counts in one.raw_counts)) for one in loads]
    assert refused(hanging).problem


@pytest.mark.parametrize(
    ("load_g", "interval_g", "allowed_g"),
    [
        (0.0, 1.0, 0.5),
        (500.0, 1.0, 0.5),
        (500.1, 1.0, 1.0),
        (2_000.0, 1.0, 1.0),
        (2_001.0, 1.0, 1.5),
        (10_000.0, 1.0, 1.5),
        (1_000.0, 5.0, 2.5),
    ],
)
def test_the_limits_are_those_of_class_iii(load_g: float, interval_g: float, allowed_g: float) -> None:
    assert limit_g(load_g, interval_g) == allowed_g
    assert limit_g(load_g, interval_g, in_service=True) == 2 * allowed_g
    assert limit_g(10_001.0, 1.0) == 0.0


def test_the_finest_interval_is_met_and_the_next_finer_is_not() -> None:
    fit = fit_calibration([load(0.0), load(1_000.0, slope=21.02), load(2_000.0), load(5_000.0)], RULE)
    assert fit.finest_interval_g == 1.0
    assert meets_class_iii(fit.loads, 1.0)
    assert not meets_class_iii(fit.loads, 0.5)


def test_a_scale_of_few_intervals_is_no_class_iii_scale_however_good_it_is() -> None:
    fit = fit_calibration([load(0.0), load(400.0)], RULE)
    assert not meets_class_iii(fit.loads, 5.0)

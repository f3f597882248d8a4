"""A calibration in the words of the wire: what was weighed, and what it makes together."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from edge_agent.errors import CalibrationRefused
from edge_agent.flows.calibrate import report
from edge_agent.readings import KnownLoad
from edge_agent.rules.calibration_session import CalibrationSession
from wire_format.observations import CalibrationResult, JudgedLoad, WeighedLoad


def weighed_loads(loads: Mapping[int, KnownLoad]) -> list[WeighedLoad]:
    """The loads by step."""
    return [
        WeighedLoad(
            step=step,
            known_g=load.known_g,
            readings=len(load.raw_counts),
            mean_counts=round(fmean(load.raw_counts), 1),
            spread_counts=max(load.raw_counts) - min(load.raw_counts),
            temperature_c=None if load.temperature_c is None else round(load.temperature_c, 2),
        )
        for step, load in loads.items()
    ]


def result_of(session: CalibrationSession, shelf_id: str) -> CalibrationResult | None:
    """What the loads make together, with the report that `edge-agent calibrate` gives; None where they make nothing yet."""
    try:
        fit = session.fit()
    except CalibrationRefused:
        return None
    if fit is None:
        return None
    told = report(fit, shelf_id=shelf_id, interval_g=None)
    return CalibrationResult(
        counts_per_gram=told.counts_per_gram,
        tare_counts=told.tare_counts,
        linearity_g=told.linearity_g,
        repeatability_g=told.repeatability_g,
        hysteresis_g=told.hysteresis_g,
        temperature_coefficient_g_per_c=told.temperature_coefficient_g_per_c,
        temperature_standard_error_g_per_c=told.temperature_standard_error_g_per_c,
        meets_class_iii=told.meets_class_iii,
        finest_interval_g=told.finest_interval_g,
        loads=[
            JudgedLoad(known_g=load.known_g, weighed_g=load.weighed_g, error_g=load.error_g, spread_g=load.spread_g, limit_g=load.limit_g)
            for load in told.loads
        ],
    )

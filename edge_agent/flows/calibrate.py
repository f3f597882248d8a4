"""Calibrates a scale: step by step with somebody at the shelf, or from a file of known weights."""

from __future__ import annotations

import contextlib
import threading
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from msgspec import Struct

from edge_agent.adapters.calibration_file import known_loads
from edge_agent.config import EdgeConfig, ScaleConfig, load_config, load_part
from edge_agent.errors import SensorUnavailable
from edge_agent.readings import KnownLoad, LoadCell
from edge_agent.rules.calibration_fit import CalibrationFit, FitRule, fit_calibration, limit_g, meets_class_iii
from edge_agent.rules.calibration_session import FIRST_READINGS, judged
from edge_agent.toml_edit import write_numbers
from toml_settings import Place

READ_TIMEOUT_MS = 5_000
DIGITS = 7
_WRITING = threading.Lock()


class Dialogue(NamedTuple):
    """Who stands at the shelf: `ask` returns the answer to a question, `tell` says something."""

    ask: Callable[[str], str]
    tell: Callable[[str], None]


class LoadLine(Struct, frozen=True, kw_only=True):
    """One load of the report; `limit_g` is what class III allows there at the report's interval."""

    known_g: float
    weighed_g: float
    error_g: float
    spread_g: float
    deviation_g: float
    limit_g: float | None


class CalibrationReport(Struct, frozen=True, kw_only=True):
    """A calibration, and how it stands to OIML class III at the interval asked for, or else at the finest it meets."""

    shelf_id: str | None
    counts_per_gram: float
    tare_counts: float
    linearity_g: float
    repeatability_g: float
    hysteresis_g: float | None
    temperature_coefficient_g_per_c: float | None
    temperature_standard_error_g_per_c: float | None
    interval_g: float | None
    meets_class_iii: bool
    meets_class_iii_in_service: bool
    finest_interval_g: float | None
    loads: list[LoadLine]
    written_to: str | None = None


class ConfiguredScale(NamedTuple):
    """A scale of a file: what it says, where in the file it is, and the device it belongs to, where the file has a whole one."""

    scale: ScaleConfig
    table: Place
    device: EdgeConfig | None


def configured_scale(file: Path, shelf: str | None) -> ConfiguredScale:
    """Find a scale in a device's file, or in a file that holds just its keys.

    Raises:
        ConfigurationInvalid: no such file or scale, or several and none was named.
    """
    scale = load_part(file, ScaleConfig, name=shelf)
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    if "scales" not in content:
        return ConfiguredScale(scale, (), None)
    number = next(number for number, table in enumerate(content["scales"]) if table["shelf_id"] == scale.shelf_id)
    return ConfiguredScale(scale, ("scales", number), load_config(file))


def rule_for(scale: ScaleConfig | None) -> FitRule:
    """What a configured scale already knows of itself."""
    if scale is None:
        return FitRule()
    return FitRule(capacity_g=scale.capacity_g, temperature_coefficient_g_per_c=scale.temperature_coefficient_g_per_c)


def calibrate_from_file(file: Path, rule: FitRule) -> CalibrationFit:
    """Fit what a file says.

    Raises:
        RecordingInvalid: the file cannot be read.
        CalibrationRefused: what it says makes no calibration.
    """
    return fit_calibration(known_loads(file), rule)


def calibrate_by_hand(open_cell: Callable[[], LoadCell], dialogue: Dialogue, rule: FitRule, *, readings: int) -> CalibrationFit:
    """Tare, then one known weight after the other. A step that makes no sense is told and asked for again.

    Args:
        open_cell: opens the scale, anew for each step: what it read while somebody typed is of no use.
        readings: how many are taken of each load.

    Raises:
        SensorUnavailable: the scale does not answer.
        CalibrationRefused: the steps made sense one by one, but not together.
    """
    loads: list[KnownLoad] = []
    while True:
        known_g = _asked_g(dialogue, loads)
        if known_g is None:
            return fit_calibration(loads, rule)
        weighed = [*loads, _weighed(open_cell, known_g, readings, dialogue)]
        loads, refusal = judged(weighed, rule)
        if refusal is not None:
            dialogue.tell(f"Not taken: {refusal.problem}; {refusal.advice}.")
            if not loads and len(weighed) > 1:
                dialogue.tell("The empty shelf is in doubt, so we begin again.")


def report(fit: CalibrationFit, *, shelf_id: str | None, interval_g: float | None, written_to: Path | None = None) -> CalibrationReport:
    """What there is to say of a calibration, at a verification interval in grams; None: the finest that it meets."""
    e = interval_g if interval_g is not None else fit.finest_interval_g
    lines = [
        LoadLine(
            known_g=load.known_g,
            weighed_g=round(load.weighed_g, 3),
            error_g=round(load.error_g, 3),
            spread_g=round(load.spread_g, 3),
            deviation_g=round(load.deviation_g, 3),
            limit_g=None if e is None else limit_g(load.known_g, e),
        )
        for load in fit.loads
    ]
    temperature = fit.temperature
    return CalibrationReport(
        shelf_id=shelf_id,
        **calibration_numbers(fit),
        linearity_g=round(fit.linearity_g, 3),
        repeatability_g=round(fit.repeatability_g, 3),
        hysteresis_g=None if fit.hysteresis_g is None else round(fit.hysteresis_g, 3),
        temperature_coefficient_g_per_c=None if temperature is None else round(temperature.g_per_c, 4),
        temperature_standard_error_g_per_c=None if temperature is None else round(temperature.standard_error_g_per_c, 4),
        interval_g=e,
        meets_class_iii=e is not None and meets_class_iii(fit.loads, e),
        meets_class_iii_in_service=e is not None and meets_class_iii(fit.loads, e, in_service=True),
        finest_interval_g=fit.finest_interval_g,
        loads=lines,
        written_to=None if written_to is None else str(written_to),
    )


def calibration_numbers(fit: CalibrationFit) -> dict[str, float]:
    """The two figures that every scale needs, rounded to what they are worth."""
    return {"counts_per_gram": float(f"{fit.counts_per_gram:.{DIGITS}g}"), "tare_counts": round(fit.tare_counts, 1)}


def write_calibration(fit: CalibrationFit, file: Path, table: Place) -> None:
    """Put the figures into the scale's table of a device's file, and leave all else as it is.

    Raises:
        ConfigurationInvalid: the file cannot be changed safely.
    """
    write_numbers(file, table, all_numbers(fit))


def write_scale(file: Path, shelf_id: str, numbers: Mapping[str, float]) -> None:
    """Put figures into a scale's table of a device's file, wherever in the file it now is. One scale at a time: a file has many.

    Raises:
        ConfigurationInvalid: the file is not to be read, has no such scale any more, or cannot be changed safely.
    """
    with _WRITING:
        write_numbers(file, configured_scale(file, shelf_id).table, numbers)


def all_numbers(fit: CalibrationFit) -> dict[str, float]:
    """What goes into a scale's table: the two figures, and the temperature coefficient where the readings tell it."""
    numbers = calibration_numbers(fit)
    if fit.temperature is not None:
        numbers["temperature_coefficient_g_per_c"] = round(fit.temperature.g_per_c, 4)
    return numbers


def printed(result: CalibrationReport) -> str:
    """The report for people."""
    rows = [f"{'known g':>10} {'weighed g':>11} {'error g':>9} {'spread g':>9} {'limit g':>8}"]
    for load in result.loads:
        limit = "" if load.limit_g is None else f"±{load.limit_g:g}"
        rows.append(f"{load.known_g:>10g} {load.weighed_g:>11.2f} {load.error_g:>+9.2f} {load.spread_g:>9.2f} {limit:>8}")
    told = [*rows, "", f"counts_per_gram = {result.counts_per_gram!r}", f"tare_counts = {result.tare_counts!r}"]
    if result.temperature_coefficient_g_per_c is not None:
        known = f"± {result.temperature_standard_error_g_per_c:g}"
        told.append(f"temperature_coefficient_g_per_c = {result.temperature_coefficient_g_per_c!r}  ({known})")
    told += ["", f"largest error {result.linearity_g:.2f} g, largest spread at one load {result.repeatability_g:.2f} g"]
    if result.hysteresis_g is not None:
        told.append(f"loading and unloading differ by {result.hysteresis_g:.2f} g at most")
    told.append(_verdict(result))
    if result.written_to is not None:
        told.append(f"written to {result.written_to}")
    return "\n".join(told)


def _verdict(result: CalibrationReport) -> str:
    finest = f"the finest it meets is e = {result.finest_interval_g:g} g" if result.finest_interval_g is not None else "it meets none"
    if result.interval_g is None:
        return f"OIML class III: {finest}, whatever the verification interval e"
    if result.meets_class_iii:
        return f"OIML class III: within the limits at e = {result.interval_g:g} g; {finest}"
    kept = "only within the limits in service" if result.meets_class_iii_in_service else "outside the limits, also those in service,"
    return f"OIML class III: {kept} at e = {result.interval_g:g} g; {finest}"


def _asked_g(dialogue: Dialogue, loads: list[KnownLoad]) -> float | None:
    """The next load, grams: 0 for the empty shelf, which comes first; None when there are enough."""
    if not loads:
        dialogue.ask("Empty the shelf and leave it alone; then press Enter")
        return 0.0
    enough = len(loads) > 1
    while True:
        text = dialogue.ask(
            "Put a known weight on its middle, and say how many grams" + (" (Enter: that was all)" if enough else "")
        ).strip()
        if not text and enough:
            return None
        with contextlib.suppress(ValueError):
            known_g = float(text.removesuffix("g").replace(",", "."))
            if 0.0 < known_g < float("inf"):
                return known_g
        dialogue.tell(f"{text!r} is no weight: grams, for instance 500" if text else "One known weight is needed at least.")


def _weighed(open_cell: Callable[[], LoadCell], known_g: float, readings: int, dialogue: Dialogue) -> KnownLoad:
    counts: list[float] = []
    temperatures_c: list[float] = []
    with contextlib.closing(open_cell()) as cell:
        for number in range(FIRST_READINGS + readings):
            reading = cell.read(READ_TIMEOUT_MS)
            if reading is None:
                raise SensorUnavailable(
                    part=f"shelf {cell.shelf_id}", problem="the recording has ended", advice="calibrate from a file with --from"
                )
            if number >= FIRST_READINGS:
                counts.append(reading.raw_counts)
                temperatures_c += [reading.temperature_c] if reading.temperature_c is not None else []
    dialogue.tell(f"  {readings} readings, {fmean(counts):.0f} counts within {max(counts) - min(counts):.0f}")
    return KnownLoad(known_g, tuple(counts), fmean(temperatures_c) if temperatures_c else None)

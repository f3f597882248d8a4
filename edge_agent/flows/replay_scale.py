"""Runs a scale's recording through the very weigher that weighs a live shelf, faster than real time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track

from edge_agent.adapters.load_cell_recording import readings_of
from edge_agent.config import ScaleConfig
from edge_agent.errors import ConfigurationInvalid
from edge_agent.flows.scale_rules import weigher_for
from edge_agent.readings import RawReading
from edge_agent.rules.scale_health import ScaleFault

BYTES_A_READING = 20
PROGRESS_FROM_BYTES = 2_000_000

_line = msgspec.json.Encoder()


class SettledLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the output: a settled weight. `moved_at_s` is when the motion before it began."""

    t_s: float
    shelf_id: str
    weight_g: float
    spread_g: float
    moved_at_s: float | None
    temperature_c: float | None
    drift_g: float


class ReplaySummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay did. `faults`: codes of what was not well, each once, in order."""

    readings: int
    settled: int
    faults: list[str]
    recorded_s: float
    took_s: float


class _PlanSku(msgspec.Struct):
    unit_weight_g: float


class _PlanShelf(msgspec.Struct):
    counts_per_gram: float
    tare_counts: float
    skus: dict[str, _PlanSku] = {}


class _Plan(msgspec.Struct):
    shelves: dict[str, _PlanShelf]
    sample_rate_hz: float = 10.0


def scale_from_plan(plan: Path, shelf: str) -> ScaleConfig:
    """Make a scale's configuration from a recording's plan.

    Raises:
        ConfigurationInvalid: no such file, not a plan, or no such shelf in it.
    """
    path = str(plan)
    try:
        read = msgspec.json.decode(plan.read_bytes(), type=_Plan)
    except FileNotFoundError:
        raise ConfigurationInvalid(path=path, field="--plan", problem="no such file; give the path of a plan.json") from None
    except OSError as error:
        raise ConfigurationInvalid(path=path, field="--plan", problem=f"cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationInvalid(path=path, field="--plan", problem=f"not a plan: {error}") from None
    found = read.shelves.get(shelf)
    if found is None:
        there = ", ".join(sorted(read.shelves)) or "none"
        raise ConfigurationInvalid(path=path, field="--shelf", problem=f"no shelf called {shelf}; the plan has: {there}")
    if not found.counts_per_gram:
        raise ConfigurationInvalid(path=path, field=f"shelves.{shelf}.counts_per_gram", problem="must not be zero; calibrate the scale")
    try:
        return msgspec.convert(
            {
                "shelf_id": shelf,
                "adapter": "recording",
                "counts_per_gram": found.counts_per_gram,
                "tare_counts": found.tare_counts,
                "sample_rate_hz": read.sample_rate_hz,
            },
            ScaleConfig,
        )
    except msgspec.ValidationError as error:
        raise ConfigurationInvalid(path=path, field=f"shelves.{shelf}", problem=str(error)) from None


def replay_scale(trace: Path, scale: ScaleConfig, write: Callable[[str], None]) -> ReplaySummary:
    """Weigh a whole recording; `write` gets one JSON line per settled weight, without a line end.

    Raises:
        RecordingInvalid: the recording is missing or broken, with the line.
    """
    weigher = weigher_for(scale)
    started_s = time.perf_counter()
    readings = settled = last_ms = 0
    faults: list[str] = []
    for reading in _with_progress(trace):
        readings += 1
        last_ms = reading.taken_at_ms
        said = weigher.take(reading)
        if said is None:
            continue
        if isinstance(said, ScaleFault):
            if said.code not in faults:
                faults.append(said.code)
            continue
        settled += 1
        line = SettledLine(
            t_s=said.at_ms / 1000.0,
            shelf_id=scale.shelf_id,
            weight_g=round(said.weight_g, 3),
            spread_g=round(said.spread_g, 3),
            moved_at_s=None if said.moved_at_ms is None else said.moved_at_ms / 1000.0,
            temperature_c=said.temperature_c,
            drift_g=round(said.drift_g, 3),
        )
        write(_line.encode(line).decode())
    return ReplaySummary(
        readings=readings, settled=settled, faults=faults, recorded_s=last_ms / 1000.0, took_s=time.perf_counter() - started_s
    )


def _with_progress(trace: Path) -> Iterator[RawReading]:
    readings = readings_of(trace)
    if not sys.stderr.isatty() or not trace.is_file() or trace.stat().st_size < PROGRESS_FROM_BYTES:
        return readings
    guess = trace.stat().st_size // BYTES_A_READING
    return iter(track(readings, description="weighing", total=guess, console=Console(stderr=True), transient=True))

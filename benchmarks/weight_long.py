"""What a scale makes of days: a real cell's log, simulated days and nights, and what many scales cost.

    python -m benchmarks.weight_long [--data ../shared/data/shelf_weight] [--json]

The log is a real HX711 under a load that dries: nothing was taken from it, so every article said to be taken is wrong. The simulated scale
drifts with the temperature of day and night; its raw zero error is what a scale shows that follows nothing. Times are CPU times.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from edge_agent.config import ScaleConfig
from edge_agent.flows.calibrate import calibrate_from_file, calibration_numbers
from edge_agent.flows.replay_scale import replay_scale
from edge_agent.flows.scale_rules import weigher_for
from edge_agent.readings import RawReading
from edge_agent.rules.calibration_fit import FitRule
from edge_agent.rules.weighing import Settled
from store_hub.flows.infer import infer

Floats = npt.NDArray[np.float64]
LOG_PERIOD_S = 33.5
UNIT_G = (20.0, 50.0, 250.0)
GLITCH_G = 50.0
SECONDS_A_DAY = 86_400
SIMULATED_H = 72
COUNTS_PER_GRAM = 21.0
SCALES, RATE_HZ = 32, 10
CPU_MINUTES = 5


def real_log(folder: Path) -> dict[str, Any]:
    """Weigh the log, and ask the hub what was taken, for articles of several weights."""
    rows = list(csv.DictReader((folder / "logged_first_half.csv").read_text().splitlines()))
    times = [_logged_at(row) for row in rows]
    fit = calibrate_from_file(folder / "calibration.csv", FitRule())
    scale = ScaleConfig(
        shelf_id="log", adapter="recording", recording="log.csv", sample_rate_hz=1.0 / LOG_PERIOD_S, **calibration_numbers(fit)
    )
    at_s = [(at - times[0]).total_seconds() for at in times]
    raw_g = np.array([(float(row["raw"]) - fit.tare_counts) / fit.counts_per_gram for row in rows])
    settled: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        trace = Path(place) / "log.csv"
        lines = [f"{t},{row['raw']},{row['temp_c']}" for t, row in zip(at_s, rows, strict=True)]
        trace.write_text("\n".join(["t_s,raw,temperature_c", *lines]) + "\n")
        summary = replay_scale(trace, scale, settled.append)
        told_events = {f"{unit_g:g} g": _events(Path(place), settled, unit_g, raw_g[0]) for unit_g in UNIT_G}
    told = [json.loads(line) for line in settled]
    weights_g = np.array([line["weight_g"] for line in told])
    physical_g = np.array([line["weight_g"] + line["drift_g"] for line in told])
    calm_g = _median_filtered(raw_g, 9)
    truth_g = np.interp([line["t_s"] for line in told], at_s, calm_g)
    return {
        "hours": round(at_s[-1] / 3600.0, 1),
        "readings": summary.readings,
        "glitches": int(np.sum(np.abs(raw_g - calm_g) > GLITCH_G)),
        "faults": summary.faults,
        "events_told_by_article_weight": told_events,
        "loss_g": round(float(calm_g[0] - calm_g[-1]), 1),
        "loss_followed_as_drift_g": round(-told[-1]["drift_g"], 1),
        "largest_step_told_g": round(float(np.max(np.abs(np.diff(weights_g)))), 2),
        "followed_within_g": round(float(np.max(np.abs(physical_g - truth_g))), 2),
    }


def _logged_at(row: dict[str, str]) -> datetime:
    """The log writes year-day-month."""
    year, day, month = row["date"].split("-")
    return datetime.fromisoformat(f"{year}-{month}-{day}T{row['time']}+00:00")


def _median_filtered(values: Floats, width: int) -> Floats:
    padded = np.pad(values, width // 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1))


def _events(place: Path, settled: list[str], unit_g: float, first_g: float) -> int:
    plan = place / "plan.json"
    article = {"unit_weight_g": unit_g, "start_units": round(first_g / unit_g), "capacity_units": 2 * round(first_g / unit_g)}
    plan.write_text(json.dumps({"shelves": {"log": {"skus": {"article": article}}}}))
    rows: list[str] = []
    infer(plan, "log", settled, None, False, rows.append)
    return sum(1 for _ in csv.DictReader(rows))


class Days(NamedTuple):
    """A simulated scale by the reading: what lies on it, what the cell shows too much, and the counts."""

    at_ms: npt.NDArray[np.int64]
    load_g: Floats
    error_g: Floats
    raw: npt.NDArray[np.int64]
    warmth_c: Floats


def simulated_days(*, hours: int, with_shoppers: bool, seed: int) -> Iterator[Days]:
    """Hour by hour: day and night (±6 °C), a door that opens, a cell that gains 1.5 g a degree and creeps, noise and glitches."""
    chance = np.random.Generator(np.random.PCG64(seed))
    load_g, crept_g = 0.0, 0.0
    for hour in range(hours):
        at_ms = np.arange(hour * 3_600_000, (hour + 1) * 3_600_000, 1_000 // RATE_HZ, dtype=np.int64)
        at_h = at_ms / 3_600_000.0
        warmth_c = 6.0 * np.sin(2.0 * np.pi * at_h / 24.0) + 0.5 * np.sin(2.0 * np.pi * at_h / 0.8)
        loads_g = np.full(at_ms.size, load_g)
        pressed_g = np.zeros(at_ms.size)
        if with_shoppers and 7 <= hour % 24 < 22:
            for start in np.sort(chance.choice(at_ms.size - 100, 6, replace=False)):
                step_g = 250.0 * int(chance.integers(1, 4)) * (1.0 if load_g < 3_000.0 or chance.random() < 0.5 else -1.0)
                pressed_g[start : start + 20] += chance.uniform(100.0, 900.0) * np.sin(np.linspace(0.0, np.pi, 20))
                loads_g[start + 12 :] += step_g
                load_g += step_g
        creep_g = np.empty(at_ms.size)
        for part in np.array_split(np.arange(at_ms.size), 360):
            crept_g += (0.0005 * float(loads_g[part[-1]]) - crept_g) * (1.0 - np.exp(-10.0 / 600.0))
            creep_g[part] = crept_g
        error_g = 1.5 * warmth_c + creep_g
        counts = COUNTS_PER_GRAM * (loads_g + pressed_g + error_g) + chance.normal(0.0, 8.0, at_ms.size)
        counts = np.where(chance.random(at_ms.size) < 0.0003, chance.choice([-8e6, 0.0, 8e6], at_ms.size), counts)
        yield Days(at_ms, loads_g, error_g, np.rint(counts).astype(np.int64), 20.0 + warmth_c)


def day_and_night(*, hours: int, with_shoppers: bool, with_thermometer: bool = False, seed: int = 7) -> dict[str, Any]:
    """How far the told weight is from the load, beside what the raw reading is off, looked at each minute.

    The thermometer reads every two seconds, in tenths of a degree, with a noise of its own: as a DHT22 beside the shelf does.
    """
    chance = np.random.Generator(np.random.PCG64(seed + 1))
    weigher = weigher_for(ScaleConfig(shelf_id="s", counts_per_gram=COUNTS_PER_GRAM, tare_counts=0.0))
    raw_errors, told_errors, moved = [], [], 0
    weight_g = 0.0
    began = time.process_time()
    for hour in simulated_days(hours=hours, with_shoppers=with_shoppers, seed=seed):
        loads_g, errors_g = hour.load_g.tolist(), hour.error_g.tolist()
        felt_c = np.round(
            np.repeat(hour.warmth_c[:: 2 * RATE_HZ], 2 * RATE_HZ) + np.repeat(chance.normal(0.0, 0.05, 1_800), 2 * RATE_HZ), 1
        )
        warmth: list[float | None] = felt_c.tolist() if with_thermometer else [None] * len(loads_g)
        for number, (at_ms, raw) in enumerate(zip(hour.at_ms.tolist(), hour.raw.tolist(), strict=True)):
            said = weigher.take(RawReading(at_ms, raw, warmth[number]))
            if isinstance(said, Settled):
                weight_g = said.weight_g
                moved += said.moved_at_ms is not None
            if number % (60 * RATE_HZ) == 0 and loads_g[number] == loads_g[max(0, number - 5 * RATE_HZ)]:
                raw_errors.append(errors_g[number])
                told_errors.append(weight_g - loads_g[number])
    raw, told = np.array(raw_errors), np.array(told_errors)
    return {
        "hours": hours,
        "raw_error_g": {"rms": round(float(np.sqrt(np.mean(raw**2))), 2), "max": round(float(np.max(np.abs(raw))), 2)},
        "told_error_g": {"rms": round(float(np.sqrt(np.mean(told**2))), 2), "max": round(float(np.max(np.abs(told))), 2)},
        "times_smaller": {
            "rms": round(float(np.sqrt(np.mean(raw**2) / np.mean(told**2))), 1),
            "max": round(float(np.max(np.abs(raw)) / np.max(np.abs(told))), 1),
        },
        "told_after_motion": moved,
        "cpu_s": round(time.process_time() - began, 1),
    }


def cpu_share() -> dict[str, Any]:
    """What weighing costs: the readings of many scales in the order in which they come, by the time of one core."""
    hours = [next(simulated_days(hours=1, with_shoppers=True, seed=seed)) for seed in range(SCALES)]
    readings = CPU_MINUTES * 60 * RATE_HZ
    columns = [[RawReading(at, raw) for at, raw in zip(h.at_ms[:readings].tolist(), h.raw[:readings].tolist(), strict=True)] for h in hours]
    weighers = [weigher_for(ScaleConfig(shelf_id=f"s{n}", counts_per_gram=COUNTS_PER_GRAM, tare_counts=0.0)) for n in range(SCALES)]
    began = time.process_time()
    for number in range(readings):
        for weigher, column in zip(weighers, columns, strict=True):
            weigher.take(column[number])
    took_s = time.process_time() - began
    return {
        "scales": SCALES,
        "readings_a_second": RATE_HZ,
        "share_of_a_core_percent": round(100.0 * took_s / (CPU_MINUTES * 60), 2),
        "us_a_reading": round(1e6 * took_s / (readings * SCALES), 2),
    }


def main() -> int:
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data/shelf_weight")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    log = options.data / "hx711_105_hours"
    if log.is_dir():
        results["real_log"] = real_log(log)
    else:
        print(f"{log} is not there; nothing to weigh", file=sys.stderr)
    results["day_and_night_empty"] = day_and_night(hours=SIMULATED_H, with_shoppers=False)
    results["day_and_night_with_shoppers"] = day_and_night(hours=SIMULATED_H, with_shoppers=True)
    results["day_and_night_with_shoppers_and_thermometer"] = day_and_night(hours=SIMULATED_H, with_shoppers=True, with_thermometer=True)
    results["cpu"] = cpu_share()
    if options.json:
        print(json.dumps(results, indent=1))
    else:
        for name, figures in results.items():
            print(f"{name}:", *(f"  {key}: {value}" for key, value in figures.items()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

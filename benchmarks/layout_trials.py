"""A thousand simulated trials of a known effect: does the interval cover it, and is an effect claimed where there is none?

Shops differ in size and trend, share shocks of their region, and their weeks are heavy-tailed and alike from one to the next; some weeks
are missing. `python -m benchmarks.layout_trials [--runs 1000]`
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from cloud_api.rules.layout_trial import draw_switches, match_pairs, read_pairs, read_switches, size_trial

RUNS = 1000
EFFECTS = (0.0, 0.03)
BEFORE, WEEKS = 12, 5


def draw_weeks(shops: int, weeks: int, draw: np.random.Generator) -> dict[str, list[float | None]]:
    """Weekly sales of a chain before anything is changed."""
    region = draw.integers(4, size=shops)
    shared = draw.normal(0.0, 0.05, (4, weeks)) + 0.1 * np.sin(np.arange(weeks) / 52 * 2 * np.pi)
    noise = np.zeros((shops, weeks))
    for week in range(weeks):
        noise[:, week] = 0.5 * noise[:, week - 1] + 0.04 * draw.standard_t(5, shops)
    trend = np.outer(draw.normal(0.0, 0.003, shops), np.arange(weeks))
    level = draw.normal(10.0, 0.5, (shops, 1))
    sales = np.exp(level + shared[region] + trend + noise)
    known = draw.random((shops, weeks)) > 0.02
    return {
        f"shop-{shop:02d}": [float(value) if seen else None for value, seen in zip(row, there, strict=True)]
        for shop, (row, there) in enumerate(zip(sales, known, strict=True))
    }


def changed(weekly: dict[str, list[float | None]], plan: dict[str, Sequence[bool]], effect: float) -> dict[str, list[float | None]]:
    """The same weeks, had the change sold `effect` more in the weeks of the plan."""
    return {
        shop: [
            None if value is None else value * (1.0 + effect * bool(shop in plan and plan[shop][week])) for week, value in enumerate(weeks)
        ]
        for shop, weeks in weekly.items()
    }


def one_pair_trial(pairs_wanted: int, effect: float, seed: int) -> tuple[bool, bool, bool]:
    """A trial looked at every week and stopped as the rule says: (covered, claimed, claimed the true way)."""
    draw = np.random.default_rng([seed, pairs_wanted])
    weekly = draw_weeks(pairs_wanted * 2 + 4, BEFORE + WEEKS, draw)
    pairs = match_pairs({shop: weeks[:BEFORE] for shop, weeks in weekly.items()}, seed=seed)[:pairs_wanted]
    truth = changed(weekly, {shop: [week >= BEFORE for week in range(BEFORE + WEEKS)] for shop, _ in pairs}, effect)
    for week in range(1, WEEKS + 1):
        seen = {shop: weeks[: BEFORE + week] for shop, weeks in truth.items()}
        reading = read_pairs(seen, pairs, before=BEFORE, weeks=WEEKS, looks=WEEKS)
        if reading is not None and (reading.claim != "none" or reading.is_last_look):
            return reading.low <= effect <= reading.high, reading.claim != "none", reading.claim == "more"
    raise AssertionError("a trial ends at its last look")


def one_switchback(shops: int, effect: float, seed: int) -> tuple[bool, bool, bool]:
    """A switchback over ten weeks: (covered, claimed, claimed the true way)."""
    draw = np.random.default_rng([seed, 7])
    weekly = draw_weeks(shops, 10, draw)
    plan = draw_switches(sorted(weekly), 5, seed=seed)
    reading = read_switches(changed(weekly, dict(plan), effect), plan)
    assert reading is not None
    return reading.low <= effect <= reading.high, reading.claim != "none", reading.claim == "more"


def measure(runs: int = RUNS) -> dict[str, float | int | str]:
    """Coverage, claims of an effect that is not there, and claims of one that is."""
    figures: dict[str, float | int | str] = {"runs of each": runs}
    designs = {"6 pairs": (one_pair_trial, 6), "12 pairs": (one_pair_trial, 12), "8 shops to and fro": (one_switchback, 8)}
    for name, (trial, units) in designs.items():
        for effect in EFFECTS:
            found = np.array([trial(units, effect, seed) for seed in range(runs)])
            said = f"the interval covers it in {found[:, 0].mean():.1%}, an effect is claimed in {found[:, 1].mean():.1%}"
            figures[f"{name}, true effect {effect:.0%}"] = said
    promised = []
    for seed in range(20):
        weekly = draw_weeks(28, 52, np.random.default_rng(seed))
        size = size_trial(weekly, pairs=12, before=BEFORE, weeks=WEEKS, looks=WEEKS)
        assert size is not None
        promised.append(size.detectable)
    at_promise = float(np.mean(promised))
    found = np.array([one_pair_trial(12, at_promise, seed) for seed in range(runs // 2)])
    figures[f"12 pairs, effect of {at_promise:.1%} as stated beforehand (80 % promised)"] = f"found in {found[:, 2].mean():.1%}"
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    for title, value in measure(parser.parse_args().runs).items():
        print(f"{title}: {value}", flush=True)

"""Scores scale recordings against their truth: recording → edge weigher → hub belief, as the two commands do it.

    python -m benchmarks.weight_score [--data ../shared/data/shelf_weight] [--json]

An event is right when article and units are the truth's and it is told within five seconds of it. Events of one instant and article are
one event. The final error is the mean distance of the closing units from the truth, per article that lives on the shelf. `known_...` is how
soon after the hand has left a settled weight shows the touch: of every true touch, named right or not.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.weight_latency import SOON_S, known_after_s
from edge_agent.flows.replay_scale import replay_scale, scale_from_plan
from store_hub.flows.infer import closing_lines, event_lines, inferred

WITHIN_S = 5.0


class Event(NamedTuple):
    """A change of one article, true or told."""

    t_s: float
    sku: str
    units: int


class Score(NamedTuple):
    """How one shelf went."""

    shelf: str
    truths: int
    told: int
    right: int
    final_error: float
    inside: int
    articles: int
    latency_s: list[float]
    known_s: list[float]
    us_a_reading: float

    @property
    def f1(self) -> float:
        """Twice the right ones over all true and told ones."""
        return 2.0 * self.right / max(self.truths + self.told, 1)


def score_shelf(folder: Path, shelf: str) -> Score:
    """Replay one shelf and compare."""
    plan = folder / "plan.json"
    till: Path | None = folder / f"{shelf}_till.csv"
    till = till if till is not None and till.is_file() else None
    settled: list[str] = []
    summary = replay_scale(folder / f"{shelf}.csv", scale_from_plan(plan, shelf), settled.append)
    found = inferred(plan, shelf, settled, till)
    truth = _events((folder / f"{shelf}_truth.csv").read_text().splitlines())
    told = _events(list(event_lines(found)))
    pairs = _paired(truth, told)
    planned = json.loads(plan.read_text())["shelves"][shelf]
    start = {sku: int(facts["start_units"]) for sku, facts in planned["skus"].items()}
    unit_g = {sku: facts["unit_weight_g"] for sku, facts in (planned["skus"] | planned.get("elsewhere_in_store", {})).items()}
    closing = {sku: units + sum(e.units for e in truth if e.sku == sku) for sku, units in start.items()}
    finals = {row["sku"]: row for row in csv.DictReader(closing_lines(found))}
    errors = [abs(round(float(finals[sku]["units"])) - units) for sku, units in closing.items()]
    inside = sum(int(finals[sku]["low"]) <= units <= int(finals[sku]["high"]) for sku, units in closing.items())
    hands = [told_event.t_s - true_event.t_s for true_event, told_event in pairs]
    return Score(
        shelf,
        len(truth),
        len(told),
        len(pairs),
        sum(errors) / len(errors),
        inside,
        len(errors),
        hands,
        known_after_s(truth, settled, unit_g),
        1e6 * summary.took_s / max(summary.readings, 1),
    )


def _events(rows: list[str]) -> list[Event]:
    return [Event(float(row["t_s"]), row["sku"], int(row["units"])) for row in csv.DictReader(rows)]


def _paired(truth: list[Event], told: list[Event]) -> list[tuple[Event, Event]]:
    """Match each true event with the nearest told one that says the same; each told one serves once."""
    options = sorted(
        (abs(b.t_s - a.t_s), i, j)
        for i, a in enumerate(truth)
        for j, b in enumerate(told)
        if a.sku == b.sku and a.units == b.units and abs(b.t_s - a.t_s) <= WITHIN_S
    )
    used_truth: set[int] = set()
    used_told: set[int] = set()
    pairs = []
    for _, i, j in options:
        if i not in used_truth and j not in used_told:
            used_truth.add(i)
            used_told.add(j)
            pairs.append((truth[i], told[j]))
    return pairs


def summed(scores: list[Score]) -> dict[str, Any]:
    """The figures of a set of shelves together."""
    latencies = sorted(x for s in scores for x in s.latency_s)
    known = sorted(x for s in scores for x in s.known_s)
    return {
        "shelves": len(scores),
        "true_events": sum(s.truths for s in scores),
        "f1": round(2.0 * sum(s.right for s in scores) / max(sum(s.truths + s.told for s in scores), 1), 4),
        "final_error_units": round(sum(s.final_error * s.articles for s in scores) / sum(s.articles for s in scores), 3),
        "truth_inside_interval": round(sum(s.inside for s in scores) / sum(s.articles for s in scores), 3),
        "latency_median_s": round(median(latencies), 2) if latencies else None,
        "latency_p95_s": round(latencies[int(0.95 * len(latencies))], 2) if latencies else None,
        "known_median_s": round(median(known), 2),
        "known_within_2_s": round(sum(x <= SOON_S for x in known) / len(known), 4),
        "known_latest_s": round(known[-1], 1),
        "us_a_reading": round(max(s.us_a_reading for s in scores), 2),
    }


def main() -> int:
    """Score both sets of recordings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[1] / "../shared/data/shelf_weight")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for name in ("composite", "composite_hard"):
        folder = options.data / name
        if not folder.is_dir():
            print(f"{folder} is not there; nothing to score", file=sys.stderr)
            continue
        scores = [score_shelf(folder, shelf) for shelf in json.loads((folder / "plan.json").read_text())["shelves"]]
        results[name] = summed(scores)
        if not options.json:
            for score in scores:
                print(
                    f"{score.shelf:10} true {score.truths:4d}  told {score.told:4d}  right {score.right:4d}  F1 {score.f1:.3f}  "
                    f"final error {score.final_error:.2f}  inside {score.inside}/{score.articles}"
                )
            print(f"{name}: {results[name]}\n")
    if options.json:
        print(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Scores tag presence on a zone of residents with strays of the next zone, beside the simple methods and an oracle, in one run.

    python -m benchmarks.tag_score [--seeds 10] [--minutes 60] [--tags 200] [--bursts 1,1.25,1.5,2,3]

`benchmarks/tag_stories.py` says how tags are read and move. The first five minutes only warm a method up. A departure counts as false
where the tag is there, an arrival where it is not, if it did not move within the last minute. Every figure is the mean over the seeds.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.tag_peers import METHODS
from benchmarks.tag_stories import HERE, HERE_MEAN, NARROW, STRAY_MEAN, WIDE, Bools, Floats, Spread, tag_story
from edge_agent.readings import TagRead
from edge_agent.rules.tag_presence import TagPresence

FORGIVEN_S = 60
WARM_UP_S = 300
SPREADS = {spread.name: spread for spread in (WIDE, NARROW)}


class Judged(NamedTuple):
    """What one method got wrong: an hour of a tag that is there (departures, `wrong_here_s`), that is not (the others)."""

    false_departures: float
    false_arrivals: float
    wrong_here_s: float
    wrong_away_s: float
    departures_after_s: float


def judge(told: Bools, state: npt.NDArray[np.int8]) -> Judged:
    """Hold what was told, (seconds, tags), against the truth."""
    tags = told.shape[1]
    moved_at, left_at, before = np.full(tags, -(10**6)), np.full(tags, -1), told[0]
    wrong, delays = np.zeros(4), list[int]()
    hours = np.zeros(2)
    for second in range(1, len(told)):
        here, now = state[second] == HERE, told[second]
        moves = state[second] != state[second - 1]
        moved_at = np.where(moves, second, moved_at)
        left_at = np.where(moves, np.where((state[second - 1] == HERE) & before, second, -1), left_at)
        noticed = before & ~now & (left_at >= 0)
        if second >= WARM_UP_S:
            settled = second - moved_at > FORGIVEN_S
            false = [before & ~now & here & settled, now & ~before & ~here & settled, here & ~now, ~here & now]
            wrong += [count.sum() for count in false]
            hours += [here.sum() / 3600.0, (~here).sum() / 3600.0]
            delays += (second - left_at[noticed]).tolist()
        left_at, before = np.where(noticed, -1, left_at), now
    return Judged(*(wrong / hours[[0, 1, 0, 1]]), float(np.median(delays)) if delays else float("nan"))


def score(*, seeds: int, tags: int, seconds: int, burst_s: float, spread: Spread) -> dict[str, Judged]:
    """Every method over the same stories; means over the seeds."""
    runs: dict[str, list[Judged]] = {name: [] for name in METHODS}
    for seed in range(seeds):
        story = tag_story(seed, tags=tags, seconds=seconds + WARM_UP_S, burst_s=burst_s, spread=spread)
        for name, method in METHODS.items():
            runs[name].append(judge(method(story, burst_s), story.state))
    return {name: Judged(*(float(np.nanmean(column)) for column in zip(*judged, strict=True))) for name, judged in runs.items()}


def share_of_a_core(*, tags: int = 5_000, reads_per_s: int = 1_000, seconds: int = 20) -> float:
    """The CPU time that presence needs, per second of reads. The first reads of all tags come before."""
    rng = random.Random(1)
    presence = TagPresence({1: "zone", 2: "next"})
    presence.take([TagRead(0, f"{tag:024X}", 1 + tag % 2, -60.0) for tag in range(tags)], 1_000)
    times = [[s * 1000 + n * 1000 // reads_per_s for n in range(reads_per_s)] for s in range(1, seconds + 1)]
    batches = [[TagRead(at_ms, f"{rng.randrange(tags):024X}", 1 + rng.randrange(2), -60.0) for at_ms in batch] for batch in times]
    started_s = time.process_time()
    for second, batch in enumerate(batches, start=1):
        presence.take(batch, (second + 1) * 1000)
    return (time.process_time() - started_s) / seconds


def unknowable(spread: Spread, *, antennas: int, draws: int = 200_000) -> tuple[float, float]:
    """Wrong seconds an hour, here and away, of whoever knows both distributions and each tag's rates where it lies, and nothing else.

    A resident that is read as a stray may be read is taken for one, however long one looks: nobody who is not told the tags' rates one by
    one can be right more often in the mean. With two antennas, the next zone's reads are weighed too. Movement costs more on top.
    """
    rng = np.random.default_rng(1)
    here, stray = HERE_MEAN * spread.here, STRAY_MEAN * spread.stray
    own, other = rng.beta(here, spread.here - here, draws), rng.beta(stray, spread.stray - stray, draws)

    def odds(rates: Floats) -> Floats:
        """Up to a constant, which two antennas do not need and one has from the distributions' own normalisation."""
        logs: Floats = (here - stray) * np.log(rates) + (spread.here - here - spread.stray + stray) * np.log1p(-rates)
        return (
            logs
            + (math.lgamma(spread.here) - math.lgamma(here) - math.lgamma(spread.here - here))
            - (math.lgamma(spread.stray) - math.lgamma(stray) - math.lgamma(spread.stray - stray))
        )

    if antennas == 2:
        wrong = float((odds(own) < odds(other)).mean())
        return 3600.0 * wrong, 3600.0 * wrong
    return 3600.0 * float((odds(own) < 0.0).mean()), 3600.0 * float((odds(other) > 0.0).mean())


def measure() -> dict[str, float | int | str]:
    """For `make bench`: ten seeds of the scene, reads in bursts, tags that differ widely and less."""
    figures: dict[str, float | int | str] = {}
    for spread in (WIDE, NARROW):
        for name, judged in score(seeds=10, tags=200, seconds=3_600, burst_s=1.25, spread=spread).items():
            told = f"{judged.false_departures:.2f}, {judged.false_arrivals:.2f}, {judged.wrong_here_s:.0f}, {judged.wrong_away_s:.0f}"
            label = f"rates differ {spread.name}, {name}: false departures, arrivals, wrong s here, away an hour; left after"
            figures[label] = f"{told}; {judged.departures_after_s:.0f} s"
        for antennas in (1, 2):
            here_s, away_s = unknowable(spread, antennas=antennas)
            figures[f"rates differ {spread.name}, wrong s that no untold method with {antennas} antenna(s) can spare"] = (
                f"{here_s:.0f}, {away_s:.0f}"
            )
    figures["1,000 reads/s of 5,000 tags, % of a core"] = 100.0 * share_of_a_core()
    return figures


def main() -> int:
    """Print the tables, and the share of a core that a thousand reads a second need."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--tags", type=int, default=200)
    parser.add_argument("--bursts", default="1,1.25,1.5,2,3", help="burst lengths, seconds")
    parser.add_argument("--spreads", default="wide,narrow", help="how much the tags differ")
    options = parser.parse_args()
    print(f"1,000 reads/s of 5,000 tags: {100 * share_of_a_core():.1f} % of a core", flush=True)
    for spread in (SPREADS[name] for name in options.spreads.split(",")):
        for burst_s in (float(text) for text in options.bursts.split(",")):
            print(f"{spread.name} spread, bursts of {burst_s:g} s   false dep.  false arr.  wrong s here    away  left after s")
            judged = score(seeds=options.seeds, tags=options.tags, seconds=60 * options.minutes, burst_s=burst_s, spread=spread)
            for name, row in judged.items():
                print(f"  {name:34}" + "".join(f"{value:12.2f}" for value in row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

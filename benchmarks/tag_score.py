"""Scores tag presence on a zone of residents with strays of the next zone, beside the simple methods, in one run.

    python -m benchmarks.tag_score [--seeds 3] [--minutes 60] [--tags 200]

A cycle a second. Read rates are drawn per tag from Beta distributions with means 0.65 (in the zone) and 0.08 (strays); reads come in bursts
(a two-state chain with the tag's own mean). Each resident leaves once an hour in the mean, half of the leavers become strays, and strays
come back at the same rate. False departures and arrivals are counted where the tag had not left or come within the last minute.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import deque
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from edge_agent.readings import TagRead
from edge_agent.rules.tag_presence import TagArrived, TagPresence

FORGIVEN_S = 60
GONE, STRAY, HERE = 0, 1, 2


class Tag:
    """A tag's true whereabouts and when it is read."""

    def __init__(self, number: int, state: int, rng: random.Random, burst_s: float) -> None:
        self.epc = f"{number:024X}"
        self.state = state
        self.changed_at_s = -10_000
        self._rng = rng
        self._stays = 1.0 - 1.0 / burst_s
        self._rates = {GONE: 0.0, HERE: rng.betavariate(6.5, 3.5), STRAY: rng.betavariate(0.8, 9.2)}
        self._on = False

    def live(self, second: int) -> bool:
        """One second: maybe move, maybe be read."""
        rng = self._rng
        if rng.random() < 1.0 / 3600.0:
            was = self.state
            self.state = rng.choice((GONE, STRAY)) if was == HERE else HERE
            self.changed_at_s = second
        if rng.random() >= self._stays:
            self._on = rng.random() < self._rates[self.state]
        return self._on and self.state != GONE


class Judged(NamedTuple):
    """What one method got wrong."""

    false_departures: float
    false_arrivals: float
    wrong_here_s: float
    wrong_away_s: float
    departures_after_s: float


Method = Callable[[int, list[str]], list[tuple[str, bool]]]
"""From a second and the tags read in it to (tag, whether it is here now) changes."""


def windowed(window_s: int, on_at: int, off_at: int) -> Method:
    """On with `on_at` reads in the window, off with `off_at` or fewer."""
    reads: dict[str, deque[int]] = {}
    here: set[str] = set()

    def step(second: int, read: list[str]) -> list[tuple[str, bool]]:
        changes: list[tuple[str, bool]] = []
        for epc in read:
            reads.setdefault(epc, deque()).append(second)
        for epc, times in reads.items():
            while times and times[0] <= second - window_s:
                times.popleft()
            if epc not in here and len(times) >= on_at:
                here.add(epc)
                changes.append((epc, True))
            elif epc in here and len(times) <= off_at:
                here.discard(epc)
                changes.append((epc, False))
        return changes

    return step


def posterior() -> Method:
    """Ours."""
    presence = TagPresence({1: "zone"})

    def step(second: int, read: list[str]) -> list[tuple[str, bool]]:
        reads = [TagRead(second * 1000, epc, 1, -60.0) for epc in read]
        return [(event.epc, isinstance(event, TagArrived)) for event in presence.take(reads, second * 1000 + 1000)]

    return step


METHODS: dict[str, Callable[[], Method]] = {
    "ours": posterior,
    "window of 10 s": lambda: windowed(10, 1, 0),
    "on at 8 of 20, off at 4": lambda: windowed(20, 8, 4),
}


def judge(make: Callable[[], Method], *, seed: int, tags: int, seconds: int, burst_s: float) -> Judged:
    """Run one method over one story; the first five minutes only warm it up."""
    rng = random.Random(seed)
    population = {tag.epc: tag for tag in (Tag(n, HERE if n < tags else STRAY, rng, burst_s) for n in range(2 * tags))}
    method, here = make(), set[str]()
    false_departures = false_arrivals = wrong_here_s = wrong_away_s = here_s = away_s = 0
    left: dict[str, int] = {}
    delays: list[int] = []
    for second in range(seconds + 300):
        read = [epc for epc, tag in population.items() if tag.live(second)]
        for epc, arrived in method(second, read):
            tag = population[epc]
            recent = second - tag.changed_at_s <= FORGIVEN_S
            (here.add if arrived else here.discard)(epc)
            if second < 300:
                continue
            if arrived and tag.state != HERE and not recent:
                false_arrivals += 1
            if not arrived and tag.state == HERE and not recent:
                false_departures += 1
            if not arrived and tag.state != HERE and left.get(epc) != tag.changed_at_s:
                left[epc] = tag.changed_at_s
                if second - tag.changed_at_s < 600:
                    delays.append(second - tag.changed_at_s)
        if second < 300:
            continue
        for epc, tag in population.items():
            if tag.state == HERE:
                here_s += 1
                wrong_here_s += epc not in here
            else:
                away_s += 1
                wrong_away_s += epc in here
    return Judged(
        3600 * false_departures / here_s,
        3600 * false_arrivals / away_s,
        3600 * wrong_here_s / here_s,
        3600 * wrong_away_s / away_s,
        median(delays) if delays else 0.0,
    )


def main() -> int:
    """Print a table, and the share of a core that a thousand reads a second need."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--tags", type=int, default=200)
    options = parser.parse_args()
    for burst_s in (1.0001, 3.0):
        print(f"bursts of {burst_s:.0f} s, a tag-hour: false departures, false arrivals, wrong seconds here, away; departures seen after s")
        for name, make in METHODS.items():
            runs = [judge(make, seed=s, tags=options.tags, seconds=60 * options.minutes, burst_s=burst_s) for s in range(options.seeds)]
            mean = [sum(column) / len(runs) for column in zip(*runs, strict=True)]
            print(f"  {name:24}" + "".join(f"{value:9.2f}" for value in mean))
    rng = random.Random(1)
    presence = TagPresence({1: "zone"})
    started_s = time.process_time()
    for second in range(20):
        presence.take([TagRead(second * 1000 + n, f"{rng.randrange(5000):024X}", 1, -60.0) for n in range(1000)], second * 1000 + 1000)
    print(f"1,000 reads/s of 5,000 tags: {100 * (time.process_time() - started_s) / 20:.1f} % of a core")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Breaks a shop at random moments, seed after seed, and proves that nothing is lost and nothing booked twice.

The last line is the verdict; the exit code follows it. Run it with `make faults SEEDS=200`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent), str(HERE.parent.parent)]  # running_programs, and the tests' own conftest with its Mosquitto.

from cloud_under_test import CloudUnderTest  # noqa: E402  # Found only with the folders above.
from running import Outcome, run  # noqa: E402
from scenario import mutation_scenario, scenario  # noqa: E402
from seen_by_sensors import WEIGHTS  # noqa: E402

MISTAKES = ("dedupe_off", "ack_before_commit", "gap_ignored")
SKIPPED = 77


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first seed; with --seeds 1 it repeats one that was not well")
    parser.add_argument("--observations", type=int, default=20_000, help="in each seed, all devices together")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long the sensors see something, in each seed")
    parser.add_argument("--group-max", type=int, default=20, help="observations that are put together, at most")
    parser.add_argument("--weights", type=float, default=WEIGHTS, help="the share of them that are weights, which cost the hub most")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no seed later; those begun come to their end")
    parser.add_argument("--jobs", type=int, default=2, help="shops at one time")
    parser.add_argument("--keep", type=Path, help="a folder that keeps what a seed that was not well left behind")
    parser.add_argument("--mutations", choices=("too", "only", "not"), default="too", help="also try hubs with a mistake")
    return parser.parse_args()


def main() -> int:
    """Run seeds and mistakes; 0 when every seed was well and every mistake was caught."""
    told = arguments()
    if shutil.which("mosquitto") is None and not Path("/usr/sbin/mosquitto").exists():
        print("faults: NOT RUN, Mosquitto is not installed: apt-get install mosquitto")
        return SKIPPED
    began = time.monotonic()
    seeds: list[Outcome] = []
    caught: dict[str, bool] = {}
    if told.mutations != "not":
        wrong = [mutation_scenario(mistake, told.first) for mistake in MISTAKES]
        tried = in_parallel([lambda each=each: run(each, None, keep=None) for each in wrong], len(wrong))
        caught = {str(outcome.told.mistake): is_caught(outcome) for outcome in tried}
    if told.mutations != "only":
        cloud = CloudUnderTest(lookers=told.jobs)
        try:
            numbers = range(told.first, told.first + told.seeds)
            each = {"observations": told.observations, "seconds": told.seconds, "group_max": told.group_max, "weights": told.weights}
            scenarios = [scenario(seed, **each) for seed in numbers]
            late = began + told.minutes * 60
            seeds = in_parallel([lambda each=each: run(each, cloud, keep=told.keep) for each in scenarios], told.jobs, late=late)
        finally:
            cloud.close()
    return verdict(seeds, caught, time.monotonic() - began)


def in_parallel(work: list[Callable[[], Outcome]], jobs: int, *, late: float = float("inf")) -> list[Outcome]:
    """Do the work, some at a time, and tell of each as it is done. `late`: from when on none is begun, in monotonic seconds."""
    outcomes = []
    with ThreadPoolExecutor(jobs, thread_name_prefix="shop") as shops:
        for outcome in shops.map(lambda do: do() if time.monotonic() < late else None, work):
            if outcome is None:
                break
            found = outcome.findings
            print(
                f"{outcome.told.name} ({outcome.told.kind.value}): {'well' if found.is_well else 'NOT WELL'} {figures(outcome)};"
                f" {told_faults(outcome.faults)}",
                flush=True,
            )
            for word in found.told:
                print(f"    {word}", flush=True)
            outcomes.append(outcome)
    return outcomes


def figures(outcome: Outcome) -> str:
    """What was found, in numbers."""
    found = outcome.findings
    names = ("observations", "in_doubt", "forgotten", "lost", "twice", "differences")
    return " ".join(f"{name}={getattr(found, name)}" for name in names) + f" in {outcome.seconds:.0f} s"


def is_caught(outcome: Outcome) -> bool:
    """A mistake is caught by what it did to the books, not by a shop that did not come to an end."""
    return outcome.findings.observations > 0 and not outcome.findings.is_well


def told_faults(faults: Counter[str]) -> str:
    """Kinds and numbers of faults."""
    return " ".join(f"{what}={number}" for what, number in sorted(faults.items()))


def verdict(seeds: list[Outcome], caught: dict[str, bool], seconds: float) -> int:
    """Print the last line and return the exit code."""
    faults = sum((outcome.faults for outcome in seeds), Counter[str]())
    letters = faults.pop("rogue", 0)
    restored = sum(faults.pop(how, 0) for how in ("hub_restored", "hub_rebuilt"))
    ill = [outcome.told.seed for outcome in seeds if not outcome.findings.is_well]
    sums = {name: sum(getattr(outcome.findings, name) for outcome in seeds) for name in ("observations", "in_doubt", "forgotten")}
    wrong = {name: sum(getattr(outcome.findings, name) for outcome in seeds) for name in ("lost", "twice", "differences")}
    is_well = not ill and all(caught.values())
    print(f"faults by kind: {told_faults(faults)}" + (f"; seeds not well: {ill}" if ill else ""))
    print(
        f"faults: {'WELL' if is_well else 'NOT WELL'} seeds={len(seeds)} {told_faults(Counter(sums))} faults={sum(faults.values())}"
        f" letters_told_again={letters} ledgers_mended={restored} {' '.join(f'{name}={number}' for name, number in wrong.items())}"
        f" mistakes_caught={sum(caught.values())}/{len(caught)} seconds={seconds:.0f}"
    )
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())

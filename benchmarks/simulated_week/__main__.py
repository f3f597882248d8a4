"""`python -m benchmarks.simulated_week`: one table of what the hub knew in a week that went wrong, beside the truth and the goals.

    python -m benchmarks.simulated_week [--seeds 11,12,13] [--days 7] [--refill-booked 0.6] [--low-for 15] [--counts 3] [--apart]
        [--json]

Rules were tried on seeds 1 to 4; figures are told of others. `--refill-booked 1` says what could be known if staff booked every refill;
`--apart` what is known once the look-alikes on one scale have changed places as the hub's page *Accuracy* advises.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks.simulated_week.drive import COUNTS_PER_HOUR, LOW_FOR_S, Week
from benchmarks.simulated_week.plan import HABITS
from benchmarks.simulated_week.table import figures_of, show


def main() -> int:
    """Run the weeks and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=_seeds, default="11,12,13", help="whole numbers with commas between them, a week each")
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--refill-booked", type=float, default=HABITS.refill_booked, help="share of refills that staff book")
    parser.add_argument("--low-for", type=float, default=LOW_FOR_S, help="seconds for which a place must be low before it calls")
    counts = "shelves an hour that staff are asked to count, at most: 0 to 60"
    parser.add_argument("--counts", type=int, choices=range(61), metavar="N", default=COUNTS_PER_HOUR, help=counts)
    parser.add_argument("--apart", action="store_true", help="look-alikes are parted as the hub advises")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    weeks: list[Week] = []
    with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True)) as progress:
        for seed in options.seeds:
            task = progress.add_task(f"week {seed}", total=1.0)
            week = Week(
                Path(folder), seed=seed, days=options.days, refill_booked=options.refill_booked, low_for_s=options.low_for,
                counts_per_hour=options.counts, apart=options.apart,
            )  # fmt: skip
            week.run(lambda share, task=task: progress.update(task, completed=share))  # type: ignore[misc]  # Bound on purpose.
            progress.update(task, completed=1.0)
            weeks.append(week)
    figures = figures_of(weeks)
    if options.json:
        print(json.dumps([figure._asdict() for figure in figures], indent=1))
    else:
        show(figures, weeks)
    return 0


def _seeds(words: str) -> list[int]:
    try:
        return [int(word) for word in words.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{words!r}: write whole numbers with commas between them, for example 11,12") from None


if __name__ == "__main__":
    sys.exit(main())

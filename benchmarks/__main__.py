"""`make bench`: every speed figure of the project beside its peer, in one run on this machine.

Each benchmark module has `measure() -> dict[str, float | int | str]`. One that cannot run here says why; the others go on.
"""

from __future__ import annotations

import importlib
import json
import platform
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

BENCHMARKS = {
    "camera path beside session.run alone": "benchmarks.camera_path",
    "detectors beside background subtraction": "benchmarks.detector_score",
    "memory of a camera's hour": "benchmarks.camera_memory",
    "durable booking beside an empty subscriber": "benchmarks.booking",
    "an outbox, the hub and other writers": "benchmarks.booking_peers",
    "too much at once": "benchmarks.back_pressure",
    "cloud ingest beside a bare COPY": "benchmarks.cloud_ingest",
    "search for a layout beside annealing": "benchmarks.layout_search",
    "simulated trials of layouts": "benchmarks.layout_trials",
    "review of a thousand shops": "benchmarks.footfall_page",
    "tag presence beside the simple methods and an oracle": "benchmarks.tag_score",
}


def measure_all(console: Console) -> dict[str, dict[str, Any]]:
    """Run every benchmark in turn; a failing one is reported by its error and does not stop the others."""
    figures: dict[str, dict[str, Any]] = {}
    for title, module_name in BENCHMARKS.items():
        with console.status(f"{title} …"):
            try:
                figures[title] = importlib.import_module(module_name).measure()
            except Exception as error:  # noqa: BLE001  # one benchmark that cannot run here must not hide the others
                figures[title] = {"not measured": f"{type(error).__name__}: {error}"}
    return figures


def main() -> int:
    """Print a table, or JSON with `--json`; exit 1 when a benchmark could not run."""
    console = Console(stderr=True)
    figures = measure_all(console)
    if "--json" in sys.argv[1:]:
        print(json.dumps(figures, indent=1))
    else:
        table = Table("benchmark", "figure", "value", title=f"{platform.machine()}, Python {platform.python_version()}")
        for title, rows in figures.items():
            for row, (name, value) in enumerate(rows.items()):
                table.add_row(title if row == 0 else "", name, f"{value:,.3f}" if isinstance(value, float) else str(value))
        Console().print(table)
    return int(any("not measured" in rows for rows in figures.values()))


if __name__ == "__main__":
    sys.exit(main())

"""What an hour of watching does to memory: `python -m benchmarks.camera_memory`.

A film is shown again and again, two frames of each second, for an hour of its own time, through camera, detector (a small input, so that it
is quick), tracker, door lines and floor, as the live path does it. Memory is the process's resident set, and what the tracker holds.
"""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path

from benchmarks.camera_path import PETS_FILM, watcher_of
from edge_agent.adapters.camera import CameraPersonFinder, Film
from edge_agent.adapters.person_detector import PersonDetector

HOUR_S = 3_600
STEP_MS = 500
WARM_S = 600


def measure(film: Path = PETS_FILM, *, seconds: int = HOUR_S) -> dict[str, float]:
    """Resident megabytes after ten minutes and at the end of the hour, and how many people were followed in between."""
    detector = PersonDetector.load(long_side=192)
    source = Film(str(film))
    watcher = watcher_of(source.width_px, source.height_px)
    finder = CameraPersonFinder("bench", source, detector)
    newest = 0
    warm_mb = 0.0
    for number in range(1, seconds * 1000 // STEP_MS + 1):
        found = finder.next(0)
        if found is None:
            finder.close()
            finder = CameraPersonFinder("bench", Film(str(film)), detector)
            continue
        events = watcher.take(found._replace(number=number, taken_at_ms=number * STEP_MS))
        newest = max([newest, *(int(person) for told in events.people for person in told.ids)])
        if number * STEP_MS == WARM_S * 1000:
            warm_mb = _resident_mb()
    finder.close()
    end_mb = _resident_mb()
    return {"people_followed": newest, "after_ten_minutes_mb": round(warm_mb, 1), "after_an_hour_mb": round(end_mb, 1)}


def _resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    print(json.dumps(measure()))

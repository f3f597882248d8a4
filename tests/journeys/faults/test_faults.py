"""The fault suite on a few seeds; `make faults SEEDS=200` runs as many as a night allows, and hubs with a mistake that must be caught."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NOT_INSTALLED = 77

pytestmark = [pytest.mark.broker, pytest.mark.timeout(900)]


def last_line_of(*words: str) -> str:
    """Run the suite as `make faults` does, and return its verdict; skips where there is no Mosquitto."""
    done = subprocess.run([sys.executable, str(HERE), *words], capture_output=True, text=True, timeout=880, check=False)
    if done.returncode == NOT_INSTALLED:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return done.stdout.splitlines()[-1]


def test_whatever_is_killed_nothing_is_lost_and_nothing_booked_twice() -> None:
    """Twenty short seeds, of every kind; how much more a night allows is `make faults`."""
    verdict = last_line_of("--seeds", "20", "--observations", "1000", "--seconds", "2", "--jobs", "4", "--mutations", "not")
    assert verdict.startswith("faults: WELL seeds=20 ")
    assert " lost=0 twice=0 differences=0 " in verdict


def test_a_hub_with_a_mistake_is_caught_each_time() -> None:
    assert " mistakes_caught=3/3 " in last_line_of("--mutations", "only")

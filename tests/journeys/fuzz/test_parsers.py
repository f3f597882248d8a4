"""Hostile bytes: whatever reads from outside refuses them with its own error, or takes them; it never falls over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RUNS = {"letters": 4_000, "mqtt": 4_000, "outbox": 60, "files": 4_000, "llrp": 6_000, "epcis": 4_000}


@pytest.mark.parametrize("name", RUNS)
def test_a_parser_refuses_and_never_falls_over(name: str) -> None:
    words = [sys.executable, str(HERE / "parsers_under_fuzz.py"), name, "--runs", str(RUNS[name])]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

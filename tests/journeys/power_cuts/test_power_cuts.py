"""Power cuts: whatever was written and not synced may be on the disk, or half of it, or none; what was acknowledged is there.

A library loaded before the C library keeps a copy of each file as of its last sync. At a cut the disk is that copy, and of all sectors that
differ from it a random part, as a drive may have got round to them in any order.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.adapters.outbox import Outbox
from store_hub.adapters.clock import HubClock
from store_hub.errors import LedgerUnusable
from store_hub.flows.found import found_ledger
from store_hub.flows.verify import verify
from wire_format import codec

HERE = Path(__file__).parent
PLANOGRAM = HERE.parents[2] / "demo" / "planogram.json"
SECTOR_BYTES = 512
CUTS = 6


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library; skips where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler here to build the library that remembers what was synced")
    library = tmp_path_factory.mktemp("shim") / "remember_synced.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, HERE / "remember_synced.c", "-ldl", "-pthread"], check=True)
    return library


class CutPower:
    """A disk, and a writer on it that loses its power again and again."""

    def __init__(self, folder: Path, shim: Path, chance: random.Random) -> None:
        self.disk, self._synced = folder / "disk", folder / "synced"
        self.disk.mkdir()
        self._synced.mkdir()
        self._shim, self._chance = shim, chance

    def run(self, what: str, file: str, first: int) -> list[str]:
        """Let it write for a while, cut its power, and return what it had been promised."""
        environment = os.environ | {
            "LD_PRELOAD": str(self._shim), "POWER_CUT_DISK": str(self.disk), "POWER_CUT_SYNCED": str(self._synced),
        }  # fmt: skip
        for path in self.disk.iterdir():
            shutil.copy(path, self._synced)  # What is there at the start is safe.
        words = [sys.executable, str(HERE / "writer.py"), what, str(self.disk / file), str(first)]
        writer = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        promises = [writer.stdout.readline()]
        time.sleep(self._chance.uniform(0.05, 0.4))
        os.kill(writer.pid, signal.SIGKILL)
        promises += writer.stdout.readlines()
        writer.wait()
        assert promises[0], "the writer did not begin"
        self._lose_what_was_not_synced()
        return [line.strip() for line in promises if line.endswith("\n")]

    def _lose_what_was_not_synced(self) -> None:
        for path in list(self.disk.iterdir()):
            synced = self._synced / path.name
            if path.name.endswith("-shm") or not synced.exists():
                path.unlink()
                continue
            path.write_bytes(self._part(synced.read_bytes(), path.read_bytes()))
        for lost in self._synced.iterdir():
            lost.unlink()

    def _part(self, synced: bytes, written: bytes) -> bytes:
        """Of the sectors that differ, each has reached the disk or not; and the file is as long as one or the other."""
        share = self._chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        length = self._chance.choice((len(synced), len(written)))
        part = bytearray(synced.ljust(length, b"\0")[:length])
        for at in range(0, length, SECTOR_BYTES):
            if self._chance.random() < share:
                sector = written[at : min(at + SECTOR_BYTES, length)]
                part[at : at + len(sector)] = sector
        return bytes(part)


def lost_of_outbox(power: CutPower, what: str, cuts: int) -> int:
    """How many observations are missing that an outbox had acknowledged; its numbers must never run backwards."""
    promised, numbered = 0, 0
    for _ in range(cuts):
        for line in power.run(what, "outbox.sqlite", promised + 1):
            if line.startswith("numbered"):
                numbered = int(line.split()[1])
            else:
                promised = int(line)
        box = Outbox(power.disk / "outbox.sqlite", capacity=100_000)
        assert box.set_aside is None or what.startswith("careless")
        there = {codec.observations.decode(letter.payload).monotonic_ms for letter in box.take(0, 100_000)}
        told = box.last_sequence
        box.close()
        if missing := len(set(range(1, promised + 1)) - there):
            return missing
        assert told >= numbered
        promised = max(there)  # One more may be there than was said.
    return 0


def lost_of_ledger(power: CutPower, what: str, cuts: int) -> int:
    """How many letters are missing that a ledger had booked; and it can always be trusted."""
    path = power.disk / "ledger.sqlite"
    found_ledger(path, PLANOGRAM, store_id=None, clock=HubClock())
    booked = 0
    for _ in range(cuts):
        promised = int(power.run(what, path.name, booked + 1)[-1])
        problems = problems_of(path)
        if problems and what.startswith("careless"):
            return promised
        assert not problems
        booked = booked_through(path)
        if booked < promised:
            return promised - booked
    return 0


def problems_of(path: Path) -> list[str]:
    """Why the ledger cannot be trusted."""
    try:
        return [str(verdict) for verdict in verify(path, progress=lambda done, total: None) if not verdict.is_well]
    except LedgerUnusable as error:
        return [str(error)]


def booked_through(path: Path) -> int:
    """What the ledger says."""
    with closing(sqlite3.connect(path)) as ledger:
        return int(ledger.execute("SELECT booked_through FROM outboxes").fetchone()[0])


@pytest.mark.parametrize("lost_of", [lost_of_outbox, lost_of_ledger])
@pytest.mark.parametrize("seed", range(2))
def test_a_power_cut_loses_nothing_that_was_acknowledged(
    tmp_path: Path, shim: Path, lost_of: Callable[[CutPower, str, int], int], seed: int
) -> None:
    what = lost_of.__name__.removeprefix("lost_of_")
    assert lost_of(CutPower(tmp_path, shim, random.Random(seed)), what, CUTS) == 0


@pytest.mark.parametrize("lost_of", [lost_of_outbox, lost_of_ledger])
def test_a_program_that_does_not_wait_for_the_disk_is_found_out(
    tmp_path: Path, shim: Path, lost_of: Callable[[CutPower, str, int], int]
) -> None:
    what = "careless-" + lost_of.__name__.removeprefix("lost_of_")
    assert lost_of(CutPower(tmp_path, shim, random.Random(0)), what, CUTS) > 0

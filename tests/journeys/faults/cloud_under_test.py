"""The chain's cloud with its PostgreSQL, real processes both: one for all seeds, each of which is a store of its own."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nursery
import psycopg
from conftest import find_free_port
from running_programs import Program, wait_until

from cloud_api.adapters.embedded_postgres import EmbeddedPostgres
from cloud_api.errors import RecordsUnusable

TOKEN = "the-faults-need-a-long-token"
READY_WITHIN_S = 240.0
RECORDS_WITHIN_S = 120.0
MEMORY, MEMORY_BYTES = Path("/dev/shm"), 4 << 30
PR_SET_CHILD_SUBREAPER = 36
"""As Linux's <sys/prctl.h> says."""


class CloudUnderTest:
    """Safe from several threads. A thing that is up is not started again, one that is down not stopped again.

    Args:
        lookers: shops that may run at one time.
    """

    def __init__(self, *, lookers: int = 2) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="aislewise-faults-cloud-", dir=_memory())  # Not pytest's: whose is PostgreSQL?
        self.folder = Path(self._folder.name)
        self.port: int = find_free_port()
        self._database = EmbeddedPostgres(self.folder / "records")
        self._lock = threading.RLock()
        self._one_restoring = threading.Lock()
        self._program: Program | None = None
        self._lookers = lookers
        self._looking = threading.BoundedSemaphore(lookers)
        _adopt_orphans()
        self.url = self._database.start()
        (self.folder / "cloud.token").write_text(TOKEN, encoding="utf-8")
        (self.folder / "cloud.toml").write_text(f'[listen]\nport = {self.port}\n[database]\nurl = "{self.url}"\n', encoding="utf-8")
        self.up()
        assert self._program is not None
        self._program.wait_ready(f"http://127.0.0.1:{self.port}/health/ready", within_s=READY_WITHIN_S)

    def up(self) -> None:
        """Start the program, if it does not run."""
        with self._lock:
            if self._program is None or not self._program.is_running:
                self._program = Program(
                    "cloud-api", ["run", "--config", "cloud.toml", "--demo-token", TOKEN], self.folder, start=nursery.start
                )

    def revive(self) -> None:
        """Start it again where it ended by itself, as systemd does: it may have looked for its records while those were dead."""
        with self._lock:
            if self._program is not None:
                self.up()

    def stop(self) -> None:
        """Stop the program orderly."""
        with self._lock:
            program, self._program = self._program, None
            if program is not None:
                program.stop()

    def kill(self) -> None:
        """Kill the program."""
        with self._lock:
            program, self._program = self._program, None
            if program is not None:
                program.kill()

    def kill_records(self) -> None:
        """Kill PostgreSQL, all of its processes, in the midst of what it does, and start it again."""
        with self._lock:
            postmaster = self._postmaster()
            os.kill(postmaster, signal.SIGSTOP)  # It starts no more children while they are counted.
            processes = [postmaster, *_children(postmaster)]
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            wait_until(lambda: not any(map(_is_there, processes)), within_s=RECORDS_WITHIN_S, what="PostgreSQL is dead")
            wait_until(self._records_start, within_s=RECORDS_WITHIN_S, what="PostgreSQL starts again")

    def _postmaster(self) -> int:
        return int((self.folder / "records" / "postmaster.pid").read_text().split()[0])

    def keep(self) -> None:
        """Keep a copy of the records, as a backup of last week."""
        with self._lock:
            self._replace_files(self.folder / "records", self.folder / "records.kept")

    def restore(self) -> None:
        """Put the copy that was kept in the place of the records. Nobody looks at them meanwhile."""
        with self._one_restoring, self._all_looking(), self._lock:  # Whoever looks may need the last of these.
            self._replace_files(self.folder / "records.kept", self.folder / "records")

    def _replace_files(self, source: Path, target: Path) -> None:
        was_up = self._program is not None
        self.stop()
        postmaster = self._postmaster()
        self._database.stop()
        wait_until(lambda: not _is_there(postmaster), within_s=RECORDS_WITHIN_S, what="PostgreSQL has stopped")
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", str(source), str(target)], check=True)  # With its owner: PostgreSQL may run as another user.
        wait_until(self._records_start, within_s=RECORDS_WITHIN_S, what="PostgreSQL starts again")
        if was_up:
            self.up()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """While somebody looks whether all is told and right, the records are not set back."""
        with self._looking:
            yield

    @contextmanager
    def _all_looking(self) -> Iterator[None]:
        for _ in range(self._lookers):
            self._looking.acquire()
        try:
            yield
        finally:
            for _ in range(self._lookers):
                self._looking.release()

    def _records_start(self) -> bool:
        try:
            self._database.start()
        except RecordsUnusable:  # Its children need a moment to notice.
            return False
        return True

    @contextmanager
    def records(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection of the checker's own, while which nobody kills PostgreSQL."""
        with self._lock, psycopg.connect(self.url.replace("+psycopg", "")) as connection:
            yield connection

    def has_booked(self, store_id: str, ledger_id: str) -> int:
        """How many of a ledger's facts the cloud has booked."""
        with self.records() as records:
            row = records.execute(
                "SELECT booked_through FROM ledgers WHERE store_id = %s AND ledger_id = %s", (store_id, ledger_id)
            ).fetchone()
        return 0 if row is None else int(row[0])

    def close(self) -> None:
        """End both, and remove what they kept."""
        self.kill()
        self._database.stop()
        self._folder.cleanup()


def _memory() -> Path | None:
    """A folder in memory with room enough, if there is one. A killed program loses as little there, and nobody waits for a disk."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES else None


def _children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _is_there(process: int) -> bool:
    """Whether it runs, or its end has not been heard by whoever it is the child of: PostgreSQL takes either for a server that runs."""
    with suppress(ChildProcessError):
        os.waitpid(process, os.WNOHANG)
    return Path(f"/proc/{process}").exists()


def _adopt_orphans() -> None:
    """Be the parent of whatever a program of ours leaves running, such as PostgreSQL, so as to hear of its end at once."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

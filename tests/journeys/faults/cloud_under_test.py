"""The chain's cloud with its PostgreSQL, real processes both: one for all seeds, each of which is a store of its own."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from pathlib import Path
from typing import Any

import psycopg
from conftest import find_free_port
from running_programs import Program, wait_until

from cloud_api.adapters.embedded_postgres import EmbeddedPostgres
from cloud_api.errors import RecordsUnusable

TOKEN = "the-faults-need-a-long-token"
RECORDS_WITHIN_S = 30.0


class CloudUnderTest:
    """Safe from several threads. A thing that is up is not started again, one that is down not stopped again."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="aislewise-faults-cloud-")  # Not pytest's: PostgreSQL may run as another user.
        self.folder = Path(self._folder.name)
        self.port: int = find_free_port()
        self._database = EmbeddedPostgres(self.folder / "records")
        self._lock = threading.RLock()
        self._program: Program | None = None
        self.url = self._database.start()
        (self.folder / "cloud.token").write_text(TOKEN, encoding="utf-8")
        (self.folder / "cloud.toml").write_text(f'[listen]\nport = {self.port}\n[database]\nurl = "{self.url}"\n', encoding="utf-8")
        self.up()
        assert self._program is not None
        self._program.wait_ready(f"http://127.0.0.1:{self.port}/health/ready")

    def up(self) -> None:
        """Start the program, if it does not run: it may also have ended by itself, for want of its records."""
        with self._lock:
            if self._program is None or not self._program.is_running:
                self._program = Program("cloud-api", ["run", "--config", "cloud.toml", "--demo-token", TOKEN], self.folder)

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
        """Kill PostgreSQL in the midst of what it does, and start it again."""
        with self._lock:
            postmaster = int((self.folder / "records" / "postmaster.pid").read_text().split()[0])
            os.kill(postmaster, signal.SIGKILL)
            wait_until(lambda: not _is_there(postmaster), within_s=RECORDS_WITHIN_S, what="PostgreSQL is dead")
            wait_until(self._records_start, within_s=RECORDS_WITHIN_S, what="PostgreSQL starts again")

    def _records_start(self) -> bool:
        try:
            self._database.start()
        except RecordsUnusable:  # Its children need a moment to notice.
            return False
        return True

    def records(self) -> psycopg.Connection[Any]:
        """A connection of the checker's own."""
        return psycopg.connect(self.url.replace("+psycopg", ""))

    def close(self) -> None:
        """End both, and remove what they kept."""
        self.kill()
        self._database.stop()
        self._folder.cleanup()


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True

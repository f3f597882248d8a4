"""Starts the three programs as their users do: as processes with files, told apart by their exit codes and logs."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

STOP_WITHIN_S = 60.0
WITHIN_S = 120.0
"""What must come may do so late on a machine that does much else."""
"""Far more than a program needs, but not more than a machine that does much else may take."""


POLL_S = 0.04


class Process(Protocol):
    """What is asked of `subprocess.Popen`."""

    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...


def start_afresh(name: str, arguments: list[str], folder: Path, log: Path) -> Process:
    """Start a program as its users do, in a folder. `log`: is added to."""
    program = str(Path(sys.executable).parent / name)
    with log.open("ab") as file:
        return subprocess.Popen(
            [program, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=os.environ | {"NO_COLOR": "1"}
        )


class Program:
    """A running program of ours, with its log kept.

    Args:
        log_name: of its log, where the program's own would not tell it apart.
        start: how.
    """

    def __init__(
        self,
        name: str,
        arguments: list[str],
        folder: Path,
        *,
        log_name: str | None = None,
        start: Callable[[str, list[str], Path, Path], Process] = start_afresh,
    ) -> None:
        self.name = log_name or name
        self.log_path = folder / f"{self.name}.log"
        self._process = start(name, arguments, folder, self.log_path)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def log(self) -> str:
        """All it has said so far."""
        return self.log_path.read_text(errors="replace")

    def wait_ready(self, url: str, *, within_s: float = WITHIN_S) -> None:
        """Wait until it answers 200 there."""

        def is_ready() -> bool:
            assert self._process.poll() is None, f"{self.name} ended: {self.log[-3000:]}"
            return answers_ok(url)

        wait_until(is_ready, within_s=within_s, what=f"{self.name} at {url}: {self.log[-3000:]}")

    def wait_end(self, *, within_s: float = WITHIN_S) -> int:
        """Wait until it ends by itself, and return its exit code."""
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {within_s} s: {self.log[-3000:]}") from None

    def stop(self) -> int:
        """Ask it to stop, and return its exit code; kill it after a while."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {STOP_WITHIN_S} s: {self.log[-3000:]}") from None

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(60)


def answers_ok(url: str) -> bool:
    """Whether somebody answers 200 there. By the plainest of clients: others read all certificates of the machine at each asking."""
    place = urlsplit(url)
    asked = http.client.HTTPConnection(place.netloc, timeout=2.0)
    try:
        asked.request("GET", place.path)
        return asked.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


def wait_until(is_so: Callable[[], bool], *, within_s: float = WITHIN_S, what: str) -> None:
    """Poll until something is so, or fail and say what was waited for."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(POLL_S)

"""What systemd hears of a program: over a real socket, and from a real hub."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service_manager import ServiceManager


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60.0)
        yield listener


def test_a_program_says_that_it_is_ready_that_it_lives_and_that_it_ends(systemd: socket.socket, tmp_path: Path) -> None:
    now = [100.0]
    manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "8000000"}, clock=lambda: now[0])
    manager.ready()
    for now[0] in (100.0, 100.5, 101.0, 102.0, 103.9, 104.0):
        manager.alive()
    manager.stopping()
    heard = [systemd.recv(100).decode() for _ in range(5)]
    assert heard == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


def test_a_child_of_the_watched_process_is_not_watched(systemd: socket.socket, tmp_path: Path) -> None:
    other = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "8000000", "WATCHDOG_PID": str(os.getpid() + 1)}
    ServiceManager(other).alive()
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(100)


def test_nothing_is_said_by_a_program_that_was_started_by_hand(tmp_path: Path) -> None:
    ServiceManager({}).ready()
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()


def test_a_hub_says_when_it_is_open_and_when_it_goes(systemd: socket.socket, tmp_path: Path, repository: Path, free_port: int) -> None:
    ledger = str(tmp_path / "ledger.sqlite")
    program = [sys.executable, "-m", "store_hub"]
    subprocess.run([*program, "init", "--planogram", "demo/planogram.json", "--ledger", ledger], cwd=repository, check=True, timeout=60)
    environment = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}
    run = [*program, "run", "--ledger", ledger, "--port", str(free_port)]
    with subprocess.Popen(run, cwd=repository, env=environment, stderr=subprocess.DEVNULL) as hub:
        assert systemd.recv(100) == b"READY=1"
        assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        hub.terminate()
        heard = b""
        while heard != b"STOPPING=1":
            heard = systemd.recv(100)
        assert hub.wait(timeout=30) in {0, 143}

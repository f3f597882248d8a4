"""`make demo` as a newcomer meets it: first figures within a minute, a clean stop, and a second start that goes on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIRST_FIGURES_WITHIN_S = 60.0
STOPS_WITHIN_S = 10.0  # Each program stops within 5 s; the machine that tests may be busy.


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def demo(state: Path, ports: list[int]) -> Iterator[subprocess.Popen[bytes]]:
    names = ("BROKER_PORT", "HUB_PORT", "CLOUD_PORT")
    environment = {**os.environ, **{name: str(port) for name, port in zip(names, ports, strict=True)}}
    command = [sys.executable, "-m", "demo", "--state", str(state), "--catch-up", "0.2"]
    with (state.parent / "demo.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(60)


def page(port: int, path: str) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2.0) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def wait_for(what: str, holds: Callable[[], bool], process: subprocess.Popen[bytes], state: Path, within_s: float) -> float:
    """Poll until something holds; returns how long that took."""
    began = time.monotonic()
    while not holds():
        tail = (state.parent / "demo.log").read_text(encoding="utf-8", errors="replace")[-3000:]
        assert process.poll() is None, f"the demo ended by itself:\n{tail}"
        assert time.monotonic() - began < within_s, f"{what}: not within {within_s:.0f} s\n{tail}"
        time.sleep(0.25)
    return time.monotonic() - began


def stop(process: subprocess.Popen[bytes]) -> float:
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(STOPS_WITHIN_S)
    return time.monotonic() - began


def listening(ports: list[int]) -> list[int]:
    taken = []
    for port in ports:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                taken.append(port)
    return taken


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own folder: PostgreSQL steps down from root, and pytest shuts its folders for others whenever a session starts."""
    with tempfile.TemporaryDirectory(prefix="aislewise-demo-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def test_the_demo_shows_figures_within_a_minute_stops_cleanly_and_goes_on(folder: Path) -> None:
    state, ports = folder / "state", free_ports(3)
    _, hub, cloud = ports

    def weighed() -> bool:
        return "aislewise" in page(hub, "/metrics") and bool(page(hub, "/shelves")) and bool(page(cloud, "/"))

    with demo(state, ports) as process:
        took_s = wait_for("pages of hub and cloud", weighed, process, state, FIRST_FIGURES_WITHIN_S)
        snapshot = state / "shop" / "shop.json"
        wait_for("a snapshot of the shop", snapshot.exists, process, state, 30.0)
        stopped_s = stop(process)
    assert process.returncode == 130
    assert not listening(ports), "a server outlived the demo"
    kept = json.loads(snapshot.read_text(encoding="utf-8"))
    assert kept["clean"] is True
    ledger = (state / "ledger.sqlite").stat().st_ino
    with demo(state, ports) as process:
        again_s = wait_for("pages at the second start", weighed, process, state, FIRST_FIGURES_WITHIN_S)
        stop(process)
    truth = [json.loads(line)["at_ms"] for line in (state / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    print(f"first pages after {took_s:.1f} s, stopped in {stopped_s:.1f} s, again after {again_s:.1f} s")
    assert (state / "ledger.sqlite").stat().st_ino == ledger
    assert truth == sorted(truth), "the second start must go on with the story, not tell it again"
    assert json.loads(snapshot.read_text(encoding="utf-8"))["shop"]["now_ms"] > kept["shop"]["now_ms"]
    assert not listening(ports)

"""Starts programs by forking a process that has loaded their code: each is a process of its own that can be killed, and up in a moment.

Most of a short shop's time went into loading the same modules again at each start. What a program does after that is the same. The nursery
has one thread and has run nothing, so a program finds all as after its own imports; only chance is seeded anew in each.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

LOADED = (
    "store_hub.__main__", "store_hub.serving", "store_hub.dashboard.pages", "store_hub.flows.verify", "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto", "uvicorn.lifespan.on", "edge_agent.assemble", "cloud_api.__main__", "cloud_api.assemble",
)  # fmt: skip
LOADED_WITHIN_S = 240.0
ENDED_WITHIN_S = 30.0


class Child:
    """What `subprocess.Popen` would be."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """How it ended; None while it runs. Until this has told, its number belongs to nobody else."""
        if self._code is None:
            self._code = self._nursery.ask({"poll": self.pid})["code"]
        return self._code

    def wait(self, timeout: float) -> int:
        """Wait until it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not, after so many seconds.
        """
        if self.poll() is None:
            end = os.pidfd_open(self.pid)
            try:
                has_ended, _, _ = select.select([end], [], [], timeout)
            finally:
                os.close(end)
            if not has_ended or self.poll() is None:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
        assert self._code is not None
        return self._code

    def send_signal(self, number: int) -> None:
        """Signal it, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, if it runs."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks; it ends, with all that it has started, when this one does. Safe from several threads."""

    def __init__(self) -> None:
        ours, its = socket.socketpair()
        environment = os.environ | {"NO_COLOR": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen([sys.executable, __file__, str(its.fileno())], pass_fds=[its.fileno()], env=environment)
        its.close()
        ours.settimeout(LOADED_WITHIN_S)
        self._socket = ours
        self._line = ours.makefile("rw", encoding="utf-8")
        self._lock = threading.Lock()

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Have an order done."""
        with self._lock:
            self._line.write(json.dumps(order) + "\n")
            self._line.flush()
            answer: dict[str, Any] = json.loads(self._line.readline())
        return answer

    def close(self) -> None:
        """End it, with all that it has started."""
        self._line.close()
        self._socket.close()
        self._process.wait(ENDED_WITHIN_S)


@functools.cache
def _nursery() -> Nursery:
    nursery = Nursery()
    atexit.register(nursery.close)
    return nursery


def start(name: str, arguments: list[str], folder: Path, log: Path) -> Child:
    """Start a program of ours by its name, or `python` with a script, in a folder. `log`: is added to."""
    nursery = _nursery()
    log.touch()
    return Child(nursery, int(nursery.ask({"start": [name, *arguments], "folder": str(folder), "log": str(log)})["pid"]))


# ---- in the nursery


def serve(line: socket.socket) -> dict[str, Any] | None:
    """Do what is asked until nobody asks any more; in a child that was forked, return what it is to be."""
    children: set[int] = set()
    with line.makefile("rw", encoding="utf-8") as asked:
        while word := asked.readline():
            order: dict[str, Any] = json.loads(word)
            if "start" in order:
                pid = os.fork()
                if pid == 0:
                    return order
                children.add(pid)
                answer: dict[str, Any] = {"pid": pid}
            else:
                ended, status = os.waitpid(order["poll"], os.WNOHANG)
                children.discard(ended)
                answer = {"code": os.waitstatus_to_exitcode(status) if ended else None}
            asked.write(json.dumps(answer) + "\n")
            asked.flush()
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return None


def become(order: dict[str, Any]) -> None:
    """Be the program."""
    random.seed()
    os.chdir(order["folder"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, source in enumerate((nothing, log, log)):
        os.dup2(source, number)
    os.close(nothing)
    os.close(log)
    name, *arguments = order["start"]
    if name == "python":
        sys.argv, sys.path[0] = arguments, str(Path(arguments[0]).parent)
        runpy.run_path(arguments[0], run_name="__main__")
    else:
        sys.argv = [name, *arguments]
        importlib.import_module(f"{name.replace('-', '_')}.__main__").main()


def main() -> None:
    """Load, then serve; a child goes on from here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Whoever asks is interrupted too, and then asks no more.
    line = socket.socket(fileno=int(sys.argv[1]))
    for name in LOADED:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a thread does not come along into a child"
    gc.freeze()
    order = serve(line)
    if order is not None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        become(order)


if __name__ == "__main__":
    main()

"""How Ctrl-C and SIGTERM end the hub."""

from __future__ import annotations

import signal
from collections.abc import Callable

import uvicorn


def stop_on_signals(server: uvicorn.Server) -> Callable[[], bool]:
    """The web server stops on both signals and then raises them again: here they leave a note, so that the rest can stop too.

    A signal may come before the server listens to it: it must not be lost, or the hub would run on for ever.
    """
    seen: list[int] = []

    def note(number: int, _frame: object) -> None:
        seen.append(number)
        server.should_exit = True

    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGTERM, note)
    return lambda: signal.SIGINT in seen

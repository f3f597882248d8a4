"""How Ctrl-C and SIGTERM end a command: once politely, twice at once."""

from __future__ import annotations

import signal
import threading

import typer

INTERRUPTED = 130
"""The exit code of a program that Ctrl-C ended."""


class StopSignal(threading.Event):
    """Set by Ctrl-C or SIGTERM; a second Ctrl-C ends the program at once."""

    interrupted = False

    def exit_if_interrupted(self) -> None:
        """A program that Ctrl-C ended says so by its exit code."""
        if self.interrupted:
            raise typer.Exit(INTERRUPTED)


def stop_on_signals() -> StopSignal:
    """An event that Ctrl-C and SIGTERM set."""
    stop = StopSignal()

    def on_signal(number: int, _frame: object) -> None:
        stop.interrupted = number == signal.SIGINT
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop.set()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    return stop

"""Keeps a part of the agent running: one named thread, restarted with back-off when the part fails, its trouble on the fault board."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Literal

import structlog

from edge_agent.errors import ConfigurationInvalid, EdgeError, RecordingInvalid
from edge_agent.flows.fault_board import FaultBoard

RESTART_FIRST_S = 1.0
RESTART_MAX_S = 60.0
STEADY_S = 10.0

log = structlog.get_logger("edge_agent.tending")


class TendedThread:
    """Runs `work` until it returns by itself (a recording that ended) or is told to stop.

    Args:
        part: what a user calls it: "scale shelf-1". Names the thread and the faults.
        work: opens the sensor, runs the flow and closes the sensor; called anew after each failure.
        stop: set once, for the whole agent.
        faults: where failures are told; cleared once the part has run for `STEADY_S`.
    """

    def __init__(
        self,
        part: str,
        work: Callable[[threading.Event], None],
        *,
        stop: threading.Event,
        faults: FaultBoard,
        restart_first_s: float = RESTART_FIRST_S,
    ) -> None:
        self.part = part
        self.state: Literal["new", "running", "waiting", "ended", "failed"] = "new"
        self._work = work
        self._stop = stop
        self._faults = faults
        self._restart_first_s = restart_first_s
        self._began = time.monotonic()
        self._codes: set[str] = set()
        self._thread = threading.Thread(target=self._tend, name=part, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; whether it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def is_over(self) -> bool:
        """Whether it ended by itself, or failed in a way that trying again cannot heal."""
        return self.state in ("ended", "failed")

    def look(self) -> None:
        """Clear the faults of a part that has been running steadily. Called every second or so."""
        if self._codes and self.state == "running" and time.monotonic() - self._began > STEADY_S:
            self._clear()

    def _tend(self) -> None:
        delay_s = self._restart_first_s
        while not self._stop.is_set():
            self._began, self.state = time.monotonic(), "running"
            if self._is_done_after_one_run():
                return
            if time.monotonic() - self._began > STEADY_S:
                delay_s = self._restart_first_s
            self.state = "waiting"
            self._stop.wait(delay_s * random.uniform(0.75, 1.25))
            delay_s = min(2 * delay_s, RESTART_MAX_S)
        self.state = "ended"

    def _is_done_after_one_run(self) -> bool:
        try:
            self._work(self._stop)
        except (ConfigurationInvalid, RecordingInvalid) as error:  # The same file will say the same again.
            self._raise(error.__class__.__name__, str(error), "correct the file, then restart the agent")
            self.state = "failed"
        except EdgeError as error:
            advice = getattr(error, "advice", "")
            self._raise(error.__class__.__name__, getattr(error, "problem", str(error)), advice)
        except Exception as error:
            log.exception("a flow crashed", part=self.part)
            self._raise("Crashed", f"{type(error).__name__}: {error}", "it is started again by itself; report it with the log")
        else:
            self._clear()
            self.state = "ended"
        return self.is_over

    def _raise(self, error_name: str, message: str, advice: str) -> None:
        code = "".join("_" + letter.lower() if letter.isupper() else letter for letter in error_name).lstrip("_")
        self._codes.add(code)
        self._faults.raise_fault(self.part, code, message, advice)

    def _clear(self) -> None:
        for code in self._codes:
            self._faults.clear(self.part, code)
        self._codes = set()

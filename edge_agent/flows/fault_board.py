"""What is not well at this device, by part: raised by flows, carried by the health message, cleared when it is well again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from wire_format.observations import Fault

FAULTS_MAX = 100
"""A device has tens of parts. More open faults than this say nothing new, and the health message must stay small."""

log = structlog.get_logger("edge_agent.faults")


class FaultBoard:
    """Thread-safe. The same part and code is one fault, however often it is raised; `since_ms` is when it first was.

    Args:
        wall_ms: the device's wall clock.
    """

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._faults: dict[tuple[str, str], Fault] = {}
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self.left_out = 0

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener`, from whichever thread, when a fault appears or goes."""
        self._listeners.append(listener)

    def raise_fault(self, part: str, code: str, message: str, advice: str = "") -> None:
        """Say that something is not well. Raising it again renews its text and keeps its beginning.

        An error's own text begins with its part and ends with its advice; the board, which holds both beside it, says them once.
        """
        key = (part, code)
        message = message.removeprefix(f"{part}: ")
        message = message.removesuffix(f"; {advice}") if advice else message
        with self._lock:
            known = self._faults.get(key)
            if known is None and len(self._faults) >= FAULTS_MAX:
                self.left_out += 1
                return
            since_ms = known.since_ms if known is not None else self._wall_ms()
            self._faults[key] = Fault(part=part, code=code, message=message, advice=advice, since_ms=since_ms)
        if known is None:
            log.warning("fault", part=part, code=code, message=message, advice=advice)
            self._tell()

    def clear(self, part: str, code: str) -> None:
        """Say that it is well again; nothing happens when it was not raised."""
        with self._lock:
            known = self._faults.pop((part, code), None)
        if known is not None:
            log.info("fault cleared", part=part, code=code)
            self._tell()

    def current(self) -> list[Fault]:
        """What is not well now, oldest first."""
        with self._lock:
            return sorted(self._faults.values(), key=lambda fault: (fault.since_ms or 0, fault.part, fault.code))

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

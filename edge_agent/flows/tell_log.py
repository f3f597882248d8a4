"""Tells the hub the last lines of the log, when somebody there wants to read them."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.adapters.clock import AgentClock
from edge_agent.log_memory import LOG_MEMORY, LogMemory
from wire_format.device_log import LogTold, LogWanted
from wire_format.observations import Observation

ANSWER_CHARACTERS_MAX = 60_000


class TellLog:
    """Answers each request once.

    Args:
        device_id: who speaks.
        record: where observations go.
        clock: the agent's.
        memory: whose lines.
    """

    def __init__(self, device_id: str, record: Callable[[Observation], None], clock: AgentClock, memory: LogMemory = LOG_MEMORY) -> None:
        self._device_id = device_id
        self._record = record
        self._clock = clock
        self._memory = memory
        self._answered_through = 0

    def hear(self, wanted: LogWanted) -> None:
        """Answer; a request that the broker hands out again is not answered again."""
        if wanted.request_no <= self._answered_through:
            return
        self._answered_through = wanted.request_no
        lines, room = [], ANSWER_CHARACTERS_MAX
        for line in reversed(self._memory.last(wanted.lines)):
            room -= len(line)
            if room < 0:
                break
            lines.append(line)
        self._record(
            LogTold(
                device_id=self._device_id,
                boot_id=self._clock.boot_id,
                monotonic_ms=self._clock.monotonic_ms(),
                observed_at_ms=self._clock.wall_ms(),
                request_no=wanted.request_no,
                lines=lines[::-1],
            )
        )

"""What a reader says of its own health, in its LLRP event notifications: told once when it changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from llrpkit.protocol import enums, params

from edge_agent.readings import ReaderNote

PASSES_AFTER_MS = 60_000
"""An exception or a full buffer is a moment, not a state: it counts as over when it did not come again for so long."""

UNAVAILABLE = "reader_unavailable"
ANTENNA_GONE, EXCEPTION, OVERFLOW, DROPPED = "antenna_disconnected", "reader_exception", "reader_buffer_overflow", "reads_dropped"


class ReaderNotes:
    """Thread-safe: events come from the connection's thread, notes are taken by the flow's.

    Args:
        monotonic_ms: the agent's clock.
    """

    def __init__(self, monotonic_ms: Callable[[], int]) -> None:
        self._monotonic_ms = monotonic_ms
        self._lock = threading.Lock()
        self._waiting: list[ReaderNote] = []
        self._moments: dict[str, int] = {}
        self._is_connected: dict[int, bool] = {}
        self._dropped = 0

    def take(self) -> list[ReaderNote]:
        """What changed since last asked."""
        now_ms = self._monotonic_ms()
        with self._lock:
            for code, at_ms in list(self._moments.items()):
                if now_ms - at_ms > PASSES_AFTER_MS:
                    del self._moments[code]
                    self._waiting.append(ReaderNote(code, is_well=True))
            waiting, self._waiting = self._waiting, []
            return waiting

    def hear(self, event: params.ReaderEventNotificationData) -> None:
        """Digest a notification."""
        if event.antenna_event is not None:
            is_connected = int(event.antenna_event.event_type) == int(enums.AntennaEventType.Antenna_Connected)
            self.know_antennas({event.antenna_event.antenna_id: is_connected})
        if event.reader_exception_event is not None:
            said = " ".join(event.reader_exception_event.message.split())[:200] or "no reason given"
            self._moment(EXCEPTION, f"the reader reports an exception: {said}", "look into the reader's own log; restart it if it goes on")
        if event.report_buffer_overflow_error_event is not None:
            self._moment(OVERFLOW, "the reader's buffer ran over and reads were lost", "check the network between reader and agent")
        if event.report_buffer_level_warning_event is not None:
            full = event.report_buffer_level_warning_event.report_buffer_percentage_full
            self._moment(OVERFLOW, f"the reader's buffer is {full} % full", "check the network between reader and agent")

    def connected(self) -> None:
        """The reader answered and does what is configured."""
        with self._lock:
            self._waiting.append(ReaderNote(UNAVAILABLE, is_well=True))

    def know_antennas(self, is_connected: Mapping[int, bool]) -> None:
        """Which antennas have a cable, as the reader says."""
        with self._lock:
            for antenna, connected in is_connected.items():
                if self._is_connected.get(antenna) != connected:
                    self._is_connected[antenna] = connected
                    message = "" if connected else f"antenna {antenna} is disconnected"
                    advice = "" if connected else "check its cable and its plug"
                    self._waiting.append(ReaderNote(ANTENNA_GONE, connected, antenna, message, advice))

    def dropped(self, total: int) -> None:
        """So many reads were let go since the connection was made, because they came faster than they were taken."""
        if total != self._dropped:
            self._dropped = total
            self._moment(DROPPED, f"{total} reads came faster than they could be taken", "use fewer antennas or less power; check the load")

    def _moment(self, code: str, message: str, advice: str) -> None:
        with self._lock:
            self._moments[code] = self._monotonic_ms()
            self._waiting.append(ReaderNote(code, False, None, message, advice))

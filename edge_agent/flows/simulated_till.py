"""Posts the simulated till's sales and deliveries to the hub, in order, and waits patiently while the hub is away."""

from __future__ import annotations

import threading

import structlog

from edge_agent.adapters.simulated_playhead import SimulatedPlayhead
from edge_agent.adapters.simulated_till import HubDoors
from edge_agent.flows.fault_board import FaultBoard

_LOOK_EVERY_S = 0.5
_BACK_OFF_MAX_S = 10.0
_PART = "till till-1"

log = structlog.get_logger("edge_agent.simulated_till")


class TillFlow:
    """The till's thread. What the hub has not booked stays in the shop's snapshot; what it refuses is counted and told as a fault."""

    name = "till"

    def __init__(self, playhead: SimulatedPlayhead, doors: HubDoors, *, faults: FaultBoard) -> None:
        self._playhead = playhead
        self._doors = doors
        self._faults = faults
        self._back_off_s = _LOOK_EVERY_S
        self.booked = 0
        self.refused = 0

    def run(self, stop: threading.Event) -> None:
        """Post until `stop` is set."""
        while not stop.wait(self._back_off_s):
            self._back_off_s = self._post_due(stop)

    def _post_due(self, stop: threading.Event) -> float:
        """Post what is due; returns how long to wait before looking again."""
        for posting in self._playhead.due_postings():
            if stop.is_set():
                break
            answer = self._doors.post(posting)
            if answer.outcome == "unreachable":
                self._faults.raise_fault(_PART, "hub_unreachable", f"the hub takes no sales ({answer.reason})", "start the hub")
                return min(2.0 * self._back_off_s, _BACK_OFF_MAX_S)
            if answer.outcome == "refused":
                self.refused += 1
                self._faults.raise_fault(
                    _PART, "posting_refused", f"{self.refused} refused, the last: {answer.reason}", "see the hub's log"
                )
                log.warning("posting refused", door=posting.door, key=posting.key, reason=answer.reason)
            else:
                self.booked += 1
            self._playhead.acknowledge(posting.key)
            self._faults.clear(_PART, "hub_unreachable")
        return _LOOK_EVERY_S

"""What flows call to say what they saw: writes to the outbox, and holds on in memory while the disk refuses."""

from __future__ import annotations

import threading
from collections import Counter

import structlog

from edge_agent.adapters import outbox_shedding
from edge_agent.adapters.outbox import Outbox
from edge_agent.errors import OutboxUnusable
from edge_agent.flows.fault_board import FaultBoard
from wire_format import codec
from wire_format.errors import WireError
from wire_format.observations import Observation

HELD_MAX = 5000
RETRY_EVERY_S = 2.0

log = structlog.get_logger("edge_agent.recorder")


class Recorder:
    """Callable from any thread; never raises. Its own thread (`run`) tries the disk again while something is held.

    Args:
        outbox: where observations belong.
        faults: where a refusing disk is told.
        held_max: observations to hold in memory meanwhile; beyond it, the same things go first as from a full outbox.
    """

    name = "recorder"

    def __init__(self, outbox: Outbox, faults: FaultBoard, *, held_max: int = HELD_MAX) -> None:
        self._outbox = outbox
        self._faults = faults
        self._held_max = held_max
        self._held: list[Observation] = []
        self._writing: list[Observation] = []
        self._shed: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._flushing = threading.Lock()

    def __call__(self, observation: Observation) -> None:
        """Write an observation durably, or hold it until that is possible."""
        try:
            if self.held == 0:
                self._outbox.put(observation)
                return
            codec.observations.decode(codec.encode(observation))
        except OutboxUnusable as error:
            self._tell(error)
        except WireError as error:
            self._refuse(observation, error)
            return
        with self._lock:  # Behind those that wait already, so that a shelf's weights stay in order.
            self._hold(observation)

    def run(self, stop: threading.Event) -> None:
        """Try again, every few seconds and once more at the end."""
        while not stop.wait(RETRY_EVERY_S):
            self.flush()
        self.flush()

    @property
    def held(self) -> int:
        """How many observations wait in memory."""
        with self._lock:
            return len(self._held) + len(self._writing)

    def flush(self) -> None:
        """Write what is held, if the disk allows."""
        with self._flushing:
            with self._lock:
                self._writing, self._held = self._held, []
                shed = dict(self._shed)
            if not self._writing and not shed:
                return
            try:
                if self._writing:
                    self._outbox.put_all(self._writing)
                    with self._lock:
                        self._writing = []
                if shed:
                    self._outbox.count_shed(shed)
                    with self._lock:
                        self._shed -= Counter(shed)
            except OutboxUnusable as error:
                with self._lock:
                    self._held, self._writing = self._writing + self._held, []
                self._tell(error)
                return
        self._faults.clear("outbox", "outbox_unwritable")

    def _tell(self, error: OutboxUnusable) -> None:
        self._faults.raise_fault("outbox", "outbox_unwritable", error.problem, error.advice)

    def _refuse(self, observation: Observation, error: WireError) -> None:
        kind = outbox_shedding.kind_of(observation)
        log.error("an observation that no hub could read was not sent", kind=kind, reason=str(error))
        self._faults.raise_fault(
            "agent", f"{kind}_unreadable", str(error), "report it with the log; the device's configuration may be at fault"
        )
        with self._lock:
            self._shed[kind] += 1

    def _hold(self, observation: Observation) -> None:
        """Add to what is held (the caller has the lock); when full, overtaken weights and tags go and counts are added up."""
        if len(self._held) >= self._held_max:
            subject = outbox_shedding.subject_of(observation)
            same = next(
                (index for index in reversed(range(len(self._held))) if outbox_shedding.subject_of(self._held[index]) == subject), None
            )
            together = outbox_shedding.merged(self._held[same], observation) if same is not None else None
            if same is not None and together is not None:
                self._held[same] = together
                return
            if same is None or outbox_shedding.kind_of(observation) not in outbox_shedding.OVERTAKABLE:
                same = next((index for index, known in enumerate(self._held) if self._may_go(known)), None)
            if same is not None:
                self._shed[outbox_shedding.kind_of(self._held.pop(same))] += 1
        self._held.append(observation)

    @staticmethod
    def _may_go(observation: Observation) -> bool:
        return outbox_shedding.kind_of(observation) in outbox_shedding.OVERTAKABLE

"""Says how the device is: birth, alive, death, with its faults, its outbox and the computer's own figures."""

from __future__ import annotations

from importlib import metadata
from typing import Literal

from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.host_vitals import HostVitals
from edge_agent.adapters.outbox import Outbox
from edge_agent.flows.fault_board import FaultBoard
from wire_format.observations import ClockReading, DeviceHealth

UNTOLD = frozenset({"hub_absent"})
"""Faults that stay on the device: the hub that hears of its own absence is back."""


class HealthTeller:
    """Composes the messages; the uplink sends them.

    Args:
        parts: the scales, readers and cameras this device has, by name.
    """

    def __init__(
        self, *, device_id: str, clock: AgentClock, outbox: Outbox, faults: FaultBoard, vitals: HostVitals, parts: list[str]
    ) -> None:
        self._device_id = device_id
        self._clock = clock
        self._outbox = outbox
        self._faults = faults
        self._vitals = vitals
        self._parts = parts
        self._version = agent_version()

    def health(self, state: Literal["birth", "alive", "death"]) -> DeviceHealth:
        """How the device is now; as a last will, how it was when it connected."""
        return DeviceHealth(
            device_id=self._device_id,
            boot_id=self._clock.boot_id,
            state=state,
            sent_at_ms=self._clock.wall_ms(),
            agent_version=self._version,
            outbox_id=self._outbox.outbox_id,
            uptime_s=self._clock.monotonic_ms() / 1000.0,
            outbox_depth=self._outbox.depth,
            outbox_capacity=self._outbox.capacity,
            shed=self._outbox.shed_counts(),
            temperature_c=self._vitals.temperature_c(),
            disk_free_mb=self._vitals.disk_free_mb(),
            faults=[fault for fault in self._faults.current() if fault.code not in UNTOLD],
            parts=self._parts,
        )

    def clocks(self) -> ClockReading:
        """What both clocks say at this moment."""
        return ClockReading(
            device_id=self._device_id,
            boot_id=self._clock.boot_id,
            monotonic_ms=self._clock.monotonic_ms(),
            wall_clock_ms=self._clock.wall_ms(),
        )


def agent_version() -> str:
    """The installed version."""
    try:
        return metadata.version("aislewise")
    except metadata.PackageNotFoundError:
        return "not installed"

"""Weighs one shelf: readings in, settled weights out. What the weights mean is the hub's business."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from edge_agent.adapters.clock import AgentClock
from edge_agent.config import ScaleConfig
from edge_agent.errors import EdgeError, LoadCellSilent, RecordingInvalid
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.scale_care import ScaleCare
from edge_agent.flows.scale_rules import weigher_for
from edge_agent.readings import LoadCell, RawReading
from edge_agent.rules.scale_health import BELOW_EMPTY, BIT_STUCK, NOISY, OVERLOADED, SATURATED, STUCK, ScaleFault
from edge_agent.rules.weighing import Settled
from wire_format.observations import ShelfWeight

READ_TIMEOUT_MS = 2_000
_BACK_OFF_FIRST_S = 1.0
_BACK_OFF_MAX_S = 60.0
WEIGHERS_FAULTS = (SATURATED, STUCK, BIT_STUCK, NOISY, OVERLOADED, BELOW_EMPTY)
SILENT, UNAVAILABLE, BROKEN = "scale_silent", "scale_unavailable", "recording_broken"

log = structlog.get_logger("edge_agent.weigh")


class WeighFlow:
    """One scale's thread.

    Args:
        open_cell: opens the load cell; called again after it was lost.
        config: what the counts mean, and when the shelf is at rest.
        record: takes each observation, for instance the outbox's `put`.
        clock: the device's clocks.
        faults: where a silent, stuck or overloaded scale is told.
        device_id: who says it.
        care: calibrates and zeroes the scale while it runs; None where nobody can, as in a simulated shop.
    """

    def __init__(
        self,
        open_cell: Callable[[], LoadCell],
        config: ScaleConfig,
        record: Callable[[ShelfWeight], object],
        clock: AgentClock,
        faults: FaultBoard,
        *,
        device_id: str,
        care: ScaleCare | None = None,
        read_timeout_ms: int = READ_TIMEOUT_MS,
    ) -> None:
        self.name = f"weigh {config.shelf_id}"
        self._part = f"shelf {config.shelf_id}"
        self._open_cell = open_cell
        self._config = config
        self._record = record
        self._clock = clock
        self._faults = faults
        self._device_id = device_id
        self._care = care
        self._read_timeout_ms = read_timeout_ms
        self._weigher = weigher_for(config)
        self._readings = 0

    def run(self, stop: threading.Event) -> None:
        """Weigh until `stop` is set or a recording has ended; a lost scale is opened again, more and more patiently."""
        back_off_s = _BACK_OFF_FIRST_S
        while not stop.is_set():
            self._readings = 0
            try:
                self._weigh(stop)
                return
            except RecordingInvalid as error:
                self._faults.raise_fault(self._part, BROKEN, str(error), "give a recording that is whole")
                return
            except EdgeError as error:
                self._unwell(UNAVAILABLE, error)
            back_off_s = _BACK_OFF_FIRST_S if self._readings else min(2.0 * back_off_s, _BACK_OFF_MAX_S)
            log.info("scale will be opened again", shelf=self._config.shelf_id, in_s=back_off_s)
            stop.wait(back_off_s)

    def _weigh(self, stop: threading.Event) -> None:
        cell = self._open_cell()
        silent = False
        try:
            while not stop.is_set():
                try:
                    reading = cell.read(self._read_timeout_ms)
                except LoadCellSilent as error:
                    silent = True
                    self._unwell(SILENT, error)
                    continue  # A wire may find its contact again; the thread has nothing better to do than to listen.
                if reading is None:
                    log.info("recording has ended", shelf=self._config.shelf_id, readings=self._readings)
                    return
                if silent or not self._readings:
                    silent = False
                    self._faults.clear(self._part, SILENT)
                    self._faults.clear(self._part, UNAVAILABLE)
                self._readings += 1
                if self._care is None or not self._is_cared_for(reading, self._care):
                    said = self._weigher.take(reading)
                    if said is not None:
                        self._tell(said)
        finally:
            cell.close()

    def _is_cared_for(self, reading: RawReading, care: ScaleCare) -> bool:
        """Whether a reading belongs to a calibration. After one, or a new zero, weighing begins anew with the new figures."""
        is_taken = care.take(reading)
        changed = care.changed()
        if changed is not None:
            self._config, self._weigher = changed, weigher_for(changed)
            for code in WEIGHERS_FAULTS:
                self._faults.clear(self._part, code)
        return is_taken

    def _unwell(self, code: str, error: EdgeError) -> None:
        advice = getattr(error, "advice", "")
        self._faults.raise_fault(self._part, code, str(error), advice)
        if self._care is not None:
            self._care.unwell(getattr(error, "problem", str(error)), advice)

    def _tell(self, said: Settled | ScaleFault) -> None:
        if isinstance(said, ScaleFault):
            if said.cleared:
                self._faults.clear(self._part, said.code)
            else:
                self._faults.raise_fault(self._part, said.code, f"{self._part}: {said.message}", said.advice)
            return
        wall_ms = self._clock.wall_ms_at(said.at_ms)
        moved_at_ms = None if said.moved_at_ms is None else wall_ms - (said.at_ms - said.moved_at_ms)
        self._record(
            ShelfWeight(
                device_id=self._device_id,
                boot_id=self._clock.boot_id,
                monotonic_ms=max(0, said.at_ms),
                observed_at_ms=wall_ms,
                shelf_id=self._config.shelf_id,
                weight_g=round(said.weight_g, 3),
                spread_g=round(said.spread_g, 3),
                moved_at_ms=moved_at_ms,
                temperature_c=_on_the_wire(said.temperature_c),
                drift_g=round(said.drift_g, 3),
            )
        )


def _on_the_wire(temperature_c: float | None) -> float | None:
    """A thermometer that says what no shop can be is left out: the weight is worth telling all the same."""
    return temperature_c if temperature_c is not None and -60.0 <= temperature_c <= 120.0 else None

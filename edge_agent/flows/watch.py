"""Watches one camera: people in, door counts and floor dwell out, minute by minute. No picture leaves this flow."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from edge_agent.adapters.camera import CameraPersonFinder, CameraStalled
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.picture_watch import PICTURE_CODES
from edge_agent.config import CameraConfig
from edge_agent.errors import EdgeError, RecordingInvalid
from edge_agent.flows.camera_rules import footfall_watcher
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.interval_words import Said, interval_words
from edge_agent.readings import PersonFinder
from edge_agent.rules.footfall import FootfallInterval
from wire_format.observations import Observation

_FRAME_TIMEOUT_MS = 5_000
_BACK_OFF_FIRST_S = 1.0
_BACK_OFF_MAX_S = 60.0

log = structlog.get_logger("edge_agent.watch")


class WatchFlow:
    """One camera's thread.

    Args:
        open_finder: opens the camera; called again after it was lost.
        config: area, lines and floor of the camera.
        record: takes each observation, for instance the outbox's `put`.
        clock: the device's clocks.
        faults: where a stalled, dark or missing camera is told.
        device_id: who says it.
        interval_s: how often it is told; a minute at most.
        frame_timeout_ms: how long without a picture is a stall.
        back_off_first_s: how long to wait before a lost camera is opened again; doubled each time it fails.

    Raises:
        ConfigurationInvalid: lines or floor cannot be used.
    """

    def __init__(
        self,
        open_finder: Callable[[], PersonFinder],
        config: CameraConfig,
        record: Callable[[Observation], object],
        clock: AgentClock,
        faults: FaultBoard,
        *,
        device_id: str,
        interval_s: float = 60.0,
        frame_timeout_ms: int = _FRAME_TIMEOUT_MS,
        back_off_first_s: float = _BACK_OFF_FIRST_S,
    ) -> None:
        assert 0.0 < interval_s <= 60.0
        self.name = f"watch {config.area_id}"
        self._part = f"camera {config.area_id}"
        self._open_finder = open_finder
        self._config = config
        self._record = record
        self._clock = clock
        self._faults = faults
        self._device_id = device_id
        self._frame_timeout_ms = frame_timeout_ms
        self._back_off_first_s = back_off_first_s
        self._frames = 0
        # Intervals end with the minutes of the wall clock as it stands now; should it jump later, they stay where they are.
        phase_ms = -clock.wall_ms_at(0) % round(interval_s * 1000.0)
        self._watcher = footfall_watcher(config, interval_s=interval_s, interval_phase_ms=phase_ms)

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set or a film has ended; a lost camera is opened again, more and more patiently."""
        back_off_s = self._back_off_first_s
        while not stop.is_set():
            self._frames = 0
            try:
                self._watch(stop)
                return
            except RecordingInvalid as error:
                self._faults.raise_fault(self._part, "recording_broken", str(error), "give a film that is whole")
                return
            except CameraStalled as error:
                self._faults.raise_fault(self._part, "camera_stalled", error.problem, error.advice)
            except EdgeError as error:
                self._faults.raise_fault(self._part, "camera_unavailable", str(error), getattr(error, "advice", ""))
            finally:
                self._tell(self._watcher.finish().intervals)
            back_off_s = self._back_off_first_s if self._frames else back_off_s
            log.info("camera will be opened again", camera=self._config.area_id, in_s=back_off_s)
            stop.wait(back_off_s)
            back_off_s = min(2.0 * back_off_s, _BACK_OFF_MAX_S)

    def _watch(self, stop: threading.Event) -> None:
        finder = self._open_finder()
        try:
            while not stop.is_set():
                detections = finder.next(self._frame_timeout_ms)
                if detections is None:
                    log.info("recording has ended", camera=self._config.area_id, frames=self._frames)
                    break
                self._frames += 1
                if self._frames == 1:
                    self._faults.clear(self._part, "camera_stalled")
                    self._faults.clear(self._part, "camera_unavailable")
                self._check_picture(finder)
                self._tell(self._watcher.take(detections).intervals)
        finally:
            finder.close()

    def _check_picture(self, finder: PersonFinder) -> None:
        fault = finder.picture_fault if isinstance(finder, CameraPersonFinder) else None
        for code in PICTURE_CODES:
            if fault is None or fault.code != code:
                self._faults.clear(self._part, code)
        if fault is not None:
            self._faults.raise_fault(self._part, fault.code, fault.message, fault.advice)

    def _tell(self, intervals: list[FootfallInterval]) -> None:
        for interval in intervals:
            wall_ms = max(0, self._clock.wall_ms_at(interval.ended_at_ms))
            said = Said(device_id=self._device_id, boot_id=self._clock.boot_id, monotonic_ms=interval.ended_at_ms, observed_at_ms=wall_ms)
            for observation in interval_words(interval, self._config, said):
                self._record(observation)

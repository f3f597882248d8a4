"""What is done to a scale while it runs: calibrating it from the hub's page, and zeroing it by a button at the shelf.

All of it happens on the scale's own thread, on the very readings that it weighs with; other threads only leave their wish here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import structlog
from msgspec import structs

from edge_agent.adapters.calibration_memory import CalibrationMemory, Remembered
from edge_agent.adapters.clock import AgentClock
from edge_agent.config import ScaleConfig
from edge_agent.errors import CalibrationRefused, ConfigurationInvalid, TareRefused
from edge_agent.flows.calibrate import all_numbers, rule_for
from edge_agent.flows.calibration_words import result_of, weighed_loads
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.flows.scale_rules import calibration_for
from edge_agent.readings import RawReading
from edge_agent.rules.calibration_session import CalibrationSession, News
from edge_agent.rules.taring import Taring, tare_rule
from wire_format.commands import CalibrationRequest
from wire_format.observations import CalibrationProgress, Observation

IDLE_MS = 30 * 60_000
"""A calibration with which nobody goes on for so long is ended, or a forgotten one would keep the shelf from being weighed."""
TARE_WAIT_MS = 5_000
"""A wish to zero that is older than this is not done any more: whoever held the button has gone on."""
CALIBRATING = "scale_calibrating"

log = structlog.get_logger("edge_agent.scale_care")

Keep = Callable[[dict[str, float]], None]
"""Writes figures into the scale's table of the device's file; raises ConfigurationInvalid where that cannot be done."""


class TareAsked(NamedTuple):
    """Somebody holds a tare button: what may be called empty, and who wants to know what came of it."""

    empty_max_g: float | None
    asked_at_ms: int
    answer: Callable[[bool, str, str], None]


class ScaleCare:
    """One scale's care. `hear` and `ask_tare` may be called from any thread, all else from the scale's.

    Args:
        scale: how it is configured.
        device_id, record, clock, faults: who says it, and where.
        memory: remembers a calibration in the middle.
        keep: writes new figures into the device's file.
    """

    def __init__(
        self,
        scale: ScaleConfig,
        *,
        device_id: str,
        record: Callable[[Observation], object],
        clock: AgentClock,
        faults: FaultBoard,
        memory: CalibrationMemory,
        keep: Keep,
    ) -> None:
        self._scale = scale
        self._device_id = device_id
        self._record = record
        self._clock = clock
        self._faults = faults
        self._memory = memory
        self._keep = keep
        self._lock = threading.Lock()
        self._heard: CalibrationRequest | None = None
        self._taken_in: CalibrationRequest | None = None
        self._tare_asked: TareAsked | None = None
        self._taring: tuple[Taring, TareAsked] | None = None
        self._session: CalibrationSession | None = None
        self._over_id: str | None = None
        self._touched_at_ms = 0
        self._changed: ScaleConfig | None = None
        self._go_on()

    @property
    def scale(self) -> ScaleConfig:
        """The scale as it is configured now: a thread that is started again begins with it."""
        return self._scale

    def hear(self, request: CalibrationRequest) -> None:
        """Take in what the hub wishes."""
        with self._lock:
            self._heard = request

    def ask_tare(self, asked: TareAsked) -> None:
        """Zero the scale, if it is empty and at rest."""
        with self._lock:
            self._tare_asked = asked

    def take(self, reading: RawReading) -> bool:
        """Look at a reading first; True: it belongs to a calibration and is not to be weighed."""
        self._take_in(reading.taken_at_ms)
        session = self._session
        if session is not None:
            news = session.take(reading)
            if news is not None:
                self._touched_at_ms = reading.taken_at_ms
                self._tell(news)
            elif reading.taken_at_ms - self._touched_at_ms > IDLE_MS:
                self._say("ended", session)
                self._end(session)
        self._tare(reading)
        return self._session is not None

    def unwell(self, problem: str, advice: str) -> None:
        """The scale gives no readings: whoever waits for some is told so."""
        self._take_in(self._clock.monotonic_ms())
        news = None if self._session is None else self._session.give_up(problem, advice)
        if news is not None:
            self._tell(news)
        taring, self._taring = self._taring, None
        if taring is not None:
            taring[1].answer(False, problem, advice)

    def changed(self) -> ScaleConfig | None:
        """The scale as it is configured from now on; None when nothing has changed since this was last asked."""
        changed, self._changed = self._changed, None
        return changed

    # ---- calibrating

    def _go_on(self) -> None:
        """After a restart: an open calibration goes on where it was."""
        known = self._memory.read()
        if known is None:
            return
        if known.is_over:
            self._over_id = known.session_id
            return
        self._session = CalibrationSession(
            known.session_id, rule_for(self._scale), handled_through=known.handled_through, loads=known.loads
        )
        self._touched_at_ms = self._clock.monotonic_ms()
        self._warn()

    def _take_in(self, at_ms: int) -> None:
        with self._lock:
            request, self._heard = self._heard, None
            asked, self._tare_asked = self._tare_asked, None
        if asked is not None and at_ms - asked.asked_at_ms > TARE_WAIT_MS:
            asked.answer(False, "the scale gave no readings", "look at its fault on the hub's Devices page")
        elif asked is not None:
            rule = tare_rule(self._scale.capacity_g, asked.empty_max_g)
            self._taring = (Taring(calibration_for(self._scale), rule), asked)
        if request is None or request == self._taken_in or request.session_id == self._over_id:
            return
        self._taken_in, self._touched_at_ms = request, at_ms
        session = self._session
        if request.stage == "closed":
            if session is not None:
                self._end(session)
            return
        if session is None or session.session_id != request.session_id:
            session = self._session = CalibrationSession(request.session_id, rule_for(self._scale))
            self._warn()
            self._tell(session.wish(request.steps) or News("ready"))
        elif (news := session.wish(request.steps)) is not None:
            self._tell(news)
        if request.stage == "accept" and not session.is_weighing:
            self._apply(session)

    def _apply(self, session: CalibrationSession) -> None:
        try:
            fit = session.fit()
            if fit is None:
                self._tell(News("refused", 0, "too few loads were weighed", "weigh the empty shelf and one known weight at least"))
                return
            self._adopt(all_numbers(fit))
        except CalibrationRefused as refusal:
            self._tell(News("refused", 0, refusal.problem, refusal.advice))
            return
        except ConfigurationInvalid as error:
            self._tell(News("refused", 0, f"the figures could not be kept: {error}", "let the agent write its file, then accept again"))
            return
        log.info("calibrated", shelf=self._scale.shelf_id, counts_per_gram=fit.counts_per_gram, tare_counts=fit.tare_counts)
        self._say("applied", session)
        self._end(session)

    def _adopt(self, numbers: dict[str, float]) -> None:
        """Keep figures in the file first: what is not kept is not used, or a restart would silently weigh by the old ones."""
        self._keep(numbers)
        self._scale = self._changed = structs.replace(self._scale, **numbers)

    def _end(self, session: CalibrationSession) -> None:
        self._session, self._over_id = None, session.session_id
        self._memory.write(Remembered(session_id=session.session_id, is_over=True))
        self._faults.clear(f"shelf {self._scale.shelf_id}", CALIBRATING)

    def _warn(self) -> None:
        advice = "finish or end the calibration on the hub's Devices page"
        self._faults.raise_fault(f"shelf {self._scale.shelf_id}", CALIBRATING, "is being calibrated and tells no weights", advice)

    def _tell(self, news: News) -> None:
        session = self._session
        assert session is not None
        remembered = Remembered(session_id=session.session_id, handled_through=session.handled_through, loads=session.loads)
        self._memory.write(remembered)
        self._say(news.stage, session, refused_step=news.refused_step, problem=news.problem[:500], advice=news.advice)

    def _say(self, stage: Literal["ready", "weighing", "refused", "applied", "ended"], session: CalibrationSession, **more: Any) -> None:
        self._record(
            CalibrationProgress(
                **self._stamp(),
                shelf_id=self._scale.shelf_id,
                session_id=session.session_id,
                stage=stage,
                handled_through=session.handled_through,
                loads=weighed_loads(session.loads),
                result=result_of(session, self._scale.shelf_id),
                **more,
            )
        )

    def _stamp(self) -> dict[str, Any]:
        return {
            "device_id": self._device_id,
            "boot_id": self._clock.boot_id,
            "monotonic_ms": max(0, self._clock.monotonic_ms()),
            "observed_at_ms": self._clock.wall_ms(),
        }

    # ---- zeroing

    def _tare(self, reading: RawReading) -> None:
        if self._taring is None:
            return
        taring, asked = self._taring
        try:
            if self._session is not None:
                raise TareRefused(problem="the scale is being calibrated", advice="end the calibration on the hub's Devices page first")
            tared = taring.take(reading)
            if tared is None:
                return
            self._adopt({"tare_counts": round(tared.tare_counts, 1)})
        except TareRefused as refusal:
            self._taring = None
            asked.answer(False, refusal.problem, refusal.advice)
        except ConfigurationInvalid as error:
            self._taring = None
            asked.answer(False, f"the new zero could not be kept: {error}", "let the agent write its file, then press again")
        else:
            self._taring = None
            log.info("tared", shelf=self._scale.shelf_id, tare_counts=tared.tare_counts, weighed_g=tared.weighed_g)
            asked.answer(True, f"the empty shelf weighed {tared.weighed_g:+.1f} g", "")

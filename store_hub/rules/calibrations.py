"""Calibrations of scales as people lead them from the pages: who began, which loads were asked for, and what the device made of them.

Two people may press at once: every action names the revision it was decided on, and only the first of two is done.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from store_hub.entries import CalibrationAction
from store_hub.rows import CalibrationRow
from wire_format.commands import CalibrationRequest, CalibrationStepAsked
from wire_format.observations import CalibrationProgress

FORGOTTEN_MS = 30 * 60_000
"""A calibration that nothing has happened to for so long keeps nobody from starting a new one; the device gives it up by itself."""
OPEN, ACCEPT, APPLIED, CLOSED = "open", "accept", "applied", "closed"

_steps = msgspec.json.Decoder(list[CalibrationStepAsked])


def steps_of(row: CalibrationRow) -> list[CalibrationStepAsked]:
    """The loads that should be weighed by now."""
    return _steps.decode(row.steps)


def progress_of(row: CalibrationRow) -> CalibrationProgress | None:
    """How the calibration stands at the device; None while it has not answered."""
    return None if row.progress is None else msgspec.json.decode(row.progress, type=CalibrationProgress)


def is_under_way(row: CalibrationRow, at_ms: int) -> bool:
    """Whether somebody is at it."""
    return row.stage in (OPEN, ACCEPT) and at_ms - max(row.changed_at_ms, row.heard_at_ms or 0) <= FORGOTTEN_MS


def pending_step(row: CalibrationRow) -> CalibrationStepAsked | None:
    """The load that the device has not answered for yet."""
    progress = progress_of(row)
    handled_through = 0 if progress is None else progress.handled_through
    return next((step for step in steps_of(row) if step.step > handled_through), None)


def request_for(row: CalibrationRow) -> CalibrationRequest:
    """What the device is to be told."""
    stages: dict[str, Literal["open", "accept", "closed"]] = {OPEN: "open", ACCEPT: "accept"}
    return CalibrationRequest(
        device_id=row.device_id,
        shelf_id=row.shelf_id,
        session_id=row.session_id,
        stage=stages.get(row.stage, "closed"),
        revision=row.revision,
        steps=steps_of(row),
    )


class CalibrationBook:
    """The last calibration of each scale."""

    def __init__(self) -> None:
        self.rows: dict[str, CalibrationRow] = {}

    def restore(self, row: CalibrationRow) -> None:
        """Go on from what the ledger holds."""
        self.rows[row.shelf_id] = row

    def objection(self, action: CalibrationAction, at_ms: int) -> str | None:
        """Say why an action cannot be done now; None when it can."""
        row = self.rows.get(action.shelf_id)
        if action.revision != (0 if row is None else row.revision):
            return "somebody else was quicker; look at the calibration as it is now"
        if action.action == "start":
            return f"{row.started_by} is calibrating this scale" if row is not None and is_under_way(row, at_ms) else None
        if row is None or row.session_id != action.session_id or row.stage not in (OPEN, ACCEPT):
            return "this calibration has ended; start a new one"
        if action.action == "end":
            return None
        if row.stage == ACCEPT:
            return "the device is taking over the result; wait for its answer"
        if pending_step(row) is not None and action.action in ("weigh", "accept"):
            return "the load before is still being weighed"
        progress = progress_of(row)
        if action.action == "weigh" and action.known_g > 0.0 and (progress is None or not progress.loads):
            return "the empty shelf comes first"
        if action.action == "accept" and (progress is None or progress.result is None):
            return "too few loads were weighed; weigh the empty shelf and one known weight at least"
        return None

    def act(self, action: CalibrationAction, at_ms: int) -> list[CalibrationRow]:
        """Do what a person wants; nothing where there is an objection."""
        if self.objection(action, at_ms) is not None:
            return []
        known = self.rows.get(action.shelf_id)
        if action.action == "start" or known is None:
            fresh = CalibrationRow(
                action.shelf_id, action.session_id, action.device_id, OPEN, action.revision + 1, 0, b"[]", None,
                action.by, at_ms, at_ms, None,
            )  # fmt: skip
            return self._keep(fresh)
        row = known._replace(revision=known.revision + 1, changed_at_ms=at_ms)
        match action.action:
            case "weigh":
                step = CalibrationStepAsked(step=row.last_step + 1, known_g=action.known_g, readings=action.readings)
                row = row._replace(last_step=step.step, steps=msgspec.json.encode([*steps_of(row), step]))
            case "begin_again":
                row = row._replace(steps=b"[]")
            case "accept":
                row = row._replace(stage=ACCEPT)
            case "end":
                row = row._replace(stage=CLOSED)
        return self._keep(row)

    def hear(self, said: CalibrationProgress, at_ms: int) -> list[CalibrationRow]:
        """Take in what the device says of the calibration under way; of any other it is of no use."""
        row = self.rows.get(said.shelf_id)
        if row is None or row.session_id != said.session_id or row.stage not in (OPEN, ACCEPT):
            return []
        weighed = {load.step for load in said.loads}
        steps = [step for step in steps_of(row) if step.step in weighed or step.step > said.handled_through]
        stage = row.stage
        if said.stage in ("applied", "ended"):
            stage = APPLIED if said.stage == "applied" else CLOSED
        elif said.stage == "refused":
            stage = OPEN
        return self._keep(
            row._replace(
                stage=stage,
                revision=row.revision + 1,
                steps=msgspec.json.encode(steps),
                progress=msgspec.json.encode(said),
                heard_at_ms=at_ms,
            )
        )

    def _keep(self, row: CalibrationRow) -> list[CalibrationRow]:
        self.rows[row.shelf_id] = row
        return [row]

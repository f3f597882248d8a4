"""A calibration that somebody leads from afar: which load is weighed next, what was weighed, and what of it makes sense.

The other side says its whole wish each time (`wish`); it may be lost, repeated or come late. What is weighed is never weighed again, for
by then another load lies on the shelf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Literal, NamedTuple

from edge_agent.errors import CalibrationRefused
from edge_agent.readings import KnownLoad, RawReading
from edge_agent.rules.calibration_fit import CalibrationFit, FitRule, check_load, check_loads, fit_calibration
from wire_format.commands import CalibrationStepAsked

FIRST_READINGS = 3
"""Readings left out at each step: the hand has just gone."""
STEP_MAX_MS = 60_000
"""A step whose readings do not come together in this time is given up: the scale falls silent again and again."""


class News(NamedTuple):
    """What there is to say of a calibration. `refused_step` 0: the whole."""

    stage: Literal["ready", "weighing", "refused"]
    refused_step: int = 0
    problem: str = ""
    advice: str = ""


class Judged(NamedTuple):
    """The loads that are kept, and why the newest, or all before it, are not."""

    loads: list[KnownLoad]
    refusal: CalibrationRefused | None


def judged(loads: Sequence[KnownLoad], rule: FitRule) -> Judged:
    """Look at the newest load beside those before it. An empty shelf in doubt puts everything in doubt."""
    try:
        check_load(loads[-1], rule)
        if len(loads) > 1:
            check_loads(loads, rule)
    except CalibrationRefused as refusal:
        if refusal.known_g == 0.0 and len(loads) > 1:
            return Judged([], refusal)
        return Judged(list(loads[:-1]), refusal)
    return Judged(list(loads), None)


class CalibrationSession:
    """One calibration of one scale.

    Args:
        session_id: what the other side calls it.
        rule: what makes a calibration worth believing.
        handled_through: steps up to here are answered.
        loads: what was weighed, by step, in the order of weighing.
    """

    def __init__(self, session_id: str, rule: FitRule, *, handled_through: int = 0, loads: Mapping[int, KnownLoad] | None = None) -> None:
        self.session_id = session_id
        self.handled_through = handled_through
        self.loads = dict(loads or {})
        self._rule = rule
        self._asked: CalibrationStepAsked | None = None
        self._began_at_ms: int | None = None
        self._seen = 0
        self._counts: list[int] = []
        self._temperatures_c: list[float] = []

    @property
    def is_weighing(self) -> bool:
        """Whether readings are being taken."""
        return self._asked is not None

    def wish(self, steps: Sequence[CalibrationStepAsked]) -> News | None:
        """Take in which loads should be weighed by now; None when that changes nothing."""
        listed = {step.step for step in steps}
        dropped = [step for step in self.loads if step not in listed]
        for step in dropped:
            del self.loads[step]
        new = [step for step in steps if step.step > self.handled_through]
        if not new:
            given_up = self._asked is not None
            self._asked = None
            return News("ready") if dropped or given_up else None
        if len(new) > 1 or (new[0].known_g > 0.0 and all(load.known_g > 0.0 for load in self.loads.values())):
            return self._begin_again(new[-1].step)
        if self._asked == new[0]:
            return None
        self._asked, self._began_at_ms, self._seen = new[0], None, 0
        self._counts, self._temperatures_c = [], []
        return News("weighing")

    def take(self, reading: RawReading) -> News | None:
        """Add a reading to the load being weighed; something is said once there are enough."""
        asked = self._asked
        if asked is None:
            return None
        if self._began_at_ms is None:
            self._began_at_ms = reading.taken_at_ms
        if reading.taken_at_ms - self._began_at_ms > STEP_MAX_MS:
            return self.give_up("the scale did not give enough readings in a minute", "check its wires")
        self._seen += 1
        if self._seen > FIRST_READINGS:
            self._counts.append(reading.raw_counts)
            self._temperatures_c += [reading.temperature_c] if reading.temperature_c is not None else []
        return self._weighed(asked) if len(self._counts) >= asked.readings else None

    def give_up(self, problem: str, advice: str) -> News | None:
        """Answer the step being weighed by saying that it cannot be; None when none is."""
        asked, self._asked = self._asked, None
        if asked is None:
            return None
        self.handled_through = asked.step
        return News("refused", asked.step, problem, advice)

    def fit(self) -> CalibrationFit | None:
        """What the loads make together; None while they are too few.

        Raises:
            CalibrationRefused: they make sense one by one, but not together.
        """
        loads = list(self.loads.values())
        return fit_calibration(loads, self._rule) if len(loads) > 1 else None

    def _weighed(self, asked: CalibrationStepAsked) -> News:
        warmth = fmean(self._temperatures_c) if self._temperatures_c else None
        before = dict(self.loads)
        self.loads[asked.step] = KnownLoad(asked.known_g, tuple(map(float, self._counts)), warmth)
        self._asked, self.handled_through = None, asked.step
        kept = judged(list(self.loads.values()), self._rule)
        refusal = kept.refusal
        if refusal is None:
            try:
                self.fit()
            except CalibrationRefused as bent:
                refusal = bent
        if refusal is None:
            return News("ready")
        self.loads = before if kept.loads else {}
        return News("refused", asked.step, refusal.problem, refusal.advice)

    def _begin_again(self, step: int) -> News:
        self.loads, self._asked, self.handled_through = {}, None, step
        problem = "the device no longer knows the loads that were weighed before"
        return News("refused", step, problem, "begin again with the empty shelf")

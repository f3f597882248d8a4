"""Trials of layouts in shops: stated beforehand, read every week, stopped by their rule; what they show feeds the next proposal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from cloud_api.adapters.store_days import StoreDayBook
from cloud_api.adapters.store_records import StoreBook
from cloud_api.adapters.trial_records import TrialBook, TrialRecord
from cloud_api.errors import MessageInvalid, PlanogramMissing
from cloud_api.flows.jobs import Progress
from cloud_api.flows.layout_planning import LayoutPlanning
from cloud_api.rules.layout_moves import MoveStep
from cloud_api.rules.layout_trial import (
    CLAIM_UNITS_MIN,
    ScoreWorth,
    TrialReading,
    TrialSize,
    match_pairs,
    pairs_needed,
    read_pairs,
    size_trial,
    worth_of_score,
)

WEEKS = 5
BEFORE = 12
HISTORY_WEEKS = 52
PAIRS_MAX = 12
_EFFECTS = (0.02, 0.03, 0.05)


class TrialDesign(msgspec.Struct, frozen=True, kw_only=True):
    """A trial before it begins. `needed` is effect → pairs that would find it; `sentence` says what it promises, or what is missing."""

    sentence: str
    can_begin: bool
    first: date
    weeks: int
    pairs: list[tuple[str, str]]
    size: TrialSize | None
    needed: dict[str, int | None]


class TrialView(msgspec.Struct, frozen=True, kw_only=True):
    """A trial and what it shows so far; `reading` None before its first whole week."""

    trial_id: str
    state: str
    planned_at: datetime
    first: date
    weeks: int
    weeks_done: int
    pairs: list[tuple[str, str]]
    detectable: float
    gain: float
    moves: dict[str, list[MoveStep]]
    reading: TrialReading | None

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first + timedelta(weeks=self.weeks, days=-1)


class TrialList(msgspec.Struct, frozen=True, kw_only=True):
    """All trials, newest first, and what a point of the score has proved to be worth."""

    trials: list[TrialView]
    worth: ScoreWorth | None


class Trials:
    """Plans, begins and reads trials.

    Args:
        now: the wall clock, aware.
    """

    def __init__(
        self, *, stores: StoreBook, days: StoreDayBook, book: TrialBook, layouts: LayoutPlanning, now: Callable[[], datetime]
    ) -> None:
        self._stores, self._days, self._book, self._layouts, self._now = stores, days, book, layouts, now

    def design(self, *, weeks: int = WEEKS, pairs: int = PAIRS_MAX) -> TrialDesign:
        """Pair shops that go alike and say what a trial of them would find. It begins on the Monday after next.

        Raises:
            MessageInvalid: a length that makes no sense.
        """
        if not 2 <= weeks <= 26 or not 1 <= pairs <= 200:
            raise MessageInvalid(field="weeks", problem=f"{weeks} weeks of {pairs} pairs; take 2 to 26 weeks and 1 to 200 pairs")
        monday = self._monday()
        taken = {shop for trial in self._running() for pair in trial.body["pairs"] for shop in pair}
        known = self._days.weekly_sales(first=monday - timedelta(weeks=HISTORY_WEEKS), weeks=HISTORY_WEEKS)
        weekly = {shop: row for shop, row in known.items() if shop not in taken}
        seed = monday.toordinal()
        found = match_pairs({shop: row[-BEFORE:] for shop, row in weekly.items()}, seed=seed)[:pairs]
        size = size_trial(weekly, pairs=len(found), before=BEFORE, weeks=weeks, looks=weeks, seed=seed)
        can_begin = size is not None and len(found) >= CLAIM_UNITS_MIN
        needed = {f"{effect:.0%}": None if size is None else pairs_needed(size.spread, effect) for effect in _EFFECTS}
        return TrialDesign(
            sentence=_promise(len(found), size, weeks), can_begin=can_begin, first=monday + timedelta(weeks=1), weeks=weeks,
            pairs=found, size=size, needed=needed,
        )  # fmt: skip

    def begin(self, *, weeks: int = WEEKS, pairs: int = PAIRS_MAX, moves_max: int, progress: Progress = lambda share: None) -> str:
        """Work out the moves of every shop that is changed, and keep the trial as it was designed. Returns its id.

        Raises:
            MessageInvalid: too few shops, or too short a past, to show anything.
            JobCancelled: `progress` was told to stop.
        """
        design = self.design(weeks=weeks, pairs=pairs)
        if not design.can_begin or design.size is None:
            raise MessageInvalid(field="pairs", problem=design.sentence)
        moves: dict[str, Any] = {}
        gains = []
        for number, (changed, _) in enumerate(design.pairs):
            progress(number / len(design.pairs))
            try:
                proposal = self._layouts.propose(changed, moves_max=moves_max).proposal
            except PlanogramMissing:
                raise MessageInvalid(
                    field="pairs", problem=f"shop {changed} has sent no planogram, so nothing can be moved in it"
                ) from None
            moves[changed] = msgspec.to_builtins(proposal.steps)
            gains.append(proposal.nearer + proposal.seen)
        trial_id = f"trial-{uuid4().hex[:12]}"
        body = {
            "first": design.first.isoformat(), "weeks": weeks, "pairs": design.pairs, "detectable": design.size.detectable,
            "gain": sum(gains) / len(gains), "moves": moves,
        }  # fmt: skip
        self._book.plan(trial_id, body)
        return trial_id

    def stop(self, trial_id: str) -> None:
        """End a trial before its time; what it showed until then claims nothing.

        Raises:
            MessageInvalid: it is not running.
        """
        if not self._book.move(trial_id, "stopped"):
            raise MessageInvalid(field="trial_id", problem=f"{trial_id} is not running")

    def settle(self, trial_id: str) -> None:
        """Take note of a trial's end: it stays what it showed, and waits for nobody any more.

        Raises:
            MessageInvalid: it has not ended, or somebody took note before.
        """
        if trial_id not in {view.trial_id for view in self.waiting() if view.state == "ended"} or not self._book.move(trial_id, "ended"):
            raise MessageInvalid(field="trial_id", problem=f"{trial_id} has no end to take note of")

    def waiting(self) -> list[TrialView]:
        """Trials that wait for a planner, newest first: those at their end, and those that show something beyond doubt before it."""
        views = [self._view(record) for record in self._book.trials() if record.state == "running"]
        return [view for view in views if view.state == "ended" or (view.reading is not None and view.reading.claim != "none")]

    def trials(self) -> TrialList:
        """Every trial with what it shows, and what they come to together."""
        views = [self._view(record) for record in self._book.trials()]
        finished = [(view.gain, view.reading) for view in views if view.reading is not None and view.state != "stopped"]
        return TrialList(trials=views, worth=worth_of_score(finished))

    def _view(self, record: TrialRecord) -> TrialView:
        body = record.body
        first, weeks = date.fromisoformat(body["first"]), int(body["weeks"])
        pairs = [(changed, same) for changed, same in body["pairs"]]
        done = max(0, min(weeks, (self._monday() - first).days // 7))
        reading = None
        if done:
            weekly = self._days.weekly_sales(first=first - timedelta(weeks=BEFORE), weeks=BEFORE + done)
            reading = read_pairs(weekly, pairs, before=BEFORE, weeks=weeks, looks=weeks)
        state = "ended" if record.state == "running" and done >= weeks else record.state
        return TrialView(
            trial_id=record.trial_id, state=state, planned_at=record.planned_at, first=first, weeks=weeks, weeks_done=done, pairs=pairs,
            detectable=body["detectable"], gain=body["gain"], moves=msgspec.convert(body["moves"], dict[str, list[MoveStep]]),
            reading=reading,
        )  # fmt: skip

    def _running(self) -> list[TrialRecord]:
        last = self._monday()
        return [
            trial for trial in self._book.trials()
            if trial.state == "running" and date.fromisoformat(trial.body["first"]) + timedelta(weeks=int(trial.body["weeks"])) > last
        ]  # fmt: skip

    def _monday(self) -> date:
        """The Monday on or before today: weeks before it are whole."""
        today = self._now().date()
        return today - timedelta(days=today.weekday())


def _promise(pairs: int, size: TrialSize | None, weeks: int) -> str:
    if pairs < CLAIM_UNITS_MIN:
        made = {0: "No pair", 1: "One pair"}.get(pairs, f"{pairs} pairs")
        return f"{made} of shops can be made; {CLAIM_UNITS_MIN} are needed to tell an effect from chance"
    if size is None:
        return f"The shops' past is too short: {BEFORE + weeks} whole weeks of sales are needed"
    tried = f"Changed in {pairs} shops and not in {pairs} like them, for {weeks} weeks"
    return f"{tried}, an effect of {size.detectable:.1%} is found four times in five"

"""How the staff of this shop refill, learned from boards on scales, for the boards that nothing watches.

A scale feels each refill. So the shop itself tells how many of them are booked, whether they fill a place up, how soon a call is answered,
how long shoppers carry what they take before they pay, and, of each walk through the shop, which places were refilled on it: mostly the
emptiest. What became of the weighed places that stood as empty is the best word there is of a place without a scale. Before anything is
learned, usual numbers hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from math import exp
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct, structs

Floats = npt.NDArray[np.float64]
Key = tuple[str, str]
"""(shelf, SKU)"""

WALK_OVER_MS = 4 * 60_000
"""So long nobody has been felt or said to refill anything: the walk is over."""
ANSWER_ENDS_MIN = (3.0, 6.0, 9.0, 12.0, 15.0, 20.0, 30.0, 60.0)
"""A call is answered within so many minutes, or else never."""
_NO_ANSWERS = [0.0] * (len(ANSWER_ENDS_MIN) + 1)
USUAL_ANSWERED, USUAL_ANSWERED_AFTER_MIN, USUAL_CALLS = 0.7, 15.0, 10.0
USUAL_FULL, USUAL_BOOKED, USUAL_REFILLS = 0.7, 0.5, 10.0
"""What holds before anything is learned, and for how many calls or refills it counts."""
USUAL_CARRIED_MS, USUAL_SALES = 400_000.0, 10.0
"""How long a shopper carries what the till will sell, in the mean, before anything is learned, and for how many sales that counts."""
USUAL_ON_WALK = (0.45, 0.45, 0.3, 0.05, 0.02)
"""Share of places refilled on a walk, by how full they were: a fifth of the capacity a step."""
USUAL_WALK_PLACES = 4.0
LIKE_SHARE = 0.15
"""Places are alike in emptiness when they differ by less than this share of their capacity."""
EARLIER_WALKS, EMPTIEST_FIRST = 0.5, 0.2
"""What counts beside a weighed place that stood as empty: earlier walks; each that was fuller and yet refilled, or emptier and yet not."""
KEPT_REFILL, KEPT_WALK = 1.0 - 1.0 / 400.0, 1.0 - 1.0 / 40.0
"""What is left of older experience with each new refill or call, and with each new walk."""


class Refilled(Struct, frozen=True, array_like=True):
    """A weighed place that is being refilled: how full it was before (share of its capacity), and whether staff had been called to it."""

    shelf_id: str
    sku: str
    was_full: float
    called: bool

    @property
    def key(self) -> Key:
        """The place."""
        return (self.shelf_id, self.sku)


class Called(Struct, frozen=True, array_like=True):
    """A weighed place to which staff are called, and since when."""

    shelf_id: str
    sku: str
    since_ms: int

    @property
    def key(self) -> Key:
        """The place."""
        return (self.shelf_id, self.sku)


class HabitsState(Struct, frozen=True, kw_only=True):
    """All that is known, older experience fading.

    Of refills: `felt`, `booked`; `ended`, of which `full` so. `carried_ms`: of all sales (`paid`) whose pick is known. `answers`: calls by
    how soon they were answered. `walked`: [refilled, could have been] for each fifth of fullness. `from_ms`, `last_ms`, `is_walk`,
    `refilled`: what is under way.
    """

    felt: float = 0.0
    booked: float = 0.0
    ended: float = 0.0
    full: float = 0.0
    paid: float = 0.0
    carried_ms: float = 0.0
    answers: list[float] = []
    walked: list[list[float]] = []
    from_ms: int | None = None
    last_ms: int = 0
    is_walk: bool = False
    refilled: list[Refilled] = []
    called: list[Called] = []


class Weighed(NamedTuple):
    """A weighed place as it stands: units, capacity, and whether the back room has any to refill it with."""

    units: float
    capacity: int
    has_behind: bool


class Walk(NamedTuple):
    """A walk that is over: since when, and how probable it is that a place that was so full (share) has been refilled on it."""

    from_ms: int
    chance: Callable[[Floats], Floats]


class Refilling(NamedTuple):
    """What an unseen board needs to know.

    `filled_up`, `booked`: shares of refills. `answered`: share of calls, by the ends of `ANSWER_ENDS_MIN`. `carried_ms`: from the shelf to
    the till, in the mean.
    """

    filled_up: float
    booked: float
    answered: tuple[float, ...]
    carried_ms: float

    def answered_after(self, waited_ms: float) -> float:
        """How probable it is that a call has been answered after so long."""
        return float(np.interp(waited_ms / 60_000.0, (0.0, *ANSWER_ENDS_MIN), (0.0, *self.answered)))

    def in_silence(self, share: Floats) -> Floats:
        """So many are refilled: the share that has been refilled in silence, of those of which nobody has said so."""
        silent: Floats = share * (1.0 - self.booked) / (1.0 - np.minimum(share, 0.999) * self.booked)
        return silent


class RefillHabits:
    """Listens to refills, moves that staff book, and calls; knows what they have in common."""

    def __init__(self) -> None:
        self._state = HabitsState()
        self._refilling: Refilling | None = None

    def state(self) -> HabitsState:
        """Everything known, ready for JSON."""
        return self._state

    def refilling(self) -> Refilling:
        """What holds at present."""
        if self._refilling is None:
            known = self._state
            answers = [usual + seen for usual, seen in zip(_usual_answers(), known.answers or _NO_ANSWERS, strict=True)]
            running = list(accumulate(answers))
            self._refilling = Refilling(
                filled_up=(USUAL_FULL * USUAL_REFILLS + known.full) / (USUAL_REFILLS + known.ended),
                booked=min(0.95, (USUAL_BOOKED * USUAL_REFILLS + known.booked) / (USUAL_REFILLS + known.felt)),
                answered=tuple(min(0.99, some / running[-1]) for some in running[:-1]),
                carried_ms=(USUAL_CARRIED_MS * USUAL_SALES + known.carried_ms) / (USUAL_SALES + known.paid),
            )
        return self._refilling

    def restore(self, state: HabitsState) -> None:
        """Go on from what the ledger holds."""
        self._state, self._refilling = state, None

    # ---- what is heard

    def felt(self, key: Key, was_full: float, at_ms: int, *, called: bool) -> None:
        """A scale feels that staff begin to refill a place."""
        known = self._state
        if any(one.key == key for one in known.refilled):
            self.heard(at_ms, called=called)
            return
        self._set(
            felt=known.felt * KEPT_REFILL + 1.0,
            booked=known.booked * KEPT_REFILL,
            refilled=[*known.refilled, Refilled(*key, was_full, called)],
        )
        self.heard(at_ms, called=called)
        since_ms = next((one.since_ms for one in known.called if one.key == key), None)
        if since_ms is not None:
            self._answer(at_ms - since_ms)
            self._forget_call(key)

    def heard(self, at_ms: int, *, called: bool) -> None:
        """Staff are refilling something: they are on a walk, if nobody has called them to it."""
        known = self._state
        from_ms = at_ms if known.from_ms is None else known.from_ms
        self._set(from_ms=from_ms, last_ms=max(at_ms, known.last_ms), is_walk=known.is_walk or not called)

    def booked(self) -> None:
        """Staff have booked a refill that a scale feels too."""
        self._set(booked=self._state.booked + 1.0)

    def paid(self, carried_ms: int) -> None:
        """The till has sold what was taken so long ago."""
        known = self._state
        self._set(paid=known.paid * KEPT_REFILL + 1.0, carried_ms=known.carried_ms * KEPT_REFILL + carried_ms)

    def call(self, key: Key, since_ms: int | None) -> None:
        """Staff are called to a weighed place that could be refilled, or (None) no longer."""
        self._forget_call(key)
        if since_ms is not None:
            self._set(called=[*self._state.called, Called(*key, since_ms)])

    # ---- what is learned when it is over

    def is_over(self, at_ms: int) -> bool:
        """Tell whether what was under way is over by now."""
        return self._state.from_ms is not None and at_ms >= self._state.last_ms + WALK_OVER_MS

    def learn(self, at_ms: int, places: dict[Key, Weighed], is_called: Callable[[str, str], bool]) -> Walk | None:
        """Take in what was refilled, and what was not; the walk, if it was one."""
        known = self._state
        for late in [one for one in known.called if at_ms - one.since_ms > ANSWER_ENDS_MIN[-1] * 60_000]:
            self._answer(None)
            self._forget_call(late.key)
        ended, full = known.ended, known.full
        for one in known.refilled:
            place = places.get(one.key)
            if place is not None and place.has_behind:
                ended, full = ended * KEPT_REFILL + 1.0, full * KEPT_REFILL + float(place.units > place.capacity - 1.5)
        self._set(ended=ended, full=full, from_ms=None, is_walk=False, refilled=[])
        if known.from_ms is None or not known.is_walk:
            return None
        seen = _seen(known.refilled, places, is_called)
        walk = Walk(known.from_ms, self._chances(seen))
        self._remember(seen)
        return walk

    def _chances(self, seen: Sequence[tuple[float, bool]]) -> Callable[[Floats], Floats]:
        """By what became on this walk of the places that stood as empty; where there are few, by earlier walks."""
        was_full: Floats = np.array([one[0] for one in seen], dtype=np.float64)
        refilled: Floats = np.array([one[1] for one in seen], dtype=np.float64)
        table: Floats = np.array([self._usual(step) for step in range(len(USUAL_ON_WALK))])

        def chance(full: Floats) -> Floats:
            apart: Floats = was_full[None, :] - full[:, None]
            alike = np.maximum(0.0, 1.0 - np.abs(apart) / LIKE_SHARE)
            speaks_for = alike @ refilled + EMPTIEST_FIRST * ((apart >= 0.0) @ refilled)
            against = alike @ (1.0 - refilled) + EMPTIEST_FIRST * ((apart <= 0.0) @ (1.0 - refilled))
            found: Floats = (EARLIER_WALKS * table[_step(full)] + speaks_for) / (EARLIER_WALKS + speaks_for + against)
            return found

        return chance

    def _usual(self, step: int) -> float:
        refilled, offered = self._state.walked[step] if self._state.walked else (0.0, 0.0)
        return (USUAL_ON_WALK[step] * USUAL_WALK_PLACES + refilled) / (USUAL_WALK_PLACES + offered)

    def _remember(self, seen: Sequence[tuple[float, bool]]) -> None:
        walked = [[KEPT_WALK * count for count in counts] for counts in self._state.walked or [[0.0, 0.0]] * len(USUAL_ON_WALK)]
        for step, refilled in zip(_step(np.array([one[0] for one in seen])).tolist(), [one[1] for one in seen], strict=True):
            walked[step][0] += float(refilled)
            walked[step][1] += 1.0
        self._set(walked=walked)

    def _answer(self, after_ms: int | None) -> None:
        """A call has been answered after so long; None: nobody came."""
        answers = [KEPT_REFILL * count for count in self._state.answers or _NO_ANSWERS]
        ends_ms = [end * 60_000 for end in ANSWER_ENDS_MIN]
        place = len(ends_ms) if after_ms is None else next((n for n, end in enumerate(ends_ms) if after_ms <= end), len(ends_ms))
        answers[place] += 1.0
        self._set(answers=answers)

    def _forget_call(self, key: Key) -> None:
        if any(one.key == key for one in self._state.called):
            self._set(called=[one for one in self._state.called if one.key != key])

    def _set(self, **changes: object) -> None:
        self._state = structs.replace(self._state, **changes)
        self._refilling = None


def _seen(refilled: Sequence[Refilled], places: dict[Key, Weighed], is_called: Callable[[str, str], bool]) -> list[tuple[float, bool]]:
    """(how full it was, whether it was refilled) of each weighed place that could have been, and to which nobody was called."""
    done = {one.key for one in refilled}
    found = [(one.was_full, True) for one in refilled if not one.called]
    for key, place in places.items():
        if key not in done and place.has_behind and not is_called(*key):
            found.append((place.units / place.capacity, False))
    return found


def _step(full: Floats) -> npt.NDArray[np.int64]:
    steps = len(USUAL_ON_WALK)
    return np.clip((full * steps).astype(np.int64), 0, steps - 1)


def _usual_answers() -> list[float]:
    """The usual calls, by how soon they are answered, and those that are not."""
    by = [USUAL_ANSWERED * (1.0 - exp(-end / USUAL_ANSWERED_AFTER_MIN)) for end in ANSWER_ENDS_MIN]
    return [USUAL_CALLS * (later - sooner) for sooner, later in zip([0.0, *by], [*by, 1.0], strict=True)]


USUAL = RefillHabits().refilling()

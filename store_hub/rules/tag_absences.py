"""How long tags that come back stay away: learned from the shop's own, so that a hidden tag is not taken for a sold one.

A hand, a trolley or a neighbour hides a tag for a while. Of the tags that are told to have left a shelf some come back within minutes; how
many, and how soon, differs from shop to shop with its readers and its goods. A tag that has left is still counted until it is improbable
that it comes back: `RETURNS_UNTIL`, by Bayes' rule from how many were still away after as long and then came back.
"""

from __future__ import annotations

from itertools import pairwise
from math import exp

from msgspec import Struct, structs

BIN_S, BINS = 15, 20
"""Absences are told apart by quarters of a minute, up to five minutes: who comes back later had gone."""
RETURNS_UNTIL = 0.2
KEPT = 0.995
"""Each departure fades what earlier ones taught: the last few hundred count."""
USUAL_DEPARTURES, USUAL_RETURNS, USUAL_AWAY_S = 20.0, 10.0, 100.0
"""Before a shop has shown its own: half come back, after as long in the mean. With it a tag is counted for two minutes."""


class AbsencesState(Struct, frozen=True, kw_only=True):
    """`left`: departures, fading; `back`: of these, so many came back within each quarter of a minute."""

    left: float
    back: list[float]


def usual() -> AbsencesState:
    """What holds before anything has been seen."""
    by = [USUAL_RETURNS * (1.0 - exp(-BIN_S * number / USUAL_AWAY_S)) for number in range(BINS + 1)]
    return AbsencesState(left=USUAL_DEPARTURES, back=[later - sooner for sooner, later in pairwise(by)])


def with_departure(known: AbsencesState) -> AbsencesState:
    """Return the state after one more tag has left."""
    return AbsencesState(left=known.left * KEPT + 1.0, back=[count * KEPT for count in known.back])


def with_return(known: AbsencesState, away_ms: int) -> AbsencesState:
    """Return the state after a tag has come back; who was away for too long had not been hidden."""
    number = away_ms // (1000 * BIN_S)
    if not 0 <= number < BINS:
        return known
    back = list(known.back)
    back[number] += 1.0
    return structs.replace(known, back=back)


def lingers_s(known: AbsencesState) -> int:
    """Return for how many seconds a tag that leaves now is to be counted still."""
    away, to_come = known.left, sum(known.back)
    for number, count in enumerate(known.back):
        if to_come <= RETURNS_UNTIL * away:
            return max(1, number) * BIN_S
        away, to_come = away - count, to_come - count
    return BINS * BIN_S

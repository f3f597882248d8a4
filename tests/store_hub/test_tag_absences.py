"""How long a tag that has left is still counted: by how soon tags of the shop have come back."""

from __future__ import annotations

import numpy as np

from store_hub.rules.tag_absences import BIN_S, BINS, RETURNS_UNTIL, AbsencesState, lingers_s, usual, with_departure, with_return


def taught(away_s: list[float], gone: int, *, seed: int = 1) -> AbsencesState:
    """Some tags come back after so long, and so many never do, in any order."""
    state = usual()
    stories: list[float | None] = [*away_s, *[None] * gone]
    for place in np.random.default_rng(seed).permutation(len(stories)):
        state, story = with_departure(state), stories[int(place)]
        state = state if story is None else with_return(state, round(1000 * story))
    return state


def test_before_anything_is_known_a_tag_counts_for_two_minutes() -> None:
    assert lingers_s(usual()) == 120


def test_where_tags_never_hide_they_are_gone_at_once_and_where_they_hide_long_they_are_waited_for() -> None:
    assert lingers_s(taught([], 400)) == BIN_S
    soon, late = taught([20.0] * 200, 200), taught([170.0] * 200, 200)
    assert lingers_s(soon) == 30
    assert lingers_s(late) == 180


def test_it_waits_until_one_of_ten_that_are_still_away_comes_back() -> None:
    chance = np.random.default_rng(2)
    away_s = chance.exponential(60.0, 4_000)
    state = taught([float(one) for one in away_s if one < BIN_S * BINS], 4_000)
    waited_s = lingers_s(state)
    back = float((away_s > waited_s).sum())
    assert back / (back + 4_000) <= 1.3 * RETURNS_UNTIL
    assert waited_s <= 180


def test_who_was_away_for_too_long_had_not_been_hidden() -> None:
    state = usual()
    assert with_return(state, 1000 * BIN_S * BINS) is state
    assert with_return(state, -1) is state
    assert with_return(state, 0).back[0] == state.back[0] + 1.0

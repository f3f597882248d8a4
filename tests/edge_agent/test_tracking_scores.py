"""The scores themselves, on cases small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.crossing_scores import CrossingEvent, score_crossings
from benchmarks.tracking_scores import FrameTracks, Tracks, score_tracks


def lane(y: float) -> tuple[float, float, float, float]:
    return (0.0, y, 10.0, y + 20.0)


def tracks(*frames: dict[int, float]) -> Tracks:
    """A frame each: identity → lane."""
    return {
        n: FrameTracks(tuple(frame), np.array([lane(y) for y in frame.values()], dtype=float).reshape(-1, 4))
        for n, frame in enumerate(frames, start=1)
    }


TWO_FOR_FOUR = tracks(*[{1: 0.0, 2: 100.0}] * 4)


def test_perfect_tracks_score_one_whatever_their_names() -> None:
    scores = score_tracks(TWO_FOR_FOUR, tracks(*[{8: 100.0, 9: 0.0}] * 4))
    assert (scores.mota, scores.idf1, scores.identity_switches) == (1.0, 1.0, 0)


def test_swapped_names_are_two_switches() -> None:
    scores = score_tracks(TWO_FOR_FOUR, tracks({1: 0.0, 2: 100.0}, {1: 0.0, 2: 100.0}, {2: 0.0, 1: 100.0}, {2: 0.0, 1: 100.0}))
    assert scores.identity_switches == 2
    assert scores.mota == pytest.approx(1 - 2 / 8)
    assert scores.idf1 == pytest.approx(2 * 4 / (8 + 8))


def test_a_miss_and_an_invention_cost_one_each() -> None:
    scores = score_tracks(TWO_FOR_FOUR, tracks({1: 0.0}, {1: 0.0, 2: 100.0}, {1: 0.0, 2: 100.0}, {1: 0.0, 2: 100.0, 3: 300.0}))
    assert (scores.misses, scores.false_boxes) == (1, 1)
    assert scores.mota == pytest.approx(1 - 2 / 8)
    assert scores.idf1 == pytest.approx(2 * 7 / (8 + 8))


def test_a_new_name_after_a_gap_is_a_switch() -> None:
    scores = score_tracks(tracks(*[{1: 0.0}] * 4), tracks({5: 0.0}, {}, {}, {6: 0.0}))
    assert (scores.identity_switches, scores.misses) == (1, 2)


def test_an_earlier_pair_stays_while_it_holds() -> None:
    """A second box that fits better does not take the person over."""
    found = {
        1: FrameTracks((5,), np.array([[0.0, 0.0, 10.0, 20.0]])),
        2: FrameTracks((6, 5), np.array([[0.0, 0.0, 10.0, 20.0], [0.0, 4.0, 10.0, 24.0]])),
    }
    scores = score_tracks(tracks(*[{1: 0.0}] * 2), found)
    assert (scores.identity_switches, scores.false_boxes) == (0, 1)


def test_crossings_pair_by_line_direction_and_nearness_once() -> None:
    truth = [CrossingEvent("a", 10, "in"), CrossingEvent("a", 30, "out"), CrossingEvent("b", 10, "in")]
    told = [CrossingEvent("a", 18, "in"), CrossingEvent("a", 12, "in"), CrossingEvent("a", 41, "out"), CrossingEvent("b", 10, "out")]
    assert score_crossings(truth, told) == (1, 2, 3)
    assert score_crossings(truth, truth).f1 == 1.0

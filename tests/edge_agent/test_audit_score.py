"""How well a camera counts, from a person's verdicts: every moment looked at once, and intervals that keep their promise."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.rules.audit_sample import AuditRule, DoorSample, draw_sample
from edge_agent.rules.audit_score import DoorScore, Judgement, garwood, score, wilson
from edge_agent.rules.doorway import Crossing

FILM_MS = 1_800_000


def crossings(*moments_ms: int) -> list[Crossing]:
    return [Crossing("door", number, moment, "in", number) for number, moment in enumerate(moments_ms)]


def sample_of(moments: list[int], *, film_ms: int = FILM_MS, moving: Any = None, **rule: int) -> DoorSample:
    spans = [(0, film_ms)] if moving is None else moving
    (sample,) = draw_sample({"door": spans}, crossings(*moments), film_ms, AuditRule(**rule), random.Random(1))
    return sample


@settings(max_examples=100, deadline=None)
@given(
    moments=st.lists(st.integers(0, 59_999), max_size=30),
    moving=st.lists(st.integers(0, 60_000), max_size=8, unique=True).map(lambda edges: list(zip(*[iter(sorted(edges))] * 2, strict=False))),
)
def test_every_moment_of_the_film_belongs_to_one_part_only(moments: list[int], moving: list[tuple[int, int]]) -> None:
    sample = sample_of(moments, film_ms=60_000, moving=moving, quiet_max=1000)
    ends = 0
    for item in sample.items:
        assert ends <= item.from_ms <= item.until_ms <= 60_000
        ends = item.until_ms
    length = sum(item.until_ms - item.from_ms for item in sample.items)
    assert length + sample.still_ms == 60_000
    assert sum(item.kind == "event" for item in sample.items) == len(moments)


def test_the_same_film_and_seed_ask_for_the_same_looks() -> None:
    moments = [10_000 * number for number in range(100)]
    assert sample_of(moments, events_max=20) == sample_of(moments, events_max=20)
    assert len(sample_of(moments, events_max=20, quiet_max=5).items) == 25


@pytest.mark.parametrize(
    ("right", "judged", "low", "high"), [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (48, 50, 0.8654, 0.9890), (81, 263, 0.2553, 0.3662)]
)
def test_wilson_is_the_published_interval(right: int, judged: int, low: float, high: float) -> None:
    """81 of 263: Newcombe, Statistics in Medicine 1998, table I."""
    assert wilson(right, judged) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize(("events", "low", "high"), [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (10, 4.7954, 18.3904)])
def test_garwood_is_the_published_interval(events: int, low: float, high: float) -> None:
    assert garwood(events) == pytest.approx((low, high), abs=1e-3)


def judged_all(sample: DoorSample, *, missed_in_first: int = 0) -> list[Judgement]:
    first = sample.items[0].number
    return [
        Judgement(item.number, "right" if item.kind == "event" else None, missed_in_first if item.number == first else 0)
        for item in sample.items
    ]


def test_a_film_without_a_mistake_is_accurate_and_the_interval_says_how_sure_that_is() -> None:
    sample = sample_of([20_000 * number + 5_000 for number in range(90)], quiet_max=1000)
    found = score(sample, judged_all(sample))
    assert found.precision is not None
    assert found.recall is not None
    assert found.count_accuracy is not None
    assert (found.precision.value, found.recall.value, found.count_accuracy.value) == (1.0, 1.0, 1.0)
    assert 0.94 < found.precision.low < 0.97
    assert found.precision.high == 1.0
    assert 0.90 < found.count_accuracy.low < 1.0


def test_who_went_the_other_way_is_one_wrong_and_one_missed() -> None:
    sample = sample_of([10_000, 30_000, 50_000, 70_000], film_ms=80_000, quiet_max=1000)
    said = judged_all(sample)
    event = next(item.number for item in sample.items if item.kind == "event")
    found = score(sample, [Judgement(j.number, "wrong_way") if j.number == event else j for j in said])
    assert (found.right, found.missed) == (3, 1)
    assert found.count_accuracy is not None
    assert found.count_accuracy.value == 1.0  # Of the sum of both directions nothing is lost.
    assert found.recall is not None
    assert found.recall.value == 0.75


def test_what_nobody_looked_at_is_not_known() -> None:
    sample = sample_of([10_000, 30_000], film_ms=80_000)
    events_only = [Judgement(item.number, "right") for item in sample.items if item.kind == "event"]
    found = score(sample, events_only)
    assert found.precision is not None
    assert (found.recall, found.count_accuracy) == (None, None)
    assert score(sample, []).precision is None
    unsure = score(sample, [Judgement(item.number, "unsure" if item.kind == "event" else None) for item in sample.items])
    assert (unsure.judged, unsure.precision, unsure.recall) == (0, None, None)


def test_still_time_needs_no_look_and_narrows_the_interval() -> None:
    moments = [60_000 * number + 5_000 for number in range(30)]
    shop_floor = sample_of(moments, quiet_max=20)
    still_door = sample_of(moments, moving=[(moment - 4_000, moment + 4_000) for moment in moments], quiet_max=20)
    wide, narrow = (score(sample, judged_all(sample)).recall for sample in (shop_floor, still_door))
    assert wide is not None
    assert narrow is not None
    assert narrow.low > wide.low + 0.1
    assert still_door.still_ms > 1_500_000


def audited(chance: random.Random, *, per_min: float, recall: float, invented: float, quiet_max: int) -> DoorScore:
    """A film whose truth is drawn by chance, and a person who sees all of it."""
    true, at_ms = [], 0.0
    while (at_ms := at_ms + chance.expovariate(per_min / 60_000)) < FILM_MS:
        true.append(int(at_ms))
    counted = [moment for moment in true if chance.random() < recall]
    missed = sorted(set(true) - set(counted))
    ghosts = {chance.randrange(FILM_MS) for _ in counted if chance.random() < invented}
    spans = {"door": [(0, FILM_MS)]}
    (sample,) = draw_sample(spans, crossings(*sorted({*counted, *ghosts})), FILM_MS, AuditRule(quiet_max=quiet_max), chance)
    said = [
        Judgement(
            item.number,
            None if item.kind == "quiet" else "nobody" if item.at_ms in ghosts else "right",
            sum(item.from_ms <= moment < item.until_ms for moment in missed),
        )
        for item in sample.items
    ]
    return score(sample, said)


@pytest.mark.parametrize(("recall", "invented", "quiet_max"), [(0.95, 0.03, 1000), (0.95, 0.03, 30), (0.8, 0.1, 30)])
def test_the_intervals_hold_the_truth_as_often_as_they_say(recall: float, invented: float, quiet_max: int) -> None:
    """Of 150 simulated audits; 92 % leaves chance its due. Sampled quiet time makes them wide, never wrong."""
    chance = random.Random(7)
    holds = {"precision": 0, "recall": 0, "count_accuracy": 0}
    truth = {"precision": 1 / (1 + invented), "recall": recall, "count_accuracy": 1 - abs(recall * (1 + invented) - 1)}
    for _ in range(150):
        found = audited(chance, per_min=3.0, recall=recall, invented=invented, quiet_max=quiet_max)
        for name, value in truth.items():
            share = getattr(found, name)
            assert 0.0 <= share.low <= share.value <= share.high <= 1.0
            holds[name] += share.low <= value <= share.high
    print({name: count / 150 for name, count in holds.items()})
    assert min(holds.values()) >= 0.92 * 150

"""How staff refill, learned from boards on scales: it takes the place of what is usual, and a walk tells of the boards nothing watches."""

from __future__ import annotations

import msgspec
import numpy as np

from store_hub.rules.refill_habits import USUAL, WALK_OVER_MS, HabitsState, RefillHabits, Walk, Weighed

MINUTE_MS = 60_000


def key(number: int) -> tuple[str, str]:
    return f"board-{number}", f"article-{number}"


def standing(full: dict[int, float]) -> dict[tuple[str, str], Weighed]:
    return {key(number): Weighed(10.0 * share, 10, has_behind=True) for number, share in full.items()}


def nobody(shelf_id: str, sku: str) -> bool:
    return False


def walk_of(habits: RefillHabits, refilled: dict[int, float], passed: dict[int, float], at_ms: int) -> Walk:
    for number, full in refilled.items():
        habits.felt(key(number), full, at_ms, called=False)
    assert not habits.is_over(at_ms + WALK_OVER_MS - 1)
    assert habits.is_over(at_ms + WALK_OVER_MS)
    walk = habits.learn(at_ms + WALK_OVER_MS, standing(dict.fromkeys(refilled, 1.0) | passed), nobody)
    assert walk is not None
    return walk


def test_places_as_empty_as_those_refilled_were_refilled_too() -> None:
    walk = walk_of(RefillHabits(), {1: 0.2, 2: 0.3, 3: 0.35}, {4: 0.6, 5: 0.7, 6: 0.9, 7: 1.0}, MINUTE_MS)
    empty, half, full = walk.chance(np.array([0.25, 0.65, 0.95])).tolist()
    assert empty > 0.85
    assert half < 0.15
    assert full < 0.1


def test_a_walk_that_passed_the_empty_ones_by_says_so() -> None:
    walk = walk_of(RefillHabits(), {1: 0.6}, {2: 0.2, 3: 0.25, 4: 0.3}, MINUTE_MS)
    assert walk.chance(np.array([0.25]))[0] < 0.3


def test_earlier_walks_speak_where_this_one_has_none_as_empty() -> None:
    habits = RefillHabits()
    for hour in range(1, 12):
        walk = walk_of(habits, {1: 0.1, 2: 0.9}, {3: 0.5}, hour * 60 * MINUTE_MS)
    untried = walk_of(RefillHabits(), {2: 0.9}, {3: 0.5}, MINUTE_MS)
    tried = walk_of(habits, {2: 0.9}, {3: 0.5}, 1_000 * MINUTE_MS)
    assert walk.chance(np.array([0.1]))[0] > 0.8
    assert tried.chance(np.array([0.05]))[0] > untried.chance(np.array([0.05]))[0]


def test_bookings_full_shelves_answers_and_carrying_are_learned() -> None:
    habits = RefillHabits()
    for number in range(40):
        at_ms = number * 100 * MINUTE_MS
        habits.call(key(1), at_ms)
        habits.felt(key(1), 0.2, at_ms + 8 * MINUTE_MS, called=True)
        habits.booked()
        habits.paid(2 * MINUTE_MS)
        assert habits.learn(at_ms + 20 * MINUTE_MS, standing({1: 1.0}), nobody) is None, "whoever was called is on no walk"
    known = habits.refilling()
    assert known.booked > 0.85 > USUAL.booked
    assert known.filled_up > 0.9 > USUAL.filled_up
    assert known.answered_after(10 * MINUTE_MS) > 0.8 > USUAL.answered_after(10 * MINUTE_MS)
    assert known.answered_after(2 * MINUTE_MS) < 0.1
    assert known.carried_ms < 200_000 < USUAL.carried_ms
    assert known.in_silence(np.array([0.5]))[0] < 0.2, "who books nearly all has probably not been there"


def test_a_call_that_nobody_answers_is_learned_once_it_is_late() -> None:
    habits = RefillHabits()
    habits.call(key(1), 0)
    habits.call(key(2), 0)
    habits.call(key(2), None)
    habits.felt(key(3), 0.5, 90 * MINUTE_MS, called=False)
    habits.learn(95 * MINUTE_MS, standing({1: 0.1}), nobody)
    assert habits.state().answers[-1] == 1.0
    assert habits.state().called == []
    assert habits.refilling().answered[-1] < USUAL.answered[-1]


def test_it_goes_on_from_its_state_to_the_bit() -> None:
    one, two = RefillHabits(), RefillHabits()
    walk_of(one, {1: 0.2}, {2: 0.5}, MINUTE_MS)
    one.felt(key(4), 0.3, 30 * MINUTE_MS, called=False)
    one.call(key(5), 30 * MINUTE_MS)
    two.restore(msgspec.json.decode(msgspec.json.encode(one.state()), type=HabitsState))
    full = np.linspace(0.0, 1.0, 7)
    walks = [habits.learn(40 * MINUTE_MS, standing({4: 1.0, 5: 0.2, 6: 0.4}), nobody) for habits in (one, two)]
    chances = [walk.chance(full).tolist() for walk in walks if walk is not None]
    assert len(chances) == 2
    assert chances[0] == chances[1]
    assert one.state() == two.state()
    assert one.refilling() == two.refilling()

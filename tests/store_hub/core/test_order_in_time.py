"""Whatever the readings of a device's clock say, and in whatever order its letters come: what it saw later is later."""

from __future__ import annotations

import random
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from store_hub.rules.occurrence_time import HUB_OFFSET, Occurrence, observation_time
from store_hub.rules.order_in_time import DeviceOrder, Seat

BEGAN_MS = 1_795_000_000_000
LOOK_BACK = 5


class Letter(NamedTuple):
    boot: str
    seat: Seat
    true_ms: int


class Booked(NamedTuple):
    letter: Letter
    at_ms: int
    received_at_ms: int


def made_by_a_device(chance: random.Random) -> list[Letter]:
    """Two or three starts, one after the other, into one outbox; each has a monotonic clock of its own."""
    letters, true_ms = [], BEGAN_MS
    for boot in "abc"[: chance.randint(2, 3)]:
        zero_ms = true_ms + chance.randint(0, 2_000)
        for _ in range(chance.randint(1, 12)):
            true_ms = max(true_ms, zero_ms) + chance.choice((1, 1, 2, 50, 5_000))
            letters.append(Letter(boot, Seat(true_ms - zero_ms, len(letters) + 1, "box"), true_ms))
    return letters


class SmallHub:
    """Places letters as the hub does, by readings that are late by up to some seconds, and may restart at any time."""

    def __init__(self, chance: random.Random, late_max_ms: int) -> None:
        self.booked: list[Booked] = []
        self._chance, self._late_max_ms = chance, late_max_ms
        self._order = DeviceOrder()

    def hear(self, letter: Letter, now_ms: int) -> None:
        late_ms = self._chance.randint(0, self._late_max_ms)
        offset_ms = letter.true_ms - letter.seat.monotonic_ms + late_ms
        when = observation_time(monotonic_ms=letter.seat.monotonic_ms, observed_at_ms=0, received_at_ms=now_ms, offset_ms=offset_ms)
        at_ms = self._order.place(when, letter.boot, letter.seat, received_at_ms=now_ms).happened_at_ms
        self.booked.append(Booked(letter, at_ms, now_ms))
        if self._chance.random() < 0.5:
            self._end_a_page()
        if self._chance.random() < 0.2:
            self._restart()

    def _mark(self) -> int:
        known = {one.letter.seat.sequence for one in self.booked}
        return next(number for number in range(len(known) + 1, 0, -1) if set(range(1, number)) <= known) - 1

    def _end_a_page(self) -> None:
        if self._mark() == len(self.booked):
            self._order.settle("box")

    def _restart(self) -> None:
        self._order, mark = DeviceOrder(), self._mark()
        for one in self.booked:
            if one.letter.seat.sequence > mark - LOOK_BACK:
                self._order.remember(one.letter.boot, one.letter.seat, one.at_ms)
        self._end_a_page()


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), late_max_ms=st.sampled_from([0, 30, 3_000, 60_000]), is_shuffled=st.booleans())
@example(seed=4399277, late_max_ms=30, is_shuffled=True)
def test_what_was_seen_later_is_later_however_late_the_readings_are_and_in_whatever_order_letters_come(
    seed: int, late_max_ms: int, is_shuffled: bool
) -> None:
    chance = random.Random(seed)
    letters = made_by_a_device(chance)
    coming = sorted(letters, key=lambda letter: chance.random()) if is_shuffled else letters
    hub = SmallHub(chance, late_max_ms)
    now_ms = letters[-1].true_ms + 60_000  # All of it was kept by the device for a while, so that no receipt limits an error.
    for letter in coming:
        hub.hear(letter, now_ms := now_ms + chance.randint(0, 2_000))
    in_time = sorted(enumerate(hub.booked), key=lambda numbered: (numbered[1].at_ms, numbered[0]))  # As the ledger's readers sort.
    assert [one.letter for _, one in in_time] == letters
    assert all(abs(one.at_ms - one.letter.true_ms) <= late_max_ms + len(letters) for one in hub.booked)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), late_max_ms=st.sampled_from([30, 3_000]))
def test_what_comes_as_it_happens_keeps_its_order_and_is_never_put_after_its_receipt(seed: int, late_max_ms: int) -> None:
    chance = random.Random(seed)
    hub, now_ms = SmallHub(chance, late_max_ms), 0
    for letter in made_by_a_device(chance):
        hub.hear(letter, now_ms := max(now_ms, letter.true_ms + chance.randint(0, 100)))
    times = [one.at_ms for one in hub.booked]
    assert times == sorted(times)
    assert all(one.letter.true_ms <= one.at_ms <= one.received_at_ms for one in hub.booked)


def test_a_hubs_clock_that_was_set_back_far_does_not_hold_a_device_in_the_future() -> None:
    order = DeviceOrder()
    order.place(Occurrence(BEGAN_MS + 86_400_000, HUB_OFFSET), "a", Seat(1, 1, "box"), received_at_ms=BEGAN_MS + 86_400_000)
    assert order.place(Occurrence(BEGAN_MS, HUB_OFFSET), "a", Seat(2, 2, "box"), received_at_ms=BEGAN_MS).happened_at_ms == BEGAN_MS


def test_what_is_taken_along_into_another_outbox_goes_before_what_was_seen_later_and_booked_from_the_old_one() -> None:
    order = DeviceOrder()
    order.place(Occurrence(BEGAN_MS + 1_200, HUB_OFFSET), "a", Seat(1_200, 1_001, "old"), received_at_ms=BEGAN_MS + 60_000)
    late = [
        Occurrence(BEGAN_MS + at_ms + 600, HUB_OFFSET) for at_ms in (1_000, 1_100)
    ]  # By a reading of the new outbox's first connection.
    times = [
        order.place(when, "a", Seat(at_ms, number, "new"), received_at_ms=BEGAN_MS + 61_000).happened_at_ms - BEGAN_MS
        for when, at_ms, number in zip(late, (1_000, 1_100), (1, 2), strict=True)
    ]
    assert times == [1_199, 1_199]

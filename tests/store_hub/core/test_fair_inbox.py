"""Who comes back after two weeks, or has gone mad, holds up nobody; what a bound makes the hub let go is counted and shown."""

from __future__ import annotations

import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from store_hub.adapters.broker_link import Delivered
from store_hub.flows.inbox import LANE_LETTERS_MAX, LANES_MAX, Dropped, Inbox
from wire_format import codec
from wire_format.observations import DoorCrossing


class HandTicks:
    """Monotonic seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def letter(outbox: int, sequence: int, *, payload: bytes = b"{}") -> Delivered:
    return Delivered(f"stores/corner/v1/seen/{outbox:032x}/{sequence}", payload, False, 1, 1, 1, 0)


def gathered(inbox: Inbox, at_most: int = 500) -> list[tuple[int, int]]:
    items = [item for item in inbox.gather(at_most=at_most, wait_s=0.0, linger_s=0.0) if isinstance(item, Delivered)]
    return [(int(item.topic.split("/")[4], 16), int(item.topic.split("/")[5])) for item in items]


def test_a_device_that_comes_back_after_two_weeks_shares_each_batch_with_the_others() -> None:
    inbox = Inbox(items_max=4_000, letters_per_s=500.0, clock=HandTicks())
    inbox.put_messages([letter(1, sequence) for sequence in range(1, 1_001)])
    inbox.put_messages([letter(outbox, 1) for outbox in (2, 3, 4)])
    batch = gathered(inbox)
    assert {outbox for outbox, _ in batch} == {1, 2, 3, 4}
    assert [sequence for outbox, sequence in batch if outbox == 1] == list(range(1, 498))
    assert gathered(inbox) == [(1, sequence) for sequence in range(498, 998)]


def test_what_waited_while_the_last_page_was_written_waits_for_no_further_company() -> None:
    inbox = Inbox(items_max=4_000, letters_per_s=500.0)
    inbox.put_messages([letter(1, 1)])
    with ThreadPoolExecutor() as keeper:
        assert len(keeper.submit(inbox.gather, at_most=500, wait_s=0.0, linger_s=60.0).result(timeout=20)) == 1


def test_a_device_that_floods_comes_after_the_others_and_is_never_made_to_wait_for_nobody() -> None:
    ticks = HandTicks()
    inbox = Inbox(items_max=1_000, letters_per_s=10.0, clock=ticks)
    inbox.put_messages([letter(1, sequence) for sequence in range(1, 10_001)])
    assert len(inbox) == LANE_LETTERS_MAX
    assert inbox.has_room()
    items = inbox.gather(at_most=500, wait_s=0.0, linger_s=0.0)
    assert len(items) == 501, "its burst, and what is beyond, for nobody else waits"
    inbox.put_messages([letter(outbox, sequence) for outbox in range(2, 7) for sequence in range(1, 101)])
    assert {outbox for outbox, _ in gathered(inbox)} == {2, 3, 4, 5, 6}, "now that others wait, they come first"
    ticks.now += 1.0
    inbox.put_messages([letter(2, sequence) for sequence in range(101, 501)])
    assert sum(outbox == 1 for outbox, _ in gathered(inbox)) >= 10, "its pace is its own, whoever waits"


def test_what_a_flood_is_too_much_of_is_counted_and_answered_or_the_broker_would_send_nothing_more_to_anybody(shop: Any) -> None:
    inbox = Inbox(items_max=1_000, letters_per_s=10.0, clock=HandTicks())
    flood = [letter(1, sequence, payload=b"x" * 100) for sequence in range(1, 5_001)]
    inbox.put_messages(flood)
    *_, dropped = inbox.gather(at_most=5, wait_s=0.0, linger_s=0.0)
    assert isinstance(dropped, Dropped)
    assert dropped.of_lanes == {f"seen/{1:032x}": 3_000}
    assert {shell.payload for shell in dropped.shells} == {b""}, "what is dropped is not kept"
    page, _ = shop.books.book([dropped])
    assert [each.topic for each in page.booked] == [each.topic for each in flood[2_000:]], "answered once their number is on the disk"
    assert shop.rows("SELECT count(*) FROM outboxes") == [(0,)], "and not marked as booked"


def test_senders_without_end_and_letters_without_measure_take_bounded_memory() -> None:
    inbox = Inbox(items_max=4_000, letters_per_s=500.0, clock=HandTicks())
    big = bytes(1 << 20)
    tracemalloc.start()
    inbox.put_messages([letter(number, 1, payload=bytes(big)) for number in [1] * 100])
    inbox.put_messages([letter(number, 1) for number in range(5_000)])
    held_bytes = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held_bytes < 8 << 20
    assert len(inbox) <= LANES_MAX + LANE_LETTERS_MAX + 8


def test_whoever_waits_is_woken_by_the_first_message() -> None:
    inbox = Inbox(items_max=10, letters_per_s=500.0)
    threading.Timer(0.05, inbox.put_messages, [[letter(1, 1)]]).start()
    assert len(inbox.gather(at_most=5, wait_s=20.0, linger_s=0.001)) == 1


def test_what_came_too_fast_is_counted_with_the_devices_name(shop: Any, core: Any) -> None:
    crossing = DoorCrossing(
        **core.stamp(core.NOON_MS), door_id="door", started_at_ms=core.NOON_MS, duration_ms=1, people_in=1, people_out=0
    )
    shop.see(crossing)
    inbox = Inbox(items_max=10, letters_per_s=500.0)
    inbox.put_messages([shop.letter(codec.encode(crossing)) for _ in range(LANE_LETTERS_MAX + 7)])
    shop.book(*inbox.gather(at_most=1, wait_s=0.0, linger_s=0.0))
    name, count, detail = shop.rows("SELECT name, count, last_detail FROM counters WHERE name = 'came_too_fast'")[0]
    assert (name, count) == ("came_too_fast", 7)
    assert detail.startswith(f"pi-1 (outbox {core.OUTBOX}) sends seen faster than it may")

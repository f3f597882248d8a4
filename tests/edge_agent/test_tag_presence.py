"""Tags are believed into zones and out of them."""

from __future__ import annotations

import random
import time

import pytest

from edge_agent.readings import TagRead
from edge_agent.rules.tag_presence import PresenceRule, TagArrived, TagDeparted, TagPresence

ZONES = {1: "drinks", 2: "snacks", 3: "snacks"}


def epc(number: int) -> str:
    return f"{number:024X}"


def cycles(rate: float, start_s: int, end_s: int, *, tag: int = 1, antenna: int = 1, seed: int = 1) -> list[TagRead]:
    """One chance a second to be read."""
    rng = random.Random(seed * 1000 + tag)
    return [TagRead(s * 1000 + 137, epc(tag), antenna, -60.0) for s in range(start_s, end_s) if rng.random() < rate]


def test_a_tag_that_is_read_two_times_in_three_arrives_once_and_stays() -> None:
    events = TagPresence(ZONES).take(cycles(0.65, 0, 1800), 1_800_000)
    assert [type(e) for e in events] == [TagArrived]
    assert events[0].at_ms < 20_000
    assert events[0].zone_id == "drinks"


def test_a_tag_behind_other_tags_is_read_seldom_and_is_here_all_the_same() -> None:
    presence = TagPresence(ZONES)
    presence.take(cycles(0.4, 0, 1800), 1_800_000)
    assert (epc(1), "drinks") in presence.present()


@pytest.mark.parametrize("seed", range(5))
def test_a_stray_from_the_next_bay_is_no_resident(seed: int) -> None:
    presence = TagPresence(ZONES)
    assert presence.take(cycles(0.08, 0, 1800, seed=seed), 1_800_000) == []


def test_a_departure_is_told_within_twenty_seconds_with_the_last_read() -> None:
    reads = cycles(0.65, 0, 600)
    left = [e for e in TagPresence(ZONES).take(reads, 700_000) if isinstance(e, TagDeparted)]
    assert len(left) == 1
    assert left[0].at_ms - 600_000 <= 20_000
    assert left[0].last_read_at_ms == reads[-1].read_at_ms
    assert left[0].confidence > 0.9


def test_a_tag_that_moves_to_the_next_zone_arrives_there_and_leaves_here() -> None:
    reads = sorted(cycles(0.65, 0, 300) + cycles(0.65, 300, 600, antenna=3))
    events = TagPresence(ZONES).take(reads, 600_000)
    assert [(type(e).__name__, e.zone_id) for e in sorted(events, key=lambda e: e.at_ms)] == [
        ("TagArrived", "drinks"),
        ("TagArrived", "snacks"),
        ("TagDeparted", "drinks"),
    ]


def test_a_deaf_reader_empties_no_shelf() -> None:
    presence = TagPresence(ZONES)
    reads = sorted(read for tag in range(30) for read in cycles(0.65, 0, 120, tag=tag))
    presence.take(reads, 120_000)
    assert presence.expire(400_000) == []
    assert len(presence.present()) == 30
    presence.pause(500_000)
    assert presence.expire(500_500) == []


def test_memory_is_bounded_and_forgets_who_was_silent_longest() -> None:
    presence = TagPresence(ZONES, PresenceRule(tags_max=50))
    residents = sorted(read for tag in range(20) for read in cycles(0.9, 0, 60, tag=tag))
    presence.take(residents, 60_000)
    presence.take([TagRead(60_000 + n, epc(1000 + n), 1, -70.0) for n in range(500)], 61_000)
    assert presence.forgotten == 470
    assert len(presence.present()) == 20


def test_reads_of_an_antenna_without_a_zone_are_counted() -> None:
    presence = TagPresence(ZONES)
    assert presence.take([TagRead(0, epc(1), 9, -60.0)], 60_000) == []
    assert presence.unknown_antenna_reads == 1


def test_the_same_reads_in_small_portions_give_the_same_events() -> None:
    reads = sorted(read for tag in range(5) for read in cycles(0.6, 0, 200 + 20 * tag, tag=tag))
    whole = TagPresence(ZONES).take(reads, 400_000)
    portioned, presence = [], TagPresence(ZONES)
    for start in range(0, len(reads), 7):
        portion = reads[start : start + 7]
        portioned += presence.take(portion, portion[-1].read_at_ms)
    assert portioned + presence.expire(400_000) == whole


def test_a_thousand_reads_a_second_of_five_thousand_tags_use_a_fifth_of_a_core() -> None:
    rng = random.Random(1)
    seconds = 10
    reads = [TagRead(s * 1000 + n, epc(rng.randrange(5_000)), 1 + rng.randrange(3), -60.0) for s in range(seconds) for n in range(1_000)]
    presence = TagPresence(ZONES)
    started_s = time.process_time()
    for s in range(seconds):
        presence.take(reads[s * 1000 : (s + 1) * 1000], (s + 1) * 1000)
    assert (time.process_time() - started_s) / seconds < 0.2

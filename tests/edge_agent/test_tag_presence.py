"""Tags are believed into zones and out of them."""

from __future__ import annotations

import random
import time

from edge_agent.readings import TagRead
from edge_agent.rules.tag_presence import PresenceRule, TagArrived, TagDeparted, TagPresence, TagShifted

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


def test_strays_from_the_next_bay_are_no_residents() -> None:
    presence = TagPresence(ZONES)
    reads = sorted(read for tag in range(20) for read in cycles(0.08, 0, 1800, tag=tag))
    arrived = [event for event in presence.take(reads, 1_800_000) if isinstance(event, TagArrived)]
    assert len(arrived) < 10  # Less than one in an hour of a stray.
    assert len(presence.present()) <= 1


def test_a_departure_is_told_within_twenty_seconds_with_the_last_read() -> None:
    reads = cycles(0.65, 0, 600)
    left = [e for e in TagPresence(ZONES).take(reads, 700_000) if isinstance(e, TagDeparted)]
    assert len(left) == 1
    assert left[0].at_ms - 600_000 <= 20_000
    assert left[0].last_read_at_ms == reads[-1].read_at_ms
    assert left[0].confidence > 0.85


def test_a_tag_that_moves_to_the_next_zone_arrives_there_and_leaves_here() -> None:
    reads = sorted(cycles(0.65, 0, 300) + cycles(0.65, 300, 600, antenna=3))
    events = TagPresence(ZONES).take(reads, 600_000)
    whereabouts = [e for e in events if not isinstance(e, TagShifted)]
    assert [(type(e).__name__, e.zone_id) for e in whereabouts] == [
        ("TagArrived", "drinks"),
        ("TagDeparted", "drinks"),
        ("TagArrived", "snacks"),
    ]
    moves = [event for event in events if isinstance(event, TagShifted)]
    assert [(move.from_zone_id, move.to_zone_id) for move in moves] == [("drinks", "snacks")]
    assert moves[0].confidence > 0.85


def test_a_tag_that_two_antennas_read_alike_is_in_one_zone_where_it_answers_louder() -> None:
    here = cycles(0.5, 0, 300)
    there = [read._replace(rssi_dbm=-52.0) for read in cycles(0.5, 0, 300, antenna=2, seed=2)]
    presence = TagPresence(ZONES)
    presence.take(sorted(here + there), 300_000)
    assert list(presence.present()) == [(epc(1), "snacks")]


def test_a_neighbour_that_is_read_well_here_too_stays_a_stray() -> None:
    """Read 40 times of 100 by this antenna, but 90 of 100 by its own: no rule of one antenna could tell it from a resident."""
    strays = [r for tag in range(20) for r in cycles(0.4, 0, 600, tag=tag) + cycles(0.9, 0, 600, tag=tag, antenna=2, seed=2)]
    residents = [r for tag in range(20, 40) for r in cycles(0.4, 0, 600, tag=tag)]
    presence = TagPresence(ZONES)
    presence.take(sorted(strays + residents), 600_000)
    assert {int(tag, 16) for tag, zone in presence.present() if zone == "drinks"} == set(range(20, 40))


def bursts(rate: float, start_s: int, end_s: int, *, burst_s: float, tag: int) -> list[TagRead]:
    """Reads that come and stay away for seconds on end."""
    rng, heard, reads = random.Random(tag), False, []
    for s in range(start_s, end_s):
        heard = rng.random() < rate if rng.random() < 1.0 / burst_s else heard
        if heard:
            reads.append(TagRead(s * 1000 + 137, epc(tag), 1, -60.0))
    return reads


def test_who_stands_before_the_shelf_for_seconds_empties_it_less_than_once_in_an_hour_of_a_tag() -> None:
    presence = TagPresence({1: "drinks"})
    reads = sorted(read for tag in range(40) for read in bursts(0.65, 0, 1800, burst_s=3.0, tag=tag))
    left = [e for e in presence.take(reads, 1_800_000) if isinstance(e, TagDeparted)]
    assert len(left) < 20


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

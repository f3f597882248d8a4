"""A full outbox lets go by meaning: what it let go is told, and no count is ever lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.adapters.outbox import Letter, Outbox
from wire_format import codec
from wire_format.observations import (
    ButtonPressed,
    DoorCrossing,
    FloorCell,
    FloorDwell,
    FloorZones,
    Observation,
    QueueLength,
    Shed,
    ShelfWeight,
    TagLeft,
    TagSeen,
    ZonePath,
    ZoneStay,
)

BOOT = {"device_id": "shelves-1", "boot_id": "00c0ffee"}
MINUTE_MS = 60_000


def at(minute: int) -> dict[str, int]:
    return {"monotonic_ms": minute * MINUTE_MS, "observed_at_ms": 1_700_000_000_000 + minute * MINUTE_MS}


def weight(minute: int, *, shelf: str = "s1", weight_g: float = 500.0) -> ShelfWeight:
    return ShelfWeight(**BOOT, **at(minute), shelf_id=shelf, weight_g=weight_g, spread_g=1.0)


def crossing(minute: int, *, people_in: int = 1, people_out: int = 0, door: str = "front") -> DoorCrossing:
    times = at(minute)
    return DoorCrossing(
        **BOOT,
        **times,
        door_id=door,
        started_at_ms=times["observed_at_ms"],
        duration_ms=MINUTE_MS,
        people_in=people_in,
        people_out=people_out,
    )


def dwell(minute: int, *, column: int = 3, person_s: float = 12.0) -> FloorDwell:
    times = at(minute)
    cells = [FloorCell(column, 4, person_s)]
    started = times["observed_at_ms"]
    return FloorDwell(**BOOT, **times, area_id="aisle", started_at_ms=started, duration_ms=MINUTE_MS, cell_size_m=0.5, cells=cells)


def queue(minute: int, people_mean: float, people_max: int) -> QueueLength:
    times = at(minute)
    started = times["observed_at_ms"]
    return QueueLength(
        **BOOT, **times, zone_id="till", started_at_ms=started, duration_ms=MINUTE_MS, people_mean=people_mean, people_max=people_max
    )


def tag(minute: int, number: int, *, left: bool = False) -> Observation:
    epc = f"{number:024X}"
    if left:
        return TagLeft(**BOOT, **at(minute), epc=epc, zone_id="rack", confidence=0.9, last_read_at_ms=0)
    return TagSeen(**BOOT, **at(minute), epc=epc, zone_id="rack", confidence=0.9)


def read(letters: list[Letter]) -> list[Observation]:
    return [codec.observations.decode(letter.payload) for letter in letters]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "outbox.sqlite"


def test_a_full_outbox_lets_go_of_older_weights_of_the_same_shelf_and_says_so(path: Path) -> None:
    outbox = Outbox(path, capacity=6)
    for minute in range(20):
        outbox.put(weight(minute, weight_g=float(minute)))
    outbox.put(weight(20, shelf="s2"))
    kept = read(outbox.take(0, 100))
    told = [one for one in kept if isinstance(one, Shed)]
    weights = [one.weight_g for one in kept if isinstance(one, ShelfWeight) and one.shelf_id == "s1"]
    assert weights == sorted(weights)
    assert weights[-1] == 19.0, "the newest weight is never let go"
    assert sum(shed.counts["shelf_weight"] for shed in told) + len(weights) == 20
    assert outbox.shed_counts() == {"shelf_weight": 20 - len(weights)}
    assert outbox.depth <= 6
    outbox.close()
    assert Outbox(path, capacity=6).shed_counts() == {"shelf_weight": 20 - len(weights)}


def test_a_shed_row_stands_for_its_own_sequence_only(path: Path) -> None:
    outbox = Outbox(path, capacity=4)
    for minute in range(10):
        outbox.put(weight(minute))
    letters = outbox.take(0, 100)
    assert [letter.sequence for letter in letters] == list(range(1, len(letters) + 1))
    for letter, said in zip(letters, read(letters), strict=True):
        if isinstance(said, Shed):
            assert said.through_sequence == letter.sequence
    outbox.close()


def test_what_was_taken_for_sending_never_changes_however_full_it_gets(path: Path) -> None:
    outbox = Outbox(path, capacity=5)
    outbox.put_all([weight(0), crossing(0), weight(1), crossing(1)])
    sent = outbox.take(0, 4)
    for minute in range(2, 50):
        outbox.put(weight(minute))
        outbox.put(crossing(minute))
    assert outbox.take(0, 4) == sent
    outbox.close()


def test_door_counts_of_a_full_outbox_are_added_up(path: Path) -> None:
    outbox = Outbox(path, capacity=3)
    for minute in range(30):
        outbox.put(crossing(minute, people_in=minute, people_out=1))
    kept = [one for one in read(outbox.take(0, 100)) if isinstance(one, DoorCrossing)]
    assert sum(one.people_in for one in kept) == sum(range(30))
    assert sum(one.people_out for one in kept) == 30
    assert sum(one.duration_ms for one in kept) == 30 * MINUTE_MS, "intervals still touch and never overlap"
    assert outbox.depth <= 3
    assert outbox.shed_counts() == {}
    outbox.close()


def test_merged_queues_keep_their_mean_over_time_and_their_maximum(path: Path) -> None:
    outbox = Outbox(path, capacity=1)
    for minute, (mean, most) in enumerate([(1.0, 2), (4.0, 9), (1.0, 3)]):
        outbox.put(queue(minute, mean, most))
    (said,) = read(outbox.take(0, 10))
    assert isinstance(said, QueueLength)
    assert said.people_mean == pytest.approx(2.0)
    assert (said.people_max, said.duration_ms) == (9, 3 * MINUTE_MS)
    outbox.close()


def test_zones_and_waits_of_a_full_outbox_are_added_up(path: Path) -> None:
    def zones(minute: int, *stays: ZoneStay) -> FloorZones:
        times = at(minute)
        span = {"started_at_ms": times["observed_at_ms"], "duration_ms": MINUTE_MS}
        return FloorZones(**BOOT, **times, **span, area_id="aisle", zones=list(stays), paths=[ZonePath("a", "b", 2)])

    outbox = Outbox(path, capacity=2)
    for minute in range(6):
        outbox.put(zones(minute, ZoneStay("a", 1, 10.0, 1, 4.0), ZoneStay("b", minute, 0.5, 0, 0.0)))
        waited = {"waits": 1, "waited_s": 30.0 + minute, "waited_max_s": 30.0 + minute}
        outbox.put(msgspec.structs.replace(queue(minute, 1.0, 2), **waited))
    told = read(outbox.take(0, 10))
    outbox.close()
    stays = [one for one in told if isinstance(one, FloorZones)]
    assert [(z.zone_id, z.entries, z.person_s, z.stopped, z.stopped_s) for z in stays[0].zones] == [
        ("a", 6, 60.0, 6, 24.0),
        ("b", 15, 3.0, 0, 0.0),
    ]
    assert stays[0].paths == [ZonePath("a", "b", 12)]
    queues = [one for one in told if isinstance(one, QueueLength)]
    assert [(q.waits, q.waited_s, q.waited_max_s) for q in queues] == [(6, 195.0, 35.0)]


def test_new_tags_without_end_do_not_fill_the_disk_but_push_out_the_oldest(path: Path) -> None:
    outbox = Outbox(path, capacity=10)
    outbox.put(crossing(0, people_in=7))
    for number in range(100):
        outbox.put(tag(number, number))
    assert outbox.depth <= 11
    kept = read(outbox.take(0, 100))
    assert tag(99, 99) in kept
    assert crossing(0, people_in=7) in kept
    outbox.close()


def test_a_tag_that_comes_and_goes_keeps_its_last_word(path: Path) -> None:
    outbox = Outbox(path, capacity=4)
    for minute in range(40):
        outbox.put(tag(minute, 1, left=minute % 2 == 1))
    assert read(outbox.take(0, 100))[-1] == tag(39, 1, left=True)
    outbox.close()


def check_the_story(received: dict[int, bytes], put: Counter[str], newest: dict[str, ShelfWeight], shed: dict[str, int]) -> None:
    assert sorted(received) == list(range(1, len(received) + 1))
    told = [codec.observations.decode(received[sequence]) for sequence in sorted(received)]
    assert sum(one.people_in for one in told if isinstance(one, DoorCrossing)) == put["door"]
    assert sum(cell.person_s for one in told if isinstance(one, FloorDwell) for cell in one.cells) == put["dwell"]
    for shelf, last in newest.items():
        assert [one for one in told if isinstance(one, ShelfWeight) and one.shelf_id == shelf][-1] == last
    assert sum((Counter(one.counts) for one in told if isinstance(one, Shed)), Counter()) == Counter(shed)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_count_is_lost_and_no_sequence_missing_whatever_happens(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Put, take, book and restart in any order, in an outbox that is far too small."""
    path = tmp_path_factory.mktemp("any") / "outbox.sqlite"
    capacity = data.draw(st.integers(1, 12), label="capacity")
    outbox = Outbox(path, capacity=capacity)
    put, received, cursor, newest = Counter[str](), {}, 0, {}
    for minute, step in enumerate(
        data.draw(st.lists(st.sampled_from(["weight", "door", "dwell", "tag", "button", "take", "book", "restart"]), max_size=60))
    ):
        shelf = data.draw(st.sampled_from(["s1", "s2", "s3"])) if step == "weight" else ""
        people = data.draw(st.integers(0, 9)) if step in ("door", "dwell") else 0
        match step:
            case "weight":
                newest[shelf] = weight(minute, shelf=shelf)
                outbox.put(newest[shelf])
            case "door":
                outbox.put(crossing(minute, people_in=people, door=f"door-{people % 2}"))
            case "dwell":
                outbox.put(dwell(minute, column=people, person_s=float(people)))
            case "tag":
                outbox.put(tag(minute, minute))
            case "button":
                outbox.put(ButtonPressed(**BOOT, **at(minute), button_id="help"))
            case "take":
                for letter in outbox.take(cursor, data.draw(st.integers(1, 5))):
                    assert received.setdefault(letter.sequence, letter.payload) == letter.payload
                    cursor = letter.sequence
            case "book":
                outbox.forget_through(data.draw(st.integers(0, cursor)))
            case "restart":
                outbox.close()
                outbox = Outbox(path, capacity=capacity)
        put[step] += people
        assert outbox.depth <= capacity + len(received) + 8
    for letter in outbox.take(cursor, 1000):
        received[letter.sequence] = letter.payload
    shed = outbox.shed_counts()
    outbox.close()
    check_the_story(received, put, newest, shed)

"""A cloned, restored or damaged SD card: whatever two devices write into one outbox, or one takes along into another, is booked once."""

from __future__ import annotations

from typing import Any

from store_hub.adapters.broker_link import Delivered
from store_hub.flows.verify import verify
from wire_format import codec
from wire_format.observations import ClockReading, Shed, ShelfWeight

ANOTHER = "fedcba9876543210" * 2


def weight(core: Any, number: int, *, boot: str = "cafe0001") -> bytes:
    stamp = core.stamp(core.NOON_MS, boot_id=boot) | {"monotonic_ms": number}
    return codec.encode(ShelfWeight(**stamp, shelf_id="drinks", weight_g=float(number), spread_g=1.0))


def booked(shop: Any) -> list[float]:
    return sorted(row[0] for row in shop.rows("SELECT weight_g FROM shelf_weights"))


def mark(shop: Any, outbox_id: str) -> Any:
    return shop.books.edges.mark(outbox_id, ledger_id="0" * 32)


def test_one_number_with_two_contents_makes_an_outbox_contested_and_both_writers_are_told(shop: Any, core: Any) -> None:
    shop.book(shop.letter(weight(core, 1)), shop.letter(weight(core, 2)))
    shop.book(shop.letter(weight(core, 2), sequence=2))
    assert not mark(shop, core.OUTBOX).contested
    shop.book(shop.letter(weight(core, 7, boot="beef0001"), sequence=2))
    assert mark(shop, core.OUTBOX).contested
    shop.reopen()
    assert mark(shop, core.OUTBOX).contested
    assert booked(shop) == [1.0, 2.0]
    assert shop.rows("SELECT count FROM counters WHERE name = 'contested_outbox'") == [(1,)]


def test_an_edge_that_went_by_an_old_mark_and_tells_of_forgotten_letters_is_no_twin(shop: Any, core: Any) -> None:
    """A broker that was killed may keep an older mark than the hub's; an edge that hears it first thinks the hub was set back."""
    shop.book(*[shop.letter(weight(core, number)) for number in (1, 2, 3)])
    gone = Shed(**core.stamp(core.NOON_MS), through_sequence=3, counts={"forgotten": 2})
    shop.book(shop.letter(codec.encode(gone), sequence=2))
    assert not mark(shop, core.OUTBOX).contested
    assert mark(shop, core.OUTBOX).booked_through == 3
    assert booked(shop) == [1.0, 2.0, 3.0]


def test_a_twin_of_the_same_page_is_noticed_too(shop: Any, core: Any) -> None:
    shop.book(shop.letter(weight(core, 1), sequence=1), shop.letter(weight(core, 9, boot="beef0001"), sequence=1))
    assert mark(shop, core.OUTBOX).contested


def test_a_mark_names_the_content_of_its_letter(shop: Any, core: Any) -> None:
    shop.book(shop.letter(weight(core, 1)))
    said = mark(shop, core.OUTBOX)
    shop.book(shop.letter(weight(core, 2)))
    assert said.digest != mark(shop, core.OUTBOX).digest
    assert codec.commands.decode(codec.encode(said)) == said


def test_what_an_edge_takes_along_into_a_new_outbox_is_booked_once(shop: Any, core: Any) -> None:
    shop.book(*[shop.letter(weight(core, number)) for number in (1, 2, 3)])
    shop.book(shop.letter(weight(core, 2), sequence=1, outbox_id=ANOTHER), shop.letter(weight(core, 3), sequence=2, outbox_id=ANOTHER))
    shop.reopen()
    shop.book(*[shop.letter(weight(core, number), sequence=number - 1, outbox_id=ANOTHER) for number in (4, 5)])
    shop.book(shop.letter(weight(core, 4), sequence=4))  # Comes late, from the old outbox.
    assert booked(shop) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert mark(shop, ANOTHER).booked_through == 4
    assert mark(shop, core.OUTBOX).booked_through == 4
    shop.ledger.close()
    assert [verdict for verdict in verify(shop.path, progress=lambda done, total: None) if not verdict.is_well] == []


def test_two_starts_that_say_the_same_are_two_observations(shop: Any, core: Any) -> None:
    shop.book(shop.letter(weight(core, 1)))
    shop.book(shop.letter(weight(core, 1, boot="beef0001"), sequence=1, outbox_id=ANOTHER))
    assert booked(shop) == [1.0, 1.0]


def test_two_devices_that_write_one_outbox_keep_each_its_own_time(shop: Any, core: Any) -> None:
    """What one of them sees after the other must not be put off to the other's time, or its next outbox seems to tell older things."""

    def seen(device: str, boot: str, at_ms: int) -> bytes:
        stamp = core.stamp(core.NOON_MS, boot_id=boot) | {
            "device_id": device,
            "monotonic_ms": at_ms,
            "observed_at_ms": core.NOON_MS + at_ms,
        }
        return codec.encode(ShelfWeight(**stamp, shelf_id="drinks", weight_g=float(at_ms), spread_g=1.0))

    shop.clock.at_ms += 300_000
    shop.book(shop.letter(seen("pi-1", "cafe0001", 1_000), sequence=1), shop.letter(seen("pi-2", "beef0001", 60_000), sequence=5))
    shop.book(shop.letter(seen("pi-1", "cafe0001", 2_000), sequence=6))
    shop.reopen()
    shop.book(shop.letter(seen("pi-1", "cafe0001", 3_000), sequence=1, outbox_id=ANOTHER))
    at_ms = [row[0] - core.NOON_MS for row in shop.rows("SELECT at_ms FROM shelf_weights ORDER BY journal_id")]
    assert at_ms == [1_000, 60_000, 2_000, 3_000]


def test_what_a_twin_takes_along_is_placed_before_what_it_saw_later_though_the_other_filled_its_gaps(shop: Any, core: Any) -> None:
    shop.clock.at_ms += 300_000
    shop.book(*[shop.letter(weight(core, 10 * number, boot="beef0001"), sequence=number) for number in (1, 2)])
    shop.book(shop.letter(weight(core, 10), sequence=1))  # The twin's first: the outbox is contested.
    shop.book(*[shop.letter(weight(core, number * 1_000), sequence=number) for number in (4, 5)])
    shop.book(shop.letter(weight(core, 30, boot="beef0001"), sequence=3))
    shop.reopen()
    reading = ClockReading(device_id="pi-1", boot_id="cafe0001", monotonic_ms=0, wall_clock_ms=0)
    shop.book(Delivered(f"stores/{core.STORE}/v1/clock/{ANOTHER}", codec.encode(reading), False, 0, 0, 1, core.NOON_MS + 9_000))
    shop.book(shop.letter(weight(core, 3_000), sequence=1, outbox_id=ANOTHER))
    told = [row[0] for row in shop.rows("SELECT weight_g FROM shelf_weights WHERE weight_g >= 1000 ORDER BY at_ms, journal_id")]
    assert told == [3_000.0, 4_000.0, 5_000.0]

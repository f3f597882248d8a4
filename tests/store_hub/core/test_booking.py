"""Nothing lost, nothing twice: what edges send is booked once, whatever order it comes in and whatever is wrong with it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store_hub.adapters.broker_link import Delivered
from store_hub.entries import AlertAction, Delivery, DeliveryLine, Sale, SaleLine, StockCount
from store_hub.errors import AlertUnknown, IdempotencyConflict, PlaceUnknown, PlanogramInvalid
from store_hub.flows.commands import Booked, BookPlanogram, ForgetFacts, NumberFacts, ReportAfresh
from store_hub.flows.rebuild import rebuild
from wire_format import codec
from wire_format.observations import ClockReading, DeviceHealth, DoorCrossing, Fault, Shed, ShelfWeight
from wire_format.reports import DoorQuarter


def crossing(core: Any, minute: int, **changed: Any) -> DoorCrossing:
    at_ms = core.NOON_MS - 43_200_000 + minute * 60_000
    fields = {
        **core.stamp(at_ms),
        "door_id": "door",
        "started_at_ms": at_ms - 60_000,
        "duration_ms": 60_000,
        "people_in": 1,
        "people_out": 0,
    }
    return DoorCrossing(**(fields | changed))


def booked_through(shop: Any) -> int:
    return int(shop.rows("SELECT booked_through FROM outboxes")[0][0])


@pytest.mark.parametrize("seed", range(6))
def test_every_observation_is_booked_once_however_often_and_in_whatever_order_it_comes(shop: Any, core: Any, seed: int) -> None:
    chance = random.Random(seed)
    letters = [shop.letter(crossing(core, minute), sequence=minute) for minute in range(1, 61)]
    posted = letters + chance.choices(letters, k=40)
    chance.shuffle(posted)
    while posted:
        size = chance.randint(1, 9)
        shop.book(*posted[:size])
        posted = posted[size:]
        if chance.random() < 0.2:
            shop.reopen()
    assert shop.rows("SELECT count(*), count(DISTINCT sequence) FROM journal WHERE source = 'edge'") == [(60, 60)]
    assert shop.rows("SELECT sum(people_in), count(*) FROM door_minutes") == [(60, 60)]
    assert shop.rows("SELECT booked_through, duplicates FROM outboxes") == [(60, 40)]
    assert shop.rows("SELECT count(*) FROM outbox_ranges") == [(0,)]


def test_the_mark_stays_before_a_gap_until_the_gap_is_filled(shop: Any, core: Any) -> None:
    shop.book(*[shop.letter(crossing(core, n), sequence=n) for n in (1, 2, 5, 6, 9)])
    assert booked_through(shop) == 2
    assert shop.rows("SELECT first_sequence, last_sequence FROM outbox_ranges") == [(5, 6), (9, 9)]
    shop.reopen()
    shop.book(*[shop.letter(crossing(core, n), sequence=n) for n in (3, 4, 5)])
    assert booked_through(shop) == 6
    assert shop.rows("SELECT first_sequence, last_sequence FROM outbox_ranges") == [(9, 9)]


def test_what_an_edge_had_to_let_go_leaves_no_gap(shop: Any, core: Any) -> None:
    shed = Shed(**core.stamp(core.NOON_MS), through_sequence=500, counts={"shelf_weight": 480, "tag_seen": 19})
    shop.book(shop.letter(crossing(core, 1), sequence=1), shop.letter(shed, sequence=2), shop.letter(crossing(core, 2), sequence=501))
    assert shop.rows("SELECT booked_through, shed FROM outboxes") == [(501, 499)]
    shop.book(shop.letter(crossing(core, 9), sequence=77))
    assert shop.rows("SELECT sum(people_in) FROM door_minutes") == [(2,)]


def test_an_outbox_full_of_holes_is_refused_beyond_a_bound_and_sends_again(shop: Any, core: Any) -> None:
    shop.book(*[shop.letter(crossing(core, n % 60), sequence=2 * n) for n in range(1, 1_102)])
    assert shop.rows("SELECT count(*) FROM outbox_ranges") == [(1_000,)]
    assert shop.rows("SELECT count FROM counters WHERE name = 'beyond_window'") == [(101,)]
    shop.book(shop.letter(crossing(core, 1), sequence=1))
    assert booked_through(shop) == 2


def test_a_letter_nobody_can_read_is_kept_counted_and_holds_up_nobody(shop: Any, core: Any) -> None:
    wrong = [b"\xff\x00", b"{}", b'{"v":1,"type":"shelf_weight","shelf_id":5}', b'{"v":9,"type":"shelf_weight"}']
    shop.book(*[shop.letter(payload) for payload in wrong], shop.letter(crossing(core, 1)))
    assert booked_through(shop) == 5
    assert [row[0] for row in shop.rows("SELECT reason FROM quarantine ORDER BY journal_id")] == [
        "undecodable", "undecodable", "undecodable", "version_unknown",
    ]  # fmt: skip
    assert shop.rows("SELECT payload FROM journal WHERE sequence = 1") == [(b"\xff\x00",)]
    assert shop.rows("SELECT sum(people_in) FROM door_minutes") == [(1,)]


def test_a_letter_without_a_readable_address_is_kept_for_a_person(shop: Any, core: Any) -> None:
    lost = Delivered(f"stores/{core.STORE}/v1/seen/not-an-outbox/1", b"hello", False, 7, 1, 1, core.NOON_MS)
    shop.book(lost)
    assert shop.rows("SELECT reason FROM quarantine") == [("bad_topic",)]
    assert shop.rows("SELECT topic, payload, outbox_no FROM journal WHERE topic IS NOT NULL") == [(lost.topic, b"hello", None)]


def test_a_weight_of_a_shelf_without_a_planned_scale_is_set_aside(shop: Any, core: Any) -> None:
    shop.see(ShelfWeight(**core.stamp(core.NOON_MS), shelf_id="cellar", weight_g=1.0, spread_g=0.1))
    assert shop.rows("SELECT reason FROM quarantine") == [("unknown_shelf",)]


def test_a_device_that_woke_up_in_1970_is_placed_in_true_time(shop: Any, core: Any) -> None:
    reading = ClockReading(device_id="pi-1", boot_id=core.BOOT, monotonic_ms=5_000, wall_clock_ms=12_000)
    shop.book(Delivered(f"stores/{core.STORE}/v1/clock/{core.OUTBOX}", codec.encode(reading), False, 0, 0, 1, core.NOON_MS))
    shop.clock.at_ms += 3_600_000
    shop.see(crossing(core, 0, monotonic_ms=65_000, observed_at_ms=72_000, started_at_ms=12_000))
    assert shop.rows("SELECT happened_at_ms, time_quality FROM journal WHERE source = 'edge'") == [(core.NOON_MS + 60_000, "hub_offset")]
    assert shop.rows("SELECT minute_started_at_ms FROM door_minutes") == [(core.NOON_MS - core.NOON_MS % 60_000,)]


def test_a_device_in_1970_whose_clock_nobody_has_heard_is_asked_and_in_the_end_placed_when_it_came(shop: Any, core: Any) -> None:
    lost = crossing(core, 0, boot_id="beef0001", monotonic_ms=65_000, observed_at_ms=72_000, started_at_ms=12_000)
    letter = shop.letter(lost)
    page, _ = shop.books.book([letter])
    assert list(page.outboxes) == [core.OUTBOX]  # Its mark is told again, to which an edge answers with its clock.
    assert booked_through(shop) == 0
    reading = ClockReading(device_id="pi-1", boot_id="beef0001", monotonic_ms=70_000, wall_clock_ms=77_000)
    shop.book(Delivered(f"stores/{core.STORE}/v1/clock/{core.OUTBOX}", codec.encode(reading), False, 0, 0, 1, core.NOON_MS), letter)
    assert shop.rows("SELECT happened_at_ms, time_quality FROM journal WHERE source = 'edge'") == [(core.NOON_MS - 5_000, "hub_offset")]
    mute = shop.letter(crossing(core, 0, boot_id="beef0002", observed_at_ms=72_000, started_at_ms=12_000))
    shop.book(mute)
    shop.book(mute._replace(received_at_ms=core.NOON_MS + 20_000))
    assert shop.rows("SELECT happened_at_ms - received_at_ms, time_quality FROM journal ORDER BY journal_id DESC LIMIT 1") == [
        (0, "received")
    ]


def test_a_clock_read_late_never_puts_the_last_weight_of_a_shelf_before_an_earlier_one(shop: Any, core: Any) -> None:
    def clock(monotonic_ms: int, late_ms: int) -> Delivered:
        reading = ClockReading(device_id="pi-1", boot_id=core.BOOT, monotonic_ms=monotonic_ms, wall_clock_ms=0)
        received_at_ms = core.NOON_MS + monotonic_ms + late_ms
        return Delivered(f"stores/{core.STORE}/v1/clock/{core.OUTBOX}", codec.encode(reading), False, 0, 0, 1, received_at_ms)

    def weight(monotonic_ms: int, grams: float) -> Delivered:
        stamp = core.stamp(core.NOON_MS) | {"monotonic_ms": monotonic_ms, "observed_at_ms": 1_000}
        letter = shop.letter(ShelfWeight(**stamp, shelf_id="drinks", weight_g=grams, spread_g=1.0))
        return letter._replace(received_at_ms=core.NOON_MS + 60_000)

    first, second, third = weight(1_000, 1.0), weight(2_500, 2.0), weight(2_700, 3.0)
    shop.book(clock(500, late_ms=2_000), first, third)  # The second is lost on the way.
    shop.reopen()
    shop.book(clock(2_600, late_ms=0), second)
    shop.book(weight(2_800, 4.0))
    told = shop.rows("SELECT weight_g FROM shelf_weights ORDER BY at_ms, journal_id")
    assert told[-2:] == [(3.0,), (4.0,)]


def test_an_edge_that_a_ledger_set_back_does_not_know_is_told_so_when_it_tells_its_clock(shop: Any, core: Any) -> None:
    reading = ClockReading(device_id="pi-1", boot_id=core.BOOT, monotonic_ms=5_000, wall_clock_ms=12_000)
    page, _ = shop.books.book(
        [Delivered(f"stores/{core.STORE}/v1/clock/{core.OUTBOX}", codec.encode(reading), False, 0, 0, 1, core.NOON_MS)]
    )
    assert list(page.outboxes) == [core.OUTBOX]
    assert shop.books.edges.mark(core.OUTBOX, ledger_id="0" * 32).booked_through == 0


def test_of_letters_that_an_edge_has_forgotten_only_those_that_are_not_booked_count_as_gone(shop: Any, core: Any) -> None:
    shop.book(*[shop.letter(crossing(core, number), sequence=number) for number in (1, 2, 5, 6)])
    gone = Shed(**core.stamp(core.NOON_MS), through_sequence=8, counts={"forgotten": 6})
    shop.book(shop.letter(codec.encode(gone), sequence=3))
    assert shop.rows("SELECT booked_through, shed FROM outboxes") == [(8, 4)]


def test_only_changes_of_a_devices_health_are_journalled(shop: Any, core: Any) -> None:
    def health(minute: int, **changed: Any) -> Delivered:
        fields = {"device_id": "pi-1", "boot_id": core.BOOT, "state": "alive", "sent_at_ms": core.NOON_MS, "agent_version": "1"} | changed
        payload = codec.encode(DeviceHealth(**fields))
        return Delivered(f"stores/{core.STORE}/v1/health/pi-1", payload, False, 1, 1, 1, core.NOON_MS + minute * 60_000)

    silent = Fault(code="load_cell_silent", part="drinks", message="no weight", advice="check the wires")
    shop.book(
        health(0, state="birth"), health(1), health(2), health(3, faults=[silent]), health(4, faults=[silent]), health(5, state="death")
    )
    assert shop.rows("SELECT count(*) FROM journal WHERE source = 'health'") == [(3,)]
    assert shop.rows("SELECT state, last_seen_at_ms FROM devices") == [("death", core.NOON_MS + 300_000)]
    shop.book(Delivered(f"stores/{core.STORE}/v1/health/pi-1", b"junk", False, 1, 1, 1, core.NOON_MS))
    assert shop.rows("SELECT name, count FROM counters") == [("health_undecodable", 1)]


def test_a_letter_that_breaks_the_rules_harms_no_other_and_a_rebuild_breaks_in_the_same_place(
    core: Any, make_shop: Callable[[str], Any], tmp_path: Path
) -> None:
    from store_hub.config import BookkeepingConfig
    from store_hub.flows.bookkeep import Bookkeeper

    shop = make_shop("poison.sqlite")
    shop.clock.at_ms += 86_400_000
    keeper = Bookkeeper(shop.ledger, clock=shop.clock, config=BookkeepingConfig())
    year_300_000 = crossing(core, 2, started_at_ms=10**16)
    beyond_sqlite = crossing(core, 3, started_at_ms=10**19, people_in=0)
    for observation in (crossing(core, 1), year_300_000, beyond_sqlite, crossing(core, 4)):
        keeper.inbox.put_messages([shop.letter(observation)])
    keeper.start()
    assert keeper.submit(ForgetFacts(0)).result(10) is None
    keeper.stop()
    assert shop.rows("SELECT booked_through FROM outboxes") == [(4,)]
    assert shop.rows("SELECT sum(people_in) FROM door_minutes") == [(2,)]
    reasons = shop.rows("SELECT reason, detail FROM quarantine ORDER BY journal_id")
    assert [reason for reason, _ in reasons] == ["effect_failed", "effect_failed"], reasons
    assert rebuild(tmp_path / "poison.sqlite", replace=False, progress=lambda done, total: None).differences == []


# ---- what is told


def test_the_same_sale_sent_again_is_booked_once_and_answered_alike(shop: Any) -> None:
    sale = Sale(till="till-1", lines=[SaleLine(sku="gum", units=2), SaleLine(sku="mystery", units=1)])
    first, again = shop.tell(sale, key="a"), None
    shop.reopen()
    again = shop.tell(sale, key="a")
    assert first == Booked(journal_id=2, unknown_skus=["mystery"])
    assert again == Booked(journal_id=2, unknown_skus=["mystery"], again=True)
    assert shop.rows("SELECT sold_units FROM books WHERE sku = 'gum'") == [(2,)]
    with pytest.raises(IdempotencyConflict, match="used before with another body"):
        shop.tell(Sale(till="till-1", lines=[SaleLine(sku="gum", units=3)]), key="a")


def test_a_sale_of_an_unknown_article_is_kept_and_shown(shop: Any) -> None:
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="mystery", units=1, price_minor=500)]))
    assert shop.rows("SELECT sku, known FROM sales") == [("mystery", 0)]
    assert shop.rows("SELECT reason, line FROM quarantine") == [("unknown_sku", 1)]


def test_deliveries_returns_and_counts_move_books_and_back_room(shop: Any) -> None:
    shop.tell(Delivery(delivery_id="d1", lines=[DeliveryLine(sku="cola", units=24)]))
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="cola", units=-1)]))
    assert shop.units("cola", "back_room") == 49
    assert shop.rows("SELECT book_units FROM books WHERE sku = 'cola'") == [(34 + 24 + 1,)]
    shop.tell(StockCount(sku="cola", shelf_id="drinks", units=7))
    assert shop.units("cola", "drinks") == 7
    assert shop.rows("SELECT book_units FROM books WHERE sku = 'cola'") == [(7 + 49,)]
    shop.tell(StockCount(sku="cola", units=20))
    assert shop.units("cola", "back_room") == 13
    assert shop.rows("SELECT counted_units, book_units FROM hand_counts ORDER BY journal_id") == [(7, 59), (20, 56)]


def test_a_shelf_without_a_scale_is_kept_by_the_till(shop: Any) -> None:
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="gum", units=7)]))
    ((units, low, high, evidence),) = shop.rows("SELECT units, low, high, evidence FROM stock WHERE place = 'sweets'")
    assert (round(units), high, evidence) == (3, 3.0, "till")
    assert 2.0 <= low <= units, "some may have been stolen meanwhile"
    assert shop.rows("SELECT kind, cleared_at_ms FROM alerts") == [("low_shelf", None)]
    shop.tell(AlertAction(alert_id=1, action="done", by="Ana"))
    assert shop.units("gum", "sweets") == 20
    assert shop.rows("SELECT done_by, cleared_at_ms IS NOT NULL FROM alerts") == [("Ana", 1)]


def test_nonsense_is_refused_before_it_is_written(shop: Any, core: Any) -> None:
    with pytest.raises(AlertUnknown, match="does not exist"):
        shop.tell(AlertAction(alert_id=5, action="take"))
    with pytest.raises(PlaceUnknown, match="no article gum on shelf drinks"):
        shop.tell(StockCount(sku="gum", shelf_id="drinks", units=1))
    with pytest.raises(PlanogramInvalid, match="for store other"):
        shop.ask(BookPlanogram(codec.encode(core.shop_plan(store_id="other"))))
    with pytest.raises(PlanogramInvalid, match="not a valid plan"):
        shop.ask(BookPlanogram(b"{"))
    assert shop.rows("SELECT count(*) FROM journal") == [(1,)]


def test_facts_are_numbered_once_and_forgotten_only_when_the_cloud_has_them(shop: Any, core: Any) -> None:
    shop.see(crossing(core, 1))
    told = shop.rows("SELECT fact, period_ms, subject, journal_id FROM dirty WHERE fact = 'door_quarter'")
    fact = DoorQuarter(sequence=1, quarter_started_at_ms=told[0][1], door_id="door", people_in=1, people_out=0, observed_min=1.0)
    shop.see(crossing(core, 2))
    assert shop.ask(NumberFacts([fact, fact], told)) == 2
    assert len(shop.rows("SELECT 1 FROM dirty WHERE fact = 'door_quarter'")) == 1, "it changed again meanwhile"
    shop.ask(ForgetFacts(1))
    assert shop.rows("SELECT sequence FROM report_outbox") == [(2,)]
    shop.ask(ReportAfresh(40))
    assert shop.ask(NumberFacts([fact], [])) == 41
    assert shop.rows("SELECT sequence FROM report_outbox") == [(41,)]

"""The tables follow from the journal: any story, cut into any batches, with restarts anywhere, is rebuilt bit for bit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store_hub.adapters.ledger import Ledger
from store_hub.entries import AlertAction, CalibrationAction, Delivery, DeliveryLine, Sale, SaleLine, StockCount
from store_hub.errors import HubError, LedgerUnusable
from store_hub.flows.books import Books, failing_detail
from store_hub.flows.commands import Book, BookPlanogram
from store_hub.flows.inbox import Request
from store_hub.flows.rebuild import rebuild
from store_hub.flows.verify import verify
from wire_format import codec
from wire_format.observations import (
    ButtonPressed,
    CalibrationProgress,
    DoorCrossing,
    FloorCell,
    FloorDwell,
    FloorZones,
    QueueLength,
    Shed,
    ShelfWeight,
    TagLeft,
    TagSeen,
    WeighedLoad,
    ZonePath,
    ZoneStay,
)
from wire_format.plans import OpeningHours

EPC = "3034257BF7194E4000001A85"
BADGE = "E280116060000002"
skus = st.sampled_from(["cola", "tea", "gum", "mystery"])
units = st.integers(0, 12)
lateness_s = st.integers(0, 5_000)

stories = st.lists(
    st.one_of(
        st.tuples(st.just("weigh"), st.integers(0, 12), st.integers(0, 8), lateness_s),
        st.tuples(st.just("confirm"), st.floats(-3, 3)),
        st.tuples(st.just("sale"), skus, st.integers(-2, 6)),
        st.tuples(st.just("delivery"), skus, st.integers(1, 30), st.sampled_from(["back_room", "shelf"])),
        st.tuples(st.just("count"), st.sampled_from(["cola", "gum"]), units, st.booleans()),
        st.tuples(st.just("act"), st.integers(1, 4), st.sampled_from(["take", "done"])),
        st.tuples(st.just("door"), st.integers(0, 5), st.integers(0, 9), lateness_s),
        st.tuples(st.just("dwell"), st.floats(0, 60), st.integers(0, 9), lateness_s),
        st.tuples(st.just("tag"), st.booleans(), st.floats(0, 1), lateness_s),
        st.tuples(st.just("queue"), st.floats(0, 9)),
        st.tuples(st.just("button"), st.sampled_from(["pressed", "tared", "tare_refused"])),
        st.tuples(st.just("calibrate"), st.sampled_from(["start", "weigh", "begin_again", "accept", "end"])),
        st.tuples(st.just("calibrating"), st.sampled_from(["ready", "refused", "applied", "ended"]), st.integers(0, 3)),
        st.tuples(st.just("zones"), st.integers(0, 9), st.floats(0, 60), lateness_s),
        st.tuples(st.just("staff"), st.integers(0, 3), st.integers(0, 3), st.one_of(st.none(), st.integers(0, 3))),
        st.tuples(st.just("badge"), st.booleans(), lateness_s),
        st.tuples(st.just("junk"), st.binary(max_size=20)),
        st.tuples(st.just("shed"), st.integers(0, 3)),
        st.tuples(st.just("poison")),
        st.tuples(st.just("plan"), st.integers(1, 6)),
        st.tuples(st.just("commit")),
        st.tuples(st.just("restart")),
    ),
    min_size=5,
    max_size=60,
)


class Teller:
    """Tells a story to a hub's books, gathering items until a commit."""

    def __init__(self, shop: Any, core: Any) -> None:
        self.shop, self.core, self.items = shop, core, []
        self.weight_g = 10 * 350.0 + 6 * 1500.0

    def see(self, kind: type, late_s: int = 0, **fields: Any) -> None:
        at_ms = self.shop.clock.at_ms - late_s * 1000
        self.items.append(self.shop.letter(kind(**self.core.stamp(at_ms), **fields)))

    def say(self, told: Any) -> None:
        self.items.append(Request(Book(told, "sales"), Future(), self.shop.clock.now_ms()))

    def commit(self) -> None:
        """As bookkeep does: a batch that breaks is booked item by item, and the breaking one without effect."""
        items, self.items = self.items, []
        try:
            self.shop.books.book(items)
        except LedgerUnusable:
            raise
        except Exception:  # noqa: BLE001  # Exactly as bookkeep does.
            self.shop.books.reload()
            for item in items:
                try:
                    self.shop.books.book([item])
                except Exception as error:  # noqa: BLE001  # Exactly as bookkeep does.
                    self.shop.books.reload()
                    self.shop.books.book([item], failing=failing_detail(error))

    def tell(self, step: tuple[Any, ...]) -> None:
        now_ms = self.shop.clock.at_ms = self.shop.clock.at_ms + 97_000
        match step:
            case ("weigh", cola, tea, late_s):
                self.weight_g = cola * 350.0 + tea * 1500.0
                moved = now_ms - late_s * 1000 - 2_000
                self.see(ShelfWeight, late_s, shelf_id="drinks", weight_g=self.weight_g, spread_g=1.5, moved_at_ms=moved)
            case ("confirm", drift_g):
                self.see(ShelfWeight, shelf_id="drinks", weight_g=self.weight_g + drift_g, spread_g=1.0)
            case ("sale", sku, sold):
                self.say(Sale(till="till-1", lines=[SaleLine(sku=sku, units=sold), SaleLine(sku="tea", units=1, price_minor=5)]))
            case ("delivery", sku, came, to):
                self.say(Delivery(delivery_id="d", lines=[DeliveryLine(sku=sku, units=came)], to=to))
            case ("count", sku, counted, whole):
                shelf = None if whole else {"cola": "drinks", "gum": "sweets"}[sku]
                self.say(StockCount(sku=sku, units=counted, shelf_id=shelf))
            case ("act", alert_id, action):
                self.say(AlertAction(alert_id=alert_id, action=action))
            case ("plan", low):
                self.change_plan(low)
            case ("commit",):
                self.commit()
            case ("restart",):
                self.commit()
                self.shop.reopen()
            case _:
                self.tell_of_people(step, now_ms)

    def tell_of_people(self, step: tuple[Any, ...], now_ms: int) -> None:
        match step:
            case ("door", people_in, people_out, late_s):
                started = now_ms - late_s * 1000 - 60_000
                self.see(
                    DoorCrossing,
                    late_s,
                    door_id="door",
                    started_at_ms=started,
                    duration_ms=60_000,
                    people_in=people_in,
                    people_out=people_out,
                )
            case ("tag", True, confidence, late_s):
                self.see(TagSeen, late_s, epc=EPC, zone_id="front", confidence=confidence)
            case ("tag", False, confidence, late_s):
                self.see(TagLeft, late_s, epc=EPC, zone_id="front", confidence=confidence, last_read_at_ms=now_ms)
            case ("queue", mean):
                self.see(QueueLength, zone_id="front", started_at_ms=now_ms, duration_ms=60_000, people_mean=mean, people_max=3)
            case ("button", action):
                self.see(ButtonPressed, button_id="b1", shelf_id="drinks", action=action, detail="as it was")
            case ("calibrate", action):
                known = self.shop.books.fold.calibrations.rows.get("drinks")
                seen = 0 if known is None else known.revision
                told = CalibrationAction(shelf_id="drinks", device_id="pi-1", session_id="0" * 8, action=action, revision=seen)
                self.say(told)
            case ("calibrating", stage, through):
                loads = [WeighedLoad(step=n, known_g=0.0, readings=20, mean_counts=1.5, spread_counts=2.0) for n in range(1, through + 1)]
                self.see(CalibrationProgress, shelf_id="drinks", session_id="0" * 8, stage=stage, handled_through=through, loads=loads)
            case ("junk", payload):
                self.items.append(self.shop.letter(payload))
            case ("shed", more):
                self.see(Shed, through_sequence=self.shop.sequence + 1 + more, counts={"tag_seen": 1 + more})
                self.shop.sequence += more
            case ("poison",):
                self.see(DoorCrossing, door_id="door", started_at_ms=10**16, duration_ms=1, people_in=1, people_out=0)
            case _:
                self.tell_of_zones_and_staff(step, now_ms)

    def tell_of_zones_and_staff(self, step: tuple[Any, ...], now_ms: int) -> None:
        match step:
            case ("dwell", person_s, column, late_s):
                cells = [FloorCell(column, 1, person_s), FloorCell(column + 1, 2, 1.25)]
                self.see(FloorDwell, late_s, area_id="a", started_at_ms=now_ms, duration_ms=60_000, cell_size_m=0.7, cells=cells)
            case ("zones", entries, person_s, late_s):
                stays = [ZoneStay("front", entries, person_s, entries // 2, person_s / 3)]
                paths = [ZonePath("front", "back", entries)]
                self.see(FloorZones, late_s, area_id="a", started_at_ms=now_ms, duration_ms=60_000, zones=stays, paths=paths)
            case ("staff", people, staff, groups):
                people_in = {"people_in": people, "people_out": people, "staff_in": staff, "staff_out": staff, "groups_in": groups}
                self.see(DoorCrossing, door_id="door", started_at_ms=now_ms - 60_000, duration_ms=60_000, **people_in)
            case ("badge", True, late_s):
                self.see(TagSeen, late_s, epc=BADGE, zone_id="at-the-door", confidence=0.9)
            case ("badge", False, late_s):
                self.see(TagLeft, late_s, epc=BADGE, zone_id="at-the-door", confidence=0.9, last_read_at_ms=now_ms)

    def change_plan(self, low: int) -> None:
        """Another planogram: other marks, and every other time the tea leaves the shelf.

        Of six, two know staff badges and open for some minutes only, so that stories run over closing time.
        """
        plan = self.core.shop_plan(version=low)
        if low % 3 == 0:
            hours = [OpeningHours(days=[1, 2, 3, 4, 5, 6, 7], opens="09:02", closes="09:20")]
            doors = [msgspec.structs.replace(plan.doors[0], badge_zone_id="at-the-door")]
            plan = msgspec.structs.replace(plan, opening_hours=hours, staff_badges=[BADGE], doors=doors)
        facings = plan.bays[0].shelves[0].facings
        facings[0] = type(facings[0])(sku="cola", width_m=0.5, capacity_units=12, low_units=low, start_units=10)
        if low % 2:
            del facings[1]
        self.items.append(Request(BookPlanogram(codec.encode(plan)), Future(), self.shop.clock.now_ms()))


@given(stories)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_story_is_rebuilt_bit_for_bit(make_shop: Callable[[str], Any], core: Any, tmp_path: Path, story: list[tuple[Any, ...]]) -> None:
    shop = make_shop(f"{len(list(tmp_path.iterdir()))}.sqlite")
    shop.ledger.connection.execute("PRAGMA synchronous = OFF")  # What is tested is the fold, not the disk.
    teller = Teller(shop, core)
    for step in story:
        teller.tell(step)
    teller.commit()
    rebuilt = rebuild(shop.path, replace=False, progress=lambda done, total: None)
    assert rebuilt.differences == []
    assert rebuilt.entries == shop.ledger.last_journal_id()
    assert shop.rows("SELECT count(*) FROM stock WHERE units < 0 OR low > units + 1e-9 OR high < units - 1e-9") == [(0,)]
    assert shop.rows("SELECT count(*) FROM occupancy WHERE people < 0") == [(0,)]
    assert all(verdict.is_well for verdict in verify(shop.path, progress=lambda done, total: None))


def some_days(shop: Any) -> None:
    for cola in (9, 8, 6, 3, 1, 0, 12, 11):
        shop.weigh(cola, 6)
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="cola", units=3)]))


def test_a_damaged_table_is_found_and_replaced(make_shop: Callable[[str], Any], tmp_path: Path) -> None:
    shop = make_shop("ledger.sqlite")
    some_days(shop)
    good = shop.rows("SELECT sku, place, units FROM stock ORDER BY 1, 2")
    shop.ledger.connection.execute("UPDATE stock SET units = units + 5 WHERE place = 'drinks' AND sku = 'cola'")
    path = tmp_path / "ledger.sqlite"
    wrong = [verdict for verdict in verify(path, progress=lambda done, total: None) if not verdict.is_well]
    assert [verdict.answer for verdict in wrong] == ["rows that differ: 1 in stock; run store-hub rebuild --replace"]
    with pytest.raises(LedgerUnusable, match="another hub has it open"):
        rebuild(path, replace=True, progress=lambda done, total: None)
    shop.ledger.close()
    rebuilt = rebuild(path, replace=True, progress=lambda done, total: None)
    assert [(each.table, each.rows) for each in rebuilt.differences] == [("stock", 1)]
    assert rebuilt.kept_as is not None
    assert rebuilt.kept_as.exists()
    shop.ledger = Ledger.open(path)
    shop.books = Books(shop.ledger, shop.clock)
    assert shop.rows("SELECT sku, place, units FROM stock ORDER BY 1, 2") == good
    assert shop.rows("SELECT count(*) FROM dirty WHERE fact = 'sku_quarter'")[0][0] > 0, "the cloud must hear the corrected figures"
    shop.weigh(10, 6)
    assert rebuild(path, replace=False, progress=lambda done, total: None).differences == []


def test_a_hole_in_the_journal_is_found(make_shop: Callable[[str], Any], tmp_path: Path) -> None:
    shop = make_shop("ledger.sqlite")
    some_days(shop)
    shop.ledger.connection.execute("DELETE FROM journal WHERE sequence = 4")
    wrong = {
        verdict.question: verdict.answer for verdict in verify(tmp_path / "ledger.sqlite", progress=lambda *_: None) if not verdict.is_well
    }
    assert "but 1 are not in the journal" in next(answer for question, answer in wrong.items() if question.startswith("outbox"))
    assert "the journal has no holes" in wrong


def test_a_ledger_that_cannot_be_trusted_is_told_with_advice(tmp_path: Path, make_shop: Callable[[str], Any]) -> None:
    path = tmp_path / "x.sqlite"
    with pytest.raises(LedgerUnusable, match="no such file; make it with store-hub init"):
        Ledger.open(path)
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(LedgerUnusable, match="no SQLite file"):
        Ledger.open(path)
    shop = make_shop("ledger.sqlite")
    with pytest.raises(LedgerUnusable, match="another hub has it open"):
        Ledger.open(shop.path)
    shop.ledger.connection.execute("INSERT INTO schema_migrations VALUES (99, 'later', 'now')")
    shop.ledger.close()
    with pytest.raises(LedgerUnusable, match=r"schema 99 is newer than this hub knows.*update the hub"):
        Ledger.open(shop.path)
    with pytest.raises(LedgerUnusable, match="there is a ledger already"):
        Ledger.create(shop.path, store_id="corner", now_ms=1)
    shutil.copy(shop.path, tmp_path / "copy.sqlite")
    with pytest.raises(HubError, match=r"is no folder; choose another file"):
        Ledger.create(tmp_path / "copy.sqlite" / "below.sqlite", store_id="corner", now_ms=1)

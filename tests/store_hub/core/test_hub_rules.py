"""What the hub decides, as values in and values out: alerts, baskets, tiles, doors, tags, times and planograms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from store_hub.config import load_config
from store_hub.entries import Sale, SaleLine
from store_hub.errors import ConfigurationInvalid
from store_hub.rows import FacingRow, FloorTileRow, OccupancyRow, StockRow, TagCountRow, ZoneQuarterRow, ZoneVisitsRow
from store_hub.rules.alerts import EMPTY, LOW, AlertBoard, probability_at_most
from store_hub.rules.epc import gtin_of_epc
from store_hub.rules.heatmap import ZoneMap, dwell_effects
from store_hub.rules.occupancy import DoorBook
from store_hub.rules.occurrence_time import observation_time, offset_after_reading, told_time
from store_hub.rules.planogram_checks import planogram_problems
from store_hub.rules.tags import TagBook
from wire_format.observations import DoorCrossing, FloorCell, FloorDwell, TagLeft, TagSeen
from wire_format.plans import Door, Planogram, Rectangle, Shelf, Zone

BERLIN = ZoneInfo("Europe/Berlin")
FACING = FacingRow("drinks", "cola", "bay-1", 1, 0.0, 0.5, 12, 3, 9, 1)


def holding(units: float, *, give_or_take: float = 0.0) -> StockRow:
    return StockRow("cola", "drinks", units, max(0.0, units - give_or_take), units + give_or_take, "weight", 0, 1)


# ---- alerts


def test_a_shelf_calls_once_when_it_runs_low_and_hangs_up_only_when_it_is_full_again() -> None:
    board, said = AlertBoard(), []
    for minute, units in enumerate([5, 4, 3, 4, 3, 2, 0, 1, 5, 8, 3, 9, 8, 4, 3]):
        said += board.judge(FACING, holding(units), None, at_ms=minute, journal_id=minute)
    assert {row.alert_id for row in said} == {1, 2}
    assert [(row.raised_at_ms, row.emptied_at_ms, row.cleared_at_ms) for row in said if row.cleared_at_ms is not None] == [(2, 6, 11)]
    assert [row.kind for row in said if row.alert_id == 1] == [LOW, LOW, LOW, LOW, EMPTY, LOW, LOW, LOW, LOW, LOW]
    assert said[-1].raised_at_ms == 14


def test_a_shelf_that_is_not_known_well_enough_does_not_call() -> None:
    assert AlertBoard().judge(FACING, holding(3.6, give_or_take=3.0), None, at_ms=0, journal_id=1) == []
    assert AlertBoard().judge(FACING, holding(2.0, give_or_take=2.0), None, at_ms=0, journal_id=1) != []
    assert probability_at_most(holding(3.5, give_or_take=2.0), 3) == pytest.approx(0.5)


def test_an_alert_says_what_could_be_fetched() -> None:
    (raised,) = AlertBoard().judge(FACING, holding(1), holding(24)._replace(place="back_room"), at_ms=5, journal_id=9)
    assert (raised.units_at_raise, raised.back_room_units, raised.journal_id) == (1.0, 24.0, 9)


# ---- stock, on a real ledger


def test_picks_put_backs_sales_and_refills_are_told_apart(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(8, 6)
    shop.weigh(9, 6)
    assert shop.rows("SELECT meaning, units FROM shelf_events ORDER BY journal_id") == [("picked", -2), ("put_back", 1)]
    assert shop.rows("SELECT basket_units FROM totals WHERE sku = 'cola'") == [(1,)]
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="cola", units=1)]))
    assert shop.rows("SELECT basket_units FROM totals WHERE sku = 'cola'") == [(0,)]
    shop.weigh(12, 6)
    assert shop.rows("SELECT meaning, units FROM shelf_events ORDER BY journal_id DESC LIMIT 1") == [("refilled", 3)]
    assert shop.units("cola", "back_room") == 21
    assert shop.rows("SELECT units, book_units FROM totals JOIN books USING (sku) WHERE sku = 'cola'") == [(33.0, 33)]


def test_what_is_picked_and_never_paid_is_lost_once_the_till_has_moved_on(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.weigh(8, 6)
    shop.clock.at_ms += 50 * 60_000
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="gum", units=1)]))
    assert shop.rows("SELECT sum(units_lost) FROM sku_quarters WHERE sku = 'cola'") == [(0,)]
    shop.clock.at_ms += 11 * 60_000
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="gum", units=1)]))
    assert shop.rows("SELECT sum(units_lost) FROM sku_quarters WHERE sku = 'cola'") == [(2,)]
    assert shop.rows("SELECT units - book_units FROM totals JOIN books USING (sku) WHERE sku = 'cola'") == [(-2.0,)]


def test_a_till_that_speaks_before_the_scale_leaves_nothing_in_the_basket(shop: Any) -> None:
    shop.weigh(10, 6)
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="cola", units=2)]))
    assert shop.rows("SELECT basket_units FROM totals WHERE sku = 'cola'") == [(-2,)]
    shop.weigh(8, 6)
    assert shop.rows("SELECT basket_units FROM totals WHERE sku = 'cola'") == [(0,)]


def test_an_empty_shelf_is_an_alert_a_stockout_and_a_message_each_once(shop: Any) -> None:
    for cola in (10, 7, 4, 3, 2, 1, 0, 0, 11):
        shop.weigh(cola, 6)
    assert shop.rows("SELECT count(*), min(cleared_at_ms IS NOT NULL) FROM alerts WHERE sku = 'cola'") == [(1, 1)]
    assert shop.rows("SELECT reason FROM notifications ORDER BY notification_id") == [("raised",), ("emptied",), ("cleared",)]
    assert shop.rows("SELECT ended_at_ms - started_at_ms FROM stockouts") == [(120_000,)]
    assert shop.rows("SELECT out_since_ms FROM totals WHERE sku = 'cola'") == [(None,)]


def test_an_old_weight_that_comes_late_is_kept_but_says_nothing_of_the_present(shop: Any) -> None:
    shop.weigh(10, 6)
    late_ms = shop.clock.at_ms - 30_000
    shop.weigh(4, 6)
    now_ms, shop.clock.at_ms = shop.clock.at_ms, late_ms
    shop.weigh(9, 6, after_s=0)
    shop.clock.at_ms = now_ms
    assert shop.units("cola", "drinks") == 4
    assert shop.rows("SELECT count(*) FROM shelf_weights") == [(3,)]


def test_a_new_planogram_keeps_what_is_known_and_moves_what_lost_its_place(shop: Any, core: Any) -> None:
    from store_hub.flows.commands import BookPlanogram
    from wire_format import codec

    shop.weigh(10, 6)
    shop.weigh(5, 6)
    plan = core.shop_plan(version=2)
    del plan.bays[0].shelves[0].facings[1]
    shop.ask(BookPlanogram(codec.encode(plan)))
    assert shop.units("cola", "drinks") == 5
    assert shop.units("tea", "back_room") == 6
    assert shop.rows("SELECT count(*) FROM stock WHERE sku = 'tea' AND place = 'drinks'") == [(0,)]
    assert shop.rows("SELECT start_units FROM books WHERE sku = 'cola'") == [(34,)]


# ---- people


def test_stay_is_shared_between_zones_by_the_area_of_the_cell(core: Any) -> None:
    zones = [
        Zone(zone_id=name, name=name, place=Rectangle(x_m=x, y_m=0.0, width_m=1.0, depth_m=4.0)) for name, x in (("a", 0.0), ("b", 1.0))
    ]
    dwell = FloorDwell(
        **core.stamp(core.NOON_MS), area_id="hall", started_at_ms=core.NOON_MS - 60_000, duration_ms=60_000, cell_size_m=0.8,
        cells=[FloorCell(1, 0, 8.0), FloorCell(0, 0, 0.0)],
    )  # fmt: skip
    effects = dwell_effects(dwell, clock_shift_ms=0, zones=ZoneMap(zones))
    quarter_ms = core.NOON_MS - 900_000
    assert [row for row in effects if isinstance(row, FloorTileRow)] == [FloorTileRow("hall", quarter_ms, 800, 1, 0, 8_000)]
    assert [row for row in effects if isinstance(row, ZoneQuarterRow)] == [
        ZoneQuarterRow("a", quarter_ms, 2_000), ZoneQuarterRow("b", quarter_ms, 6_000),
    ]  # fmt: skip


def test_a_shop_never_holds_less_than_nobody_and_begins_its_day_empty(core: Any) -> None:
    book = DoorBook()

    def after(people_in: int, people_out: int, hours: float) -> OccupancyRow:
        at_ms = core.NOON_MS + round(hours * 3_600_000)
        crossing = DoorCrossing(
            **core.stamp(at_ms), door_id="d", started_at_ms=at_ms, duration_ms=60_000, people_in=people_in, people_out=people_out
        )
        return next(row for row in book.crossing(crossing, clock_shift_ms=0, zone=BERLIN) if isinstance(row, OccupancyRow))

    assert after(3, 0, 0.0).people == 3
    assert (after(0, 5, 0.1).people, after(2, 0, 0.2).people) == (0, 2)
    assert after(1, 0, 0.3).corrected == 2
    assert after(1, 0, 24.0)[:3] == (1, 1, after(1, 0, 24.1).day)


def test_who_crosses_the_line_along_the_street_passes_by_and_is_no_visitor(core: Any) -> None:
    book = DoorBook()
    street = Door(door_id="pavement", name="Pavement", x1_m=0, y1_m=0, x2_m=0, y2_m=2, kind="street")
    book.use_planogram(Planogram(store_id="s", name="S", width_m=4, depth_m=3, bays=[], products=[], doors=[street]))
    crossing = DoorCrossing(
        **core.stamp(core.NOON_MS), door_id="pavement", started_at_ms=core.NOON_MS, duration_ms=60_000, people_in=7, people_out=4
    )
    assert book.crossing(crossing, clock_shift_ms=0, zone=BERLIN) == [ZoneVisitsRow("pavement", core.NOON_MS, 11, 0, 0, 0, 60_000)]


# ---- tags


@pytest.mark.parametrize(
    ("epc", "gtin"),
    [
        ("3034257BF7194E4000001A85", "80614141123458"),
        ("3034257BF400B7800004CB2F", "00614141007349"),
        ("E2801160600002", None),
        ("303C257BF7194E4000001A85", None),
    ],
)
def test_a_tag_names_its_article(epc: str, gtin: str | None) -> None:
    assert gtin_of_epc(epc) == gtin


def test_tags_are_counted_per_article_and_zone(core: Any) -> None:
    plan = core.shop_plan()
    plan.products[0] = msgspec.structs.replace(plan.products[0], gtin="80614141123458")
    book = TagBook()
    book.use_planogram(plan)
    seen = TagSeen(**core.stamp(core.NOON_MS), epc="3034257BF7194E4000001A85", zone_id="front", confidence=0.9)
    left = TagLeft(**core.stamp(core.NOON_MS), epc=seen.epc, zone_id="front", confidence=0.9, last_read_at_ms=core.NOON_MS)
    assert book.seen(seen, 1_000)[1:] == [TagCountRow("cola", "front", 1, 1_000)]
    assert book.seen(seen, 2_000) == []
    assert book.left(left, 500) == [], "news older than what is known"
    assert book.left(left, 3_000)[1] == TagCountRow("cola", "front", 0, 3_000)


# ---- times


def test_the_hubs_offset_beats_a_devices_wall_clock_and_nothing_happens_in_the_future(core: Any) -> None:
    now_ms = core.NOON_MS
    told = {"monotonic_ms": 5_000, "received_at_ms": now_ms}
    assert observation_time(**told, observed_at_ms=now_ms - 9, offset_ms=now_ms - 65_000) == (now_ms - 60_000, "hub_offset")
    assert observation_time(**told, observed_at_ms=now_ms - 9, offset_ms=None) == (now_ms - 9, "device_wall")
    assert observation_time(**told, observed_at_ms=86_400_000, offset_ms=None) == (now_ms, "received")
    assert observation_time(**told, observed_at_ms=now_ms + 600_000, offset_ms=None) == (now_ms, "received")
    assert observation_time(**told, observed_at_ms=now_ms, offset_ms=now_ms) == (now_ms, "hub_offset")
    assert told_time(told_at_ms=now_ms - 5, received_at_ms=now_ms) == (now_ms - 5, "told")
    assert told_time(told_at_ms=5, received_at_ms=now_ms) == (now_ms, "received")


def test_a_slow_network_never_shifts_a_clock_but_a_set_clock_does() -> None:
    offset_ms = offset_after_reading(None, monotonic_ms=1_000, received_at_ms=50_120)
    assert offset_ms == 49_120
    assert offset_after_reading(offset_ms, monotonic_ms=2_000, received_at_ms=51_020) == 49_020
    assert offset_after_reading(49_020, monotonic_ms=3_000, received_at_ms=52_400) == 49_020
    assert offset_after_reading(49_020, monotonic_ms=4_000, received_at_ms=3_653_000) == 3_649_000


# ---- planograms and configuration


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda plan: plan.products.pop(0), "shelf drinks: unknown SKU cola; add it to products"),
        (lambda plan: plan.products.append(plan.products[0]), "article cola appears 2 times"),
        (lambda plan: plan.bays[0].shelves.append(plan.bays[0].shelves[0]), "shelf drinks appears 2 times"),
        (lambda plan: plan.back_room.update(nothing=3), "back_room: unknown SKU nothing"),
        (lambda plan: plan.bays[0].shelves.append(Shelf(shelf_id="back_room", level=3, width_m=1.0)), "this name means the back room"),
        (lambda plan: plan.bays[0].shelves[0].facings.append(plan.bays[0].shelves[1].facings[0]), "facings of cola and gum overlap"),
    ],
)
def test_every_contradiction_of_a_planogram_is_named(core: Any, spoil: Callable[[Any], Any], problem: str) -> None:
    plan = core.shop_plan()
    assert planogram_problems(plan) == []
    spoil(plan)
    assert any(problem in found for found in planogram_problems(plan)), planogram_problems(plan)


def test_a_time_zone_that_nobody_knows_is_named(core: Any) -> None:
    assert planogram_problems(core.shop_plan(time_zone="Mars/Olympus"))[0].startswith("time_zone: 'Mars/Olympus' is no IANA time zone")


def test_a_wrong_setting_is_told_with_file_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text('store_id = "corner"\n[broker]\nhost = "x"\nprot = 1883\n', encoding="utf-8")
    with pytest.raises(ConfigurationInvalid, match=r"hub\.toml:4: broker\.prot: unknown key"):
        load_config(path)
    path.write_text("[http]\nport = 99999\n", encoding="utf-8")
    with pytest.raises(ConfigurationInvalid, match=r"hub\.toml:2: http\.port: Expected a whole number <= 65535"):
        load_config(path)
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        load_config(tmp_path / "none.toml")
    assert load_config(None).http.port == 8080

"""The records on a real PostgreSQL: migrations up and down, months made and dropped, every batch booked once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, inspect, text

from cloud_api.adapters.basket_records import BasketBook
from cloud_api.adapters.database import migrate, newest_revision, open_database, present_revision
from cloud_api.adapters.partitions import Months
from cloud_api.adapters.reports_booking import ReportBook
from cloud_api.adapters.sales_records import SalesBook
from cloud_api.adapters.store_records import StoreBook
from cloud_api.adapters.tables import metadata
from cloud_api.errors import ReportGap
from cloud_api.flows.housekeeping import Housekeeping
from wire_format.reports import (
    AlertFact,
    AnyFact,
    BasketDay,
    CategoryPair,
    DeviceFact,
    DoorQuarter,
    ReportBatch,
    SkuDay,
    SkuQuarter,
    StoreProfile,
    TileQuarter,
    ZoneQuarter,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
QUARTER_MS = 1_795_348_800_000
LEDGER = "d" * 32
COUNTS = {"units_sold": 2, "units_picked": 3, "units_put_back": 1, "units_received": 0, "units_lost": 0}
LEVELS = {"opening_units": 9.0, "closing_units": None, "closing_low_units": None, "closing_high_units": None, "out_of_stock_min": 3.5}


@pytest.fixture
def empty(make_database: Callable[[], str]) -> Iterator[Engine]:
    engine = open_database(make_database())
    yield engine
    engine.dispose()


def tables_of(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_the_schema_goes_up_and_down_and_up_again(empty: Engine) -> None:
    assert migrate(empty) == newest_revision()
    up = tables_of(empty)
    assert up == set(metadata.tables)
    Months(empty).make([NOW])
    assert migrate(empty, to="base") == "base"
    assert tables_of(empty) == set()
    assert migrate(empty) == newest_revision()
    assert tables_of(empty) == up


def test_the_migrated_schema_is_the_one_the_program_speaks_of(empty: Engine) -> None:
    migrate(empty)
    with empty.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_two_programs_that_start_at_once_migrate_once(empty: Engine) -> None:
    revisions: list[str] = []
    threads = [threading.Thread(target=lambda: revisions.append(migrate(empty))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert revisions == [newest_revision()] * 4
    assert present_revision(empty) == newest_revision()


OF_THE_CHAIN = {"kept_view", "fleet_rollout", "person", "person_session", "person_link", "access_key", "audit"}
"""What belongs to no shop."""


def test_the_store_comes_first_in_every_key() -> None:
    first = {table.name: next(iter(table.primary_key)).name for table in metadata.tables.values()}
    assert {name for name, column in first.items() if column != "store_id"} == OF_THE_CHAIN


@pytest.mark.parametrize("asked_from", [1, 100])
def test_months_are_made_on_demand_and_dropped_whole(empty: Engine, asked_from: int) -> None:
    migrate(empty)
    book = ReportBook(empty, now=lambda: NOW, asked_from=asked_from)
    ages = [QUARTER_MS - days * 86_400_000 for days in (0, 40, 400)]
    facts: list[AnyFact] = [door(number, at_ms) for number, at_ms in enumerate(ages, start=1)]
    book.book(batch(facts))
    dropped = Months(empty).drop_before(NOW - timedelta(days=365))
    assert {"door_quarter_2025_10", "sku_quarter_2025_10"} <= set(dropped)
    with empty.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM door_quarter")).scalar() == 2
    late = door(4, ages[2], people=9)
    assert book.book(batch([late])).booked_through == 4, "a late fact of a dropped month is no error"


def test_every_kind_of_fact_is_kept_as_it_was_told(empty: Engine) -> None:
    migrate(empty)
    facts: list[AnyFact] = [
        SkuQuarter(sequence=1, quarter_started_at_ms=QUARTER_MS, sku="cola", **COUNTS, **LEVELS, revenue_minor=398),
        SkuDay(sequence=2, day="2026-11-22", sku="cola", **COUNTS, **LEVELS, revenue_minor=398),
        door(3, QUARTER_MS),
        ZoneQuarter(sequence=4, quarter_started_at_ms=QUARTER_MS, zone_id="aisle", dwell_person_s=61.25),
        TileQuarter(sequence=5, quarter_started_at_ms=QUARTER_MS, area_id="floor", cell_size_m=0.5, cells=[]),
        AlertFact(sequence=6, alert_id=1, kind="low_shelf", sku="cola", shelf_id=None, raised_at_ms=QUARTER_MS),
        DeviceFact(
            sequence=7,
            device_id="pi",
            state="alive",
            last_seen_at_ms=QUARTER_MS,
            agent_version="1",
            outbox_depth=4,
            fault_codes=["a'b", "c"],
        ),
        BasketDay(
            sequence=8,
            day="2026-11-21",
            baskets=9,
            categories={"Tea": 5, "Milk": 4},
            pairs=[CategoryPair(first="Milk", second="Tea", baskets=3)],
        ),
    ]
    ReportBook(empty, now=lambda: NOW).book(batch(facts))
    with empty.connect() as connection:
        row = connection.execute(text("SELECT * FROM sku_quarter")).one()._mapping
        assert {key: row[key] for key in (*COUNTS, *LEVELS)} == COUNTS | LEVELS
        assert connection.execute(text("SELECT fault_codes FROM device")).scalar_one() == ["a'b", "c"]
        for table in ("sku_day", "door_quarter", "zone_quarter", "tile_quarter", "alert"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 1, table


def door(sequence: int, at_ms: int, people: int = 1) -> DoorQuarter:
    return DoorQuarter(sequence=sequence, quarter_started_at_ms=at_ms, door_id="main", people_in=people, people_out=0, observed_min=15.0)


def batch(facts: list[AnyFact], store_id: str = "shop-1") -> ReportBatch:
    return ReportBatch(store_id=store_id, ledger_id=LEDGER, from_sequence=facts[0].sequence, to_sequence=facts[-1].sequence, facts=facts)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    told=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 99)), min_size=1, max_size=20),
    cuts=st.lists(st.tuples(st.integers(0, 19), st.integers(1, 20)), max_size=12),
    asked_from=st.sampled_from([1, 3, 100]),
)
def test_however_batches_are_cut_repeated_and_reordered_the_newest_truth_stands(
    engine: Engine, told: list[tuple[int, int]], cuts: list[tuple[int, int]], asked_from: int
) -> None:
    """Each fact tells one of six quarters anew. A hub may send any slice at any time; at the end it sends what is missing.

    Whether rows are copied straight in or by another table makes no difference.
    """
    with engine.begin() as connection:
        for table in ("door_quarter", "footfall_hour", "footfall_day", "ledgers", "stores"):
            connection.execute(text(f"DELETE FROM {table}"))
    book = ReportBook(engine, now=lambda: NOW, asked_from=asked_from)
    facts: list[AnyFact] = [door(number, QUARTER_MS + quarter * 900_000, people) for number, (quarter, people) in enumerate(told, start=1)]
    for start, length in cuts:
        part = facts[start : start + length]
        if part:
            with suppress(ReportGap):
                book.book(batch(part))
    while (mark := book.booked_through("shop-1", LEDGER)) < len(facts):
        book.book(batch(facts[mark:]))
    newest = {QUARTER_MS + quarter * 900_000: people for quarter, people in told}
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT (extract(epoch FROM quarter_at) * 1000)::bigint, people_in FROM door_quarter"))
        assert {row[0]: row[1] for row in rows} == newest
        assert connection.execute(text("SELECT sum(people_in) FROM footfall_hour")).scalar() == sum(newest.values())
        assert connection.execute(text("SELECT people_in FROM footfall_day")).scalar() == sum(newest.values())


def test_stores_that_report_at_once_do_not_hinder_each_other(empty: Engine) -> None:
    migrate(empty)
    book = ReportBook(empty, now=lambda: NOW)
    failures: list[BaseException] = []

    def report(store_id: str) -> None:
        try:
            for start in range(1, 100, 20):
                book.book(batch([door(number, QUARTER_MS + number * 900_000) for number in range(start, start + 20)], store_id))
        except BaseException as error:  # noqa: BLE001  # Whatever it was, the test must see it.
            failures.append(error)

    threads = [threading.Thread(target=report, args=(f"shop-{number % 4}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with empty.connect() as connection:
        assert connection.execute(text("SELECT count(*), max(sequence) FROM door_quarter")).one() == (400, 100)
    assert failures == []


def test_a_withheld_quarter_is_not_watched_and_never_a_quarter_without_visitors(empty: Engine) -> None:
    migrate(empty)
    withheld = msgspec.structs.replace(door(2, QUARTER_MS + 900_000), people_in=None, people_out=None, withheld=True)
    zone = ZoneQuarter(sequence=3, quarter_started_at_ms=QUARTER_MS, zone_id="aisle", dwell_person_s=None, withheld=True)
    ReportBook(empty, now=lambda: NOW).book(batch([door(1, QUARTER_MS, 9), withheld, zone]))
    with empty.connect() as connection:
        assert connection.execute(text("SELECT people_in, observed_min FROM footfall_hour")).one() == (9, 15.0)
        assert connection.execute(text("SELECT people_in, withheld FROM door_quarter ORDER BY quarter_at")).all() == [
            (9, False),
            (None, True),
        ]
    assert SalesBook(empty).dwell("shop-1", zone="UTC", first=NOW.date(), last=NOW.date()) == {}
    alone = msgspec.structs.replace(withheld, sequence=4, quarter_started_at_ms=QUARTER_MS + 36_000_000)
    ReportBook(empty, now=lambda: NOW).book(batch([alone]))
    with empty.connect() as connection:
        assert connection.execute(text("SELECT observed_min FROM footfall_hour ORDER BY hour_at DESC LIMIT 1")).scalar_one() == 0.0


def test_a_new_time_zone_moves_the_days_of_the_past(engine: Engine) -> None:
    stores = StoreBook(engine, now=lambda: NOW)
    stores.save_profile(StoreProfile(store_id="mover", name="Mover", time_zone="UTC", currency="EUR"))
    ReportBook(engine, now=lambda: NOW).book(batch([door(1, QUARTER_MS + 9 * 3_600_000 + 1_800_000)], "mover"))
    days = "SELECT day::text, hour FROM footfall_hour WHERE store_id = 'mover'"
    with engine.connect() as connection:
        assert connection.execute(text(days)).all() == [("2026-11-22", 21)]
    stores.save_profile(StoreProfile(store_id="mover", name="Mover", time_zone="Asia/Kathmandu", currency="NPR"))
    with engine.connect() as connection:
        assert connection.execute(text(days)).all() == [("2026-11-23", 3)]


def test_baskets_are_added_up_over_days_and_shops(empty: Engine) -> None:
    migrate(empty)
    book = ReportBook(empty, now=lambda: NOW)
    for store_id, baskets in (("shop-1", 3), ("shop-2", 4)):
        pairs = [CategoryPair(first="Milk", second="Tea", baskets=baskets)]
        facts: list[AnyFact] = [
            BasketDay(sequence=n, day=f"2026-11-{19 + n}", baskets=9, categories={"Milk": 4, "Tea": 5}, pairs=pairs) for n in (1, 2)
        ]
        book.book(ReportBatch(store_id=store_id, ledger_id=LEDGER, from_sequence=1, to_sequence=2, facts=facts))
    baskets_of = BasketBook(empty).together
    both = baskets_of(["shop-1", "shop-2"], first=date(2026, 11, 20), last=date(2026, 11, 21))
    assert (both.baskets, both.categories, both.pairs) == (36, {"Milk": 16, "Tea": 20}, {("Milk", "Tea"): 14})
    assert baskets_of(["shop-1"], first=date(2026, 11, 21), last=date(2026, 11, 30)).pairs == {("Milk", "Tea"): 3}
    assert baskets_of(["shop-1"], first=date(2026, 12, 1), last=date(2026, 12, 2)).baskets == 0


def test_retention_drops_old_quarters_and_keeps_hours_and_days_even_when_the_clock_of_the_shop_moves(empty: Engine) -> None:
    migrate(empty)
    book = ReportBook(empty, now=lambda: NOW)
    ages = [QUARTER_MS - days * 86_400_000 for days in (0, 40, 100)]
    facts: list[AnyFact] = [door(number, at_ms) for number, at_ms in enumerate(ages, start=1)]
    book.book(batch(facts))
    keep = Housekeeping(months=Months(empty), keep_months=1, now=lambda: NOW)
    dropped = keep.tidy()
    assert {name.rsplit("_", 2)[1:] != ["2026", "10"] for name in dropped} == {True}
    assert "door_quarter_2026_08" in dropped
    assert keep.tidy() == []
    assert Housekeeping(months=Months(empty), keep_months=0, now=lambda: NOW).tidy() == []
    profile = StoreProfile(store_id="shop-1", name="Shop", time_zone="Asia/Tokyo", currency="JPY")
    StoreBook(empty, now=lambda: NOW).save_profile(profile)
    with empty.connect() as connection:
        left = [
            connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in ("door_quarter", "footfall_hour", "footfall_day")
        ]
    assert left == [2, 3, 3]

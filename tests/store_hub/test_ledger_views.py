"""What the pages read from the ledger: read-only, of one moment, and quick however long the shop has been open."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_views import LedgerUnreadable, LedgerViews

DAY_MS, QUARTER_MS, MINUTE_MS = 86_400_000, 900_000, 60_000
NOW_MS = 1_795_359_900_000 // QUARTER_MS * QUARTER_MS


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """An empty ledger, made as the hub makes it."""
    path = tmp_path / "ledger.sqlite"
    Ledger.create(path, store_id="corner-shop", now_ms=NOW_MS - 400 * DAY_MS).close()
    return path


@pytest.fixture
def writer(ledger: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(ledger, isolation_level=None)
    yield connection
    connection.close()


def test_an_empty_ledger_answers_every_question_with_nothing(ledger: Path) -> None:
    with LedgerViews(ledger).reading() as reading:
        assert reading.planogram is None
        assert reading.open_alerts() == reading.past_alerts(0) == reading.devices() == reading.quarantine() == reading.counters() == []
        assert reading.stock() == {}
        assert reading.totals() == []
        assert reading.sold(0, NOW_MS) == (0, 0)
        assert reading.doors(0, NOW_MS) == []
        assert reading.heat(0, NOW_MS) == []
        assert reading.occupancy() is None
        assert reading.last_news_ms() is None
        assert reading.cloud() is None
        assert not reading.has_sales()


def test_a_ledger_that_is_not_there_is_named_with_advice(tmp_path: Path) -> None:
    with (
        pytest.raises(LedgerUnreadable, match=r"ledger .*nowhere.sqlite: .*check that the file is there"),
        LedgerViews(tmp_path / "nowhere.sqlite").reading(),
    ):
        pass


def test_a_file_that_is_no_ledger_is_named(tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(LedgerUnreadable, match=r"holiday\.jpg"), LedgerViews(path).reading():
        pass


def test_a_page_cannot_write(ledger: Path) -> None:
    with pytest.raises(LedgerUnreadable, match="readonly"), LedgerViews(ledger).reading() as reading:
        reading._connection.execute("DELETE FROM alerts")


def test_all_figures_of_a_view_are_of_the_same_moment(ledger: Path, writer: sqlite3.Connection) -> None:
    with LedgerViews(ledger).reading() as reading:
        assert reading.quarantine_count() == 0
        writer.execute("INSERT INTO quarantine VALUES (7, 0, 'undecodable', 'no JSON', ?)", (NOW_MS,))
        assert reading.quarantine_count() == 0
    with LedgerViews(ledger).reading() as reading:
        assert reading.quarantine_count() == 1


def test_the_longest_empty_place_comes_first_with_its_pace(ledger: Path, writer: sqlite3.Connection) -> None:
    writer.execute("INSERT INTO products VALUES ('cola', 'Cola', NULL, '', 350.0, 99, 60, 24)")
    add = "INSERT INTO alerts (alert_id, kind, sku, shelf_id, raised_at_ms, emptied_at_ms, journal_id) VALUES (?, ?, ?, ?, ?, ?, 1)"
    writer.execute(add, (1, "low_shelf", "tea", "s-2", NOW_MS - 60 * MINUTE_MS, None))
    writer.execute(add, (2, "empty_shelf", "milk", "s-3", NOW_MS - 50 * MINUTE_MS, NOW_MS - 3 * MINUTE_MS))
    writer.execute(add, (3, "empty_shelf", "cola", "s-1", NOW_MS - 40 * MINUTE_MS, NOW_MS - 12 * MINUTE_MS))
    writer.execute(
        "INSERT INTO sku_quarters (quarter_started_at_ms, sku, units_picked, units_put_back) VALUES (?, 'cola', 9, 1)",
        (NOW_MS - 4 * QUARTER_MS,),
    )
    with LedgerViews(ledger).reading() as reading:
        alerts = reading.open_alerts()
    assert [alert.alert_id for alert in alerts] == [3, 2, 1]
    assert (alerts[0].name, alerts[0].taken_units) == ("Cola", 8.0)


def test_a_health_message_nobody_can_read_any_more_is_shown_as_such(ledger: Path, writer: sqlite3.Connection) -> None:
    writer.execute("INSERT INTO devices VALUES ('cam', 'alive', '00000000', NULL, '9.9', ?, ?, x'ff')", (NOW_MS, NOW_MS))
    with LedgerViews(ledger).reading() as reading:
        assert [(device.device_id, device.readable) for device in reading.devices()] == [("cam", False)]


def test_today_is_read_at_once_with_a_year_of_ledger_behind_it(ledger: Path, writer: sqlite3.Connection) -> None:
    """A year of 40 articles by quarter hour, of minutes at the door and of heat."""
    writer.execute("BEGIN")
    quarters = range(NOW_MS - 365 * DAY_MS, NOW_MS, QUARTER_MS)
    opened = [quarter for quarter in quarters if 8 <= quarter // 3_600_000 % 24 < 20]
    writer.executemany(
        "INSERT INTO sku_quarters (quarter_started_at_ms, sku, units_sold, revenue_minor) VALUES (?, ?, 1, 100)",
        ((quarter, f"sku-{number}") for quarter in opened for number in range(10)),
    )
    writer.executemany(
        "INSERT INTO door_minutes VALUES ('front', ?, 1, 1, 60000, 0, 0, 1)",
        ((quarter + m * MINUTE_MS,) for quarter in opened for m in range(15)),
    )
    writer.executemany(
        "INSERT INTO floor_tiles VALUES ('cam', ?, 500, ?, 1, 900)", ((quarter, column) for quarter in opened for column in range(12))
    )
    writer.execute("COMMIT")
    views = LedgerViews(ledger)
    started = time.perf_counter()
    with views.reading() as reading:
        midnight_ms = NOW_MS - NOW_MS % DAY_MS
        assert reading.sold(midnight_ms, NOW_MS)[0] > 0
        assert reading.doors(midnight_ms, NOW_MS)
        assert reading.visitors_by_minute(midnight_ms - 7 * DAY_MS, NOW_MS - 6 * DAY_MS)
        assert reading.heat(NOW_MS - 3_600_000, NOW_MS)
        for table, column in (("sku_quarters", "quarter_started_at_ms"), ("door_minutes", "minute_started_at_ms")):
            plan = writer.execute(f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} >= 5 AND {column} < 9").fetchall()
            assert "SEARCH" in str(plan)
    assert time.perf_counter() - started < 0.5


def test_tags_of_no_known_article_are_listed_newest_first(ledger: Path, writer: sqlite3.Connection) -> None:
    rows = [
        ("E2801160600002042A6B1C2D", "drinks", None, None, 1, 0.9, NOW_MS - 2 * MINUTE_MS),
        ("3074257BF7194E4000001A85", "drinks", "80614141123458", None, 1, 0.9, NOW_MS - MINUTE_MS),
        ("3174257BF4499602D2000000", "drinks", None, None, 0, 0.9, NOW_MS),
        ("3034257BF7194E4000001A85", "drinks", "80614141123458", "cola", 1, 0.9, NOW_MS),
    ]
    writer.executemany("INSERT INTO tags VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)", rows)
    writer.execute("INSERT INTO tag_counts VALUES ('?', 'drinks', 2, ?)", (NOW_MS,))
    with LedgerViews(ledger).reading() as reading:
        assert reading.articleless_tag_count() == 2
        assert [tag.epc[:2] for tag in reading.articleless_tags()] == ["30", "E2"]
    plan = "SELECT epc FROM tags WHERE present = 1 AND sku IS NULL ORDER BY since_ms DESC LIMIT 20"
    assert "tags_without_article" in str(writer.execute(f"EXPLAIN QUERY PLAN {plan}").fetchall()), "tags that left are never walked through"


def test_zones_queues_and_ways_are_read_by_the_span(ledger: Path, writer: sqlite3.Connection) -> None:
    for quarter in (NOW_MS - QUARTER_MS, NOW_MS, NOW_MS + QUARTER_MS):
        writer.execute("INSERT INTO zone_visits VALUES ('drinks', ?, 10, 600000, 4, 240000, 900000)", (quarter,))
        writer.execute("INSERT INTO zone_paths VALUES (?, 'drinks', 'queue', 3)", (quarter,))
        writer.execute("INSERT INTO queues VALUES ('queue', ?, ?, 60000, 2.5, 4, 2, 120000, 70000)", (quarter, quarter))
    with LedgerViews(ledger).reading() as reading:
        visits = reading.zone_visits(NOW_MS - QUARTER_MS, NOW_MS + QUARTER_MS)["drinks"]
        assert (visits.entries, visits.person_ms, visits.stopped, visits.observed_ms) == (20, 1_200_000, 8, 1_800_000)
        assert [path.people for path in reading.paths(NOW_MS, NOW_MS + 2 * QUARTER_MS, limit=5)] == [6]
        (queue,) = reading.queues(NOW_MS, NOW_MS + QUARTER_MS)
        assert (queue.people_mean, queue.people_max, queue.waits, queue.waited_ms, queue.waited_max_ms) == (2.5, 4, 2, 120_000, 70_000)
        assert queue.now_people is None, "its last interval began a quarter of an hour before the end"
        assert reading.queues(NOW_MS - QUARTER_MS, NOW_MS + 1)[0].now_people == 2.5


def test_what_was_paid_is_shared_out_by_where_it_was_taken(ledger: Path, writer: sqlite3.Connection, repository: Path) -> None:
    """Eight lagers taken from the linked bay and two put back, two more elsewhere; four were paid: three quarters are the bay's."""
    planogram = (repository / "demo" / "planogram.json").read_bytes()
    writer.execute("INSERT INTO planogram VALUES (1, 1, 1, ?, ?)", (NOW_MS, planogram))
    taken = [("bay-1-shelf-1", -8, "picked"), ("bay-1-shelf-1", 2, "put_back"), ("bay-7-shelf-1", -2, "picked")]
    for number, (shelf_id, units, meaning) in enumerate(taken, start=1):
        writer.execute(
            "INSERT INTO shelf_events VALUES (?, 1, ?, 'lager-05', ?, ?, ?, NULL, 0.9, NULL, 0.1)",
            (500_000 + number, shelf_id, NOW_MS, units, meaning),
        )
    writer.execute("INSERT INTO sales VALUES (600000, 1, 'lager-05', 4, 119, 'till-1', ?, 1)", (NOW_MS,))
    with LedgerViews(ledger).reading() as reading:
        goods = reading.zone_goods(NOW_MS, NOW_MS + 1)
    assert (goods["drinks"].picked_units, goods["drinks"].paid_units) == (6, pytest.approx(3.0))
    assert (goods["dear-goods"].picked_units, goods["dear-goods"].paid_units) == (2, pytest.approx(1.0))
    assert "front" not in goods, "a zone without shelves"

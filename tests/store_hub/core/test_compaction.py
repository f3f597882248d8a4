"""A year of a shop stays bounded: a snapshot and the entries since rebuild the same ledger, bit for bit."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from store_hub.adapters.journal_snapshot import SnapshotGone
from store_hub.adapters.ledger_views import LedgerViews
from store_hub.entries import Sale, SaleLine, StockCount
from store_hub.errors import LedgerUnusable
from store_hub.flows.commands import RemoveEntries, TakeSnapshot
from store_hub.flows.compact import compact, prepare
from store_hub.flows.rebuild import rebuild
from store_hub.flows.self_compact import SelfCompaction, prepare_apart
from store_hub.flows.verify import verify
from store_hub.routes.health import journal_check
from wire_format.observations import DoorCrossing

DAY_MS = 86_400_000


def quiet(done: int, total: int) -> None:
    """No progress is shown."""


def a_day(shop: Any, core: Any) -> None:
    """Weights, people and sales of one day."""
    for units in (9, 8, 7, 4, 9):
        shop.weigh(units, 6, after_s=600)
        at_ms = shop.clock.at_ms
        shop.see(DoorCrossing(**core.stamp(at_ms), door_id="door", started_at_ms=at_ms, duration_ms=60_000, people_in=2, people_out=1))
    shop.tell(Sale(till="till-1", lines=[SaleLine(sku="cola", units=2), SaleLine(sku="gum", units=1)]), key=f"day-{shop.clock.at_ms}")
    shop.clock.at_ms += DAY_MS


def compacted(shop: Any, keep_days: float) -> Any:
    shop.ledger.close()
    done = compact(shop.path, keep_days=keep_days, now_ms=shop.clock.at_ms, progress=quiet)
    shop.reopen()
    return done


def trusted(shop: Any) -> bool:
    return all(verdict.is_well for verdict in verify(shop.path, progress=quiet))


def test_a_snapshot_and_the_entries_since_rebuild_the_same_ledger(shop: Any, core: Any) -> None:
    for _ in range(4):
        a_day(shop, core)
    before = {table: shop.rows(f"SELECT * FROM {table}") for table in ("stock", "shelf_weights", "door_minutes", "sales", "beliefs")}
    entries = shop.rows("SELECT count(*) FROM journal")[0][0]
    done = compacted(shop, keep_days=2.5)
    assert done.removed == 20
    assert shop.rows("SELECT count(*) FROM journal") == [(entries - 20,)]
    assert {table: shop.rows(f"SELECT * FROM {table}") for table in before} == before
    assert rebuild(shop.path, replace=False, progress=quiet)[:2] == (0, [])
    a_day(shop, core)
    shop.tell(StockCount(sku="gum", shelf_id="sweets", units=3, counted_by="Ana"))
    assert trusted(shop)
    assert rebuild(shop.path, replace=False, progress=quiet)[:2] == (12, [])
    assert compacted(shop, keep_days=0.0).removed == 30
    a_day(shop, core)
    assert trusted(shop)


def test_a_figure_that_was_changed_behind_the_journals_back_is_found_after_a_compaction_too(shop: Any, core: Any) -> None:
    a_day(shop, core)
    compacted(shop, keep_days=0.0)
    shop.ledger.connection.execute("UPDATE stock SET units = 99 WHERE sku = 'gum' AND place = 'sweets'")
    assert [each.table for each in rebuild(shop.path, replace=False, progress=quiet).differences] == ["stock"]
    shop.ledger.close()
    with pytest.raises(LedgerUnusable, match="it cannot be trusted: all tables follow from the journal: no"):
        compact(shop.path, keep_days=0.0, now_ms=shop.clock.at_ms, progress=quiet)
    rebuild(shop.path, replace=True, progress=quiet)
    shop.reopen()
    assert trusted(shop)


def test_a_repetition_of_a_removed_letter_is_still_known(shop: Any, core: Any) -> None:
    a_day(shop, core)
    at_ms = shop.clock.at_ms
    seen = DoorCrossing(**core.stamp(at_ms), door_id="door", started_at_ms=at_ms, duration_ms=60_000, people_in=2, people_out=1)
    shop.see(seen)
    shop.clock.at_ms += DAY_MS
    compacted(shop, keep_days=0.0)
    people = shop.rows("SELECT sum(people_in) FROM door_minutes")
    shop.book(shop.letter(seen, sequence=shop.sequence))
    assert shop.rows("SELECT sum(people_in) FROM door_minutes") == people
    assert trusted(shop)


def test_a_spoilt_snapshot_is_found(shop: Any, core: Any) -> None:
    a_day(shop, core)
    compacted(shop, keep_days=0.0)
    shop.ledger.connection.execute("UPDATE compactions SET sha256 = 'x'")
    with pytest.raises(LedgerUnusable, match="its snapshot is damaged"):
        rebuild(shop.path, replace=False, progress=quiet)


def test_a_running_hub_is_not_compacted(shop: Any) -> None:
    with pytest.raises(LedgerUnusable, match="another hub has it open"):
        compact(shop.path, keep_days=0.0, now_ms=shop.clock.at_ms, progress=quiet)


def test_an_answer_to_a_till_is_remembered_for_a_month(shop: Any) -> None:
    gum = Sale(till="till-1", lines=[SaleLine(sku="gum", units=1)])
    shop.tell(gum, key="first")
    shop.clock.at_ms += 29 * DAY_MS
    assert shop.tell(gum, key="first").again
    shop.tell(gum, key="second")
    shop.clock.at_ms += 2 * DAY_MS
    shop.tell(gum, key="third")
    assert shop.rows("SELECT key FROM idempotency ORDER BY key") == [("second",), ("third",)]


def remove_in_steps(shop: Any, through: int, before_ms: int, *, at_most: int) -> list[tuple[int, int]]:
    """How many entries each step removed, and how many it looked at; what stays is looked at once."""
    steps, after = [], 0
    while (done := shop.ask(RemoveEntries(after, through, before_ms, at_most))) is not None:
        stay = shop.rows(f"SELECT count(*) FROM journal WHERE journal_id > {after} AND journal_id <= {done.through}")[0][0]
        steps.append((done.entries, done.entries + stay))
        after = done.through
    return steps


def test_a_running_hub_takes_a_snapshot_over_while_it_books_and_may_be_killed_anywhere(shop: Any, core: Any) -> None:
    for _ in range(3):
        a_day(shop, core)
    ready = prepare(shop.path, progress=quiet)
    a_day(shop, core)
    shop.ask(TakeSnapshot(ready))
    assert trusted(shop)
    before_ms = shop.clock.at_ms - round(1.5 * DAY_MS)
    steps = remove_in_steps(shop, ready.through, before_ms, at_most=15)
    assert sum(removed for removed, _ in steps) == 30
    assert all(looked_at <= 15 for _, looked_at in steps)
    a_day(shop, core)
    assert trusted(shop)
    shop.reopen()
    a_day(shop, core)
    assert trusted(shop)


def test_a_snapshot_that_was_spoilt_or_is_of_another_ledger_changes_nothing(shop: Any, core: Any) -> None:
    a_day(shop, core)
    ready = prepare(shop.path, progress=quiet)
    for wrong in (ready._replace(sha256="x"), ready._replace(ledger_id="0" * 32), ready._replace(pieces=shop.path.with_name("gone"))):
        with pytest.raises(SnapshotGone, match="made again the next night"):
            shop.ask(TakeSnapshot(wrong))
    assert shop.rows("SELECT count(*) FROM compactions") == [(0,)]
    assert trusted(shop)


def test_at_night_a_hub_shortens_a_journal_that_is_a_month_longer_than_it_need_be_and_says_so(shop: Any, core: Any) -> None:
    def submit(command: Any) -> Future[Any]:
        answer: Future[Any] = Future()
        answer.set_result(shop.ask(command))
        return answer

    shop.submit = submit
    flow = SelfCompaction(
        shop.path, keep_days=10, bookkeep=shop, now_ms=shop.clock.now_ms, zone=lambda: ZoneInfo("UTC"), prepare=prepare_apart
    )
    check, stop = journal_check(flow.state, now_ms=shop.clock.now_ms), threading.Event()
    a_day(shop, core)
    shop.clock.at_ms += DAY_MS - shop.clock.at_ms % DAY_MS + 4 * 3_600_000  # Four in the morning.
    flow.look(stop)
    assert shop.rows("SELECT count(*) FROM compactions") == [(0,)], "nothing is old enough"
    shop.clock.at_ms += 41 * DAY_MS
    flow.look(stop)
    assert shop.rows("SELECT sum(removed) FROM compactions") == [(10,)]
    assert "last done 0 s ago, 10 entries so far" in check().reason
    with LedgerViews(shop.path).reading() as reading:
        assert reading.journal_shortened() == (shop.clock.at_ms, 10)
    assert not shop.path.with_name(shop.path.name + ".pieces").exists()
    assert trusted(shop)

"""When the ledger cannot be written, nothing is acknowledged, everybody who asked is told, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from store_hub.adapters.broker_link import Delivered
from store_hub.config import BookkeepingConfig
from store_hub.entries import Sale, SaleLine
from store_hub.errors import HubBusy, HubStopping, LedgerUnusable
from store_hub.flows.bookkeep import Bookkeeper
from store_hub.flows.commands import Book
from wire_format.observations import DoorCrossing


class Remembering:
    """A line that remembers what it was told to acknowledge and say."""

    def __init__(self) -> None:
        self.acknowledged: list[Delivered] = []
        self.said: list[tuple[str, bytes]] = []

    def acknowledge(self, delivered: Iterable[Delivered]) -> None:
        self.acknowledged += delivered

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        assert retain
        self.said.append((topic, payload))


def letters(shop: Any, core: Any, count: int) -> list[Delivered]:
    at_ms = core.NOON_MS - 3_600_000
    crossing = DoorCrossing(**core.stamp(at_ms), door_id="door", started_at_ms=at_ms, duration_ms=1, people_in=1, people_out=0)
    return [shop.letter(crossing) for _ in range(count)]


def wait_until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def sale(key: str) -> Book:
    return Book(Sale(till="till-1", lines=[SaleLine(sku="gum", units=1)]), "sales", key)


def test_a_full_disk_loses_nothing_and_acknowledges_nothing(shop: Any, core: Any) -> None:
    keeper, line = Bookkeeper(shop.ledger, clock=shop.clock, config=BookkeepingConfig()), Remembering()
    connection = shop.ledger.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite says SQLITE_FULL exactly as it does on a full disk.
    keeper.start(line)
    posted = letters(shop, core, 1_500)
    for letter in posted:
        keeper.inbox.put_messages([letter])
    wait_until(lambda: keeper.trouble is not None)
    with pytest.raises(LedgerUnusable, match="the disk is full; free some space"):
        keeper.submit(sale("k")).result(20)
    booked = len(line.acknowledged)
    assert shop.rows("SELECT count(*) FROM journal WHERE source = 'edge'") == [(booked,)]
    assert booked < 1_500
    connection.execute("PRAGMA max_page_count = 1000000")
    wait_until(lambda: len(line.acknowledged) == 1_500)
    assert keeper.submit(sale("k")).result(20) is not None
    assert keeper.trouble is None
    keeper.stop()
    assert shop.rows("SELECT count(*) FROM journal WHERE source = 'edge'") == [(1_500,)]
    assert shop.rows("SELECT sum(people_in) FROM door_minutes") == [(1_500,)]
    assert shop.rows("SELECT sold_units FROM books WHERE sku = 'gum'") == [(1,)]
    assert b'"booked_through":1500' in line.said[-1][1]


def test_more_requests_than_can_be_written_down_are_refused_at_once(shop: Any) -> None:
    keeper = Bookkeeper(shop.ledger, clock=shop.clock, config=BookkeepingConfig(inbox_max=3))
    waiting = [keeper.submit(sale(str(number))) for number in range(6)]
    with pytest.raises(HubBusy, match="6 requests waiting"):
        keeper.submit(sale("one too many"))
    keeper.start()
    assert [answer.result(20).journal_id for answer in waiting] == [2, 3, 4, 5, 6, 7]  # type: ignore[union-attr]  # Sales are answered with Booked.
    keeper.stop()
    with pytest.raises(HubStopping):
        keeper.submit(sale("too late"))


def test_whoever_listens_hears_which_tables_changed_and_a_broken_listener_harms_nobody(shop: Any) -> None:
    keeper = Bookkeeper(shop.ledger, clock=shop.clock, config=BookkeepingConfig())
    heard: set[str] = set()

    def broken(tables: frozenset[str]) -> None:
        raise RuntimeError("a page that broke")

    keeper.on_booked(broken)
    unsubscribe = keeper.on_booked(heard.update)
    keeper.start()
    keeper.submit(sale("a")).result(20)
    wait_until(lambda: {"sales", "books", "stock", "totals", "sku_quarters"} <= heard)
    unsubscribe()
    heard.clear()
    keeper.submit(sale("b")).result(20)
    keeper.stop()
    assert heard == set()

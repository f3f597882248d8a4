"""The chain's advice becomes a list of shelves to fill: those that lack what may be asked for and have it in the back room."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest

from store_hub.adapters.ledger_views_chain import ChainQueries
from store_hub.rules.refills import refills
from wire_format import codec
from wire_format.plans import Planogram, Promotion, RefillAdvice, RefillLine

NOON_MS = 1_795_348_800_000
HOUR_MS = 3_600_000


@pytest.fixture
def plan(repository: Path) -> Planogram:
    return msgspec.json.decode((repository / "demo" / "planogram.json").read_bytes(), type=Planogram)


def advice(**units: int) -> RefillAdvice:
    lines = [RefillLine(sku=sku, units=count, by_ms=NOON_MS + HOUR_MS, reason="") for sku, count in units.items()]
    return RefillAdvice(store_id="corner-shop", made_at_ms=NOON_MS, valid_until_ms=NOON_MS + HOUR_MS, lines=lines)


def test_a_shelf_that_will_not_last_is_filled_from_the_back_room_as_far_as_it_holds(plan: Planogram) -> None:
    stock = {("cola-033", "bay-1-shelf-1"): 6.0, ("cola-033", "back_room"): 90.0}
    found = refills(advice(**{"cola-033": 20}), plan, stock, back_room="back_room")
    assert [(each.shelf_id, each.on_shelf, each.asked, each.fetch) for each in found] == [("bay-1-shelf-1", 6.0, 20, 30)]


@pytest.mark.parametrize(
    "stock",
    [
        {("cola-033", "bay-1-shelf-1"): 25.0, ("cola-033", "back_room"): 90.0},
        {("cola-033", "bay-1-shelf-1"): 6.0},
        {("cola-033", "back_room"): 90.0},
        {},
    ],
    ids=["enough there", "nothing in the back room", "shelf not known", "nothing known"],
)
def test_nobody_is_sent_in_vain(plan: Planogram, stock: dict[tuple[str, str], float]) -> None:
    assert refills(advice(**{"cola-033": 20}), plan, stock, back_room="back_room") == []


def queries(*plans: tuple[str, bytes]) -> ChainQueries:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE plans (plan_no INTEGER PRIMARY KEY, kind TEXT, received_at_ms INTEGER, payload BLOB)")
    connection.executemany("INSERT INTO plans (kind, received_at_ms, payload) VALUES (?, 0, ?)", plans)
    told = ChainQueries()
    told._connection = connection
    return told


def test_the_newest_advice_counts_until_it_is_old() -> None:
    told = queries(*(("refill_advice", codec.encode(advice(**{"cola-033": units}))) for units in (5, 9)))
    newest = told.refill_advice(NOON_MS)
    assert newest is not None
    assert newest.lines[0].units == 9
    assert told.refill_advice(NOON_MS + HOUR_MS) is None
    assert queries(("refill_advice", b"{")).refill_advice(NOON_MS) is None


def test_a_promotion_runs_on_its_days_until_it_is_called_off() -> None:
    cola = Promotion(promotion_id="p1", sku="cola-033", starts_at_ms=NOON_MS, ends_at_ms=NOON_MS + 5 * HOUR_MS, price_minor=79)
    off = msgspec.structs.replace(cola, is_cancelled=True)
    assert [plan.promotion_id for plan in queries(("promotion", codec.encode(cola))).promotions(NOON_MS)] == ["p1"]
    assert queries(("promotion", codec.encode(cola))).promotions(NOON_MS - 1) == []
    assert queries(*(("promotion", codec.encode(plan)) for plan in (cola, off))).promotions(NOON_MS) == []

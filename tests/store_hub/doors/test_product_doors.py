"""Returns, articles and prices by HTTP, and files in the watched folder: taken whole, booked once, refused with the reason."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from store_hub.flows.folder import Folder
from store_hub.flows.parts import Parts
from store_hub.rules.folder_files import kind_of, read_products, read_told
from store_hub.rules.goods_files import FileRefused

NOON_MS = 1_780_315_200_000


def post(till: httpx.Client, door: str, body: Any, key: str = "k-1") -> httpx.Response:
    return till.post(f"/v1/{door}", json=body, headers={"idempotency-key": key})


def test_goods_that_come_back_leave_the_sales_and_wait_in_the_back_room(till: httpx.Client, shop: Any) -> None:
    before = shop.rows("SELECT units FROM stock WHERE sku = 'milk' AND place = 'back_room'")[0][0]
    for _ in range(2):
        answer = post(till, "returns", {"till": "desk", "lines": [{"sku": "milk", "units": 2}]})
        assert answer.status_code == 200, answer.text
    assert shop.rows("SELECT sku, units FROM sales") == [("milk", -2)]
    assert shop.rows("SELECT units FROM stock WHERE sku = 'milk' AND place = 'back_room'")[0][0] == pytest.approx(before + 2, abs=0.1)
    assert post(till, "returns", {"till": "desk", "lines": [{"sku": "milk", "units": 0}]}, "k-2").status_code == 422


def test_prices_and_articles_change_once_and_a_list_told_again_changes_nothing(till: httpx.Client, shop: Any) -> None:
    prices = {"prices": [{"sku": "milk", "price_minor": 139}]}
    first, again = post(till, "prices", prices), post(till, "prices", prices, "k-2")
    assert (first.status_code, again.headers.get("idempotent-replayed")) == (200, "true")
    assert shop.rows("SELECT price_minor FROM products WHERE sku = 'milk'") == [(139,)]
    versions = shop.rows("SELECT count(*) FROM journal WHERE source = 'planogram'")[0][0]
    new = {"products": [{"sku": "kombucha", "name": "Kombucha", "price_minor": 299}, {"sku": "milk", "category": "dairy"}]}
    assert post(till, "products", new, "k-3").status_code == 200
    assert shop.rows("SELECT name, price_minor FROM products WHERE sku = 'kombucha'") == [("Kombucha", 299)]
    assert shop.rows("SELECT price_minor, category FROM products WHERE sku = 'milk'") == [(139, "dairy")]
    assert shop.rows("SELECT count(*) FROM journal WHERE source = 'planogram'") == [(versions + 1,)]


def test_a_price_of_an_article_that_nobody_knows_is_refused_whole(till: httpx.Client, shop: Any) -> None:
    answer = post(till, "prices", {"prices": [{"sku": "milk", "price_minor": 1}, {"sku": "ghost", "price_minor": 1}]})
    assert answer.status_code == 422
    assert "ghost" in answer.json()["error"]
    assert shop.rows("SELECT count(*) FROM products WHERE price_minor = 1") == [(0,)]


def test_the_doors_are_in_the_document(till: httpx.Client) -> None:
    paths = till.get("/openapi.json").json()["paths"]
    assert {"/v1/returns", "/v1/products", "/v1/prices"} <= set(paths)


# ---- the watched folder


@pytest.fixture
def folder(shop: Any, tmp_path: Path) -> Folder:
    parts = Parts(shop.path, shop.bookkeep, "corner", lambda: ZoneInfo("UTC"), shop.clock.now_ms)
    place = tmp_path / "in"
    place.mkdir()
    return Folder(place, bookkeep=shop.bookkeep, parts=parts, currency=lambda: "EUR")


def names(room: Path) -> list[str]:
    return sorted(path.name for path in room.iterdir()) if room.exists() else []


def test_a_file_is_taken_once_it_has_stopped_growing_and_the_same_one_books_nothing_twice(
    folder: Folder, shop: Any, tmp_path: Path
) -> None:
    place = tmp_path / "in"
    text = "sku;units;price;receipt;till\nmilk;1;1,49;17;till-2\ncola;2;;17;till-2\nmilk;1;1,49;18;till-2\n"
    (place / "sales-1.csv").write_text(text[:40], encoding="utf-8")
    folder.look()
    (place / "sales-1.csv").write_text(text, encoding="utf-8")
    folder.look()
    assert shop.rows("SELECT count(*) FROM sales") == [(0,)]
    folder.look()
    sold = [("milk", 1, 149, "till-2"), ("cola", 2, None, "till-2"), ("milk", 1, 149, "till-2")]
    assert shop.rows("SELECT sku, units, price_minor, till FROM sales ORDER BY journal_id, line") == sold
    assert shop.rows("SELECT count(DISTINCT journal_id) FROM sales") == [(2,)]
    (place / "sales-again.csv").write_text(text, encoding="utf-8")
    for _ in range(2):
        folder.look()
    assert shop.rows("SELECT count(*) FROM sales") == [(3,)]
    assert names(place / "done") == ["sales-1.csv", "sales-again.csv"]


def test_a_file_that_is_wrong_is_refused_whole_with_its_line(folder: Folder, shop: Any, tmp_path: Path) -> None:
    place = tmp_path / "in"
    (place / "sales.csv").write_text("sku,units\nmilk,1\nmilk,many\n", encoding="utf-8")
    (place / "weather.csv").write_text("sku,units\n", encoding="utf-8")
    (place / "prices.csv").write_text("sku,price\nghost,1.10\n", encoding="utf-8")
    for _ in range(2):
        folder.look()
    refused = place / "refused"
    assert names(refused) == sorted(f"{name}.csv{end}" for name in ("sales", "weather", "prices") for end in ("", ".reason.txt"))
    assert "line 3" in (refused / "sales.csv.reason.txt").read_text(encoding="utf-8")
    assert "begin it with one of sales" in (refused / "weather.csv.reason.txt").read_text(encoding="utf-8")
    assert "ghost" in (refused / "prices.csv.reason.txt").read_text(encoding="utf-8")
    assert shop.rows("SELECT count(*) FROM sales") == [(0,)]


def test_a_hub_that_was_killed_with_a_file_in_hand_takes_it_up_again(folder: Folder, shop: Any, tmp_path: Path) -> None:
    working = tmp_path / "in" / "working"
    working.mkdir()
    (working / "counts.csv").write_text("sku,units\nmilk,9\n", encoding="utf-8")
    (working / "prices-new.csv").write_text("sku,price\nmilk,1.39\n", encoding="utf-8")
    folder.look()
    assert shop.rows("SELECT counted_units FROM hand_counts") == [(9,)]
    assert shop.rows("SELECT price_minor FROM products WHERE sku = 'milk'") == [(139,)]
    assert names(tmp_path / "in" / "done") == ["counts.csv", "prices-new.csv"]
    assert not os.listdir(working)


def test_times_without_a_zone_are_the_shops_own() -> None:
    content = b"sku,units,sold_at\nmilk,1,2026-06-01T14:00:00\n"
    (sale,) = read_told("sales", content, name="sales.csv", zone=ZoneInfo("Europe/Berlin"), decimals=2)
    assert getattr(sale, "sold_at_ms") == NOON_MS  # noqa: B009  # Told may be of another kind.


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"units\n1\n", b"sku,units\n", b"sku,units\n,3\n"])
def test_files_that_say_nothing_are_refused(content: bytes) -> None:
    with pytest.raises(FileRefused):
        read_told("sales", content, name="sales.csv", zone=ZoneInfo("UTC"), decimals=2)


@pytest.mark.parametrize(
    ("kind", "line", "said"),
    [
        ("products", b"sku,gtin\ncola,12", "line 2: gtin '12' does not fit: write its 8, 12, 13 or 14 digits"),
        ("products", b"sku,unit_weight_g\ncola,abc", "line 2: unit_weight_g 'abc' is no number"),
        ("products", b"sku,unit_weight_g\ncola,-4", "line 2: unit_weight_g '-4' does not fit: it must be more than 0.0"),
        ("products", b"sku,case_pack_units\ncola,1.5", "line 2: case_pack_units '1.5' is no whole number"),
        ("counts", b"sku,units\ncola,-1", "line 2: units '-1' does not fit: it must be at least 0"),
        ("counts", b"sku,units,counted_at\ncola,1,noon", "line 2: 'noon' is no time; write it as 2026-11-26T14:30"),
        ("counts", b"sku,units\nco la,1", "line 2: sku 'co la' does not fit: use letters, digits, '.', '_' and '-' only, 64 at most"),
    ],
)
def test_what_a_column_cannot_hold_is_said_with_its_name_and_what_to_write(kind: str, line: bytes, said: str) -> None:
    def read() -> object:
        if kind == "products":
            return read_products(kind, line, decimals=2)
        return read_told(kind, line, name="counts.csv", zone=ZoneInfo("Europe/Berlin"), decimals=2)

    with pytest.raises(FileRefused) as refused:
        read()
    assert str(refused.value) == said


def test_a_name_says_what_a_file_holds() -> None:
    assert [kind_of(name) for name in ("Sales_1.csv", "deliveries.csv", "x.csv")] == ["sales", "deliveries", None]

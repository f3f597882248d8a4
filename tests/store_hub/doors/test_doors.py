"""What tills, deliveries and people get to hear at the hub's doors."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from store_hub.adapters.door_tokens import DoorTokens

NOON_MS = 1_780_315_200_000


def post(till: httpx.Client, door: str, body: Any, key: str | None = "k-1", **headers: str) -> httpx.Response:
    sent = headers | ({} if key is None else {"idempotency-key": key})
    return till.post(f"/v1/{door}", json=body, headers=sent)


def sale(**changes: Any) -> dict[str, Any]:
    return {"sold_at_ms": NOON_MS, "till": "till-1", "lines": [{"sku": "milk", "units": 2, "price_minor": 129}]} | changes


def test_a_sale_is_on_the_disk_before_the_till_hears_of_it(till: httpx.Client, shop: Any) -> None:
    answer = post(till, "sales", sale())
    assert answer.status_code == 200
    assert answer.json() == {"booked": True, "journal_id": 2, "unknown_skus": []}
    assert shop.rows("SELECT sku, units, price_minor, till, sold_at_ms FROM sales") == [("milk", 2, 129, "till-1", NOON_MS)]
    assert shop.rows("SELECT sold_units, book_units FROM books WHERE sku = 'milk'") == [(2, 16)]


def test_a_sale_sent_twice_is_booked_once_and_answered_the_same(till: httpx.Client, shop: Any) -> None:
    first, second = post(till, "sales", sale()), post(till, "sales", sale())
    assert first.content == second.content
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert shop.rows("SELECT count(*) FROM sales") == [(1,)]


def test_a_till_that_sends_the_same_receipt_on_eight_lines_at_once_has_it_booked_once(till: httpx.Client, shop: Any) -> None:
    with ThreadPoolExecutor(8) as lines:
        answers = [sent.result() for sent in [lines.submit(post, till, "sales", sale()) for _ in range(8)]]
    assert {answer.content for answer in answers} == {b'{"booked":true,"journal_id":2,"unknown_skus":[]}'}
    assert shop.rows("SELECT sum(units) FROM sales") == [(2,)]


def test_the_same_key_with_another_body_is_refused_and_nothing_is_booked(till: httpx.Client, shop: Any) -> None:
    post(till, "sales", sale())
    answer = post(till, "sales", sale(till="till-2"))
    assert answer.status_code == 409
    assert "k-1" in answer.json()["error"]
    assert shop.rows("SELECT count(*) FROM sales") == [(1,)]


def test_the_same_key_at_another_door_is_another_request(till: httpx.Client, shop: Any) -> None:
    assert post(till, "sales", sale()).status_code == 200
    assert post(till, "counts", {"sku": "milk", "units": 4, "shelf_id": None}).status_code == 200


def test_a_returned_bottle_goes_back_into_the_books(till: httpx.Client, shop: Any) -> None:
    answer = post(till, "sales", sale(lines=[{"sku": "cola", "units": -1, "price_minor": 99}]))
    assert answer.status_code == 200
    assert shop.rows("SELECT sold_units, book_units FROM books WHERE sku = 'cola'") == [(-1, 7)]


def test_an_unknown_article_is_named_and_kept_aside_while_the_rest_of_the_receipt_counts(till: httpx.Client, shop: Any) -> None:
    lines = [{"sku": "milk", "units": 1}, {"sku": "umbrella, black", "units": 1, "price_minor": 999}]
    answer = post(till, "sales", sale(lines=lines))
    assert answer.json()["unknown_skus"] == ["umbrella, black"]
    assert shop.rows("SELECT line, reason FROM quarantine") == [(2, "unknown_sku")]
    assert shop.rows("SELECT book_units FROM books WHERE sku = 'milk'") == [(17,)]


def test_a_delivery_fills_the_back_room(till: httpx.Client, shop: Any) -> None:
    body = {"delivery_id": "d-7", "arrived_at_ms": None, "lines": [{"sku": "cola", "units": 24}], "to": "back_room"}
    assert post(till, "deliveries", body).status_code == 200
    assert shop.rows("SELECT units FROM stock WHERE sku = 'cola' AND place = 'back_room'") == [(24.0,)]


def test_a_count_by_hand_corrects_the_shelf(till: httpx.Client, shop: Any) -> None:
    answer = post(till, "counts", {"sku": "milk", "shelf_id": "fridge-1", "units": 3, "counted_at_ms": NOON_MS})
    assert answer.status_code == 200
    assert shop.rows("SELECT units FROM stock WHERE sku = 'milk' AND place = 'fridge-1'") == [(3.0,)]


def test_a_count_of_a_place_that_is_not_there_names_the_field(till: httpx.Client) -> None:
    answer = post(till, "counts", {"sku": "milk", "shelf_id": "attic", "units": 3})
    assert (answer.status_code, answer.json()["field"]) == (422, "shelf_id")


def test_somebody_takes_an_alert_and_says_that_it_is_done(till: httpx.Client, shop: Any) -> None:
    post(till, "sales", sale(lines=[{"sku": "milk", "units": 5}]))
    assert shop.rows("SELECT alert_id, kind FROM alerts") == [(1, "low_shelf")]
    assert post(till, "alerts/1/take", {"by": "Anna"}, key="a").status_code == 200
    assert shop.rows("SELECT taken_by, cleared_at_ms FROM alerts") == [("Anna", None)]
    assert till.post("/v1/alerts/1/done", headers={"idempotency-key": "b"}).status_code == 200
    assert shop.rows("SELECT done_by, cleared_at_ms FROM alerts") == [("staff", NOON_MS)]


def test_alerts_that_are_not_there_or_closed_say_so(till: httpx.Client, shop: Any) -> None:
    assert post(till, "alerts/7/take", {}).status_code == 404
    assert post(till, "alerts/0/take", {}).status_code == 422
    assert post(till, "alerts/one/take", {}).json()["field"] == "alert_id"
    post(till, "sales", sale(lines=[{"sku": "milk", "units": 5}]))
    post(till, "alerts/1/done", {}, key="a")
    assert post(till, "alerts/1/done", {}, key="b").status_code == 409


@pytest.mark.parametrize(
    ("door", "body", "field"),
    [
        ("sales", {"till": "till-1"}, "lines"),
        ("sales", sale(lines=[]), "lines"),
        ("sales", sale(lines=[{"sku": "milk", "units": "2"}]), "lines[0].units"),
        ("sales", sale(lines=[{"sku": "milk"}]), "lines[0].units"),
        ("sales", sale(lines=[{"sku": "milk", "units": 1, "price_minor": -5}]), "lines[0].price_minor"),
        ("sales", sale(customer="Mrs Smith"), "customer"),
        ("sales", sale(sold_at_ms=NOON_MS + 3_600_000), "sold_at_ms"),
        ("sales", sale(sold_at_ms=NOON_MS // 1000), "sold_at_ms"),
        ("sales", [1, 2], "body"),
        ("deliveries", {"delivery_id": "d", "lines": [{"sku": "milk", "units": 0}]}, "lines[0].units"),
        ("deliveries", {"delivery_id": "d", "lines": [{"sku": "milk", "units": 1}], "to": "moon"}, "to"),
        ("counts", {"sku": "milk", "units": -1}, "units"),
        ("counts", {"sku": "milk", "units": 1, "counted_at_ms": 1}, "counted_at_ms"),
    ],
)
def test_a_wrong_body_is_refused_with_the_name_of_the_field(till: httpx.Client, shop: Any, door: str, body: Any, field: str) -> None:
    answer = post(till, door, body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert shop.rows("SELECT count(*) FROM journal") == [(1,)]


def test_a_body_that_is_no_json_is_refused_in_words(till: httpx.Client) -> None:
    for body in (b"", b"{", b"\xff\xfe", b"[" * 5000):
        answer = till.post("/v1/sales", content=body, headers={"idempotency-key": "k"})
        assert (answer.status_code, answer.json()["field"]) == (422, "body")


def test_a_request_without_a_key_is_refused(till: httpx.Client) -> None:
    for key in (None, "", "x" * 201):
        answer = post(till, "sales", sale(), key=key)
        assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")


def test_a_body_above_a_megabyte_is_refused_announced_or_not(till: httpx.Client) -> None:
    large = b" " * 1_000_001
    assert till.post("/v1/sales", content=large, headers={"idempotency-key": "k"}).status_code == 413
    pieces = (large[at : at + 65_536] for at in range(0, len(large), 65_536))
    assert till.post("/v1/sales", content=pieces, headers={"idempotency-key": "k"}).status_code == 413


def test_with_tokens_the_doors_open_only_to_who_holds_one(shop: Any, serve: Callable[[FastAPI], Any], make_doors: Any) -> None:
    url = serve(make_doors(shop, tokens=DoorTokens(["a long enough token"]))).url
    with httpx.Client(base_url=url) as till:
        refused = post(till, "sales", sale())
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert post(till, "sales", sale(), authorization="Bearer another token").status_code == 401
        assert post(till, "sales", sale(), authorization="Bearer a long enough token").status_code == 200
        assert till.get("/health/live").status_code == 200


def test_without_tokens_only_this_machine_by_its_own_name_may_book(till: httpx.Client, shop: Any) -> None:
    """A web page whose name was pointed at this machine speaks from this machine, but not by its name."""
    assert post(till, "sales", sale(), host="evil.example").status_code == 401
    assert post(till, "sales", sale(), **{"x-forwarded-for": "203.0.113.7"}).status_code == 401
    assert shop.rows("SELECT count(*) FROM sales") == [(0,)]


def test_metrics_tell_what_the_ledger_holds(till: httpx.Client) -> None:
    post(till, "sales", sale(lines=[{"sku": "milk", "units": 5}, {"sku": "?", "units": 1}]))
    lines = till.get("/metrics").text.splitlines()
    for line in (
        "aislewise_journal_entries_total 2.0",
        'aislewise_told_entries_total{source="till"} 1.0',
        'aislewise_quarantined{reason="unknown_sku"} 1.0',
        "aislewise_open_alerts 1.0",
        "aislewise_calls_waiting 1.0",
        "aislewise_report_backlog 0.0",
        'aislewise_booked_observations_total{type="sale"} 1.0',
        "aislewise_inbox_waiting 0.0",
    ):
        assert line in lines


def test_metrics_make_no_figure_up_when_the_ledger_cannot_be_read(till: httpx.Client, shop: Any) -> None:
    shop.path.rename(shop.path.with_name("elsewhere.sqlite"))
    lines = till.get("/metrics").text.splitlines()
    assert "aislewise_ledger_readable 0.0" in lines
    assert not any(line.startswith("aislewise_open_alerts") for line in lines)
    answer = till.get("/health/ready")
    assert answer.status_code == 503
    assert "ledger.sqlite" in answer.json()["checks"]["ledger"]["reason"]


def test_a_stopping_hub_says_that_the_request_should_come_again(till: httpx.Client, shop: Any) -> None:
    shop.bookkeep.stop()
    answer = post(till, "sales", sale())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_the_hub_is_ready_while_it_can_book(till: httpx.Client) -> None:
    assert till.get("/health/live").json() == {"live": True}
    answer = till.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["checks"]["ledger"] == {"ok": True, "needed": True, "reason": "it can be written"}


def test_the_hub_is_not_ready_without_its_broker_and_says_which(shop: Any, serve: Callable[[FastAPI], Any], make_doors: Any) -> None:
    answer = httpx.get(serve(make_doors(shop, is_connected=lambda: False)).url + "/health/ready")
    assert answer.status_code == 503
    assert "127.0.0.1:1883" in answer.json()["checks"]["broker"]["reason"]


def test_a_quiet_shop_is_ready_and_says_how_long_it_has_been_quiet(till: httpx.Client, shop: Any) -> None:
    shop.clock.pass_s(3600)
    answer = till.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["checks"]["booking"]["ok"] is False
    assert "60 min ago" in answer.json()["checks"]["booking"]["reason"]


def test_the_doors_describe_themselves(till: httpx.Client) -> None:
    document = till.get("/openapi.json").json()
    door = document["paths"]["/v1/sales"]["post"]
    assert door["requestBody"]["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/Sale"
    assert door["parameters"][0]["name"] == "Idempotency-Key"
    assert document["components"]["schemas"]["Sale"]["required"] == ["till", "lines"]
    assert "SaleLine" in document["components"]["schemas"]

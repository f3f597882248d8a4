"""A hub reports over HTTP: booked once, in order, by the right store, or refused in words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from wire_format import codec
from wire_format.reports import AnyFact, DeviceFact, DoorQuarter, ReportBatch, StoreProfile

LEDGER = "a" * 32
QUARTER_MS = 1_795_348_800_000  # Sunday 22 November 2026, 12:00 UTC.
STORE = {"Authorization": "Bearer store-token-of-shop-1"}
PLANNER = {"Authorization": "Bearer planner-token-of-mei"}


def door(sequence: int, *, people_in: int = 3, at_ms: int = QUARTER_MS) -> DoorQuarter:
    return DoorQuarter(sequence=sequence, quarter_started_at_ms=at_ms, door_id="main", people_in=people_in, people_out=2, observed_min=15.0)


def batch(facts: list[AnyFact], *, ledger: str = LEDGER, store: str = "shop-1") -> dict[str, Any]:
    whole = ReportBatch(store_id=store, ledger_id=ledger, from_sequence=facts[0].sequence, to_sequence=facts[-1].sequence, facts=facts)
    answer: dict[str, Any] = msgspec.json.decode(codec.encode(whole))
    return answer


def report(client: TestClient, body: dict[str, Any], headers: dict[str, str] = STORE, store: str = "shop-1") -> tuple[int, dict[str, Any]]:
    answer = client.post(f"/v1/stores/{store}/reports", json=body, headers=headers)
    return answer.status_code, answer.json()


def test_a_batch_is_booked_and_the_mark_is_told(client: TestClient) -> None:
    status, answer = report(client, batch([door(1), door(2, at_ms=QUARTER_MS + 900_000)], ledger="1" * 32))
    assert (status, answer["booked_through"]) == (200, 2)


def test_a_batch_sent_again_changes_nothing(client: TestClient, engine: Engine) -> None:
    body = batch([door(1, people_in=7)], ledger="2" * 32)
    assert report(client, body) == report(client, body)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT people_in FROM door_quarter WHERE quarter_at = '2026-11-22 12:00Z'")).scalars().all()
    assert rows == [7]


def test_a_gap_is_answered_with_the_mark_from_which_to_send_again(client: TestClient) -> None:
    report(client, batch([door(1)], ledger="3" * 32))
    status, answer = report(client, batch([door(5)], ledger="3" * 32))
    assert status == 409
    assert codec.reports_booked.decode(msgspec.json.encode(answer)).booked_through == 1


def test_a_batch_that_overlaps_brings_only_its_new_part(client: TestClient, engine: Engine) -> None:
    at_ms = QUARTER_MS + 3_600_000
    report(client, batch([door(1, people_in=1, at_ms=at_ms), door(2, people_in=2, at_ms=at_ms)], ledger="4" * 32))
    status, answer = report(client, batch([door(2, people_in=99, at_ms=at_ms), door(3, people_in=3, at_ms=at_ms)], ledger="4" * 32))
    assert (status, answer["booked_through"]) == (200, 3)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT people_in FROM door_quarter WHERE quarter_at = '2026-11-22 13:00Z'")).scalars().all() == [3]


def test_news_of_a_hub_set_up_anew_wins_over_the_old_ledger(client: TestClient, engine: Engine) -> None:
    """A new ledger starts at sequence 1; the old one had come to 40."""
    at_ms = QUARTER_MS + 7_200_000
    report(client, batch([door(number, people_in=number, at_ms=at_ms) for number in range(1, 41)], ledger="5" * 32))
    report(client, batch([door(1, people_in=77, at_ms=at_ms)], ledger="6" * 32))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT people_in FROM door_quarter WHERE quarter_at = '2026-11-22 14:00Z'")).scalars().all() == [77]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from_sequence": "one"}, "from_sequence"),
        ({"to_sequence": 9}, "facts"),
        ({"to_sequence": 1, "from_sequence": 2}, "to_sequence"),
        ({"ledger_id": "short"}, "ledger_id"),
        ({"store_id": "shop-2"}, "store_id"),
        ({"facts": [{"type": "door_quarter", "sequence": 1}]}, "facts[0].quarter_started_at_ms"),
        ({"v": 99}, "v"),
        ({"v": None}, "v"),
    ],
)
def test_a_batch_that_contradicts_itself_is_refused_with_the_field(client: TestClient, change: dict[str, Any], field: str) -> None:
    status, answer = report(client, batch([door(1)], ledger="7" * 32) | change)
    assert (status, answer["field"]) == (422, field), answer


def test_a_fact_out_of_order_is_refused_with_its_place(client: TestClient) -> None:
    body = batch([door(1), door(2)], ledger="7" * 32)
    body["facts"].reverse()
    status, answer = report(client, body)
    assert (status, answer["field"]) == (422, "facts[0].sequence")


@pytest.mark.parametrize(
    "damage", [b"", b"not json", b"[]", b'{"v":1,"type":"report_batch"', b'{"v":1}', b"\xff\xfe", b'{"v":1,"facts":' + b"[" * 5000]
)
def test_bytes_that_are_no_batch_are_refused_in_words(client: TestClient, damage: bytes) -> None:
    answer = client.post("/v1/stores/shop-1/reports", content=damage, headers=STORE)
    assert answer.status_code == 422
    assert "Traceback" not in answer.text
    assert answer.json()["error"]


def test_a_name_no_table_can_hold_is_refused_and_nothing_of_the_batch_is_booked(client: TestClient, engine: Engine) -> None:
    fact = DeviceFact(
        sequence=2, device_id="pi-1", state="alive", last_seen_at_ms=QUARTER_MS, agent_version="1\x00", outbox_depth=0, fault_codes=[]
    )
    status, answer = report(client, batch([door(1), fact], ledger="8" * 32))
    assert (status, answer["field"]) == (422, "body")
    with engine.connect() as connection:
        marks = connection.execute(text("SELECT booked_through FROM ledgers WHERE ledger_id = :ledger"), {"ledger": "8" * 32})
        assert marks.scalar() is None


def test_a_quarter_of_the_year_1970_is_set_aside_and_the_rest_is_booked(client: TestClient, engine: Engine) -> None:
    status, answer = report(client, batch([door(1, at_ms=900_000), door(2)], ledger="9" * 32))
    assert (status, answer["booked_through"]) == (200, 2)
    with engine.connect() as connection:
        reason = connection.execute(text("SELECT reason FROM fact_quarantine WHERE sequence = 1")).scalar_one()
    assert "before 2020" in reason
    stores = client.get("/v1/stores", headers=PLANNER).json()["stores"]
    assert next(store for store in stores if store["store_id"] == "shop-1")["quarantined"] == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Basic c3RvcmUtdG9rZW4="}, 401),
        ({"Authorization": "Bearer store-token-of-shop-2"}, 403),
        ({"Authorization": "Bearer planner-token-of-mei"}, 403),
    ],
)
def test_only_the_store_itself_reports_for_it(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert report(client, batch([door(1)], ledger="c" * 32), headers)[0] == status


def test_a_body_above_the_limit_is_not_read_to_its_end(client: TestClient) -> None:
    answer = client.post("/v1/stores/shop-1/reports", content=b" " * (8 * 1024 * 1024 + 1), headers=STORE)
    assert answer.status_code == 413
    assert "ingest.body_max_bytes" in answer.json()["error"]


def test_a_profile_with_an_unknown_time_zone_is_refused(client: TestClient) -> None:
    for name in ("Europe/Nowhere", "../etc/passwd", "Europe", ""):
        profile = StoreProfile(store_id="shop-1", name="Corner", time_zone=name, currency="EUR")
        answer = client.put("/v1/stores/shop-1/profile", content=codec.encode(profile), headers=STORE)
        assert (answer.status_code, answer.json()["field"]) == (422, "time_zone")


def test_hours_and_days_follow_the_stores_own_calendar(client: TestClient) -> None:
    """21:30 in UTC is already the next day in Auckland; the profile may come after the first report."""
    headers = {"Authorization": "Bearer store-token-of-shop-2"}
    late = QUARTER_MS + int(9.5 * 3_600_000)
    report(client, batch([door(1, at_ms=late)], store="shop-2"), headers, "shop-2")
    profile = StoreProfile(store_id="shop-2", name="Ponsonby", time_zone="Pacific/Auckland", currency="NZD")
    assert client.put("/v1/stores/shop-2/profile", content=codec.encode(profile), headers=headers).status_code == 200
    report(client, batch([door(2, at_ms=late + 900_000)], store="shop-2"), headers, "shop-2")
    window = {"store": "shop-2", "from": "2026-11-22", "to": "2026-11-23", "by": "hour"}
    rows = client.get("/v1/footfall", params=window, headers=headers).json()["stores"][0]["rows"]
    counted = [(row["day"], row["hour"], row["people_in"]) for row in rows if row["people_in"] is not None]
    assert counted == [("2026-11-23", 10, 6)]

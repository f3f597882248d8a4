"""Handhelds, suppliers and the back door's staff speak to the hub over HTTP: JSON, or their file as it is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from store_hub.rules.goods_files import FileRefused, read_notice_file, read_tags_file

TAG = "3034257BF7194E4000001A85"


def post(till: httpx.Client, door: str, body: Any, key: str = "k-1", **how: Any) -> httpx.Response:
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    return till.post(f"/v1/{door}", **content, headers={"idempotency-key": key, **how})


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (f"epc,read_at\n{TAG},1\n3034257BF7194E4000001A86,2\n".encode(), "text/csv"),
        (f"{TAG}\n3034257bf7194e4000001a86\n".encode(), "text/plain"),
        (f'{{"epc": "{TAG}"}}\n{{"epc": "urn:epc:tag:sgtin-96:3.0614141.812345.6790"}}\n'.encode(), "application/x-ndjson"),
        (
            b'\xef\xbb\xbf"EPC";"RSSI"\n"urn:epc:id:sgtin:0614141.812345.6789";-50\n3034257BF7194E4000001A86;-60\n',
            "text/csv; charset=utf-8",
        ),
    ],
)
def test_a_handhelds_file_is_taken_as_it_is(till: httpx.Client, shop: Any, content: bytes, kind: str) -> None:
    for _ in range(2):
        answer = post(till, "stock-take-reads?stock_take_id=nov&read_by=Ana", content, **{"content-type": kind})
        assert answer.status_code == 200, answer.text
    assert answer.headers["idempotent-replayed"] == "true"
    assert shop.rows("SELECT tag FROM stock_take_tags ORDER BY tag") == [
        ("urn:epc:id:sgtin:0614141.812345.6789",), ("urn:epc:id:sgtin:0614141.812345.6790",)
    ]  # fmt: skip
    assert shop.rows("SELECT tags_read, read_by FROM stock_takes") == [(2, "Ana")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"epc\nnot a tag\n", "line 2: EPC URI 'not a tag'"),
        (b"epc,zone\n3034257BF7194E4000001A8,x\n", "whole words of four digits"),
        (b"name,zone\na,b\n", "none of the columns name, zone is called epc"),
        (b'{"epc": "' + TAG.encode() + b'"}\n{"tag": 1}\n', "line 2"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"epc\n", "there is no tag in it"),
        (b"", "there is no tag in it"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole_with_its_line(till: httpx.Client, shop: Any, content: bytes, why: str) -> None:
    with pytest.raises(FileRefused, match=why):
        read_tags_file(content)
    answer = post(till, "stock-take-reads?stock_take_id=nov", content, **{"content-type": "text/csv"})
    assert answer.status_code == 422
    assert shop.rows("SELECT count(*) FROM journal WHERE source = 'handheld'") == [(0,)]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"article,count\ncola,3\n", "the heading must have units"),
        (b"sku,units\ncola,three\n", "line 2"),
        (b"sku,units,sscc\ncola,3,123\n", "line 2"),
        (b"sku,units\n", "there is no line in it"),
    ],
)
def test_a_notice_file_that_cannot_be_read_says_where(content: bytes, why: str) -> None:
    with pytest.raises(FileRefused, match=why):
        read_notice_file(content)


def test_a_delivery_goes_from_notice_to_signature_over_http(till: httpx.Client, shop: Any) -> None:
    notice = b"sku;units;sscc\nmilk;12;395212340000000014\ncola;6;\n"
    assert post(till, "delivery-notices?delivery_id=d-1&supplier=Dairy", notice, "n", **{"content-type": "text/csv"}).status_code == 200
    again = post(till, "delivery-notices", {"delivery_id": "d-1", "lines": [{"sku": "milk", "units": 1}]}, "other")
    assert (again.status_code, "announced already" in again.json()["error"]) == (409, True)
    carton = {"delivery_id": "d-1", "epcs": ["urn:epc:id:sscc:9521234.3000000001"]}
    assert post(till, "delivery-reads", carton, "r").status_code == 200
    wrong = post(till, "delivery-reads", carton | {"epcs": ["carton 7"]}, "r2")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "epcs[0]")
    signed = {"delivery_id": "d-1", "by": "Ana", "lines": [{"sku": "milk", "units": 11}, {"sku": "cola", "units": 6}]}
    assert post(till, "delivery-acceptances", signed, "s").status_code == 200
    assert shop.rows("SELECT sku, units FROM deliveries ORDER BY line") == [("milk", 11), ("cola", 6)]
    unknown = post(till, "delivery-acceptances", signed | {"delivery_id": "d-2"}, "s2")
    assert unknown.json()["error"] == "no delivery d-2 was announced; check the number, or announce it first"


def test_a_stock_take_is_decided_over_http(till: httpx.Client, shop: Any) -> None:
    assert post(till, "stock-take-reads", {"stock_take_id": "nov", "epcs": [TAG]}).status_code == 200
    assert post(till, "stock-take-decisions", {"stock_take_id": "nov", "action": "accept", "sku": "milk"}, "d").status_code == 409
    assert post(till, "stock-take-decisions", {"stock_take_id": "nov", "action": "close"}, "c").status_code == 200
    closed = post(till, "stock-take-reads", {"stock_take_id": "nov", "epcs": [TAG]}, "late")
    assert "is closed" in closed.json()["error"]


def test_the_openapi_document_tells_of_the_doors_for_goods(till: httpx.Client) -> None:
    document = till.get("/openapi.json").json()
    schema = document["paths"]["/v1/delivery-notices"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["$ref"] == "#/components/schemas/DeliveryNotice"
    assert document["components"]["schemas"]["DeliveryNotice"]["required"] == ["delivery_id", "lines"]
    assert "/epcis/events" in document["paths"]

"""The history mirror: numbers in a real time series database, in line protocol."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from store_hub.adapters.influx import InfluxMirror, MirrorUnreachable
from store_hub.adapters.ledger_history import LedgerHistory
from store_hub.entries import Sale, SaleLine
from store_hub.flows.mirror import Mirror
from store_hub.rows.mirror import JournalEntry
from store_hub.rules.mirror_points import entry_points
from wire_format.observations import DoorCrossing, ShelfWeight, TagSeen

NOON_MS = 1_780_315_200_000
SEEN: dict[str, Any] = {"device_id": "pi-1", "boot_id": "0" * 8, "monotonic_ms": 0, "observed_at_ms": NOON_MS}


class Receiver:
    """Takes line protocol, or does not."""

    def __init__(self, serve: Callable[[FastAPI], Any]) -> None:
        self.lines: list[str] = []
        self.status = 204
        app = FastAPI()

        @app.post("/api/v2/write")
        async def write(request: Request) -> Response:
            import gzip

            body = await request.body()
            if self.status == 204:
                self.lines += gzip.decompress(body).decode().splitlines()
            return Response(status_code=self.status)

        self.url = serve(app).url


@pytest.fixture
def receiver(serve: Callable[[FastAPI], Any]) -> Receiver:
    return Receiver(serve)


def make_mirror(shop: Any, url: str) -> Mirror:
    influx = InfluxMirror(url=url, token="t", org="o", bucket="b", timeout_s=5.0)
    return Mirror(history=LedgerHistory(shop.path), mirror=influx, store_id="corner", now_ms=shop.clock.now_ms)


def people(shop: Any, minute: int, people_in: int) -> None:
    started_at_ms = NOON_MS + minute * 60_000
    shop.see(DoorCrossing(**SEEN, door_id="front", started_at_ms=started_at_ms, duration_ms=60_000, people_in=people_in, people_out=0))


def sell(shop: Any, sku: str, units: int) -> None:
    shop.tell(Sale(till="till 1", lines=[SaleLine(sku=sku, units=units, price_minor=100)]))


def test_people_sales_and_stock_become_lines_of_numbers(shop: Any, receiver: Receiver) -> None:
    people(shop, 0, 3)
    sell(shop, "milk", 2)
    mirror = make_mirror(shop, receiver.url)
    mirror.mirror_once()
    assert f"door,door=front,store=corner observed_s=60,people_in=3,people_out=0 {NOON_MS}" in receiver.lines
    assert f"sale,sku=milk,store=corner,till=till\\ 1 revenue_minor=200,units=2 {NOON_MS}" in receiver.lines
    assert f"stock,place=fridge-1,sku=milk,store=corner high=4,low=3,units=4 {NOON_MS}" in receiver.lines
    assert not any('"' in line for line in receiver.lines)
    assert mirror.mirror_once() == 0


def test_what_happened_while_the_mirror_was_down_is_copied_when_it_is_back(shop: Any, receiver: Receiver) -> None:
    mirror = make_mirror(shop, receiver.url)
    mirror.mirror_once()
    receiver.status = 503
    people(shop, 1, 5)
    with pytest.raises(MirrorUnreachable, match="catches up later"):
        mirror.mirror_once()
    people(shop, 2, 7)
    receiver.status = 204
    mirror.mirror_once()
    doors = [line for line in receiver.lines if line.startswith("door")]
    assert [line.split("people_in=")[1].split(",")[0] for line in doors] == ["5", "7"]


def test_points_that_the_server_will_never_take_are_dropped_and_counted(shop: Any, receiver: Receiver) -> None:
    mirror = make_mirror(shop, receiver.url)
    mirror.mirror_once()
    receiver.status = 400
    people(shop, 1, 5)
    mirror.mirror_once()
    receiver.status = 204
    people(shop, 2, 7)
    mirror.mirror_once()
    assert mirror.dropped == 1
    assert sum(line.startswith("door") for line in receiver.lines) == 1


def test_a_wrong_bucket_drops_nothing_for_somebody_will_mend_it(shop: Any, receiver: Receiver) -> None:
    receiver.status = 404
    mirror = make_mirror(shop, receiver.url)
    people(shop, 1, 5)
    with pytest.raises(MirrorUnreachable, match="404"):
        mirror.mirror_once()
    assert mirror.dropped == 0


def test_after_a_restart_the_last_day_is_copied_again_and_no_more(shop: Any, receiver: Receiver) -> None:
    people(shop, 0, 1)
    shop.clock.pass_s(2 * 86_400)
    sell(shop, "milk", 1)
    make_mirror(shop, receiver.url).mirror_once()
    assert not any(line.startswith("door") for line in receiver.lines)
    assert any(line.startswith("sale") for line in receiver.lines)


def test_a_mirror_that_is_not_there_does_not_stop_the_flow(shop: Any, free_port: int) -> None:
    mirror = make_mirror(shop, f"http://127.0.0.1:{free_port}")
    people(shop, 0, 1)
    assert 1.0 <= mirror._turn(Event()) <= 2.0


def test_what_has_no_numbers_stays_in_the_ledger() -> None:
    entry = JournalEntry(1, "edge", NOON_MS, None, b"")
    assert entry_points(entry, TagSeen(**SEEN, epc="AAAA", zone_id="z", confidence=1.0), "corner") == []
    weight = entry_points(entry, ShelfWeight(**SEEN, shelf_id="s", weight_g=5.0, spread_g=1.0), "corner")
    assert weight[0].fields == {"weight_g": 5.0, "spread_g": 1.0, "drift_g": 0.0}


@pytest.fixture
def victoria_metrics(tmp_path: Path, free_port: int, until: Callable[..., None]) -> Iterator[str]:
    """A real VictoriaMetrics; skips the test where it is not installed."""
    program = shutil.which("victoria-metrics")
    if program is None:
        pytest.skip("VictoriaMetrics is not installed: apt-get install victoria-metrics")
    url = f"http://127.0.0.1:{free_port}"
    arguments = [
        f"-storageDataPath={tmp_path}/vm",
        f"-httpListenAddr=127.0.0.1:{free_port}",
        "-retentionPeriod=10y",
        "-memory.allowedBytes=64MB",
    ]
    with (tmp_path / "vm.log").open("wb") as log:
        server = subprocess.Popen([program, *arguments], stdout=log, stderr=log)
    until(lambda: server.poll() is not None or _answers(url))
    yield url
    server.terminate()
    server.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.HTTPError:
        return False


def test_a_real_server_holds_what_the_ledger_holds(shop: Any, victoria_metrics: str, until: Callable[..., None]) -> None:
    for minute in range(5):
        people(shop, minute, minute)
    sell(shop, "milk", 2)
    mirror = make_mirror(shop, victoria_metrics)
    mirror.mirror_once()

    def exported(name: str) -> list[dict[str, Any]]:
        httpx.get(f"{victoria_metrics}/internal/force_flush")
        answer = httpx.get(f"{victoria_metrics}/api/v1/export", params={"match[]": name, "start": "2026-01-01T00:00:00Z"})
        return [json.loads(line) for line in answer.text.splitlines()]

    until(lambda: bool(exported("door_people_in")))
    doors = exported("door_people_in")[0]
    assert doors["metric"]["door"] == "front"
    assert doors["values"] == [0, 1, 2, 3, 4]
    assert doors["timestamps"] == [NOON_MS + minute * 60_000 for minute in range(5)]
    assert exported("sale_units")[0]["values"] == [2]

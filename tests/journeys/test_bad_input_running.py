"""A shop that runs while everybody sends it nonsense: it says so, on its pages and in its log, and books everything else."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import bad_input_shop as shop
import pytest
import running_programs as programs

from wire_format import codec, topics
from wire_format.observations import DoorCrossing, ShelfWeight

OUTBOX = "0123456789abcdef" * 2
BIG = 2_000_000

pytestmark = [pytest.mark.broker, pytest.mark.xdist_group("bad_input")]


class OpenShop(NamedTuple):
    """A hub that runs on a broker of its own."""

    folder: Path
    broker_port: int
    hub: Any
    till: Any
    stranger: Any

    @property
    def ledger(self) -> Path:
        """Its ledger."""
        return self.folder / "ledger.sqlite"


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenShop]:
    """Broker and hub, for all tests of this module."""
    conftest = sys.modules.get("conftest") or sys.modules["tests.conftest"]
    folder = tmp_path_factory.mktemp("open-shop")
    broker = conftest.start_mosquitto(folder)
    port = conftest.find_free_port()
    shop.write_shop(folder, broker_port=broker.port, hub_port=port)
    init = programs.Program("store-hub", ["init", "--config", "hub.toml"], folder)
    assert init.wait_end() == 0, init.log
    hub = programs.Program("store-hub", ["run", "--config", "hub.toml"], folder)
    try:
        hub.wait_ready(f"http://127.0.0.1:{port}/health/ready")
        stranger = shop.Stranger(broker.port)
        yield OpenShop(folder, broker.port, hub, shop.Till(port), stranger)
        stranger.close()
        assert hub.stop() == 0, hub.log[-3000:]
        assert "Traceback" not in hub.log
    finally:
        hub.kill()
        broker.stop()


def crossing(sequence: int) -> bytes:
    now_ms = time.time_ns() // 1_000_000
    stamp: dict[str, Any] = {"device_id": "door-pi", "boot_id": "cafe0001", "monotonic_ms": sequence, "observed_at_ms": now_ms}
    return codec.encode(DoorCrossing(**stamp, door_id="door", started_at_ms=now_ms - 1, duration_ms=1, people_in=1, people_out=0))


def weight_of_nowhere() -> bytes:
    now_ms = time.time_ns() // 1_000_000
    stamp: dict[str, Any] = {"device_id": "door-pi", "boot_id": "cafe0001", "monotonic_ms": 1, "observed_at_ms": now_ms}
    return codec.encode(ShelfWeight(**stamp, shelf_id="attic", weight_g=1.0, spread_g=0.1))


@pytest.fixture(scope="module")
def nonsense(open_shop: OpenShop) -> int:
    """Somebody sends three good letters with nonsense between and around them. Returns the last sequence, once it is booked."""
    newer = json.loads(crossing(1)) | {"v": 99}
    unreadable = [b"\xff\xfe", b"", b"{", json.dumps(newer).encode(), b'{"v":1,"type":"rumour"}', crossing(1)[:-10], weight_of_nowhere()]
    letters = [crossing(1), *unreadable, crossing(9)]
    say = open_shop.stranger.say
    for sequence, letter in enumerate(letters, start=1):
        say(topics.seen(shop.STORE_ID, OUTBOX, sequence), letter)
    for topic in (f"stores/{shop.STORE_ID}/v1/seen/not-hex/1", f"stores/{shop.STORE_ID}/v1/seen/{OUTBOX}/zero"):
        say(topic, crossing(1))
    say(topics.clock(shop.STORE_ID, OUTBOX), b"noon")
    say(topics.health(shop.STORE_ID, "pi-9"), b"fine, thanks")
    last = len(letters) + 1
    say(topics.seen(shop.STORE_ID, OUTBOX, last), crossing(last))
    heard = open_shop.stranger.booked_through
    programs.wait_until(lambda: heard.get(OUTBOX) == last, what="the mark passes what cannot be read")
    return last


def test_what_cannot_be_read_or_placed_is_kept_and_holds_up_nobody(open_shop: OpenShop, nonsense: int) -> None:
    assert shop.ask(open_shop.ledger, "SELECT sum(people_in) FROM door_minutes WHERE door_id = 'door'") == [(3,)]
    reasons = dict(shop.ask(open_shop.ledger, "SELECT reason, count(*) FROM quarantine WHERE reason != 'unknown_sku' GROUP BY reason"))
    assert reasons == {"bad_topic": 2, "undecodable": nonsense - 5, "unknown_shelf": 1, "version_unknown": 1}
    kept = shop.ask(open_shop.ledger, "SELECT count(*) FROM journal WHERE payload = x'FFFE'")
    assert kept == [(1,)], "what nobody can read stays in the journal"


@pytest.mark.usefixtures("nonsense")
def test_the_page_shows_what_was_set_aside_and_why(open_shop: OpenShop) -> None:
    page = open_shop.till.page("/devices")
    reasons = ["it cannot be decoded", "its topic cannot be read", "its sender is newer than this hub", "the shelf is not on the planogram"]
    reasons += ["messages or lines have no effect", "clock undecodable, 1 times", "health undecodable, 1 times"]
    assert [reason for reason in reasons if reason not in page] == []


def test_an_article_that_nobody_knows_is_named_to_the_till_and_on_the_page_and_the_rest_is_booked(open_shop: OpenShop) -> None:
    lines = [{"sku": "cola", "units": 2}, {"sku": "umbrella", "units": 1}]
    answer = open_shop.till.post(key="with-umbrella", json={"till": "till-1", "lines": lines})
    assert answer.status_code == 200
    assert answer.json()["unknown_skus"] == ["umbrella"]
    assert shop.ask(open_shop.ledger, "SELECT sold_units FROM books WHERE sku = 'cola'") == [(2,)]
    page = open_shop.till.page("/devices")
    assert "the article is not on the planogram" in page
    assert "umbrella" in page


@pytest.mark.parametrize(
    ("key", "body", "status", "said"),
    [
        ("k", b"{", 422, "body: "),
        ("k", b"[" * 5_000, 422, "body: "),
        ("k", b'{"till":"t","lines":[{"sku":"cola","units":"two"}]}', 422, "lines[0].units: "),
        ("k", b" " * BIG, 413, "the body is above 1000000 bytes; send it in parts"),
        (None, b"{}", 422, "Idempotency-Key: this header is missing"),
    ],
    ids=["no JSON", "a tower of brackets", "text for a number", "too large", "no key"],
)
def test_a_till_that_sends_nonsense_is_told_in_one_line_and_nothing_is_booked(
    open_shop: OpenShop, key: str | None, body: bytes, status: int, said: str
) -> None:
    before = shop.ask(open_shop.ledger, "SELECT count(*) FROM journal")
    answer = open_shop.till.post(key=key, content=body)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(said)
    assert "\n" not in answer.json()["error"]
    assert shop.ask(open_shop.ledger, "SELECT count(*) FROM journal") == before


def test_a_device_half_of_whose_parts_are_broken_reports_with_the_other_half(open_shop: OpenShop) -> None:
    folder = open_shop.folder
    shop.write_trace(folder / "good.csv", [10, 9, 8])
    shop.write_trace(folder / "text.csv", [4, 4], broken_at=30)
    shop.write_film(folder / "cut.avi", cut=True)
    epc = "303435fc8803d056d15b963f"
    (folder / "reads.csv").write_text(f"timestamp,antenna,rssi,epc\n1.0,1,-60,{epc}\n1.1,one,loud,{epc}\n", encoding="utf-8")
    sensors = [shop.scale("drinks", "good.csv"), shop.scale("sweets", "text.csv"), shop.reader("door", "reads.csv")]
    sensors += [shop.camera("gone", "73"), shop.camera("missing", "none.avi"), shop.camera("torn", "cut.avi")]
    shop.write_device(folder, broker_port=open_shop.broker_port, sensors="".join(sensors))
    edge = programs.Program("edge-agent", ["run", "--config", "edge.toml"], folder)
    told = {
        "camera gone": "cannot be opened",
        "camera missing": "none.avi: no such film",
        "camera torn": "cut.avi: the film breaks off after frame ",
        "shelf sweets": "text.csv:31: not a reading: ",
        "reader door": "reads.csv:3: ",
    }
    try:
        health = "SELECT CAST(health AS TEXT) FROM devices WHERE device_id = 'pi-1'"
        programs.wait_until(
            lambda: all(text in str(shop.ask(open_shop.ledger, health)) for text in told.values()),
            what="every fault is booked",
        )
        page = open_shop.till.page("/devices")
        assert [part for part, text in told.items() if f"{part}: " not in page or text not in page] == []
        booked = "SELECT count(*) FROM shelf_weights WHERE shelf_id = 'drinks' AND weight_g BETWEEN 2790 AND 2810"
        programs.wait_until(lambda: shop.ask(open_shop.ledger, booked)[0][0] > 0, what=f"the good scale is booked: {edge.log}")
        assert edge.stop() == 0
    finally:
        edge.kill()
    assert "Traceback" not in edge.log
    assert "not_yet_booked=0" in edge.log
    for part, text in told.items():
        lines = [line for line in edge.log.splitlines() if f'part="{part}"' in line and "fault" in line]
        assert len(lines) == 1, "a fault is told once"
        assert text in lines[0]


def test_a_run_that_ends_by_itself_says_by_its_exit_code_that_a_recording_was_broken(open_shop: OpenShop, tmp_path: Path) -> None:
    shop.write_trace(tmp_path / "text.csv", [6, 5], broken_at=35)
    shop.write_device(tmp_path, broker_port=open_shop.broker_port, sensors=shop.scale("drinks", "text.csv"))
    edge = programs.Program("edge-agent", ["run", "--config", "edge.toml", "--until-booked", "--recorded-ago", "60"], tmp_path)
    assert edge.wait_end() == 3, edge.log
    last = edge.log.splitlines()[-1]
    assert last.startswith("edge-agent: shelf drinks: text.csv:36: not a reading: '3.4,heavy'; what came before is booked")
    booked = "SELECT round(weight_g / 350.0) FROM shelf_weights WHERE shelf_id = 'drinks' ORDER BY journal_id DESC LIMIT 2"
    assert shop.ask(open_shop.ledger, booked) == [(5,), (6,)]

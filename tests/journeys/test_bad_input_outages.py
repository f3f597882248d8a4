"""What the shop stands on gives way: broker, cloud, disk. Everybody says so, waits, and loses nothing."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bad_input_shop as shop
import pytest
import running_programs as programs

from wire_format import codec, topics
from wire_format.observations import DoorCrossing, ShelfWeight

OUTBOX = "0123456789abcdef" * 2
RIGHT_TOKEN, WRONG_TOKEN = "the-corner-shops-own-token", "a-token-of-no-shop-at-all"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    """Starts programs in the test's folder, and leaves none running."""
    started: list[Any] = []

    def run(name: str, *arguments: str) -> Any:
        started.append(programs.Program(name, list(arguments), tmp_path))
        return started[-1]

    yield run
    for program in reversed(started):
        program.kill()


def found(start: Any) -> None:
    """Make the shop's ledger."""
    init = start("store-hub", "init", "--config", "hub.toml")
    assert init.wait_end() == 0, init.log


@pytest.mark.broker
def test_without_a_broker_hub_and_device_wait_say_so_and_lose_nothing(mosquitto: Any, start: Any, tmp_path: Path, free_port: int) -> None:
    mosquitto.stop()
    shop.write_shop(tmp_path, broker_port=mosquitto.port, hub_port=free_port)
    shop.write_trace(tmp_path / "trace.csv", [10, 9, 8])
    shop.write_device(tmp_path, broker_port=mosquitto.port, sensors=shop.scale("drinks", "trace.csv"))
    (tmp_path / "outbox.sqlite").write_text("Dear diary, today I was an outbox.\n" * 200, encoding="utf-8")
    found(start)
    hub = start("store-hub", "run", "--config", "hub.toml")
    edge = start("edge-agent", "run", "--config", "edge.toml", "--until-booked", "--recorded-ago", "60")
    programs.wait_until(lambda: "recording has ended" in edge.log and "the hub is open" in hub.log, what="both run")
    till = shop.Till(free_port)
    assert till.sell("cola", 1, key="meanwhile").status_code == 200
    reason = till.check("broker")["reason"]
    assert reason.startswith(f"no connection to the broker at 127.0.0.1:{mosquitto.port}; see that it runs")
    assert "cannot be reached (connection refused)" in edge.log
    assert "no broker" in hub.log
    mosquitto.start()
    assert edge.wait_end() == 0, edge.log
    weights = shop.ask(tmp_path / "ledger.sqlite", "SELECT round(weight_g / 350.0) FROM shelf_weights ORDER BY at_ms")
    assert [row[0] for row in weights] == [10, 9, 8]
    assert shop.ask(tmp_path / "ledger.sqlite", "SELECT sold_units FROM books") == [(1,)]
    assert "outbox_was_damaged" in edge.log
    assert len(list(tmp_path.glob("outbox.sqlite.aside-*"))) == 1, "nothing was thrown away"
    assert hub.stop() == 0
    assert "Traceback" not in hub.log + edge.log


def test_without_a_cloud_and_with_a_wrong_token_facts_wait_until_the_cloud_takes_them(start: Any, tmp_path: Path, free_port: int) -> None:
    cloud_port = (sys.modules.get("conftest") or sys.modules["tests.conftest"]).find_free_port()
    link = f'[cloud]\nurl = "http://127.0.0.1:{cloud_port}"\ntoken_file = "cloud.token"\nreport_every_s = 0.2\n'
    shop.write_shop(tmp_path, broker_port=1, hub_port=free_port, cloud=link)
    (tmp_path / "cloud.token").write_text(WRONG_TOKEN, encoding="utf-8")
    (tmp_path / "tokens.toml").write_text(f'[stores]\n{shop.STORE_ID} = "{RIGHT_TOKEN}"\n', encoding="utf-8")
    found(start)
    hub = start("store-hub", "run", "--config", "hub.toml")
    programs.wait_until(lambda: "the hub is open" in hub.log, what="the hub runs")
    till = shop.Till(free_port)
    assert till.sell("cola", 3, key="while the cloud is away").status_code == 200
    programs.wait_until(lambda: "Connection refused" in till.check("cloud")["reason"], what="the hub says that no cloud answers")
    with tempfile.TemporaryDirectory(prefix="aislewise-records-") as records:  # PostgreSQL may run as another user.
        (tmp_path / "cloud.toml").write_text(
            f'[listen]\nport = {cloud_port}\n[database]\ndata_dir = "{records}/records"\n[tokens]\nfile = "tokens.toml"\n', encoding="utf-8"
        )
        cloud = start("cloud-api", "run", "--config", "cloud.toml")
        cloud.wait_ready(f"http://127.0.0.1:{cloud_port}/health/ready")
        programs.wait_until(lambda: "answered 401" in till.check("cloud")["reason"], what=f"a refusal: {hub.log}")
        assert "token" in till.check("cloud")["reason"]
        assert shop.ask(tmp_path / "ledger.sqlite", "SELECT count(*) FROM report_outbox")[0][0] > 0
        assert hub.stop() == 0
        (tmp_path / "cloud.token").write_text(RIGHT_TOKEN, encoding="utf-8")
        hub = start("store-hub", "run", "--config", "hub.toml")
        left = "SELECT (SELECT count(*) FROM report_outbox) + (SELECT count(*) FROM dirty)"
        programs.wait_until(lambda: "the hub is open" in hub.log and shop.ask(tmp_path / "ledger.sqlite", left) == [(0,)], what=hub.log)
        assert hub.stop() == 0
        assert cloud.stop() == 0
    assert "Traceback" not in hub.log + cloud.log


@pytest.mark.broker
def test_on_a_full_disk_the_hub_refuses_and_acknowledges_nothing_and_goes_on_when_there_is_room(
    mosquitto: Any, start: Any, tmp_path: Path, free_port: int
) -> None:
    with shop.small_disk(tmp_path / "disk", kilobytes=2_048) as disk:
        shop.write_shop(tmp_path, broker_port=mosquitto.port, hub_port=free_port, ledger="disk/ledger.sqlite")
        found(start)
        hub = start("store-hub", "run", "--config", "hub.toml")
        programs.wait_until(lambda: "connected to the broker" in hub.log, what="the hub runs")
        till, stranger = shop.Till(free_port), shop.Stranger(mosquitto.port)
        filler = shop.fill(disk)
        answer = till.sell("cola", 2, key="full")
        assert answer.status_code == 503
        assert "the disk is full; free some space" in answer.json()["error"]
        for sequence in (1, 2, 3):
            stranger.say(topics.seen(shop.STORE_ID, OUTBOX, sequence), crossing(sequence))
        assert "only 0 MB are free on its disk" in till.check("ledger")["reason"]
        assert "nothing can be booked" in till.check("bookkeeper")["reason"]
        assert "Nothing can be booked: ledger disk/ledger.sqlite: the disk is full" in till.page("/")
        assert OUTBOX not in stranger.booked_through
        filler.unlink()
        programs.wait_until(lambda: stranger.booked_through.get(OUTBOX) == 3, what=f"all is booked: {hub.log}")
        assert till.sell("cola", 2, key="full").status_code == 200
        assert shop.ask(disk / "ledger.sqlite", "SELECT sold_units FROM books WHERE sku = 'cola'") == [(2,)]
        assert shop.ask(disk / "ledger.sqlite", "SELECT sum(people_in) FROM door_minutes") == [(3,)]
        stranger.close()
        assert hub.stop() == 0
        verify = start("store-hub", "verify", "--config", "hub.toml")
        assert verify.wait_end() == 0, verify.log
        assert "Traceback" not in hub.log


def crossing(sequence: int) -> bytes:
    times = {"monotonic_ms": sequence, "observed_at_ms": 1_780_000_000_000 + sequence, "started_at_ms": 1_780_000_000_000}
    return codec.encode(DoorCrossing(device_id="d", boot_id="cafe0001", **times, door_id="door", duration_ms=1, people_in=1, people_out=0))


def test_on_a_full_disk_a_device_holds_on_says_so_and_writes_everything_when_there_is_room(start: Any, tmp_path: Path) -> None:
    with shop.small_disk(tmp_path / "disk", kilobytes=512) as disk:
        shop.write_trace(tmp_path / "trace.csv", [10, 9, 8, 7])
        shop.write_device(tmp_path, broker_port=1, sensors=shop.scale("drinks", "trace.csv"), outbox="disk/outbox.sqlite")
        edge = start("edge-agent", "run", "--config", "edge.toml")
        programs.wait_until(lambda: "edge agent starts" in edge.log, what="the agent runs")
        filler = shop.fill(disk)
        programs.wait_until(lambda: "outbox_unwritable" in edge.log, what=f"the agent says that the disk is full: {edge.log}")
        assert 'message="the disk is full" advice="free space on that disk' in edge.log
        programs.wait_until(lambda: "recording has ended" in edge.log, what="it weighs on all the same")
        filler.unlink()
        programs.wait_until(lambda: "fault cleared" in edge.log, what=f"it writes again: {edge.log}")
        assert edge.stop() == 0
        payloads = shop.ask(disk / "outbox.sqlite", "SELECT payload FROM letters ORDER BY position")
        assert "Traceback" not in edge.log
    weights = [said for (payload,) in payloads if isinstance(said := codec.observations.decode(payload), ShelfWeight)]
    assert [round(weight.weight_g / shop.UNIT_G) for weight in weights] == [10, 9, 8, 7]

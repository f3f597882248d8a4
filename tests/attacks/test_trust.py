"""How a shop's trust lives: fifty devices join, certificates follow one another, and the audit log tells who changed it."""

from __future__ import annotations

import re
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
import pytest
from guarded_shop import STORE, GuardedShop, wait_for
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner
from zeroconf import ServiceInfo

from edge_agent.adapters.broker_link import BrokerLink, Post
from edge_agent.adapters.hub_finder import address_told, find_hub
from edge_agent.config import load_config
from edge_agent.flows import join as joining
from edge_agent.flows.credentials import Credentials
from edge_agent.flows.fault_board import FaultBoard
from edge_agent.toml_edit import with_numbers
from store_hub.__main__ import app
from store_hub.adapters.announcement import Announcement
from store_hub.adapters.audit_log import AuditLog, verify_audit
from store_hub.adapters.authority import names_of
from store_hub.flows.trust import NodeRefused, Trust
from store_hub.rules.broker_acl import access_list
from store_hub.rules.tries import EACH_MAX
from wire_format import topics
from wire_format.join_code import SERVICE


@pytest.mark.broker
def test_fifty_devices_join_one_after_another_and_all_may_speak(shop: GuardedShop) -> None:
    devices = [shop.join(f"pi-{number:02d}") for number in range(50)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda device: device.may_connect(), devices))
    assert {device.device_id for device in shop.trust.devices()} >= {f"pi-{number:02d}" for number in range(50)}


@pytest.mark.broker
def test_a_flood_of_tries_does_not_fill_the_audit_log_and_is_counted(shop: GuardedShop) -> None:
    thief = shop.join("flooder")
    link = thief.link()
    for number in range(500):
        link.publish(Post(topics.health(STORE, f"victim-{number}"), b"{}"))
        if number % 100 == 99:
            link.flush(5.0)
    link.publish(Post(topics.health(STORE, "the-end"), b"{}"))
    link.flush(5.0)
    link.close()
    wait_for(lambda: len(shop.refusals("broker.publish")) >= EACH_MAX, "audit lines")
    assert shop.told("device:flooder", "broker.publish", topics.health(STORE, "victim-0"))
    assert len(shop.refusals("broker.publish")) == EACH_MAX


@pytest.mark.broker
def test_a_certificate_is_renewed_in_its_last_third_and_the_old_one_still_counts(shop: GuardedShop, tmp_path: Path) -> None:
    device = shop.join("renewing")
    certificate = device.folder / "identity/device.pem"
    before, faults = certificate.read_bytes(), FaultBoard(lambda: 0)
    credentials = Credentials(load_config(device.config_file).broker, faults=faults, claimed=tmp_path / "claimed")
    now = datetime.now(UTC)
    assert not credentials.look(now + timedelta(days=58)), "two thirds of ninety days are not over"
    assert credentials.look(now + timedelta(days=62))
    after = certificate.read_bytes()
    assert after.split(b"-----BEGIN CERT")[0] != before.split(b"-----BEGIN CERT")[0], "with a new key"
    assert device.may_connect()
    old = tmp_path / "old.pem"
    old.write_bytes(before)
    assert device.may_connect(certificate_file=str(old), key_file=str(old)), "an answer lost on its way must not lock the device out"
    assert faults.current() == []


@pytest.mark.broker
def test_a_certificate_that_cannot_be_renewed_is_a_fault_of_the_device(shop: GuardedShop, tmp_path: Path) -> None:
    device = shop.join("gone-soon")
    shop.trust.revoke("gone-soon")
    faults = FaultBoard(lambda: 0)
    credentials = Credentials(load_config(device.config_file).broker, faults=faults, claimed=tmp_path / "claimed")
    assert not credentials.look(datetime.now(UTC) + timedelta(days=80))
    assert [(fault.part, fault.code) for fault in faults.current()] == [("certificate", "certificate_ends")]


@pytest.mark.broker
def test_a_device_that_joins_again_puts_its_stolen_card_out(shop: GuardedShop, tmp_path: Path) -> None:
    device = shop.join("stolen")
    card = tmp_path / "card.pem"
    card.write_bytes((device.folder / "identity/device.pem").read_bytes())
    device = shop.join("stolen")
    assert device.may_connect()
    assert not device.may_connect(certificate_file=str(card), key_file=str(card))


@pytest.mark.broker
def test_a_shelf_node_says_its_counts_to_its_reader_and_nothing_else(shop: GuardedShop, tmp_path: Path) -> None:
    """An ESP32 with the TLS of yesterday: it writes below its own name, one device reads it, and revoked it is out."""
    reader, stranger = shop.join("node-reader"), shop.join("node-stranger")
    papers = shop.trust.enrol_node("bay1-top", read_by="node-reader", days=30)
    pair = tmp_path / "node.pem"
    pair.write_text(papers.key + papers.certificate)
    topic = "shelf-nodes/bay1-top/sensor/raw/state"
    ears = [device.link(client_id=f"ear-{number}") for number, device in enumerate((reader, stranger))]
    for ear in ears:
        ear.subscribe("shelf-nodes/bay1-top/#")
        ear.turn(0.2)
    node = esp32(shop, pair)
    assert node.publish(topic, "84213", qos=1).rc == 0
    answers = []
    node.on_publish = lambda _client, _data, _number, code, _properties: answers.append(str(code))
    for foreign in ("shelf-nodes/other/sensor/raw/state", topics.health(STORE, "node-reader"), "homeassistant/x"):
        node.publish(foreign, "1", qos=1)
    wait_for(lambda: answers.count("Not authorized") == 3, "the broker refuses the rest")
    heard = [[arrival.payload for arrival in ear.turn(0.5)] for ear in ears]
    assert heard == [[b"84213"], []]
    assert shop.told("device:bay1-top", "broker.publish", "homeassistant/x")
    assert {device.device_id: device.read_by for device in shop.trust.devices()}["bay1-top"] == "node-reader"
    assert shop.trust.revoke("bay1-top") == 1
    wait_for(lambda: not may_connect(shop, pair), "out")
    for link in (*ears, node):
        link.close() if isinstance(link, BrokerLink) else link.disconnect()


def esp32(shop: GuardedShop, pair: Path) -> mqtt.Client:
    context = ssl.create_default_context(cafile=str(shop.folder / "trust/authority.crt"))
    context.check_hostname, context.maximum_version = False, ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(pair)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.tls_set_context(context)
    client.connect("127.0.0.1", shop.node_port)
    client.loop_start()
    wait_for(client.is_connected, "connected", within_s=3.0)
    return client


def may_connect(shop: GuardedShop, pair: Path) -> bool:
    try:
        esp32(shop, pair).disconnect()
    except (OSError, AssertionError):
        return False
    return True


def test_a_node_needs_a_reader_that_joined_and_a_name_that_no_device_has(shop: GuardedShop) -> None:
    shop.join("taken")
    with pytest.raises(NodeRefused, match="no device that has joined"):
        shop.trust.enrol_node("bay9", read_by="nobody", days=30)
    with pytest.raises(NodeRefused, match="is a device"):
        shop.trust.enrol_node("taken", read_by="taken", days=30)
    done = CliRunner().invoke(app, ["enrol-node", "Bay_1", "--read-by", "taken", "--config", str(shop.folder / "hub.toml")])
    assert done.exit_code == 2


def test_the_hub_of_a_code_is_found_by_its_fingerprint() -> None:
    hubs = [Announcement(store_id=STORE, fingerprint=name * 20, host="127.0.0.1", port=port) for name, port in (("A", 1001), ("B", 1002))]
    for hub in hubs:
        hub.start()
    try:
        found = find_hub("B" * 20, within_s=5.0, interfaces=["127.0.0.1"])
    except OSError:
        pytest.skip("no multicast on loopback here")
    finally:
        for hub in hubs:
            hub.stop()
    assert found == "127.0.0.1:1002"


def test_a_hub_that_announces_itself_by_ipv6_alone_tells_no_address() -> None:
    both = {"port": 1, "server": "hub.local."}
    assert address_told(ServiceInfo(SERVICE, f"six.{SERVICE}", parsed_addresses=["::1"], **both)) is None
    assert address_told(ServiceInfo(SERVICE, f"both.{SERVICE}", parsed_addresses=["::1", "127.0.0.1"], **both)) == "127.0.0.1:1"


def test_a_hub_in_a_network_without_a_way_out_knows_its_address() -> None:
    """A network of its own for one process: an interface with an address, and no route to the world."""
    look = f"{sys.executable} -c 'from store_hub.adapters.own_addresses import own_addresses; print(own_addresses())'"
    network = "ip link add shop0 type veth peer name shop1 && ip addr add 10.9.8.7/24 dev shop0 && ip link set shop0 up"
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", f"{network} && exec {look}"], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode != 0 and "own_addresses" not in done.stderr:
        pytest.skip(f"no network of one's own here: {done.stderr.strip()[:80]}")
    assert done.stdout.strip() == "['10.9.8.7']"


def test_a_certificate_that_lacks_a_name_of_the_hub_is_made_anew_once(other_shop: GuardedShop) -> None:
    config = msgspec.structs.replace(other_shop.trust._config, names=["hub.corner.example", "10.9.8.7"])
    trust = Trust(config, other_shop.config.broker, audit=other_shop.audit, now_ms=lambda: time.time_ns() // 1_000_000)
    door = other_shop.folder / "trust/door.pem"
    assert trust.renew_own()
    assert names_of(door) >= {"hub.corner.example", "10.9.8.7", "hub.aislewise.internal"}
    assert not trust.renew_own(), "it has every name now"


def test_a_file_with_a_mistake_is_told_before_the_code_is_used_up(other_shop: GuardedShop, tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text("stroe_id = 1\n")
    code = other_shop.trust.enrol("typo", valid_minutes=5)
    with pytest.raises(Exception, match="stroe_id"):
        joining.join(code, address="127.0.0.1:9", folder=tmp_path, config=tmp_path / "edge.toml")


def test_names_and_texts_are_written_into_a_file_that_people_wrote() -> None:
    text = '# ours\nstore_id = "x" # was x\n\n[outbox]\ncapacity = 5\n'
    written = with_numbers(text, ("broker",), {"host": 'a"b', "port": 8883})
    assert written.startswith(text.rstrip())
    assert written.endswith('[broker]\nhost = "a\\"b"\nport = 8883\n')


def test_a_revoked_device_has_no_line_left_and_others_keep_theirs() -> None:
    lines = access_list("s", {"a": ["0" * 32], "b": []}, extra="user esp\ntopic write n/#").splitlines()
    assert "topic write stores/s/v1/seen/00000000000000000000000000000000/+" in lines
    assert [line for line in lines if line.startswith("user ")] == ["user hub:main", "user a", "user b", "user esp"]
    assert not [line for line in lines if line.startswith("topic") and line.endswith(" #")]


def test_a_device_may_use_every_topic_that_the_agent_does(repository: Path) -> None:
    used = {name for path in (repository / "edge_agent").rglob("*.py") for name in re.findall(r"topics\.([a-z_]+)", path.read_text())}
    used = {name for name in used if callable(getattr(topics, name, None)) and not name.startswith(("parse", "last"))}
    assert used >= {"seen", "health", "configuration", "software"}
    allowed = access_list("s", {"a": ["0" * 32]})
    for name in used:
        kind = {"shelf_light_filter": "light", "calibration_filter": "calibrate", "configuration": "config"}.get(name, name)
        assert f"stores/s/v1/{kind}/" in allowed, f"the access list forgets {name}"


class TestAuditLog:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        log = AuditLog(tmp_path / "audit.sqlite", now_ms=lambda: 1_000)

        def write() -> None:
            for _ in range(20):
                log.refused("x", "person.login", "é\n\x00\u202eok")

        threads = [threading.Thread(target=write) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log.close()
        return tmp_path / "audit.sqlite"

    def test_what_several_threads_wrote_is_one_unbroken_chain(self, path: Path) -> None:
        verdict = verify_audit(path)
        assert (verdict.rows, verdict.broken_at) == (60, None)
        assert verify_audit(path, expected=(60, verdict.head)).broken_at is None

    @pytest.mark.parametrize("tampering", ["UPDATE audit SET outcome = 'done'", "DELETE FROM audit"])
    def test_the_file_itself_refuses_to_be_changed_by_mistake(self, path: Path, tampering: str) -> None:
        with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError):
            connection.execute(tampering)

    @pytest.mark.parametrize(
        ("tampering", "broken_at"),
        [
            ("UPDATE audit SET outcome = 'done' WHERE number = 30", 30),
            ("UPDATE audit SET at_ms = 5 WHERE number = 1", 1),
            ("DELETE FROM audit WHERE number = 31", 32),
            ("DELETE FROM audit WHERE number = 60", 60),
            ("INSERT INTO audit SELECT 61, at_ms, actor, action, outcome, detail, hash FROM audit WHERE number = 60", 61),
        ],
    )
    def test_a_row_that_was_changed_taken_out_or_added_is_named(self, path: Path, tampering: str, broken_at: int) -> None:
        noted = (60, verify_audit(path).head)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(f"DROP TRIGGER audit_stays; DROP TRIGGER audit_keeps; {tampering}")
        assert verify_audit(path, expected=noted).broken_at == broken_at


def test_the_commands_say_what_they_did(other_shop: GuardedShop) -> None:
    config = ["--config", str(other_shop.folder / "hub.toml")]
    run = CliRunner().invoke
    assert "edge-agent join" in run(app, ["enrol", "cli-1", *config]).output
    assert run(app, ["enrol", "no/good", *config]).exit_code == 2
    assert run(app, ["audit", "verify", *config]).exit_code == 0
    assert "device.enrol" in run(app, ["audit", "show", *config]).output
    assert run(app, ["devices", "--json", *config]).exit_code == 0

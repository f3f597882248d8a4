"""Devices with wrong, expired, revoked and stolen certificates, wrong and replayed codes, against a real broker: nothing gets through."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from guarded_shop import STORE, Device, GuardedShop, wait_for

from edge_agent.adapters.broker_link import BrokerLink, Post
from edge_agent.adapters.clock import AgentClock
from edge_agent.adapters.hub_door import HubDoor, HubRefused, HubUnproven, fetch_authority
from edge_agent.adapters.identity import new_request
from edge_agent.assemble import client_id, open_device
from edge_agent.config import load_config
from edge_agent.flows import join as joining
from edge_agent.flows.uplink_talk import UplinkPace
from store_hub.adapters.authority import Authority
from store_hub.flows.verify import verify
from wire_format import topics
from wire_format.join_code import JoinCode, parse_join_code
from wire_format.observations import ShelfWeight

pytestmark = [pytest.mark.broker]
SHELF = "bay-1-shelf-1"


def weight(device_id: str) -> ShelfWeight:
    clock = AgentClock()
    return ShelfWeight(
        device_id=device_id, boot_id=clock.boot_id, monotonic_ms=clock.monotonic_ms(), observed_at_ms=clock.wall_ms(), shelf_id=SHELF,
        weight_g=500.0, spread_g=1.0,
    )  # fmt: skip


def cut(link: BrokerLink) -> None:
    """Lose the connection without a goodbye, as a thief who pulls the plug."""
    wire = link._client.socket()  # type: ignore[union-attr]
    wire.shutdown(socket.SHUT_RDWR)


def run_until_booked(device: Device, letters: list[ShelfWeight]) -> str:
    """Let a device's own uplink bring letters to the hub; returns its outbox."""
    config = load_config(device.config_file)
    link = open_device(config, AgentClock(), pace=UplinkPace(booked_wait_s=0.1))
    stop = threading.Event()
    thread = threading.Thread(target=link.uplink.run, args=(stop,), daemon=True)
    link.outbox.put_all(letters)
    thread.start()
    try:
        wait_for(lambda: link.outbox.depth == 0, f"the hub books; faults: {link.faults.current()}")
        return link.outbox.outbox_id
    finally:
        stop.set()
        thread.join(5)
        link.outbox.close()


def test_a_device_that_joined_is_booked_over_tls(shop: GuardedShop) -> None:
    device = shop.join("shelves-1")
    run_until_booked(device, [weight("shelves-1")])
    key = (device.folder / "identity/device.pem").stat()
    assert key.st_mode & 0o077 == 0, "only its owner reads the key"


def test_a_device_says_its_own_and_nothing_else(shop: GuardedShop) -> None:
    """A stolen device: its certificate is good, but it opens nothing of another's."""
    victim = shop.join("victim")
    outbox = run_until_booked(victim, [weight("victim")])
    thief = shop.join("thief")
    assert thief.refusal(topics.health(STORE, "thief")) is None
    for topic in (
        topics.health(STORE, "victim"),
        topics.seen(STORE, outbox, 99),
        topics.clock(STORE, outbox),
        topics.booked(STORE, outbox),
        topics.configuration(STORE, "thief"),
        topics.shelf_light(STORE, "victim", SHELF),
        topics.seen("other-shop", outbox, 1),
        "homeassistant/device/x/config",
        "$SYS/broker/log/N",
        "anything",
    ):
        assert thief.refusal(topic) == "Not authorized", topic
        wait_for(lambda topic=topic: shop.told("device:thief", "broker.publish", topic), f"an audit line of {topic}")


def test_a_stolen_device_hears_nothing_of_the_others(shop: GuardedShop) -> None:
    victim, thief = shop.join("heard"), shop.join("listener")
    ear = thief.link(client_id="ear")
    for topic in ("#", "$SYS/#", f"stores/{STORE}/#", topics.health(STORE, "heard"), topics.configuration(STORE, "listener")):
        ear.subscribe(topic)
    ear.turn(0.3)
    for topic in ("#", "$SYS/#", f"stores/{STORE}/#", topics.health(STORE, "heard")):
        wait_for(lambda topic=topic: shop.told("device:listener", "broker.subscribe", topic), f"an audit line of {topic}")
    assert not shop.told("device:listener", "broker.subscribe", topics.configuration(STORE, "listener")), "its own is no try"
    assert victim.refusal(topics.health(STORE, "heard")) is None
    assert ear.turn(0.5) == []
    ear.close()


def test_a_last_will_in_anothers_name_is_never_read_out(shop: GuardedShop) -> None:
    thief = shop.join("undertaker")
    hubs = str(shop.folder / "trust/hub.pem")
    ear = BrokerLink(msgspec.structs.replace(thief.broker, certificate_file=hubs, key_file=hubs), client_id="ear")
    ear.connect(None)
    ear.subscribe(topics.health(STORE, "+"))
    ear.turn(0.3)
    for about in ("undertaker", "victim"):
        link = thief.link(client_id=f"will-{about}", will=Post(topics.health(STORE, about), b"death"))
        cut(link)
    heard: list[str] = []

    def hears() -> bool:
        heard.extend(arrival.topic for arrival in ear.turn(0.3) if arrival.payload == b"death")
        return bool(heard)

    wait_for(hears, "the will about itself")
    hears()
    ear.close()
    wait_for(lambda: shop.told("device:undertaker", "broker.will", topics.health(STORE, "victim")), "an audit line of the other")
    assert heard == [topics.health(STORE, "undertaker")]


def test_nobody_takes_a_connection_over_without_the_key(shop: GuardedShop) -> None:
    device, again = shop.join("twin-a"), shop.join("twin-b")
    names = {client_id(load_config(one.config_file)) for one in (device, again)}
    assert len(names) == 2
    assert all(len(name.rsplit(".", 1)[1]) == 16 for name in names), "64 bits that only the key's holder knows"


def test_a_letter_in_anothers_name_is_kept_but_says_nothing(shop: GuardedShop) -> None:
    liar = shop.join("liar")
    run_until_booked(liar, [weight("shelves-1")])
    assert [row.detail for row in shop.refusals("device.speak")] == ["a letter in the name of shelves-1"]
    ledger = sqlite3.connect(f"file:{shop.folder}/ledger.sqlite?mode=ro", uri=True)
    assert ledger.execute("SELECT reason, detail FROM quarantine").fetchall() == [
        ("foreign_sender", "liar speaks in the name of shelves-1; revoke it: store-hub revoke DEVICE")
    ]
    ledger.close()
    assert all(verdict.is_well for verdict in verify(shop.folder / "ledger.sqlite", progress=lambda _done, _total: None))


@pytest.mark.parametrize("kind", ["none", "stranger's", "expired", "another shop's", "revoked", "the hub's door"])
def test_no_other_certificate_opens_the_broker(shop: GuardedShop, other_shop: GuardedShop, tmp_path: Path, kind: str) -> None:
    device = shop.join(f"kind-{kind.replace(' ', '-').replace(chr(39), '')}")
    assert device.may_connect()
    before = len(shop.refusals("broker.connect"))
    own, now = device.broker.certificate_file, datetime.now(UTC)
    assert own is not None
    path = tmp_path / "other.pem"
    changes: dict[str, str | None] = {"certificate_file": str(path), "key_file": str(path)}
    if kind == "none":
        changes = {"certificate_file": None, "key_file": None}
    elif kind == "stranger's":
        Authority.found(tmp_path / "strange", store_id=STORE, now=now).make_client(path, name="shelves-1", days=9, now=now)
    elif kind == "expired":
        shop.trust.authority.make_client(path, name="shelves-1", days=1, now=now - timedelta(days=3))
    elif kind == "another shop's":
        other_shop.trust.authority.make_client(path, name="shelves-1", days=9, now=now)
    elif kind == "revoked":
        shutil.copy(own, path)
        shop.trust.revoke("kind-revoked")
    else:
        shutil.copy(shop.folder / "trust/door.pem", path)
    wait_for(lambda: not device.may_connect(**changes), "refused")
    wait_for(lambda: len(shop.refusals("broker.connect")) > before, "an audit line")


def test_a_revoked_device_is_silent_at_once_also_on_its_standing_connection(shop: GuardedShop) -> None:
    device = shop.join("to-revoke")
    link = device.link()
    topic = topics.health(STORE, "to-revoke")
    link.publish(Post(topic, b"{}"))
    link.flush(5.0)
    assert link.refusal is None
    began = time.monotonic()
    assert shop.trust.revoke("to-revoke") == 1

    def is_silenced() -> bool:
        link.publish(Post(topic, b"{}"))
        link.flush(5.0)
        return link.refusal == "Not authorized"

    wait_for(is_silenced, "silenced")
    assert time.monotonic() - began < 5
    link.close()
    with pytest.raises(HubRefused):
        _door(shop, device).renew(new_request().csr)
    assert shop.refusals("device.renew")


def _door(shop: GuardedShop, device: Device) -> HubDoor:
    return HubDoor(shop.door, authority=device.folder / "identity/authority.crt", certificate=device.folder / "identity/device.pem")


def test_a_code_works_once_and_for_its_time_only(shop: GuardedShop, tmp_path: Path) -> None:
    code = shop.trust.enrol("once", valid_minutes=5)
    joining.join(code, address=shop.door, folder=tmp_path / "a", config=None)
    with pytest.raises(HubRefused, match="not valid"):
        joining.join(code, address=shop.door, folder=tmp_path / "b", config=None)
    late = shop.trust.enrol("late", valid_minutes=0.0001)
    time.sleep(0.02)
    with pytest.raises(HubRefused, match="not valid"):
        joining.join(late, address=shop.door, folder=tmp_path / "c", config=None)
    replaced = shop.trust.enrol("twice", valid_minutes=5)
    shop.trust.enrol("twice", valid_minutes=5)
    with pytest.raises(HubRefused, match="not valid"):
        joining.join(replaced, address=shop.door, folder=tmp_path / "d", config=None)
    assert [row.detail.split(",")[0] for row in shop.refusals("device.join")][:3] == ["code unknown", "code expired", "code used"]


def test_a_code_of_another_shop_is_not_even_told_to_this_hub(shop: GuardedShop, other_shop: GuardedShop, tmp_path: Path) -> None:
    code = other_shop.trust.enrol("stray", valid_minutes=5)
    before = len(shop.audit.newest(1000))
    with pytest.raises(HubUnproven, match="somebody stands in between"):
        joining.join(code, address=shop.door, folder=tmp_path, config=None)
    assert len(shop.audit.newest(1000)) == before


def test_an_authority_put_in_place_of_the_hubs_does_not_help_who_stands_between(
    shop: GuardedShop, other_shop: GuardedShop, tmp_path: Path
) -> None:
    """Even a man in the middle who relays the true authority has no key for a certificate of it."""
    code = shop.trust.enrol("between", valid_minutes=5)
    authority = tmp_path / "authority.crt"
    authority.write_bytes(fetch_authority(shop.door, code))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(other_shop.folder / "trust/door.pem")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        link, _ = listener.accept()
        with link:
            try:
                context.wrap_socket(link, server_side=True)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    with pytest.raises(HubUnproven):
        HubDoor(f"127.0.0.1:{listener.getsockname()[1]}", authority=authority).join(code, new_request().csr)
    listener.close()


def test_a_device_cannot_claim_the_outbox_of_another(shop: GuardedShop) -> None:
    owner, thief = shop.join("owner"), shop.join("claimer")
    _door(shop, owner).claim("ab" * 16)
    with pytest.raises(HubRefused):
        _door(shop, thief).claim("ab" * 16)
    assert shop.refusals("device.outbox")


def test_a_device_gets_the_name_of_its_code_whatever_it_asks_for(shop: GuardedShop) -> None:
    device = shop.join("named-by-the-hub")
    assert load_config(device.config_file).device_id == "named-by-the-hub"
    joined = _door(shop, device).renew(new_request().csr)
    assert joined.device_id == "named-by-the-hub"


def test_nonsense_at_the_device_door_is_refused(shop: GuardedShop) -> None:
    device = shop.join("nonsense")
    for csr in ("", "x" * 9000, "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"):
        with pytest.raises(HubRefused):
            _door(shop, device).renew(csr)


def test_whoever_guesses_codes_is_stopped_and_written_down(shop: GuardedShop, tmp_path: Path) -> None:
    authority = tmp_path / "authority.crt"
    authority.write_bytes(fetch_authority(shop.door, JoinCode("A" * 10, shop.trust.authority.fingerprint)))
    door, csr, before = HubDoor(shop.door, authority=authority), new_request().csr, len(shop.refusals("device.join"))
    statuses = set()
    for number in range(30):
        with pytest.raises(HubRefused) as refused:
            door.join(JoinCode(f"GUESS{number:05d}".replace("1", "A"), "A" * 20), csr)
        statuses.add(refused.value.status)
    assert statuses == {403, 429}
    assert len(shop.refusals("device.join")) - before == 30, "each try leaves a line"


def test_a_mistyped_code_is_noticed_before_anybody_is_asked() -> None:
    text = str(JoinCode("ABCDEFGHJK", "MNPQRSTUVWXYZ0234567"))
    assert parse_join_code(text.lower().replace("-", " ")) == JoinCode("ABCDEFGHJK", "MNPQRSTUVWXYZ0234567")
    wrong = [text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :] for place, c in enumerate(text) if c != "-"]
    assert sum(parse_join_code(one) is not None for one in wrong) <= 1
    assert parse_join_code("") is None

"""Devices are changed from the hub: what was looked at first, in rings, and halted by the first that could not keep it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from edge_agent.config_schema import SCHEMA, schema_text
from store_hub.config import BookkeepingConfig
from store_hub.entries_fleet import ConfigurationAction, LogAction, RolloutAction
from store_hub.errors import FleetRefused
from store_hub.flows.bookkeep import Bookkeeper
from store_hub.flows.commands import Book
from store_hub.flows.rebuild import rebuild
from store_hub.rules.fleet import digest_of, rings
from wire_format import codec
from wire_format.commands import DeviceConfiguration
from wire_format.deployments import ConfigurationTold, DeploymentTold
from wire_format.device_log import LogTold

SUM = "ab" * 32


def file_of(device_id: str, more: str = "") -> str:
    return f'store_id = "corner"\ndevice_id = "{device_id}"\n{more}'


class Fleet:
    """A shop with devices that keep what works."""

    def __init__(self, shop: Any, core: Any) -> None:
        self.shop, self.core = shop, core

    def stamp(self, device_id: str) -> dict[str, Any]:
        self.shop.clock.at_ms += 1000
        return self.core.stamp(self.shop.clock.at_ms) | {"device_id": device_id}

    def joins(self, *devices: str) -> None:
        for device_id in devices:
            self.shop.see(ConfigurationTold(**self.stamp(device_id), version=None, toml=file_of(device_id)))

    def says(self, device_id: str, kind: Any, version: str, state: Any, reason: str = "") -> None:
        self.shop.see(DeploymentTold(**self.stamp(device_id), kind=kind, version=version, state=state, reason=reason))

    def send_file(self, device_id: str, toml: str, *, based_on: str | None = None) -> None:
        action = ConfigurationAction(device_id=device_id, toml=toml, based_on=based_on or digest_of(file_of(device_id)), by="Ana")
        self.shop.ask(Book(action, "fleet"))

    def roll_out(self, version: str = "0.9.1", first: str = "pi-1") -> None:
        told = RolloutAction(
            action="start", version=version, first_device=first, url=f"http://hub/{version}.tar", sha256=SUM, size_bytes=9, by="Ana"
        )
        self.shop.ask(Book(told, "fleet"))

    def states(self) -> dict[str, str]:
        return dict(self.shop.rows("SELECT device_id, state FROM deployments WHERE kind = 'software' ORDER BY device_id"))

    def stage(self) -> tuple[str, str]:
        return self.shop.rows("SELECT stage, reason FROM rollouts")[0]

    def is_rebuilt_alike(self) -> bool:
        return rebuild(self.shop.path, replace=False, progress=lambda done, total: None).differences == []


@pytest.fixture
def fleet(shop: Any, core: Any) -> Fleet:
    return Fleet(shop, core)


def test_the_schema_the_hub_looks_with_is_the_agents_own() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), "renew it: python -m edge_agent.config_schema"


def test_a_file_goes_to_the_device_and_its_answer_comes_back(fleet: Fleet) -> None:
    fleet.joins("pi-1")
    fleet.send_file("pi-1", file_of("pi-1", "health_every_s = 30.0\n"))
    query = "SELECT version, state, reason, wanted_by FROM deployments"
    assert fleet.shop.rows(query) == [("1", "wanted", "", "Ana")]
    fleet.says("pi-1", "configuration", "1", "trying")
    with pytest.raises(FleetRefused, match="is trying version 1 now"):
        fleet.send_file("pi-1", file_of("pi-1"))
    fleet.says("pi-1", "configuration", "1", "rolled_back", "shelf s1: silent")
    assert fleet.shop.rows(query) == [("1", "rolled_back", "shelf s1: silent", "Ana")]
    fleet.send_file("pi-1", file_of("pi-1", "health_every_s = 20.0\n"))
    assert fleet.shop.rows(query)[0][:2] == ("2", "wanted")
    fleet.says("pi-1", "configuration", "1", "confirmed")  # Late news of an older version say nothing of this one.
    assert fleet.shop.rows(query)[0][:2] == ("2", "wanted")
    assert fleet.is_rebuilt_alike()


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("store_id = ", "no TOML"),
        (file_of("pi-1", "helth_every_s = 3\n"), "helth_every_s"),
        (
            file_of("pi-1", '[[scales]]\nshelf_id = "s"\ncounts_per_gram = "many"\ntare_counts = 0\n'),
            r"scales\[1\].counts_per_gram: 'many'",
        ),
        (file_of("pi-2"), "device_id: it is pi-1"),
    ],
)
def test_a_wrong_file_is_refused_before_it_is_sent(fleet: Fleet, toml: str, reason: str) -> None:
    fleet.joins("pi-1")
    with pytest.raises(FleetRefused, match=reason):
        fleet.send_file("pi-1", toml)
    assert fleet.shop.rows("SELECT count(*) FROM deployments") == [(0,)]


def test_of_two_people_who_edit_a_file_the_second_must_look_again(fleet: Fleet) -> None:
    fleet.joins("pi-1")
    with pytest.raises(FleetRefused, match="has changed since you opened it"):
        fleet.send_file("pi-1", file_of("pi-1"), based_on=digest_of("something older"))
    with pytest.raises(FleetRefused, match="pi-9 has not told its configuration"):
        fleet.send_file("pi-9", file_of("pi-9"))


def test_every_file_a_device_of_ours_may_have_passes(fleet: Fleet, repository: Any) -> None:
    import tomllib

    from store_hub.flows.device_configuration import _validator

    examples = sorted((repository / "firmware_configs" / "devices").glob("*.toml"))
    assert examples
    for path in examples:
        assert list(_validator().iter_errors(tomllib.loads(path.read_text()))) == [], path.name


def test_software_goes_ring_by_ring(fleet: Fleet) -> None:
    devices = [f"pi-{number}" for number in range(1, 7)]
    fleet.joins(*devices)
    fleet.roll_out(first="pi-3")
    assert fleet.states() == {"pi-3": "wanted"}
    fleet.says("pi-3", "software", "0.9.1", "trying")
    fleet.says("pi-3", "software", "0.9.1", "confirmed")
    assert fleet.states() == {"pi-1": "wanted", "pi-2": "wanted", "pi-3": "confirmed"}
    fleet.shop.reopen()
    for device_id in ("pi-1", "pi-2"):
        assert len(fleet.states()) == 3
        fleet.says(device_id, "software", "0.9.1", "confirmed")
    assert set(fleet.states()) == set(devices)
    for device_id in ("pi-4", "pi-5", "pi-6"):
        assert fleet.stage() == ("running", "")
        fleet.says(device_id, "software", "0.9.1", "confirmed")
    assert fleet.stage() == ("done", "")
    assert fleet.is_rebuilt_alike()


def test_one_device_that_takes_it_back_halts_it_for_all(fleet: Fleet) -> None:
    fleet.joins(*[f"pi-{number}" for number in range(1, 10)])
    fleet.roll_out()
    fleet.says("pi-1", "software", "0.9.1", "confirmed")
    fleet.says("pi-2", "software", "0.9.1", "trying")
    fleet.says("pi-2", "software", "0.9.1", "rolled_back", "it ended with exit code 1")
    assert fleet.stage() == ("halted", "pi-2: rolled back, it ended with exit code 1")
    assert fleet.states() == {"pi-1": "confirmed", "pi-2": "rolled_back", "pi-3": "withdrawn"}
    with pytest.raises(FleetRefused, match="no rollout is under way"):
        fleet.shop.ask(Book(RolloutAction(action="halt", version="0.9.1", by="Ana"), "fleet"))
    fleet.roll_out("0.9.2", first="pi-2")
    with pytest.raises(FleetRefused, match=r"the rollout of 0\.9\.2 is under way"):
        fleet.roll_out("0.9.3")
    assert fleet.is_rebuilt_alike()


def test_rings_hold_each_device_once() -> None:
    assert rings(["a"], "a") == [["a"]]
    assert rings(["b", "a"], "a") == [["a"], ["b"]]
    planned = rings([f"d{number:03}" for number in range(100)], "d050")
    assert [len(ring) for ring in planned] == [1, 25, 74]
    assert len({device for ring in planned for device in ring}) == 100


def test_a_log_is_asked_for_once_and_its_lines_are_kept(fleet: Fleet) -> None:
    query = "SELECT request_no, lines, wanted_by, told_at_ms IS NULL FROM device_logs"
    fleet.shop.ask(Book(LogAction(device_id="pi-1", by="Ana"), "fleet"))
    assert fleet.shop.rows(query) == [(1, b"[]", "Ana", 1)]
    fleet.shop.see(LogTold(**fleet.stamp("pi-1"), request_no=1, lines=["one", "two"]))
    assert fleet.shop.rows(query) == [(1, b'["one","two"]', "Ana", 0)]
    fleet.shop.ask(Book(LogAction(device_id="pi-1", by="Li"), "fleet"))
    fleet.shop.see(LogTold(**fleet.stamp("pi-1"), request_no=1, lines=["late"]))
    assert fleet.shop.rows(query) == [(2, b'["one","two"]', "Li", 1)]
    assert fleet.is_rebuilt_alike()


def test_the_broker_holds_what_is_to_be_tried_until_it_was(fleet: Fleet) -> None:
    fleet.joins("pi-1")
    line, keeper = fleet.core.Line(), Bookkeeper(fleet.shop.ledger, clock=fleet.shop.clock, config=BookkeepingConfig())
    keeper.start(line)
    toml = file_of("pi-1", "health_every_s = 30.0\n")
    told = ConfigurationAction(device_id="pi-1", toml=toml, based_on=digest_of(file_of("pi-1")), by="Ana")
    keeper.submit(Book(told, "fleet")).result(timeout=10)
    topic = "stores/corner/v1/config/pi-1"
    message = codec.commands.decode(line.kept[topic])
    assert isinstance(message, DeviceConfiguration)
    assert (message.version, message.toml) == (1, toml)
    kept = DeploymentTold(**fleet.stamp("pi-1"), kind="configuration", version="1", state="confirmed")
    keeper.inbox.put_messages([fleet.shop.letter(kept)])
    deadline = time.monotonic() + 30
    while line.kept[topic] and time.monotonic() < deadline:
        time.sleep(0.02)
    keeper.stop()
    assert line.kept[topic] == b""

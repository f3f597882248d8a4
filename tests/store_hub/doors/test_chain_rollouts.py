"""A release goes from the real cloud over real sockets to a hub's devices, ring by ring; the first failure halts it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine

from cloud_api.adapters.release_shelf import ReleaseRefused
from cloud_api.adapters.tokens import Tokens
from cloud_api.assemble import Cloud
from cloud_api.config import CloudConfig, FleetConfig
from cloud_api.errors import RolloutRefused
from deployment.release import make_key, pack
from store_hub.adapters.cloud_link import CloudLink, CloudUnreachable
from store_hub.adapters.ledger_views import LedgerViews
from store_hub.adapters.release_shelf import ReleaseShelf
from store_hub.entries_fleet import RolloutAction
from store_hub.flows.chain_rollouts import ChainRollouts
from store_hub.flows.commands import Book
from store_hub.flows.report import Report
from store_hub.flows.sync import Sync
from wire_format.deployments import ConfigurationTold, DeploymentTold
from wire_format.reports import ReportBatch, RolloutFact, StoreProfile

STORE, TOKEN, OTHER_TOKEN = "corner", "token of the corner shop", "token of another shop"
VERSION = "0.9.1"


def bundle(folder: Path, key: Path, version: str = VERSION) -> Path:
    wheel = folder / f"aislewise-{version}-py3-none-any.whl"
    wheel.write_bytes(b"wheel of " + version.encode())
    made = folder / f"made-{version}.tar"
    pack([wheel], version=version, packages=[f"aislewise=={version}"], key_file=key, out=made)
    return made


class Chain:
    """A cloud with a release, a hub with devices, and another shop that says what it is told to."""

    def __init__(self, folder: Path, shop: Any, records: Engine, report: Report) -> None:
        self.folder, self.shop, self.report = folder, shop, report
        self.cloud_folder, self.hub_folder = folder / "cloud-releases", folder / "hub-releases"
        self.key, public = make_key(folder)
        for place in (self.cloud_folder, self.hub_folder):
            (place / "keys").mkdir(parents=True)
            (place / "keys" / "maker.pub").write_bytes(public.read_bytes())

        def now() -> datetime:
            return datetime.fromtimestamp(shop.clock.now_ms() / 1000, UTC)

        self.cloud = Cloud(records, CloudConfig(fleet=FleetConfig(releases=str(self.cloud_folder))), now=now)
        self.cloud.shelf.add(bundle(folder, self.key))
        self._numbers = itertools.count(1)

    def connect(self, url: str) -> None:
        self.link = CloudLink(url=url, store_id=STORE, token=TOKEN, timeout_s=5.0)
        self.other = CloudLink(url=url, store_id="other", token=OTHER_TOKEN, timeout_s=5.0)
        self.other.put_profile(StoreProfile(store_id="other", name="Other", time_zone="UTC", currency="EUR"))
        self.sync = Sync(
            ledger=self.shop.reports, bookkeep=self.shop.bookkeep, cloud=self.link, store_id=STORE, now_ms=self.shop.clock.now_ms,
            plans_every_s=0.0,
        )  # fmt: skip
        self.shelf = ReleaseShelf(self.hub_folder)
        self.flow = self.fresh_flow()
        self.go()

    def fresh_flow(self, address: str | None = "http://hub:8080") -> ChainRollouts:
        return ChainRollouts(
            views=LedgerViews(self.shop.path), bookkeep=self.shop.bookkeep, cloud=self.link, shelf=self.shelf, address=address,
            now_ms=self.shop.clock.now_ms,
        )  # fmt: skip

    def go(self) -> None:
        """What the threads of hub and cloud do by and by."""
        self.report.report_once()
        self.sync.sync_once()
        self.cloud.rollouts.look()
        self.sync.sync_once()
        self.flow.look_once()
        self.report.report_once()
        self.sync.sync_once()

    def stamp(self, device_id: str) -> dict[str, Any]:
        self.shop.clock.pass_s(1)
        ms = self.shop.clock.now_ms()
        return {"device_id": device_id, "boot_id": "b" * 16, "monotonic_ms": ms - 1_780_000_000_000, "observed_at_ms": ms}

    def joins(self, *devices: str) -> None:
        for device_id in devices:
            toml = f'store_id = "corner"\ndevice_id = "{device_id}"\n'
            self.shop.see(ConfigurationTold(**self.stamp(device_id), version=None, toml=toml))

    def says(self, device_id: str, state: Any, reason: str = "") -> None:
        self.shop.see(DeploymentTold(**self.stamp(device_id), kind="software", version=VERSION, state=state, reason=reason))

    def other_says(self, step: str, state: Any, reason: str = "") -> None:
        number = next(self._numbers)
        fact = RolloutFact(
            sequence=number, rollout_id=step, version=VERSION, state=state, reason=reason, devices=4, confirmed=4 * (state == "done"),
            changed_at_ms=self.shop.clock.now_ms(),
        )  # fmt: skip
        self.other.post_reports(ReportBatch(store_id="other", ledger_id="d" * 32, from_sequence=number, to_sequence=number, facts=[fact]))

    def other_wants(self) -> list[tuple[str, str]]:
        plans = self.other.plans_after(0, ledger_id="d" * 32).plans
        told = [msgspec.json.decode(plan.payload) for plan in plans]
        return [(plan["action"], plan["rollout_id"].split(".")[-1]) for plan in told if plan["type"] == "software_rollout"]

    def states(self) -> dict[str, str]:
        return dict(self.shop.rows("SELECT device_id, state FROM deployments WHERE kind = 'software' ORDER BY device_id"))

    def newest(self) -> tuple[int, str, str]:
        record = self.cloud.rollouts.rollouts()[0]
        return record.ring, record.stage, record.reason


@pytest.fixture
def chain(tmp_path: Path, shop: Any, records: Engine, make_report: Callable[..., Report], serve: Callable[..., Any]) -> Iterator[Chain]:
    made = Chain(tmp_path, shop, records, make_report())
    tokens = Tokens(stores={STORE: TOKEN, "other": OTHER_TOKEN}, planners={})
    made.connect(serve(made.cloud.doors(tokens)).url)
    made.joins("pi-1", "pi-2", "pi-3")
    yield made
    made.link.close()
    made.other.close()


def test_one_device_then_its_shop_then_the_others(chain: Chain) -> None:
    started = chain.cloud.rollouts.start(VERSION, first_store=STORE, first_device=None, by="Mei")
    assert started.rings == [[STORE], [STORE], ["other"]]
    with pytest.raises(RolloutRefused, match="is under way"):
        chain.cloud.rollouts.start(VERSION, first_store=STORE, first_device=None, by="Bo")
    chain.go()
    assert chain.states() == {"pi-1": "wanted"}
    assert [bundle.version for bundle in chain.shelf.bundles()] == [VERSION], "the hub has it, for its devices"
    chain.go()
    assert chain.newest() == (0, "running", "")
    chain.says("pi-1", "confirmed")
    chain.flow = chain.fresh_flow()  # As after a restart.
    chain.go()
    assert chain.newest() == (1, "running", "")
    assert chain.states() == {"pi-1": "confirmed", "pi-2": "wanted"}, "who has it is left out"
    assert chain.other_wants() == []
    chain.says("pi-2", "confirmed")
    chain.says("pi-3", "confirmed")
    chain.go()
    assert chain.newest() == (2, "running", "")
    assert chain.other_wants() == [("start", "2")]
    chain.other_says(f"{started.rollout_id}.2", "done")
    chain.go()
    assert chain.newest() == (2, "done", "")
    told = {
        (shop.store_id, shop.ring): (shop.state, shop.confirmed, shop.devices) for shop in chain.cloud.rollouts.told(started.rollout_id)
    }
    assert told == {(STORE, 0): ("done", 1, 1), (STORE, 1): ("done", 2, 2), ("other", 2): ("done", 4, 4)}


def test_the_first_failure_halts_it_everywhere(chain: Chain) -> None:
    with pytest.raises(RolloutRefused, match="no device pi-9"):
        chain.cloud.rollouts.start(VERSION, first_store=STORE, first_device="pi-9", by="Mei")
    started = chain.cloud.rollouts.start(VERSION, first_store=STORE, first_device=None, by="Mei")
    chain.go()
    chain.says("pi-1", "rolled_back", "it ended with exit code 1")
    chain.go()
    ring, stage, reason = chain.newest()
    assert (ring, stage) == (0, "halted")
    assert "it ended with exit code 1" in reason
    assert chain.states() == {"pi-1": "rolled_back"}
    assert chain.other_wants() == []
    with pytest.raises(RolloutRefused, match="halted already"):
        chain.cloud.rollouts.stop(started.rollout_id, by="Bo")


def test_a_shop_that_stays_silent_halts_it_by_name(chain: Chain) -> None:
    started = chain.cloud.rollouts.start(VERSION, first_store=STORE, first_device=None, by="Mei")
    chain.go()
    chain.says("pi-1", "confirmed")
    chain.go()
    chain.says("pi-2", "confirmed")
    chain.says("pi-3", "confirmed")
    chain.go()
    chain.shop.clock.pass_s(47 * 3600)
    chain.cloud.rollouts.look()
    assert chain.newest() == (2, "running", "")
    assert 0.9 < chain.cloud.rollouts.waits_h(chain.cloud.rollouts.rollouts()[0]) < 1.1
    chain.shop.clock.pass_s(3600)
    chain.cloud.rollouts.look()
    ring, stage, reason = chain.newest()
    assert (ring, stage) == (2, "halted")
    assert reason.startswith("no answer from other after 48 hours")
    assert chain.other_wants() == [("start", "2"), ("stop", "2")], "a shop that comes back now does not begin by itself"
    chain.other_says(f"{started.rollout_id}.2", "done")
    chain.cloud.rollouts.look()
    assert chain.newest()[:2] == (2, "halted"), "a person begins again"


def test_whoever_stops_it_stops_what_has_not_begun(chain: Chain) -> None:
    started = chain.cloud.rollouts.start(VERSION, first_store=STORE, first_device=None, by="Mei")
    chain.go()
    chain.says("pi-1", "confirmed")
    chain.go()
    chain.cloud.rollouts.stop(started.rollout_id, by="Bo")
    chain.go()
    assert chain.newest() == (1, "halted", "stopped by Bo")
    assert chain.states() == {"pi-1": "confirmed", "pi-2": "withdrawn"}
    assert chain.shop.rows("SELECT stage, reason FROM rollouts") == [("halted", "halted by the chain: stopped by Bo")]


def test_a_hub_begins_nothing_that_its_own_keys_have_not_signed(chain: Chain) -> None:
    stranger = chain.folder / "stranger"
    stranger.mkdir()
    key, public = make_key(stranger)
    (chain.cloud_folder / "keys" / "stranger.pub").write_bytes(public.read_bytes())
    chain.cloud.shelf.add(bundle(stranger, key, "6.6.6"))
    chain.cloud.rollouts.start("6.6.6", first_store=STORE, first_device=None, by="somebody who took the cloud over")
    chain.go()
    assert chain.states() == {}
    assert chain.shelf.bundles() == []
    chain.go()
    ring, stage, reason = chain.newest()
    assert (ring, stage) == (0, "halted")
    assert "signed by none of the keys" in reason
    chain.flow = chain.fresh_flow()  # And it is not tried again after a restart, nor by another plan of that name.
    chain.go()
    assert chain.states() == {}
    unknown = chain.folder / "unknown"
    unknown.mkdir()
    unsigned = bundle(unknown, make_key(unknown)[0], "7.7.7")
    with pytest.raises(ReleaseRefused, match="signed by none"):
        chain.cloud.shelf.add(unsigned)


def test_what_was_changed_on_the_way_or_cannot_be_handed_on_is_refused_in_words(chain: Chain) -> None:
    chain.cloud.rollouts.start(VERSION, first_store=STORE, first_device=None, by="Mei")
    path = chain.cloud_folder / f"{VERSION}.tar"
    changed = path.read_bytes()[:-1] + b"!"
    shelf, chain.cloud.shelf._sums = chain.cloud.shelf._sums, {}
    path.write_bytes(changed)
    with pytest.raises(Exception, match="answered 404"):  # The sum that was announced is no file's any more.
        chain.go()
    assert shelf
    chain.flow = chain.fresh_flow(address=None)
    chain.go()
    chain.go()
    assert "set fleet.address" in chain.newest()[2]


def test_a_download_that_was_cut_off_goes_on(chain: Chain, tmp_path: Path) -> None:
    whole = chain.cloud.shelf.bundles()[0]
    content, part = whole.path.read_bytes(), tmp_path / "half.part"
    part.write_bytes(content[:1000])
    chain.link.fetch_release(whole.sha256, part, size_bytes=whole.size_bytes)
    assert part.read_bytes() == content
    part.write_bytes(b"x" * (len(content) + 1))
    chain.link.fetch_release(whole.sha256, part, size_bytes=whole.size_bytes)
    assert part.read_bytes() == content
    part.unlink()
    with pytest.raises(CloudUnreachable, match="ended after"):
        chain.link.fetch_release(whole.sha256, part, size_bytes=whole.size_bytes + 5)


def test_what_a_person_of_the_shop_began_is_not_disturbed(chain: Chain) -> None:
    chain.shelf.add(bundle(chain.folder, chain.key, "0.8.0"))
    own = chain.shelf.bundles()[0]
    told = RolloutAction(
        action="start", version="0.8.0", first_device="pi-3", url="http://hub/x.tar", sha256=own.sha256, size_bytes=own.size_bytes, by="Ana"
    )
    chain.shop.ask(Book(told, "fleet"))
    chain.cloud.rollouts.start(VERSION, first_store=STORE, first_device=None, by="Mei")
    chain.go()
    assert chain.states() == {"pi-3": "wanted"}
    chain.shop.ask(Book(RolloutAction(action="halt", version="0.8.0", by="Ana"), "fleet"))
    chain.go()
    assert chain.states() == {"pi-1": "wanted", "pi-3": "withdrawn"}
    assert chain.newest() == (0, "running", "")

"""One shop of real processes: edges, each behind a line that can fail, a Mosquitto, a hub; and what can go wrong with them."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import damage
import nursery
from cloud_under_test import CloudUnderTest
from conftest import find_free_port, start_mosquitto
from line_that_fails import LineThatFails
from rogue import Rogue
from running_programs import Program, wait_until
from scenario import Kind, Scenario
from seen_by_sensors import CLOSING_TIME
from shop_plan import shop_plan
from small_disk import SmallDisk

from wire_format import codec

HERE = Path(__file__).parent
READY_WITHIN_S = 240.0
TOLD_WITHIN_S = 300.0


class ShopUnderTest:
    """Every fault is a pair of methods: one begins it, `_over` ends it. What is down is not brought down again."""

    def __init__(self, told: Scenario, folder: Path, cloud: CloudUnderTest | None) -> None:
        self.told, self.folder, self._cloud = told, folder, cloud
        self.store_id = told.name
        self.broker = start_mosquitto(folder)
        self._broker_is_up = True
        self.rogue = Rogue(self.broker.port, self.store_id, random.Random(f"rogue {told.seed}"))
        self.lines = [LineThatFails(self.broker.port) for _ in range(told.devices)]
        self.hub_line = LineThatFails(self.broker.port)
        self.cloud_line = LineThatFails(cloud.port) if cloud is not None else None
        self.hub_disk = SmallDisk(folder / "hub-disk")
        self.cards = [SmallDisk(folder / f"card-{device}") for device in range(told.devices + 1)]
        self.ledger = folder / "hub-disk" / "ledger.sqlite"
        self.chance = random.Random(f"damage {told.seed}")
        self.hub: Program | None = None
        self.edges: dict[int, Program] = {}
        self.hub_port: int = find_free_port()
        self._write_files()
        init = Program("store-hub", ["init", "--config", "hub.toml", "--planogram", "planogram.json"], folder, start=nursery.start)
        assert init.wait_end(within_s=READY_WITHIN_S) == 0, init.log

    def _write_files(self) -> None:
        (self.folder / "planogram.json").write_bytes(codec.encode(shop_plan(self.store_id, self.told.devices + 1)))
        hub = f'store_id = "{self.store_id}"\n[broker]\nport = {self.hub_line.port}\n[ledger]\npath = "hub-disk/ledger.sqlite"\n'
        hub += f"[http]\nport = {self.hub_port}\n[bookkeeping]\ndevice_letters_per_s = 20000.0\n"
        if self.cloud_line is not None and self._cloud is not None:
            shutil.copy(self._cloud.folder / "cloud.token", self.folder)
            hub += f'[cloud]\nurl = "http://127.0.0.1:{self.cloud_line.port}"\ntoken_file = "cloud.token"\nreport_every_s = 0.5\n'
            hub += "timeout_s = 5.0\nplans_every_s = 1.0\n"
        (self.folder / "hub.toml").write_text(hub, encoding="utf-8")

    # ---- up and down

    def hub_up(self) -> None:
        """Start the hub, if it does not run."""
        if self.hub is not None and self.hub.is_running:
            return
        script = ["hub_of_short_waits.py"] if self.told.mistake is None else ["mutated_hub.py", self.told.mistake]
        words = [str(HERE / script[0]), *script[1:], "run", "--config", "hub.toml"]
        self.hub = Program("python", words, self.folder, log_name="store-hub", start=nursery.start)

    def wait_hub_open(self) -> None:
        """Wait until the hub books. One that had found its disk as it was before and ended is started again, as systemd does."""
        ready = f"http://127.0.0.1:{self.hub_port}/health/ready"
        assert self.hub is not None
        try:
            self.hub.wait_ready(ready, within_s=READY_WITHIN_S)
        except AssertionError:
            if self.hub.is_running:
                raise
            self.hub_up()
            self.hub.wait_ready(ready, within_s=READY_WITHIN_S)

    def wait_observing(self) -> None:
        """Wait until every edge has put something: what goes wrong before that goes wrong with nobody."""
        truths = [self.folder / f"truth-{device}.txt" for device in range(self.told.devices)]
        wait_until(
            lambda: all(path.exists() and b"put" in path.read_bytes() for path in truths), within_s=READY_WITHIN_S, what="the edges observe"
        )

    def booked(self) -> int:
        """How many letters of edges stand in the journal."""
        ledger = sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)
        try:
            return int(ledger.execute("SELECT count(*) FROM journal WHERE source = 'edge'").fetchone()[0])
        finally:
            ledger.close()

    def hub_down(self, *, orderly: bool) -> None:
        """Stop or kill the hub."""
        hub, self.hub = self.hub, None
        if hub is not None and orderly and hub.is_running and self.hub_disk.is_good:
            assert hub.stop() in (0, -15), f"the hub did not stop well: {hub.log[-2000:]}"  # -15: told before it could listen to signals.
        elif hub is not None:
            hub.kill()

    def edge_up(self, device: int) -> None:
        """Start an edge, if it does not run; one that has ended after telling all is left alone."""
        if device in self.edges and (self.edges[device].is_running or self.edges[device].wait_end(within_s=1) == 0):
            return
        is_clone = device == self.told.devices
        observations = self.told.observations // 3 if is_clone else self.told.observations
        words = {
            "--seed": self.told.seed, "--device": device, "--port": self.lines[device % self.told.devices].port, "--store": self.store_id,
            "--observations": observations, "--rate": self.told.observations / self.told.seconds, "--folder": self.folder,
            "--resend-s": self.told.resend_s, "--group-max": self.told.group_max,
            "--weights": self.told.weights, "--gates": ",".join(map(str, self.told.gates)),
        }  # fmt: skip
        arguments = [str(HERE / "writer_edge.py"), *(str(word) for pair in words.items() for word in pair)]
        self.edges[device] = Program("python", arguments, self.folder, log_name=f"edge-{device}", start=nursery.start)

    def edge_down(self, device: int, *, orderly: bool) -> None:
        """Stop or kill an edge."""
        edge = self.edges.pop(device, None)
        if edge is not None and orderly:
            edge.stop()
        elif edge is not None:
            edge.kill()

    def broker_down(self, *, orderly: bool, wipe: bool = False) -> None:
        """Stop or kill the broker."""
        if orderly:
            self.broker.stop()
        else:
            self.broker.kill()
        if wipe:
            self.broker.wipe()
        self._broker_is_up = False

    def broker_up(self) -> None:
        """Start the broker, if it does not run."""
        if not self._broker_is_up:
            self.broker.start()
            self._broker_is_up = True

    # ---- disks and cards

    def hub_disk_forbid(self) -> None:
        """Kill the hub, forbid it to write, and start it: it says what is wrong and ends."""
        self.hub_down(orderly=False)
        self.hub_disk.forbid()
        self.hub_up()

    def edge_disk_forbid(self, device: int) -> None:
        """The same for an edge."""
        self.edge_down(device, orderly=False)
        self.cards[device].forbid()
        self.edge_up(device)

    def hub_torn(self) -> None:
        """Kill the hub in the middle of a write."""
        self.hub_down(orderly=False)
        self.hub_disk.heal()
        damage.tear_after_commit(self.ledger, self.chance)
        self.hub_up()

    def edge_clone(self, device: int) -> None:
        """Put a copy of a running device's card into another device, which goes on with it as its own."""
        source = self.cards[device].folder / "outbox.sqlite"
        if source.exists():
            with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(self.cards[-1].folder / source.name)) as other:
                one.backup(other)
            self.edge_up(self.told.devices)

    def edge_spoil(self, device: int) -> None:
        """Kill an edge and spoil a page of its outbox."""
        outbox = self.cards[device].folder / "outbox.sqlite"
        self.edge_down(device, orderly=False)
        self.cards[device].heal()
        if outbox.exists():
            damage.spoil_outbox_page(outbox, self.chance)

    # ---- the end

    def all_up(self) -> None:
        """Whatever was broken is whole again."""
        for disk in (self.hub_disk, *self.cards):
            disk.heal()
        self.broker_up()
        for line in self.all_lines:
            line.heal()
        self.hub_up()
        for device in {*range(self.told.devices), *self.edges}:
            self.edge_up(device)
        if self._cloud is not None:
            self._cloud.up()

    @property
    def all_lines(self) -> list[LineThatFails]:
        """Every line of the shop."""
        return [*self.lines, self.hub_line] + ([self.cloud_line] if self.cloud_line is not None else [])

    def wait_all_told(self) -> None:
        """Wait until the hub has booked what the edges saw, and the cloud what the hub made of it; then stop the hub.

        A device does not end. An edge that did, before its hub was set back, could not say any more what it has forgotten.
        """
        self.wait_hub_open()
        if self.told.kind is Kind.HUB_SET_BACK:
            wait_until(
                self._hears_what_is_forgotten, within_s=TOLD_WITHIN_S, what="the hub's marks are where its edges forgot what it had booked"
            )
        (self.folder / CLOSING_TIME).touch()
        for device in list(self.edges):
            if self.edges[device].wait_end(within_s=TOLD_WITHIN_S) != 0:
                self.edge_up(device)  # As systemd does.
            assert self.edges[device].wait_end(within_s=TOLD_WITHIN_S) == 0, f"edge {device}: {self.edges[device].log[-2000:]}"
        if self._cloud is not None:
            wait_until(self._is_reported, within_s=TOLD_WITHIN_S, what="the cloud has all facts")
        self.hub_down(orderly=True)

    def _hears_what_is_forgotten(self) -> bool:
        with closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as ledger:
            marks = dict(ledger.execute("SELECT outbox_id, booked_through FROM outboxes").fetchall())
        for card in self.cards[: self.told.devices]:
            with closing(sqlite3.connect(f"file:{card.folder / 'outbox.sqlite'}?mode=ro", uri=True)) as outbox:
                about = dict(outbox.execute("SELECT * FROM about").fetchall())
            if marks.get(about["outbox_id"], 0) < int(about["booked_through"]):
                return False
        return True

    def _is_reported(self) -> bool:
        """The hub has nothing left to tell, and the cloud has it all: it may have been set back since, and the hub not know it yet."""
        assert self._cloud is not None
        self._cloud.revive()
        with closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as ledger:
            if any(ledger.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("dirty", "report_outbox")):
                return False
            marks = ledger.execute("SELECT last_sequence, ledger_id FROM report_marks, meta").fetchone()
        return marks is None or self._cloud.has_booked(self.store_id, marks[1]) == marks[0]

    def close(self) -> None:
        """End whatever still runs."""
        for program in (*self.edges.values(), self.hub):
            if program is not None:
                program.kill()
        self.rogue.close()
        for line in self.all_lines:
            line.close()
        self.broker.stop()
        for disk in (self.hub_disk, *self.cards):
            disk.close()

"""One shop of real processes: edges, each behind a line that can fail, a Mosquitto, a hub; and what can go wrong with them."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from pathlib import Path

from cloud_under_test import CloudUnderTest
from conftest import find_free_port, start_mosquitto
from line_that_fails import LineThatFails
from rogue import Rogue
from running_programs import Program, wait_until
from scenario import Scenario
from seen_by_sensors import SHELVES_EACH, shelf_name

from wire_format import codec
from wire_format.plans import Bay, Door, Facing, Planogram, Product, Rectangle, Shelf, Zone

HERE = Path(__file__).parent
TOLD_WITHIN_S = 120.0


def shop_plan(store_id: str, devices: int) -> Planogram:
    """A shop with a door, a bay and some weighed shelves for each device."""
    bays, products = [], []
    for device in range(devices):
        shelves = []
        for number in range(SHELVES_EACH):
            sku = f"sku-{device}-{number}"
            facing = Facing(sku=sku, from_m=0.0, width_m=0.5, capacity_units=12, low_units=3, full_units=9, start_units=10)
            shelves.append(Shelf(shelf_id=shelf_name(device, number), level=number + 1, width_m=1.0, facings=[facing]))
            products.append(Product(sku=sku, name=sku, unit_weight_g=350.0, unit_weight_sd_g=1.0, price_minor=199))
        place = Rectangle(x_m=2.0 * device, y_m=0.0, width_m=1.0, depth_m=0.5)
        bays.append(Bay(bay_id=f"bay-{device}", name=f"Bay {device}", place=place, shelves=shelves))
    zones = [Zone(zone_id="front", name="Front", place=Rectangle(x_m=0.0, y_m=0.0, width_m=2.0, depth_m=2.0))]
    doors = [Door(door_id=f"door-{device}", name="Door", x1_m=4.0, y1_m=8.0, x2_m=6.0, y2_m=8.0) for device in range(devices)]
    return Planogram(
        store_id=store_id, name="Faults", time_zone="Europe/Berlin", width_m=12.0, depth_m=8.0,
        bays=bays, zones=zones, doors=doors, products=products,
    )  # fmt: skip


class ShopUnderTest:
    """Every fault is a pair of methods: one begins it, `_over` ends it. What is down is not brought down again."""

    def __init__(self, told: Scenario, folder: Path, cloud: CloudUnderTest | None) -> None:
        self.told, self.folder, self._cloud = told, folder, cloud
        self.store_id = told.name
        self.broker = start_mosquitto(folder)
        self._broker_is_up = True
        self.rogue = Rogue(self.broker.port, self.store_id, random.Random(f"rogue {told.seed}"))
        self.lines = [LineThatFails(self.broker.port) for _ in range(told.devices)]
        self.cloud_line = LineThatFails(cloud.port) if cloud is not None else None
        self.hub: Program | None = None
        self.edges: dict[int, Program] = {}
        self.hub_port: int = find_free_port()
        self._write_files()
        init = Program("store-hub", ["init", "--config", "hub.toml", "--planogram", "planogram.json"], folder)
        assert init.wait_end(within_s=60) == 0, init.log

    def _write_files(self) -> None:
        (self.folder / "planogram.json").write_bytes(codec.encode(shop_plan(self.store_id, self.told.devices)))
        hub = f'store_id = "{self.store_id}"\n[broker]\nport = {self.broker.port}\n[ledger]\npath = "ledger.sqlite"\n'
        hub += f"[http]\nport = {self.hub_port}\n"
        if self.cloud_line is not None and self._cloud is not None:
            shutil.copy(self._cloud.folder / "cloud.token", self.folder)
            hub += f'[cloud]\nurl = "http://127.0.0.1:{self.cloud_line.port}"\ntoken_file = "cloud.token"\nreport_every_s = 0.5\n'
            hub += "timeout_s = 5.0\n"
        (self.folder / "hub.toml").write_text(hub, encoding="utf-8")

    # ---- up and down

    def hub_up(self) -> None:
        """Start the hub, if it does not run."""
        if self.hub is None and self.told.mistake is None:
            self.hub = Program("store-hub", ["run", "--config", "hub.toml"], self.folder)
        elif self.hub is None:
            mutated = [str(HERE / "mutated_hub.py"), str(self.told.mistake), "run", "--config", "hub.toml"]
            self.hub = Program("python", mutated, self.folder, log_name="store-hub")

    def wait_hub_open(self) -> None:
        """Wait until the hub books."""
        if self.hub is not None:
            self.hub.wait_ready(f"http://127.0.0.1:{self.hub_port}/health/ready")

    def wait_booking(self, *, letters: int, within_s: float) -> None:
        """Wait until the hub is open and has booked so many more; but not for ever, for the edges may have told all."""
        self.wait_hub_open()
        first, deadline = self._booked(), time.monotonic() + within_s
        while self._booked() < first + letters and time.monotonic() < deadline:
            time.sleep(0.02)

    def _booked(self) -> int:
        ledger = sqlite3.connect(f"file:{self.folder / 'ledger.sqlite'}?mode=ro", uri=True)
        try:
            return int(ledger.execute("SELECT count(*) FROM journal WHERE source = 'edge'").fetchone()[0])
        finally:
            ledger.close()

    def hub_down(self, *, orderly: bool) -> None:
        """Stop or kill the hub."""
        hub, self.hub = self.hub, None
        if hub is not None and orderly:
            assert hub.stop() in (0, -15), f"the hub did not stop well: {hub.log[-2000:]}"  # -15: told before it could listen to signals.
        elif hub is not None:
            hub.kill()

    def edge_up(self, device: int) -> None:
        """Start an edge, if it does not run; one that has ended after telling all is left alone."""
        if device in self.edges:
            return
        words = {
            "--seed": self.told.seed, "--device": device, "--port": self.lines[device].port, "--store": self.store_id,
            "--observations": self.told.observations, "--rate": self.told.observations / self.told.seconds, "--folder": self.folder,
        }  # fmt: skip
        arguments = [str(HERE / "writer_edge.py"), *(str(word) for pair in words.items() for word in pair)]
        self.edges[device] = Program("python", arguments, self.folder, log_name=f"edge-{device}")

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

    # ---- backup and restore

    def hub_backup(self) -> None:
        """Copy the ledger while the hub runs, as a backup does."""
        source, target = (sqlite3.connect(self.folder / name) for name in ("ledger.sqlite", "yesterday.sqlite"))
        source.backup(target)
        source.close()
        target.close()

    def hub_restore(self) -> None:
        """Kill the hub and put the older ledger in the place of its own."""
        self.hub_down(orderly=False)
        for end in ("-wal", "-shm"):
            (self.folder / f"ledger.sqlite{end}").unlink(missing_ok=True)
        shutil.copy(self.folder / "yesterday.sqlite", self.folder / "ledger.sqlite")
        self.hub_up()

    # ---- the end

    def all_up(self) -> None:
        """Whatever was broken is whole again."""
        self.broker_up()
        for line in self.all_lines:
            line.heal()
        self.hub_up()
        for device in range(self.told.devices):
            self.edge_up(device)
        if self._cloud is not None:
            self._cloud.up()

    @property
    def all_lines(self) -> list[LineThatFails]:
        """Every line of the shop."""
        return self.lines + ([self.cloud_line] if self.cloud_line is not None else [])

    def wait_all_told(self) -> None:
        """Wait until the hub has booked what the edges saw, and the cloud what the hub made of it; then stop the hub."""
        for device, edge in self.edges.items():
            assert edge.wait_end(within_s=TOLD_WITHIN_S) == 0, f"edge {device}: {edge.log[-2000:]}"
        if self._cloud is not None:
            wait_until(self._is_reported, within_s=TOLD_WITHIN_S, what="the cloud has all facts")
        self.hub_down(orderly=True)

    def _is_reported(self) -> bool:
        ledger = sqlite3.connect(f"file:{self.folder / 'ledger.sqlite'}?mode=ro", uri=True)
        try:
            return all(ledger.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0 for table in ("dirty", "report_outbox"))
        finally:
            ledger.close()

    def close(self) -> None:
        """End whatever still runs."""
        for program in (*self.edges.values(), self.hub):
            if program is not None:
                program.kill()
        self.rogue.close()
        for line in self.all_lines:
            line.close()
        self.broker.stop()

"""Runs a scenario: a shop opens, things go wrong at their moments, all is healed, all is told, and the checker looks."""

from __future__ import annotations

import heapq
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from cloud_under_test import CloudUnderTest
from scenario import Fault, Scenario
from shop_under_test import ShopUnderTest
from truth_check import Findings, check_cloud, check_hub

LETTERS_FIRST = 40
BOOKED_WITHIN_S = 5.0


class Outcome(NamedTuple):
    """What came of a scenario."""

    told: Scenario
    findings: Findings
    faults: Counter[str]
    seconds: float


def run(told: Scenario, cloud: CloudUnderTest | None, *, keep: Path | None = None) -> Outcome:
    """Run a scenario and return what the checker found. `keep`: where the folder of one that is not well stays."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"aislewise-faults-{told.name}-") as name:
        folder = Path(name)
        shop = ShopUnderTest(told, folder, cloud)
        faults: Counter[str] = Counter()
        try:
            shop.hub_up()
            shop.wait_hub_open()
            shop.all_up()
            go_wrong(shop, cloud, told.faults, faults)
            shop.all_up()
            shop.wait_all_told()
            findings = check(shop, folder, cloud)
        except (AssertionError, OSError, sqlite3.Error) as error:
            findings = Findings()
            findings.differ(f"{type(error).__name__}: {' '.join(str(error).split())[-600:]}")
        finally:
            shop.close()
        if keep is not None and not findings.is_well:
            shutil.copytree(folder, keep / told.name, dirs_exist_ok=True)
    return Outcome(told, findings, faults, time.monotonic() - began)


def go_wrong(shop: ShopUnderTest, cloud: CloudUnderTest | None, faults: list[Fault], begun: Counter[str]) -> None:
    """Begin and end each fault at its moment."""
    opened = time.monotonic()
    todo: list[tuple[float, int, Fault, bool]] = [(fault.at_s, place, fault, True) for place, fault in enumerate(faults)]
    heapq.heapify(todo)
    while todo:
        at_s, place, fault, is_beginning = heapq.heappop(todo)
        time.sleep(max(0.0, opened + at_s - time.monotonic()))
        if is_beginning:
            begun[fault.what] += begin(shop, cloud, fault)
            heapq.heappush(todo, (at_s + fault.for_s, place, fault, False))
        else:
            end(shop, cloud, fault)


def begin(shop: ShopUnderTest, cloud: CloudUnderTest | None, fault: Fault) -> int:
    """Let it go wrong; returns how many faults that were (a rogue's word counts by letters)."""
    thing, _, how = fault.what.rpartition("_")
    if shop.told.mistake is not None:  # A mistake shows only in a hub that books at that moment, however slowly this machine starts it.
        shop.wait_booking(letters=LETTERS_FIRST, within_s=BOOKED_WITHIN_S)
        time.sleep(fault.for_s)
    match thing:
        case "hub" if how in ("kill", "stop"):
            shop.hub_down(orderly=how == "stop")
        case "hub":
            {"backup": shop.hub_backup, "restore": shop.hub_restore}[how]()
        case "edge":
            shop.edge_down(fault.device, orderly=how == "stop")
        case "broker":
            shop.broker_down(orderly=how == "stop", wipe=how == "wipe")
        case "edge_line" | "cloud_line":
            line = shop.lines[fault.device] if thing == "edge_line" else shop.cloud_line
            if line is not None:
                {"cut": line.cut, "stall": line.stall}[how]()
        case "cloud" if cloud is not None:
            {"kill": cloud.kill, "stop": cloud.stop}[how]()
        case "records" if cloud is not None:
            cloud.kill_records()
        case _:
            return shop.rogue.speak()
    return 1


def end(shop: ShopUnderTest, cloud: CloudUnderTest | None, fault: Fault) -> None:
    """It is over."""
    match fault.what.rpartition("_")[0]:
        case "hub":
            shop.hub_up()
        case "edge":
            shop.edge_up(fault.device)
        case "broker":
            shop.broker_up()
        case "edge_line":
            shop.lines[fault.device].heal()
        case "cloud_line" if shop.cloud_line is not None:
            shop.cloud_line.heal()
        case "cloud" if cloud is not None:
            cloud.up()


def check(shop: ShopUnderTest, folder: Path, cloud: CloudUnderTest | None) -> Findings:
    """The checker's findings, and the hub's own opinion of its ledger."""
    told = shop.told
    findings = check_hub(folder, range(told.devices), restored=told.is_restored)
    if cloud is not None:
        with cloud.records() as records:
            for word in (found := check_cloud(folder, records, shop.store_id, restored=told.is_restored)).told:
                findings.differ(word)
            findings.differences += found.differences - len(found.told)
    program = str(Path(sys.executable).parent / "store-hub")
    said = subprocess.run(
        [program, "verify", "--config", "hub.toml", "--json"], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    verdicts = json.loads(said.stdout or "[]")
    findings.expect(said.returncode == 0 and bool(verdicts), f"store-hub verify: {[each for each in verdicts if not each['is_well']]}")
    return findings

"""Runs a scenario: a shop opens, things go wrong at their moments, all is healed, all is told, and the checker looks."""

from __future__ import annotations

import heapq
import json
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import nursery
import set_back
from cloud_under_test import CloudUnderTest
from line_that_fails import LineThatFails
from mutation import provoke
from running_programs import Program
from scenario import Fault, Kind, Scenario
from shop_under_test import ShopUnderTest
from truth_check import Findings, check_cloud, check_hub

MARK_WITHIN_S = 5.0
VERIFIED_WITHIN_S = 300.0
SET_BACK: dict[str, Callable[[ShopUnderTest], Counter[str] | None]] = {
    "hub_keep_copy": set_back.keep_copy, "hub_keep_backup": set_back.keep_backup, "hub_restore_copy": set_back.restore_copy,
    "hub_restore_backup": set_back.restore_backup, "hub_lied": set_back.lie, "hub_lied_in_part": set_back.lie_in_part,
}  # fmt: skip


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
        findings = Findings()
        try:
            shop.hub_up()
            shop.wait_hub_open()
            shop.all_up()
            if told.mistake is None:
                shop.wait_observing()
                go_wrong(shop, cloud, told.faults, faults)
            else:
                provoke(shop)
            shop.all_up()
            with cloud.looking() if cloud is not None else nullcontext():
                shop.wait_all_told()
                findings = check(shop, folder, cloud)
        except (AssertionError, OSError, sqlite3.Error) as error:
            findings = Findings()
            findings.differ(f"{type(error).__name__}: {' '.join(str(error).split())[-600:]}")
        finally:
            if keep is not None and not findings.is_well:
                shutil.copytree(folder, keep / told.name, dirs_exist_ok=True)
            shop.close()
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
            begun.update(begin(shop, cloud, fault))
            heapq.heappush(todo, (at_s + fault.for_s, place, fault, False))
        else:
            end(shop, cloud, fault)


def begin(shop: ShopUnderTest, cloud: CloudUnderTest | None, fault: Fault) -> Counter[str]:
    """Let it go wrong; returns which faults that were, and what they led to (a rogue's word counts by letters)."""
    thing, _, how = fault.what.partition("_")
    begun = Counter({fault.what: 1})
    if fault.what == "rogue":
        return Counter({"rogue": shop.rogue.speak()})
    if "_line_" in fault.what:
        line = line_of(shop, thing, fault.device)
        if line is not None:
            getattr(line, how.removeprefix("line_"))()
    elif fault.what in SET_BACK:
        begun.update(SET_BACK[fault.what](shop) or {})
    elif thing == "hub":
        begin_at_hub(shop, how)
    elif thing == "edge":
        begin_at_edge(shop, how, fault.device)
    elif thing == "broker":
        shop.broker_down(orderly=how == "stop", wipe=how == "wipe")
    elif cloud is not None:
        {
            "cloud_kill": cloud.kill, "cloud_stop": cloud.stop, "records_kill": cloud.kill_records,
            "cloud_keep": cloud.keep, "cloud_restore": cloud.restore,
        }[fault.what]()  # fmt: skip
    return begun


def begin_at_hub(shop: ShopUnderTest, how: str) -> None:
    """What can happen to a hub."""
    match how:
        case "kill" | "stop":
            shop.hub_down(orderly=how == "stop")
        case "kill_at_mark":
            shop.rogue.wait_mark(MARK_WITHIN_S, after=shop.rogue.marks)
            shop.hub_down(orderly=False)
        case "disk_full":
            shop.hub_disk.fill()
        case _:
            getattr(shop, f"hub_{how}")()


def begin_at_edge(shop: ShopUnderTest, how: str, device: int) -> None:
    """What can happen to an edge."""
    match how:
        case "kill" | "stop":
            shop.edge_down(device, orderly=how == "stop")
        case "disk_full":
            shop.cards[device].fill()
        case _:
            getattr(shop, f"edge_{how}")(device)


def line_of(shop: ShopUnderTest, thing: str, device: int) -> LineThatFails | None:
    """The line that a fault speaks of."""
    return {"edge": shop.lines[device], "hub": shop.hub_line, "cloud": shop.cloud_line}[thing]


def end(shop: ShopUnderTest, cloud: CloudUnderTest | None, fault: Fault) -> None:
    """It is over."""
    thing = fault.what.partition("_")[0]
    if "_line_" in fault.what:
        line = line_of(shop, thing, fault.device)
        if line is not None:
            line.heal()
    elif thing == "hub":
        shop.hub_disk.heal()
        shop.hub_up()
    elif thing == "edge":
        shop.cards[fault.device].heal()
        shop.edge_up(fault.device)
    elif thing == "broker":
        shop.broker_up()
    elif thing == "cloud" and cloud is not None:
        cloud.up()


def check(shop: ShopUnderTest, folder: Path, cloud: CloudUnderTest | None) -> Findings:
    """The checker's findings, and the hub's own opinion of its ledger."""
    told = shop.told
    findings = check_hub(shop.ledger, folder, told.kind)
    if cloud is not None:
        with cloud.records() as records:
            for word in (found := check_cloud(shop.ledger, records, shop.store_id, set_back=told.kind is Kind.HUB_SET_BACK)).told:
                findings.differ(word)
            findings.differences += found.differences - len(found.told)
    asked = Program("store-hub", ["verify", "--config", "hub.toml", "--json"], folder, log_name="verify", start=nursery.start)
    code = asked.wait_end(within_s=VERIFIED_WITHIN_S)
    verdicts = json.loads(asked.log[max(0, asked.log.find("[")) :] or "[]")
    findings.expect(code == 0 and bool(verdicts), f"store-hub verify: {[each for each in verdicts if not each['is_well']]}")
    return findings

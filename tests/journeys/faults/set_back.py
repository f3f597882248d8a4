"""How a hub's ledger is set back to an earlier one: by a copy, by a backup, by a disk that lied; and what its keeper then does."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import damage

if TYPE_CHECKING:
    from shop_under_test import ShopUnderTest

COMMAND_WITHIN_S = 300.0
FOLLOWS = "all tables follow from the journal"
"""A question of `store-hub verify`: all else is well then, and the tables can be made anew."""


def keep_copy(shop: ShopUnderTest) -> None:
    """Copy the ledger while the hub runs, as a snapshot of the disk does."""
    with closing(sqlite3.connect(shop.ledger)) as source, closing(sqlite3.connect(shop.folder / "yesterday.sqlite")) as target:
        source.backup(target)


def keep_backup(shop: ShopUnderTest) -> None:
    """Make a backup as the shop does each night; a disk that takes nothing is seen to first, for the backup's command refuses."""
    shop.hub_disk.heal()
    recipient = json.loads(_done(shop, "backup", "--new-key", "backup.key", "--json"))["recipient"]
    _done(shop, "backup", "--config", "hub.toml", "--to", "backups", "--recipient", recipient)


def restore_copy(shop: ShopUnderTest) -> None:
    """Kill the hub and put the older ledger in the place of its own; nobody tells it."""
    _down(shop)
    for end in ("-wal", "-shm"):
        shop.ledger.with_name(shop.ledger.name + end).unlink(missing_ok=True)
    shutil.copy(shop.folder / "yesterday.sqlite", shop.ledger)
    shop.hub_up()


def restore_backup(shop: ShopUnderTest) -> None:
    """Kill the hub and restore the backup as the shop does."""
    _down(shop)
    _put_back(shop)
    shop.hub_up()


def lie(shop: ShopUnderTest) -> Counter[str]:
    """Kill the hub, whose disk had said that its last commits were safe, and were not."""
    _down(shop)
    damage.tear_commits(shop.ledger, shop.chance)
    return _look(shop)


def lie_in_part(shop: ShopUnderTest) -> Counter[str]:
    """The same, but the disk had kept what was copied out of those commits into the ledger's file: the two do not fit together."""
    _down(shop)
    damage.tear_copied_commits(shop.ledger, shop.chance)
    return _look(shop)


def _down(shop: ShopUnderTest) -> None:
    shop.hub_down(orderly=False)
    shop.hub_disk.heal()


def _look(shop: ShopUnderTest) -> Counter[str]:
    """Before the hub runs again on such a disk, do as the handbook says: verify, and rebuild or restore; returns what was needed."""
    needed: Counter[str] = Counter()
    asked = _store_hub(shop, "verify", "--config", "hub.toml", "--json")
    if asked.returncode != 0:
        wrong = [verdict["question"] for verdict in json.loads(asked.stdout or "[]") if not verdict["is_well"]]
        if wrong == [FOLLOWS]:
            _done(shop, "rebuild", "--config", "hub.toml", "--replace")
            needed["hub_rebuilt"] += 1
        else:
            _put_back(shop)
            needed["hub_restored"] += 1
    shop.hub_up()
    return needed


def _put_back(shop: ShopUnderTest) -> None:
    backup = next((shop.folder / "backups").glob("*.age"))
    _done(shop, "restore", str(backup), "--key", "backup.key", "--config", "hub.toml", "--replace")


def _done(shop: ShopUnderTest, *words: str) -> str:
    done = _store_hub(shop, *words)
    assert done.returncode == 0, f"store-hub {words[0]}: {done.stdout[-500:]} {done.stderr[-500:]}"
    return done.stdout


def _store_hub(shop: ShopUnderTest, *words: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).parent / "store-hub")
    return subprocess.run([program, *words], cwd=shop.folder, capture_output=True, text=True, timeout=COMMAND_WITHIN_S, check=False)

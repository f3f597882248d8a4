"""A ledger that is damaged makes way for its backup, and `verify` finds out whatever is damaged."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from store_hub.adapters.backup_file import new_key, read_recipients, write_backup
from store_hub.errors import LedgerUnusable
from store_hub.flows.restore import restore
from store_hub.flows.verify import verify


def quiet(_done: int, _total: int) -> None:
    """No progress is shown."""


@pytest.fixture
def backup(shop: Any, tmp_path: Path) -> Path:
    """A backup of a shop with a history; its key is beside it."""
    for number in range(20):
        shop.weigh(9 - number % 9, 6 - number % 5)
    recipients = read_recipients([new_key(tmp_path / "backup.key")])
    return write_backup(shop.path, tmp_path / "backups", recipients=recipients, now_ms=shop.clock.at_ms, progress=quiet)[0]


@pytest.mark.parametrize("damage", ["no file of SQLite", "half a file", "no text in the schema", "half a log"])
def test_a_damaged_ledger_makes_way_for_its_backup_and_is_kept(shop: Any, backup: Path, damage: str) -> None:
    """That it cannot be opened any more is why it is restored."""
    path: Path = shop.path
    log = path.with_name(path.name + "-wal")
    content, newest = path.read_bytes(), log.read_bytes()
    shop.ledger.close()
    if damage == "no file of SQLite":
        path.write_bytes(b"rubbish" * 1000)
    elif damage == "half a file":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "no text in the schema":
        path.write_bytes(path.read_bytes().replace(b"CREATE", b"CR\xff\xfeTE", 1))
        with pytest.raises(LedgerUnusable, match="it is damaged"):
            verify(path, progress=quiet)
    log.write_bytes(newest[: len(newest) // 2])
    restored = restore(backup, backup.parent.parent / "backup.key", path, replace=True, progress=quiet)
    assert restored.kept_as is not None
    assert restored.kept_as.exists()
    shop.reopen()
    assert all(verdict.is_well for verdict in verify(path, progress=quiet))
    shop.weigh(3, 3)  # It books on.


@pytest.mark.parametrize("seed", range(4))
def test_a_page_of_rubbish_is_found_and_told_in_words(shop: Any, seed: int) -> None:
    for number in range(20):
        shop.weigh(9 - number % 9, 6 - number % 5)
    shop.ledger.close()
    chance, content = random.Random(seed), bytearray(shop.path.read_bytes())
    at = chance.randrange(len(content) // 4096) * 4096
    content[at : at + 4096] = chance.randbytes(4096)
    shop.path.write_bytes(content)
    try:
        verdicts = verify(shop.path, progress=quiet)
    except LedgerUnusable:
        return
    assert not all(verdict.is_well for verdict in verdicts)

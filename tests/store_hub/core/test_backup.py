"""A backup restores to the same ledger, page by page; what is damaged or not ours is refused; nights come and old backups go."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyrage
import pytest

from store_hub.adapters.backup_file import BackupUnusable, backups_in, new_key, read_recipients, unpack, write_backup
from store_hub.adapters.ledger_file import connect
from store_hub.entries import Sale, SaleLine
from store_hub.errors import LedgerUnusable
from store_hub.flows.backup import Backups
from store_hub.flows.restore import last_drill, prove, restore
from store_hub.rules.backup_keeping import next_due_ms, too_old

BERLIN = ZoneInfo("Europe/Berlin")


def quiet(_done: int, _total: int) -> None:
    """No progress is shown."""


class Vault:
    """A shop with a history, a key and a folder of backups."""

    def __init__(self, shop: Any, folder: Path) -> None:
        self.shop = shop
        self.key = folder / "backup.key"
        self.recipients = read_recipients([new_key(self.key)])
        self.folder = folder / "backups"

    def live(self, touches: int) -> None:
        for number in range(touches):
            self.shop.weigh(9 - number % 9, 6 - number % 5)
            line = SaleLine(sku="cola", units=1, price_minor=199)
            self.shop.tell(Sale(till="till-1", lines=[line], sold_at_ms=self.shop.clock.at_ms), key=f"sale-{self.shop.clock.at_ms}")

    def back_up(self) -> Path:
        return write_backup(self.shop.path, self.folder, recipients=self.recipients, now_ms=self.shop.clock.at_ms, progress=quiet)[0]

    def prove(self, backup: Path) -> Any:
        return prove(backup, self.key, self.shop.path, now_ms=self.shop.clock.at_ms, progress=quiet)


@pytest.fixture
def vault(shop: Any, tmp_path: Path) -> Vault:
    made = Vault(shop, tmp_path)
    made.live(40)
    return made


def pages(path: Path) -> list[bytes]:
    """The pages of a database file. On the first, what says how it is opened and how often it was changed is left out."""
    content = bytearray(path.read_bytes())
    for first, last in ((18, 20), (24, 28), (40, 44), (92, 100)):
        content[first:last] = bytes(last - first)
    size = int.from_bytes(content[16:18])
    return [bytes(content[at : at + size]) for at in range(0, len(content), size)]


def test_a_restored_backup_is_the_ledger_of_its_moment_page_by_page(vault: Vault, tmp_path: Path) -> None:
    vault.shop.ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(vault.shop.path, tmp_path / "of-the-moment.sqlite")
    backup = vault.back_up()
    vault.live(5)
    manifest = unpack(backup, vault.key, tmp_path / "restored.sqlite", progress=quiet)
    assert pages(tmp_path / "restored.sqlite") == pages(tmp_path / "of-the-moment.sqlite")
    assert len(pages(tmp_path / "restored.sqlite")) == manifest.pages
    assert vault.shop.ledger.last_journal_id() > manifest.last_journal_id


def test_while_a_hub_books_without_a_pause_a_backup_holds_one_moment(vault: Vault) -> None:
    """Entries and what follows from them belong together, however much is booked while the pages are copied."""
    for _round in range(5):
        progressed: list[int] = []

        def book_on(done: int, _total: int, seen: list[int] = progressed) -> None:
            seen.append(done)
            vault.live(1)

        path, _ = write_backup(vault.shop.path, vault.folder, recipients=vault.recipients, now_ms=vault.shop.clock.at_ms, progress=book_on)
        assert progressed
        assert vault.prove(path).is_well


def test_without_our_program_age_and_tar_open_it_too(vault: Vault, tmp_path: Path) -> None:
    backup = vault.back_up()
    identity = next(line for line in vault.key.read_text().splitlines() if line.startswith("AGE-SECRET-KEY"))
    pyrage.decrypt_file(str(backup), str(tmp_path / "plain.tar.gz"), [pyrage.x25519.Identity.from_str(identity)])
    with tarfile.open(tmp_path / "plain.tar.gz") as archive:
        assert archive.getnames() == ["manifest.json", "pages.blake2b", "ledger.sqlite"]
        manifest = json.loads(archive.extractfile("manifest.json").read())  # type: ignore[union-attr]
    assert manifest["store_id"] == "corner"
    assert b"SQLite" not in backup.read_bytes()
    assert vault.key.stat().st_mode & 0o077 == 0


def test_nobody_else_may_read_a_ledger(vault: Vault, tmp_path: Path) -> None:
    vault.live(1)
    path = vault.shop.path
    assert [file.name for file in path.parent.glob(path.name + "*") if file.stat().st_mode & 0o077] == []
    copy = Path(shutil.copy(path, tmp_path / "copy.sqlite"))
    copy.chmod(0o644)  # As a hub of an earlier version left it.
    connect(copy).close()
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_proof_asks_every_question_and_is_noted_beside_the_backups(vault: Vault) -> None:
    backup = vault.back_up()
    vault.live(3)
    proved = vault.prove(backup)
    assert proved.is_well
    questions = [verdict.question for verdict in proved.verdicts]
    assert questions[0] == "every page is as it was"
    assert "all tables follow from the journal" in questions
    assert questions[-1] == "every entry is as the live ledger has it"
    drill = last_drill(vault.folder)
    assert drill is not None
    assert (drill.backup, drill.is_well) == (backup.name, True)
    assert not list(vault.shop.path.parent.glob("*.drill*"))


def test_a_live_ledger_whose_past_was_changed_is_found_by_the_proof(vault: Vault) -> None:
    backup = vault.back_up()
    vault.shop.ledger.connection.execute("UPDATE journal SET payload = ? WHERE journal_id = 7", (b"{}",))
    proved = vault.prove(backup)
    assert not proved.is_well
    assert proved.verdicts[-1].answer.startswith("1 of ")


def test_a_restored_ledger_has_a_name_of_its_own_and_tells_the_cloud_everything_again(vault: Vault) -> None:
    backup = vault.back_up()
    old_id = vault.shop.ledger.identity.ledger_id
    units = vault.shop.units("cola", "drinks")
    vault.live(6)
    vault.shop.ledger.close()
    restored = restore(backup, vault.key, vault.shop.path, replace=True, progress=quiet)
    assert restored.kept_as is not None
    assert restored.kept_as.exists()
    vault.shop.reopen()
    assert vault.shop.ledger.identity.ledger_id == restored.ledger_id != old_id
    assert vault.shop.units("cola", "drinks") == units
    assert vault.shop.rows("SELECT last_sequence, booked_through FROM report_marks") == [(0, 0)]
    assert vault.shop.rows("SELECT count(*) FROM dirty")[0][0] > 0
    vault.live(1)  # It books on.


@pytest.mark.parametrize("place", ["ledger.sqlite", "manifest.json", "pages.blake2b"])
def test_one_changed_byte_is_refused(vault: Vault, tmp_path: Path, place: str) -> None:
    """Somebody with a recipient could make an archive; the fingerprints still do not fit."""
    backup = vault.back_up()
    identity = next(line for line in vault.key.read_text().splitlines() if line.startswith("AGE-SECRET-KEY"))
    pyrage.decrypt_file(str(backup), str(tmp_path / "plain.tar.gz"), [pyrage.x25519.Identity.from_str(identity)])
    inside = tmp_path / "inside"
    with tarfile.open(tmp_path / "plain.tar.gz") as archive:
        archive.extractall(inside, filter="data")
    content = bytearray((inside / place).read_bytes())
    content[len(content) // 2] ^= 1
    (inside / place).write_bytes(content)
    with tarfile.open(tmp_path / "changed.tar.gz", "w:gz") as archive:
        for name in ("manifest.json", "pages.blake2b", "ledger.sqlite"):
            archive.add(inside / name, name)
    changed = tmp_path / backup.name
    pyrage.encrypt_file(str(tmp_path / "changed.tar.gz"), str(changed), vault.recipients)
    target = tmp_path / "never.sqlite"
    try:
        unpack(changed, vault.key, target, progress=quiet)
    except BackupUnusable:
        assert not target.exists()
    else:
        assert place == "manifest.json", "a changed name is no damage to the pages"


def test_damage_a_wrong_key_and_a_missing_file_are_told_apart(vault: Vault, tmp_path: Path) -> None:
    backup = vault.back_up()
    content = bytearray(backup.read_bytes())
    content[-100] ^= 1
    broken = tmp_path / "broken.age"
    broken.write_bytes(content)
    new_key(tmp_path / "other.key")
    (tmp_path / "no.key").write_text("hello\n", encoding="utf-8")
    for file, key, words in (
        (broken, vault.key, "it does not open"),
        (backup, tmp_path / "other.key", "it does not open"),
        (backup, tmp_path / "no.key", "it is no age key"),
        (backup, tmp_path / "gone.key", "No such file"),
        (tmp_path / "gone.age", vault.key, "there is no such file"),
    ):
        with pytest.raises(BackupUnusable, match=words):
            unpack(file, key, tmp_path / "target.sqlite", progress=quiet)
        assert not (tmp_path / "target.sqlite").exists()


def test_a_ledger_in_use_or_in_the_way_is_not_overwritten(vault: Vault) -> None:
    backup = vault.back_up()
    with pytest.raises(LedgerUnusable, match="there is a ledger already"):
        restore(backup, vault.key, vault.shop.path, replace=False, progress=quiet)
    with pytest.raises(LedgerUnusable, match="another hub has it open"):
        restore(backup, vault.key, vault.shop.path, replace=True, progress=quiet)


@pytest.fixture
def make_nightly(vault: Vault) -> Iterator[Callable[..., Backups]]:
    def make(folder: Path) -> Backups:
        return Backups(
            vault.shop.path,
            folder,
            store_id="corner",
            recipients=vault.recipients,
            at=time(3, 10),
            zone=lambda: BERLIN,
            keep_days=3,
            keep_weeks=2,
            now_ms=vault.shop.clock.now_ms,
        )

    return make


def test_each_night_one_backup_is_made_and_old_ones_go(vault: Vault, make_nightly: Callable[..., Backups]) -> None:
    nightly = make_nightly(vault.folder)
    for _hour in range(24 * 20):
        nightly.look()
        vault.shop.clock.at_ms += 3_600_000
    left = [datetime.fromtimestamp(each.taken_at_ms / 1000, BERLIN) for each in backups_in(vault.folder, "corner")]
    assert 3 <= len(left) <= 5
    assert all(at.hour in (3, 4) for at in left[1:])
    assert left[-1] - left[-2] == timedelta(days=1)
    assert nightly.age_s() < 86_400


def test_a_folder_that_cannot_be_written_is_told_and_tried_again(
    vault: Vault, make_nightly: Callable[..., Backups], tmp_path: Path
) -> None:
    (tmp_path / "wall").write_text("a file, no folder", encoding="utf-8")
    nightly = make_nightly(tmp_path / "wall" / "backups")
    nightly.look()
    assert "Not a directory" in str(nightly.state().problem)
    (tmp_path / "wall").unlink()
    vault.shop.clock.at_ms += 60_000
    nightly.look()
    assert nightly.state().last_taken_at_ms is None, "not at once"
    vault.shop.clock.at_ms += 15 * 60_000
    nightly.look()
    assert nightly.state().problem is None
    assert nightly.state().last_taken_at_ms == vault.shop.clock.at_ms


def at(day: int, hour: int, minute: int = 0) -> int:
    return round(datetime(2026, 3, day, hour, minute, tzinfo=BERLIN).timestamp() * 1000)


def test_a_backup_is_due_at_the_shops_own_time_also_when_the_clocks_change() -> None:
    assert next_due_ms(None, at(1, 12), at=time(3, 10), zone=BERLIN) == at(1, 12)
    assert next_due_ms(at(1, 3, 10), at(1, 12), at=time(3, 10), zone=BERLIN) == at(2, 3, 10)
    assert next_due_ms(at(1, 1), at(1, 2), at=time(3, 10), zone=BERLIN) == at(1, 3, 10)
    assert next_due_ms(at(28, 3, 10), at(28, 12), at=time(3, 10), zone=BERLIN) == at(29, 3, 10)  # Summer time begins.
    assert next_due_ms(at(1, 3, 10), at(5, 12), at=time(3, 10), zone=BERLIN) == at(5, 12)


def test_the_newest_and_what_lies_in_the_future_are_never_let_go() -> None:
    old = [at(1, 3), at(2, 3), at(3, 3)]
    assert too_old(old, at(31, 12), keep_days=1, keep_weeks=1, zone=BERLIN) == old[:2]
    assert too_old([*old, at(31, 23)], at(20, 12), keep_days=1, keep_weeks=1, zone=BERLIN) == old


def test_the_commands_back_up_prove_and_put_back(vault: Vault, tmp_path: Path) -> None:
    vault.shop.ledger.close()
    hub = [sys.executable, "-m", "store_hub"]

    def run(*words: str, code: int = 0) -> str:
        done = subprocess.run([*hub, *words], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    recipient = json.loads(run("backup", "--new-key", "k", "--json"))["recipient"]
    assert "give a new file's name" in run("backup", "--new-key", "k", code=7)
    assert "--recipient" in run("backup", "--ledger", str(vault.shop.path), "--to", "out", code=7)
    made = json.loads(run("backup", "--ledger", str(vault.shop.path), "--to", "out", "--recipient", recipient, "--json"))
    assert "every page is as it was" in run("restore", made["backup"], "--key", "k", "--verify", "--ledger", str(vault.shop.path))
    assert "holds" in run("restore", made["backup"], "--key", "k", "--ledger", "elsewhere/new.sqlite")
    assert "there is a ledger already" in run("restore", made["backup"], "--key", "k", "--ledger", "elsewhere/new.sqlite", code=5)
    vault.shop.reopen()

"""A backup of a ledger: one file that holds the ledger as of one moment, a fingerprint of each of its pages, and who it is of.

It is a tar archive, compressed and encrypted for one or more recipients with age (age-encryption.org), so that it can be opened without
this program too: `age -d -i KEY FILE | tar xz`. The hub needs only the recipients' public halves; the key that opens is kept elsewhere.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import msgspec
import pyrage

from store_hub.adapters.ledger_copy import LedgerSnapshot
from store_hub.adapters.ledger_file import ledger_trouble
from store_hub.errors import HubError

FORMAT = 1
FINGERPRINT_BYTES = 16
COPY_PAGES = 500
"""Pages copied at once: a hub that books waits for no more than that."""

MANIFEST_BYTES_MAX = 65_536
_NAME = re.compile(r"^ledger-(?P<store>.+)-(?P<at>\d{8}T\d{6}Z)\.tar\.gz\.age$")
_WORKSHOP = ".aislewise-backup-"

Progress = Callable[[int, int], None]


class BackupUnusable(HubError, ValueError):
    """A backup, its key or its folder cannot be used."""

    exit_code = 7

    def __init__(self, *, path: str, problem: str, advice: str) -> None:
        super().__init__(f"backup {path}: {problem}; {advice}")
        self.path = path
        self.problem = problem
        self.advice = advice


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself. `page_bytes` × `pages` is the ledger's size; `last_journal_id` its last entry."""

    format: int
    store_id: str
    ledger_id: str
    taken_at_ms: int
    last_journal_id: int
    page_bytes: int
    pages: int


class Backup(msgspec.Struct, frozen=True):
    """A backup that lies in a folder."""

    path: Path
    taken_at_ms: int


def new_key(path: Path) -> str:
    """Write a new key that opens backups, readable by its owner alone, and return its public half, the recipient.

    Raises:
        BackupUnusable: there is something of that name, or it cannot be written.
    """
    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"# opens backups made for {recipient}\n{identity}\n")
    except OSError as error:
        raise BackupUnusable(path=str(path), problem=error.strerror or "not written", advice="give a new file's name") from None
    return recipient


def read_recipients(recipients: Sequence[str]) -> list[Any]:
    """Return the recipients, read.

    Raises:
        ValueError: one is no age recipient; the text names it.
    """
    read = []
    for recipient in recipients:
        try:
            read.append(pyrage.x25519.Recipient.from_str(recipient))
        except pyrage.RecipientError as error:
            raise ValueError(f"{recipient[:20]!r} is no age recipient ({error}); make one with store-hub backup --new-key FILE") from None
    return read


def backups_in(folder: Path, store_id: str) -> list[Backup]:
    """The finished backups of a store in a folder, the oldest first."""
    found = []
    for path in folder.glob("ledger-*.tar.gz.age"):
        if (match := _NAME.match(path.name)) and match["store"] == store_id:
            at = datetime.strptime(match["at"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            found.append(Backup(path, round(at.timestamp() * 1000)))
    return sorted(found, key=lambda backup: backup.taken_at_ms)


def write_backup(ledger: Path, folder: Path, *, recipients: Sequence[Any], now_ms: int, progress: Progress) -> tuple[Path, Manifest]:
    """Back a ledger up while its hub goes on booking; returns the finished file, which is on the disk under its name or not at all.

    Args:
        recipients: as `read_recipients` returns them.
        progress: told pages copied and pages in all.

    Raises:
        LedgerUnusable: it cannot be read. BackupUnusable: the folder cannot be written.
    """
    with _folder_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _workshop(ledger.parent) as workshop:
        copy = workshop / "ledger.sqlite"
        manifest = _copy(ledger, copy, now_ms, progress)
        with _folder_errors(ledger.parent):
            _pack(workshop / "backup.tar.gz", copy, manifest)
        at = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        finished = folder / f"ledger-{manifest.store_id}-{at}.tar.gz.age"
        partial = finished.with_name(finished.name + ".partial")
        with _folder_errors(folder):
            try:
                pyrage.encrypt_file(str(workshop / "backup.tar.gz"), str(partial), list(recipients))
                _to_disk(partial)
                os.replace(partial, finished)
                _to_disk(folder)
            finally:
                partial.unlink(missing_ok=True)
    return finished, manifest


def unpack(backup: Path, key: Path, target: Path, *, progress: Progress) -> Manifest:
    """Decrypt a backup into a ledger file and hold each of its pages against its fingerprint.

    Raises:
        BackupUnusable: no such file, the wrong key, damage, or a page that is not as it was; `target` is then not there.
    """
    try:
        with _workshop(target.parent) as workshop:
            _decrypt(backup, key, workshop / "backup.tar.gz")
            with tarfile.open(workshop / "backup.tar.gz", "r:gz") as archive:
                manifest = msgspec.json.decode(_member(archive, backup, "manifest.json", MANIFEST_BYTES_MAX).read(), type=Manifest)
                if manifest.format > FORMAT:
                    raise _unusable(backup, f"its format {manifest.format} is newer than this hub knows", "update the hub")
                size = manifest.pages * manifest.page_bytes
                if size > shutil.disk_usage(target.parent).free:
                    raise _unusable(backup, f"it unpacks to {size:,} bytes; there is no room for that", "make room, or take another one")
                fingerprints = _member(archive, backup, "pages.blake2b", manifest.pages * FINGERPRINT_BYTES).read()
                with target.open("wb") as file:
                    shutil.copyfileobj(_member(archive, backup, "ledger.sqlite", size), file)
            _hold_against(target, manifest, fingerprints, backup, progress)
            return manifest
    except (BackupUnusable, tarfile.TarError, EOFError, msgspec.DecodeError, OSError) as error:
        target.unlink(missing_ok=True)
        if isinstance(error, BackupUnusable):
            raise
        problem = (error.strerror or str(error)) if isinstance(error, OSError) else f"it is damaged ({error})"
        raise _unusable(backup, problem, "check file, folder and disk, or take another one") from None


def _copy(ledger: Path, copy: Path, now_ms: int, progress: Progress) -> Manifest:
    snapshot = LedgerSnapshot(ledger)
    try:
        target = sqlite3.connect(copy, isolation_level=None)
        try:
            snapshot.connection.backup(target, pages=COPY_PAGES, progress=lambda _status, left, total: progress(total - left, total))
            target.execute("PRAGMA journal_mode = DELETE").fetchone()  # One file, and nothing beside it.
            ledger_id, store_id = target.execute("SELECT ledger_id, store_id FROM meta").fetchone()
            return Manifest(
                format=FORMAT,
                store_id=store_id,
                ledger_id=ledger_id,
                taken_at_ms=now_ms,
                last_journal_id=target.execute("SELECT coalesce(max(journal_id), 0) FROM journal").fetchone()[0],
                page_bytes=target.execute("PRAGMA page_size").fetchone()[0],
                pages=target.execute("PRAGMA page_count").fetchone()[0],
            )
        finally:
            target.close()
    except sqlite3.Error as error:
        raise ledger_trouble(ledger, error) from None
    finally:
        snapshot.close()


def _pack(packed: Path, copy: Path, manifest: Manifest) -> None:
    with copy.open("rb") as pages:
        fingerprints = b"".join(_fingerprint(page) for page in iter(lambda: pages.read(manifest.page_bytes), b""))
    with tarfile.open(packed, "w:gz", compresslevel=1) as archive:
        for name, content in (("manifest.json", msgspec.json.encode(manifest)), ("pages.blake2b", fingerprints)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        archive.add(copy, "ledger.sqlite", filter=_without_owner)


def _without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _decrypt(backup: Path, key: Path, into: Path) -> None:
    try:
        lines = [line.strip() for line in key.read_text(encoding="utf-8").splitlines()]
        identities = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError) as error:
        reason = getattr(error, "strerror", None) or "it is no age key"
        raise BackupUnusable(
            path=str(key), problem=f"the key cannot be read: {reason}", advice="give the file that --new-key wrote"
        ) from None
    if not identities:
        raise BackupUnusable(path=str(key), problem="the file holds no key", advice="give the file that --new-key wrote")
    if not backup.is_file():
        raise _unusable(backup, "there is no such file", "give the path of a backup")
    try:
        pyrage.decrypt_file(str(backup), str(into), identities)
    except (pyrage.DecryptError, OSError) as error:
        raise _unusable(
            backup, f"it does not open ({error})", "give the key it was made for; if that is right, the file is damaged"
        ) from None


def _member(archive: tarfile.TarFile, backup: Path, name: str, size_max: int) -> IO[bytes]:
    known = archive.getmember(name) if name in archive.getnames() else None
    member = archive.extractfile(known) if known is not None and known.isfile() else None  # A link would lead elsewhere.
    if member is None:
        raise _unusable(backup, f"it holds no {name}", "it was made by another program; take another one")
    if known is not None and known.size > size_max:  # Whoever has the public half can make one, as large as they please.
        raise _unusable(backup, f"its {name} has {known.size:,} bytes where {size_max:,} are right", "take another one")
    return member


def _hold_against(ledger: Path, manifest: Manifest, fingerprints: bytes, backup: Path, progress: Progress) -> None:
    wrong = 0
    with ledger.open("rb") as pages:
        for number in range(manifest.pages):
            page = pages.read(manifest.page_bytes)
            wrong += _fingerprint(page) != fingerprints[number * FINGERPRINT_BYTES : (number + 1) * FINGERPRINT_BYTES]
            if number % COPY_PAGES == 0:
                progress(number, manifest.pages)
        wrong += bool(pages.read(1))
    if wrong:
        raise _unusable(backup, f"{wrong} of {manifest.pages} pages are not as they were", "take another one")
    progress(manifest.pages, manifest.pages)


def _fingerprint(page: bytes) -> bytes:
    return hashlib.blake2b(page, digest_size=FINGERPRINT_BYTES).digest()


@contextmanager
def _workshop(beside: Path) -> Iterator[Path]:
    """A folder for what must not be seen half done; those that a killed program left are removed."""
    with _folder_errors(beside):
        for left in beside.glob(f"{_WORKSHOP}*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = tempfile.mkdtemp(prefix=_WORKSHOP, dir=beside)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _folder_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, HubError):
            raise
        raise _unusable(folder, error.strerror or str(error), "check the folder, its rights and its disk") from None
    except pyrage.EncryptError as error:
        raise _unusable(folder, str(error), "check the folder, its rights and its disk") from None


def _unusable(path: Path, problem: str, advice: str) -> BackupUnusable:
    return BackupUnusable(path=str(path), problem=problem, advice=advice)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Watches a folder for CSV files of other systems: each is picked up whole, booked once, and put into `done` or, with a reason, `refused`.

A file is taken when it has stopped growing, by renaming it into `working`: a hub that is killed finds it there again. What was booked of it
before is not booked twice, for its lines carry keys made of what is in the file.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path

import structlog
from babel.numbers import get_currency_precision

from store_hub.config import FolderConfig
from store_hub.errors import HubBusy, HubError, HubStopping, LedgerUnusable
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import Book, ChangeProducts
from store_hub.flows.parts import Parts
from store_hub.rules.folder_files import KINDS, kind_of, read_products, read_told
from store_hub.rules.goods_files import FileRefused

LOOK_S = 2.0
ANSWER_S = 30.0
BYTES_MAX = 50_000_000
_LATER = (HubBusy, HubStopping, LedgerUnusable, FutureTimeout)
"""Not the file's fault: it is tried again."""

_log = structlog.get_logger("folder")


class Folder:
    """A named thread."""

    name = "folder"

    def __init__(self, folder: Path, *, bookkeep: BookkeepingDoor, parts: Parts, currency: Callable[[], str]) -> None:
        self._folder = folder
        self._bookkeep = bookkeep
        self._parts = parts
        self._currency = currency
        self._seen: dict[Path, tuple[int, int]] = {}
        self.booked = self.refused = 0

    def run(self, stop: threading.Event) -> None:
        """Look every few seconds, until told to stop."""
        while not stop.wait(LOOK_S):
            try:
                self.look()
            except OSError as error:
                _log.error("the watched folder cannot be read", folder=str(self._folder), problem=error.strerror or str(error))
            except _LATER as error:
                _log.warning("a file waits", problem=str(error) or "the bookkeeper did not answer in time")

    def look(self) -> None:
        """Take every file that has stopped growing.

        Raises:
            OSError: the folder cannot be used. HubBusy, HubStopping, LedgerUnusable: a file waits in `working`.
        """
        working = self._room("working")
        for path in sorted(working.iterdir()):
            self._take(path)
        now: dict[Path, tuple[int, int]] = {}
        for path in sorted(self._folder.glob("*.[cC][sS][vV]")):
            try:
                state = path.lstat()
                now[path] = (state.st_size, state.st_mtime_ns)
                if self._seen.get(path) == now[path]:
                    taken = working / path.name
                    path.rename(taken)
                    self._take(taken)
            except OSError as error:  # One file that cannot be moved must not keep the others waiting.
                _log.error("a file cannot be taken", file=_printable(path.name), problem=error.strerror or str(error))
        self._seen = now

    def _take(self, path: Path) -> None:
        try:
            count = self._book(path)
        except _LATER:
            raise
        except (HubError, ValueError) as error:
            self._put(path, "refused", reason=str(error))
            self.refused += 1
            _log.warning("a file is refused", file=_printable(path.name), problem=str(error))
        else:
            self._put(path, "done")
            self.booked += 1
            _log.info("a file is booked", file=path.name, entries=count)

    def _book(self, path: Path) -> int:
        kind = kind_of(path.name)
        if kind is None:
            raise FileRefused([f"its name says not what it is; begin it with one of {', '.join(KINDS)}"])
        if not path.name.isprintable():
            raise FileRefused(["its name holds characters that cannot be written; name it anew"])
        content, decimals = _content(path), int(get_currency_precision(self._currency()))
        if kind in ("products", "prices"):
            self._bookkeep.submit(ChangeProducts(read_products(kind, content, decimals=decimals))).result(ANSWER_S)
            return 1
        told = read_told(kind, content, name=path.name, zone=self._parts.zone(), decimals=decimals)
        digest = hashlib.sha256(kind.encode() + content).hexdigest()[:40]
        answers = [self._bookkeep.submit(Book(one, "folder", f"{digest}-{number}")) for number, one in enumerate(told)]
        problems = []
        for number, answer in enumerate(answers, 1):
            try:
                answer.result(ANSWER_S)
            except _LATER:
                raise
            except HubError as error:
                problems.append(f"entry {number} of {len(told)}: {error}")
        if problems:
            raise FileRefused([*problems, f"the other {len(told) - len(problems)} entries are booked"])
        return len(told)

    def _put(self, path: Path, room: str, *, reason: str | None = None) -> None:
        """Move a file, without writing over one of the same name."""
        folder, number = self._room(room), 1
        target = folder / path.name
        while os.path.lexists(target) or os.path.lexists(_reason_of(target)):
            number += 1
            target = folder / f"{path.stem}-{number}{path.suffix}"
        if reason is not None:
            # Whoever fills the folder may have put a link in the way: nothing is ever written through one.
            handle = os.open(_reason_of(target), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{reason}\n")
        path.rename(target)

    def _room(self, name: str) -> Path:
        room = self._folder / name
        if room.is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, f"{room} is a link; take it away, the hub makes a folder there", str(room))
        room.mkdir(parents=True, exist_ok=True)
        return room


def _content(path: Path) -> bytes:
    """What is in a file that somebody else put there: never what a link points to, nor what a pipe may send one day.

    Raises:
        FileRefused
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        why = "it is a link; put the file itself here" if error.errno == errno.ELOOP else f"it cannot be read: {error.strerror}"
        raise FileRefused([why]) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileRefused(["it is no file; put a CSV file here"])
    with os.fdopen(handle, "rb") as file:
        content = file.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise FileRefused([f"it is above {BYTES_MAX} bytes; send it in parts"])
    return content


def _reason_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.reason.txt")


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def make_folder(config: FolderConfig, parts: Parts, *, currency: Callable[[], str]) -> Folder | None:
    """Return the flow, or None where no folder is watched."""
    return None if config.path is None else Folder(Path(config.path), bookkeep=parts.bookkeep, parts=parts, currency=currency)

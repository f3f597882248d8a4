"""Watches a folder for CSV files of other systems: each is picked up whole, booked once, and put into `done` or, with a reason, `refused`.

A file is taken when it has stopped growing, by renaming it into `working`: a hub that is killed finds it there again. What was booked of it
before is not booked twice, for its lines carry keys made of what is in the file.
"""

from __future__ import annotations

import hashlib
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
            state = path.stat()
            now[path] = (state.st_size, state.st_mtime_ns)
            if self._seen.get(path) == now[path]:
                taken = working / path.name
                path.rename(taken)
                self._take(taken)
        self._seen = now

    def _take(self, path: Path) -> None:
        try:
            count = self._book(path)
        except _LATER:
            raise
        except (HubError, ValueError) as error:
            self._put(path, "refused", reason=str(error))
            self.refused += 1
            _log.warning("a file is refused", file=path.name, problem=str(error))
        else:
            self._put(path, "done")
            self.booked += 1
            _log.info("a file is booked", file=path.name, entries=count)

    def _book(self, path: Path) -> int:
        kind = kind_of(path.name)
        if kind is None:
            raise FileRefused([f"its name says not what it is; begin it with one of {', '.join(KINDS)}"])
        if path.stat().st_size > BYTES_MAX:
            raise FileRefused([f"it is above {BYTES_MAX} bytes; send it in parts"])
        content, decimals = path.read_bytes(), int(get_currency_precision(self._currency()))
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
        while target.exists():
            number += 1
            target = folder / f"{path.stem}-{number}{path.suffix}"
        if reason is not None:
            (folder / f"{target.name}.reason.txt").write_text(f"{reason}\n", encoding="utf-8")
        path.rename(target)

    def _room(self, name: str) -> Path:
        room = self._folder / name
        room.mkdir(parents=True, exist_ok=True)
        return room


def make_folder(config: FolderConfig, parts: Parts, *, currency: Callable[[], str]) -> Folder | None:
    """Return the flow, or None where no folder is watched."""
    return None if config.path is None else Folder(Path(config.path), bookkeep=parts.bookkeep, parts=parts, currency=currency)

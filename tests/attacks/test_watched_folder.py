"""Whoever may put files into the watched folder reads nothing, writes nothing elsewhere, and keeps nobody else's files waiting."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from store_hub.flows import folder as watched
from store_hub.flows.commands import Answer, Book
from store_hub.flows.folder import Folder
from store_hub.flows.parts import Parts

GOOD = "sku;units\nmilk;1\n"
SECRET = "sku;units\nthe key of the shop;1\n"


class Books:
    """Takes what a file tells."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def submit(self, command: Any) -> Future[Answer]:
        assert isinstance(command, Book)
        self.told.append(command.told)
        answer: Future[Answer] = Future()
        answer.set_result(None)
        return answer


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def look(place: Path, books: Any, times: int = 2) -> Folder:
    parts = Parts(place / "ledger.sqlite", books, "corner", lambda: ZoneInfo("UTC"), lambda: 0)
    made = Folder(place, bookkeep=books, parts=parts, currency=lambda: "EUR")

    def run() -> None:
        for _ in range(times):
            with suppress(OSError):  # As the flow does, which tells and looks again.
                made.look()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "something in the folder keeps the hub waiting"
    return made


def names(room: Path) -> list[str]:
    return sorted(path.name for path in room.iterdir()) if room.is_dir() else []


def put(place: Path, kind: str) -> str:
    """Put something of a stranger's making beside a good file; returns its name."""
    path = place / "sales-a.csv"
    match kind:
        case "link":
            path.symlink_to("../secret")
        case "link to nothing":
            path.symlink_to("/nowhere/at/all")
        case "link to itself":
            path.symlink_to("sales-a.csv")
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "huge":
            with path.open("wb") as file:
                file.truncate(2**40)  # A terabyte of nothing.
        case "another's":
            path.write_text(GOOD)
            path.chmod(0)
        case "no text in its name":
            path = place / os.fsdecode(b"sales-\xff\n.csv")
            path.write_text(GOOD)
        case "up":
            path = place / "sales-..csv"
            path.write_text("../../etc/passwd\n")
    return path.name


KINDS = ["link", "link to nothing", "link to itself", "pipe", "folder", "huge", "another's", "no text in its name", "up"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_of_ones_own_is_refused_and_nobody_waits_for_it(place: Path, books: Books, kind: str) -> None:
    if kind == "another's" and os.geteuid() == 0:
        pytest.skip("root reads everything")
    name = put(place, kind)
    (place / "sales-b.csv").write_text(GOOD)
    made = look(place, books)
    assert (made.booked, made.refused) == (1, 1)
    assert names(place / "done") == ["sales-b.csv"]
    assert name in names(place / "refused")
    reasons = [path.read_text() for path in (place / "refused").glob("*.reason.txt")]
    assert len(reasons) == 1
    assert "key of the shop" not in reasons[0]
    assert names(place / "working") == []


def test_a_file_larger_than_it_said_is_not_read_to_its_end(place: Path, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "BYTES_MAX", 100)
    (place / "sales-a.csv").write_text(GOOD + "milk;1\n" * 100)
    assert look(place, books).refused == 1
    assert books.told == []


def test_nothing_is_written_through_a_link_that_lies_in_the_way(place: Path, books: Books, tmp_path: Path) -> None:
    (place / "refused").mkdir()
    (place / "refused/sales-a.csv.reason.txt").symlink_to("../../secret")
    (place / "refused/sales-a-2.csv").symlink_to("../../made-by-the-hub")
    (place / "sales-a.csv").write_text("nonsense")
    assert look(place, books).refused == 1
    assert (tmp_path / "secret").read_text() == SECRET
    assert not (tmp_path / "made-by-the-hub").exists()
    assert "sales-a-3.csv.reason.txt" in names(place / "refused")


@pytest.mark.parametrize("room", ["working", "done", "refused"])
def test_a_room_of_the_folder_that_leads_elsewhere_is_not_entered(place: Path, books: Books, tmp_path: Path, room: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (place / room).symlink_to("../elsewhere")
    (place / "sales-a.csv").write_text("nonsense" if room == "refused" else GOOD)
    look(place, books)
    assert names(tmp_path / "elsewhere") == []

"""An outbox file that is damaged, copied, locked or misplaced: kept, never thrown away, and the agent goes on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.adapters.outbox import Letter, Outbox
from edge_agent.errors import OutboxUnusable
from wire_format import codec
from wire_format.observations import Observation, ShelfWeight

MINUTE_MS = 60_000


def weight(minute: int, *, shelf: str = "s1", weight_g: float = 500.0) -> ShelfWeight:
    at_ms = minute * MINUTE_MS
    return ShelfWeight(
        device_id="shelves-1", boot_id="00c0ffee", monotonic_ms=at_ms, observed_at_ms=at_ms, shelf_id=shelf, weight_g=weight_g, spread_g=1.0
    )


def read(letters: list[Letter]) -> list[Observation]:
    return [codec.observations.decode(letter.payload) for letter in letters]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "outbox.sqlite"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    box = Outbox(path, capacity=1000)
    yield box
    box.close()


def test_a_damaged_file_is_kept_under_another_name_and_a_new_one_begun(path: Path) -> None:
    first = Outbox(path, capacity=1000)
    first.put_all([weight(minute) for minute in range(500)])
    first.close()
    content = bytearray(path.read_bytes())
    content[4096:20_480] = os.urandom(16_384)
    path.write_bytes(content)
    outbox = Outbox(path, capacity=1000)
    assert outbox.set_aside is not None
    assert outbox.set_aside.read_bytes() == content
    assert outbox.outbox_id != first.outbox_id
    outbox.put(weight(1))
    assert [letter.sequence for letter in outbox.take(0, 10)] == [1]
    outbox.close()


def test_a_file_that_is_no_outbox_is_kept_too(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("shopping list: milk, eggs\n" * 100)
    outbox = Outbox(path, capacity=10)
    assert outbox.set_aside is not None
    assert outbox.set_aside.read_text().startswith("shopping list")
    outbox.close()


def test_a_disk_that_always_damages_its_files_is_not_filled_with_them(path: Path) -> None:
    for _ in range(12):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("rubbish " * 1000)
        Outbox(path, capacity=10).close()
    assert len(list(path.parent.glob("*.aside-*"))) <= 5


def test_a_second_agent_on_the_same_outbox_is_told_to_use_its_own(outbox: Outbox, path: Path) -> None:
    with pytest.raises(OutboxUnusable, match="another edge-agent is using it; stop that one"):
        Outbox(path, capacity=10)


def test_a_place_where_no_file_can_be_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutboxUnusable, match=r"is no folder; give the agent's user a folder") as told:
        Outbox(tmp_path / "file" / "outbox.sqlite", capacity=10)
    assert told.value.exit_code == 5


def test_an_outbox_of_a_newer_agent_is_left_alone(path: Path) -> None:
    Outbox(path, capacity=10).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(OutboxUnusable, match="update edge-agent"):
        Outbox(path, capacity=10)
    assert path.exists()


def test_a_new_beginning_takes_along_only_what_the_hub_cannot_have_booked(path: Path) -> None:
    first = Outbox(path, capacity=100)
    first.put_all([weight(minute) for minute in range(4)])
    first.take(0, 2)  # Numbered, perhaps sent and booked, before this file was copied.
    first.close()
    outbox = Outbox(path, capacity=100)
    outbox.take(2, 1)
    old_id = outbox.outbox_id
    kept = outbox.begin_anew()
    assert kept.exists()
    assert outbox.outbox_id != old_id
    assert read(outbox.take(0, 10)) == [weight(2), weight(3)]
    assert [letter.sequence for letter in outbox.take(0, 10)] == [1, 2]
    outbox.close()


def test_a_crash_in_the_middle_of_a_new_beginning_loses_nothing(path: Path) -> None:
    outbox = Outbox(path, capacity=100)
    outbox.put(weight(1))
    outbox.close()
    path.rename(path.with_name(path.name + ".new"))  # The old file was set aside, the new one not yet in its place.
    again = Outbox(path, capacity=100)
    assert read(again.take(0, 10)) == [weight(1)]
    again.close()

"""An outbox file that is damaged, copied, locked or misplaced: kept, never thrown away, and the agent goes on."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from small_letters import read, weight

from edge_agent.adapters.outbox import Outbox
from edge_agent.errors import OutboxUnusable
from wire_format.observations import Shed, ShelfWeight


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


def test_a_schema_that_is_no_text_any_more_is_damage_like_any_other(path: Path) -> None:
    """SQLite quotes it in what it says, which is then no text either; found by `make fuzz`."""
    first = Outbox(path, capacity=1000)
    first.put(weight(1))
    first.close()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"CREATE", b"CR\xff\xfeTE", 1))
    outbox = Outbox(path, capacity=1000)
    assert outbox.set_aside is not None
    outbox.put(weight(2))
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


def test_a_new_beginning_takes_everything_along(path: Path) -> None:
    first = Outbox(path, capacity=100)
    first.put_all([weight(minute) for minute in range(4)])
    first.take(0, 2)  # Numbered, perhaps sent and booked, before this file was copied: the hub knows by the content.
    first.close()
    outbox = Outbox(path, capacity=100)
    outbox.take(2, 1)
    old_id = outbox.outbox_id
    kept = outbox.begin_anew()
    assert kept.exists()
    assert outbox.outbox_id != old_id
    assert read(outbox.take(0, 10)) == [weight(0), weight(1), weight(2), weight(3)]
    assert [letter.sequence for letter in outbox.take(0, 10)] == [1, 2, 3, 4]
    outbox.close()


def test_what_a_damaged_file_still_tells_is_taken_over_and_the_rest_counted(path: Path) -> None:
    first = Outbox(path, capacity=1000)
    first.put_all([weight(minute) for minute in range(500)])
    first.close()
    content = bytearray(path.read_bytes())
    pages = range(len(content) // 4096)
    leaves = [page for page in pages if content[page * 4096] == 13 and b'"shelf_weight"' in content[page * 4096 : (page + 1) * 4096]]
    torn = leaves[len(leaves) // 2]  # 13 is how SQLite marks a table's leaf.
    content[torn * 4096 : (torn + 1) * 4096] = os.urandom(4096)
    path.write_bytes(content)
    outbox = Outbox(path, capacity=1000)
    told = read(outbox.take(0, 1000))
    lost = next(one for one in told if isinstance(one, Shed)).counts["damaged"]
    assert 0 < lost < 100
    assert [one for one in told if not isinstance(one, Shed)] == sorted(
        (one for one in told if isinstance(one, ShelfWeight)), key=lambda one: one.monotonic_ms
    )
    assert len(told) - 1 == 500 - lost
    assert outbox.lost_to_damage == outbox.shed_counts()["damaged"] == lost
    outbox.close()


def test_a_crash_in_the_middle_of_a_new_beginning_loses_nothing(path: Path) -> None:
    outbox = Outbox(path, capacity=100)
    outbox.put(weight(1))
    outbox.close()
    path.rename(path.with_name(path.name + ".new"))  # The old file was set aside, the new one not yet in its place.
    again = Outbox(path, capacity=100)
    assert read(again.take(0, 10)) == [weight(1)]
    again.close()

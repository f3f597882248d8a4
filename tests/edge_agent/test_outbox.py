"""The outbox: nothing that was put is lost, and no sequence is missing, whatever pulls the plug."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from small_letters import MINUTE_MS, read, weight

from edge_agent.adapters.outbox import Outbox
from wire_format.errors import MessageUndecodable
from wire_format.observations import ShelfWeight


def test_what_is_put_comes_out_in_order_and_numbered_from_one(outbox: Outbox) -> None:
    for minute in range(5):
        outbox.put(weight(minute))
    letters = outbox.take(0, 10)
    assert [letter.sequence for letter in letters] == [1, 2, 3, 4, 5]
    assert read(letters) == [weight(minute) for minute in range(5)]


def test_only_what_the_hub_has_booked_is_forgotten(outbox: Outbox) -> None:
    outbox.put_all([weight(minute) for minute in range(5)])
    outbox.take(0, 10)
    assert outbox.forget_through(3) == 3
    assert [letter.sequence for letter in outbox.take(0, 10)] == [4, 5]
    assert outbox.forget_through(2) == 0
    assert outbox.oldest_sequence() == 4


def test_a_booking_beyond_what_was_sent_forgets_no_waiting_row(outbox: Outbox) -> None:
    outbox.put_all([weight(1), weight(2)])
    outbox.take(0, 1)
    outbox.forget_through(99)
    assert outbox.depth == 1
    assert read(outbox.take(1, 10)) == [weight(2)]


def test_identity_and_numbers_survive_a_restart(path: Path) -> None:
    first = Outbox(path, capacity=100)
    first.put_all([weight(1), weight(2), weight(3)])
    first.take(0, 2)
    first.forget_through(2)
    first.close()
    second = Outbox(path, capacity=100)
    assert second.outbox_id == first.outbox_id
    assert (second.last_sequence, second.booked_through, second.depth) == (2, 2, 1)
    assert [letter.sequence for letter in second.take(2, 10)] == [3]
    second.close()


def test_two_outboxes_never_share_an_identity(tmp_path: Path) -> None:
    boxes = [Outbox(tmp_path / f"{name}.sqlite", capacity=10) for name in "ab"]
    assert boxes[0].outbox_id != boxes[1].outbox_id
    for box in boxes:
        box.close()


def test_an_observation_that_no_hub_could_read_is_refused_at_once(outbox: Outbox) -> None:
    with pytest.raises(MessageUndecodable, match="weight_g"):
        outbox.put(weight(1, weight_g=float("nan")))
    assert outbox.depth == 0


def test_many_threads_put_at_once_and_each_finds_its_row(outbox: Outbox) -> None:
    def weigh(shelf: str) -> None:
        for minute in range(25):
            outbox.put(weight(minute, shelf=shelf))

    threads = [threading.Thread(target=weigh, args=(f"s{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = read(outbox.take(0, 1000))
    for number in range(6):
        assert [one.monotonic_ms for one in told if isinstance(one, ShelfWeight) and one.shelf_id == f"s{number}"] == [
            minute * MINUTE_MS for minute in range(25)
        ]


def test_pulling_the_plug_loses_nothing_that_put_returned(path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from edge_agent.adapters.outbox import Outbox
        from wire_format.observations import ShelfWeight
        box, whose = Outbox(sys.argv[1], capacity=100_000), {"device_id": "d", "boot_id": "00c0ffee"}
        for number in range(1, 100_000):
            box.put(ShelfWeight(**whose, monotonic_ms=number, observed_at_ms=0, shelf_id="s", weight_g=0, spread_g=0))
            print(number, flush=True)
            if number % 7 == 0:
                box.take(box.last_sequence, 3)
    """)
    writer = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    promised = 0
    for line in writer.stdout:
        promised = int(line)
        if promised == 200:
            os.kill(writer.pid, signal.SIGKILL)
            break
    promised = max([promised, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    writer.wait()
    outbox = Outbox(path, capacity=100_000)
    told = outbox.take(0, 100_000)
    assert [one.monotonic_ms for one in read(told)][:promised] == list(range(1, promised + 1))
    assert [letter.sequence for letter in told] == list(range(1, len(told) + 1))
    outbox.close()

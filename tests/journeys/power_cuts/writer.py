"""Writes to an outbox or a ledger until it is killed, and says after each write what it was promised: `writer.py WHAT FILE FIRST`.

With `careless-` before WHAT, SQLite does not wait for the disk: that must be found out, or the test proves nothing.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from itertools import count
from pathlib import Path

from edge_agent.adapters.outbox import Outbox
from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.checkpoints import PAGES, ROWS_ON_A_PAGE, Checkpoints
from store_hub.adapters.clock import HubClock
from store_hub.adapters.ledger import Ledger
from store_hub.flows.books import Books
from wire_format import codec, topics
from wire_format.observations import DoorCrossing

ENOUGH_ROWS = PAGES * ROWS_ON_A_PAGE
OUTBOX_ID = "0123456789abcdef" * 2


def crossing(number: int) -> DoorCrossing:
    """The observation of a number."""
    now_ms = int(time.time() * 1000)
    whose = {"device_id": "pi-1", "boot_id": "cafe0001", "monotonic_ms": number, "observed_at_ms": now_ms}
    return DoorCrossing(**whose, door_id="door", started_at_ms=now_ms, duration_ms=1, people_in=1, people_out=0)


def write_outbox(path: Path, first: int) -> None:
    """Put observations; now and then some are numbered and forgotten, as the uplink does."""
    box = Outbox(path, capacity=100_000)
    for number in count(first):
        box.put(crossing(number))
        print(number, flush=True)
        if number % 5 == 0:
            letters = box.take(box.last_sequence, 3)
            if letters:
                print(f"numbered {letters[-1].sequence}", flush=True)


def write_ledger(path: Path, first: int) -> None:
    """Book letters, some in a page; the log is carried over meanwhile, far more often than in a shop."""
    clock = HubClock()
    ledger = Ledger.open(path)
    books, checkpoints = Books(ledger, clock), Checkpoints(path)
    checkpoints.start(ledger.connection)
    for number in count(first, 3):
        page = range(number, number + 3)
        topic = [topics.seen(ledger.identity.store_id, OUTBOX_ID, each) for each in page]
        books.book(
            [Delivered(name, codec.encode(crossing(each)), False, 1, 1, 1, clock.now_ms()) for name, each in zip(topic, page, strict=True)]
        )
        print(page[-1], flush=True)
        checkpoints.committed(ENOUGH_ROWS)


def be_careless() -> None:
    """Let SQLite not wait for the disk."""
    connect = sqlite3.connect

    class Careless(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:  # type: ignore[override]
            return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF"), *values)  # type: ignore[arg-type]

    sqlite3.connect = lambda *words, **named: connect(*words, factory=Careless, **named)  # type: ignore[assignment]


if __name__ == "__main__":
    what, path, first = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if what.startswith("careless-"):
        be_careless()
    {"outbox": write_outbox, "ledger": write_ledger}[what.removeprefix("careless-")](path, first)

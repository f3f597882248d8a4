"""Holds every observation, on disk, until the hub says that it has booked it.

A row waits without a number. It gets its sequence, for ever, in the transaction that hands it to the uplink: what was sent once always
has the same content, and what was never sent may still be merged or let go without leaving a gap. So a full outbox needs no tombstones:
one `Shed` row, with a sequence of its own, tells the hub how much went.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from edge_agent.adapters import outbox_file
from edge_agent.adapters.outbox_file import OutboxCorrupt, OutboxDiskFull, storage_errors
from edge_agent.adapters.outbox_rows import Letter, OutboxRows
from wire_format import codec
from wire_format.commands import letter_digest
from wire_format.observations import Observation

__all__ = ["Letter", "Outbox", "OutboxCorrupt"]

T = TypeVar("T")


class _Ticket:
    """Observations that one thread waits to see written."""

    def __init__(self, observations: list[Observation]) -> None:
        self.observations = observations
        self.payloads = [codec.encode(observation) for observation in observations]
        self.position = 0
        self.is_done = False
        self.error: Exception | None = None


class Outbox:
    """Thread-safe. Threads that put at the same moment share one commit.

    Args:
        path: the SQLite file; it and its folder are made where absent. A damaged file is renamed and kept (`set_aside`).
        capacity: rows it may hold. A little more is possible: the newest weight of each shelf and one open count per door, floor area
            and queue are never refused.

    Raises:
        OutboxUnusable: the file cannot be opened or written, or another agent has it.
    """

    def __init__(self, path: Path | str, *, capacity: int) -> None:
        self.path = Path(path)
        self.capacity = capacity
        self.set_aside: Path | None = None
        self.lost_to_damage = 0
        """Rows of a damaged file that could not be taken over since this program opened it."""
        self._lock = threading.Lock()
        self._queue: list[_Ticket] = []
        self._queue_lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._file_lock = outbox_file.lock(self.path)
        try:
            outbox_file.adopt_fresh(self.path)
            try:
                self._open()
            except OutboxCorrupt:
                self._begin_anew(None)
        except BaseException:
            os.close(self._file_lock)
            raise

    def _open(self) -> None:
        self._connection = outbox_file.connect(self.path)
        try:
            with storage_errors(self.path):
                self._rows = OutboxRows(self._connection, self.capacity)
                about = self._rows.about()
                self.outbox_id = about["outbox_id"]
                self.last_sequence = int(about["last_sequence"])
                self.booked_through = int(about["booked_through"])
                self.depth = self._rows.count()
                self._shed = self._rows.shed_counts()
        except (KeyError, ValueError) as error:
            self._connection.close()
            raise OutboxCorrupt(path=str(self.path), problem=f"the file tells nothing sound of itself ({error!r})") from None
        except BaseException:
            self._connection.close()
            raise
        outbox_file.keep_ballast(self.path)

    def on_put(self, listener: Callable[[], None]) -> None:
        """Call `listener`, from whichever thread, after something was written."""
        self._listeners.append(listener)

    def put(self, observation: Observation) -> int:
        """Write an observation durably and return its position. When this returns, a power cut cannot lose it.

        Raises:
            MessageUndecodable: the hub could not read it (a number out of bounds, a malformed name).
            OutboxUnusable: the disk is full or broken; nothing was written.
        """
        return self.put_all([observation])

    def put_all(self, observations: Iterable[Observation]) -> int:
        """Write several in order, in one transaction; the same promise as `put`. Returns the last position."""
        ticket = _Ticket(list(observations))
        for payload in ticket.payloads:
            codec.observations.decode(payload)
        with self._queue_lock:
            self._queue.append(ticket)
        with self._lock:
            if not ticket.is_done:
                self._write_queue()
        if ticket.error is not None:
            raise ticket.error
        for listener in self._listeners:
            listener()
        return ticket.position

    def take(self, after_sequence: int, limit: int) -> list[Letter]:
        """Return up to `limit` letters that follow a sequence, in order, numbering waiting rows where needed.

        The numbers are on disk before this returns.

        Raises:
            OutboxUnusable: the disk is full or broken.
        """
        with self._lock:
            letters, self.last_sequence = self._transact(lambda: self._take(after_sequence, limit), is_draining=True)
        return letters

    def is_another(self, sequence: int, digest: str) -> bool:
        """Whether the letter of this sequence is here, and is another one than the one with this digest.

        Raises:
            OutboxUnusable: the disk is broken.
        """
        with self._lock, storage_errors(self.path):
            payload = self._rows.payload(sequence)
        return payload is not None and letter_digest(payload) != digest

    def oldest_sequence(self) -> int:
        """The first sequence that can still be sent: of the oldest numbered row, or else the next to be given."""
        with self._lock, storage_errors(self.path):
            oldest = self._rows.oldest_numbered()
            return oldest if oldest is not None else self.last_sequence + 1

    def forget_through(self, booked_through: int) -> int:
        """Delete what the hub has booked; returns how many rows went. Never beyond what was numbered.

        Raises:
            OutboxUnusable: the disk is full or broken.
        """
        with self._lock:
            through, outbox_id = min(booked_through, self.last_sequence), self.outbox_id
            if through <= self.booked_through:
                return 0
            forgotten = self._transact(lambda: self._rows.delete_through(through) if outbox_id == self.outbox_id else 0, is_draining=True)
            outbox_file.keep_ballast(self.path)
            if outbox_id == self.outbox_id:  # Otherwise the file was found damaged, and this is a new one.
                self.booked_through = through
                self.depth -= forgotten
            return forgotten

    def shed_counts(self) -> dict[str, int]:
        """How many of each kind a full outbox or a full disk made this device let go since the outbox was made."""
        with self._lock:
            return dict(self._shed)

    def count_shed(self, counts: dict[str, int]) -> None:
        """Add what was let go before it could be written here.

        Raises:
            OutboxUnusable: the disk is full or broken.
        """
        with self._lock:
            self._transact(lambda: self._rows.add_shed(counts))
            self._shed.update(counts)

    def begin_anew(self) -> Path:
        """Set this file aside and go on in a new one with a new identity, taking along every row.

        What the hub has booked of them under their old numbers it knows by their content. Returns the name under which the old file is
        kept.
        """
        with self._lock:
            return self._begin_anew(self._connection)

    def close(self) -> None:
        """Close the file and let another agent have it."""
        with self._lock:
            self._connection.close()
            os.close(self._file_lock)

    # What follows runs under the lock.

    def _transact(self, work: Callable[[], T], *, is_draining: bool = False) -> T:
        """Run `work` in one transaction. A file found damaged is set aside and the work is done on a new one.

        On a full disk the journal is folded into the file first; what drains the outbox may also use up the ballast.
        """
        try:
            return self._transact_once(work)
        except OutboxCorrupt:
            self._begin_anew(self._connection)
            return self._transact_once(work)
        except OutboxDiskFull:
            self._fold_journal()
            if not is_draining:
                return self._transact_once(work)
        try:
            return self._transact_once(work)
        except OutboxDiskFull:
            if not outbox_file.drop_ballast(self.path):
                raise
            return self._transact_once(work)

    def _fold_journal(self) -> None:
        with suppress(sqlite3.Error):  # Then the disk is really full, which the next try tells.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _transact_once(self, work: Callable[[], T]) -> T:
        with storage_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                result = work()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        return result

    def _take(self, after_sequence: int, limit: int) -> tuple[list[Letter], int]:
        letters, last_sequence = self._rows.numbered(after_sequence, limit), self.last_sequence
        if len(letters) < limit and self._rows.are_waiting():
            last_sequence = self._rows.number(last_sequence, limit - len(letters))
            letters = self._rows.numbered(after_sequence, limit)
        return letters, last_sequence

    def _write_queue(self) -> None:
        """Write what every waiting thread brought, in one commit: the lock's holder does it for all."""
        with self._queue_lock:
            tickets, self._queue = self._queue, []
        try:
            grown, shed = self._transact(lambda: self._write(tickets))
            self.depth += grown
            self._shed.update(shed)
        except Exception as error:  # noqa: BLE001 - handed to every waiting thread, which raises it
            for ticket in tickets:
                ticket.error = error
        for ticket in tickets:
            ticket.is_done = True

    def _write(self, tickets: list[_Ticket]) -> tuple[int, Counter[str]]:
        depth, shed = self.depth, Counter[str]()
        for ticket in tickets:
            for observation, payload in zip(ticket.observations, ticket.payloads, strict=True):
                written = self._rows.write(observation, payload, depth)
                ticket.position, depth = written.position, written.depth
                shed.update(written.shed)
        return depth - self.depth, shed

    def _begin_anew(self, connection: sqlite3.Connection | None) -> Path:
        """Set the file aside, sound or damaged, and go on in a new one with all of its rows that can be read."""
        fresh_path = outbox_file.fresh_path(self.path)
        outbox_file.remove(fresh_path)
        with storage_errors(self.path), closing(outbox_file.connect(fresh_path)) as fresh, closing(outbox_file.read_only(self.path)) as old:
            fresh.execute("BEGIN IMMEDIATE")
            self.lost_to_damage += OutboxRows(fresh, self.capacity).take_over(old)
            fresh.execute("COMMIT")
            if connection is not None:
                connection.close()
        kept = self.set_aside = outbox_file.set_aside(self.path)
        outbox_file.adopt_fresh(self.path)
        self._open()
        return kept

"""The rows of an outbox: written, merged, let go, numbered and deleted. Every change runs in a transaction that the caller opens."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Any, NamedTuple

import msgspec

from edge_agent.adapters import outbox_salvage, outbox_shedding
from wire_format import codec
from wire_format.errors import WireError
from wire_format.observations import AnyObservation, Observation, Shed


class Letter(NamedTuple):
    """A numbered observation as it goes on the wire."""

    sequence: int
    payload: bytes


class Written(NamedTuple):
    """Where an observation went, how many rows there are now, and what had to go for it."""

    position: int
    depth: int
    shed: Counter[str]


class OutboxRows:
    """Rows without a sequence wait and may change; rows with one were perhaps sent, and only `delete_through` touches them."""

    def __init__(self, connection: sqlite3.Connection, capacity: int) -> None:
        self._connection = connection
        self._capacity = capacity
        self._may_hold_overtaken = True

    def about(self) -> dict[str, str]:
        """What the file says of itself: `outbox_id`, `last_sequence`, `booked_through`."""
        return {str(name): str(value) for name, value in self._connection.execute("SELECT name, value FROM about")}

    def count(self) -> int:
        """How many rows there are, numbered or not."""
        return int(self._connection.execute("SELECT count(*) FROM letters").fetchone()[0])

    def shed_counts(self) -> Counter[str]:
        """What was let go since the file was made, by kind."""
        return Counter({str(kind): int(units) for kind, units in self._connection.execute("SELECT kind, units FROM shed")})

    def are_waiting(self) -> bool:
        """Whether any row has no sequence yet."""
        return self._connection.execute("SELECT 1 FROM letters WHERE sequence IS NULL LIMIT 1").fetchone() is not None

    def oldest_numbered(self) -> int | None:
        """The first sequence that is still here."""
        oldest = self._connection.execute("SELECT min(sequence) FROM letters WHERE sequence IS NOT NULL").fetchone()[0]
        return None if oldest is None else int(oldest)

    def numbered(self, after_sequence: int, limit: int) -> list[Letter]:
        """Up to `limit` rows that have a sequence above one, in order."""
        statement = "SELECT sequence, payload FROM letters WHERE sequence > ? ORDER BY sequence LIMIT ?"
        return [Letter(int(sequence), payload) for sequence, payload in self._connection.execute(statement, (after_sequence, limit))]

    def payload(self, sequence: int) -> bytes | None:
        """The row of a sequence; None where it is not here."""
        row = self._connection.execute("SELECT payload FROM letters WHERE sequence = ?", (sequence,)).fetchone()
        return None if row is None else bytes(row[0])

    def number(self, last_sequence: int, rows: int) -> int:
        """Give up to `rows` waiting rows the sequences that follow `last_sequence`; returns the new last one."""
        statement = "SELECT position, kind, payload FROM letters WHERE sequence IS NULL ORDER BY position LIMIT ?"
        waiting = self._connection.execute(statement, (rows,)).fetchall()
        for position, kind, payload in waiting:
            last_sequence += 1
            self._connection.execute("UPDATE letters SET sequence = ? WHERE position = ?", (last_sequence, position))
            if kind == "shed":  # It covers no other sequence than its own: what went never had one.
                self._rewrite(position, msgspec.structs.replace(_decoded(payload), through_sequence=last_sequence))
        self._set_about("last_sequence", last_sequence)
        return last_sequence

    def delete_through(self, sequence: int) -> int:
        """Delete the rows numbered up to a sequence; returns how many they were."""
        self._set_about("booked_through", sequence)
        return self._connection.execute("DELETE FROM letters WHERE sequence <= ?", (sequence,)).rowcount

    def write(self, observation: Observation, payload: bytes, depth: int) -> Written:
        """Add an observation. At capacity the least valuable rows go first; a count then joins a waiting count of the same thing."""
        kind, subject = outbox_shedding.kind_of(observation), outbox_shedding.subject_of(observation)
        gone: Counter[str] = Counter()
        if depth >= self._capacity:
            freed, gone = self._make_room(observation, kind, subject, depth - self._capacity + 1)
            depth -= freed
            if depth >= self._capacity and (position := self._merge(observation, subject)) is not None:
                return Written(position, depth, gone)
        elif kind in outbox_shedding.OVERTAKABLE:
            self._may_hold_overtaken = True
        return Written(self._insert(kind, subject, payload), depth + 1, gone)

    def add_shed(self, counts: dict[str, int]) -> None:
        """Count what was let go."""
        statement = "INSERT INTO shed VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET units = units + excluded.units"
        self._connection.executemany(statement, list(counts.items()))

    def take_over(self, other: sqlite3.Connection) -> int:
        """Copy all rows of another outbox, sound or damaged; here they wait anew, in the same order.

        Returns how many rows at most could not be read any more. They are counted as let go, which the hub is told where it can be said of
        which device they were.
        """
        rows, gone = outbox_salvage.read(other)
        newest: AnyObservation | None = None
        for _, kind, subject, payload in rows:
            try:
                newest = _decoded(payload)
            except WireError:
                gone += 1
                continue
            self._insert(kind, subject, payload)
        self.add_shed(dict(outbox_salvage.shed_counts(other)))
        if gone:
            self.add_shed({outbox_salvage.DAMAGED: gone})
        if gone and newest is not None:
            self._tell_shed(newest, Counter({outbox_salvage.DAMAGED: gone}), None)
        return gone

    def _insert(self, kind: str, subject: str, payload: bytes, position: int | None = None) -> int:
        statement = "INSERT INTO letters (position, kind, subject, payload) VALUES (?, ?, ?, ?)"
        return int(self._connection.execute(statement, (position, kind, subject, payload)).lastrowid or 0)

    def _rewrite(self, position: int, observation: Observation) -> None:
        self._connection.execute("UPDATE letters SET payload = ? WHERE position = ?", (codec.encode(observation), position))

    def _set_about(self, name: str, value: int) -> None:
        self._connection.execute("UPDATE about SET value = ? WHERE name = ?", (str(value), name))

    def _make_room(self, observation: Observation, kind: str, subject: str, needed: int) -> tuple[int, Counter[str]]:
        """Let go of the least loss. Returns how many rows became free, and what went by kind."""
        chosen: list[tuple[int, str]] = []
        if self._may_hold_overtaken:  # A scan of the whole file: it frees a hundredth at once, and is not repeated in vain.
            chosen = outbox_shedding.overtaken(self._connection, max(needed + 1, self._capacity // 100))
            self._may_hold_overtaken = bool(chosen)
        if not chosen and kind in outbox_shedding.OVERTAKABLE:
            chosen = outbox_shedding.overtaken_by(self._connection, subject)
        if not chosen and kind in outbox_shedding.OVERTAKABLE:
            chosen = outbox_shedding.last_resort(self._connection, needed + 1)
        if not chosen:
            return 0, Counter()
        self._connection.executemany("DELETE FROM letters WHERE position = ?", [(position,) for position, _ in chosen])
        gone = Counter(kind for _, kind in chosen)
        self.add_shed(gone)
        return len(chosen) - self._tell_shed(observation, gone, chosen[0][0]), gone

    def _tell_shed(self, observation: Observation, gone: Counter[str], position: int | None) -> int:
        """Add to the waiting `Shed` row, or make one where the first row went. Returns how many rows that took."""
        waiting = self._newest_waiting("shed")
        counts = dict(gone + Counter(waiting[1].counts)) if waiting is not None and isinstance(waiting[1], Shed) else dict(gone)
        shed = Shed(
            device_id=observation.device_id,
            boot_id=observation.boot_id,
            monotonic_ms=observation.monotonic_ms,
            observed_at_ms=observation.observed_at_ms,
            through_sequence=1,  # Its own sequence, once it has one.
            counts=counts,
        )
        if waiting is None:
            self._insert("shed", "shed", codec.encode(shed), position)
            return 1
        self._rewrite(waiting[0], shed)
        return 0

    def _merge(self, observation: Observation, subject: str) -> int | None:
        """Add a count to the newest waiting row about the same thing; its position, or None when there is none to add to."""
        waiting = self._newest_waiting(subject)
        together = outbox_shedding.merged(waiting[1], observation) if waiting is not None else None
        if waiting is None or together is None:
            return None
        self._rewrite(waiting[0], together)
        return waiting[0]

    def _newest_waiting(self, subject: str) -> tuple[int, AnyObservation] | None:
        statement = "SELECT position, payload FROM letters WHERE sequence IS NULL AND subject = ? ORDER BY position DESC LIMIT 1"
        row: Any = self._connection.execute(statement, (subject,)).fetchone()
        return None if row is None else (int(row[0]), _decoded(row[1]))


def _decoded(payload: bytes) -> AnyObservation:
    return codec.observations.decode(payload)

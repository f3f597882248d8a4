"""Books of the edges: what is booked of each outbox, and what each device's clock reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.ledger import JournalRow
from store_hub.flows.page import Page
from store_hub.rows import ClockRow, Effect, OutboxRangeRow, OutboxRow
from store_hub.rules.delivery_marks import OutboxMarks
from store_hub.rules.journal_words import EDGE, Said, Unreadable, read_entry
from store_hub.rules.occurrence_time import RECEIVED, Occurrence, observation_time, offset_after_reading
from wire_format import codec, topics
from wire_format.errors import MessageUndecodable, TopicInvalid, VersionUnknown
from wire_format.observations import Observation, Shed

if TYPE_CHECKING:
    from store_hub.flows.books import Folding

BAD_TOPICS_MAX = 10_000
"""Entries kept of messages that nobody can place; further ones are only counted, so that a mad device cannot fill the ledger."""

_OUTBOX_ID = re.compile(r"^[0-9a-f]{32}$")


class EdgeBooks:
    """Marks and clocks of all outboxes."""

    def __init__(self, rows: Iterable[Effect]) -> None:
        outboxes: dict[int, OutboxRow] = {}
        ranges: dict[int, list[tuple[int, int]]] = {}
        self._clocks: dict[tuple[str, str], ClockRow] = {}
        for row in rows:
            if isinstance(row, OutboxRow):
                outboxes[row.outbox_no] = row
            elif isinstance(row, OutboxRangeRow):
                ranges.setdefault(row.outbox_no, []).append((row.first_sequence, row.last_sequence))
            elif isinstance(row, ClockRow):
                self._clocks[row.outbox_id, row.boot_id] = row
        self._marks = {row.outbox_id: OutboxMarks(row, ranges.get(row.outbox_no)) for row in outboxes.values()}
        self._touched: dict[str, None] = {}
        self._bad_topics = 0

    def booked_through(self) -> dict[str, int]:
        """The mark of every outbox."""
        return {outbox_id: marks.row.booked_through for outbox_id, marks in self._marks.items()}

    def take_rows(self) -> list[Effect]:
        """The marks that have changed since this was last asked."""
        rows = [row for outbox_id in self._touched for row in self._marks[outbox_id].take_rows()]
        self._touched.clear()
        return rows

    def take_seen(self, message: Delivered, page: Page, folding: Folding) -> None:
        """Book an observation, unless it is booked already."""
        try:
            address = topics.parse_seen(message.topic)
        except TopicInvalid:
            self._take_unplaceable(message, page, folding)
            return
        marks = self._marks_of(address.outbox_id, message.received_at_ms)
        page.outboxes[address.outbox_id] = None
        sequence = address.sequence
        if marks.is_booked(sequence):
            page.duplicates += 1
            marks.row = marks.row._replace(duplicates=marks.row.duplicates + 1)
            return
        if not marks.has_room_for(sequence):
            page.count("beyond_window", f"outbox {address.outbox_id}: too many gaps before {sequence}; it will be sent again in order")
            return
        said = read_entry(EDGE, message.payload, topic=None)
        when = self._when(address.outbox_id, said, message.received_at_ms)
        row = JournalRow(
            page.next_journal_id(), EDGE, marks.row.outbox_no, sequence, message.received_at_ms,
            when.happened_at_ms, when.time_quality, None, message.payload,
        )  # fmt: skip
        folding.write(page, row, said)
        marks.book(sequence, max(sequence, said.through_sequence) if isinstance(said, Shed) else sequence)
        self._note_sender(marks, said, message.received_at_ms)

    def take_clock(self, message: Delivered, outbox_id: str, page: Page) -> None:
        """Set a device's monotonic clock beside ours."""
        try:
            reading = codec.clock_readings.decode(message.payload)
        except (MessageUndecodable, VersionUnknown) as error:
            page.count("clock_undecodable", str(error))
            return
        if not _OUTBOX_ID.match(outbox_id):
            page.count("clock_undecodable", f"topic {message.topic[:200]!r} names no outbox")
            return
        known = self._clocks.get((outbox_id, reading.boot_id))
        offset_ms = offset_after_reading(
            None if known is None else known.offset_ms, monotonic_ms=reading.monotonic_ms, received_at_ms=message.received_at_ms
        )
        wall_error_ms = reading.wall_clock_ms - message.received_at_ms
        row = ClockRow(outbox_id, reading.boot_id, offset_ms, wall_error_ms, message.received_at_ms)
        self._clocks[outbox_id, reading.boot_id] = row
        page.effects.append(row)

    def _marks_of(self, outbox_id: str, now_ms: int) -> OutboxMarks:
        marks = self._marks.get(outbox_id)
        if marks is None:
            marks = OutboxMarks(OutboxRow(len(self._marks) + 1, outbox_id, None, 0, 0, 0, now_ms, now_ms))
            self._marks[outbox_id] = marks
        self._touched[outbox_id] = None
        return marks

    def _when(self, outbox_id: str, said: Said, received_at_ms: int) -> Occurrence:
        if not isinstance(said, Observation):
            return Occurrence(received_at_ms, RECEIVED)
        clock = self._clocks.get((outbox_id, said.boot_id))
        return observation_time(
            monotonic_ms=said.monotonic_ms,
            observed_at_ms=said.observed_at_ms,
            received_at_ms=received_at_ms,
            offset_ms=None if clock is None else clock.offset_ms,
        )

    @staticmethod
    def _note_sender(marks: OutboxMarks, said: Said, now_ms: int) -> None:
        row = marks.row
        device_id = said.device_id if isinstance(said, Observation) else row.device_id
        shed = sum(count for count in said.counts.values() if count > 0) if isinstance(said, Shed) else 0
        marks.row = row._replace(device_id=device_id, shed=row.shed + shed, last_seen_at_ms=now_ms)

    def _take_unplaceable(self, message: Delivered, page: Page, folding: Folding) -> None:
        """Nobody can say whose letter this is: it is kept for a person to look at, and not missed by any outbox."""
        self._bad_topics += 1
        if self._bad_topics > BAD_TOPICS_MAX:
            page.count("bad_topic", message.topic)
            return
        row = JournalRow(
            page.next_journal_id(), EDGE, None, None, message.received_at_ms,
            message.received_at_ms, RECEIVED, message.topic[:500], message.payload,
        )  # fmt: skip
        said = read_entry(EDGE, message.payload, topic=row.topic)
        assert isinstance(said, Unreadable)
        folding.write(page, row, said)

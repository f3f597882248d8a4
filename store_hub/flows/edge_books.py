"""Books of the edges: what is booked of each outbox, and what each device's clock reads."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.ledger import JournalRow
from store_hub.adapters.ledger_letters import LedgerLetters
from store_hub.flows.copied_outboxes import CopiedOutboxes
from store_hub.flows.inbox import Dropped
from store_hub.flows.page import Page
from store_hub.rows import ClockRow, Effect, OutboxRangeRow, OutboxRow
from store_hub.rules.delivery_marks import OutboxMarks
from store_hub.rules.journal_words import EDGE, FOREIGN, Said, Unreadable, read_entry
from store_hub.rules.occurrence_time import (
    RECEIVED,
    Occurrence,
    observation_time,
    offset_after_reading,
)
from store_hub.rules.order_in_time import SEATS_MAX, DeviceOrder, Seat
from wire_format import codec, topics
from wire_format.commands import BookedThrough
from wire_format.errors import MessageUndecodable, TopicInvalid, VersionUnknown
from wire_format.identifiers import LedgerId
from wire_format.observations import Observation, Shed

if TYPE_CHECKING:
    from store_hub.flows.books import Folding
    from store_hub.flows.sender_guard import SenderGuard

BAD_TOPICS_MAX = 10_000
"""Entries kept of messages that nobody can place; further ones are only counted, so that a mad device cannot fill the ledger."""

CLOCK_WAIT_MS = 15_000
"""So long a letter waits with its edge for a reading of the device's clock, where its own time is plainly wrong."""

CLOCKS_AWAITED_MAX = 1_000

LOOK_BACK = 50
"""Letters before an outbox's mark among which the last of its device is looked for: two devices may have written it."""

_OUTBOX_ID = re.compile(r"^[0-9a-f]{32}$")


def _orders(letters: LedgerLetters, marks: Mapping[str, OutboxMarks], copies: CopiedOutboxes) -> dict[str, DeviceOrder]:
    """Where each device stands in time."""
    orders: dict[str, DeviceOrder] = defaultdict(DeviceOrder)
    for outbox_id, row in letters.around_marks(before=LOOK_BACK, before_contested=SEATS_MAX):
        said = read_entry(EDGE, row.payload, topic=row.topic)
        if isinstance(said, Observation) and not isinstance(said, Shed) and row.sequence is not None:
            orders[said.device_id].remember(said.boot_id, Seat(said.monotonic_ms, row.sequence, outbox_id), row.happened_at_ms)
    for order in orders.values():
        for outbox_id in marks:
            if _is_settled(marks[outbox_id], copies):
                order.settle(outbox_id)
    return orders


def _is_settled(marks: OutboxMarks, copies: CopiedOutboxes) -> bool:
    """Whether nothing comes any more before the last that is booked. Of a contested outbox one writer's letters fill the other's gaps."""
    return not marks.has_gap and not copies.is_contested(marks.outbox_no)


def _tells_of_forgotten(payload: bytes) -> bool:
    """Whether a letter only says that others are gone at its edge, because it thinks that they are not booked."""
    said = read_entry(EDGE, payload, topic=None) if b'"forgotten"' in payload else None
    return isinstance(said, Shed) and said.counts.keys() == {"forgotten"}


class EdgeBooks:
    """Marks and clocks of all outboxes.

    Args:
        rows: as the ledger keeps them.
        letters: that are booked.
        guard: knows whose outbox is whose, where devices have certificates.
    """

    def __init__(self, rows: Iterable[Effect], letters: LedgerLetters, guard: SenderGuard | None = None) -> None:
        self._guard = guard
        rows = list(rows)
        self._copies = CopiedOutboxes(rows, letters)
        self._awaited_since_ms: dict[tuple[str, str], int] = {}
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
        self._clock_of_start = {row.boot_id: row for row in self._clocks.values()}
        self._marks = {row.outbox_id: OutboxMarks(row, ranges.get(row.outbox_no)) for row in outboxes.values()}
        self._orders = _orders(letters, self._marks, self._copies)
        self._touched: dict[str, None] = {}
        self._bad_topics = 0

    def outboxes(self) -> list[str]:
        """Every outbox that was ever heard of."""
        return list(self._marks)

    def mark(self, outbox_id: str, *, ledger_id: LedgerId) -> BookedThrough:
        """What an outbox's edge is to be told."""
        marks = self._marks[outbox_id]
        return BookedThrough(
            outbox_id=outbox_id,
            booked_through=marks.booked_through,
            ledger_id=ledger_id,
            digest=self._copies.digest(marks.outbox_no, marks.booked_through),
            contested=self._copies.is_contested(marks.outbox_no),
        )

    def take_rows(self) -> list[Effect]:
        """The marks that have changed since this was last asked."""
        rows = [row for outbox_id in self._touched for row in self._marks[outbox_id].take_rows()]
        for outbox_id in self._touched:
            marks = self._marks[outbox_id]
            if marks.device_id is not None and _is_settled(marks, self._copies):
                self._orders[marks.device_id].settle(outbox_id)
        self._touched.clear()
        return rows + self._copies.take_rows()

    def take_seen(self, message: Delivered, page: Page, folding: Folding) -> None:
        """Book an observation, unless it is booked already."""
        try:
            _, outbox_id, sequence = topics.parse_seen(message.topic)
        except TopicInvalid:
            self._take_unplaceable(message, page, folding)
            return
        marks = self._marks_of(outbox_id, message.received_at_ms)
        page.outboxes[outbox_id] = None
        if marks.is_booked(sequence):
            self._take_again(message, sequence, marks, page)
            return
        if not marks.has_room_for(sequence):
            page.count("beyond_window", f"outbox {outbox_id}: too many gaps before {sequence}; it will be sent again in order")
            return
        said, foreign = self._read(outbox_id, message.payload)
        seen = said if isinstance(said, Observation) else None
        if seen is not None and self._copies.is_known(marks.outbox_no, seen.boot_id, message.payload):
            page.count("booked_from_another_outbox", f"outbox {outbox_id} of {seen.device_id}: taken along into a new outbox")
            self._copies.repeated(marks.outbox_no, sequence)
            marks.book(sequence, sequence)
            return
        when = self._when(outbox_id, sequence, seen, message.received_at_ms)
        if when is None:
            page.count("clock_awaited", f"outbox {outbox_id}: the device's clock is wrong and it has not told what it reads; asked")
            return  # Its mark is told again, to which an edge answers with its clock and later with the letter.
        row = JournalRow(
            page.next_journal_id(), EDGE, marks.outbox_no, sequence, message.received_at_ms,
            when.happened_at_ms, when.time_quality, foreign, message.payload,
        )  # fmt: skip
        folding.write(page, row, said)
        self._copies.booked(row, None if seen is None else seen.boot_id)
        if seen is not None:
            marks.device_id = seen.device_id
        marks.last_seen_at_ms = message.received_at_ms
        marks.book(sequence, _note_shed(marks, seen, sequence) if isinstance(seen, Shed) else sequence)

    def _read(self, outbox_id: str, payload: bytes) -> tuple[Said, str | None]:
        """What a letter says, and the note that keeps it from saying anything where it is in another device's name."""
        said = read_entry(EDGE, payload, topic=None)
        if self._guard is None or not isinstance(said, Observation) or (lie := self._guard.lie(outbox_id, said.device_id)) is None:
            return said, None
        return read_entry(EDGE, payload, topic=FOREIGN + lie), FOREIGN + lie

    def _take_again(self, message: Delivered, sequence: int, marks: OutboxMarks, page: Page) -> None:
        """A number that is booked came again: with the same content it is a repetition, with another a copied outbox."""
        page.duplicates += 1
        marks.duplicates += 1
        if _tells_of_forgotten(message.payload):
            return  # The edge went by an older mark, which the broker had kept.
        if self._copies.differs(marks, sequence, message.payload, message.received_at_ms):
            detail = f"outbox {marks.outbox_id} of {marks.device_id}: two devices write it (a copied SD card); both are told"
            page.count("contested_outbox", detail)

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
        if outbox_id not in self._marks:  # An edge with nothing to send learns so that this ledger is older than what it has forgotten.
            self._marks_of(outbox_id, message.received_at_ms)
            page.outboxes[outbox_id] = None
        known = self._clocks.get((outbox_id, reading.boot_id))
        offset_ms = offset_after_reading(
            None if known is None else known.offset_ms, monotonic_ms=reading.monotonic_ms, received_at_ms=message.received_at_ms
        )
        wall_error_ms = reading.wall_clock_ms - message.received_at_ms
        row = ClockRow(outbox_id, reading.boot_id, offset_ms, wall_error_ms, message.received_at_ms)
        self._clocks[outbox_id, reading.boot_id] = self._clock_of_start[reading.boot_id] = row
        page.effects.append(row)

    def take_dropped(self, dropped: Dropped, page: Page) -> None:
        """Count what came too fast, and say of whom."""
        for lane, times in dropped.of_lanes.items():
            kind, _, sender = lane.partition("/")
            marks = self._marks.get(sender)
            whose = sender if marks is None else f"{marks.device_id} (outbox {sender})"
            detail = f"{whose or 'many senders'} sends {kind} faster than it may; the others are not held up. Restart or unplug it"
            page.count("came_too_fast", detail, times=times)

    def _marks_of(self, outbox_id: str, now_ms: int) -> OutboxMarks:
        marks = self._marks.get(outbox_id)
        if marks is None:
            marks = OutboxMarks(OutboxRow(len(self._marks) + 1, outbox_id, None, 0, 0, 0, now_ms, now_ms))
            self._marks[outbox_id] = marks
        self._touched[outbox_id] = None
        return marks

    def _when(self, outbox_id: str, sequence: int, seen: Observation | None, received_at_ms: int) -> Occurrence | None:
        """When it happened; None while the device may still tell what its clock reads."""
        if seen is None:
            return Occurrence(received_at_ms, RECEIVED)
        boot = (outbox_id, seen.boot_id)
        clock = self._clocks.get(boot) or self._clock_of_start.get(seen.boot_id)  # One start may speak from two outboxes.
        when = observation_time(
            monotonic_ms=seen.monotonic_ms,
            observed_at_ms=seen.observed_at_ms,
            received_at_ms=received_at_ms,
            offset_ms=None if clock is None else clock.offset_ms,
        )
        if when.time_quality == RECEIVED and clock is None and self._is_awaited(boot, received_at_ms):
            return None
        if isinstance(seen, Shed):
            return when  # It stands for others, at the time of its telling.
        seat = Seat(seen.monotonic_ms, sequence, outbox_id)
        return self._orders[seen.device_id].place(when, seen.boot_id, seat, received_at_ms=received_at_ms)

    def _is_awaited(self, boot: tuple[str, str], now_ms: int) -> bool:
        if boot not in self._awaited_since_ms and len(self._awaited_since_ms) >= CLOCKS_AWAITED_MAX:
            self._awaited_since_ms.pop(next(iter(self._awaited_since_ms)))
        return now_ms - self._awaited_since_ms.setdefault(boot, now_ms) < CLOCK_WAIT_MS

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


def _note_shed(marks: OutboxMarks, said: Shed, sequence: int) -> int:
    """Count what an edge has let go of; returns the last number that its letter stands for."""
    last = max(sequence, said.through_sequence)
    shed = sum(count for count in said.counts.values() if count > 0)
    if said.counts.keys() == {"forgotten"}:
        shed = min(shed, marks.missing(sequence, last))  # An edge knows the hub's mark, not what is booked beyond a gap.
    marks.shed += shed
    return last

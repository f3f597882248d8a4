"""Tells a copied outbox from a repetition: one number with two contents is two devices, one content in two outboxes is one observation.

A cloned SD card gives two devices one outbox; each of them, once it hears so, goes on in a new one and takes along whatever the hub may
not have. So does a device whose card was restored or damaged. What it takes along and the hub has is booked once all the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from store_hub.adapters.ledger import JournalRow
from store_hub.adapters.ledger_letters import LedgerLetters
from store_hub.rows import ContestedRow, Effect, OutboxBootRow, OutboxRepeatRow
from store_hub.rules.delivery_marks import OutboxMarks
from wire_format.commands import letter_digest

REMEMBERED_MAX = 500_000
"""Letters of one start that are compared with what comes from another outbox: far more than an outbox holds."""

STARTS_REMEMBERED_MAX = 4


class CopiedOutboxes:
    """What is known of outboxes beyond their marks.

    Args:
        rows: as the ledger keeps them.
        letters: that are booked.
    """

    def __init__(self, rows: Iterable[Effect], letters: LedgerLetters) -> None:
        self._letters = letters
        self._outboxes_of: dict[str, tuple[int, ...]] = {}
        self._contested: set[int] = set()
        for row in rows:
            if isinstance(row, OutboxBootRow):
                self._outboxes_of[row.boot_id] = (*self._outboxes_of.get(row.boot_id, ()), row.outbox_no)
            elif isinstance(row, ContestedRow):
                self._contested.add(row.outbox_no)
        self._known: dict[str, dict[str, None]] = {}
        self._on_this_page: dict[tuple[int, int], bytes] = {}
        self._last: dict[int, tuple[int, bytes]] = {}  # The letter of each outbox that was booked last, for its mark is most often that.
        self._rows: list[Effect] = []

    def take_rows(self) -> list[Effect]:
        """What the ledger must be told since it was last."""
        rows, self._rows = self._rows, []
        self._on_this_page.clear()
        return rows

    def is_contested(self, outbox_no: int) -> bool:
        """Whether two devices write this outbox."""
        return outbox_no in self._contested

    def digest(self, outbox_no: int, sequence: int) -> str | None:
        """The digest of a letter that is booked; None where there is none of this number."""
        last, payload = self._last.get(outbox_no, (0, b""))
        booked = payload if last == sequence else self._booked(outbox_no, sequence)
        return None if booked is None else letter_digest(booked)

    def differs(self, marks: OutboxMarks, sequence: int, payload: bytes, now_ms: int) -> bool:
        """Whether a letter that is booked already has come with another content; from then on its outbox is contested."""
        booked = self._booked(marks.outbox_no, sequence)
        if booked is None or booked == payload:
            return False
        if marks.outbox_no not in self._contested:
            self._contested.add(marks.outbox_no)
            self._rows.append(ContestedRow(marks.outbox_no, now_ms))
        return True

    def is_known(self, outbox_no: int, boot_id: str, payload: bytes) -> bool:
        """Whether the same content is booked from another outbox of the same start."""
        outboxes = self._outboxes_of.get(boot_id, ())
        if outbox_no not in outboxes:
            outboxes = (*outboxes, outbox_no)
            self._outboxes_of[boot_id] = outboxes
            self._rows.append(OutboxBootRow(boot_id, outbox_no))
        return len(outboxes) > 1 and letter_digest(payload) in self._letters_of(boot_id)

    def repeated(self, outbox_no: int, sequence: int) -> None:
        """This number has no entry of its own: its content had come from another outbox."""
        self._rows.append(OutboxRepeatRow(outbox_no, sequence))

    def booked(self, row: JournalRow, boot_id: str | None) -> None:
        """A letter goes onto the page."""
        assert row.outbox_no is not None
        assert row.sequence is not None
        self._on_this_page[row.outbox_no, row.sequence] = row.payload
        self._last[row.outbox_no] = (row.sequence, row.payload)
        if boot_id in self._known:
            self._remember(self._known[boot_id], row.payload)

    def _booked(self, outbox_no: int, sequence: int) -> bytes | None:
        on_this_page = self._on_this_page.get((outbox_no, sequence))
        return on_this_page if on_this_page is not None else self._letters.letter(outbox_no, sequence)

    def _letters_of(self, boot_id: str) -> dict[str, None]:
        known = self._known.get(boot_id)
        if known is None:
            while len(self._known) >= STARTS_REMEMBERED_MAX:
                self._known.pop(next(iter(self._known)))
            known = self._known[boot_id] = {}
            outboxes = self._outboxes_of[boot_id]
            for payload in self._letters.letters_of(outboxes, boot_id, limit=REMEMBERED_MAX):
                known[letter_digest(payload)] = None
            for (outbox_no, _), payload in self._on_this_page.items():
                if outbox_no in outboxes:
                    known[letter_digest(payload)] = None
        return known

    @staticmethod
    def _remember(known: dict[str, None], payload: bytes) -> None:
        if len(known) >= REMEMBERED_MAX:
            known.pop(next(iter(known)))
        known[letter_digest(payload)] = None

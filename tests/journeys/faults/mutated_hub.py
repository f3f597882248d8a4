"""A hub with a mistake built in, to prove that the suite can fail. Its command line is the hub's own, after the mistake's name."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub_of_short_waits import wait_less

from store_hub.__main__ import main
from store_hub.adapters.ledger import Ledger
from store_hub.flows.bookkeep import Bookkeeper
from store_hub.flows.page import Page
from store_hub.rules.delivery_marks import OutboxMarks

SLOW_DISK = Path("slow-disk")
"""While there is such a file, the disk is slow. That makes an early acknowledgement's mistake no other, only sure to be met."""


def dedupe_off() -> None:
    """Book what comes again once more. The journal's index would refuse it, so it goes too."""
    open_ledger = Ledger.open.__func__  # type: ignore[attr-defined]

    def open_without_index(cls: type[Ledger], path: object) -> Ledger:
        ledger: Ledger = open_ledger(cls, path)
        ledger.connection.execute("DROP INDEX IF EXISTS journal_by_outbox")
        ledger.connection.execute("CREATE INDEX journal_by_outbox ON journal (outbox_no, sequence)")
        return ledger

    Ledger.open = classmethod(open_without_index)  # type: ignore[assignment]
    OutboxMarks.is_booked = lambda self, sequence: False  # type: ignore[method-assign]


def ack_before_commit() -> None:
    """Acknowledge and tell the marks before the transaction has ended."""
    transaction, tell, book = Ledger.transaction, Bookkeeper._tell, Bookkeeper._book
    pages: list[Page] = []
    keepers: list[Bookkeeper] = []
    page_begins = Page.__init__

    def begin_page(self: Page, **words: int) -> None:
        page_begins(self, **words)
        pages.append(self)

    def remember_keeper(self: Bookkeeper, items: object, **words: object) -> None:
        keepers[:] = [self]
        book(self, items, **words)  # type: ignore[arg-type]

    @contextmanager
    def told_first(self: Ledger) -> Iterator[None]:
        with transaction(self):
            yield
            if keepers and pages:
                pages[-1].answers, answers = [], pages[-1].answers
                tell(keepers[0], pages[-1], set())
                pages[-1].answers, pages[-1].booked, pages[-1].tell_all_marks = answers, [], False
                pages[-1].outboxes.clear()
            promised = pages and any(row.outbox_no is not None for row in pages[-1].journal)
            while promised and SLOW_DISK.exists():  # A page without letters promises nothing that could be broken.
                time.sleep(0.05)

    Page.__init__ = begin_page  # type: ignore[method-assign,assignment]
    Bookkeeper._book = remember_keeper  # type: ignore[method-assign,assignment]
    Ledger.transaction = told_first  # type: ignore[method-assign]


def gap_ignored() -> None:
    """Take the last sequence heard for the last before a gap."""

    def book(self: OutboxMarks, first: int, last: int) -> None:
        self.row = self.row._replace(booked_through=max(self.row.booked_through, last))

    OutboxMarks.book = book  # type: ignore[method-assign]


MISTAKES = {mistake.__name__: mistake for mistake in (dedupe_off, ack_before_commit, gap_ignored)}

if __name__ == "__main__":
    wait_less()
    MISTAKES[sys.argv.pop(1)]()
    main()

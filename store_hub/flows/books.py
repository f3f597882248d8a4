"""The bookkeeper's books: what memory holds of the ledger, and how a batch of messages and commands becomes a page.

Memory is never ahead of the disk for long: whenever a page fails, all of it is thrown away and read again (`reload`).
"""

from __future__ import annotations

from collections.abc import Sequence

from store_hub.adapters.broker_link import Clock, Delivered
from store_hub.adapters.ledger import JournalRow, Ledger
from store_hub.adapters.ledger_letters import LedgerLetters
from store_hub.errors import HubError
from store_hub.flows.device_books import DeviceBooks
from store_hub.flows.edge_books import EdgeBooks
from store_hub.flows.hands_out import Post, posts
from store_hub.flows.inbox import Dropped, Item, LineUp, Request
from store_hub.flows.page import Page
from store_hub.flows.sender_guard import SenderGuard
from store_hub.flows.told_books import ToldBooks
from store_hub.rows import DERIVED, Effect, QuarantineRow
from store_hub.rules.fold import Entry, StoreFold
from store_hub.rules.journal_words import Said, Unreadable
from wire_format.topics import last_level


class EffectFailed(Exception):
    """Our own mistake while working out one item: it must not take the others with it."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Folding:
    """Applies entries to the fold and puts them on the page. `failing`: skip the effects of whatever comes, and say why."""

    def __init__(self, fold: StoreFold, *, failing: str | None = None) -> None:
        self.fold = fold
        self._failing = failing

    def write(self, page: Page, row: JournalRow, said: Said) -> None:
        """Journal an entry with its effects.

        Raises:
            EffectFailed: memory is no longer right and must be read again.
        """
        page.write_entry(row, apply_entry(self.fold, row, said, failing=self._failing), kind=_kind(said))


def failing_detail(error: Exception) -> str:
    """What the quarantine says of an entry that was our undoing; the same live and in a rebuild."""
    return error.detail if isinstance(error, EffectFailed) else f"{type(error).__name__}: {error}"[:300]


_KINDS: dict[type, str] = {}


def _kind(said: Said) -> str:
    kind = type(said)
    known = _KINDS.get(kind)
    if known is None:
        known = _KINDS[kind] = "unreadable" if isinstance(said, Unreadable) else str(said.__struct_config__.tag)
    return known


def apply_entry(fold: StoreFold, row: JournalRow, said: Said, *, failing: str | None = None) -> list[Effect]:
    """Return an entry's effects; the same for live booking and for a rebuild.

    Raises:
        EffectFailed: memory is no longer right and must be read again.
    """
    if failing is not None:
        return [QuarantineRow(row.journal_id, 0, "effect_failed", failing, row.happened_at_ms)]
    try:
        return fold.apply(Entry(row.journal_id, row.received_at_ms, row.happened_at_ms, row.payload, said))
    except Exception as error:
        raise EffectFailed(failing_detail(error)) from error


class Books:
    """Not for two threads at once."""

    def __init__(self, ledger: Ledger, clock: Clock, guard: SenderGuard | None = None) -> None:
        self._ledger = ledger
        self._guard = guard
        self._clock = clock
        self.reload()

    def reload(self) -> None:
        """Forget everything and read it from the ledger."""
        self.fold = StoreFold()
        self.fold.restore(self._ledger.state_rows(DERIVED))
        hub_rows = list(self._ledger.hub_rows())
        self.edges = EdgeBooks(hub_rows, LedgerLetters(self._ledger), self._guard)
        self.devices = DeviceBooks(hub_rows)
        self.told = ToldBooks(hub_rows, self._ledger)
        self._last_journal_id = self._ledger.last_journal_id()
        self._last_notification_id = self._ledger.last_notification_id()

    def book(self, items: Sequence[Item], *, failing: str | None = None) -> tuple[Page, set[str]]:
        """Book a batch in one transaction; returns the page as written, and the tables touched.

        Args:
            failing: of a single item: journal it without effects, for this reason.

        Raises:
            LedgerUnusable: nothing was written. EffectFailed: nothing was written. Either way call `reload`.
        """
        page = Page(now_ms=self._clock.now_ms(), last_journal_id=self._last_journal_id, last_notification_id=self._last_notification_id)
        folding = Folding(self.fold, failing=failing)
        with self._ledger.transaction():
            for item in items:
                self._take(item, page, folding)
            page.effects += page.facts()
            page.effects += self.edges.take_rows()
            page.effects += self.fold.take_beliefs()
            tables = self._ledger.write(page.effects)  # Before the journal, for its entries name their outbox.
            self._ledger.write_journal(page.journal)
        self._last_journal_id = page.last_journal_id
        self._last_notification_id = page.last_notification_id
        return page, tables

    def posts(self, page: Page) -> list[Post]:
        """What devices are to be told once a page is written."""
        return posts(page, self.fold, self.devices, store_id=self._ledger.identity.store_id)

    def _take(self, item: Item, page: Page, folding: Folding) -> None:
        if isinstance(item, Delivered):
            self._take_message(item, page, folding)
        elif isinstance(item, LineUp):
            page.tell_all_marks = True
        elif isinstance(item, Dropped):
            page.booked += item.shells  # The broker is not to wait for them, or it sends nothing more to anybody.
            self.edges.take_dropped(item, page)
        elif isinstance(item, Request):
            try:
                page.answer(item.answer, self.told.take(item, page, folding))
            except HubError as error:
                page.answer(item.answer, error)

    def _take_message(self, message: Delivered, page: Page, folding: Folding) -> None:
        page.booked.append(message)
        kind = message.topic.split("/", 4)[3:4]
        if kind == ["health"]:
            self.devices.take_health(message, page, folding)
        elif kind == ["clock"]:
            self.edges.take_clock(message, last_level(message.topic), page)
        else:
            self.edges.take_seen(message, page, folding)

"""The only writer: a named thread that books what edges, tills and people say, one transaction a batch.

Only after a commit is anything acknowledged, answered or told. Killed anywhere, it has lost nothing and books nothing twice.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import NamedTuple, Protocol

import structlog

from store_hub.adapters.broker_link import Clock, Delivered
from store_hub.adapters.checkpoints import Checkpoints
from store_hub.adapters.ledger import Ledger
from store_hub.config import BookkeepingConfig
from store_hub.errors import HubError, HubStopping, LedgerUnusable
from store_hub.flows.booked_news import BookedNews
from store_hub.flows.books import Books, EffectFailed, failing_detail
from store_hub.flows.commands import Answer, Command
from store_hub.flows.inbox import Inbox, Item, Request
from store_hub.flows.page import Page
from store_hub.flows.sender_guard import SenderGuard
from wire_format import codec, topics
from wire_format.plans import Planogram

WAIT_S = 0.5
BACK_OFF_FIRST_S = 0.2
BACK_OFF_MAX_S = 5.0

_log = structlog.get_logger("bookkeep")


class BookkeepingDoor(Protocol):
    """What routes, pages, notify and sync see of bookkeep. Safe from any thread."""

    def submit(self, command: Command) -> Future[Answer]:
        """Ask for a command; the future is done after commit, or holds the HubError that says why not.

        Raises:
            HubBusy: the inbox is full; try again later (HTTP 503). HubStopping: no more is taken.
        """

    def on_booked(self, callback: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """Be called after each commit, on bookkeep's own notifying thread, with the names of the changed tables. Returns an unsubscriber.

        A slow callback never holds up booking: changes are merged while it works.
        """


class Line(Protocol):
    """The way back to the broker."""

    def acknowledge(self, delivered: Iterable[Delivered]) -> None:
        """Say that these are booked."""

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Say something."""


class Gauges(Protocol):
    """Where pages are counted."""

    def page_booked(self, *, by_type: Mapping[str, int], entries: int, duplicates: int, quarantined: int, seconds: float) -> None:
        """Count a transaction that is on the disk."""


class BookkeepingFigures(NamedTuple):
    """Counted since the start of this program, for metrics."""

    booked: int = 0
    duplicates: int = 0
    quarantined: int = 0
    batches: int = 0
    failed_batches: int = 0
    waiting: int = 0


class Bookkeeper:
    """Implements `BookkeepingDoor`; `inbox` is where ingest puts messages. `guard`: see `EdgeBooks`."""

    def __init__(
        self, ledger: Ledger, *, clock: Clock, config: BookkeepingConfig, gauges: Gauges | None = None, guard: SenderGuard | None = None
    ) -> None:
        self.inbox = Inbox(items_max=config.inbox_max, letters_per_s=config.device_letters_per_s)
        self.trouble: LedgerUnusable | None = None
        self._ledger = ledger
        self._clock = clock
        self._config = config
        self._gauges = gauges
        self._books = Books(ledger, clock, guard)
        self._line: Line | None = None
        self._news = BookedNews()
        self._checkpoints = Checkpoints(ledger.path)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bookkeep", daemon=True)
        self._figures = BookkeepingFigures()

    # ---- the door

    def submit(self, command: Command) -> Future[Answer]:
        """See `BookkeepingDoor`."""
        if self._stop.is_set():
            raise HubStopping
        answer: Future[Answer] = Future()
        answer.set_running_or_notify_cancel()  # Whoever stops waiting cannot stop what is being booked.
        self.inbox.put_request(Request(command, answer, self._clock.now_ms()))
        return answer

    def on_booked(self, callback: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """See `BookkeepingDoor`."""
        return self._news.subscribe(callback)

    def is_alive(self) -> bool:
        """Whether it is booking."""
        return self._thread.is_alive() and not self._stop.is_set()

    def planogram(self) -> Planogram | None:
        """The planogram in force."""
        places = self._books.fold.places
        return None if places is None else places.planogram

    def figures(self) -> BookkeepingFigures:
        """What was done since the start."""
        return self._figures._replace(waiting=len(self.inbox))

    # ---- its life

    def start(self, line: Line | None = None) -> None:
        """Begin to book. `line`: where acknowledgements and marks go."""
        self._line = line
        self._checkpoints.start(self._ledger.connection)
        self._news.start()
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        """Book what was begun, refuse what waits, close the news. What was not acknowledged will be sent again."""
        self._stop.set()
        self.inbox.close()
        self.inbox.put_line_up()  # Wakes the thread.
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        for item in self.inbox.drain():
            if isinstance(item, Request):
                item.answer.set_exception(HubStopping())
        self._news.stop()
        self._checkpoints.stop()

    def _run(self) -> None:
        unbooked: list[Item] = []
        back_off_s = BACK_OFF_FIRST_S
        while not self._stop.is_set():
            room = self._config.batch_max if not unbooked else max(1, self._config.inbox_max - len(unbooked))
            wait_s = WAIT_S if not unbooked else back_off_s
            unbooked += self.inbox.gather(at_most=room, wait_s=wait_s, linger_s=self._config.gather_ms / 1000)
            if not unbooked:
                continue
            try:
                self._book_safely(unbooked)
            except LedgerUnusable as trouble:
                unbooked = self._hold(unbooked, trouble)
                self._stop.wait(back_off_s)
                back_off_s = min(back_off_s * 2, BACK_OFF_MAX_S)
            else:
                unbooked, back_off_s = [], BACK_OFF_FIRST_S
                if self.trouble is not None:
                    _log.info("the ledger can be written again")
                    self.trouble = None

    def _book_safely(self, items: Sequence[Item]) -> None:
        """Book a batch; if something in it is our undoing, item by item, so that the others are booked."""
        try:
            self._book(items)
        except LedgerUnusable:
            raise
        except Exception as error:  # noqa: BLE001  # Whatever our mistake is, the other items must be booked.
            self._books.reload()
            if len(items) == 1:
                self._book_failing(items[0], error)
                return
            if not isinstance(error, EffectFailed):
                _log.warning("a batch failed; booking it piece by piece", items=len(items), problem=repr(error))
            for item in items:
                self._book_safely([item])

    def _book_failing(self, item: Item, error: Exception) -> None:
        """An item that is our undoing: it goes to quarantine, or, if even that fails, back to its sender."""
        _log.error("an entry has no effect: it is kept in quarantine", problem=str(error), exc_info=error)
        try:
            self._book([item], failing=failing_detail(error))
        except LedgerUnusable:
            raise
        except Exception as worse:  # noqa: BLE001  # The thread must live, or nothing is booked any more.
            _log.error("an item cannot be booked; its sender keeps it", problem=repr(worse), exc_info=worse)
            self._figures = self._figures._replace(failed_batches=self._figures.failed_batches + 1)
            self._books.reload()
            if isinstance(item, Request) and not item.answer.done():
                item.answer.set_exception(HubError(f"the request could not be booked ({type(worse).__name__}); the hub's log says more"))

    def _book(self, items: Sequence[Item], *, failing: str | None = None) -> None:
        began = time.perf_counter()
        page, tables = self._books.book(items, failing=failing)
        seconds = time.perf_counter() - began
        self._tell(page, tables)
        self._checkpoints.committed(len(page.effects) + len(page.journal))
        if self._gauges is not None:
            self._gauges.page_booked(
                by_type=page.by_type, entries=len(page.journal), duplicates=page.duplicates, quarantined=page.quarantined, seconds=seconds
            )

    def _hold(self, items: list[Item], trouble: LedgerUnusable) -> list[Item]:
        """The ledger cannot be written: whoever asked is told so, whatever the edges sent is kept and tried again."""
        if self.trouble is None or str(self.trouble) != str(trouble):
            _log.error("nothing can be booked", problem=str(trouble))
        self.trouble = trouble
        self._figures = self._figures._replace(failed_batches=self._figures.failed_batches + 1)
        try:
            self._books.reload()
        except (HubError, sqlite3.Error) as error:
            _log.error("the ledger cannot be read either", problem=str(error))
        kept: list[Item] = []
        for item in items:
            if not isinstance(item, Request):
                kept.append(item)
            elif not item.answer.done():
                item.answer.set_exception(trouble)
        return kept

    def _tell(self, page: Page, tables: set[str]) -> None:
        """After the commit: acknowledge, tell the marks, answer, spread the news."""
        if self._line is not None:
            self._line.acknowledge(page.booked)
            edges = self._books.edges
            for outbox_id in edges.outboxes() if page.tell_all_marks else page.outboxes:
                self._tell_mark(self._line, outbox_id)
            for post in self._books.posts(page):
                self._line.publish(post.topic, post.payload, retain=True)
        for future, answer in page.answers:
            if isinstance(answer, HubError):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        figures = self._figures
        self._figures = figures._replace(
            booked=figures.booked + len(page.journal),
            duplicates=figures.duplicates + page.duplicates,
            quarantined=figures.quarantined + page.quarantined,
            batches=figures.batches + 1,
        )
        if tables:
            self._news.spread(tables)

    def _tell_mark(self, line: Line, outbox_id: str) -> None:
        identity = self._ledger.identity
        mark = self._books.edges.mark(outbox_id, ledger_id=identity.ledger_id)
        line.publish(topics.booked(identity.store_id, outbox_id), codec.encode(mark), retain=True)

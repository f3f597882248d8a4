"""Lets the week happen and the hub book it: the ledger, its books and its rules are the product's own, only faster than real time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from msgspec import structs

from benchmarks.simulated_week.letters import Post, request, told
from benchmarks.simulated_week.plan import HABITS, WEEK_STARTS_MS, week_plan
from benchmarks.simulated_week.record import Record
from benchmarks.simulated_week.scales import Scales
from benchmarks.simulated_week.staff import Phones, StaffAtWork
from benchmarks.simulated_week.tags import Tags
from edge_agent.simulated_store.shop import Shop
from edge_agent.simulated_store.truth import TruthLog
from store_hub.adapters.ledger import Ledger
from store_hub.adapters.ledger_calls import LedgerCalls
from store_hub.adapters.ledger_views import LedgerViews
from store_hub.adapters.pager import Pager
from store_hub.entries_settings import AlertRules, SettingsChange, ShopSettings
from store_hub.errors import AlertUnknown
from store_hub.flows.attend import Attend
from store_hub.flows.books import Books
from store_hub.flows.commands import Answer, BookPlanogram, Command
from store_hub.flows.inbox import Item, Request
from store_hub.flows.notify import Notify
from store_hub.flows.page import Page
from store_hub.rows import AlertRow, DiscrepancyRow, NotificationRow
from wire_format import codec

STEP_MS = 20_000
ATTEND_MS = 60_000
"""The hub looks after what only time brings about more often; the week needs no more."""
COUNTS_PER_HOUR = AlertRules().counts_per_hour
LOW_FOR_S = 15.0
"""The manager has set that nobody is called to what a customer lifts and puts back."""


class WeekClock:
    """The hub's clock, which the week moves."""

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        """Return the week's present."""
        return self.at_ms


class BooksDoor:
    """Takes commands as the bookkeeper does, and has them booked at once."""

    def __init__(self, book: Callable[[list[Item]], Page], clock: WeekClock) -> None:
        self._book = book
        self._clock = clock

    def submit(self, command: Command) -> Future[Answer]:
        """Book one command."""
        answer: Future[Answer] = Future()
        page = self._book([Request(command, answer, self._clock.now_ms())])
        for future, said in page.answers:
            if not isinstance(said, Exception):
                future.set_result(said)
        return answer

    def on_booked(self, callback: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """Nobody waits here."""
        return lambda: None


class NextPage:
    """Takes commands as the bookkeeper does; they are booked with the next step's news."""

    def __init__(self, clock: WeekClock) -> None:
        self._clock = clock
        self._waiting: list[Item] = []

    def submit(self, command: Command) -> Future[Answer]:
        """Keep one command."""
        taken: Future[Answer] = Future()
        taken.set_result(None)
        self._waiting.append(Request(command, Future(), self._clock.now_ms()))
        return taken

    def take(self) -> list[Item]:
        """What waits."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def on_booked(self, callback: Callable[[frozenset[str]], None]) -> Callable[[], None]:
        """Nobody waits here."""
        return lambda: None


class Week:
    """A shop, its sensors, and a hub that hears of them.

    Args:
        folder: where the ledger is made.
        days: how long; 7 for the figures, less for a test.
        refill_booked: the share of refills that staff book.
        low_for_s: a place calls once it has been low for so long.
        counts_per_hour: so many shelves are staff asked to count at most.
        apart: the manager has parted the look-alikes as the hub advises.
    """

    def __init__(
        self, folder: Path, *, seed: int, days: float = 7.0, refill_booked: float = HABITS.refill_booked, low_for_s: float = LOW_FOR_S,
        counts_per_hour: int = COUNTS_PER_HOUR, apart: bool = False,
    ) -> None:  # fmt: skip
        self.plan = week_plan(apart=apart)
        self.truth = TruthLog(keep_events=10**7)
        habits = structs.replace(HABITS, refill_booked=refill_booked)
        self.shop = Shop(self.plan, seed=seed, start_ms=WEEK_STARTS_MS, habits=habits, truth=self.truth)
        self.ends_at_ms = WEEK_STARTS_MS + round(days * 86_400_000)
        self.ledger_path = folder / f"week-{seed}.ledger"
        self._ledger = Ledger.create(self.ledger_path, store_id=self.plan.store_id, now_ms=WEEK_STARTS_MS)
        self._ledger.connection.execute("PRAGMA synchronous=OFF")  # Nobody pulls the plug here; it is the rules that are measured.
        self._clock = WeekClock(WEEK_STARTS_MS)
        self.books = Books(self._ledger, self._clock)
        rules = SettingsChange(settings=ShopSettings(alerts=AlertRules(low_for_s=low_for_s, counts_per_hour=counts_per_hour)))
        self._book([_plan_request(codec.encode(self.plan)), request(rules, door="staff", key="settings", at_ms=WEEK_STARTS_MS)])
        self.scales = Scales(self.shop, seed=seed, start_ms=WEEK_STARTS_MS, days=days)
        self._tags = Tags(self.shop, seed=seed, start_ms=WEEK_STARTS_MS)
        self._post = Post(self.plan.store_id)
        self.record = Record(self.plan)
        self.staff, self.phones = StaffAtWork(self.shop, seed=seed), Phones()
        self._notify = Notify(
            calls=LedgerCalls(self.ledger_path), bookkeep=BooksDoor(self._book, self._clock), pager=cast(Pager, self.phones), page_url=None,
            now_ms=self._clock.now_ms, zone=lambda: ZoneInfo(self.plan.time_zone),
        )  # fmt: skip
        self._next = NextPage(self._clock)
        self._attend = Attend(views=LedgerViews(self.ledger_path), bookkeep=self._next, now_ms=self._clock.now_ms)
        self._look_at_ms: float | None = None

    def run(self, progress: Callable[[float], None]) -> Record:
        """Let the week happen; `progress` hears the share that is done."""
        for at_ms in range(WEEK_STARTS_MS + STEP_MS, self.ends_at_ms + 1, STEP_MS):
            self.shop.advance(at_ms)
            self._clock.at_ms = at_ms
            page = self._book(self._news(at_ms))
            self._respond(page, at_ms)
            self._send(page, at_ms)
            if at_ms % ATTEND_MS < STEP_MS:
                self._attend.look()
            self.record.note(at_ms, self.shop, self.books.fold, page)
            self.shop.forget_before(at_ms - STEP_MS)
            if at_ms % 3_600_000 < STEP_MS:
                progress((at_ms - WEEK_STARTS_MS) / (self.ends_at_ms - WEEK_STARTS_MS))
        self._ledger.close()
        return self.record

    def _news(self, at_ms: int) -> list[Item]:
        """What reaches the hub in this step, in the order of time."""
        news: list[tuple[int, Item]] = [(w.at_ms, self._post.weight(w)) for w in self.scales.advance(at_ms)]
        news += [(heard.at_ms, self._post.tag(heard)) for heard in self._tags.advance(at_ms)]
        for posting in self.shop.due_postings():
            news.append((posting.due_at_ms, told(posting)))
            self.shop.acknowledge(posting.key)
        news += [(at_ms, said) for said in [*self.staff.act(at_ms), *self._next.take()]]
        return [item for _, item in sorted(news, key=lambda one: one[0])]

    def _book(self, items: list[Item]) -> Page:
        page, _ = self.books.book(items)
        for _, answer in page.answers:
            if isinstance(answer, Exception) and not isinstance(answer, AlertUnknown):  # It may have closed as somebody pressed.
                raise answer
        return page

    def _respond(self, page: Page, at_ms: int) -> None:
        """Staff hear of what the hub asks."""
        for row in page.effects:
            if isinstance(row, AlertRow):
                self.staff.hear_alert(row, at_ms)
            elif isinstance(row, DiscrepancyRow):
                self.staff.hear_discrepancy(row, at_ms)

    def _send(self, page: Page, at_ms: int) -> None:
        """Let the product's own flow decide which messages go out."""
        called = any(isinstance(row, NotificationRow) for row in page.effects)
        if called or (self._look_at_ms is not None and at_ms >= self._look_at_ms):
            self.phones.now_ms = at_ms
            wait_s = self._notify.notify_once()
            self._look_at_ms = None if wait_s is None else at_ms + 1000 * wait_s


def _plan_request(payload: bytes) -> Request:
    return Request(BookPlanogram(payload), Future(), WEEK_STARTS_MS)

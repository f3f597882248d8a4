"""Looks after what only time brings about, and has it journalled: silent devices, tasks that nobody takes, sweeps that are
over, shelves that somebody should count.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout

import structlog

from store_hub.adapters.ledger_views import LedgerReading, LedgerViews
from store_hub.entries import Escalation, Finding
from store_hub.errors import HubError
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import Book
from store_hub.flows.parts import Parts
from store_hub.rules.count_asks import COUNT, REMEMBERED_MS, UNITS_LEAST, Asked, Doubted, counts_to_ask, lasting
from store_hub.rules.opening_hours import open_span
from store_hub.rules.overdue import DeviceSeen, OpenTask, escalation, findings
from store_hub.rules.paging import PagingRules

LOOK_S = 10.0
ANSWER_S = 30.0

_log = structlog.get_logger("attend")


class Attend:
    """A named thread."""

    name = "attend"

    def __init__(self, *, views: LedgerViews, bookkeep: BookkeepingDoor, now_ms: Callable[[], int]) -> None:
        self._views = views
        self._bookkeep = bookkeep
        self._now_ms = now_ms
        self._listening_since_ms = now_ms()
        self._doubted_since_ms: dict[str, int] = {}

    def run(self, stop: threading.Event) -> None:
        """Look every few seconds, until told to stop."""
        while not stop.wait(LOOK_S):
            try:
                self.look()
            except (HubError, FutureTimeout) as error:
                _log.warning("overdue things are looked for later", problem=str(error) or "the bookkeeper did not answer in time")

    def look(self) -> list[Finding | Escalation]:
        """Book what is overdue; returns it.

        Raises:
            HubError: the ledger cannot be read, or nothing can be booked now.
        """
        now_ms = self._now_ms()
        with self._views.reading() as reading:
            told = self._told(reading, now_ms)
        for one in told:
            self._bookkeep.submit(Book(one, "findings")).result(ANSWER_S)
        return told

    def _told(self, reading: LedgerReading, now_ms: int) -> list[Finding | Escalation]:
        rules = reading.settings().alerts
        tasks = [
            OpenTask(row.alert_id, row.kind, row.subject, row.raised_at_ms, row.taken_at_ms, row.done_at_ms, row.escalated_at_ms)
            for row in reading.open_tasks()
        ]
        devices = [DeviceSeen(row.device_id, row.last_seen_at_ms, row.state == "death") for row in reading.devices()]
        open_since_ms = _open_since_ms(reading, now_ms)
        late = escalation(tasks, rules, now_ms, open_since_ms=open_since_ms)
        found = findings(tasks, devices, now_ms, listening_since_ms=self._listening_since_ms)
        return [*found, *([] if late is None else [late]), *self._counts(reading, rules.counts_per_hour, now_ms, open_since_ms)]

    def _counts(self, reading: LedgerReading, per_hour: int, now_ms: int, open_since_ms: int | None) -> list[Finding]:
        """The shelves that staff should count, while there are staff."""
        if open_since_ms is None or per_hour == 0:
            return []
        places = [Doubted(*row) for row in reading.doubted_places(UNITS_LEAST)]
        doubted, self._doubted_since_ms = lasting(places, self._doubted_since_ms, now_ms)
        past = reading.findings_of(COUNT, now_ms - REMEMBERED_MS)
        asked = [Asked(row.subject, row.raised_at_ms, row.done_at_ms is not None) for row in past]
        return counts_to_ask(doubted, asked, per_hour, now_ms)


def _open_since_ms(reading: LedgerReading, now_ms: int) -> int | None:
    """Since when people work in the shop; None: it is shut, or its quiet hours hold. Where no hours are told, always."""
    plan, rules = reading.planogram, reading.settings().alerts
    if plan is None:
        return None
    zone = reading.zone
    if PagingRules(0, rules.quiet_from, rules.quiet_to, zone).quiet_ends_ms(now_ms) is not None:
        return None
    span = open_span(now_ms, plan.opening_hours, zone)
    if span is None:
        return 0
    return span.opens_ms if span.is_open(now_ms) else None


def make_attend(parts: Parts) -> Attend:
    """Return the flow."""
    return Attend(views=LedgerViews(parts.ledger), bookkeep=parts.bookkeep, now_ms=parts.now_ms)

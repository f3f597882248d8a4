"""Lets go each night of what is older than the settings keep: a named thread, in steps, while the hub goes on booking."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from store_hub.adapters.ledger_views import LedgerViews
from store_hub.errors import HubError
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import Book, ForgetMessages
from store_hub.flows.parts import Parts
from store_hub.rules.retention import DAY_MS, steps

LOOK_S = 60.0
ANSWER_S = 120.0
AT_HOUR = 3
"""When a shop sleeps, its own time; the backup of the night has been taken before or is taken after, either is right."""

_log = structlog.get_logger("forget")


class Forgetting:
    """A named thread."""

    name = "forget"

    def __init__(self, *, views: LedgerViews, bookkeep: BookkeepingDoor, now_ms: Callable[[], int], zone: Callable[[], ZoneInfo]) -> None:
        self._views = views
        self._bookkeep = bookkeep
        self._now_ms = now_ms
        self._zone = zone
        self._done_on = ""

    def run(self, stop: threading.Event) -> None:
        """Once a night, until told to stop."""
        while not stop.wait(LOOK_S):
            try:
                self.look()
            except (HubError, FutureTimeout) as error:
                _log.warning("old rows are let go later", problem=str(error) or "the bookkeeper did not answer in time")

    def look(self) -> None:
        """Do the night's work if it is time and not done.

        Raises:
            HubError: the ledger cannot be read, or nothing can be booked now.
        """
        local = datetime.fromtimestamp(self._now_ms() / 1000, self._zone())
        if local.hour == AT_HOUR and self._done_on != local.date().isoformat():
            self.forget()
            self._done_on = local.date().isoformat()

    def forget(self) -> int:
        """Let go of what is too old now; returns in how many steps.

        Raises:
            HubError: as `look`.
        """
        now_ms = self._now_ms()
        with self._views.reading() as reading:
            retention, oldest = reading.settings().retention, reading.oldest()
        told = steps(retention, oldest, now_ms)
        for one in told:
            self._bookkeep.submit(Book(one, "retention")).result(ANSWER_S)
        if retention.messages_days is not None:
            self._bookkeep.submit(ForgetMessages(now_ms - retention.messages_days * DAY_MS)).result(ANSWER_S)
        if told:
            _log.info("old rows are let go", steps=len(told))
        return len(told)


def make_forgetting(parts: Parts) -> Forgetting:
    """Return the flow."""
    return Forgetting(views=LedgerViews(parts.ledger), bookkeep=parts.bookkeep, now_ms=parts.now_ms, zone=parts.zone)

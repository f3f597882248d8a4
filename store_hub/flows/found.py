"""Founds a ledger: reads the planogram, refuses what contradicts itself, and puts it in force as the first entry."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from store_hub.adapters.broker_link import Clock
from store_hub.adapters.ledger import Ledger, LedgerIdentity
from store_hub.adapters.ledger_copy import remove_ledger
from store_hub.errors import PlanogramInvalid
from store_hub.flows.books import Books
from store_hub.flows.commands import Answer, BookPlanogram
from store_hub.flows.inbox import Request
from store_hub.flows.told_books import usable_planogram


def found_ledger(path: Path, planogram: Path, *, store_id: str | None, clock: Clock) -> LedgerIdentity:
    """Make a ledger whose first entry is the planogram.

    Raises:
        PlanogramInvalid: with every problem. LedgerUnusable: there is one already, or it cannot be written.
    """
    try:
        payload = planogram.read_bytes()
    except OSError as error:
        raise PlanogramInvalid(
            source=str(planogram), problems=[f"cannot be read: {error.strerror}; give the file's name with --planogram"]
        ) from None
    plan = usable_planogram(payload, store_id=store_id, source=str(planogram))
    ledger = Ledger.create(path, store_id=plan.store_id, now_ms=clock.now_ms())
    try:
        answer: Future[Answer] = Future()
        Books(ledger, clock).book([Request(BookPlanogram(payload), answer, clock.now_ms())])
    except BaseException:
        ledger.close()
        remove_ledger(path)  # Half a ledger would only be in the way.
        raise
    ledger.close()
    return ledger.identity

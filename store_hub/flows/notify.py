"""Calls staff to shelves: what is raised together is told together, once, and tried again when a service does not take it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as FutureTimeout
from threading import Event
from typing import Literal

import structlog

from store_hub.adapters.ledger_calls import LedgerCalls, WaitingCall
from store_hub.adapters.pager import Pager
from store_hub.config import PagerConfig
from store_hub.errors import HubError
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import SettleNotification
from store_hub.flows.parts import Parts
from store_hub.rules.back_off import BackOff
from store_hub.rules.messages import Call, is_outdated, message

_log = structlog.get_logger(__name__)

Outcome = Literal["sent", "outdated", "given_up"] | None
"""None: still to be sent."""

TELLING_REASONS = ("raised", "emptied", "swept")
"""That an alert is over is no news for a phone."""


class Notify:
    """The flow that calls staff.

    Args:
        page_url: the hub's address as staff's phones see it.
        now_ms: the hub's clock.
        gather_ms: calls raised within this time become one message.
        look_every_s: how often to look without being woken.
        attempts_max: so often a message is tried at most.
    """

    name = "notify"

    def __init__(
        self,
        *,
        calls: LedgerCalls,
        bookkeep: BookkeepingDoor,
        pager: Pager,
        page_url: str | None,
        now_ms: Callable[[], int],
        gather_ms: int = 5_000,
        look_every_s: float = 30.0,
        attempts_max: int = 8,
        answer_s: float = 30.0,
        back_off: BackOff | None = None,
    ) -> None:
        self._calls = calls
        self._bookkeep = bookkeep
        self._pager = pager
        self._page_url = page_url
        self._now_ms = now_ms
        self._gather_ms = gather_ms
        self._look_every_s = look_every_s
        self._attempts_max = attempts_max
        self._answer_s = answer_s
        self._back_off = back_off or BackOff(first_s=2.0, most_s=60.0, chance=random.Random())
        self._told: dict[int, set[str]] = {}
        self._wake = Event()
        self._patient = False
        self.sent = 0
        self.failed = 0

    def run(self, stop: Event) -> None:
        """Call staff until told to stop."""
        unsubscribe = self._bookkeep.on_booked(self._booked)
        try:
            while not stop.is_set():
                self._wake.clear()
                wait_s = self._turn()
                self._wait(stop, wait_s)
        finally:
            unsubscribe()

    def notify_once(self) -> float | None:
        """Send what is due, and return in how many seconds to look again; None = when woken.

        Raises:
            LedgerUnusable, HubBusy, HubStopping
        """
        waiting = self._calls.waiting()
        self._told = {row.notification_id: self._told.get(row.notification_id, set()) for row in waiting}
        due: list[WaitingCall] = []
        outcomes: dict[int, Outcome] = {}
        for row in waiting:
            outcome = self._outcome_without_sending(row)
            if outcome is None:
                due.append(row)
            else:
                outcomes[row.notification_id] = outcome
        self._settle(outcomes)
        if not due:
            self._back_off.succeeded()
            return None
        gathered_in_ms = min(row.created_at_ms for row in due) + self._gather_ms - self._now_ms()
        if gathered_in_ms > 0:
            return gathered_in_ms / 1000
        return self._send(due)

    def _turn(self) -> float:
        try:
            wait_s = self.notify_once()
        except (HubError, FutureTimeout) as error:
            wait_s = self._back_off.failed()
            _log.warning("calls_delayed", reason=str(error) or "the bookkeeper did not answer in time", again_in_s=round(wait_s, 1))
        except Exception:  # noqa: BLE001  # Our own mistake must not silence the pager for good.
            _log.exception("calls_failed")
            wait_s = self._back_off.failed()
        return self._look_every_s if wait_s is None else min(wait_s, self._look_every_s)

    def _outcome_without_sending(self, row: WaitingCall) -> Outcome:
        if not self._pager.targets or row.attempts >= self._attempts_max:
            return "given_up"
        if row.reason not in TELLING_REASONS or row.raised_at_ms is None or is_outdated(_call(row), self._now_ms()):
            return "outdated"
        return None

    def _send(self, due: list[WaitingCall]) -> float | None:
        for target in self._pager.targets:
            untold = [row for row in due if target not in self._told[row.notification_id]]
            if not untold:
                continue
            title, body = message([_call(row) for row in untold], self._page_url)
            if self._pager.send(target, title=title, body=body):
                self.sent += 1
                for row in untold:
                    self._told[row.notification_id].add(target)
            else:
                self.failed += 1
                _log.warning("call_not_taken", target=target, calls=len(untold))
        told = {row.notification_id: self._told[row.notification_id].issuperset(self._pager.targets) for row in due}
        self._settle({notification_id: "sent" if told_all else None for notification_id, told_all in told.items()})
        self._patient = not all(told.values())
        if self._patient:
            return self._back_off.failed()
        self._back_off.succeeded()
        return None

    def _settle(self, outcomes: Mapping[int, Outcome]) -> None:
        """Say what became of messages; asked all at once, so that one commit serves them all."""
        answers = [self._bookkeep.submit(SettleNotification(number, outcome)) for number, outcome in outcomes.items()]
        for answer in answers:
            answer.result(self._answer_s)

    def _booked(self, tables: frozenset[str]) -> None:
        if "notifications" in tables:
            self._wake.set()

    def _wait(self, stop: Event, wait_s: float) -> None:
        """Wait for news or the time; after a failure for the time only. A stop is seen within half a second."""
        signal = stop if self._patient else self._wake
        left_s = wait_s
        while left_s > 0 and not stop.is_set() and not signal.wait(min(0.5, left_s)):
            left_s -= 0.5


def _call(row: WaitingCall) -> Call:
    assert row.raised_at_ms is not None
    happened_at_ms = row.emptied_at_ms if row.reason in ("emptied", "swept") and row.emptied_at_ms is not None else row.raised_at_ms
    missing = None if row.capacity_units is None or row.units is None else row.capacity_units - row.units
    return Call(
        notification_id=row.notification_id,
        alert_id=row.alert_id,
        reason=row.reason,
        happened_at_ms=happened_at_ms,
        open=row.cleared_at_ms is None,
        taken=row.taken_at_ms is not None,
        article=row.article,
        place=row.place,
        units=row.units,
        back_room_units=row.back_room_units,
        fill_units=missing,
    )


def make_notify(config: PagerConfig, parts: Parts, *, config_path: str) -> Notify:
    """Return the flow as configured.

    Raises:
        ConfigurationInvalid: an address that no service knows.
    """
    return Notify(
        calls=LedgerCalls(parts.ledger),
        bookkeep=parts.bookkeep,
        pager=Pager(config.urls, config_path=config_path),
        page_url=config.page_url,
        now_ms=parts.now_ms,
    )

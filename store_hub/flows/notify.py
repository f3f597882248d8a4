"""Calls staff: what is raised together is told together, once, seldom, and tried again when a service does not take it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as FutureTimeout
from threading import Event
from typing import Literal
from zoneinfo import ZoneInfo

import structlog

from store_hub.adapters.ledger_calls import LedgerCalls, WaitingCall
from store_hub.adapters.pager import Pager
from store_hub.config import PagerConfig
from store_hub.errors import HubError
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import SettleNotification
from store_hub.flows.parts import Parts
from store_hub.rules.back_off import BackOff
from store_hub.rules.messages import ESCALATED, Call, message
from store_hub.rules.paging import PagingRules, concerns, is_outdated, is_urgent, patience_ms
from store_hub.rules.walk import walk_ranks
from wire_format.plans import Planogram

_log = structlog.get_logger(__name__)

Outcome = Literal["sent", "outdated", "given_up"] | None
"""None: still to be sent."""

TELLING_REASONS = ("raised", "emptied", "swept", "escalated")
"""That an alert is over is no news for a phone."""


class Notify:
    """The flow that calls staff.

    Args:
        page_url: the hub's address as staff's phones see it.
        now_ms: the hub's clock. zone: the shop's time zone, for the quiet hours.
        gap_ms: the pause between two messages to one receiver, instead of the one that is set.
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
        zone: Callable[[], ZoneInfo] = lambda: ZoneInfo("UTC"),
        gap_ms: int | None = None,
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
        self._zone = zone
        self._gap_ms = gap_ms
        self._sent_at_ms: dict[str, int] = {}
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
        read = self._calls.read()
        self._pager.use(read.channels)
        rules = PagingRules(
            int(read.rules.message_gap_min * 60_000) if self._gap_ms is None else self._gap_ms,
            read.rules.quiet_from, read.rules.quiet_to, self._zone(),
        )  # fmt: skip
        self._told = {row.notification_id: self._told.get(row.notification_id, set()) for row in read.waiting}
        words = Words(read.plan)
        due: list[Call] = []
        outcomes: dict[int, Outcome] = {}
        for row in read.waiting:
            outcome = self._outcome_without_sending(row, words, rules)
            if outcome is None:
                due.append(words.call(row))
            else:
                outcomes[row.notification_id] = outcome
        self._settle(outcomes)
        if not due:
            self._back_off.succeeded()
            return None
        created_ms = {row.notification_id: row.created_at_ms for row in read.waiting}
        return self._send(due, created_ms, rules)

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

    def _outcome_without_sending(self, row: WaitingCall, words: Words, rules: PagingRules) -> Outcome:
        if row.attempts >= self._attempts_max:
            return "given_up"
        if row.reason not in TELLING_REASONS or row.raised_at_ms is None:
            return "outdated"
        call = words.call(row)
        if is_outdated(call, self._now_ms(), rules):
            return "outdated"
        return None if self._receivers(call) else "given_up"

    def _receivers(self, call: Call) -> list[str]:
        return [target for target in self._pager.targets if concerns(call, self._pager.role(target))]

    def _send(self, due: list[Call], created_ms: Mapping[int, int], rules: PagingRules) -> float | None:
        """Send each target one message of what is ripe, unless it had one a moment ago; returns when to look again, s."""
        now_ms = self._now_ms()
        quiet_ends_ms = rules.quiet_ends_ms(now_ms)
        if quiet_ends_ms is not None:
            return (quiet_ends_ms - now_ms) / 1000
        waits_ms: list[int] = []
        failed: set[int] = set()
        for target in self._pager.targets:
            untold = [call for call in due if concerns(call, self._pager.role(target)) and target not in self._told[call.notification_id]]
            if not untold:
                continue
            ripe_ms = {call.notification_id: created_ms[call.notification_id] + patience_ms(call, self._gather_ms) for call in untold}
            wait_ms = min(ripe_ms.values()) - now_ms
            if not any(is_urgent(call) for call in untold):
                wait_ms = max(wait_ms, self._sent_at_ms.get(target, now_ms - rules.gap_ms) + rules.gap_ms - now_ms)
            if wait_ms > 0:
                waits_ms.append(wait_ms)
                continue
            ripe = [
                call for call in untold if ripe_ms[call.notification_id] <= now_ms or patience_ms(call, self._gather_ms) == self._gather_ms
            ]
            waits_ms += [ripe_ms[call.notification_id] - now_ms for call in untold if call not in ripe]
            if not self._send_one(target, ripe, now_ms):
                failed |= {call.notification_id for call in ripe}
        told = [call for call in due if self._told[call.notification_id].issuperset(self._receivers(call))]
        outcomes: dict[int, Outcome] = {call.notification_id: "sent" for call in told}
        self._settle({**outcomes, **dict.fromkeys(failed)})
        self._patient = bool(failed)
        if failed:
            waits_ms.append(int(self._back_off.failed() * 1000))
        else:
            self._back_off.succeeded()
        return min(waits_ms) / 1000 if waits_ms else None

    def _send_one(self, target: str, calls: list[Call], now_ms: int) -> bool:
        title, body = message(calls, self._page_url)
        if not self._pager.send(target, title=title, body=body):
            self.failed += 1
            _log.warning("call_not_taken", target=target, calls=len(calls))
            return False
        self.sent += 1
        self._sent_at_ms[target] = now_ms
        for call in calls:
            self._told[call.notification_id].add(target)
        return True

    def _settle(self, outcomes: Mapping[int, Outcome]) -> None:
        """Say what became of messages; asked all at once, so that one commit serves them all."""
        answers = [self._bookkeep.submit(SettleNotification(number, outcome)) for number, outcome in outcomes.items()]
        for answer in answers:
            answer.result(self._answer_s)

    def _booked(self, tables: frozenset[str]) -> None:
        if tables & {"notifications", "channels", "settings"}:
            self._wake.set()

    def _wait(self, stop: Event, wait_s: float) -> None:
        """Wait for news or the time; after a failure for the time only. A stop is seen within half a second."""
        signal = stop if self._patient else self._wake
        left_s = wait_s
        while left_s > 0 and not stop.is_set() and not signal.wait(min(0.5, left_s)):
            left_s -= 0.5


class Words:
    """Turns a waiting call into what a person would want to hear, by the shop's plan."""

    def __init__(self, plan: Planogram | None) -> None:
        self._walk = {} if plan is None else walk_ranks(plan)
        self._places = (
            {} if plan is None else {shelf.shelf_id: f"{bay.name}, board {shelf.level}" for bay in plan.bays for shelf in bay.shelves}
        )
        self._zones = {} if plan is None else {zone.zone_id: zone.name for zone in plan.zones}

    def call(self, row: WaitingCall) -> Call:
        """Return the call; its alert must be there."""
        assert row.raised_at_ms is not None
        happened_at_ms = row.emptied_at_ms if row.reason == "emptied" and row.emptied_at_ms is not None else row.raised_at_ms
        missing = None if row.capacity_units is None or row.units is None else row.capacity_units - row.units
        shelf_id = row.shelf_id or ""
        return Call(
            notification_id=row.notification_id,
            alert_id=row.alert_id,
            reason=row.reason,
            happened_at_ms=row.created_at_ms if row.reason == ESCALATED else happened_at_ms,
            open=row.cleared_at_ms is None,
            taken=row.taken_at_ms is not None,
            article=row.article,
            place=self._places.get(shelf_id, f"shelf {shelf_id}"),
            units=row.units,
            back_room_units=row.back_room_units,
            fill_units=missing,
            kind=row.kind,
            subject=self._zones.get(row.subject, row.subject),
            detail=row.detail,
            walk=self._walk.get(shelf_id, len(self._walk)),
            lost_minor_h=row.lost_minor_h,
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
        zone=parts.zone,
    )

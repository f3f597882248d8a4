"""Books of what is told: commands of tills, people, pages, notify and sync."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from store_hub.adapters.journal_snapshot import Removed, remove_entries, take_over
from store_hub.adapters.ledger import JournalRow, Ledger
from store_hub.entries import (
    AlertAction,
    CalibrationAction,
    Delivery,
    Escalation,
    Finding,
    Forget,
    LightAction,
    Sale,
    StockCount,
    StockMove,
    WriteOff,
)
from store_hub.entries_fleet import ConfigurationAction, LogAction, RolloutAction
from store_hub.entries_goods import (
    DeliveryAcceptance,
    DeliveryNotice,
    DeliveryReads,
    EpcisCapture,
    StockTakeDecision,
    StockTakeReads,
)
from store_hub.entries_settings import SettingsChange
from store_hub.errors import IdempotencyConflict, PlanogramInvalid
from store_hub.flows.commands import (
    Answer,
    Book,
    Booked,
    BookPlanogram,
    ChangeProducts,
    DropChannel,
    ForgetFacts,
    ForgetMessages,
    ForgetPlansAfter,
    KeepChannel,
    KeepPlan,
    MoveWebhookMark,
    NumberFacts,
    RemoveEntries,
    ReportAfresh,
    SettleNotification,
    TakeSnapshot,
)
from store_hub.flows.inbox import Request
from store_hub.flows.page import Page
from store_hub.flows.told_checks import refuse_nonsense, told_at_ms
from store_hub.rows import ChannelRow, DirtyRow, Effect, Gone, IdempotencyRow, PlanRow, ReportMarksRow, ReportRow, WebhookMarkRow
from store_hub.rules.journal_words import LIGHT, PLANOGRAM, SETTINGS
from store_hub.rules.occurrence_time import RECEIVED, told_time
from store_hub.rules.planogram_checks import planogram_problems
from store_hub.rules.product_changes import with_products
from store_hub.rules.told import unknown_skus
from wire_format import codec
from wire_format.errors import MessageUndecodable, VersionUnknown
from wire_format.plans import Planogram

if TYPE_CHECKING:
    from store_hub.flows.books import Folding

_SOURCES = {
    Sale: "till",
    Delivery: "delivery",
    StockCount: "count",
    WriteOff: "write_off",
    StockMove: "move",
    AlertAction: "alert_action",
    CalibrationAction: "calibration",
    StockTakeReads: "handheld",
    StockTakeDecision: "stock_take",
    DeliveryNotice: "notice",
    DeliveryReads: "handheld",
    DeliveryAcceptance: "receiving",
    EpcisCapture: "epcis",
    LightAction: LIGHT,
    ConfigurationAction: "fleet",
    RolloutAction: "fleet",
    LogAction: "fleet",
    Finding: "finding",
    Escalation: "finding",
    Forget: "forget",
    SettingsChange: SETTINGS,
}


ANSWERS_KEPT_MS = 30 * 86_400_000
"""So long a till may come back with a request of which it does not know whether it was booked."""

ANSWERS_LOOKED_AT_MS = 3_600_000


class ToldBooks:
    """Answers given, and how far the cloud is."""

    def __init__(self, rows: Iterable[Effect], ledger: Ledger) -> None:
        self._ledger = ledger
        self._answers_forgotten_at_ms = 0
        marks = [row for row in rows if isinstance(row, ReportMarksRow)]
        self._report_marks = marks[0] if marks else ReportMarksRow(1, 0, 0, None, 0)

    def take(self, request: Request, page: Page, folding: Folding) -> Answer:
        """Do what was asked; returns the answer, to be given once the page is written.

        Raises:
            HubError: nothing is written for this request.
        """
        command = request.command
        match command:
            case Book():
                return self._book(command, request.received_at_ms, page, folding)
            case BookPlanogram():
                return self._book_planogram(command.payload, request.received_at_ms, page, folding)
            case ChangeProducts():
                return self._change_products(command, request.received_at_ms, page, folding)
            case SettleNotification():
                self._ledger.settle_notification(command.notification_id, outcome=command.outcome, now_ms=page.now_ms)
                return None
            case NumberFacts():
                return self._number(command, page)
            case ForgetFacts():
                self._forget(command.booked_through, page)
                return None
            case ReportAfresh():
                self._report_afresh(command.booked_through, page)
                return None
            case ForgetPlansAfter():
                self._set_marks(page, plans_after=command.plan_no)
                return None
            case MoveWebhookMark():
                page.effects.append(WebhookMarkRow(command.url, command.notification_id))
                return None
            case ForgetMessages() | TakeSnapshot() | RemoveEntries():
                return self._let_go(command, page)
            case KeepChannel():
                page.effects.append(ChannelRow(command.name, command.url, command.role, page.now_ms))
                return None
            case DropChannel():
                page.effects.append(Gone(ChannelRow, (command.name,)))
                return None
            case KeepPlan():
                page.effects.append(PlanRow(command.plan_no, command.kind, page.now_ms, command.payload))
                self._set_marks(page, plans_after=max(self._report_marks.plans_after, command.plan_no))
                return None

    # ---- what is older than is kept

    def _let_go(self, command: ForgetMessages | TakeSnapshot | RemoveEntries, page: Page) -> Removed | None:
        if isinstance(command, ForgetMessages):
            self._ledger.forget_messages(command.before_ms)
            return None
        if isinstance(command, TakeSnapshot):
            take_over(self._ledger, command.snapshot, now_ms=page.now_ms)
            return None
        return remove_entries(
            self._ledger, after=command.after, through=command.through, received_before_ms=command.before_ms, at_most=command.at_most
        )

    # ---- into the journal

    def _book(self, command: Book, received_at_ms: int, page: Page, folding: Folding) -> Booked:
        payload = msgspec.json.encode(command.told)
        body_hash = hashlib.sha256(payload).hexdigest()
        key = command.idempotency_key
        if key is not None:
            given = page.keys.get((command.door, key)) or self._ledger.answer_given(command.door, key)
            if given is not None:
                if given.body_hash != body_hash:
                    raise IdempotencyConflict(door=command.door, key=key)
                return msgspec.structs.replace(msgspec.json.decode(given.answer, type=Booked), again=True)
        refuse_nonsense(command.told, folding.fold, page.now_ms)
        when = told_time(told_at_ms=told_at_ms(command.told), received_at_ms=received_at_ms)
        row = JournalRow(
            page.next_journal_id(), _SOURCES[type(command.told)], None, None, received_at_ms,
            when.happened_at_ms, when.time_quality, None, payload,
        )  # fmt: skip
        unknown = unknown_skus(command.told, folding.fold.places) if isinstance(command.told, Sale | Delivery | WriteOff) else []
        folding.write(page, row, command.told)
        booked = Booked(journal_id=row.journal_id, unknown_skus=unknown)
        if key is not None:
            self._forget_old_answers(page.now_ms)
            answer = IdempotencyRow(command.door, key, body_hash, msgspec.json.encode(booked), page.now_ms)
            page.keys[command.door, key] = answer
            page.effects.append(answer)
        return booked

    def _forget_old_answers(self, now_ms: int) -> None:
        if now_ms - self._answers_forgotten_at_ms >= ANSWERS_LOOKED_AT_MS:
            self._answers_forgotten_at_ms = now_ms
            self._ledger.forget_answers(now_ms - ANSWERS_KEPT_MS)

    def _book_planogram(self, payload: bytes, received_at_ms: int, page: Page, folding: Folding) -> Booked:
        plan = usable_planogram(payload, store_id=self._ledger.identity.store_id, source="sent to the hub")
        row = JournalRow(page.next_journal_id(), PLANOGRAM, None, None, received_at_ms, received_at_ms, RECEIVED, None, payload)
        folding.write(page, row, plan)
        return Booked(journal_id=row.journal_id)

    def _change_products(self, command: ChangeProducts, received_at_ms: int, page: Page, folding: Folding) -> Booked:
        places = folding.fold.places
        if places is None:
            raise PlanogramInvalid(source="the product master", problems=["this shop has no planogram yet"])
        plan, problems = with_products(places.planogram, command.changes)
        if problems:
            raise PlanogramInvalid(source="the product master", problems=problems)
        if plan is places.planogram:
            return Booked(journal_id=page.next_journal_id() - 1, again=True)
        return self._book_planogram(codec.encode(plan), received_at_ms, page, folding)

    # ---- to and from the cloud

    def _number(self, command: NumberFacts, page: Page) -> int:
        sequence = self._report_marks.last_sequence
        for fact in command.facts:
            sequence += 1
            page.effects.append(ReportRow(sequence, msgspec.json.encode(msgspec.structs.replace(fact, sequence=sequence))))
        self._ledger.strike_out(DirtyRow(*key) for key in command.told)
        self._set_marks(page, last_sequence=sequence)
        return sequence

    def _forget(self, booked_through: int, page: Page) -> None:
        self._ledger.forget_facts(booked_through)
        marks = self._report_marks
        self._set_marks(
            page,
            booked_through=max(marks.booked_through, booked_through),
            last_sequence=max(marks.last_sequence, booked_through),  # A restored ledger must not use a number twice.
            booked_at_ms=page.now_ms,
        )

    def _report_afresh(self, booked_through: int, page: Page) -> None:
        page.effects = [effect for effect in page.effects if not isinstance(effect, ReportRow)]  # Numbered on this very page.
        self._ledger.drop_facts()
        self._ledger.mark_all_facts(page.next_journal_id())
        self._set_marks(page, booked_through=booked_through, last_sequence=booked_through, booked_at_ms=page.now_ms)

    def _set_marks(self, page: Page, **changed: int) -> None:
        self._report_marks = self._report_marks._replace(**changed)
        page.effects.append(self._report_marks)


def usable_planogram(payload: bytes, *, store_id: str | None, source: str) -> Planogram:
    """Return a planogram that may be put in force.

    Raises:
        PlanogramInvalid: it cannot be read, contradicts itself, or is another store's.
    """
    try:
        plan = codec.plans.decode(payload)
    except (MessageUndecodable, VersionUnknown) as error:
        raise PlanogramInvalid(source=source, problems=[str(error)]) from None
    if not isinstance(plan, Planogram):
        raise PlanogramInvalid(source=source, problems=[f"this is a {type(plan).__name__}, not a planogram"])
    problems = planogram_problems(plan)
    if store_id is not None and plan.store_id != store_id:
        problems.insert(0, f"store_id: it is for store {plan.store_id}, this ledger is of store {store_id}")
    if problems:
        raise PlanogramInvalid(source=source, problems=problems)
    return plan

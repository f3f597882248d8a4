"""Hands the store's facts to the cloud and fetches its plans. A fact is forgotten only when the cloud says that it has booked it."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from threading import Event, Lock
from typing import NamedTuple

import msgspec
import structlog

from store_hub.adapters.cloud_link import CloudLink, CloudRefused, CloudUnreachable, NumberedPlan, PlansAnswer
from store_hub.adapters.door_tokens import read_token
from store_hub.adapters.ledger_reports import LedgerReports, Marks
from store_hub.config import CloudConfig
from store_hub.errors import HubError, PlanogramInvalid
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import BookPlanogram, Command, ForgetFacts, ForgetPlansAfter, KeepPlan, ReportAfresh
from store_hub.flows.parts import Parts
from store_hub.rules.back_off import BackOff
from wire_format import codec
from wire_format.errors import MessageUndecodable, VersionUnknown
from wire_format.plans import AnyPlan, Planogram
from wire_format.reports import AnyFact, ReportBatch, StoreProfile

_log = structlog.get_logger(__name__)
_fact = msgspec.json.Decoder(AnyFact)

BATCH_FACTS = 500
FIRST_BATCH_FACTS = 1
"""After a start the first batch is small: its answer shows whether cloud and ledger still agree, before anything more is handed in."""


class CloudState(NamedTuple):
    """How the link is. Times are the hub's clock; `problem` is None while all is well."""

    agreed_at_ms: int | None = None
    problem: str | None = None


class Sync:
    """The flow that speaks to the cloud.

    Args:
        now_ms: the hub's clock.
        pause_s: how often to look for new facts.
        plans_every_s: how often to ask for plans.
        answer_s: how long to wait for the bookkeeper.
        back_off: how long to wait after failures.
    """

    name = "sync"

    def __init__(
        self,
        *,
        ledger: LedgerReports,
        bookkeep: BookkeepingDoor,
        cloud: CloudLink,
        store_id: str,
        now_ms: Callable[[], int],
        pause_s: float = 2.0,
        plans_every_s: float = 300.0,
        answer_s: float = 30.0,
        back_off: BackOff | None = None,
    ) -> None:
        self._ledger = ledger
        self._bookkeep = bookkeep
        self._cloud = cloud
        self._store_id = store_id
        self._now_ms = now_ms
        self._pause_s = pause_s
        self._plans_every_ms = int(plans_every_s * 1000)
        self._answer_s = answer_s
        self._back_off = back_off or BackOff(first_s=1.0, most_s=300.0, chance=random.Random())
        self._told_planogram: int | None = None
        self._plans_asked_ms: int | None = None
        self._agreed = self._compared = False
        marks = self._marks()
        self._numbered_at_start = 0 if marks is None else marks.last_sequence
        self._lock = Lock()
        self._state = CloudState()

    def state(self) -> CloudState:
        """Return how the link is; safe from any thread."""
        with self._lock:
            return self._state

    def run(self, stop: Event) -> None:
        """Speak to the cloud until told to stop."""
        if self._cloud.speaks_in_clear:
            _log.warning("cloud_in_clear", url=self._cloud.url, advice="the store's token travels unencrypted; use an https:// address")
        with self._cloud:
            while not stop.is_set():
                stop.wait(self._turn(stop))

    def _turn(self, stop: Event) -> float:
        """Do what there is to do, and return the seconds until the next turn."""
        try:
            self.sync_once(stop)
        except (HubError, FutureTimeout) as error:
            problem = str(error) or "the bookkeeper did not answer in time"
            wait_s = self._back_off.failed()
            if isinstance(error, CloudUnreachable) and error.retry_after_s is not None:
                wait_s = max(wait_s, error.retry_after_s)
            self._tell(problem=problem)
            log = _log.error if isinstance(error, CloudRefused) else _log.warning
            log("cloud_delayed", reason=problem, again_in_s=round(wait_s, 1))
            return wait_s
        except Exception as error:  # noqa: BLE001  # Our own mistake must not end the link for good: what is not booked is kept.
            self._tell(problem=f"{type(error).__name__} in the hub itself; its log says more")
            _log.exception("sync_failed")
            return self._back_off.failed()
        self._back_off.succeeded()
        self._tell(problem=None)
        return self._pause_s

    def sync_once(self, stop: Event | None = None) -> int:
        """Say who we are where that is new, hand in all facts, ask for plans where it is time. Return how many facts were booked.

        Raises:
            CloudUnreachable, CloudRefused: the rest stays in the ledger.
            LedgerUnusable, HubBusy, HubStopping
        """
        self._introduce()
        if not self._compared:
            self._compare()
        booked = self._hand_in(stop)
        if self._plans_asked_ms is None or self._now_ms() - self._plans_asked_ms >= self._plans_every_ms:
            self._fetch_plans()
            self._plans_asked_ms = self._now_ms()
        return booked

    # ---- who we are

    def _introduce(self) -> None:
        with self._ledger.reading() as reading:
            in_force = reading.planogram()
        if in_force is None or in_force.journal_id == self._told_planogram:
            return
        plan: AnyPlan = codec.plans.decode(in_force.payload)
        assert isinstance(plan, Planogram), "bookkeep puts nothing else in force"
        self._cloud.put_profile(
            StoreProfile(
                store_id=self._store_id,
                name=plan.name,
                time_zone=plan.time_zone,
                currency=plan.currency,
                floor_width_m=plan.width_m,
                floor_depth_m=plan.depth_m,
            )
        )
        self._cloud.put_planogram(plan)
        self._told_planogram = in_force.journal_id

    # ---- facts

    def _compare(self) -> None:
        """Before this hub hands in anything: the cloud has no more than was numbered when it started, and no less than it forgot.

        Where it has more, the ledger is an older copy, or has lost its last commits to a disk that lied: its next numbers were given
        before, and the cloud would take the facts that have them now for those it knows.
        """
        if (marks := self._marks()) is not None:
            has = self._cloud.plans_after(marks.plans_after, ledger_id=marks.ledger_id).booked_through
            if has is not None and not marks.booked_through <= has <= self._numbered_at_start:
                self._begin_afresh(marks, has)
            self._compared = True

    def _marks(self) -> Marks | None:
        with self._ledger.reading() as reading:
            return reading.marks()

    def _hand_in(self, stop: Event | None) -> int:
        booked = 0
        while stop is None or not stop.is_set():
            with self._ledger.reading() as reading:
                marks = reading.marks()
                numbered = reading.numbered(limit=BATCH_FACTS if self._agreed else FIRST_BATCH_FACTS)
            if marks is None or not numbered:
                return booked
            batch = ReportBatch(
                store_id=self._store_id, ledger_id=marks.ledger_id, from_sequence=numbered[0][0], to_sequence=numbered[-1][0],
                facts=[msgspec.structs.replace(_fact.decode(fact), sequence=sequence) for sequence, fact in numbered],
            )  # fmt: skip
            answer = self._cloud.post_reports(batch)
            if self._lost_touch(marks, batch, answer.booked_through):
                self._begin_afresh(marks, answer.booked_through)
                continue
            if answer.booked_through < batch.from_sequence:
                problem = f"it booked nothing of facts {batch.from_sequence} to {batch.to_sequence}"
                raise CloudUnreachable(url=self._cloud.url, problem=problem)
            self._ask(ForgetFacts(booked_through=answer.booked_through))
            self._agreed = True
            booked += max(0, answer.booked_through - batch.from_sequence + 1)
        return booked

    def _lost_touch(self, marks: Marks, batch: ReportBatch, booked_through: int) -> bool:
        """Whether the cloud has less than it once said it had, or more than this ledger can have told it.

        At a first contact, a batch whose answer was lost may be booked already; nothing beyond one whole batch can be.
        """
        most = batch.to_sequence if self._agreed else min(marks.last_sequence, batch.from_sequence - 1 + BATCH_FACTS)
        return booked_through < batch.from_sequence - 1 or booked_through > most

    def _begin_afresh(self, marks: Marks, booked_through: int) -> None:
        _log.warning(
            "cloud_and_ledger_lost_touch",
            cloud_has=booked_through,
            hub_forgot_through=marks.booked_through,
            hub_numbered_through=marks.last_sequence,
            advice="one of them was set back, by a restored backup most likely; the hub reports all its facts afresh",
        )
        self._ask(ReportAfresh(booked_through=booked_through))
        self._agreed = True
        self._told_planogram = None  # It may have forgotten who we are, too.

    # ---- plans

    def _fetch_plans(self) -> None:
        while True:
            marks = self._marks()
            if marks is None:
                return
            answer = self._cloud.plans_after(marks.plans_after, ledger_id=marks.ledger_id)
            self._heed(marks, answer)
            if not answer.plans:
                return
            for plan in answer.plans:
                self._keep(plan)

    def _heed(self, marks: Marks, answer: PlansAnswer) -> None:
        """A cloud that knows less than it did was set back, and may have noticed nothing: a shop with no news would wait for ever."""
        if answer.last_plan is not None and answer.last_plan < marks.plans_after:
            _log.warning("cloud_lost_plans", cloud_has=answer.last_plan, hub_has=marks.plans_after, advice="they stay in force here")
            self._ask(ForgetPlansAfter(plan_no=answer.last_plan))
        if answer.booked_through is not None and answer.booked_through < marks.booked_through:
            self._begin_afresh(marks, answer.booked_through)

    def _keep(self, numbered: NumberedPlan) -> None:
        """Keep a plan; one that a newer cloud wrote is left there until this hub is updated.

        Raises:
            CloudRefused: it is of a newer version.
        """
        try:
            plan: AnyPlan = codec.plans.decode(numbered.payload)
        except VersionUnknown as error:
            raise CloudRefused(url=self._cloud.url, problem=f"plan {numbered.number}: {error}", advice="update the hub") from None
        except MessageUndecodable as error:
            _log.error("plan_undecodable", plan_no=numbered.number, reason=str(error), advice="kept as it came, without effect")
            self._ask(KeepPlan(plan_no=numbered.number, kind="undecodable", payload=numbered.payload))
            return
        kind = str(type(plan).__struct_config__.tag)
        if isinstance(plan, Planogram):
            kind = self._put_in_force(numbered, kind)
        self._ask(KeepPlan(plan_no=numbered.number, kind=kind, payload=numbered.payload))
        _log.info("plan_received", plan_no=numbered.number, kind=kind)

    def _put_in_force(self, numbered: NumberedPlan, kind: str) -> str:
        try:
            self._ask(BookPlanogram(payload=numbered.payload))
        except PlanogramInvalid as error:
            _log.error("planogram_refused", plan_no=numbered.number, reason=str(error), advice="the old one stays in force")
            return f"{kind}_refused"
        return kind

    # ---- the rest of the hub

    def _ask(self, command: Command) -> None:
        self._bookkeep.submit(command).result(self._answer_s)

    def _tell(self, *, problem: str | None) -> None:
        with self._lock:
            self._state = CloudState(self._state.agreed_at_ms if problem else self._now_ms(), problem)


def make_sync(config: CloudConfig, parts: Parts) -> Sync | None:
    """Return the flow as configured; None without a cloud.

    Raises:
        ConfigurationInvalid: the token's file cannot be read.
    """
    if config.url is None:
        return None
    file = None if config.token_file is None else Path(config.token_file)
    token = None if file is None else lambda: read_token(file, field="cloud.token_file")
    if token is not None:
        token()  # An unusable file is told at the start.
    return Sync(
        ledger=LedgerReports(parts.ledger),
        bookkeep=parts.bookkeep,
        cloud=CloudLink(url=config.url, store_id=parts.store_id, token=token, timeout_s=config.timeout_s),
        store_id=parts.store_id,
        now_ms=parts.now_ms,
        plans_every_s=config.plans_every_s,
    )

"""What may be asked of bookkeep, the only writer. Every command is answered after its transaction has been committed, never before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from store_hub.adapters.journal_snapshot import Removed, Snapshot
from store_hub.entries import AnyTold
from store_hub.entries_fleet import AnyFleet
from store_hub.entries_goods import AnyGoods
from store_hub.entries_products import ProductChange
from store_hub.entries_settings import SettingsChange
from wire_format.reports import AnyFact


class Book(NamedTuple):
    """Journal what a till, a person or another system told. Answer: `Booked`.

    Args:
        told: what was said.
        door: names the idempotency keys' room: sales, deliveries, counts, alerts, stock-takes, notices, epcis, tasks.
        idempotency_key: None only where the hub itself speaks (its own pages).

    Raises (through the future): IdempotencyConflict, AlertUnknown, PlaceUnknown (counts only), CalibrationOutOfStep,
        SettingsChanged, HubStopping.
    """

    told: AnyTold | AnyGoods | AnyFleet | SettingsChange
    door: str
    idempotency_key: str | None = None


class Booked(Struct, frozen=True, kw_only=True):
    """It is in the journal. `again`: this very request had been booked before, and its first answer is given again."""

    journal_id: int
    unknown_skus: list[str] = []
    again: bool = False


class BookPlanogram(NamedTuple):
    """Put a planogram in force: bytes of a wire_format Planogram. Answer: `Booked`. Raises PlanogramInvalid, MessageUndecodable."""

    payload: bytes


class SettleNotification(NamedTuple):
    """Say what became of a message to staff; outcome None: this attempt failed, try again. Answer: None."""

    notification_id: int
    outcome: Literal["sent", "outdated", "given_up"] | None


class DirtyKey(NamedTuple):
    """A row of `dirty`, as it was when the fact was made."""

    fact: str
    period_ms: int
    subject: str
    journal_id: int


class NumberFacts(NamedTuple):
    """Number facts for the cloud and put them into `report_outbox`. Their own `sequence` is ignored. Answer: the last number given.

    `told` are the dirty rows these facts answer: each is struck out unless it became dirty again since.
    """

    facts: list[AnyFact]
    told: list[DirtyKey]


class ForgetFacts(NamedTuple):
    """The cloud has booked up to here. Answer: None."""

    booked_through: int


class ReportAfresh(NamedTuple):
    """The cloud and this ledger have lost touch: one of them was set back. Answer: None.

    What is numbered is dropped, numbers go on after `booked_through`, and every fact of the ledger is marked to be told again.
    """

    booked_through: int


class KeepPlan(NamedTuple):
    """Keep a plan from the cloud, so that the next question asks for later ones. BookPlanogram puts a planogram in force. Answer: None."""

    plan_no: int
    kind: str
    payload: bytes


class ForgetPlansAfter(NamedTuple):
    """The cloud was set back: its next plan has a number that an older one had. Ask for plans after this one. Answer: None."""

    plan_no: int


class MoveWebhookMark(NamedTuple):
    """A receiver of webhooks has been told up to here. Answer: None."""

    url: str
    notification_id: int


class ChangeProducts(NamedTuple):
    """Change articles of the planogram, or add some. Answer: `Booked`; `again` where it was so already. Raises PlanogramInvalid."""

    changes: Sequence[ProductChange]


class ForgetMessages(NamedTuple):
    """Let go of settled messages and given answers that are older. Answer: None."""

    before_ms: int


class TakeSnapshot(NamedTuple):
    """Keep a snapshot that lies ready, in place of an older one. Answer: None. Raises SnapshotGone."""

    snapshot: Snapshot


class RemoveEntries(NamedTuple):
    """Remove some entries that the snapshot through `through` covers and that are older. Answer: `Removed`, None when none are left."""

    after: int
    through: int
    before_ms: int
    at_most: int


class KeepChannel(NamedTuple):
    """Keep an address where people are called, in place of one of the same name. Answer: None."""

    name: str
    url: str
    role: Literal["staff", "office", "both"]

    def __repr__(self) -> str:
        """Without the address, which holds secrets: a log may show a command."""
        return f"KeepChannel(name={self.name!r}, role={self.role!r})"


class DropChannel(NamedTuple):
    """Forget an address. Answer: None."""

    name: str


Command = (
    Book
    | BookPlanogram
    | SettleNotification
    | NumberFacts
    | ForgetFacts
    | ReportAfresh
    | KeepPlan
    | ForgetPlansAfter
    | MoveWebhookMark
    | ChangeProducts
    | ForgetMessages
    | TakeSnapshot
    | RemoveEntries
    | KeepChannel
    | DropChannel
)
Answer = Booked | Removed | int | None

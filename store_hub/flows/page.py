"""One page of the books: what a batch will write, in one transaction, and what is to be said once it is written."""

from __future__ import annotations

from concurrent.futures import Future

from store_hub.adapters.broker_link import Delivered
from store_hub.adapters.ledger import JournalRow
from store_hub.errors import HubError
from store_hub.flows.commands import Answer
from store_hub.rows import CounterRow, DirtyRow, Effect, IdempotencyRow, NotificationRow, QuarantineRow, StaffCall
from store_hub.rules.report_keys import FACT_OF, Fact


class Page:
    """Gathers; nothing here is true before the transaction has ended."""

    def __init__(self, *, now_ms: int, last_journal_id: int, last_notification_id: int) -> None:
        self.now_ms = now_ms
        self.journal: list[JournalRow] = []
        self.effects: list[Effect] = []
        self.booked: list[Delivered] = []
        self.answers: list[tuple[Future[Answer], Answer | HubError]] = []
        self.keys: dict[tuple[str, str], IdempotencyRow] = {}
        self.outboxes: dict[str, None] = {}
        self.tell_all_marks = False
        self.lit_shelves: set[str] = set()
        """Shelves whose light must be told what to show: its device has just said that it is there."""
        self.quarantined = 0
        self.duplicates = 0
        self.by_type: dict[str, int] = {}
        self._facts: dict[Fact, int] = {}
        self._journal_id = last_journal_id
        self._notification_id = last_notification_id

    @property
    def last_journal_id(self) -> int:
        """The last number given in the journal."""
        return self._journal_id

    @property
    def last_notification_id(self) -> int:
        """The last number given to a message to staff."""
        return self._notification_id

    def next_journal_id(self) -> int:
        """The number of the next entry."""
        return self._journal_id + 1

    def write_entry(self, row: JournalRow, effects: list[Effect], *, kind: str) -> None:
        """Add an entry with its effects, the facts they change and the calls they cause. `kind`: what it says, for counting."""
        self.by_type[kind] = self.by_type.get(kind, 0) + 1
        self._journal_id = row.journal_id
        self.journal.append(row)
        for effect in effects:
            fact_of = FACT_OF.get(type(effect))
            if fact_of is not None:
                self._facts[fact_of(effect)] = row.journal_id
            elif isinstance(effect, StaffCall):
                self._notification_id += 1
                call = NotificationRow(self._notification_id, effect.alert_id, effect.reason, row.received_at_ms, 0, None, None)
                self.effects.append(call)
                continue
            elif isinstance(effect, QuarantineRow):
                self.quarantined += 1
            self.effects.append(effect)

    def facts(self) -> list[DirtyRow]:
        """The facts for the cloud that the entries make out of date, each once, with the last entry that changed it."""
        return [DirtyRow(*fact, journal_id) for fact, journal_id in self._facts.items()]

    def count(self, name: str, detail: str, *, times: int = 1) -> None:
        """Count something refused without an entry."""
        self.effects.append(CounterRow(name, times, detail[:500], self.now_ms))

    def answer(self, future: Future[Answer], answer: Answer | HubError) -> None:
        """Give an answer, once this page is written."""
        self.answers.append((future, answer))

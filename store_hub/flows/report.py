"""Tells the bookkeeper which facts the cloud has yet to hear: at a steady pace, whatever has changed since it was last told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import date
from functools import partial
from threading import Event
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
import structlog

from store_hub.adapters.ledger_reports import LedgerReports, ReportReading
from store_hub.errors import HubError
from store_hub.flows.bookkeep import BookkeepingDoor
from store_hub.flows.commands import DirtyKey, NumberFacts
from store_hub.rows.hub import DirtyRow
from store_hub.rules import report_facts as facts
from store_hub.rules.basket_facts import basket_day
from wire_format.reports import AnyFact, BasketDay, SkuDay, SkuQuarter

_log = structlog.get_logger(__name__)
_valid = msgspec.json.Decoder(AnyFact)
_Figures = TypeVar("_Figures")

CHUNK_ROWS = 5000
NUMBERED_MAX = 2000
"""So many facts at most in one transaction, so that a busy shop's bookkeeping is not held up."""

WAITING_MAX = 10_000
"""While the cloud is away, changes wait as marks, of which there is one for each fact however often it changes."""

STARTED_BACK_MS = 3_600_000
"""After a start, quarters that ended this long before are told once more: the hub may have stopped just before telling them."""


class Report:
    """The flow that makes facts.

    Args:
        zone: gives the store's time zone; it may change with the planogram.
        now_ms: the hub's clock.
        every_s: how often facts are made.
        answer_s: how long to wait for the bookkeeper.
        waiting_max: while so many facts wait for the cloud, no more are numbered.
        people_min: counts of fewer people are withheld.
        category_of: gives the category of each SKU; it may change with the planogram.
    """

    name = "report"

    def __init__(
        self,
        *,
        ledger: LedgerReports,
        bookkeep: BookkeepingDoor,
        zone: Callable[[], ZoneInfo],
        now_ms: Callable[[], int],
        every_s: float,
        answer_s: float = 30.0,
        waiting_max: int = WAITING_MAX,
        people_min: int = 1,
        category_of: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._ledger = ledger
        self._bookkeep = bookkeep
        self._zone = zone
        self._now_ms = now_ms
        self._every_s = every_s
        self._answer_s = answer_s
        self._waiting_max = waiting_max
        self._people_min = people_min
        self._category_of = category_of
        self._started_at_ms = now_ms()
        self._told_through_ms: int | None = None
        self.refused = 0

    def run(self, stop: Event) -> None:
        """Report until told to stop."""
        while not stop.is_set():
            try:
                self.report_once(stop)
            except (HubError, FutureTimeout) as error:
                _log.warning("report_delayed", reason=str(error) or type(error).__name__)
            except Exception:  # noqa: BLE001  # Our own mistake must not end reporting for good: what is not told stays marked.
                _log.exception("report_failed")
            stop.wait(self._every_s)

    def report_once(self, stop: Event | None = None) -> int:
        """Make facts of all that has changed, and return how many.

        Raises:
            LedgerUnusable, HubBusy, HubStopping: what is not told yet stays marked.
        """
        made = 0
        while stop is None or not stop.is_set():
            with self._ledger.reading() as reading:
                marks = reading.marks()
                if marks is None or marks.waiting >= self._waiting_max:
                    return made
                known_through_ms = reading.known_through_ms(self._now_ms())
                dirty = reading.dirty(limit=CHUNK_ROWS)
                ended = [] if dirty else self._ended(reading, known_through_ms)
                found = ended or self._facts(reading, dirty, known_through_ms)
            if dirty or found:
                made += self._number(found, dirty)
            if not dirty:
                self._told_through_ms = known_through_ms
                return made
        return made

    def _number(self, found: list[AnyFact], dirty: list[DirtyRow]) -> int:
        told = [fact for fact in found if self._is_valid(fact)]
        keys = [DirtyKey(*row) for row in dirty]
        for start in range(0, max(1, len(told)), NUMBERED_MAX):
            last = start + NUMBERED_MAX >= len(told)
            command = NumberFacts(facts=told[start : start + NUMBERED_MAX], told=keys if last else [])
            self._bookkeep.submit(command).result(self._answer_s)
        return len(told)

    def _is_valid(self, fact: AnyFact) -> bool:
        """The cloud refuses a batch with one impossible fact in it, and everything behind would wait for ever."""
        try:
            _valid.decode(msgspec.json.encode(fact))
        except msgspec.ValidationError as error:
            self.refused += 1
            _log.error("fact_impossible", fact=str(fact)[:300], reason=str(error))
            return False
        return True

    def _facts(self, reading: ReportReading, dirty: Iterable[DirtyRow], known_through_ms: int | None) -> list[AnyFact]:
        made: list[AnyFact | None] = []
        quarters: dict[str, set[int]] = defaultdict(set)
        sold_on: set[date] = set()
        least = self._people_min
        for row in dirty:
            match row.fact:
                case "sku_quarter":
                    quarters[row.subject].add(row.period_ms)
                case "door_quarter":
                    made.append(_made(partial(facts.door_quarter, people_min=least), reading.door(row.subject, row.period_ms)))
                case "zone_quarter":
                    made.append(_made(partial(facts.zone_quarter, people_min=least), reading.zone(row.subject, row.period_ms)))
                case "tile_quarter":
                    made.append(_made(partial(facts.tile_quarter, people_min=least), reading.tiles(row.subject, row.period_ms)))
                case "basket_day":
                    sold_on.add(facts.local_day(row.period_ms, self._zone()))
                case "alert":
                    made.append(_made(facts.alert_fact, reading.alert(int(row.subject))))
                case "device":
                    made.append(_made(facts.device_fact, reading.device(row.subject)))
                case "rollout":
                    made.append(_made(facts.rollout_fact, reading.rollout()))
                case _:
                    _log.error("fact_unknown", fact=row.fact, subject=row.subject)
        today = facts.local_day(self._now_ms(), self._zone())
        made.extend(self._basket_day(reading, day) for day in sorted(sold_on) if day < today)  # Today is told once, when it has ended.
        told: list[AnyFact] = [fact for fact in made if fact is not None]
        for sku, changed in quarters.items():
            told.extend(self._sku_facts(reading, sku, changed, known_through_ms or max(changed)))
        return told

    def _basket_day(self, reading: ReportReading, day: date) -> BasketDay | None:
        lines = reading.basket_lines(*facts.day_bounds_ms(day, self._zone()))
        return basket_day(lines, self._category_of(), day, people_min=self._people_min)

    def _sku_facts(self, reading: ReportReading, sku: str, changed: set[int], known_through_ms: int) -> list[SkuQuarter | SkuDay]:
        zone = self._zone()
        spells = reading.spells(sku, min(changed))
        quarters = facts.quarters_to_tell(changed, spells, max(known_through_ms, *changed))
        days = sorted({facts.local_day(quarter_ms, zone) for quarter_ms in quarters})
        history = reading.history(sku, facts.day_bounds_ms(days[0], zone)[0], facts.day_bounds_ms(days[-1], zone)[1])
        made: list[SkuQuarter | SkuDay | None] = [facts.sku_quarter(history, quarter_ms, known_through_ms) for quarter_ms in quarters]
        made.extend(facts.sku_day(history, day, zone, known_through_ms) for day in days)
        return [fact for fact in made if fact is not None]

    def _ended(self, reading: ReportReading, known_through_ms: int | None) -> list[AnyFact]:
        """What became true by the passing of time alone: quarters of empty shelves, and days in which an article may not have moved."""
        if known_through_ms is None:
            return []
        from_ms = self._told_through_ms
        if from_ms is None:  # Where the hub that was here before stopped, however much has come in since.
            from_ms = (reading.known_through_ms(self._started_at_ms) or known_through_ms) - STARTED_BACK_MS
        from_ms = max(from_ms, known_through_ms - facts.RETOLD_MAX_MS)
        zone = self._zone()
        told: list[AnyFact | None] = []
        quarters = set(facts.quarters_between(from_ms, known_through_ms))
        if quarters:
            for sku in reading.skus_out():
                told.extend(self._sku_facts(reading, sku, quarters, known_through_ms))
        for day in facts.days_between(from_ms, known_through_ms, zone):
            bounds = facts.day_bounds_ms(day, zone)
            told.extend(facts.sku_day(reading.history(sku, *bounds), day, zone, known_through_ms) for sku in reading.skus())
            told.append(self._basket_day(reading, day))
        return [fact for fact in told if fact is not None]


def _made(make: Callable[[_Figures], AnyFact], figures: _Figures | None) -> AnyFact | None:
    """What has gone since it was marked has nothing to tell."""
    return None if figures is None else make(figures)

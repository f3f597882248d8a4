"""What is noted while the week goes by: the truth and the hub's belief side by side."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.simulated_week.plan import kind_of_place
from edge_agent.simulated_store.shop import Shop
from store_hub.entries import BACK_ROOM
from store_hub.flows.page import Page
from store_hub.rows import AlertRow, DiscrepancyRow, NotificationRow, SaleRow
from store_hub.rules.fold import StoreFold
from wire_format.plans import Planogram

SAMPLE_MS, SAMPLE_AFTER_MS = 15 * 60_000, 420_000
OPENS_MS, CLOSES_MS = 6 * 3_600_000, 22 * 3_600_000


class Sample(NamedTuple):
    """An article at a place at one moment. `low`, `high`: the hub's 90 % interval, None where it claims none."""

    at_ms: int
    kind: str
    place: str
    sku: str
    true_units: int
    units: float
    low: float | None
    high: float | None


class Spell(NamedTuple):
    """From when to when something held; `until_ms` None: still."""

    from_ms: int
    until_ms: int | None


class Record:
    """Truth and belief of one week."""

    def __init__(self, plan: Planogram) -> None:
        self._plan = plan
        self.samples: list[Sample] = []
        self.alerts: dict[int, AlertRow] = {}
        self.calls: list[NotificationRow] = []
        self.sales: list[SaleRow] = []
        self.receipts_ms: list[int] = []
        self.sold_heard_ms: dict[str, list[int]] = {}
        """When the hub has heard of each sale of an article."""
        self.levels: dict[tuple[str, str], list[tuple[int, int]]] = {}
        """True units of each place, whenever they changed."""
        self.book_levels: dict[str, list[tuple[int, int]]] = {}
        """What the hub's books say of each article, whenever it changed."""
        self.discrepancies: dict[int, DiscrepancyRow] = {}
        self.entries = 0

    def note(self, at_ms: int, shop: Shop, fold: StoreFold, page: Page) -> None:
        """Look at the shop and at what the hub has just written."""
        self.entries += len(page.journal)
        for row in page.effects:
            if isinstance(row, AlertRow):
                self.alerts[row.alert_id] = row
            elif isinstance(row, NotificationRow):
                self.calls.append(row)
            elif isinstance(row, DiscrepancyRow):
                self.discrepancies[row.discrepancy_id] = row
            elif isinstance(row, SaleRow):
                self.sales.append(row)
                self.sold_heard_ms.setdefault(row.sku, []).append(at_ms)
                if row.line == 1:
                    self.receipts_ms.append(row.sold_at_ms)
        units = shop.units()
        for key, count in units.items():
            _keep(self.levels.setdefault(key, []), at_ms, count)
        for product in self._plan.products:
            _keep(self.book_levels.setdefault(product.sku, []), at_ms, fold.stock.book_units(product.sku))
        if at_ms % SAMPLE_MS == SAMPLE_AFTER_MS and is_open(at_ms):
            self._sample(at_ms, units, shop.back_room(), fold)

    def _sample(self, at_ms: int, units: dict[tuple[str, str], int], back_room: dict[str, int], fold: StoreFold) -> None:
        facings = {} if fold.places is None else fold.places.facings
        wanted = [(sku, place, kind_of_place(self._plan, place, sku), units[place, sku]) for place, sku in facings]
        wanted += [(p.sku, BACK_ROOM, BACK_ROOM, back_room.get(p.sku, 0)) for p in self._plan.products]
        for sku, place, kind, true_units in wanted:
            row = fold.stock.at(sku, place)
            if row is not None:
                self.samples.append(Sample(at_ms, kind, place, sku, true_units, row.units, row.low, row.high))


def _keep(history: list[tuple[int, int]], at_ms: int, value: int) -> None:
    if not history or history[-1][1] != value:
        history.append((at_ms, value))


def is_open(at_ms: int) -> bool:
    """Whether the shop is open then; its summer time is two hours before UTC."""
    return OPENS_MS <= (at_ms + 2 * 3_600_000) % 86_400_000 < CLOSES_MS

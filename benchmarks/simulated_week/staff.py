"""Staff with phones: they come when they are called, say when there is nothing to fetch, and count what the hub asks them to count."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

from benchmarks.simulated_week.letters import request
from edge_agent.simulated_store.shop import Shop
from store_hub.adapters.pager import Role
from store_hub.entries import AlertAction, StockCount
from store_hub.flows.inbox import Request
from store_hub.rows import AlertRow, DiscrepancyRow

LOOKS_AFTER_MIN = (6.0, 18.0)
COUNTS_AFTER_MIN = (150.0, 240.0)
"""Long enough that a finding's two hours are never cut short by the count that ends it."""
STOCK_KINDS = ("low_shelf", "empty_shelf")
MISCOUNTS = 0.05
"""One count of a shelf in twenty is one too many or one too few."""


class Sent(NamedTuple):
    """A message that a phone got."""

    at_ms: int
    target: str
    title: str


class Phones:
    """Stands in for the pager: one staff member's phone, and the office's. Keeps what they got."""

    targets = ("staff", "office")

    def __init__(self) -> None:
        self.now_ms = 0
        self.sent: list[Sent] = []

    def use(self, channels: object) -> None:
        """Addresses of the settings: there are none."""

    def role(self, target: str) -> Role:
        """Whom a target reaches."""
        return "staff" if target == "staff" else "office"

    def send(self, target: str, *, title: str, body: str) -> bool:
        """Take a message."""
        self.sent.append(Sent(self.now_ms, target, title))
        return True


class _Errand(NamedTuple):
    at_ms: int
    number: int
    kind: str
    sku: str
    alert_id: int
    shelf_id: str = ""


class StaffAtWork:
    """What staff do about alerts and findings, some minutes later."""

    def __init__(self, shop: Shop, *, seed: int) -> None:
        self._shop = shop
        self._chance = np.random.default_rng([seed, 33])
        self._errands: list[_Errand] = []
        self._counting: set[str] = set()
        self._open: dict[int, AlertRow] = {}
        self._planned = 0
        self.counts = self.shelf_counts = 0

    def hear_alert(self, alert: AlertRow, at_ms: int) -> None:
        """An alert was raised, changed or cleared."""
        if alert.cleared_at_ms is not None:
            self._open.pop(alert.alert_id, None)
            return
        known = alert.alert_id in self._open
        self._open[alert.alert_id] = alert
        if alert.kind in STOCK_KINDS and alert.shelf_id is not None and alert.sku is not None and not known:
            self._shop.call_staff(alert.shelf_id, alert.sku)
            self._plan("look", alert.sku, at_ms, LOOKS_AFTER_MIN, alert.alert_id)
        elif alert.kind == "count" and alert.shelf_id is not None and alert.sku is not None and not known:
            self._plan("count_shelf", alert.sku, at_ms, LOOKS_AFTER_MIN, alert.alert_id, alert.shelf_id)

    def hear_discrepancy(self, row: DiscrepancyRow, at_ms: int) -> None:
        """The hub has found that an article's books are wrong."""
        if row.found_at_ms is not None and row.closed_at_ms is None and row.sku not in self._counting:
            self._counting.add(row.sku)
            self._plan("count", row.sku, at_ms, COUNTS_AFTER_MIN)

    def act(self, at_ms: int) -> list[Request]:
        """What they tell the hub by now."""
        told: list[Request] = []
        while self._errands and self._errands[0].at_ms <= at_ms:
            errand = heapq.heappop(self._errands)
            if errand.kind == "count":
                self._counting.discard(errand.sku)
                self.counts += 1
                said: StockCount | AlertAction = StockCount(sku=errand.sku, units=self._shop.count(errand.sku), counted_at_ms=at_ms)
            elif errand.kind == "count_shelf" and errand.alert_id in self._open:
                said = AlertAction(alert_id=errand.alert_id, action="counted", by="Ana", units=self._count(errand), pressed_at_ms=at_ms)
            elif errand.kind == "look" and errand.alert_id in self._open and not self._shop.back_room().get(errand.sku):
                said = AlertAction(alert_id=errand.alert_id, action="not_there", by="Ana")
            else:
                continue
            told.append(request(said, door="staff", key=f"errand-{errand.number}", at_ms=at_ms))
        return told

    def _count(self, errand: _Errand) -> int:
        self.shelf_counts += 1
        wrong = int(self._chance.choice((-1, 1))) if self._chance.random() < MISCOUNTS else 0
        return max(0, self._shop.units()[errand.shelf_id, errand.sku] + wrong)

    def _plan(self, kind: str, sku: str, at_ms: int, after_min: tuple[float, float], alert_id: int = 0, shelf_id: str = "") -> None:
        self._planned += 1
        due_ms = at_ms + round(float(self._chance.uniform(*after_min)) * 60_000)
        heapq.heappush(self._errands, _Errand(due_ms, self._planned, kind, sku, alert_id, shelf_id))

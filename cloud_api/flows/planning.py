"""Plans orders: reads a shop's sales and stock, asks the rule, and writes down what it proposes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.order_records import APPROVED, SKIPPED, OrderBook, OrderRecord
from cloud_api.adapters.sales_records import SalesBook, SkuDayRecord, StockRecord
from cloud_api.adapters.store_records import StoreBook, StoreRecord
from cloud_api.config import PlanningConfig
from cloud_api.errors import CloudError, MessageInvalid
from cloud_api.rules.replenishment import DaySales, Demand, Policy, Proposal, Supply, daily_demand, propose_line, propose_order
from wire_format.plans import OrderLine, Planogram, Product, ReplenishmentOrder

log = structlog.get_logger()

STOCK_AGE_MAX = timedelta(days=3)
ORDERS_OPEN_FOR = timedelta(days=21)
_LOOK_EVERY_S = 2.0
_FULL_DAY_MIN = 1440.0


class UnplannedSku(msgspec.Struct, frozen=True, kw_only=True):
    """An article nothing can be proposed for, and why."""

    sku: str
    name: str
    problem: str


class StorePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What planning a shop came to."""

    store_id: str
    planned_at: datetime
    proposals: list[Proposal]
    unplanned: list[UnplannedSku]


class Planning:
    """Plans one shop when asked, and every shop that reported news when run as a flow.

    Args:
        now: the wall clock, aware.
        planned: told of each planned shop, for the counters.
    """

    name = "planning"

    def __init__(
        self,
        *,
        stores: StoreBook,
        sales: SalesBook,
        orders: OrderBook,
        config: PlanningConfig,
        now: Callable[[], datetime],
        planned: Callable[[], None] = lambda: None,
    ) -> None:
        self._stores, self._sales, self._orders = stores, sales, orders
        self._config, self._now, self._planned = config, now, planned

    def run(self, stop: threading.Event) -> None:
        """Plan until told to stop. What fails for one shop is logged and tried again; the others go on."""
        while not stop.wait(_LOOK_EVERY_S):
            try:
                waiting = self._sales.waiting_to_be_planned(older_than=self._now() - timedelta(seconds=self._config.every_s))
            except (DBAPIError, CloudError) as error:
                log.warning("planning_waits", problem=str(error).splitlines()[0])
                continue
            for store_id in waiting:
                if stop.is_set():
                    return
                try:
                    self.plan(store_id)
                except (DBAPIError, CloudError) as error:
                    log.warning("planning_failed", store_id=store_id, problem=str(error).splitlines()[0])

    def plan(self, store_id: str) -> StorePlan:
        """Work out the shop's orders, and replace its open proposals by them.

        Raises:
            StoreUnknown, PlanogramMissing: there is nothing to plan with.
        """
        plan = self.work_out(store_id)
        store = self._stores.store(store_id)
        day = plan.planned_at.astimezone(ZoneInfo(store.time_zone)).date().isoformat()
        skipped = {order.supplier for order in self._orders.orders(store_id=store_id, state=SKIPPED) if self._is_today(order, store)}
        bodies: dict[str, dict[str, Any]] = {
            proposal.supplier: msgspec.to_builtins(proposal) for proposal in plan.proposals if proposal.supplier not in skipped
        }
        self._orders.propose(store_id, day, bodies)
        self._planned()
        return plan

    def work_out(self, store_id: str) -> StorePlan:
        """Work out the shop's orders and write nothing.

        Raises:
            StoreUnknown, PlanogramMissing: there is nothing to plan with.
        """
        store, planogram, now = self._stores.store(store_id), self._stores.planogram(store_id), self._now()
        first = (now.astimezone(ZoneInfo(store.time_zone)) - timedelta(days=self._config.history_days)).date()
        open_hours = self._sales.open_hours(store_id, zone=store.time_zone, since=now - timedelta(days=self._config.history_days))
        days = self._sales.days(store_id, zone=store.time_zone, first=first, open_hours=open_hours)
        demands = demand_by_sku(days, open_hours=open_hours, now=now.astimezone(ZoneInfo(store.time_zone)))
        stock = self._sales.stock(store_id, zone=store.time_zone, since=now - STOCK_AGE_MAX, now=now)
        on_order = self._on_order(store_id, now)
        policy = Policy(review_days=self._config.review_days, service_level=self._config.service_level)
        return _plan(planogram, demands, stock, on_order, policy, now)

    def approve(self, order_id: str, *, by: str, units: dict[str, int] | None = None) -> ReplenishmentOrder:
        """Approve a proposal, as it stands or with changed units by SKU (0 leaves a line out), and send it to the hub.

        Raises:
            OrderUnknown, OrderClosed: it cannot be decided.
            MessageInvalid: an article that is not in it, negative units, or nothing left to order.
        """
        order, now = self._orders.order(order_id), self._now()
        lines = _changed_lines(order, units or {})
        created_ms = int(now.timestamp() * 1000)
        plan = ReplenishmentOrder(
            order_id=order_id,
            store_id=order.store_id,
            created_at_ms=created_ms,
            due_at_ms=created_ms + round(float(order.body["lead_time_days"]) * 86_400_000),
            supplier=order.supplier,
            lines=[OrderLine(sku=line["sku"], units=line["units"], reason=line["reason"]) for line in lines],
        )
        body = order.body | {"lines": lines, "value_minor": sum(line["value_minor"] for line in lines)}
        self._orders.decide(order_id, state=APPROVED, by=by, body=body, plan=plan)
        return plan

    def skip(self, order_id: str, *, by: str) -> None:
        """Leave a proposal out for today.

        Raises:
            OrderUnknown, OrderClosed: it cannot be decided.
        """
        self._orders.decide(order_id, state=SKIPPED, by=by, body=self._orders.order(order_id).body, plan=None)

    def _is_today(self, order: OrderRecord, store: StoreRecord) -> bool:
        zone = ZoneInfo(store.time_zone)
        return order.decided_at is not None and order.decided_at.astimezone(zone).date() == self._now().astimezone(zone).date()

    def _on_order(self, store_id: str, now: datetime) -> dict[str, float]:
        """Approved and not yet received. Receipts are taken from the oldest open order on, so an old one cannot count for ever."""
        approved = self._orders.orders(store_id=store_id, state=APPROVED, since=now - ORDERS_OPEN_FOR)
        decided = [order.decided_at for order in approved if order.decided_at is not None]
        if not decided:
            return {}
        ordered: dict[str, float] = {}
        for order in approved:
            for line in order.body["lines"]:
                ordered[line["sku"]] = ordered.get(line["sku"], 0.0) + line["units"]
        received = self._sales.received_since(store_id, min(decided))
        return {sku: max(0.0, units - received.get(sku, 0)) for sku, units in ordered.items()}


def demand_by_sku(days: list[SkuDayRecord], *, open_hours: list[int], now: datetime) -> dict[str, Demand]:
    """Daily demand of every article that has a day on record.

    A day on which the shop reported anything and an article has no row is a day without a sale of it; a day without any report is
    missing and counts for nothing. Today counts for the part of the opening hours that has passed. `now` is in the shop's time zone.
    """
    reported = sorted({record.day for record in days})
    open_min = 60.0 * len(open_hours) or _FULL_DAY_MIN
    first_sold: dict[str, date] = {}
    by_key = {(record.sku, record.day): record for record in days}
    for record in days:
        first_sold[record.sku] = min(record.day, first_sold.get(record.sku, record.day))
    demands = {}
    for sku, since in first_sold.items():
        history = [
            _day_sales(by_key.get((sku, day)), _opened_min(day, open_hours, now), open_min)
            for day in reported
            if since <= day <= now.date()
        ]
        demand = daily_demand(history)
        if demand is not None:
            demands[sku] = demand
    return demands


def _opened_min(day: date, open_hours: list[int], now: datetime) -> float:
    if day != now.date():
        return 60.0 * len(open_hours) or _FULL_DAY_MIN
    hours = open_hours or range(24)
    return sum(60.0 if hour < now.hour else float(now.minute) if hour == now.hour else 0.0 for hour in hours)


def _day_sales(record: SkuDayRecord | None, opened_min: float, open_min: float) -> DaySales:
    if record is None:
        return DaySales(units_sold=0, exposure=opened_min / open_min, opened=opened_min / open_min)
    empty_min = min(opened_min, record.out_of_stock_min or 0.0)
    return DaySales(units_sold=record.units_sold, exposure=(opened_min - empty_min) / open_min, opened=opened_min / open_min)


def _plan(
    planogram: Planogram,
    demands: dict[str, Demand],
    stock: dict[str, StockRecord],
    on_order: dict[str, float],
    policy: Policy,
    now: datetime,
) -> StorePlan:
    by_supplier: dict[str, list[Any]] = {}
    lead_times: dict[str, float] = {}
    unplanned: list[UnplannedSku] = []
    for product in planogram.products:
        known = stock.get(product.sku)
        if known is None:
            problem = "its stock is not known; count it, or see that its shelf reports"
            unplanned.append(UnplannedSku(sku=product.sku, name=product.name, problem=problem))
            continue
        supply = _supply(planogram, product, known.units, on_order.get(product.sku, 0.0))
        line = propose_line(supply, demands.get(product.sku), policy)
        if line is not None:
            by_supplier.setdefault(product.supplier, []).append(line)
            lead_times[product.supplier] = max(lead_times.get(product.supplier, 0.0), product.lead_time_days)
    proposals = [propose_order(supplier, lines, lead_time_days=lead_times[supplier]) for supplier, lines in by_supplier.items()]
    proposals.sort(key=lambda proposal: (-proposal.at_risk_minor, -proposal.value_minor, proposal.supplier))
    return StorePlan(store_id=planogram.store_id, planned_at=now, proposals=proposals, unplanned=unplanned)


def _supply(planogram: Planogram, product: Product, on_hand: float, on_order: float) -> Supply:
    facings = [facing for bay in planogram.bays for shelf in bay.shelves for facing in shelf.facings if facing.sku == product.sku]
    return Supply(
        sku=product.sku,
        name=product.name,
        on_hand_units=on_hand,
        on_order_units=on_order,
        case_pack_units=product.case_pack_units,
        lead_time_days=product.lead_time_days,
        capacity_units=sum(facing.capacity_units for facing in facings) if facings else None,
        presentation_min_units=sum(facing.low_units for facing in facings),
        price_minor=product.price_minor,
        cost_minor=product.cost_minor,
    )


def _changed_lines(order: OrderRecord, units: dict[str, int]) -> list[dict[str, Any]]:
    proposed = {line["sku"]: line for line in order.body["lines"]}
    for sku, wanted in units.items():
        if sku not in proposed:
            raise MessageInvalid(field=f"units.{sku}", problem=f"order {order.order_id} has no line for it")
        if wanted < 0:
            raise MessageInvalid(field=f"units.{sku}", problem=f"{wanted} is below 0; write 0 to leave the line out")
    lines = []
    for sku, line in proposed.items():
        wanted = units.get(sku, line["units"])
        if wanted == line["units"]:
            lines.append(line)
        elif wanted > 0:
            value = round(line["value_minor"] * wanted / line["units"])
            reason = f"Planner ordered {wanted} instead of {line['units']}. {line['reason']}"
            lines.append(line | {"units": wanted, "value_minor": value, "reason": reason})
    if not lines:
        raise MessageInvalid(field="units", problem="nothing is left to order; skip the order instead")
    return lines

"""Plans orders: reads a shop's sales and stock, asks the rule, and writes down what it proposes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.forecast_records import ChampionRecord, ForecastBook
from cloud_api.adapters.order_records import APPROVED, SKIPPED, OrderBook, OrderRecord
from cloud_api.adapters.sales_records import SalesBook
from cloud_api.adapters.store_records import StoreBook, StoreRecord
from cloud_api.config import PlanningConfig
from cloud_api.errors import CloudError, MessageInvalid
from cloud_api.flows.shop_history import demand_by_sku, whole_weeks
from cloud_api.flows.store_plan import StorePlan, Supplies, plan_store, worth
from cloud_api.rules.replenishment import Demand, Policy
from cloud_api.rules.shop_forecast import WEEKS_MIN, History, forecast_shop
from cloud_api.rules.supplier_record import (
    OrderProgress,
    Receipt,
    SentOrder,
    SupplierRecord,
    follow_orders,
    on_the_way,
    supplier_records,
)
from wire_format.plans import OrderLine, ReplenishmentOrder

log = structlog.get_logger()

STOCK_AGE_MAX = timedelta(days=3)
ORDERS_FOLLOWED_FOR = timedelta(days=180)
_CHAMPION_FIELDS = ("champion", "error", "challenger", "challenger_error", "bias", "band_held", "series", "origins")
_LOOK_EVERY_S = 2.0


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's approved orders with what was received of them, newest first, and its suppliers' records."""

    store_id: str
    orders: list[OrderProgress]
    suppliers: list[SupplierRecord]


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
        forecasts: ForecastBook,
        config: PlanningConfig,
        now: Callable[[], datetime],
        planned: Callable[[], None] = lambda: None,
    ) -> None:
        self._stores, self._sales, self._orders, self._forecasts = stores, sales, orders, forecasts
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
        self._forecasts.save(store_id, plan.forecasts)
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
        local = now.astimezone(ZoneInfo(store.time_zone))
        measured, records = self._forecast(store_id, whole_weeks(days, open_hours=open_hours, today=local.date()), now)
        demands = demand_by_sku(days, open_hours=open_hours, now=local) | measured
        stock = self._sales.stock(store_id, zone=store.time_zone, since=now - STOCK_AGE_MAX, now=now)
        progress = self.follow(store_id)
        supplies = Supplies(planogram, on_the_way(progress), supplier_records(progress))
        plan = plan_store(supplies, demands, stock, self._policies(), now)
        return msgspec.structs.replace(plan, forecasts=records, suppliers=sorted(supplies.records.values(), key=lambda each: each.supplier))

    def follow(self, store_id: str) -> list[OrderProgress]:
        """The shop's approved orders with what came of each, oldest first."""
        since = self._now() - ORDERS_FOLLOWED_FOR
        approved = self._orders.orders(store_id=store_id, state=APPROVED, since=since)
        sent = [
            SentOrder(
                order_id=order.order_id, supplier=order.supplier, sent_at=order.decided_at, promised_days=order.body["lead_time_days"],
                units={line["sku"]: line["units"] for line in order.body["lines"]},
            )
            for order in approved if order.decided_at is not None
        ]  # fmt: skip
        if not sent:
            return []
        oldest = min(order.sent_at for order in sent)
        receipts = [Receipt(sku=sku, at=at, units=units) for sku, at, units in self._sales.receipts(store_id, oldest)]
        return follow_orders(sent, receipts, self._now())

    def deliveries(self, store_id: str) -> Deliveries:
        """What came of the shop's orders, newest first, and each supplier's record."""
        progress = self.follow(store_id)
        records = sorted(supplier_records(progress).values(), key=lambda each: each.supplier)
        return Deliveries(store_id=store_id, orders=progress[::-1], suppliers=records)

    def _forecast(self, store_id: str, history: History | None, now: datetime) -> tuple[dict[str, Demand], list[ChampionRecord]]:
        """Measured forecasts by SKU, and the record of each class; none while the shop has too short a past."""
        if history is None or history.sold.shape[1] < 7 * WEEKS_MIN:
            return {}, []
        in_use = {record.class_name: record.champion for record in self._forecasts.champions(store_id)}
        forecasts, found = forecast_shop(history, in_use)
        measured = {record.name: record for record in found}
        demands = {
            sku: Demand(
                mean_per_day=each.mean_per_day, sd_per_day=(each.over_dispersion * each.mean_per_day) ** 0.5, days=each.days,
                hidden_share=each.hidden_share, over_dispersion=each.over_dispersion, method=each.method, class_name=each.class_name,
                **worth(measured.get(each.class_name)),
            )
            for sku, each in forecasts.items()
        }  # fmt: skip
        return demands, [
            ChampionRecord(class_name=each.name, measured_at=now, **{name: getattr(each, name) for name in _CHAMPION_FIELDS})
            for each in found
        ]

    def _policies(self) -> Callable[[str], Policy]:
        """The policy of a category."""
        usual, levels = self._config.service_level, self._config.service_levels
        return lambda category: Policy(review_days=self._config.review_days, service_level=levels.get(category, usual))

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

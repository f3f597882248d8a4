"""Plans orders: reads a shop's sales and stock, asks the rules, and writes down what they propose."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError

from cloud_api.adapters.article_records import ArticleBook
from cloud_api.adapters.forecast_records import ForecastBook
from cloud_api.adapters.order_records import SKIPPED, OrderBook, OrderRecord
from cloud_api.adapters.sales_records import SalesBook
from cloud_api.adapters.store_records import StoreBook, StoreRecord
from cloud_api.config import PlanningConfig
from cloud_api.errors import CloudError
from cloud_api.flows.refill_advising import RefillAdvising
from cloud_api.flows.shop_inputs import ShopInputs, ShopReading
from cloud_api.flows.store_plan import ArticlePlans, StorePlan, article_plans, plan_store
from cloud_api.rules.daily_demand import Demand
from cloud_api.rules.supplier_record import OrderProgress, SupplierRecord, supplier_records
from cloud_api.rules.transfers import Spare, TransferTerms, spare_of

log = structlog.get_logger()

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
        articles: ArticleBook,
        advising: RefillAdvising,
        reading: ShopReading,
        config: PlanningConfig,
        now: Callable[[], datetime],
        planned: Callable[[], None] = lambda: None,
    ) -> None:
        self._stores, self._sales, self._orders, self._forecasts = stores, sales, orders, forecasts
        self._articles, self._reading, self._advising = articles, reading, advising
        self._config, self._now, self._planned = config, now, planned
        moving = config.transfers
        self._transfers = TransferTerms(trip_minor=moving.trip_minor, days=moving.days, kept_days=moving.kept_days)

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
        inputs = self._reading.inputs(store_id)
        found = article_plans(inputs, self._config)
        plan = self._proposed(inputs, found)
        skipped = {order.supplier for order in self._orders.orders(store_id=store_id, state=SKIPPED) if self._is_today(order, inputs.store)}
        bodies: dict[str, dict[str, Any]] = {
            proposal.supplier: msgspec.to_builtins(proposal) for proposal in plan.proposals if proposal.supplier not in skipped
        }
        self._forecasts.save(store_id, plan.forecasts)
        self._articles.save(store_id, self._kept(inputs, found))
        self._orders.propose(store_id, inputs.today.isoformat(), bodies)
        self._advising.advise(inputs)
        self._planned()
        return plan

    def work_out(self, store_id: str) -> StorePlan:
        """Work out the shop's orders and write nothing.

        Raises:
            StoreUnknown, PlanogramMissing: there is nothing to plan with.
        """
        inputs = self._reading.inputs(store_id)
        return self._proposed(inputs, article_plans(inputs, self._config))

    def _proposed(self, inputs: ShopInputs, found: ArticlePlans) -> StorePlan:
        neighbours = self._neighbours(inputs.store.store_id)
        names = {store.store_id: store.name for store in self._stores.stores()} if neighbours else {}
        return plan_store(inputs, found, self._spares(neighbours), self._transfers, names)

    def _neighbours(self, store_id: str) -> list[str]:
        """The shops that hand goods to this one."""
        return sorted({other for group in self._config.transfers.groups if store_id in group for other in group} - {store_id})

    def _spares(self, neighbours: list[str]) -> list[Spare]:
        """What neighbours could give away, as last worked out for them, less what was promised since."""
        if not neighbours:
            return []
        spares = []
        promised = {store_id: self._orders.promised(store_id, since=self._now() - timedelta(days=1)) for store_id in neighbours}
        for record in self._articles.of(neighbours):
            units = int(record.body["spare_units"] - promised[record.store_id].get(record.sku, 0.0))
            if units > 0:
                spares.append(Spare(store_id=record.store_id, sku=record.sku, units=units, lies_days=record.body["lies_days"]))
        return spares

    def _kept(self, inputs: ShopInputs, found: ArticlePlans) -> dict[str, dict[str, Any]]:
        """What other shops and pages may want to know of each article."""
        categories = {product.sku: product.category for product in inputs.planogram.products}
        kept = {}
        for plan in found.plans:
            spare, sums = spare_of(inputs.store.store_id, plan, self._transfers), plan.arithmetic
            kept[plan.supply.sku] = {
                "name": plan.supply.name,
                "category": categories.get(plan.supply.sku, ""),
                "mean_per_day": sums.mean_per_day,
                "sd_per_day": sums.sd_per_day,
                **_ahead(plan.demand),
                "class_name": sums.class_name,
                "on_hand_units": sums.on_hand_units,
                "price_minor": plan.supply.price_minor,
                "spare_units": spare.units if spare else 0,
                "lies_days": spare.lies_days if spare else 0.0,
            }
        return kept

    def deliveries(self, store_id: str) -> Deliveries:
        """What came of the shop's orders, newest first, and each supplier's record."""
        progress = self._reading.follow(store_id)
        records = sorted(supplier_records(progress).values(), key=lambda each: each.supplier)
        return Deliveries(store_id=store_id, orders=progress[::-1], suppliers=records)

    def _is_today(self, order: OrderRecord, store: StoreRecord) -> bool:
        zone = ZoneInfo(store.time_zone)
        return order.decided_at is not None and order.decided_at.astimezone(zone).date() == self._now().astimezone(zone).date()


def _ahead(demand: Demand | None) -> dict[str, float]:
    """An article's next weeks, for sums over many."""
    if demand is None:
        return {"units_7": 0.0, "units_28": 0.0, "variance_28": 0.0}
    week, month = demand.units(0.0, 7.0), demand.units(0.0, 28.0)
    variance = 28.0 * demand.sd_per_day**2 if demand.over_dispersion is None else demand.over_dispersion * month
    return {"units_7": week, "units_28": month, "variance_28": variance}

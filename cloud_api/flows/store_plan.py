"""Puts a shop's supplies and forecasts together into proposals, one per supplier."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from cloud_api.adapters.forecast_records import ChampionRecord
from cloud_api.adapters.sales_records import StockRecord
from cloud_api.rules.replenishment import Demand, Policy, Proposal, Supply, propose_line, propose_order
from cloud_api.rules.shop_forecast import ClassRecord
from cloud_api.rules.supplier_record import SupplierRecord, expected_lead_time
from wire_format.plans import Planogram, Product


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
    forecasts: list[ChampionRecord] = []
    suppliers: list[SupplierRecord] = []


def worth(record: ClassRecord | None) -> dict[str, float]:
    """What a class's forecasts were worth in the past."""
    return {} if record is None else {"error": record.error, "bias": record.bias, "band_held": record.band_held}


class Supplies:
    """What bounds a shop's orders: its planogram, what is on the way, what suppliers did before."""

    def __init__(self, planogram: Planogram, on_order: dict[str, float], records: dict[str, SupplierRecord]) -> None:
        self.planogram, self.records = planogram, records
        self._on_order = on_order
        self._capacity: dict[str, int] = {}
        self._presented: dict[str, int] = {}
        for facing in (facing for bay in planogram.bays for shelf in bay.shelves for facing in shelf.facings):
            self._capacity[facing.sku] = self._capacity.get(facing.sku, 0) + facing.capacity_units
            self._presented[facing.sku] = self._presented.get(facing.sku, 0) + facing.low_units

    def of(self, product: Product, on_hand: float) -> Supply:
        """One article's supply."""
        record = self.records.get(product.supplier)
        lead_time, spread = expected_lead_time(product.lead_time_days, record)
        return Supply(
            sku=product.sku,
            name=product.name,
            on_hand_units=on_hand,
            on_order_units=self._on_order.get(product.sku, 0.0),
            case_pack_units=product.case_pack_units,
            lead_time_days=lead_time,
            capacity_units=self._capacity.get(product.sku),
            presentation_min_units=self._presented.get(product.sku, 0),
            price_minor=product.price_minor,
            cost_minor=product.cost_minor,
            lead_time_sd_days=spread,
            supplier_orders=record.orders if record else 0,
        )


def plan_store(
    supplies: Supplies, demands: dict[str, Demand], stock: dict[str, StockRecord], policy: Callable[[str], Policy], now: datetime
) -> StorePlan:
    """One proposal per supplier, the dearest risk first; articles whose stock nobody knows are named."""
    by_supplier: dict[str, list[Any]] = {}
    lead_times: dict[str, float] = {}
    unplanned: list[UnplannedSku] = []
    for product in supplies.planogram.products:
        known = stock.get(product.sku)
        if known is None:
            problem = "its stock is not known; count it, or see that its shelf reports"
            unplanned.append(UnplannedSku(sku=product.sku, name=product.name, problem=problem))
            continue
        supply = supplies.of(product, known.units)
        line = propose_line(supply, demands.get(product.sku), policy(product.category))
        if line is not None:
            by_supplier.setdefault(product.supplier, []).append(line)
            lead_times[product.supplier] = max(lead_times.get(product.supplier, 0.0), supply.lead_time_days)
    proposals = [propose_order(supplier, lines, lead_time_days=lead_times[supplier]) for supplier, lines in by_supplier.items()]
    proposals.sort(key=lambda proposal: (-proposal.at_risk_minor, -proposal.value_minor, proposal.supplier))
    return StorePlan(store_id=supplies.planogram.store_id, planned_at=now, proposals=proposals, unplanned=unplanned)

"""Puts a shop's supplies, forecasts and terms together into proposals: transfers from other shops first, then one per supplier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from cloud_api.adapters.forecast_records import ChampionRecord
from cloud_api.config import PlanningConfig
from cloud_api.flows.shop_inputs import ShopInputs
from cloud_api.rules.order_lines import line_of
from cloud_api.rules.order_minimum import Proposal, SupplierTerms, order_for_supplier, propose_order
from cloud_api.rules.order_simulation import TriedArticle
from cloud_api.rules.order_terms import Terms, terms_for
from cloud_api.rules.replenishment import ArticlePlan, Policy, Supply, plan_article
from cloud_api.rules.supplier_record import SupplierRecord, expected_fill, expected_lead_time, on_the_way, supplier_records
from cloud_api.rules.transfers import Spare, TransferLine, TransferTerms, choose_transfers, with_transfers
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


class ArticlePlans(msgspec.Struct, frozen=True, kw_only=True):
    """Every article's plan with its supplier, each supplier's terms and record, and what could not be planned."""

    plans: list[ArticlePlan]
    suppliers: dict[str, str]
    minimums: dict[str, SupplierTerms]
    records: dict[str, SupplierRecord]
    unplanned: list[UnplannedSku]


class _Places(msgspec.Struct, frozen=True):
    """What fits on the shelves and how much should be seen there, by SKU."""

    capacity: dict[str, int]
    presented: dict[str, int]


def article_plans(inputs: ShopInputs, config: PlanningConfig) -> ArticlePlans:
    """Work out every article whose stock is known."""
    coming, records = on_the_way(inputs.progress), supplier_records(inputs.progress)
    places = _places(inputs.planogram)
    plans, unplanned = [], []
    suppliers: dict[str, str] = {}
    minimums: dict[str, SupplierTerms] = {}
    for product in inputs.planogram.products:
        known = inputs.stock.get(product.sku)
        if known is None:
            problem = "its stock is not known; count it, or see that its shelf reports"
            unplanned.append(UnplannedSku(sku=product.sku, name=product.name, problem=problem))
            continue
        terms = terms_for(
            inputs.said, store_id=inputs.store.store_id, supplier=product.supplier, category=product.category, sku=product.sku
        )
        supply = _supply(product, terms, places, inputs.planogram, records.get(product.supplier))
        supply = msgspec.structs.replace(
            supply, on_hand_units=known.units - inputs.promised.get(product.sku, 0.0), on_order_units=coming.get(product.sku, 0.0)
        )
        plans.append(plan_article(supply, inputs.demands.get(product.sku), policy_of(product.category, terms, config)))
        suppliers[product.sku] = product.supplier
        minimums[product.supplier] = SupplierTerms(minimum_minor=terms.minimum_minor, minimum_units=terms.minimum_units)
    return ArticlePlans(plans=plans, suppliers=suppliers, minimums=minimums, records=records, unplanned=unplanned)


def policy_of(category: str, terms: Terms, config: PlanningConfig) -> Policy:
    """The nearest word on how to order; the configuration's where nobody said anything."""
    usual = config.service_levels.get(category, config.service_level)
    by_cost = (
        terms.service_by_cost if terms.service_by_cost is not None else config.service_by_cost and category not in config.service_levels
    )
    return Policy(
        review_days=terms.review_days or config.review_days,
        service_level=None if by_cost else terms.service_level or usual,
        holding_per_year=config.holding_per_year if terms.holding_per_year is None else terms.holding_per_year,
    )


def plan_store(
    inputs: ShopInputs, found: ArticlePlans, spares: Sequence[Spare], transfers: TransferTerms, names: Mapping[str, str]
) -> StorePlan:
    """Transfers that pay, then one proposal per supplier, the dearest risk first; articles whose stock nobody knows are named."""
    moved = choose_transfers(found.plans, spares, transfers)
    taken = {line.sku: line.units for lines in moved.values() for line in lines}
    proposals = [_transfer(giver, names.get(giver, giver), lines, found.plans, transfers) for giver, lines in moved.items()]
    by_supplier: dict[str, list[ArticlePlan]] = {}
    for plan in found.plans:
        by_supplier.setdefault(found.suppliers[plan.supply.sku], []).append(with_transfers(plan, taken))
    for supplier, plans in by_supplier.items():
        proposal = order_for_supplier(supplier, plans, found.minimums[supplier])
        if proposal is not None:
            proposals.append(proposal)
    proposals.sort(key=lambda proposal: (-proposal.at_risk_minor, -proposal.value_minor, proposal.supplier))
    return StorePlan(
        store_id=inputs.store.store_id,
        planned_at=inputs.at,
        proposals=proposals,
        unplanned=found.unplanned,
        forecasts=inputs.forecasts,
        suppliers=sorted(found.records.values(), key=lambda each: each.supplier),
    )


def tried_articles(found: ArticlePlans, most: int) -> list[TriedArticle]:
    """The articles a simulation can play: with a demand, those first that sell for most money."""
    known = []
    for plan in found.plans:
        if plan.demand is not None and plan.demand.mean_per_day > 0:
            usual = msgspec.structs.replace(plan.demand, ahead=(), lift=())  # A year is played, not the next weeks' calendar.
            supplier = found.suppliers[plan.supply.sku]
            known.append(TriedArticle(supply=plan.supply, demand=usual, policy=plan.policy, supplier=supplier))
    return sorted(known, key=lambda each: -each.demand.mean_per_day * (each.supply.price_minor or 0))[:most]


def _places(planogram: Planogram) -> _Places:
    capacity: dict[str, int] = {}
    presented: dict[str, int] = {}
    for facing in (facing for bay in planogram.bays for shelf in bay.shelves for facing in shelf.facings):
        capacity[facing.sku] = capacity.get(facing.sku, 0) + facing.capacity_units
        presented[facing.sku] = presented.get(facing.sku, 0) + facing.low_units
    return _Places(capacity, presented)


def _supply(product: Product, terms: Terms, places: _Places, planogram: Planogram, record: SupplierRecord | None) -> Supply:
    promised = product.lead_time_days if terms.lead_time_days is None else terms.lead_time_days
    lead_time, spread = expected_lead_time(promised, record)
    back_room = planogram.back_room_capacity.get(product.sku) if terms.back_room_units is None else terms.back_room_units
    return Supply(
        sku=product.sku,
        name=product.name,
        on_hand_units=0.0,
        on_order_units=0.0,
        case_pack_units=product.case_pack_units,
        lead_time_days=lead_time,
        capacity_units=places.capacity.get(product.sku),
        presentation_min_units=places.presented.get(product.sku, 0),
        price_minor=product.price_minor,
        cost_minor=product.cost_minor,
        lead_time_sd_days=spread,
        supplier_orders=record.orders if record else 0,
        supplier_fill=expected_fill(record),
        back_room_units=back_room,
        shelf_life_days=product.shelf_life_days if terms.shelf_life_days is None else terms.shelf_life_days,
    )


def _transfer(giver: str, name: str, lines: Sequence[TransferLine], plans: Sequence[ArticlePlan], terms: TransferTerms) -> Proposal:
    """A move of goods as a proposal: no money is spent but the trip."""
    by_sku = {plan.supply.sku: plan for plan in plans}
    made = []
    for moved in lines:
        plan = by_sku[moved.sku]
        line = line_of(plan, plan.cases)
        assert line is not None, "only what needs an order is moved"
        why = f"{name} has {moved.units} more than it sells in {terms.kept_days:.0f} days; moving them saves ordering them here."
        made.append(msgspec.structs.replace(line, units=moved.units, cases=0, reason=why, value_minor=0))
    gain = sum(line.gain_minor for line in lines)
    whole = propose_order(name, made, lead_time_days=terms.days)
    return msgspec.structs.replace(
        whole, from_store=giver, value_minor=terms.trip_minor, waiting_loss_minor=round(gain),
        reason=f"{name} has goods that lie too long and are needed here: {made[0].name}"
        + (f" and {len(made) - 1} more" if len(made) > 1 else ""),
    )  # fmt: skip

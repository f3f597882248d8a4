"""Goods that lie too long in one shop and are missed in another are moved, before the chain buys more.

What a shop may give away is what it will not sell within weeks, its own safety stock kept. A move pays when the sales it saves before the
supplier could deliver, and the holding it ends, are worth more than the trip. Lateral transshipment, reviewed by Paterson et al., EJOR 210,
2011; a greedy pairing, largest gain first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor

import msgspec

from cloud_api.rules.cover_demand import cover_demand
from cloud_api.rules.replenishment import ArticlePlan

KEPT_SHARE = 0.95


class TransferTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What moving costs a trip (minor units), how long it takes, and for how many days a giver keeps its own goods."""

    trip_minor: int = 1500
    days: float = 1.0
    kept_days: float = 28.0


class Spare(msgspec.Struct, frozen=True, kw_only=True):
    """Units of an article that a shop will not sell within the days it keeps goods for, and how long they would lie."""

    store_id: str
    sku: str
    units: int
    lies_days: float


class TransferLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many units from a giver's shelf, and what they are worth here: margin saved and holding ended, in minor units."""

    sku: str
    units: int
    gain_minor: float
    lies_days: float


def spare_of(store_id: str, plan: ArticlePlan, terms: TransferTerms) -> Spare | None:
    """What this shop could give away of an article; None where it needs all it has."""
    demand, supply = plan.demand, plan.supply
    if plan.cases or demand is None:
        return None
    days = max(terms.kept_days, plan.arithmetic.cover_days)
    mean = demand.units(0.0, days)
    variance = demand.sd_per_day**2 * days if demand.over_dispersion is None else demand.over_dispersion * mean
    kept = cover_demand(
        mean=mean, variance=variance, mean_per_day=demand.mean_per_day, over_dispersion=demand.over_dispersion,
        lead_sd_days=supply.lead_time_sd_days,
    ).quantile(KEPT_SHARE)  # fmt: skip
    units = floor(supply.on_hand_units - max(kept, plan.arithmetic.order_up_to_units, float(supply.presentation_min_units)))
    if units < 1:
        return None
    lies = supply.on_hand_units / demand.mean_per_day if demand.mean_per_day > 0 else 365.0
    return Spare(store_id=store_id, sku=supply.sku, units=units, lies_days=min(365.0, lies))


def choose_transfers(plans: Sequence[ArticlePlan], spares: Sequence[Spare], terms: TransferTerms) -> dict[str, list[TransferLine]]:
    """Transfers to the shop of `plans` by giving shop: each article from one giver, and only trips that pay."""
    needy = {plan.supply.sku: plan for plan in plans if plan.cases and plan.supply.lead_time_days > terms.days}
    by_giver: dict[str, list[TransferLine]] = {}
    for spare in spares:
        plan = needy.get(spare.sku)
        line = None if plan is None else _line(plan, spare)
        if line is not None:
            by_giver.setdefault(spare.store_id, []).append(line)
    chosen: dict[str, list[TransferLine]] = {}
    while by_giver:
        giver = max(by_giver, key=lambda each: (_worth(by_giver[each]), each))
        lines = by_giver.pop(giver)
        if _worth(lines) <= terms.trip_minor:
            break
        chosen[giver] = sorted(lines, key=lambda line: (-line.gain_minor, line.sku))
        taken = {line.sku for line in lines}
        by_giver = {each: rest for each, others in by_giver.items() if (rest := [line for line in others if line.sku not in taken])}
    return chosen


def with_transfers(plan: ArticlePlan, moved: Mapping[str, int]) -> ArticlePlan:
    """The plan with what comes from other shops taken off its order."""
    units = moved.get(plan.supply.sku, 0)
    if not units:
        return plan
    need = max(0.0, plan.arithmetic.need_units - units)
    left = -(-max(0.0, need / plan.supply.supplier_fill - 1e-9) // plan.supply.case_pack_units) if need > 0.5 else 0
    sums = msgspec.structs.replace(plan.arithmetic, from_other_shop_units=units, need_units=need)
    return msgspec.structs.replace(plan, cases=min(plan.cases, int(left)), arithmetic=sums)


def _line(plan: ArticlePlan, spare: Spare) -> TransferLine | None:
    supply = plan.supply
    units = min(spare.units, floor(plan.arithmetic.need_units))
    if supply.capacity_units is not None:
        room = supply.capacity_units + (supply.back_room_units or 0) - plan.held_units
        units = min(units, floor(room))
    if units < 1:
        return None
    before, after = (plan.over_lead.expected_shortage(plan.held_units + moved) for moved in (0, units))
    ended = units * supply.unit_cost_minor * plan.policy.holding_per_year * spare.lies_days / 365.0
    return TransferLine(sku=supply.sku, units=units, gain_minor=(before - after) * supply.margin_minor + ended, lies_days=spare.lies_days)


def _worth(lines: Sequence[TransferLine]) -> float:
    return sum(line.gain_minor for line in lines)

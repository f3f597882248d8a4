"""An article's plan as a line of an order: so many cases, the reason in one sentence, and what they are worth."""

from __future__ import annotations

import msgspec

from cloud_api.rules.daily_demand import Demand
from cloud_api.rules.replenishment import SHELF_LIFE, SHELF_ROOM, STORE_ROOM, Arithmetic, ArticlePlan, Policy, Supply, plan_article

_BOUND_WORDS = {SHELF_ROOM: "; more does not fit on the shelf", STORE_ROOM: "; more does not fit on the shelf and in the back room"}


class ProposedLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many cases of an article. `at_risk_minor` is the sales expected to be lost over the cover without it."""

    sku: str
    name: str
    units: int
    cases: int
    reason: str
    value_minor: int
    at_risk_minor: int
    arithmetic: Arithmetic


def propose_line(supply: Supply, demand: Demand | None, policy: Policy) -> ProposedLine | None:
    """What to order of one article, or None when what is there and on its way will do."""
    plan = plan_article(supply, demand, policy)
    return line_of(plan, plan.cases)


def line_of(plan: ArticlePlan, cases: int) -> ProposedLine | None:
    """A plan's line with so many cases: its own, or more of them to reach a supplier's minimum."""
    if cases <= 0:
        return None
    supply = plan.supply
    units, added = cases * supply.case_pack_units, max(0, cases - plan.cases) * supply.case_pack_units
    wasted = plan.wasted_units(units)
    sums = msgspec.structs.replace(plan.arithmetic, added_for_minimum_units=added)
    if plan.before_expiry is not None:
        sums = msgspec.structs.replace(
            sums, sells_before_expiry_units=plan.before_expiry.mean, wasted_units=wasted,
            wasted_minor=round(wasted * supply.unit_cost_minor),
        )  # fmt: skip
    value = supply.cost_minor if supply.cost_minor is not None else supply.price_minor or 0
    return ProposedLine(
        sku=supply.sku,
        name=supply.name,
        units=units,
        cases=cases,
        reason=_reason(supply, sums, units, cases),
        value_minor=units * value,
        at_risk_minor=round(plan.lost_units(0.0) * (supply.price_minor or 0)),
        arithmetic=sums,
    )


def _reason(supply: Supply, sums: Arithmetic, units: int, cases: int) -> str:
    ordered = f"{cases} × {supply.case_pack_units}" if supply.case_pack_units > 1 else f"{units}"
    held = f"{sums.on_hand_units:.0f} in the shop"
    if sums.on_order_units:
        held += f" and {sums.on_order_units:.0f} on the way"
    tail = _tail(sums)
    if sums.mean_per_day <= 0.0:
        return f"{held.capitalize()}, and the shelf should never look emptier than {supply.presentation_min_units}: order {ordered}{tail}."
    hidden = f", counting in the {100 * sums.hidden_share:.0f} % of the time it was out of stock" if sums.hidden_share >= 0.1 else ""
    per_day = sums.demand_over_cover_units / sums.cover_days
    if abs(sums.lift - 1.0) >= 0.1:
        more = "more" if sums.lift > 1 else "less"
        hidden += f", and promotions, prices or holidays ahead make that {100 * abs(sums.lift - 1):.0f} % {more}"
    lasts = (sums.on_hand_units + sums.on_order_units) / max(per_day, 1e-9)
    return (
        f"Sells {sums.usual_per_day:.1f} a day{hidden}; {held} last {lasts:.1f} days, the order must carry {sums.cover_days:g}: "
        f"order {ordered}{tail}."
    )


def _tail(sums: Arithmetic) -> str:
    """What made it more or less than the need."""
    told = _BOUND_WORDS.get(sums.bound, "")
    if sums.bound == SHELF_LIFE and sums.shelf_life_days is not None:
        told = f"; more would not sell within its {sums.shelf_life_days:g} days of shelf life"
    if sums.added_for_minimum_units:
        told += f"; {sums.added_for_minimum_units} of them sooner than needed, to reach the supplier's minimum"
    if sums.supplier_fill < 0.98:
        told += f"; the supplier delivers {100 * sums.supplier_fill:.0f} % of what is ordered"
    return told

"""Puts lines into one order for a supplier, and sees to the supplier's minimum: goods needed next are ordered sooner, or the order waits.

Ordering sooner costs holding the goods until they would have been ordered anyway; waiting costs the sales lost until the next review. The
cheaper of both is proposed. What the supplier must at least be asked for is no matter of cost: below it nothing is sent.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import msgspec

from cloud_api.rules.order_lines import ProposedLine, line_of
from cloud_api.rules.replenishment import ArticlePlan

_CASES_ADDED_MAX = 2_000


class SupplierTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The least an order must come to: goods value in minor units, and units. None: no minimum."""

    minimum_minor: int | None = None
    minimum_units: int | None = None


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """An order for one supplier, dearest risk first. `waits_because` is set while it stays below the supplier's minimum on purpose.

    `from_store` names the shop that hands the goods over, where they are moved and not bought.
    """

    supplier: str
    lead_time_days: float
    value_minor: int
    at_risk_minor: int
    reason: str
    lines: list[ProposedLine]
    minimum_minor: int | None = None
    minimum_units: int | None = None
    added_minor: int = 0
    added_holding_minor: int = 0
    waiting_loss_minor: int = 0
    waits_because: str = ""
    from_store: str | None = None


def propose_order(supplier: str, lines: Sequence[ProposedLine], *, lead_time_days: float) -> Proposal:
    """Put the lines for one supplier together; the sentence names what is most at stake."""
    ordered = sorted(lines, key=lambda line: (-line.at_risk_minor, -line.value_minor, line.sku))
    first = ordered[0]
    others = f" and {len(ordered) - 1} more" if len(ordered) > 1 else ""
    return Proposal(
        supplier=supplier,
        lead_time_days=lead_time_days,
        value_minor=sum(line.value_minor for line in ordered),
        at_risk_minor=sum(line.at_risk_minor for line in ordered),
        reason=f"{first.name}{others}: {first.reason[0].lower()}{first.reason[1:]}",
        lines=ordered,
    )


def order_for_supplier(supplier: str, plans: Sequence[ArticlePlan], terms: SupplierTerms) -> Proposal | None:
    """An order of what is needed, brought up to the supplier's minimum where that is cheaper than to wait; None if nothing is needed."""
    needed = [line for line in (line_of(plan, plan.cases) for plan in plans) if line is not None]
    if not needed:
        return None
    lead_time_days = max(plan.supply.lead_time_days for plan in plans if plan.cases)
    exact = propose_order(supplier, needed, lead_time_days=lead_time_days)
    exact = msgspec.structs.replace(exact, minimum_minor=terms.minimum_minor, minimum_units=terms.minimum_units)
    if _reaches(needed, terms):
        return exact
    loss = sum(_lost_by_waiting(plan) for plan in plans if plan.cases)
    cases, holding = _topped_up(plans, terms)
    lines = [line for line in (line_of(plan, cases[plan.supply.sku]) for plan in plans) if line is not None]
    if _reaches(lines, terms) and holding <= loss:
        whole = propose_order(supplier, lines, lead_time_days=lead_time_days)
        return msgspec.structs.replace(
            whole, minimum_minor=terms.minimum_minor, minimum_units=terms.minimum_units, waiting_loss_minor=round(loss),
            added_minor=whole.value_minor - exact.value_minor, added_holding_minor=round(holding),
        )  # fmt: skip
    why = "it would cost more to hold what is missing than waiting loses" if _reaches(lines, terms) else "nothing more fits or would sell"
    return msgspec.structs.replace(
        exact, waits_because=why, waiting_loss_minor=round(loss), added_holding_minor=round(holding),
    )  # fmt: skip


def _reaches(lines: Sequence[ProposedLine], terms: SupplierTerms) -> bool:
    value, units = sum(line.value_minor for line in lines), sum(line.units for line in lines)
    return value >= (terms.minimum_minor or 0) and units >= (terms.minimum_units or 0)


def _lost_by_waiting(plan: ArticlePlan) -> float:
    """Margin lost, in minor units, if the goods come one review later: what is short over the cover beyond what is short anyway."""
    lost = plan.cover.expected_shortage(plan.held_units) - plan.over_lead.expected_shortage(plan.held_units)
    return max(0.0, lost) * plan.supply.margin_minor


def _topped_up(plans: Sequence[ArticlePlan], terms: SupplierTerms) -> tuple[dict[str, int], float]:
    """Cases by SKU with the next needed added until the minimum is reached, and what holding them early costs, in minor units."""
    cases = {plan.supply.sku: plan.cases for plan in plans}
    waiting = [(_days_until_needed(plan, plan.cases), index) for index, plan in enumerate(plans) if plan.arithmetic.mean_per_day > 0]
    heapq.heapify(waiting)
    holding = 0.0
    lines = {plan.supply.sku: line for plan in plans if (line := line_of(plan, plan.cases)) is not None}
    for _ in range(_CASES_ADDED_MAX):
        if not waiting or _reaches(list(lines.values()), terms):
            break
        days, index = heapq.heappop(waiting)
        plan = plans[index]
        sku = plan.supply.sku
        if cases[sku] >= plan.most_cases:
            continue
        cases[sku] += 1
        line = line_of(plan, cases[sku])
        assert line is not None, "a case more is a line"
        lines[sku] = line
        pack = plan.supply.case_pack_units
        holding += pack * plan.supply.unit_cost_minor * plan.policy.holding_per_year * max(0.0, days) / 365.0
        heapq.heappush(waiting, (_days_until_needed(plan, cases[sku]), index))
    return cases, holding


def _days_until_needed(plan: ArticlePlan, cases: int) -> float:
    """Days until the article would be ordered anyway."""
    position = plan.held_units + cases * plan.supply.case_pack_units
    return (position - plan.arithmetic.order_up_to_units) / plan.arithmetic.mean_per_day

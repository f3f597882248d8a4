"""Proposes orders: an order-up-to level from synced sales, with the reason in one sentence and the arithmetic beside it.

Demand is what would have sold, not what did: a day on which the shelf stood empty half the time counts as half a day (a ratio estimator:
units over days in stock). The level covers lead time and review interval, plus safety stock for the service level. Silver, Pyke and
Thomas, "Inventory and Production Management in Supply Chains", chapter 7, (R, S) policy with normal demand.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, isfinite, sqrt
from typing import Any

import msgspec

from cloud_api.rules.cover_demand import CoverDemand, cover_demand

EXPOSURE_MIN_DAYS = 0.25
"""With less than a quarter of a day in stock on record nothing is said about demand."""


class DaySales(msgspec.Struct, frozen=True, kw_only=True):
    """An article's day: units sold, the share of the day's opening hours it could be sold in, and the share that has passed (0 to 1)."""

    units_sold: int
    exposure: float
    opened: float = 1.0


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """Daily demand with its spread; `days` is the exposure behind it, `hidden_share` how much of the demand an empty shelf hid.

    From a measured forecast come `over_dispersion` (variance over mean), the method, and its class's past error (RMSSE), bias and how
    often the 80 % band held.
    """

    mean_per_day: float
    sd_per_day: float
    days: float
    hidden_share: float
    over_dispersion: float | None = None
    method: str = "mean"
    class_name: str = ""
    error: float | None = None
    bias: float | None = None
    band_held: float | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How often orders are made, and how seldom a cycle may run out."""

    review_days: float
    service_level: float


class Supply(msgspec.Struct, frozen=True, kw_only=True):
    """An article in a shop: what is there and on its way, and what bounds an order. Units; money in minor units."""

    sku: str
    name: str
    on_hand_units: float
    on_order_units: float
    case_pack_units: int
    lead_time_days: float
    capacity_units: int | None
    presentation_min_units: int
    price_minor: int | None
    cost_minor: int | None
    lead_time_sd_days: float = 0.0
    supplier_orders: int = 0


class Arithmetic(msgspec.Struct, frozen=True, kw_only=True):
    """Every figure behind a proposed line, in the order in which it is worked out."""

    mean_per_day: float
    sd_per_day: float
    history_days: float
    hidden_share: float
    cover_days: float
    demand_over_cover_units: float
    safety_units: float
    presentation_min_units: int
    order_up_to_units: float
    on_hand_units: float
    on_order_units: float
    need_units: float
    case_pack_units: int
    capacity_units: int | None
    bound: str
    lead_time_sd_days: float = 0.0
    supplier_orders: int = 0
    method: str = "mean"
    class_name: str = ""
    error: float | None = None
    bias: float | None = None
    band_held: float | None = None
    low_units: float | None = None
    high_units: float | None = None


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


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """An order for one supplier, dearest risk first."""

    supplier: str
    lead_time_days: float
    value_minor: int
    at_risk_minor: int
    reason: str
    lines: list[ProposedLine]


def daily_demand(days: Sequence[DaySales]) -> Demand | None:
    """Daily demand from a history, oldest or newest first alike; None while too little was in stock to tell.

    The spread is never below that of a Poisson stream: a short quiet history must not promise more certainty than chance allows.
    """
    exposure = sum(day.exposure for day in days)
    if exposure < EXPOSURE_MIN_DAYS:
        return None
    sold = sum(max(0, day.units_sold) for day in days if day.exposure > 0.0)
    mean = sold / exposure
    effective = exposure * exposure / sum(day.exposure * day.exposure for day in days if day.exposure > 0.0)
    spread = sum((max(0, day.units_sold) - mean * day.exposure) ** 2 for day in days if day.exposure > 0.0)
    variance = spread / exposure * effective / (effective - 1.0) if effective > 1.5 else 0.0
    opened = sum(day.opened for day in days)
    return Demand(
        mean_per_day=mean,
        sd_per_day=sqrt(max(variance, mean)),
        days=exposure,
        hidden_share=max(0.0, 1.0 - exposure / opened) if opened else 0.0,
    )


def propose_line(supply: Supply, demand: Demand | None, policy: Policy) -> ProposedLine | None:
    """What to order of one article, or None when what is there and on its way will do."""
    cover_days = supply.lead_time_days + policy.review_days
    mean, sd = (demand.mean_per_day, demand.sd_per_day) if demand else (0.0, 0.0)
    over_cover = mean * cover_days
    spread = cover_demand(
        mean_per_day=mean, sd_per_day=sd, over_dispersion=demand.over_dispersion if demand else None, cover_days=cover_days,
        lead_sd_days=supply.lead_time_sd_days,
    )  # fmt: skip
    safety = max(0.0, spread.quantile(policy.service_level) - over_cover)
    up_to = over_cover + max(safety, float(supply.presentation_min_units))
    on_hand = max(0.0, supply.on_hand_units)
    need = up_to - on_hand - supply.on_order_units
    if not isfinite(need) or need <= 0.5:
        return None
    cases, bound = _bounded_cases(supply, need, on_hand, mean)
    if spread.over_dispersion is not None and on_hand + supply.on_order_units >= supply.presentation_min_units:
        cases = _cheaper_cases(spread, on_hand + supply.on_order_units, cases, supply.case_pack_units, policy.service_level)
    if cases == 0:
        return None
    units = cases * supply.case_pack_units
    arithmetic = Arithmetic(
        mean_per_day=mean, sd_per_day=sd, history_days=demand.days if demand else 0.0, hidden_share=demand.hidden_share if demand else 0.0,
        cover_days=cover_days, demand_over_cover_units=over_cover, safety_units=safety,
        presentation_min_units=supply.presentation_min_units, order_up_to_units=up_to, on_hand_units=on_hand,
        on_order_units=supply.on_order_units, need_units=need, case_pack_units=supply.case_pack_units,
        capacity_units=supply.capacity_units, bound=bound, lead_time_sd_days=supply.lead_time_sd_days,
        supplier_orders=supply.supplier_orders, **_rests_on(demand, spread),
    )  # fmt: skip
    lost = spread.expected_shortage(on_hand + supply.on_order_units)
    return ProposedLine(
        sku=supply.sku,
        name=supply.name,
        units=units,
        cases=cases,
        reason=_reason(supply, arithmetic, units, cases),
        value_minor=units * (supply.cost_minor if supply.cost_minor is not None else supply.price_minor or 0),
        at_risk_minor=round(lost * (supply.price_minor or 0)),
        arithmetic=arithmetic,
    )


def _rests_on(demand: Demand | None, spread: CoverDemand) -> dict[str, Any]:
    """What the forecast behind a line is worth, for its arithmetic."""
    if demand is None or demand.over_dispersion is None:
        return {}
    told = {name: getattr(demand, name) for name in ("method", "class_name", "error", "bias", "band_held")}
    return told | {"low_units": spread.quantile(0.1), "high_units": spread.quantile(0.9)}


def _cheaper_cases(spread: CoverDemand, held: float, cases: int, case_pack: int, service_level: float) -> int:
    """One case less where the last would cost more than it saves; the service level weighs a unit left against a unit lost."""
    if cases == 0 or case_pack == 1:
        return cases

    def expected(level: float) -> float:
        lost = spread.expected_shortage(level)
        return (1 - service_level) * (level - spread.mean + lost) + service_level * lost

    more, less = held + cases * case_pack, held + (cases - 1) * case_pack
    return cases if expected(more) <= expected(less) else cases - 1


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


def _bounded_cases(supply: Supply, need: float, on_hand: float, mean: float) -> tuple[int, str]:
    """Whole cases, no more than will fit when they arrive; one case always may (the rest waits in the back room)."""
    cases = ceil(need / supply.case_pack_units - 1e-9)
    if supply.capacity_units is None:
        return cases, "case pack"
    left_at_arrival = max(0.0, on_hand + supply.on_order_units - mean * supply.lead_time_days)
    fitting = floor((supply.capacity_units - left_at_arrival) / supply.case_pack_units)
    if fitting >= cases:
        return cases, "case pack"
    if fitting < 1 and on_hand + supply.on_order_units >= supply.capacity_units:
        return 0, "shelf capacity"
    return max(fitting, 1), "shelf capacity"


def _reason(supply: Supply, sums: Arithmetic, units: int, cases: int) -> str:
    ordered = f"{cases} × {supply.case_pack_units}" if supply.case_pack_units > 1 else f"{units}"
    held = f"{sums.on_hand_units:.0f} in the shop"
    if sums.on_order_units:
        held += f" and {sums.on_order_units:.0f} on the way"
    full = "; more does not fit on the shelf" if sums.bound == "shelf capacity" else ""
    if sums.mean_per_day <= 0.0:
        return f"{held.capitalize()}, and the shelf should never look emptier than {supply.presentation_min_units}: order {ordered}{full}."
    hidden = f", counting in the {100 * sums.hidden_share:.0f} % of the time it was out of stock" if sums.hidden_share >= 0.1 else ""
    lasts = (sums.on_hand_units + sums.on_order_units) / sums.mean_per_day
    return (
        f"Sells {sums.mean_per_day:.1f} a day{hidden}; {held} last {lasts:.1f} days, the order must carry {sums.cover_days:g}: "
        f"order {ordered}{full}."
    )

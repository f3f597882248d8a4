"""Works out what to order of an article: an order-up-to level from its demand, bounded by cases, room and shelf life.

The level covers lead time and review interval, plus safety stock for the service level. Silver, Pyke and Thomas, "Inventory and
Production Management in Supply Chains", chapter 7: an (R, S) policy with normal or negative binomial demand. Everything that bounds an
order is in the arithmetic beside it.
"""

from __future__ import annotations

from math import ceil, floor, isfinite
from typing import Any

import msgspec

from cloud_api.rules.cover_demand import CoverDemand, cover_demand
from cloud_api.rules.daily_demand import Demand

COST_SHARE = 0.7
"""What an article costs of its price, where the product master does not say."""
_SERVICE_MIN, _SERVICE_MAX = 0.5, 0.995
_LIFE_CASES_MAX = 10_000
_WASTE_MINDED = 0.02
"""A case of which no more than this share is expected to expire may be ordered sooner than needed."""
CASE_PACK, SHELF_ROOM, STORE_ROOM, SHELF_LIFE = "case pack", "shelf capacity", "shelf and back room", "shelf life"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How often orders are made, and how seldom a cycle may run out.

    `service_level` None: as seldom as pays, a lost sale's margin against `holding_per_year` (a share of the article's cost).
    """

    review_days: float
    service_level: float | None = 0.95
    holding_per_year: float = 0.25


class Supply(msgspec.Struct, frozen=True, kw_only=True):
    """An article in a shop: what is there and on its way, and what bounds an order. Units; money in minor units.

    `back_room_units` is how much of it the back room takes; None where nobody said. `supplier_fill` is the share of what is ordered that
    the supplier delivers. `shelf_life_days` counts from delivery.
    """

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
    supplier_fill: float = 1.0
    back_room_units: int | None = None
    shelf_life_days: float | None = None

    @property
    def unit_cost_minor(self) -> float:
        """What a unit costs the shop."""
        return float(self.cost_minor) if self.cost_minor is not None else COST_SHARE * (self.price_minor or 0)

    @property
    def margin_minor(self) -> float:
        """What a sale of a unit earns."""
        return max(0.0, (self.price_minor or 0) - self.unit_cost_minor)

    @property
    def coming_units(self) -> float:
        """What will really come of what is on order."""
        return self.on_order_units * self.supplier_fill


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
    service_level: float = 0.95
    is_service_by_cost: bool = False
    lead_time_sd_days: float = 0.0
    supplier_orders: int = 0
    supplier_fill: float = 1.0
    back_room_units: int | None = None
    shelf_life_days: float | None = None
    sells_before_expiry_units: float | None = None
    wasted_units: float | None = None
    wasted_minor: int | None = None
    added_for_minimum_units: int = 0
    from_other_shop_units: int = 0
    lift: float = 1.0
    method: str = "mean"
    class_name: str = ""
    error: float | None = None
    bias: float | None = None
    band_held: float | None = None
    low_units: float | None = None
    high_units: float | None = None

    @property
    def usual_per_day(self) -> float:
        """Units a day without what is special about the days to cover."""
        return self.demand_over_cover_units / self.cover_days / self.lift if self.cover_days > 0 else self.mean_per_day


class ArticlePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What was worked out for an article, whether or not it needs an order.

    `most_cases` is what room and shelf life allow; `over_lead` is the demand until goods ordered now arrive, `before_expiry` that from
    then on until they expire.
    """

    supply: Supply
    demand: Demand | None
    policy: Policy
    cover: CoverDemand
    over_lead: CoverDemand
    before_expiry: CoverDemand | None
    cases: int
    most_cases: int
    arithmetic: Arithmetic

    @property
    def held_units(self) -> float:
        """In the shop, and what will come of what is on the way."""
        return max(0.0, self.supply.on_hand_units) + self.supply.coming_units

    def lost_units(self, ordered: float) -> float:
        """Units expected to be asked for in vain over the cover, with so many ordered."""
        return self.cover.expected_shortage(self.held_units + ordered * self.supply.supplier_fill)

    @property
    def left_at_arrival(self) -> float:
        """Units expected to be there still when the order comes."""
        return self.over_lead.expected_left(self.held_units)

    def wasted_units(self, ordered: float) -> float:
        """Units of an order expected to expire unsold."""
        if self.before_expiry is None:
            return 0.0
        left = self.left_at_arrival
        return self.before_expiry.expected_left(left + ordered) - self.before_expiry.expected_left(left)


def service_level(supply: Supply, policy: Policy) -> float:
    """The policy's own, or the one that pays: margin over margin and the cost of holding a unit to the next review (a newsvendor's)."""
    if policy.service_level is not None:
        return policy.service_level
    holding = supply.unit_cost_minor * policy.holding_per_year * policy.review_days / 365.0
    margin = supply.margin_minor
    share = margin / (margin + holding) if margin + holding > 0 else _SERVICE_MIN
    return min(_SERVICE_MAX, max(_SERVICE_MIN, share))


def plan_article(supply: Supply, demand: Demand | None, policy: Policy) -> ArticlePlan:
    """Work out what an article needs, and how much of it at most."""
    cover_days, level = supply.lead_time_days + policy.review_days, service_level(supply, policy)
    cover = _demand_over(0.0, cover_days, demand, supply.lead_time_sd_days)
    safety = max(0.0, cover.quantile(level) - cover.mean)
    up_to = cover.mean + max(safety, float(supply.presentation_min_units))
    need = up_to - max(0.0, supply.on_hand_units) - supply.coming_units
    life = supply.shelf_life_days
    draft = ArticlePlan(
        supply=supply, demand=demand, policy=policy, cover=cover, cases=0, most_cases=0,
        over_lead=_demand_over(0.0, supply.lead_time_days, demand, supply.lead_time_sd_days),
        before_expiry=None if life is None else _demand_over(supply.lead_time_days, life, demand, 0.0),
        arithmetic=Arithmetic(
            mean_per_day=demand.mean_per_day if demand else 0.0, sd_per_day=demand.sd_per_day if demand else 0.0,
            history_days=demand.days if demand else 0.0, hidden_share=demand.hidden_share if demand else 0.0,
            cover_days=cover_days, demand_over_cover_units=cover.mean, safety_units=safety,
            presentation_min_units=supply.presentation_min_units, order_up_to_units=up_to,
            on_hand_units=max(0.0, supply.on_hand_units), on_order_units=supply.on_order_units, need_units=need,
            case_pack_units=supply.case_pack_units, capacity_units=supply.capacity_units, bound=CASE_PACK, service_level=level,
            is_service_by_cost=policy.service_level is None, lead_time_sd_days=supply.lead_time_sd_days,
            supplier_orders=supply.supplier_orders, supplier_fill=supply.supplier_fill, back_room_units=supply.back_room_units,
            shelf_life_days=life, lift=demand.lifted(cover_days) if demand else 1.0, **_rests_on(demand, cover),
        ),
    )  # fmt: skip
    return _bounded(draft)


def _demand_over(first: float, days: float, demand: Demand | None, lead_sd_days: float) -> CoverDemand:
    """Demand over `days` that begin `first` days ahead."""
    if demand is None:
        return cover_demand(mean=0.0, variance=0.0, mean_per_day=0.0, over_dispersion=None, lead_sd_days=0.0)
    mean = demand.units(first, days)
    variance = demand.sd_per_day**2 * days if demand.over_dispersion is None else demand.over_dispersion * mean
    return cover_demand(
        mean=mean, variance=variance, mean_per_day=demand.mean_per_day, over_dispersion=demand.over_dispersion, lead_sd_days=lead_sd_days
    )


def _bounded(plan: ArticlePlan) -> ArticlePlan:
    """Whole cases for the need; no more than fits, than is worth its case, than sells before it expires."""
    supply, sums = plan.supply, plan.arithmetic
    room, room_bound = _room_cases(plan)
    life = _life_cases(plan, room)
    most = room if life is None else min(room, life)
    need, bound, cases = sums.need_units / supply.supplier_fill, CASE_PACK, 0
    if isfinite(need) and need > 0.5:
        cases = ceil(need / supply.case_pack_units - 1e-9)
        if cases > room:
            cases, bound = room, room_bound
        if plan.cover.over_dispersion is not None and plan.held_units >= supply.presentation_min_units:
            cases = _cheaper_cases(plan, cases)
        if cases > most:
            cases, bound = most, SHELF_LIFE
    sums = msgspec.structs.replace(sums, bound=bound)
    return msgspec.structs.replace(plan, cases=cases, most_cases=most, arithmetic=sums)


def _room_cases(plan: ArticlePlan) -> tuple[int, str]:
    """Cases that will fit when they arrive. While nobody said what the back room takes, one case more than the shelf may wait there."""
    supply = plan.supply
    if supply.capacity_units is None:
        return 1_000_000, CASE_PACK
    position = max(0.0, supply.on_hand_units) + supply.on_order_units
    left_at_arrival = max(0.0, position - plan.over_lead.mean)
    if supply.back_room_units is not None:
        room = supply.capacity_units + supply.back_room_units - left_at_arrival
        return max(0, floor(room / supply.case_pack_units + 1e-9)), STORE_ROOM
    fitting = floor((supply.capacity_units - left_at_arrival) / supply.case_pack_units)
    return (0 if fitting < 1 and position >= supply.capacity_units else max(fitting, 1)), SHELF_ROOM


def _life_cases(plan: ArticlePlan, most: int) -> int | None:
    """The cases of a perishable article worth their waste: each must save more margin than it is expected to waste in goods.

    The first case is weighed over all its life, as without it nothing would be sold; a further one only until the next order could bring
    it. Goods that are there when it comes are sold before it.
    """
    supply = plan.supply
    if plan.before_expiry is None or plan.demand is None or supply.shelf_life_days is None:
        return None
    to_next = _demand_over(supply.lead_time_days, min(plan.policy.review_days, supply.shelf_life_days), plan.demand, 0.0)
    pack, left, cases = supply.case_pack_units, plan.left_at_arrival, 0
    margin, cost = (supply.margin_minor, supply.unit_cost_minor) if supply.price_minor else (1.0 - COST_SHARE, COST_SHARE)
    while cases < min(most, _LIFE_CASES_MAX):
        served = to_next if cases else plan.before_expiry
        before, after = left + cases * pack, left + (cases + 1) * pack
        saved = margin * (served.expected_shortage(before) - served.expected_shortage(after))
        wasted = cost * (plan.before_expiry.expected_left(after) - plan.before_expiry.expected_left(before))
        if wasted > max(saved, _WASTE_MINDED * cost * pack):
            break
        cases += 1
    return cases


def _cheaper_cases(plan: ArticlePlan, cases: int) -> int:
    """One case less where the last would cost more than it saves; the service level weighs a unit left against a unit lost."""
    pack, level = plan.supply.case_pack_units, plan.arithmetic.service_level
    if cases == 0 or pack == 1:
        return cases

    def expected(units: float) -> float:
        lost = plan.cover.expected_shortage(plan.held_units + units)
        return (1 - level) * (plan.held_units + units - plan.cover.mean + lost) + level * lost

    return cases if expected(cases * pack) <= expected((cases - 1) * pack) else cases - 1


def _rests_on(demand: Demand | None, spread: CoverDemand) -> dict[str, Any]:
    """What the forecast behind a line is worth, for its arithmetic."""
    if demand is None or demand.over_dispersion is None:
        return {}
    told = {name: getattr(demand, name) for name in ("method", "class_name", "error", "bias", "band_held")}
    return told | {"low_units": spread.quantile(0.1), "high_units": spread.quantile(0.9)}

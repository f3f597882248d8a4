"""Plays a shop's orders day by day with the very rule that proposes them, so that terms can be tried before they are kept.

Each day: what was ordered arrives, customers buy first what came first, what is past its shelf life is thrown away, and on a review day
the shop orders. Demand is drawn from each article's own forecast, so the answer is as good as that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from cloud_api.rules.daily_demand import Demand
from cloud_api.rules.forecast_methods import Floats
from cloud_api.rules.order_minimum import SupplierTerms, order_for_supplier
from cloud_api.rules.replenishment import ArticlePlan, Policy, Supply, plan_article

WARM_UP_DAYS = 28


class TriedArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article as it is tried: `demand` is what customers want, `supplier` who delivers it.

    `keeps_days` is how long it really keeps, where the supply does not know.
    """

    supply: Supply
    demand: Demand
    policy: Policy
    supplier: str
    keeps_days: float | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a year would bring, in units and minor units: the money lost is margin, the money wasted what the goods cost."""

    fill_rate: float
    orders: float
    asked_units: float
    wasted_units: float
    stock_minor: float
    lost_minor: float
    holding_minor: float
    wasted_minor: float
    over_room_units: float

    @property
    def cost_minor(self) -> float:
        """Lost margin, holding and waste together."""
        return self.lost_minor + self.holding_minor + self.wasted_minor


class _Shelf:
    """One article in play: batches `(first day it is too old, units)`, oldest first, and what is on the way by day of arrival."""

    def __init__(self, article: TriedArticle, wanted: Floats) -> None:
        self.article, self.wanted = article, wanted
        self.batches: list[list[float]] = [[float("inf"), article.demand.mean_per_day * 7.0 // 1 + 1.0]]
        self.coming: dict[int, float] = {}
        self.ordered = 0.0

    @property
    def units(self) -> float:
        return sum(units for _, units in self.batches)

    def receive(self, day: int) -> None:
        came = self.coming.pop(day, 0.0)
        if came > 0:
            life = self.article.keeps_days or self.article.supply.shelf_life_days
            self.batches.append([float("inf") if life is None else day + life, came])

    def sell(self, day: int) -> float:
        """Sell what is asked for today; returns what is lacking."""
        left = float(self.wanted[day])
        for batch in self.batches:
            taken = min(left, batch[1])
            batch[1] -= taken
            left -= taken
        self.batches = [batch for batch in self.batches if batch[1] > 0]
        return left

    def throw_away(self, day: int) -> float:
        """Throw away what is too old for tomorrow; returns how much."""
        old = sum(units for too_old, units in self.batches if too_old <= day + 1)
        self.batches = [batch for batch in self.batches if batch[0] > day + 1]
        return old

    def plan(self, asked: float) -> ArticlePlan:
        """`asked` is on order at the supplier, whether or not it will come in full."""
        supply = msgspec.structs.replace(self.article.supply, on_hand_units=self.units, on_order_units=asked)
        return plan_article(supply, self.article.demand, self.article.policy)


class _Sums(msgspec.Struct):
    asked: float = 0.0
    lost: float = 0.0
    lost_minor: float = 0.0
    stock_minor: float = 0.0
    holding_minor: float = 0.0
    wasted: float = 0.0
    wasted_minor: float = 0.0
    over_room: float = 0.0
    orders: int = 0


def simulate_orders(
    articles: Sequence[TriedArticle], terms: Mapping[str, SupplierTerms], *, days: int, seed: int = 7, fill: float | None = None
) -> Outcome:
    """Play `days` days after a warm-up of 28, and tell what a year of them would bring.

    Args:
        terms: by supplier; one that is not named has no minimum.
        fill: what suppliers really deliver of an order; as each supply believes, where None.
    """
    rng = np.random.default_rng(seed)
    shelves = [_Shelf(article, _wanted(article.demand, WARM_UP_DAYS + days, rng)) for article in articles]
    by_supplier: dict[str, list[_Shelf]] = {}
    for shelf in shelves:
        by_supplier.setdefault(shelf.article.supplier, []).append(shelf)
    sums = _Sums()
    owed: dict[int, dict[int, float]] = {}
    for day in range(WARM_UP_DAYS + days):
        counted = sums if day >= WARM_UP_DAYS else _Sums()
        for shelf in shelves:
            _live(shelf, day, counted)
        for supplier, group in by_supplier.items():
            if day % max(1, round(group[0].article.policy.review_days)) == 0:
                counted.orders += _order(group, terms.get(supplier, SupplierTerms()), day, rng, fill, owed)
    return _yearly(sums, days)


def _wanted(demand: Demand, days: int, rng: np.random.Generator) -> Floats:
    """Units asked for a day: negative binomial of the forecast's mean and spread."""
    over = demand.over_dispersion or (demand.sd_per_day**2 / demand.mean_per_day if demand.mean_per_day > 0 else 1.0)
    mean = max(demand.mean_per_day, 1e-9)
    if over <= 1.001:
        return rng.poisson(mean, days).astype(np.float64)
    return rng.negative_binomial(mean / (over - 1.0), 1.0 / over, days).astype(np.float64)


def _live(shelf: _Shelf, day: int, sums: _Sums) -> None:
    supply = shelf.article.supply
    shelf.receive(day)
    room = None if supply.capacity_units is None else supply.capacity_units + (supply.back_room_units or 0)
    sums.over_room = max(sums.over_room, shelf.units - room) if room is not None else sums.over_room
    lacking = shelf.sell(day)
    wasted = shelf.throw_away(day)
    worth = shelf.units * supply.unit_cost_minor
    sums.asked += float(shelf.wanted[day])
    sums.lost += lacking
    sums.lost_minor += lacking * supply.margin_minor
    sums.wasted += wasted
    sums.wasted_minor += wasted * supply.unit_cost_minor
    sums.stock_minor += worth
    sums.holding_minor += worth * shelf.article.policy.holding_per_year / 365.0


def _order(
    group: list[_Shelf], terms: SupplierTerms, day: int, rng: np.random.Generator, fill: float | None, owed: dict[int, dict[int, float]]
) -> int:
    """Order as the rule says; returns the number of orders sent, 1 or 0."""
    for shelf in group:
        waiting = owed.setdefault(id(shelf), {})
        for arrival in [arrival for arrival in waiting if arrival <= day]:
            del waiting[arrival]
    proposal = order_for_supplier(
        group[0].article.supplier, [shelf.plan(sum(owed[id(shelf)].values())) for shelf in group], terms
    )  # fmt: skip
    if proposal is None or proposal.waits_because:
        return 0
    by_sku = {line.sku: line.units for line in proposal.lines}
    for shelf in group:
        units, supply = by_sku.get(shelf.article.supply.sku, 0), shelf.article.supply
        if units:
            lead = max(0, round(rng.normal(supply.lead_time_days, supply.lead_time_sd_days)))
            arrival = day + 1 + lead
            delivered = float(rng.binomial(units, supply.supplier_fill if fill is None else fill))
            shelf.coming[arrival] = shelf.coming.get(arrival, 0.0) + delivered
            owed[id(shelf)][arrival] = owed[id(shelf)].get(arrival, 0.0) + units
    return 1


def _yearly(sums: _Sums, days: int) -> Outcome:
    year = 365.0 / days
    return Outcome(
        fill_rate=1.0 - sums.lost / sums.asked if sums.asked else 1.0,
        orders=sums.orders * year,
        asked_units=sums.asked * year,
        wasted_units=sums.wasted * year,
        stock_minor=sums.stock_minor / days,
        lost_minor=sums.lost_minor * year,
        holding_minor=sums.holding_minor * year,
        wasted_minor=sums.wasted_minor * year,
        over_room_units=sums.over_room,
    )

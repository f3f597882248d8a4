"""Runs every order policy over the same weeks of the same series, and sets its cost beside the base stock's."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from cloud_api.rules.forecast_methods import Floats
from cloud_api.rules.order_policies import (
    Outcome,
    Policy,
    Terms,
    base_stock,
    bootstrap_level,
    hindsight,
    in_cases,
    negative_binomial_level,
    never_order,
    newsvendor_z,
    normal_level,
    scenario_order,
    simulate,
)
from cloud_api.rules.order_scenarios import PAST_WEEKS, Demand, Scenarios

CHECKED_WEEKS = 16
FILL_PROMISED = 0.90
_CARES = tuple(1.08**step for step in range(41))
_CHOSEN_EVERY_WEEKS = 4
_LEAST_PAST_WEEKS = 8
EtsLevels = Callable[[Floats, int, Terms], Floats | None]
"""`(units a week, first week, terms) -> order-up-to levels (n, weeks)`, or None where the method is not installed."""


class PolicyScore(msgspec.Struct, frozen=True, kw_only=True):
    """A policy's cost over the base stock's, and the share of demand it served."""

    cost_over_base_stock: float
    fill_rate: float
    cost: float
    held_unit_weeks: float
    lost_units: float


def score_policies(demand: Demand, *, weeks: int, terms: Terms, seed: int = 7, ets: EtsLevels | None = None) -> dict[str, PolicyScore]:
    """Simulate the last `weeks` weeks; every decision sees the past only, hindsight excepted."""
    return _scored(demand, Scenarios(demand, seed=seed), weeks, terms, seed, ets)


def _scored(
    demand: Demand, scenarios: Scenarios, weeks: int, terms: Terms, seed: int, ets: EtsLevels | None = None
) -> dict[str, PolicyScore]:
    units, by_week = demand.units, demand.weeks
    first = by_week.shape[1] - weeks
    ahead = by_week[:, first:]
    start = opening_stock(units, first, terms)
    levels = _levels(units, by_week, first, terms, seed)
    smoothed = ets(by_week, first, terms) if ets else None
    if smoothed is not None:
        levels["auto_ets_normal"] = smoothed
    policies: dict[str, Policy] = {name: base_stock(level, terms) for name, level in levels.items()}
    policies["never_order"] = never_order
    trial = _Trial(demand, scenarios, terms)
    policies["ours"] = trial.policy(first, lambda week: 1.0)
    policies["ours_fill_90"] = trial.careful_policy(first)
    policies["perfect_hindsight"] = hindsight(ahead, terms)
    outcomes = {name: simulate(ahead, start, policy, terms) for name, policy in policies.items()}
    base = outcomes["base_stock"].cost
    return {name: _score(outcome, base) for name, outcome in outcomes.items()}


def opening_stock(units: Floats, week: int, terms: Terms) -> Floats:
    """Two weeks of the 28-day mean, in whole cases: the same for every policy."""
    return in_cases(units[:, 7 * week - 28 : 7 * week].mean(axis=1) * 14, terms.case_pack)


class _Trial:
    """Tries cares on the weeks before a week, so that the past chooses."""

    def __init__(self, demand: Demand, scenarios: Scenarios, terms: Terms) -> None:
        self._demand, self._scenarios, self._terms = demand, scenarios, terms
        self._weeks = demand.weeks

    def policy(self, first: int, care: Callable[[int], float]) -> Policy:
        """The order of `scenario_order`, `week` counted from `first`."""

        def order(week: int, stock: Floats, on_order: Floats) -> Floats:
            rate, units = self._scenarios.rate(first + week), np.zeros(len(stock))
            for drawn, rows in self._scenarios.readings(first + week):
                units[rows] = scenario_order(drawn, (stock + on_order)[rows], self._terms, rate=rate[rows], care=care(week))
            return units

        return order

    def careful_policy(self, first: int) -> Policy:
        """Ours with the least care that would have kept the promised fill rate so far; chosen anew every four weeks."""
        cares: dict[int, float] = {}

        def order(week: int, stock: Floats, on_order: Floats) -> Floats:
            block = week // _CHOSEN_EVERY_WEEKS
            if block not in cares:
                cares[block] = self._least_care(first + week, CHECKED_WEEKS + week)
            return self.policy(first, lambda _: cares[block])(week, stock, on_order)

        return order

    def _least_care(self, first: int, weeks: int) -> float:
        low, high = 0, len(_CARES) - 1
        while low < high:
            middle = (low + high) // 2
            outcome = self._tried(first, _CARES[middle], weeks)
            if outcome is None or outcome.fill_rate >= FILL_PROMISED:
                high = middle
            else:
                low = middle + 1
        return _CARES[low]

    def _tried(self, first: int, care: float, weeks: int) -> Outcome | None:
        weeks = min(weeks, first - _LEAST_PAST_WEEKS)
        if weeks < 1:
            return None
        start = first - weeks
        stock = opening_stock(self._demand.units, start, self._terms)
        return simulate(self._weeks[:, start:first], stock, self.policy(start, lambda _: care), self._terms)


def _levels(units: Floats, by_week: Floats, first: int, terms: Terms, seed: int) -> dict[str, Floats]:
    weeks = range(first, by_week.shape[1])
    rng = np.random.default_rng(seed)
    z = newsvendor_z(terms)
    made: dict[str, list[Floats]] = {name: [] for name in ("base_stock", "newsvendor", "bootstrap_quantile", "negative_binomial")}
    for week in weeks:
        month = units[:, 7 * week - 28 : 7 * week]
        mean, sd = month.mean(axis=1), month.std(axis=1, ddof=1)
        past = by_week[:, max(0, week - PAST_WEEKS) : week]
        made["base_stock"].append(normal_level(mean, sd, 1.65))
        made["newsvendor"].append(normal_level(mean, sd, z))
        made["bootstrap_quantile"].append(bootstrap_level(past, terms, rng))
        made["negative_binomial"].append(negative_binomial_level(mean * 7, past.var(axis=1, ddof=1), terms))
    return {name: np.stack(levels, axis=1) for name, levels in made.items()}


def _score(outcome: Outcome, base: float) -> PolicyScore:
    return PolicyScore(
        cost_over_base_stock=round(outcome.cost / base, 4) if base else 0.0,
        fill_rate=round(outcome.fill_rate, 4),
        cost=round(outcome.cost, 1),
        held_unit_weeks=round(outcome.held_unit_weeks, 1),
        lost_units=round(outcome.lost_units, 1),
    )


def policy_table(
    demand: Demand, *, weeks: int, settings: list[Terms], told: Callable[[str], None], ets: EtsLevels | None = None
) -> list[tuple[Terms, dict[str, PolicyScore]]]:
    """`score_policies` for each setting of costs and cases."""
    scored = []
    scenarios = Scenarios(demand)
    for terms in settings:
        told(f"orders: shortage {terms.shortage:g}, case of {terms.case_pack}")
        scored.append((terms, _scored(demand, scenarios, weeks, terms, 7, ets)))
    return scored

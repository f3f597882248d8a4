"""Runs every order policy over the same weeks of the same series, and sets its cost beside the base stock's."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from cloud_api.rules.forecast_methods import Floats, imapa
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

PAST_WEEKS = 26
FILL_PROMISED = 0.90
_CARES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0)
_CHECKED_WEEKS = 12


class PolicyScore(msgspec.Struct, frozen=True, kw_only=True):
    """A policy's cost over the base stock's, and the share of demand it served."""

    cost_over_base_stock: float
    fill_rate: float
    cost: float
    held_unit_weeks: float
    lost_units: float


def score_policies(units: Floats, *, weeks: int, terms: Terms, seed: int = 7) -> dict[str, PolicyScore]:
    """Simulate the last `weeks` weeks of `units`, `(n, 7 weeks)` a day; every decision sees the past only, hindsight excepted."""
    by_week = units.reshape(len(units), -1, 7).sum(axis=2)
    first = by_week.shape[1] - weeks
    demand = by_week[:, first:]
    start = opening_stock(units, first, terms)
    policies: dict[str, Policy] = {name: base_stock(level, terms) for name, level in _levels(units, by_week, first, terms, seed).items()}
    forecasts = _forecasts(units, first, weeks)
    policies["never_order"] = never_order
    policies["ours"] = _ours(by_week, first, forecasts, terms, seed, care=1.0)
    care = _care_for_fill(units, by_week, first, terms, seed)
    policies["ours_fill_90"] = _ours(by_week, first, forecasts, terms, seed, care=care)
    policies["perfect_hindsight"] = hindsight(demand, terms)
    outcomes = {name: simulate(demand, start, policy, terms) for name, policy in policies.items()}
    base = outcomes["base_stock"].cost
    return {name: _score(outcome, base) for name, outcome in outcomes.items()}


def opening_stock(units: Floats, week: int, terms: Terms) -> Floats:
    """Two weeks of the 28-day mean, in whole cases: the same for every policy."""
    return in_cases(units[:, 7 * week - 28 : 7 * week].mean(axis=1) * 14, terms.case_pack)


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


def _forecasts(units: Floats, first: int, weeks: int) -> list[Floats]:
    return [imapa(units[:, : 7 * week], 1)[:, 0] * 7 for week in range(first, first + weeks)]


def _ours(by_week: Floats, first: int, forecasts: list[Floats], terms: Terms, seed: int, *, care: float) -> Policy:
    rng = np.random.default_rng(seed)

    def order(week: int, stock: Floats, on_order: Floats) -> Floats:
        past = by_week[:, max(0, first + week - PAST_WEEKS) : first + week]
        return scenario_order(past, stock + on_order, terms, rng, forecast=forecasts[week], care=care)

    return order


def _care_for_fill(units: Floats, by_week: Floats, first: int, terms: Terms, seed: int) -> float:
    """The least care that kept the promised fill rate in the weeks before the first one simulated; those weeks only choose."""
    weeks = min(_CHECKED_WEEKS, first - 8)
    if weeks < 1:
        return 1.0
    start = first - weeks
    demand, stock = by_week[:, start:first], opening_stock(units, start, terms)
    forecasts = _forecasts(units, start, weeks)
    for care in _CARES:
        if simulate(demand, stock, _ours(by_week, start, forecasts, terms, seed, care=care), terms).fill_rate >= FILL_PROMISED:
            return care
    return _CARES[-1]


def _score(outcome: Outcome, base: float) -> PolicyScore:
    return PolicyScore(
        cost_over_base_stock=round(outcome.cost / base, 4) if base else 0.0,
        fill_rate=round(outcome.fill_rate, 4),
        cost=round(outcome.cost, 1),
        held_unit_weeks=round(outcome.held_unit_weeks, 1),
        lost_units=round(outcome.lost_units, 1),
    )


def policy_table(
    units: Floats, *, weeks: int, settings: list[Terms], told: Callable[[str], None]
) -> list[tuple[Terms, dict[str, PolicyScore]]]:
    """`score_policies` for each setting of costs and cases."""
    scored = []
    for terms in settings:
        told(f"orders: shortage {terms.shortage:g}, case of {terms.case_pack}")
        scored.append((terms, score_policies(units, weeks=weeks, terms=terms)))
    return scored

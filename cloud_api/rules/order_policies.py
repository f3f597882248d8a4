"""A weekly order cycle in simulation, and the order policies that are compared in it.

At the start of a week the shop sees its stock and what is on the way, orders, receives the order of the week before and sells. What is
not there is lost. An order covers this week and the next: lead time 7 days and review interval 7 days. Units throughout.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom, norm

Floats = NDArray[np.float64]
Policy = Callable[[int, Floats, Floats], Floats]
"""`(week, stock at its start with the arrivals, on order) -> units to order`; nothing is on order here beyond the arrivals."""

COVER_WEEKS = 2


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit left over at a week's end and a unit lost cost, and how many units a case holds (1: none)."""

    holding: float = 0.2
    shortage: float = 1.0
    case_pack: int = 1

    @property
    def critical_ratio(self) -> float:
        """The newsvendor's quantile."""
        return self.shortage / (self.shortage + self.holding)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy cost over all series and weeks, and the share of demand it could serve."""

    cost: float
    fill_rate: float
    held_unit_weeks: float
    lost_units: float


def simulate(demand: Floats, start_stock: Floats, policy: Policy, terms: Terms) -> Outcome:
    """Run a policy over `demand`, `(n, weeks)`, from the same stock as every other policy."""
    stock = start_stock.astype(np.float64).copy()
    held = lost = 0.0
    for week in range(demand.shape[1]):
        order = policy(week, stock, np.zeros_like(stock))
        sold = np.minimum(stock, demand[:, week])
        lost += float((demand[:, week] - sold).sum())
        left = stock - sold
        held += float(left.sum())
        stock = left + order
    total = float(demand.sum())
    return Outcome(
        cost=terms.holding * held + terms.shortage * lost,
        fill_rate=1 - lost / total if total else 1.0,
        held_unit_weeks=held,
        lost_units=lost,
    )


def in_cases(units: Floats, case_pack: int) -> Floats:
    """Whole cases, rounded up."""
    cases: Floats = np.ceil(np.maximum(units, 0.0) / case_pack - 1e-9) * case_pack
    return cases


def base_stock(levels: Floats, terms: Terms) -> Policy:
    """Order up to `levels`, `(n, weeks)`, in whole cases."""

    def order(week: int, stock: Floats, on_order: Floats) -> Floats:
        return in_cases(np.ceil(levels[:, week] - 1e-9) - stock - on_order, terms.case_pack)

    return order


def never_order(week: int, stock: Floats, on_order: Floats) -> Floats:
    """Sell off what is there: a policy that wins shows that the costs make no sense."""
    return np.zeros_like(stock)


def normal_level(mean_per_day: Floats, sd_per_day: Floats, z: float) -> Floats:
    """Mean plus z standard deviations over the two weeks an order covers."""
    days = 7 * COVER_WEEKS
    level: Floats = mean_per_day * days + z * sd_per_day * np.sqrt(days)
    return level


def newsvendor_z(terms: Terms) -> float:
    """The normal deviate of the newsvendor's quantile."""
    return float(norm.ppf(terms.critical_ratio))


def bootstrap_level(weeks: Floats, terms: Terms, rng: np.random.Generator, draws: int = 400) -> Floats:
    """The newsvendor's quantile of two weeks drawn from each series' own past (Willemain et al., IJF 20, 2004, without Markov chain)."""
    drawn = rng.integers(0, weeks.shape[1], size=(draws, COVER_WEEKS))
    level: Floats = np.quantile(weeks[:, drawn].sum(axis=2), terms.critical_ratio, axis=1, method="inverted_cdf")
    return level


def negative_binomial_level(mean_per_week: Floats, variance_per_week: Floats, terms: Terms) -> Floats:
    """The newsvendor's quantile of a negative binomial over two weeks (Poisson where the variance is no larger than the mean)."""
    mean = np.maximum(mean_per_week * COVER_WEEKS, 1e-9)
    variance = np.maximum(variance_per_week * COVER_WEEKS, mean * 1.001)
    level: Floats = nbinom.ppf(terms.critical_ratio, mean**2 / (variance - mean), mean / variance)
    return level


def scenario_order(scenarios: Floats, stock: Floats, terms: Terms, *, rate: Floats, care: float = 1.0) -> Floats:
    """Our order: least expected cost of the week it arrives in, where what the shop cannot sell this week is lost, not owed.

    Args:
        scenarios: units of this week and the next, `(n, draws, 2)`.
        stock: at the start of the week, with the arrivals.
        rate: units a week expected.
        care: multiplies the cost of a lost unit, for a promised fill rate.

    An article whose case would cost more in its stay than it earns is not ordered at all. Order-up-to levels overlook both. The
    one-week-ahead ("myopic") order for lost sales is Morton's (Naval Research Logistics Quarterly 18, 1971).
    """
    shortage = terms.shortage * care
    missing = scenarios[:, :, 1] - np.maximum(stock[:, None] - scenarios[:, :, 0], 0)
    at = min(int(shortage / (shortage + terms.holding) * missing.shape[1]), missing.shape[1] - 1)
    exact = np.maximum(np.ceil(np.partition(missing, at, axis=1)[:, at] - 1e-9), 0)
    low = np.floor(exact / terms.case_pack) * terms.case_pack
    high = in_cases(exact, terms.case_pack)

    def expected(units: Floats) -> Floats:
        gap = units[:, None] - missing
        cost: Floats = np.where(gap > 0, gap * terms.holding, -gap * shortage).mean(axis=1)
        return cost

    order = high if terms.case_pack == 1 else np.where(expected(high) <= expected(low), high, low)
    pays = rate * shortage > terms.holding * (terms.case_pack + 1) / 2
    return np.where(pays, order, 0.0)


def hindsight(demand: Floats, terms: Terms) -> Policy:
    """Order what next week will lack, in whole cases, knowing it: what no forecast can beat without cases."""

    def order(week: int, stock: Floats, on_order: Floats) -> Floats:
        if week + 1 >= demand.shape[1]:
            return np.zeros_like(stock)
        lacking = demand[:, week + 1] - np.maximum(stock - demand[:, week], 0)
        return in_cases(lacking - on_order, terms.case_pack)

    return order

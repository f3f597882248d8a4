"""Key figures of shops and the chain over a span, beside the span before and their targets; and which written-down risks have come up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal

import msgspec

FIGURES: dict[str, tuple[str, str]] = {
    "visitors_a_day": ("Visitors a day", "people"),
    "conversion": ("Conversion", "share"),
    "revenue_a_day": ("Sales a day", "money"),
    "basket_value": ("A basket", "money"),
    "empty_share": ("Shelves empty", "share"),
    "lost_a_day": ("Units lost a day", "units"),
}
"""Figure → its name and what it is counted in."""
LESS_IS_BETTER = frozenset({"empty_share", "lost_a_day"})
_OPEN_MIN_A_DAY = 1440.0


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's day. None is not known."""

    store_id: str
    day: date
    revenue_minor: int
    units_lost: int
    known_articles: int
    out_of_stock_min: float
    people_in: int | None
    baskets: int | None


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure now, in the span before, and its target. `state`: well, missed, or `unknown` where a side is missing."""

    value: float | None
    before: float | None
    target: float | None
    state: Literal["well", "missed", "unknown"]


class ShopFigures(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a shop, or (`*`) of the chain."""

    store_id: str
    figures: dict[str, Figure]


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may go wrong: the trigger is a figure that goes beyond a value in any shop. `owner` follows the `plan` then."""

    name: str
    figure: str
    way: Literal["below", "above"]
    value: float
    owner: str
    plan: str


class RiskState(msgspec.Struct, frozen=True, kw_only=True):
    """A risk, and the shops in which it has come up."""

    risk_id: str
    risk: Risk
    shops: list[str]


def chain_figures(
    days: Sequence[Day], *, first: date, last: date, targets: Mapping[tuple[str, str], float], chain: str = "*"
) -> list[ShopFigures]:
    """Figures of the chain, then of each shop by id, from `first` to `last` beside as many days before.

    Args:
        days: of the span and of as many days before it.
        targets: (shop or `chain`, figure) → value; a shop's own target goes before the chain's.
    """
    before_first = first - (last - first) - timedelta(days=1)
    now, before = _by_shop(days, first, last), _by_shop(days, before_first, first - timedelta(days=1))
    all_now, all_before = ([day for of_shop in side.values() for day in of_shop] for side in (now, before))
    found = [_of(chain, all_now, all_before, targets, chain)]
    found.extend(_of(shop, now[shop], before.get(shop, []), targets, chain) for shop in sorted(now))
    return found


def _by_shop(days: Sequence[Day], first: date, last: date) -> dict[str, list[Day]]:
    found: dict[str, list[Day]] = {}
    for day in days:
        if first <= day.day <= last:
            found.setdefault(day.store_id, []).append(day)
    return found


def risk_states(risks: Iterable[tuple[str, Risk]], figures: Sequence[ShopFigures], *, chain: str = "*") -> list[RiskState]:
    """Which risks have come up, and where; those that have stand first."""
    states = []
    for risk_id, risk in risks:
        shops = [each.store_id for each in figures if each.store_id != chain and _has_come_up(risk, each)]
        states.append(RiskState(risk_id=risk_id, risk=risk, shops=shops))
    return sorted(states, key=lambda state: (not state.shops, state.risk.name))


def _has_come_up(risk: Risk, shop: ShopFigures) -> bool:
    figure = shop.figures.get(risk.figure)
    if figure is None or figure.value is None:
        return False
    return figure.value < risk.value if risk.way == "below" else figure.value > risk.value


def _of(store_id: str, now: Sequence[Day], before: Sequence[Day], targets: Mapping[tuple[str, str], float], chain: str) -> ShopFigures:
    values, past = _values(now), _values(before)
    figures = {}
    for name in FIGURES:
        target = targets.get((store_id, name), targets.get((chain, name)))
        figures[name] = Figure(value=values[name], before=past[name], target=target, state=_state(name, values[name], target))
    return ShopFigures(store_id=store_id, figures=figures)


def _state(name: str, value: float | None, target: float | None) -> Literal["well", "missed", "unknown"]:
    if value is None or target is None:
        return "unknown"
    return "well" if (value <= target if name in LESS_IS_BETTER else value >= target) else "missed"


def _values(days: Sequence[Day]) -> dict[str, float | None]:
    """Means a shop and day. Conversion only over days on which both visitors and baskets were counted."""
    visited = [day.people_in for day in days if day.people_in is not None]
    both = [(day.people_in, day.baskets) for day in days if day.people_in and day.baskets is not None]
    sold = [(day.revenue_minor, day.baskets) for day in days if day.baskets]
    shelf_min = sum(day.known_articles for day in days) * _OPEN_MIN_A_DAY
    return {
        "visitors_a_day": sum(visited) / len(visited) if visited else None,
        "conversion": sum(baskets for _, baskets in both) / sum(people for people, _ in both) if both else None,
        "revenue_a_day": sum(day.revenue_minor for day in days) / len(days) if days else None,
        "basket_value": sum(revenue for revenue, _ in sold) / sum(baskets for _, baskets in sold) if sold else None,
        "empty_share": sum(day.out_of_stock_min for day in days) / shelf_min if shelf_min else None,
        "lost_a_day": sum(day.units_lost for day in days) / len(days) if days else None,
    }

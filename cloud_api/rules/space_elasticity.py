"""How much more an article sells when it gets more room: the published mean, drawn towards what the chain's own changes have shown.

The prior is Eisend's meta-analysis (Journal of Retailing 2014): 0.17 over 1,268 estimates, so that twice the room sells 1.12 times as much.
A change of facings counts only beside shops in which the article's room stayed as it was, for more room usually goes to what sells anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log, sqrt

import msgspec

PRIOR_MEAN = 0.17
PRIOR_SD = 0.12
"""Between articles: our reading of the spread of the published estimates, impulse goods above and commodities below."""
CATEGORY_SD = 0.06
"""How far a category's mean lies from the chain's, before its own changes speak."""
_NOISE_SD = 0.15
"""What moves an article's sales from one month to the next beside room and chance, as a share: a spread no count of sales tells."""
WORTH_FROM = 0.01
"""A change that brings less than this share of what its shelf earns is not worth the labels."""
UNITS_MIN = 5
SPACE_MIN_SHARE = 0.05


class SpaceChange(msgspec.Struct, frozen=True, kw_only=True):
    """An article whose room changed in a shop: metres and units over as many days before and after.

    `elsewhere_before` and `elsewhere_after`: its units in the same days in shops where its room stayed as it was.
    """

    sku: str
    category: str
    before_m: float
    after_m: float
    units_before: int
    units_after: int
    elsewhere_before: int
    elsewhere_after: int


class Elasticity(msgspec.Struct, frozen=True, kw_only=True):
    """A belief: mean and standard deviation, and how many changes stand behind it."""

    mean: float
    sd: float
    changes: int


def learn(changes: Sequence[SpaceChange]) -> tuple[Elasticity, dict[str, Elasticity]]:
    """Return the chain's elasticity, and each category's drawn towards it. Without a usable change both are the published prior."""
    usable = [(change, *found) for change in changes if (found := _read(change)) is not None]
    chain = _update(PRIOR_MEAN, PRIOR_SD, [(slope, error) for _, slope, error in usable])
    by_category: dict[str, list[tuple[float, float]]] = {}
    for change, slope, error in usable:
        by_category.setdefault(change.category, []).append((slope, error))
    categories = {
        name: _update(chain.mean, sqrt(chain.sd**2 + CATEGORY_SD**2), found) for name, found in sorted(by_category.items()) if name
    }
    return chain, categories


def _read(change: SpaceChange) -> tuple[float, float] | None:
    """The elasticity that one change shows, and its standard error; None where it is too small to show any."""
    if min(change.units_before, change.units_after, change.elsewhere_before, change.elsewhere_after) < UNITS_MIN:
        return None
    room = log(change.after_m / change.before_m)
    if abs(room) < SPACE_MIN_SHARE:
        return None
    grown = log(change.units_after / change.units_before) - log(change.elsewhere_after / change.elsewhere_before)
    counts = (change.units_before, change.units_after, change.elsewhere_before, change.elsewhere_after)
    return grown / room, sqrt(sum(1 / count for count in counts) + 2 * _NOISE_SD**2) / abs(room)


def _update(mean: float, sd: float, found: Sequence[tuple[float, float]]) -> Elasticity:
    """Normal prior, normal readings."""
    if not found:
        return Elasticity(mean=mean, sd=sd, changes=0)
    weight = 1 / sd**2 + sum(1 / error**2 for _, error in found)
    total = mean / sd**2 + sum(slope / error**2 for slope, error in found)
    return Elasticity(mean=total / weight, sd=sqrt(1 / weight), changes=len(found))


class FacingFigures(msgspec.Struct, frozen=True, kw_only=True):
    """An article on one shelf: its room and what it earned there in the window, minor units."""

    sku: str
    name: str
    category: str
    shelf_id: str
    width_m: float
    unit_width_m: float
    units_sold: float
    units_picked: float
    margin_minor: float


class FacingMove(msgspec.Struct, frozen=True, kw_only=True):
    """One article's width given to its neighbour on the same shelf. Margin in minor units over the window; the interval is 80 %."""

    shelf_id: str
    to_sku: str
    to_name: str
    from_sku: str
    from_name: str
    width_m: float
    margin_minor: float
    low_minor: float
    high_minor: float


def propose_facings(
    facings: Sequence[FacingFigures], chain: Elasticity, categories: Mapping[str, Elasticity], *, moves_max: int = 10
) -> list[FacingMove]:
    """Return the changes of one facing that earn most, the best first, at most one a shelf; none of which is surer to lose than to gain.

    A facing may be taken only where the article keeps one, and a change must be worth the labels. Sales follow room to the power of the
    elasticity.
    """
    shelves: dict[str, list[FacingFigures]] = {}
    for facing in facings:
        shelves.setdefault(facing.shelf_id, []).append(facing)
    best = [found for on_shelf in shelves.values() if (found := _best_of(on_shelf, chain, categories)) is not None]
    return sorted(best, key=lambda move: (-move.margin_minor, move.shelf_id))[:moves_max]


def _best_of(facings: Sequence[FacingFigures], chain: Elasticity, categories: Mapping[str, Elasticity]) -> FacingMove | None:
    moves = [
        _move(giver, taker, chain, categories)
        for giver in facings for taker in facings
        if giver.sku != taker.sku and giver.width_m - taker.unit_width_m >= giver.unit_width_m - 1e-9
    ]  # fmt: skip
    least_minor = WORTH_FROM * sum(facing.margin_minor for facing in facings)
    gaining = [move for move in moves if move.margin_minor > max(0.0, least_minor) and move.low_minor > -move.margin_minor]
    return max(gaining, key=lambda move: (move.margin_minor, move.to_sku), default=None)


def _move(giver: FacingFigures, taker: FacingFigures, chain: Elasticity, categories: Mapping[str, Elasticity]) -> FacingMove:
    width_m = taker.unit_width_m
    gain, gain_slope = _effect(taker, taker.width_m + width_m, categories.get(taker.category, chain))
    loss, loss_slope = _effect(giver, giver.width_m - width_m, categories.get(giver.category, chain))
    shared = taker.category == giver.category
    sds = [categories.get(facing.category, chain).sd for facing in (taker, giver)]
    # Articles of one category share what is not known of it; of two categories each has its own.
    spread = abs(gain_slope + loss_slope) * sds[0] if shared else sqrt((gain_slope * sds[0]) ** 2 + (loss_slope * sds[1]) ** 2)
    margin = gain + loss
    return FacingMove(
        shelf_id=taker.shelf_id, to_sku=taker.sku, to_name=taker.name, from_sku=giver.sku, from_name=giver.name, width_m=width_m,
        margin_minor=margin, low_minor=margin - 1.2816 * spread, high_minor=margin + 1.2816 * spread,
    )  # fmt: skip


def _effect(facing: FacingFigures, width_m: float, elasticity: Elasticity) -> tuple[float, float]:
    """What an article earns more at another width, and how that moves with the elasticity."""
    room = log(width_m / facing.width_m)
    grown = exp(elasticity.mean * room)
    return facing.margin_minor * (grown - 1.0), facing.margin_minor * grown * room

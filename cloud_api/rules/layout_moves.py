"""Proposes few moves of bays, in order of gain: goods that are bought together nearer to each other, margin where people pass.

What moves is what a bay holds; the rack stays. The score weighs two shares alike: how much shorter the way between goods of one basket
gets, and how much more margin stands where people stay. It is a model's score and promises no sales: a trial has to show them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from cloud_api.rules.layout import BayFigures, LayoutReview, in_front
from wire_format.plans import Bay, Planogram

if TYPE_CHECKING:
    from cloud_api.rules.layout_search import Assignment  # It imports numba: only who searches waits for that.

Floats = NDArray[np.float64]
WIDTH_TOLERANCE_M = 0.1
GAIN_MIN = 0.002
"""Moves that gain less of the score than this are not worth a night's work."""


class PairCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What was bought together over some days: baskets in all, by category, and by two categories (in either order)."""

    baskets: int
    categories: dict[str, int]
    pairs: dict[tuple[str, str], int]


class BayMove(msgspec.Struct, frozen=True, kw_only=True):
    """What a bay holds goes to the rack of another."""

    bay_id: str
    name: str
    to_bay_id: str


class MoveStep(msgspec.Struct, frozen=True, kw_only=True):
    """Bays that change places among each other, all in one night, after the steps before it.

    `gain` is what it takes off the score (0.05: five hundredths of today's way); `nearer` and `seen` are its two parts.
    """

    moves: list[BayMove]
    gain: float
    nearer: float
    seen: float
    reason: str


class LayoutProposal(msgspec.Struct, frozen=True, kw_only=True):
    """Steps in order of gain, what they come to, and what was not known. `places` is bay → the rack where it ends up."""

    store_id: str
    sentence: str
    steps: list[MoveStep]
    places: dict[str, str]
    nearer: float
    seen: float
    unknown: list[str]


class FloorTask(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's bays as arrays in the planogram's order. `pull` and `price` are shares of today's way and today's margin in sight."""

    bays: list[Bay]
    pull: Floats
    distance_m: Floats
    price: Floats
    allowed: NDArray[np.bool_]
    unknown: list[str]


def floor_task(planogram: Planogram, review: LayoutReview, pairs: PairCounts) -> FloorTask:
    """Put a shop's figures into arrays.

    Args:
        review: of the same planogram, over the days on which `pairs` were counted. Margin is revenue where an article has no cost.
    """
    figures = {bay.bay_id: bay for bay in review.bays}
    bays = list(planogram.bays)
    unknown = []
    together = _together(bays, planogram, pairs)
    distance_m = _walks_m(bays)
    way = float((together * distance_m).sum() / 2)
    if way <= 0.0:
        unknown.append("which goods are bought together: the shop has told no baskets yet")
    seen = _in_sight(bays, figures, review)
    margin = np.array([max(0.0, figures[bay.bay_id].margin_minor) for bay in bays])
    if seen is None or margin.sum() <= 0.0:
        unknown.append("where people stay: no zone in front of these bays is measured")
        price = np.zeros_like(distance_m)
    else:
        price = -np.outer(margin / float(margin @ seen), seen)
    unknown += _undescribed(bays)
    pull = together / way if way > 0.0 else together
    return FloorTask(bays=bays, pull=pull, distance_m=distance_m, price=price, allowed=_allowed(bays, planogram), unknown=unknown)


def propose(store_id: str, task: FloorTask, places: Sequence[int]) -> LayoutProposal:
    """Say what a search found as steps. `places[i]` is the index of the rack where bay `i` ends up."""
    rings = _rings(places)
    at = list(range(len(places)))
    steps: list[MoveStep] = []
    while rings:
        gains = [_gain(task, at, _after(at, ring, places)) for ring in rings]
        best = max(range(len(rings)), key=lambda k: sum(gains[k]))
        nearer, seen = gains[best]
        if nearer + seen < GAIN_MIN:
            break  # What is left gains too little by itself.
        ring = rings.pop(best)
        after = _after(at, ring, places)
        moves = [BayMove(bay_id=task.bays[i].bay_id, name=task.bays[i].name, to_bay_id=task.bays[places[i]].bay_id) for i in ring]
        steps.append(MoveStep(moves=moves, gain=nearer + seen, nearer=nearer, seen=seen, reason=_reason(task, at, after, ring)))
        at = after
    nearer, seen = _gain(task, list(range(len(places))), at)
    moved = sum(place != bay for bay, place in enumerate(at))
    sentence = (
        f"Moving {moved} bays brings goods of one basket {nearer:.0%} nearer and puts {seen:+.0%} margin in sight"
        if steps
        else "No move of a bay is worth a night's work"
    )
    return LayoutProposal(
        store_id=store_id,
        sentence=sentence,
        steps=steps,
        places={task.bays[bay].bay_id: task.bays[place].bay_id for bay, place in enumerate(at)},
        nearer=nearer,
        seen=seen,
        unknown=task.unknown,
    )


def assignment(task: FloorTask, *, moves_max: int) -> Assignment:
    """The search's problem: today's layout is its start."""
    from cloud_api.rules.layout_search import Assignment

    home = np.arange(len(task.bays))
    return Assignment(
        pull=task.pull, distance=task.distance_m, price=task.price, allowed=task.allowed, home=home, moves_max=min(moves_max, len(home))
    )


def _together(bays: Sequence[Bay], planogram: Planogram, pairs: PairCounts) -> Floats:
    """(n, n) baskets a day or window that are served from both bays; a category in several bays is divided by the width of its facings."""
    category_of = {product.sku: product.category for product in planogram.products}
    names = sorted({category_of.get(facing.sku, "") for bay in bays for shelf in bay.shelves for facing in shelf.facings} - {""})
    column = {name: number for number, name in enumerate(names)}
    width = np.zeros((len(bays), len(names)))
    for row, bay in enumerate(bays):
        for facing in (facing for shelf in bay.shelves for facing in shelf.facings):
            if category_of.get(facing.sku):
                width[row, column[category_of[facing.sku]]] += facing.width_m
    share = width / np.maximum(width.sum(axis=0, keepdims=True), 1e-12)
    counts = np.zeros((len(names), len(names)))
    for (first, second), baskets in pairs.pairs.items():
        if first in column and second in column and first != second:
            counts[column[first], column[second]] = counts[column[second], column[first]] = baskets
    together: Floats = share @ counts @ share.T
    np.fill_diagonal(together, 0.0)
    return together


def _walks_m(bays: Sequence[Bay]) -> Floats:
    """(n, n) metres from shopper to shopper, along the walls: nobody walks through a rack."""
    at_m = np.array([in_front(bay) for bay in bays]).reshape(-1, 2)
    return np.asarray(np.abs(at_m[:, None] - at_m[None]).sum(axis=2))


def _in_sight(bays: Sequence[Bay], figures: Mapping[str, BayFigures], review: LayoutReview) -> Floats | None:
    """(n,) stay per square metre in front of each rack over the mean of the measured ones; 1 where nobody measured, None if nowhere."""
    stay = {zone.zone_id: zone.dwell_person_s_per_m2 for zone in review.zones}
    measured = [stay.get(figures[bay.bay_id].zone_id or "") for bay in bays]
    known = [value for value in measured if value is not None]
    mean = sum(known) / len(known) if known else 0.0
    return np.array([1.0 if value is None else value / mean for value in measured]) if mean > 0.0 else None


def _allowed(bays: Sequence[Bay], planogram: Planogram) -> NDArray[np.bool_]:
    """(bay, rack): cold goods in cooled racks and nothing else there, no more weight than a rack bears, boards that fit, fixed bays."""
    products = {product.sku: product for product in planogram.products}
    allowed = np.zeros((len(bays), len(bays)), dtype=np.bool_)
    for i, bay in enumerate(bays):
        held = [facing for shelf in bay.shelves for facing in shelf.facings]
        is_cold = bay.cooled or any(products[facing.sku].keep_cold for facing in held if facing.sku in products)
        weight_kg = sum(
            facing.capacity_units * (products[facing.sku].unit_weight_g or 0.0) / 1000 for facing in held if facing.sku in products
        )
        for j, rack in enumerate(bays):
            fits = abs(_width_m(bay) - _width_m(rack)) <= WIDTH_TOLERANCE_M
            bears = rack.load_max_kg is None or weight_kg <= rack.load_max_kg
            allowed[i, j] = i == j or (rack.cooled == is_cold and fits and bears and not bay.fixed and not rack.fixed)
    return allowed


def _width_m(bay: Bay) -> float:
    return max((shelf.width_m for shelf in bay.shelves), default=0.0)


def _undescribed(bays: Sequence[Bay]) -> list[str]:
    missing = sum(1 for bay in bays if bay.load_max_kg is None)
    return [f"what {missing} of {len(bays)} racks bear (load_max_kg in the planogram): weight is not looked at there"] if missing else []


def _rings(places: Sequence[int]) -> list[list[int]]:
    """Bays that change places among each other: the cycles of the permutation."""
    rings, seen = [], set()
    for first in range(len(places)):
        ring, bay = [], first
        while bay not in seen:
            seen.add(bay)
            ring.append(bay)
            bay = int(places[bay])
        if len(ring) > 1:
            rings.append(ring)
    return rings


def _after(at: Sequence[int], ring: Sequence[int], places: Sequence[int]) -> list[int]:
    return [int(places[bay]) if bay in ring else place for bay, place in enumerate(at)]


def _gain(task: FloorTask, before: Sequence[int], after: Sequence[int]) -> tuple[float, float]:
    """What the way gets shorter by, and what more margin is in sight: shares of today's."""
    rows = np.arange(len(before))
    way = [float((task.pull * task.distance_m[np.ix_(places, places)]).sum() / 2) for places in (before, after)]
    price = [float(task.price[rows, places].sum()) for places in (before, after)]
    return way[0] - way[1], price[0] - price[1]


def _reason(task: FloorTask, before: Sequence[int], after: Sequence[int], ring: Sequence[int]) -> str:
    """The pair of bays that comes nearer and matters most; or else that margin comes into sight."""
    distance = [task.distance_m[np.ix_(places, places)] for places in (before, after)]
    shorter = task.pull * (distance[0] - distance[1])
    i, j = max(((i, j) for i in ring for j in range(len(before)) if i != j), key=lambda pair: shorter[pair])
    nearer, seen = _gain(task, before, after)
    if shorter[i, j] > 0.0 and nearer >= seen:
        now_m, then_m = distance[0][i, j], distance[1][i, j]
        return f"{task.bays[i].name} and {task.bays[j].name} are bought together; they stand {now_m:.1f} m apart now, then {then_m:.1f} m"
    rows = np.array(ring)
    gains = task.price[rows, [before[bay] for bay in ring]] - task.price[rows, [after[bay] for bay in ring]]
    bay = ring[int(np.argmax(gains))]
    return f"{task.bays[bay].name} earns well and comes to where people stay longer"

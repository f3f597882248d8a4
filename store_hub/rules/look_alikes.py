"""Articles that stand on one scale and weigh alike: which a scale cannot tell apart, and what to exchange so that it can.

Of look-alikes only the till says which was taken, minutes later. They make most of what weighed boards miss and call wrongly, and that two
articles change places costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from math import dist, sqrt
from typing import NamedTuple

from store_hub.rules.picks_changes import Article
from wire_format.plans import Planogram

ALIKE_SHARE, ALIKE_SDS = 0.015, 2.0
"""Weights are alike that differ by a smaller share, for a scale wanders, or by less than so many times what such units scatter."""
UNITS_MAX = 3
"""As many as a shopper takes at once, as good as always."""
WIDTH_SHARE = 0.75
"""Two places are exchanged where the narrower has at least this share of the wider one's width."""


class Alike(NamedTuple):
    """On a weighed shelf, so many `units` of one article weigh as much as so many of another."""

    shelf_id: str
    sku: str
    units: int
    other_sku: str
    other_units: int

    @property
    def skus(self) -> tuple[str, str]:
        """The two articles."""
        return self.sku, self.other_sku


class Exchange(NamedTuple):
    """Two articles that should change places."""

    shelf_id: str
    sku: str
    with_shelf_id: str
    with_sku: str


class Advice(NamedTuple):
    """Look-alikes, and the exchange that parts them; None where every exchange would make as many."""

    alike: Alike
    exchange: Exchange | None


def look_alikes(plan: Planogram) -> list[Alike]:
    """Return what the scales of a planogram cannot tell apart, shelf by shelf. Where an antenna reads the tags of one of two, it can."""
    return list(_Boards(plan).alike())


def advised(plan: Planogram) -> Iterator[Advice]:
    """Tell how to part the look-alikes of a planogram: exchanges to be made one after another, between near places first.

    Each is worked out when it is asked for: of hundreds nobody reads all.
    """
    boards, left = _Boards(plan), set[Alike]()
    while (alike := next((one for one in boards.alike() if one not in left), None)) is not None:
        exchange = boards.parting(alike)
        if exchange is None:
            left.add(alike)
        else:
            boards.exchange(exchange)
        yield Advice(alike, exchange)


class _Boards:
    """Which articles stand on which scales, while they are exchanged in thought."""

    def __init__(self, plan: Planogram) -> None:
        self._shelves = {shelf.shelf_id: shelf for bay in plan.bays for shelf in bay.shelves if shelf.weighed}
        self._bays = {shelf.shelf_id: bay for bay in plan.bays for shelf in bay.shelves}
        self._places = {shelf_id: [facing.sku for facing in shelf.facings] for shelf_id, shelf in self._shelves.items()}
        self._articles = {
            product.sku: Article(sku=product.sku, unit_weight_g=product.unit_weight_g, unit_weight_sd_g=product.unit_weight_sd_g)
            for product in plan.products
            if product.unit_weight_g
        }
        self._category = {product.sku: product.category for product in plan.products}
        self._tagged = set(plan.tagged_skus)
        self._as_heavy = cache(lambda one, other: _as_heavy(self._articles.get(one), self._articles.get(other)))

    def alike(self) -> Iterator[Alike]:
        """What the scales cannot tell apart as things stand, shelf by shelf."""
        return (alike for shelf_id, articles in self._places.items() for alike in self._alike(shelf_id, articles))

    def exchange(self, exchange: Exchange) -> None:
        """Let two articles change places."""
        here, there = self._places[exchange.shelf_id], self._places[exchange.with_shelf_id]
        here[here.index(exchange.sku)], there[there.index(exchange.with_sku)] = exchange.with_sku, exchange.sku

    def parting(self, alike: Alike) -> Exchange | None:
        """The exchange that leaves fewer alike on the two boards: within the bay first, then with goods of its kind, then what is near."""
        here, bay = alike.shelf_id, self._bays[alike.shelf_id]
        for is_near in (True, False):
            boards = [shelf_id for shelf_id in self._places if (self._bays[shelf_id] is bay) == is_near]
            exchanges = [Exchange(here, sku, there, other) for sku in alike.skus for there in boards for other in self._places[there]]
            found = next((one for one in sorted(exchanges, key=self._effort) if self._is_gain(one)), None)
            if found is not None:
                return found
        return None

    def _alike(self, shelf_id: str, articles: list[str]) -> Iterator[Alike]:
        is_read = self._shelves[shelf_id].tag_zone_id is not None
        for one, other in combinations(dict.fromkeys(articles), 2):
            units = self._as_heavy(one, other)
            if units is not None and not (is_read and (one in self._tagged or other in self._tagged)):
                yield Alike(shelf_id, one, units[0], other, units[1])

    def _is_gain(self, exchange: Exchange) -> bool:
        """Whether an exchange leaves fewer look-alikes and is possible: both fit, what is cold stays cold, nothing fixed is moved."""
        here, sku, there, other = exchange
        if here == there or other in self._places[here] or sku in self._places[there]:
            return False
        if self._places[here].count(sku) > 1 or self._places[there].count(other) > 1:
            return False  # Two places for one do not fit.
        bay, other_bay = self._bays[here], self._bays[there]
        narrow, wide = sorted((self._width_m(here, sku), self._width_m(there, other)))
        may_bear = bay is other_bay or (bay.load_max_kg is None and other_bay.load_max_kg is None)
        if bay.cooled != other_bay.cooled or bay.fixed or other_bay.fixed or narrow < WIDTH_SHARE * wide or not may_bear:
            return False
        before = [(here, self._places[here]), (there, self._places[there])]
        after = [(here, _with(self._places[here], sku, other)), (there, _with(self._places[there], other, sku))]
        return sum(1 for board in after for _ in self._alike(*board)) < sum(1 for board in before for _ in self._alike(*board))

    def _width_m(self, shelf_id: str, sku: str) -> float:
        return self._shelves[shelf_id].facings[self._places[shelf_id].index(sku)].width_m

    def _effort(self, exchange: Exchange) -> tuple[bool, float, Exchange]:
        bay, other_bay = self._bays[exchange.shelf_id], self._bays[exchange.with_shelf_id]
        is_other_kind = self._category.get(exchange.sku) != self._category.get(exchange.with_sku)
        return is_other_kind, dist((bay.place.x_m, bay.place.y_m), (other_bay.place.x_m, other_bay.place.y_m)), exchange


def _as_heavy(one: Article | None, other: Article | None) -> tuple[int, int] | None:
    """The fewest units of the one that weigh as much as some of the other; None where no few do."""
    if one is None or other is None:
        return None
    numbers = range(1, UNITS_MAX + 1)
    alike = [(units, others) for units in numbers for others in numbers if _weigh_alike(one, units, other, others)]
    return min(alike, key=sum, default=None)


def _weigh_alike(one: Article, units: int, other: Article, others: int) -> bool:
    one_g, other_g = units * one.unit_weight_g, others * other.unit_weight_g
    scatter_g = sqrt(units * one.spread_g**2 + others * other.spread_g**2)
    return abs(one_g - other_g) <= max(ALIKE_SHARE * max(one_g, other_g), ALIKE_SDS * scatter_g)


def _with(articles: list[str], sku: str, other: str) -> list[str]:
    return [other if one == sku else one for one in articles]

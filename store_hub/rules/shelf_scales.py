"""The belief of each weighed shelf, made from the planogram and kept between weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec
from msgspec import structs

from store_hub.rows import BeliefRow, Gone, StockRow
from store_hub.rules.order_in_time import ORDER_ERROR_MAX_MS
from store_hub.rules.picks import Article, PickEvent, ShelfBelief, UnitsEstimate
from store_hub.rules.picks_blind import BLIND_MS
from store_hub.rules.picks_state import BeliefState, without_tags
from store_hub.rules.places import Places
from store_hub.rules.strangers import Elsewhere, named, without_gone
from wire_format.observations import ShelfWeight
from wire_format.plans import Product

CLOCK_SET_MS = ORDER_ERROR_MAX_MS
"""A hub's clock that goes back by no more than this was corrected: its time soon passes where it was."""


class _Kept(msgspec.Struct):
    """What the ledger keeps of a shelf's belief: floats survive JSON bit for bit."""

    last_at_ms: int
    belief: BeliefState


class Standing(NamedTuple):
    """What the stock is to say of a shelf.

    `lines`: article, units, and the middle 90 %; `gone`: strangers that are there no more; `own`: the shelf's own articles.
    """

    lines: list[tuple[str, float, float, float]]
    gone: list[str]
    own: list[str]


class ShelfScale:
    """One weighed shelf: its belief, and the time of the last weight it heard."""

    def __init__(self, belief: ShelfBelief, elsewhere: Elsewhere, last_at_ms: int = 0) -> None:
        self.belief = belief
        self.last_at_ms = last_at_ms
        self._elsewhere = elsewhere
        self._standing: tuple[dict[str, UnitsEstimate], Standing] | None = None

    def weigh(
        self, weight: ShelfWeight, *, at_ms: int, received_at_ms: int, clock_shift_ms: int, carried: Callable[[str], int]
    ) -> list[PickEvent] | None:
        """Hear a weight; None if a later one has been heard: weights are absolute, an old one says nothing of the present.

        Args:
            received_at_ms: by the hub's clock. Nothing is placed after its receipt; so where the last weight is far beyond this one's
                receipt, the hub's clock has been set back in between, and this one is the later all the same.
            carried: how many units of an article shoppers have in their hands; what they carry they may put down here.
        """
        if at_ms < self.last_at_ms <= received_at_ms + CLOCK_SET_MS:
            return None
        heard_at_ms, self.last_at_ms = self.last_at_ms or None, at_ms
        moved_at_ms = None if weight.moved_at_ms is None else weight.moved_at_ms + clock_shift_ms
        self.belief = without_gone(self.belief)  # Before anything new is heard: what has been told of them has reached the stock.
        events = self.belief.take(weight.weight_g, weight.spread_g, at_ms, moved_at_ms, heard_at_ms)
        if not events:
            return events
        came_g = next((event.weight_g for event in events if event.kind == "unknown"), 0.0)
        if came_g > 0.0 and moved_at_ms is not None:
            here = [article.sku for article in self.belief.articles]
            likely = self._elsewhere.likely(came_g, weight.spread_g, here, carried)
            self.belief, events = named(self.belief, events, likely, weight.weight_g, weight.spread_g, moved_at_ms)
        return events

    @property
    def strangers(self) -> list[str]:
        """Articles of other shelves that are, were or may be here."""
        return [article.sku for article in self.belief.articles if article.stranger]

    def estimates(self) -> dict[str, UnitsEstimate]:
        """What is believed to be here: the shelf's own articles, and strangers that may be."""
        strangers = self.strangers
        return {sku: units for sku, units in self.belief.units().items() if units.high > 0 or sku not in strangers}

    def is_dead(self, at_ms: int) -> bool:
        """Tell whether the scale has been silent for longer than a working one is."""
        return 0 < self.last_at_ms < at_ms - BLIND_MS

    def standing(self, at_ms: int, is_called: Callable[[str], bool]) -> Standing:
        """What the stock is to say of the shelf. While its scale is dead, what the till sells goes from it, and what staff book comes.

        `is_called`: whether staff are called to an article here: they may have filled it up.
        """
        standing = self._as_weighed()
        if not self.is_dead(at_ms):
            return standing
        fits = {article.sku: float(article.capacity_units) for article in self.belief.articles}
        lines = []
        for sku, units, low, high in standing.lines:
            sold, room = self.belief.unfelt(sku), max(high, fits[sku])
            more = 1.0 if sold > 0 else 0.0  # One more may have been taken.
            filled = room if (sold > 0 or is_called(sku)) and sku in standing.own else min(room, high - min(0, sold))
            lines.append((sku, min(room, max(0.0, units - sold)), min(room, max(0.0, low - sold - more)), filled))
        return standing._replace(lines=lines)

    def chance_at_most(self, sku: str, units: int, at_ms: int) -> float:
        """How probable it was at that moment that so many units of an article or fewer were here."""
        sold = self.belief.unfelt(sku) if self.is_dead(at_ms) else 0
        return min(1.0, sum(chance for number, chance in self.belief.chances_of(sku).items() if number - sold <= units))

    def _as_weighed(self) -> Standing:
        """What it last weighed; worked out once for a belief, for most weights only confirm it."""
        believed = self.belief.units()
        if self._standing is not None and self._standing[0] is believed:
            return self._standing[1]
        estimates, strangers = self.estimates(), self.strangers
        lines = []
        for sku, estimate in estimates.items():
            low, high = float(estimate.low), float(estimate.high)
            units = min(max(float(estimate.mean), low), high)  # A thin tail may pull the mean out of the middle 90 %.
            lines.append((sku, units, low, high))
        gone = [sku for sku in strangers if sku not in estimates]
        standing = Standing(lines, gone, [sku for sku in estimates if sku not in strangers])
        self._standing = (believed, standing)
        return standing


class ShelfScales:
    """All weighed shelves. Beliefs are told to the ledger once a batch, not once a weight."""

    def __init__(self) -> None:
        self._scales: dict[str, ShelfScale] = {}
        self._touched: dict[str, None] = {}
        self._kept: dict[str, _Kept] = {}
        self._elsewhere = Elsewhere([], frozenset())

    def restore(self, row: BeliefRow) -> None:
        """Remember what the ledger holds, until the planogram says what stands on the shelf."""
        self._kept[row.shelf_id] = msgspec.json.decode(row.state, type=_Kept)

    def use_planogram(self, places: Places) -> list[Gone]:
        """Go on with each shelf that is still there; articles that came start anew. Returns beliefs of shelves that went."""
        kept = {shelf_id: _Kept(scale.last_at_ms, scale.belief.state()) for shelf_id, scale in self._scales.items()} | self._kept
        strangers = {shelf_id: scale.strangers for shelf_id, scale in self._scales.items()}
        self._kept = {}
        self._scales = {}
        self._elsewhere = _elsewhere(places)
        read = {shelf.shelf_id for bay in places.planogram.bays for shelf in bay.shelves if shelf.tag_zone_id is not None}
        for shelf_id, skus in places.skus_on.items():
            if any(places.facings[shelf_id, sku].weighed for sku in skus):
                before = kept.get(shelf_id)
                articles = _articles(places, shelf_id)
                if before is None:
                    self._scales[shelf_id] = ShelfScale(ShelfBelief(articles), self._elsewhere)
                else:
                    visiting = strangers.get(shelf_id, before.belief.skus)  # The ledger's were put away under this very planogram.
                    articles += [a for sku in visiting if sku not in skus and (a := self._elsewhere.article(sku)) is not None]
                    belief = ShelfBelief.from_state(articles, before.belief if shelf_id in read else without_tags(before.belief))
                    self._scales[shelf_id] = ShelfScale(belief, self._elsewhere, before.last_at_ms)
                self._touched[shelf_id] = None
        return [Gone(BeliefRow, (shelf_id,)) for shelf_id in sorted(set(kept) - set(self._scales))]

    def scale(self, shelf_id: str) -> ShelfScale | None:
        """The scale of a shelf, about to hear something; None where there is none."""
        scale = self._scales.get(shelf_id)
        if scale is not None:
            self._touched[shelf_id] = None
        return scale

    def estimates(self, shelf_id: str) -> dict[str, UnitsEstimate]:
        """What is believed to be on a shelf: its own articles, and strangers that may be there."""
        return self._scales[shelf_id].estimates()

    def standing(self, shelf_id: str, at_ms: int, is_called: Callable[[str, str], bool]) -> Standing:
        """What the stock is to say of a shelf at that moment; `is_called`: to which shelf and article staff are called."""
        return self._scales[shelf_id].standing(at_ms, partial(is_called, shelf_id))

    def dead(self, at_ms: int) -> list[str]:
        """The shelves whose scale is dead at that moment."""
        return [shelf_id for shelf_id, scale in self._scales.items() if scale.is_dead(at_ms)]

    def chance_at_most(self, row: StockRow, units: int) -> float | None:
        """How probable it is that a place holds so many units or fewer, as of its row; None where no scale speaks of it."""
        scale = self._scales.get(row.place)
        if scale is None or all(article.sku != row.sku for article in scale.belief.articles):
            return None
        return scale.chance_at_most(row.sku, units, row.updated_at_ms)

    def strangers(self, shelf_id: str) -> list[str]:
        """Articles of other shelves that are, were or may be on a shelf."""
        return self._scales[shelf_id].strangers

    def is_followed(self, sku: str) -> bool:
        """Tell whether some scale sees when an article is taken from where it belongs."""
        return self._elsewhere.is_weighed(sku)

    def take_rows(self) -> list[BeliefRow]:
        """The beliefs that have changed since this was last asked."""
        rows = [
            BeliefRow(shelf_id, msgspec.json.encode(_Kept(self._scales[shelf_id].last_at_ms, self._scales[shelf_id].belief.state())))
            for shelf_id in self._touched
            if shelf_id in self._scales
        ]
        self._touched.clear()
        return rows


def _articles(places: Places, shelf_id: str) -> list[Article]:
    products = {product.sku: product for product in places.planogram.products}
    articles = []
    for sku in places.skus_on[shelf_id]:
        article, start = _article(products[sku]), places.start_units[shelf_id, sku]
        if article is not None:
            capacity_units = places.facings[shelf_id, sku].capacity_units
            articles.append(structs.replace(article, start_units=start or 0, capacity_units=capacity_units, stranger=False))
    return articles


def _elsewhere(places: Places) -> Elsewhere:
    articles = [article for product in places.planogram.products if (article := _article(product)) is not None]
    return Elsewhere(articles, frozenset(sku for (_, sku), facing in places.facings.items() if facing.weighed))


def _article(product: Product) -> Article | None:
    """An article as a stranger to any shelf; None where nobody has said what it weighs."""
    if product.unit_weight_g is None:
        return None
    return Article(sku=product.sku, unit_weight_g=product.unit_weight_g, unit_weight_sd_g=product.unit_weight_sd_g, stranger=True)

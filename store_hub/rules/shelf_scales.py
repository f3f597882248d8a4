"""The belief of each weighed shelf, made from the planogram and kept between weights."""

from __future__ import annotations

import msgspec

from store_hub.rows import BeliefRow, Gone
from store_hub.rules.picks import Article, PickEvent, ShelfBelief, UnitsEstimate
from store_hub.rules.picks_state import BeliefState
from store_hub.rules.places import Places
from wire_format.observations import ShelfWeight


class _Kept(msgspec.Struct):
    """What the ledger keeps of a shelf's belief: floats survive JSON bit for bit."""

    last_at_ms: int
    belief: BeliefState


class ShelfScale:
    """One weighed shelf: its belief, and the time of the last weight it heard."""

    def __init__(self, belief: ShelfBelief, last_at_ms: int = 0) -> None:
        self.belief = belief
        self.last_at_ms = last_at_ms

    def weigh(self, weight: ShelfWeight, *, at_ms: int, clock_shift_ms: int) -> list[PickEvent] | None:
        """Hear a weight; None if a later one has been heard: weights are absolute, an old one says nothing of the present."""
        if at_ms < self.last_at_ms:
            return None
        self.last_at_ms = at_ms
        moved_at_ms = None if weight.moved_at_ms is None else weight.moved_at_ms + clock_shift_ms
        return self.belief.take(weight.weight_g, weight.spread_g, at_ms, moved_at_ms)


class ShelfScales:
    """All weighed shelves. Beliefs are told to the ledger once a batch, not once a weight."""

    def __init__(self) -> None:
        self._scales: dict[str, ShelfScale] = {}
        self._touched: dict[str, None] = {}
        self._kept: dict[str, _Kept] = {}

    def restore(self, row: BeliefRow) -> None:
        """Remember what the ledger holds, until the planogram says what stands on the shelf."""
        self._kept[row.shelf_id] = msgspec.json.decode(row.state, type=_Kept)

    def use_planogram(self, places: Places) -> list[Gone]:
        """Go on with each shelf that is still there; articles that came start anew. Returns beliefs of shelves that went."""
        kept = {shelf_id: _Kept(scale.last_at_ms, scale.belief.state()) for shelf_id, scale in self._scales.items()} | self._kept
        self._kept = {}
        self._scales = {}
        for shelf_id, skus in places.skus_on.items():
            if not any(places.facings[shelf_id, sku].weighed for sku in skus):
                continue
            articles = _articles(places, shelf_id)
            before = kept.get(shelf_id)
            belief = ShelfBelief(articles) if before is None else ShelfBelief.from_state(articles, before.belief)
            self._scales[shelf_id] = ShelfScale(belief, 0 if before is None else before.last_at_ms)
            self._touched[shelf_id] = None
        return [Gone(BeliefRow, (shelf_id,)) for shelf_id in sorted(set(kept) - set(self._scales))]

    def scale(self, shelf_id: str) -> ShelfScale | None:
        """The scale of a shelf, about to hear something; None where there is none."""
        scale = self._scales.get(shelf_id)
        if scale is not None:
            self._touched[shelf_id] = None
        return scale

    def estimates(self, shelf_id: str) -> dict[str, UnitsEstimate]:
        """What is believed to be on a shelf."""
        return self._scales[shelf_id].belief.units()

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
        product, facing = products[sku], places.facings[shelf_id, sku]
        if product.unit_weight_g is None:
            continue
        start = places.start_units[shelf_id, sku]
        articles.append(
            Article(
                sku=sku,
                unit_weight_g=product.unit_weight_g,
                unit_weight_sd_g=product.unit_weight_sd_g,
                start_units=0 if start is None else start,
                capacity_units=facing.capacity_units,
            )
        )
    return articles

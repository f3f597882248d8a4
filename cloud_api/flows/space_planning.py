"""Learns what room is worth from the chain's own changes of facings, and proposes facings by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from cloud_api.adapters.space_records import SpaceBook
from cloud_api.flows.reviewing import Reviewing
from cloud_api.rules.layout import SkuSales, facing_shares, unit_margin_minor
from cloud_api.rules.space_elasticity import (
    Elasticity,
    FacingFigures,
    FacingMove,
    SpaceChange,
    learn,
    propose_facings,
)
from wire_format.plans import Planogram

HISTORY = timedelta(days=400)
AROUND_DAYS = 28
_UNIT_WIDTH_M = 0.08
"""A facing of an article whose package nobody has measured: as wide as a can with its room."""


class FacingReview(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's facings with what they earn, the room's worth as learnt, and the changes proposed."""

    store_id: str
    currency: str
    days: int
    chain: Elasticity
    categories: dict[str, Elasticity]
    facings: list[FacingFigures]
    moves: list[FacingMove]


class SpacePlanning:
    """Answers how much room articles should have.

    Args:
        now: the wall clock, aware.
    """

    def __init__(self, *, reviewing: Reviewing, book: SpaceBook, now: Callable[[], datetime]) -> None:
        self._reviewing, self._book, self._now = reviewing, book, now

    def review(self, store_id: str) -> FacingReview:
        """Review a shop's facings over the last 28 days.

        Raises:
            StoreUnknown, PlanogramMissing: there is no plan.
        """
        view = self._reviewing.layout(store_id)
        chain, categories = learn(self.changes())
        facings = facing_figures(view.planogram, self._reviewing.sales(store_id, first=view.first, last=view.last))
        return FacingReview(
            store_id=store_id, currency=view.planogram.currency, days=(view.last - view.first).days + 1, chain=chain,
            categories=categories, facings=facings, moves=propose_facings(facings, chain, categories),
        )  # fmt: skip

    def changes(self) -> list[SpaceChange]:
        """Every change of an article's room that has four weeks on both sides."""
        now = self._now()
        planograms = self._book.planograms(since=now - HISTORY)
        found: list[SpaceChange] = []
        for store_id, versions in planograms.items():
            for (_, before), (changed_at, after) in pairwise(versions):
                if now - changed_at > timedelta(days=AROUND_DAYS):
                    found += self._of_change(store_id, before, after, changed_at)
        return found

    def _of_change(self, store_id: str, before: Planogram, after: Planogram, changed_at: datetime) -> list[SpaceChange]:
        widths = facing_shares(before), facing_shares(after)
        changed = [sku for sku in widths[0] if sku in widths[1] and abs(widths[0][sku] - widths[1][sku]) > 0.005]
        if not changed:
            return []
        day = changed_at.date()
        spans = ((day - timedelta(days=AROUND_DAYS), day - timedelta(days=1)), (day + timedelta(days=1), day + timedelta(days=AROUND_DAYS)))
        sold = [self._book.units(changed, first=first, last=last) for first, last in spans]
        category = {product.sku: product.category for product in after.products}
        elsewhere = [_elsewhere(units, store_id) for units in sold]
        return [
            SpaceChange(
                sku=sku, category=category.get(sku, ""), before_m=widths[0][sku], after_m=widths[1][sku],
                units_before=sold[0].get((store_id, sku), 0), units_after=sold[1].get((store_id, sku), 0),
                elsewhere_before=elsewhere[0].get(sku, 0), elsewhere_after=elsewhere[1].get(sku, 0),
            )
            for sku in changed
        ]  # fmt: skip


def facing_figures(planogram: Planogram, sales: dict[str, SkuSales]) -> list[FacingFigures]:
    """Each article on each shelf, with its part of what the article sold, by width."""
    products = {product.sku: product for product in planogram.products}
    shares = facing_shares(planogram)
    found = []
    for facing, shelf_id in ((facing, shelf.shelf_id) for bay in planogram.bays for shelf in bay.shelves for facing in shelf.facings):
        product, sold = products.get(facing.sku), sales.get(facing.sku, SkuSales(0, 0))
        if product is None:
            continue
        share = facing.width_m / shares[facing.sku]
        found.append(
            FacingFigures(
                sku=facing.sku, name=product.name, category=product.category, shelf_id=shelf_id, width_m=facing.width_m,
                unit_width_m=min(_UNIT_WIDTH_M, facing.width_m), units_sold=sold.units_sold * share, units_picked=sold.units_picked * share,
                margin_minor=unit_margin_minor(product, sold) * sold.units_sold * share,
            )
        )  # fmt: skip
    return found


def _elsewhere(units: dict[tuple[str, str], int], store_id: str) -> dict[str, int]:
    totals: dict[str, int] = {}
    for (shop, sku), count in units.items():
        if shop != store_id:
            totals[sku] = totals.get(sku, 0) + count
    return totals

"""The planogram as the ledger needs it: what stands where, how much fits, and when to call somebody."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from store_hub.rows import FacingRow, ProductRow
from wire_format.plans import Facing, Planogram

HYSTERESIS_SHARE = 0.25
"""Where a facing names no full_units, a refill must bring this share of its capacity above the low mark to close the alert."""


class Places(NamedTuple):
    """A planogram, indexed. `facings` by (shelf, SKU); `shelves_of` and `skus_on` in the planogram's order."""

    planogram: Planogram
    facings: dict[tuple[str, str], FacingRow]
    start_units: dict[tuple[str, str], int | None]
    shelves_of: dict[str, list[str]]
    skus_on: dict[str, list[str]]
    skus: frozenset[str]


def index_planogram(planogram: Planogram) -> Places:
    """Index a planogram. Several facings of one SKU on one shelf become one: their units add up, the first one's place counts."""
    facings: dict[tuple[str, str], FacingRow] = {}
    start_units: dict[tuple[str, str], int | None] = {}
    shelves_of: dict[str, list[str]] = {product.sku: [] for product in planogram.products}
    skus_on: dict[str, list[str]] = {}
    for bay in planogram.bays:
        for shelf in bay.shelves:
            on_shelf = skus_on.setdefault(shelf.shelf_id, [])
            for facing in shelf.facings:
                key = (shelf.shelf_id, facing.sku)
                row = FacingRow(
                    shelf.shelf_id, facing.sku, bay.bay_id, shelf.level, facing.from_m, facing.width_m,
                    facing.capacity_units, facing.low_units, clear_units(facing), int(shelf.weighed),
                )  # fmt: skip
                if key in facings:
                    row = _together(facings[key], row)
                    start_units[key] = _sum_or_none(start_units[key], facing.start_units)
                else:
                    on_shelf.append(facing.sku)
                    shelves_of.setdefault(facing.sku, []).append(shelf.shelf_id)
                    start_units[key] = facing.start_units
                facings[key] = row
    return Places(planogram, facings, start_units, shelves_of, skus_on, frozenset(product.sku for product in planogram.products))


def clear_units(facing: Facing) -> int:
    """Return from how many units on a low facing counts as filled again: well above the low mark, so that one sale does not re-open it."""
    if facing.full_units is not None:
        return facing.full_units
    return min(facing.capacity_units, facing.low_units + max(1, ceil(HYSTERESIS_SHARE * facing.capacity_units)))


def product_rows(planogram: Planogram) -> list[ProductRow]:
    """Return the articles as the ledger lists them."""
    return [
        ProductRow(p.sku, p.name, p.gtin, p.category, p.unit_weight_g, p.price_minor, p.cost_minor, p.case_pack_units)
        for p in planogram.products
    ]


def _together(one: FacingRow, other: FacingRow) -> FacingRow:
    return one._replace(
        width_m=one.width_m + other.width_m,
        capacity_units=one.capacity_units + other.capacity_units,
        low_units=one.low_units + other.low_units,
        clear_units=one.clear_units + other.clear_units,
    )


def _sum_or_none(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other

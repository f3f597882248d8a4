"""What other systems tell of returns, articles and prices: bodies of HTTP doors. They are booked as sales and planograms."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from store_hub.entries import PriceMinor, Text
from wire_format.identifiers import Sku, WallClockMs

Grams = Annotated[float, Meta(gt=0.0, le=1e6)]


class ReturnLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units of one article that a customer brought back."""

    sku: Text
    units: Annotated[int, Meta(ge=1, le=1_000_000)]
    price_minor: PriceMinor | None = None


class Return(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods that customers brought back. They wait in the back room until they stand on a shelf again."""

    till: Text
    lines: Annotated[list[ReturnLine], Meta(min_length=1, max_length=1000)]
    returned_at_ms: WallClockMs | None = None


class ProductChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of an article; what is left out stays as it is. A new article needs a name, and has no place on a shelf yet."""

    sku: Sku
    name: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    gtin: Annotated[str, Meta(pattern=r"^\d{8}(?:\d{4,6})?$")] | None = None
    category: Annotated[str, Meta(max_length=200)] | None = None
    unit_weight_g: Grams | None = None
    price_minor: PriceMinor | None = None
    cost_minor: PriceMinor | None = None
    case_pack_units: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    supplier: Annotated[str, Meta(max_length=200)] | None = None
    lead_time_days: Annotated[float, Meta(ge=0.0, le=1000.0)] | None = None


class ProductChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The product master, or the part of it that changed."""

    products: Annotated[list[ProductChange], Meta(min_length=1, max_length=50_000)]


class Price(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a unit of an article costs from now on."""

    sku: Sku
    price_minor: PriceMinor


class Prices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A price list, or the part of it that changed."""

    prices: Annotated[list[Price], Meta(min_length=1, max_length=50_000)]

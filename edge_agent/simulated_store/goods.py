"""Every unit in the shop, where it is and what it weighs to the gram."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Struct

from wire_format.plans import Planogram, Product

_SGTIN_96_HEADER = 0x30
_FILTER_POINT_OF_SALE = 1
_PARTITION_OF_SEVEN_DIGITS = 5


def sgtin_96(gtin_13: str, serial: int) -> str:
    """Encode a GTIN-13 with a seven-digit company prefix and a serial number as EPC, GS1 TDS 2, SGTIN-96: 24 hex digits."""
    company, item = int(gtin_13[:7]), int(gtin_13[7:12])
    bits = _SGTIN_96_HEADER
    for value, width in ((_FILTER_POINT_OF_SALE, 3), (_PARTITION_OF_SEVEN_DIGITS, 3), (company, 24), (item, 20), (serial, 38)):
        bits = (bits << width) | value
    return f"{bits:024X}"


class Unit(Struct, kw_only=True):
    """One article in somebody's hand or on a shelf. `epc` is empty when it carries no tag."""

    sku: str
    weight_g: float
    epc: str = ""


class Place(Struct, kw_only=True):
    """What lies at one facing, or astray on a shelf that has no facing for it."""

    shelf_id: str
    sku: str
    capacity_units: int = 0
    low_units: int = 0
    units: list[Unit] = []


class Goods(Struct, kw_only=True):
    """All places and the back room. A plain value, so that a snapshot can hold it."""

    places: list[Place] = []
    back_room: dict[str, list[Unit]] = {}
    serials: dict[str, int] = {}

    def place(self, shelf_id: str, sku: str) -> Place:
        """Find a place; an article put down where it has no facing makes one."""
        for place in self.places:
            if place.shelf_id == shelf_id and place.sku == sku:
                return place
        stray = Place(shelf_id=shelf_id, sku=sku)
        self.places.append(stray)
        return stray

    def units(self) -> dict[tuple[str, str], int]:
        """How many units lie at each shelf, by (shelf_id, SKU)."""
        return {(p.shelf_id, p.sku): len(p.units) for p in self.places}

    def totals(self) -> dict[str, int]:
        """How many units are in the shop, by SKU; what people carry is left out."""
        totals = {sku: len(units) for sku, units in self.back_room.items()}
        for place in self.places:
            totals[place.sku] = totals.get(place.sku, 0) + len(place.units)
        return totals

    def shelf_weight_g(self, shelf_id: str) -> float:
        """What all goods on a shelf weigh together."""
        return sum(unit.weight_g for p in self.places if p.shelf_id == shelf_id for unit in p.units)


class Maker:
    """Makes new units as suppliers do: each a little lighter or heavier, the dear ones with a tag."""

    def __init__(self, planogram: Planogram, *, tagged_from_price_minor: int) -> None:
        self.products: dict[str, Product] = {product.sku: product for product in planogram.products}
        self.tagged_skus = frozenset(
            p.sku
            for p in planogram.products
            if p.gtin is not None and len(p.gtin) == 13 and p.price_minor is not None and p.price_minor >= tagged_from_price_minor
        )

    def make(self, goods: Goods, sku: str, count: int, random: np.random.Generator) -> list[Unit]:
        """Make `count` new units of an article; a tag's serial number is never used twice."""
        product = self.products[sku]
        weight_g = product.unit_weight_g or 500.0
        spreads_g = random.normal(0.0, product.unit_weight_sd_g or 0.0, count)
        made = []
        for spread_g in spreads_g.tolist():
            epc = ""
            if sku in self.tagged_skus and product.gtin is not None:
                goods.serials[sku] = goods.serials.get(sku, 0) + 1
                epc = sgtin_96(product.gtin, goods.serials[sku])
            made.append(Unit(sku=sku, weight_g=round(max(weight_g + spread_g, weight_g * 0.5), 2), epc=epc))
        return made


def opening_goods(planogram: Planogram, maker: Maker, random: np.random.Generator) -> Goods:
    """Fill the shelves and the back room as the planogram says the shop starts."""
    goods = Goods()
    for bay in planogram.bays:
        for shelf in bay.shelves:
            for facing in shelf.facings:
                start = facing.capacity_units if facing.start_units is None else facing.start_units
                goods.places.append(
                    Place(
                        shelf_id=shelf.shelf_id,
                        sku=facing.sku,
                        capacity_units=facing.capacity_units,
                        low_units=facing.low_units,
                        units=maker.make(goods, facing.sku, start, random),
                    )
                )
    for sku in maker.products:
        goods.back_room[sku] = maker.make(goods, sku, planogram.back_room.get(sku, 0), random)
    return goods


def copied(goods: Goods) -> Goods:
    """An independent copy, by way of its own encoding."""
    return msgspec.json.decode(msgspec.json.encode(goods), type=Goods)

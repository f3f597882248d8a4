"""Finds what a planogram has wrong, all of it at once, each in one line that names the place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from zoneinfo import ZoneInfo

from store_hub.entries import BACK_ROOM
from store_hub.rules.epc_gs1 import gs1_check_digit
from store_hub.rules.tag_findings import FLOOR_KINDS
from wire_format.plans import Bay, Facing, Planogram, Product, Shelf

EXTENSION_CHARACTERS_MAX = 20
SLACK_M = 0.001
"""Facings may touch; a millimetre is rounding, not overlap."""


def planogram_problems(planogram: Planogram) -> list[str]:
    """Return every contradiction in a planogram; an empty list means that it can be used."""
    products = {product.sku: product for product in planogram.products}
    shelves = [shelf for bay in planogram.bays for shelf in bay.shelves]
    return [
        *_time_zone(planogram.time_zone),
        *_location_number(planogram),
        *(problem for sku in planogram.tagged_skus for problem in _tagged(sku, products.get(sku))),
        *_twice("article", (product.sku for product in planogram.products)),
        *_twice("GTIN", (product.gtin for product in planogram.products if product.gtin is not None)),
        *_twice("bay", (bay.bay_id for bay in planogram.bays)),
        *_twice("shelf", (shelf.shelf_id for shelf in shelves)),
        *_twice("zone", (zone.zone_id for zone in planogram.zones)),
        *_twice("door", (door.door_id for door in planogram.doors)),
        *_twice("zone or line along the street", [*(zone.zone_id for zone in planogram.zones), *_streets(planogram)]),
        *(problem for bay in planogram.bays for problem in _off_the_floor(bay, planogram)),
        *(problem for shelf in shelves for problem in _shelf(shelf, products)),
        *_zones(planogram, {shelf.shelf_id for shelf in shelves}),
        *_tag_zones(planogram),
        *_badges(planogram),
        *(f"back_room: unknown SKU {sku}; add it to products" for sku in planogram.back_room if sku not in products),
        *(f"back_room: {sku} has {units} units; give 0 or more" for sku, units in planogram.back_room.items() if units < 0),
    ]


def _time_zone(name: str) -> Iterator[str]:
    try:
        ZoneInfo(name)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError only in name: it inherits from both.
        yield f"time_zone: {name!r} is no IANA time zone; write for example Europe/Berlin"
    except KeyError:
        yield f"time_zone: {name!r} is no IANA time zone; write for example Europe/Berlin"


def _location_number(planogram: Planogram) -> Iterator[str]:
    """With a GLN, zones are told to other systems as its extensions, for which GS1 allows twenty characters."""
    if planogram.gln is None:
        return
    due = gs1_check_digit(planogram.gln[:-1])
    if planogram.gln[-1] != due:
        yield f"gln: the check digit of {planogram.gln} must be {due}"
    for zone in planogram.zones:
        if len(zone.zone_id) > EXTENSION_CHARACTERS_MAX:
            yield f"zone {zone.zone_id}: give it a name of {EXTENSION_CHARACTERS_MAX} characters at most, as the store has a gln"


def _tagged(sku: str, product: Product | None) -> Iterator[str]:
    if product is None:
        yield f"tagged_skus: unknown SKU {sku}; add it to products"
    elif product.gtin is None:
        yield f"tagged_skus: {sku} has no gtin, by which its tags would be known"


def _zones(planogram: Planogram, shelf_ids: set[str]) -> Iterator[str]:
    for zone in planogram.zones:
        for shelf_id in zone.shelf_ids:
            if shelf_id not in shelf_ids:
                yield f"zone {zone.zone_id}: unknown shelf {shelf_id}; name a shelf of a bay"


def _streets(planogram: Planogram) -> Iterator[str]:
    """Lines that count who passes by: they are told like zones, so none may have a zone's name."""
    yield from (door.door_id for door in planogram.doors if door.kind == "street")


def _tag_zones(planogram: Planogram) -> Iterator[str]:
    """An antenna that reads a board must stand on the floor, and see no article on two boards: nobody could say where its tags lie."""
    kinds = {zone.zone_id: zone.kind for zone in planogram.zones}
    seen: dict[tuple[str, str], str] = {}
    for shelf in (shelf for bay in planogram.bays for shelf in bay.shelves):
        zone_id = shelf.tag_zone_id
        if zone_id is None:
            continue
        if zone_id not in kinds:
            yield f"shelf {shelf.shelf_id}: unknown tag_zone_id {zone_id}; name a zone of the plan"
        elif kinds[zone_id] not in FLOOR_KINDS:
            yield f"shelf {shelf.shelf_id}: tag_zone_id {zone_id} is a zone of kind {kinds[zone_id]}; name one of kind aisle or other"
        for sku in sorted({facing.sku for facing in shelf.facings} & set(planogram.tagged_skus)):
            other = seen.setdefault((zone_id, sku), shelf.shelf_id)
            if other != shelf.shelf_id:
                yield f"shelf {shelf.shelf_id}: {sku} stands on {other} too, both with tag_zone_id {zone_id}; leave it out of one"


def _badges(planogram: Planogram) -> Iterator[str]:
    yield from _twice("staff badge", planogram.staff_badges)
    if planogram.staff_badges and not any(door.badge_zone_id for door in planogram.doors):
        yield "staff_badges: no door has a badge_zone_id, so no badge can be seen at one; name the zone of the antenna there"


def _twice(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{what} {name} appears {count} times; each needs its own name"


def _off_the_floor(bay: Bay, planogram: Planogram) -> Iterator[str]:
    place = bay.place
    right_m, bottom_m = place.x_m + place.width_m, place.y_m + place.depth_m
    if place.x_m < -SLACK_M or place.y_m < -SLACK_M or right_m > planogram.width_m + SLACK_M or bottom_m > planogram.depth_m + SLACK_M:
        yield f"bay {bay.bay_id} stands outside the floor of {planogram.width_m:g} × {planogram.depth_m:g} m"


def _shelf(shelf: Shelf, products: dict[str, Product]) -> Iterator[str]:
    if shelf.shelf_id == BACK_ROOM:
        yield f"shelf {BACK_ROOM}: this name means the back room; choose another"
    for facing in shelf.facings:
        yield from _facing(facing, shelf, products.get(facing.sku))
    ordered = sorted(shelf.facings, key=lambda facing: facing.from_m)
    for left, right in pairwise(ordered):
        if right.from_m < left.from_m + left.width_m - SLACK_M:
            yield f"shelf {shelf.shelf_id}: facings of {left.sku} and {right.sku} overlap"


def _facing(facing: Facing, shelf: Shelf, product: Product | None) -> Iterator[str]:
    where = f"shelf {shelf.shelf_id}: {facing.sku}"
    if product is None:
        yield f"shelf {shelf.shelf_id}: unknown SKU {facing.sku}; add it to products"
    elif shelf.weighed and product.unit_weight_g is None:
        yield f"{where} stands on a scale but has no unit_weight_g"
    if facing.from_m + facing.width_m > shelf.width_m + SLACK_M:
        yield f"{where} ends at {facing.from_m + facing.width_m:g} m, the shelf at {shelf.width_m:g} m"
    if facing.low_units >= facing.capacity_units:
        yield f"{where} has low_units {facing.low_units}, but only {facing.capacity_units} fit"
    if facing.full_units is not None and not facing.low_units < facing.full_units <= facing.capacity_units:
        yield f"{where} has full_units {facing.full_units}; give more than low_units {facing.low_units}, at most {facing.capacity_units}"
    if facing.start_units is not None and facing.start_units > facing.capacity_units:
        yield f"{where} starts with {facing.start_units} units, but only {facing.capacity_units} fit"

"""Sets the chain's advice against the shelves: which of them hold less than may be asked for, and have something in the back room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from wire_format.plans import Facing, Planogram, RefillAdvice


class Refill(NamedTuple):
    """A shelf to fill: what is there, what may be asked for of the article until `by_ms`, and how much to fetch of what."""

    sku: str
    shelf_id: str
    on_shelf: float
    asked: int
    fetch: int
    in_back_room: float
    by_ms: int


def refills(advice: RefillAdvice, plan: Planogram, units: Mapping[tuple[str, str], float], *, back_room: str) -> list[Refill]:
    """Shelves to fill, those that lack most first; of an article on several shelves, the emptiest.

    Args:
        units: believed at each `(sku, place)`.
        back_room: the back room's name among the places.
    """
    places: dict[str, list[tuple[str, Facing]]] = {}
    for shelf in (shelf for bay in plan.bays for shelf in bay.shelves):
        for facing in shelf.facings:
            places.setdefault(facing.sku, []).append((shelf.shelf_id, facing))
    found = []
    for line in advice.lines:
        known = [(shelf_id, facing) for shelf_id, facing in places.get(line.sku, []) if (line.sku, shelf_id) in units]
        there = [(units[line.sku, shelf_id], shelf_id, facing) for shelf_id, facing in known]
        room = units.get((line.sku, back_room), 0.0)
        held = sum(held for held, _, _ in there)
        if not there or room < 1.0 or held >= line.units:
            continue
        emptiest, shelf_id, facing = min(there, key=lambda each: each[0] / each[2].capacity_units)
        fetch = min(int(room), int(facing.capacity_units - emptiest))
        if fetch >= 1:
            found.append(Refill(line.sku, shelf_id, held, line.units, fetch, room, line.by_ms))
    return sorted(found, key=lambda refill: (refill.on_shelf - refill.asked, refill.sku))

"""What a shop's devices say in a busy while, for benchmarks of the booking path."""

from __future__ import annotations

import time
from typing import Any

from wire_format import codec
from wire_format.observations import DoorCrossing, FloorCell, FloorDwell, Observation, ShelfWeight, TagSeen
from wire_format.plans import Planogram


def letters(
    plan: Planogram, count: int, *, boot: str, device_id: str = "pi-1", since_ms: int = 3_600_000, every_ms: int = 10
) -> list[bytes]:
    """A shop's mix: three in five are confirmed weights, one tags, half a heat minute of a few cells, half a door's minute.

    Args:
        boot, device_id: who says it, since which start.
        since_ms: so long ago the first was seen; `every_ms`: and then one after the other.
    """
    shelves = [shelf for bay in plan.bays for shelf in bay.shelves if shelf.weighed]
    unit_g = {product.sku: product.unit_weight_g or 0.0 for product in plan.products}
    weight_g = {shelf.shelf_id: sum(unit_g[f.sku] * (f.start_units or 0) for f in shelf.facings) for shelf in shelves}
    now_ms = time.time_ns() // 1_000_000 - since_ms
    written = []
    for number in range(count):
        at_ms = now_ms + number * every_ms
        stamp: dict[str, Any] = {"device_id": device_id, "boot_id": boot, "monotonic_ms": number * every_ms, "observed_at_ms": at_ms}
        observation: Observation
        if number % 10 < 6:
            shelf = shelves[number % len(shelves)]
            drift_g = (number % 7 - 3) * 0.1
            observation = ShelfWeight(**stamp, shelf_id=shelf.shelf_id, weight_g=weight_g[shelf.shelf_id] + drift_g, spread_g=1.2)
        elif number % 10 < 8:
            observation = TagSeen(**stamp, epc=f"3034257BF7194E40{number % 5_000:08X}", zone_id="front", confidence=0.9)
        elif number % 10 == 8:
            cells = [FloorCell(number % 20, row, 1.5) for row in range(8)]
            observation = FloorDwell(**stamp, area_id="hall", started_at_ms=at_ms, duration_ms=60_000, cell_size_m=0.5, cells=cells)
        else:
            observation = DoorCrossing(**stamp, door_id="door", started_at_ms=at_ms, duration_ms=60_000, people_in=1, people_out=1)
        written.append(codec.encode(observation))
    return written

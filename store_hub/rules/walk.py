"""One walk through the shop: in which order a person with a trolley passes the shelves."""

from __future__ import annotations

from math import hypot

from wire_format.plans import Bay, Planogram, Rectangle

STEP_M = 0.3
"""How far before a bay one stands."""

_FRONTS = {"north": (0.0, -1.0), "south": (0.0, 1.0), "west": (-1.0, 0.0), "east": (1.0, 0.0)}


def walk_ranks(plan: Planogram) -> dict[str, int]:
    """Return the place of each shelf in a walk that begins at the back room and always goes on to the nearest bay; boards from the top."""
    at = _start(plan)
    left = list(plan.bays)
    ranks: dict[str, int] = {}
    while left:
        bay = min(left, key=lambda one: (hypot(_front(one)[0] - at[0], _front(one)[1] - at[1]), one.bay_id))
        left.remove(bay)
        at = _front(bay)
        for shelf in sorted(bay.shelves, key=lambda one: (one.level, one.shelf_id)):
            ranks[shelf.shelf_id] = len(ranks)
    return ranks


def _start(plan: Planogram) -> tuple[float, float]:
    store = next((zone for zone in plan.zones if zone.kind == "back_room"), None)
    return (0.0, 0.0) if store is None else _middle(store.place)


def _front(bay: Bay) -> tuple[float, float]:
    x_m, y_m = _middle(bay.place)
    across, down = _FRONTS[bay.faces]
    return x_m + across * (bay.place.width_m / 2 + STEP_M), y_m + down * (bay.place.depth_m / 2 + STEP_M)


def _middle(place: Rectangle) -> tuple[float, float]:
    return place.x_m + place.width_m / 2, place.y_m + place.depth_m / 2

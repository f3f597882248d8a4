"""The shop of the week: the demo's corner shop, where not every board is weighed and only what is dear carries tags."""

from __future__ import annotations

from msgspec import structs

from demo.corner_shop import corner_shop
from edge_agent.simulated_store.habits import ShopHabits
from store_hub.rules import look_alikes as on_one_scale
from wire_format.plans import Facing, OpeningHours, Planogram, Shelf

WEEK_STARTS_MS = 1_790_550_000_000
"""Monday, 28 September 2026, 01:00 in the shop's own time: nobody is in."""
UNWEIGHED = (
    *("bay-6-shelf-1", "bay-6-shelf-2", "bay-6-shelf-3", "bay-8-shelf-1", "bay-8-shelf-2"),
    *("bay-7-shelf-1", "bay-7-shelf-3"),
)
"""Boards without a scale; on the last two stand dear goods with a tag each, the others are known by the till alone."""
TAGGED_FROM_MINOR = 499

WEIGHED, TAGGED, TILL_ONLY = "weighed", "tagged", "till only"

HABITS = ShopHabits(
    tagged_from_price_minor=TAGGED_FROM_MINOR,
    closes_hour=22.0,
    shoppers_per_hour=28.0,
    steals=0.02,
    sweeps_per_day=3.0,
    puts_down_elsewhere=0.015,
    till_misses_line=0.008,
    till_scans_neighbour=0.008,
    till_scans_twice=0.005,
    delivery_hours=(6.5, 14.0),
    delivery_short=0.015,
    delivery_over=0.005,
    back_room_cover=0.8,
    orders_by_books=True,
    written_off_per_day=8.0,
    write_off_booked=0.7,
    brought_back_per_day=3.0,
    refill_booked=0.6,
    staff_hears_of_low_place=0.0,
    staff_round_min=(60.0, 120.0),
)
"""A shop with more trouble than most: about 2 % of what is taken is stolen, one line of fifty at the till is wrong, four refills of ten
are not booked, three write-offs of ten neither. Staff come when the hub calls, and on a round every hour or two."""


def week_plan(*, apart: bool = False) -> Planogram:
    """Return the planogram of the shop; `apart`: once its manager has parted the look-alikes as the hub advises."""
    plan = corner_shop()
    bays = [structs.replace(bay, shelves=[_board(shelf) for shelf in bay.shelves]) for bay in plan.bays]
    tagged = [p.sku for p in plan.products if (p.price_minor or 0) >= TAGGED_FROM_MINOR]
    hours = [OpeningHours(days=[1, 2, 3, 4, 5, 6, 7], opens="06:00", closes="22:00")]
    plan = structs.replace(plan, bays=bays, tagged_skus=tagged, opening_hours=hours)
    return parted(plan) if apart else plan


def parted(plan: Planogram) -> Planogram:
    """Return the planogram of a shop whose manager has done what the hub advises of look-alikes."""
    for advice in on_one_scale.advised(plan):
        plan = plan if advice.exchange is None else exchanged(plan, advice.exchange)
    return plan


def exchanged(plan: Planogram, exchange: on_one_scale.Exchange) -> Planogram:
    """Return the planogram in which two articles have changed places; each keeps how many of it fit and when staff are called."""
    facings = {(shelf.shelf_id, facing.sku): facing for bay in plan.bays for shelf in bay.shelves for facing in shelf.facings}
    one, other = (exchange.shelf_id, exchange.sku), (exchange.with_shelf_id, exchange.with_sku)
    there = {one: other, other: one}

    def placed(shelf: Shelf, facing: Facing) -> Facing:
        key = (shelf.shelf_id, facing.sku)
        return facing if key not in there else structs.replace(facings[there[key]], from_m=facing.from_m, width_m=facing.width_m)

    def filled(shelf: Shelf) -> Shelf:
        return structs.replace(shelf, facings=[placed(shelf, facing) for facing in shelf.facings])

    return structs.replace(plan, bays=[structs.replace(bay, shelves=[filled(shelf) for shelf in bay.shelves]) for bay in plan.bays])


def _board(shelf: Shelf) -> Shelf:
    """The board full, with a scale or without."""
    facings = [structs.replace(facing, start_units=facing.capacity_units) for facing in shelf.facings]
    return structs.replace(shelf, weighed=shelf.shelf_id not in UNWEIGHED, facings=facings)


def kind_of_place(plan: Planogram, place: str, sku: str) -> str:
    """How the hub can know of an article there: `weighed`, `tagged`, or `till only`."""
    weighed = {shelf.shelf_id for bay in plan.bays for shelf in bay.shelves if shelf.weighed}
    if place in weighed:
        return WEIGHED
    return TAGGED if sku in plan.tagged_skus else TILL_ONLY


def look_alikes(plan: Planogram) -> set[tuple[str, str]]:
    """The places (board, SKU) whose articles have a look-alike on the same scale."""
    return {(alike.shelf_id, sku) for alike in on_one_scale.look_alikes(plan) for sku in alike.skus}

"""The planogram of a shop under test."""

from __future__ import annotations

from seen_by_sensors import SHELVES_EACH, shelf_name

from wire_format.plans import Bay, Door, Facing, Planogram, Product, Rectangle, Shelf, Zone


def shop_plan(store_id: str, devices: int) -> Planogram:
    """A shop with a door, a bay and some weighed shelves for each device."""
    bays, products = [], []
    for device in range(devices):
        shelves = []
        for number in range(SHELVES_EACH):
            sku = f"sku-{device}-{number}"
            facing = Facing(sku=sku, from_m=0.0, width_m=0.5, capacity_units=12, low_units=3, full_units=9, start_units=10)
            shelves.append(Shelf(shelf_id=shelf_name(device, number), level=number + 1, width_m=1.0, facings=[facing]))
            products.append(Product(sku=sku, name=sku, unit_weight_g=350.0, unit_weight_sd_g=1.0, price_minor=199))
        place = Rectangle(x_m=2.0 * device, y_m=0.0, width_m=1.0, depth_m=0.5)
        bays.append(Bay(bay_id=f"bay-{device}", name=f"Bay {device}", place=place, shelves=shelves))
    zones = [Zone(zone_id="front", name="Front", place=Rectangle(x_m=0.0, y_m=0.0, width_m=2.0, depth_m=2.0))]
    doors = [Door(door_id=f"door-{device}", name="Door", x1_m=4.0, y1_m=8.0, x2_m=6.0, y2_m=8.0) for device in range(devices)]
    return Planogram(
        store_id=store_id, name="Faults", time_zone="Europe/Berlin", width_m=12.0, depth_m=8.0,
        bays=bays, zones=zones, doors=doors, products=products,
    )  # fmt: skip

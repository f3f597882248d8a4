"""Cloud → hub: planograms, the product master, replenishment orders, promotions, and software for the devices.

The planogram is also a store's own file: simulated shop, hub and cloud read the same one. Places are metres on the store's plan, origin
in its upper left corner, x to the right and y down.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from wire_format.deployments import Sha256, SoftwareVersion
from wire_format.identifiers import Count, DeviceId, DoorId, Epc, RolloutId, ShelfId, Sku, StoreId, WallClockMs, ZoneId

Metres = Annotated[float, Meta(ge=-10_000.0, le=10_000.0)]
Units = Annotated[int, Meta(ge=0, le=1_000_000)]
MinorUnits = Annotated[int, Meta(ge=0, description="price in the currency's minor unit")]


class Rectangle(Struct, frozen=True, kw_only=True):
    """An upright rectangle on the plan, metres."""

    x_m: Metres
    y_m: Metres
    width_m: Annotated[float, Meta(gt=0.0)]
    depth_m: Annotated[float, Meta(gt=0.0)]


class Product(Struct, frozen=True, kw_only=True):
    """An article of the master: what it weighs, costs and is called.

    `shelf_life_days` counts from delivery; null: it keeps. `keep_cold`: it may stand in a cooled bay only.
    """

    sku: Sku
    name: str
    unit_weight_g: Annotated[float, Meta(gt=0.0)] | None = None
    unit_weight_sd_g: Annotated[float, Meta(ge=0.0)] | None = None
    gtin: Annotated[str, Meta(pattern=r"^\d{8}(?:\d{4,6})?$")] | None = None
    category: str = ""
    price_minor: MinorUnits | None = None
    cost_minor: MinorUnits | None = None
    case_pack_units: Annotated[int, Meta(ge=1)] = 1
    supplier: str = ""
    lead_time_days: Annotated[float, Meta(ge=0.0)] = 2.0
    shelf_life_days: Annotated[float, Meta(gt=0.0)] | None = None
    keep_cold: bool = False


class Facing(Struct, frozen=True, kw_only=True):
    """An article's place on a shelf: `from_m` to `from_m + width_m` along the shelf, and how much fits.

    `low_units` is when staff should be called; `full_units` when the place counts as filled again.
    """

    sku: Sku
    from_m: Annotated[float, Meta(ge=0.0)] = 0.0
    width_m: Annotated[float, Meta(gt=0.0)] = 0.3
    capacity_units: Annotated[int, Meta(ge=1)]
    low_units: Units
    full_units: Units | None = None
    start_units: Units | None = None


class Shelf(Struct, frozen=True, kw_only=True):
    """One board that is weighed as a whole (or not at all). `level` 1 is the top board of its bay.

    `tag_zone_id` is the zone of an antenna that reads this board and no other place, or several boards that share no tagged article.
    """

    shelf_id: ShelfId
    level: Annotated[int, Meta(ge=1)]
    width_m: Annotated[float, Meta(gt=0.0)]
    weighed: bool = True
    tag_zone_id: ZoneId | None = None
    facings: list[Facing] = []


class Bay(Struct, frozen=True, kw_only=True):
    """A rack that stands on the floor, with its boards. `faces` is where the shopper stands.

    For a change of layout: `cooled` racks keep cold, `load_max_kg` is what the rack bears (null: not told), and what a `fixed` one holds
    stays where it is.
    """

    bay_id: ShelfId
    name: str
    place: Rectangle
    faces: Literal["north", "south", "east", "west"] = "south"
    shelves: list[Shelf]
    cooled: bool = False
    load_max_kg: Annotated[float, Meta(gt=0.0)] | None = None
    fixed: bool = False


class Zone(Struct, frozen=True, kw_only=True):
    """A part of the floor that is counted by itself. `shelf_ids`: the shelves one is served from there, so that stops lead to picks."""

    zone_id: ZoneId
    name: str
    kind: Literal["aisle", "entrance", "queue", "till", "back_room", "other"] = "other"
    place: Rectangle
    shelf_ids: list[ShelfId] = []


class Door(Struct, frozen=True, kw_only=True):
    """A line people cross: inside is to the right of it when looking from its first to its second point.

    `badge_zone_id` is the zone of the tag antenna that hangs at this door and sees staff badges. A line of kind `street` lies along the
    pavement: who crosses it, either way, passes by and is no visitor; the hub tells it as the entries of a zone of the line's name.
    """

    door_id: DoorId
    name: str
    x1_m: Metres
    y1_m: Metres
    x2_m: Metres
    y2_m: Metres
    badge_zone_id: ZoneId | None = None
    kind: Literal["door", "street"] = "door"


class OpeningHours(Struct, frozen=True, kw_only=True):
    """When the shop is open on some days of the week (1 is Monday), the store's own time; one that closes after midnight closes earlier
    than it opens.
    """

    days: Annotated[list[Annotated[int, Meta(ge=1, le=7)]], Meta(min_length=1)]
    opens: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    closes: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Planogram(Struct, frozen=True, kw_only=True, tag_field="type", tag="planogram"):
    """A store's plan: floor, bays, shelves, facings, zones, doors and the articles on them.

    `opening_hours` empty: not told, so that nothing follows from them. `staff_badges` are the EPCs that staff carry: whoever crosses a door
    while one is seen there is no visitor.
    `gln` is the store's Global Location Number. `tagged_skus` are the articles of which every unit carries an RFID tag with its GTIN.
    `back_room` is what lies there at the start, `back_room_capacity` how many units of an article it takes.
    `latitude_deg` and `longitude_deg` say where the store is (WGS 84): for the map of the chain.
    """

    store_id: StoreId
    name: str
    version: Annotated[int, Meta(ge=1)] = 1
    time_zone: str = "UTC"
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")] = "EUR"
    width_m: Annotated[float, Meta(gt=0.0)]
    depth_m: Annotated[float, Meta(gt=0.0)]
    bays: list[Bay]
    zones: list[Zone] = []
    doors: list[Door] = []
    opening_hours: list[OpeningHours] = []
    staff_badges: list[Epc] = []
    products: list[Product]
    back_room: dict[str, int] = {}
    gln: Annotated[str, Meta(pattern=r"^\d{13}$")] | None = None
    tagged_skus: list[Sku] = []
    back_room_capacity: dict[str, Units] = {}
    latitude_deg: Annotated[float, Meta(ge=-90.0, le=90.0)] | None = None
    longitude_deg: Annotated[float, Meta(ge=-180.0, le=180.0)] | None = None


class OrderLine(Struct, frozen=True, kw_only=True):
    """So many units of an article, with the reason in one sentence."""

    sku: Sku
    units: Count
    reason: str


class ReplenishmentOrder(Struct, frozen=True, kw_only=True, tag_field="type", tag="replenishment_order"):
    """An order that a planner approved, on its way to the store."""

    order_id: str
    store_id: StoreId
    created_at_ms: WallClockMs
    due_at_ms: WallClockMs | None = None
    supplier: str = ""
    lines: list[OrderLine]


class ProductMaster(Struct, frozen=True, kw_only=True, tag_field="type", tag="product_master"):
    """Articles as the chain knows them; replaces what the hub knew of each SKU named."""

    version: Annotated[int, Meta(ge=1)]
    products: list[Product]


class GoodsTransfer(Struct, frozen=True, kw_only=True, tag_field="type", tag="goods_transfer"):
    """Goods that one shop of the chain hands to another; both are told."""

    transfer_id: str
    from_store_id: StoreId
    to_store_id: StoreId
    created_at_ms: WallClockMs
    due_at_ms: WallClockMs | None = None
    lines: list[OrderLine]


class RefillLine(Struct, frozen=True, kw_only=True):
    """What may be asked for of an article until `by_ms`: so many `units` should stand on its shelf; they suffice in four of five cases."""

    sku: Sku
    units: Count
    by_ms: WallClockMs
    reason: str


class RefillAdvice(Struct, frozen=True, kw_only=True, tag_field="type", tag="refill_advice"):
    """Shelves to fill before they run empty, the soonest first. Each advice takes the place of the one before, until `valid_until_ms`."""

    store_id: StoreId
    made_at_ms: WallClockMs
    valid_until_ms: WallClockMs
    lines: list[RefillLine]


class Promotion(Struct, frozen=True, kw_only=True, tag_field="type", tag="promotion"):
    """A price or display promotion of an article. Told again under the same number it takes the place of what was told; `is_cancelled`: it
    will not take place, or ends now.
    """

    promotion_id: str
    sku: Sku
    starts_at_ms: WallClockMs
    ends_at_ms: WallClockMs
    price_minor: MinorUnits | None = None
    display: str = ""
    mailer: str = ""
    is_cancelled: bool = False


class SoftwareRollout(Struct, frozen=True, kw_only=True, tag_field="type", tag="software_rollout"):
    """The chain brings a release to a shop's devices, to one of them or ring by ring to all, or stops that.

    The hub fetches the bundle at `/v1/stores/{store_id}/releases/{sha256}.tar` and begins only if one of its own keys has signed it.
    `stop`: devices that have not begun do not begin. How it goes is told as `rollout`.
    """

    rollout_id: RolloutId
    action: Literal["start", "stop"]
    version: SoftwareVersion
    sha256: Sha256
    size_bytes: Annotated[int, Meta(ge=1, le=2_000_000_000)]
    reach: Literal["one_device", "all"] = "all"
    first_device: DeviceId | None = None
    reason: Annotated[str, Meta(max_length=500)] = ""


AnyPlan = Planogram | ReplenishmentOrder | ProductMaster | Promotion | GoodsTransfer | RefillAdvice | SoftwareRollout

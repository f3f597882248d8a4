"""Hub → cloud: quarter-hour and daily facts of a store, in batches that are booked whole or not at all.

A fact is the whole present truth of its key: when late news changes a quarter that was already told, the hub tells it again
under a higher sequence, and the cloud keeps the newest. Missing is null, never zero.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from wire_format.deployments import SoftwareVersion
from wire_format.identifiers import (
    BookedSequence,
    Count,
    DeviceId,
    DoorId,
    LedgerId,
    RolloutId,
    Sequence,
    ShelfId,
    Sku,
    StoreId,
    WallClockMs,
    ZoneId,
)
from wire_format.observations import FloorCell

LocalDate = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", description="the store's own calendar day")]
Minutes = Annotated[float, Meta(ge=0.0, le=1500.0, description="a day on which summer time ends has 1500 minutes")]


class Fact(Struct, frozen=True, kw_only=True, tag_field="type"):
    """One row of what a store knows, numbered by the hub's ledger."""

    sequence: Sequence


class SkuQuarter(Fact, frozen=True, kw_only=True, tag="sku_quarter"):
    """One article in one quarter of an hour. Units are whole store, all places."""

    quarter_started_at_ms: WallClockMs
    sku: Sku
    units_sold: int
    units_picked: Count
    units_put_back: Count
    units_received: int
    units_lost: int
    opening_units: float | None
    closing_units: float | None
    closing_low_units: float | None
    closing_high_units: float | None
    out_of_stock_min: Minutes | None
    revenue_minor: Annotated[int, Meta(description="in the store's currency's minor unit")]


class SkuDay(Fact, frozen=True, kw_only=True, tag="sku_day"):
    """One article on one of the store's days; the same columns as `SkuQuarter`, summed or taken at the day's ends."""

    day: LocalDate
    sku: Sku
    units_sold: int
    units_picked: Count
    units_put_back: Count
    units_received: int
    units_lost: int
    opening_units: float | None
    closing_units: float | None
    closing_low_units: float | None
    closing_high_units: float | None
    out_of_stock_min: Minutes | None
    revenue_minor: int


class DoorQuarter(Fact, frozen=True, kw_only=True, tag="door_quarter"):
    """Visitors through one door in a quarter of an hour; staff are told apart. `groups_in` null: the counter does not look for groups.

    `withheld`: so few went through that the shop does not tell; then every count of people is null.
    """

    quarter_started_at_ms: WallClockMs
    door_id: DoorId
    people_in: Count | None
    people_out: Count | None
    observed_min: Annotated[float, Meta(ge=0.0, le=15.0, description="minutes the counter was alive")]
    staff_in: Count | None = None
    staff_out: Count | None = None
    groups_in: Count | None = None
    withheld: bool = False


class ZoneQuarter(Fact, frozen=True, kw_only=True, tag="zone_quarter"):
    """Stay in one zone of the floor in a quarter of an hour, and, where a camera counts it: visits, stops, and waits that ended.

    Null is not measured; or withheld, because so few were there that the shop does not tell.
    """

    quarter_started_at_ms: WallClockMs
    zone_id: ZoneId
    dwell_person_s: Annotated[float, Meta(ge=0.0)] | None
    entries: Count | None = None
    stopped: Count | None = None
    stopped_person_s: Annotated[float, Meta(ge=0.0)] | None = None
    waits: Count | None = None
    waited_s: Annotated[float, Meta(ge=0.0)] | None = None
    withheld: bool = False


class TileQuarter(Fact, frozen=True, kw_only=True, tag="tile_quarter"):
    """The heatmap of one camera area in a quarter of an hour; cells as in `FloorDwell`. `withheld`: too few people for the shop to tell."""

    quarter_started_at_ms: WallClockMs
    area_id: ZoneId
    cell_size_m: Annotated[float, Meta(gt=0.0, le=10.0)]
    cells: list[FloorCell]
    withheld: bool = False


class AlertFact(Fact, frozen=True, kw_only=True, tag="alert"):
    """An alert as it now stands."""

    alert_id: Sequence
    kind: str
    sku: Sku | None
    shelf_id: ShelfId | None
    raised_at_ms: WallClockMs
    taken_at_ms: WallClockMs | None = None
    cleared_at_ms: WallClockMs | None = None
    units_at_raise: float | None = None


class DeviceFact(Fact, frozen=True, kw_only=True, tag="device"):
    """A device as the hub last knew it. `clock_error_ms`: its wall clock less the hub's; null where it cannot be told, as the others."""

    device_id: DeviceId
    state: Literal["birth", "alive", "death"]
    last_seen_at_ms: WallClockMs
    agent_version: str
    outbox_depth: Count
    fault_codes: list[str] = []
    temperature_c: float | None = None
    disk_free_mb: float | None = None
    clock_error_ms: int | None = None


class CategoryPair(Struct, frozen=True, kw_only=True):
    """Baskets of a day that held both categories; `first` sorts before `second`."""

    first: str
    second: str
    baskets: Count


class BasketDay(Fact, frozen=True, kw_only=True, tag="basket_day"):
    """What was bought together on one of the store's days: counts of baskets only, no receipt leaves the shop.

    `categories`: baskets that held the category. A category or pair of fewer baskets than the shop tells is left out, as if it had none.
    """

    day: LocalDate
    baskets: Count
    categories: dict[str, Count]
    pairs: list[CategoryPair]


class RolloutFact(Fact, frozen=True, kw_only=True, tag="rollout"):
    """How a release fares that the chain sent to this shop. `refused`: the hub did not begin. Told only where the chain sent one."""

    rollout_id: RolloutId
    version: SoftwareVersion
    state: Literal["running", "done", "halted", "refused"]
    reason: Annotated[str, Meta(max_length=1000)] = ""
    devices: Count
    confirmed: Count
    changed_at_ms: WallClockMs


AnyFact = SkuQuarter | SkuDay | DoorQuarter | ZoneQuarter | TileQuarter | AlertFact | DeviceFact | BasketDay | RolloutFact


class ReportBatch(Struct, frozen=True, kw_only=True, tag_field="type", tag="report_batch"):
    """Facts `from_sequence` to `to_sequence` of one ledger, in order and without gaps."""

    store_id: StoreId
    ledger_id: LedgerId
    from_sequence: Sequence
    to_sequence: Sequence
    facts: list[AnyFact]


class StoreProfile(Struct, frozen=True, kw_only=True, tag_field="type", tag="store_profile"):
    """What a store says of itself when it first reports, and whenever it changes."""

    store_id: StoreId
    name: str
    time_zone: str
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    floor_width_m: float | None = None
    floor_depth_m: float | None = None


class ReportsBooked(Struct, frozen=True, kw_only=True, tag_field="type", tag="reports_booked"):
    """The cloud's answer, sent only after commit: the hub may forget facts up to `booked_through`."""

    store_id: StoreId
    ledger_id: LedgerId
    booked_through: BookedSequence

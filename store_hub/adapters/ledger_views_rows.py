"""What the pages read from the ledger: frozen rows, in the units their names say. None means not known."""

from __future__ import annotations

from msgspec import Struct


class PlaceName(Struct, frozen=True, kw_only=True):
    """Where a facing is, in names that people use."""

    bay_name: str
    level: int


class AlertRow(Struct, frozen=True, kw_only=True):
    """A call to a place, device, queue or discrepancy. `taken_units`/`taken_over_ms`: how many went in the time before, for paces."""

    alert_id: int
    kind: str
    sku: str | None
    shelf_id: str | None
    name: str
    place: PlaceName | None
    raised_at_ms: int
    emptied_at_ms: int | None
    taken_at_ms: int | None
    taken_by: str | None
    done_at_ms: int | None
    done_by: str | None
    cleared_at_ms: int | None
    units: float | None
    low: float | None
    high: float | None
    capacity_units: int | None
    back_room_units: float | None
    taken_units: float = 0.0
    taken_over_ms: int = 0
    subject: str = ""
    detail: str = ""
    lost_minor_h: float | None = None
    assigned_to: str | None = None
    missing_at_ms: int | None = None
    missing_by: str | None = None
    escalated_at_ms: int | None = None
    cleared_by: str = ""


class StockRow(Struct, frozen=True, kw_only=True):
    """An article at one place. `low`/`high` bound the middle 90 %; None = nobody can say."""

    sku: str
    place: str
    units: float
    low: float | None
    high: float | None
    evidence: str
    updated_at_ms: int


class TotalRow(Struct, frozen=True, kw_only=True):
    """An article in the whole store, beside the book's figure. `basket_units`: picked and not yet paid."""

    sku: str
    name: str
    units: float
    low: float | None
    high: float | None
    basket_units: int
    out_since_ms: int | None
    book_units: int | None
    shelf_id: str | None = None


class DoorRow(Struct, frozen=True, kw_only=True):
    """Visitors through one door in a span, staff apart, and how long its counter was alive in it. `groups_in` None: not looked for."""

    door_id: str
    people_in: int
    people_out: int
    observed_ms: int
    staff_in: int = 0
    staff_out: int = 0
    groups_in: int | None = None


class AuditRow(Struct, frozen=True, kw_only=True):
    """A person's audit of a camera's door: shares from 0 to 1 with their 95 % interval; precision and recall None where unknown."""

    door_id: str
    area_id: str
    audited_at_ms: int
    counted: int
    judged: int
    judged_right: int
    missed: int
    looked_ms: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    count_accuracy: float
    count_accuracy_low: float
    count_accuracy_high: float


class HeatRow(Struct, frozen=True):
    """Stay in one cell of the floor grid over a span."""

    area_id: str
    cell_size_mm: int
    column_no: int
    row_no: int
    dwell_person_ms: int


class Occupancy(Struct, frozen=True, kw_only=True):
    """Visitors in the shop when last counted. `corrected`: left without having been seen to come in; `healed`: came in and were never seen
    to leave; `closing_people`: were left at closing time.
    """

    people: int
    corrected: int
    updated_at_ms: int
    closing_people: int | None = None
    healed: int = 0


class ZoneVisitRow(Struct, frozen=True, kw_only=True):
    """A zone in a span, as a camera measured it: visits, persons × ms, visits that came to a stop, persons × ms stopped."""

    zone_id: str
    entries: int
    person_ms: int
    stopped: int
    stopped_ms: int
    observed_ms: int


class ZoneGoodsRow(Struct, frozen=True, kw_only=True):
    """Units taken from the shelves of a zone and not put back, and how many of them were paid for, by the shares of its articles."""

    picked_units: int
    paid_units: float


class QueueFigures(Struct, frozen=True, kw_only=True):
    """A queue in a span: mean and most people waiting, waits that ended. `now_people`: mean of the last interval; None when that is old."""

    zone_id: str
    people_mean: float
    people_max: int
    waits: int
    waited_ms: int
    waited_max_ms: int
    now_people: float | None


class PathRow(Struct, frozen=True, kw_only=True):
    """How many went from one zone to another."""

    from_zone: str
    to_zone: str
    people: int


class WrongWeightRow(Struct, frozen=True, kw_only=True):
    """An article of which a scale finds that a unit does not weigh what the planogram says, grams."""

    shelf_id: str
    sku: str
    name: str
    planned_g: float | None
    found_g: float


class WeightRow(Struct, frozen=True, kw_only=True):
    """A settled weight."""

    at_ms: int
    weight_g: float


class EventRow(Struct, frozen=True, kw_only=True):
    """What a change of weight is believed to have been."""

    at_ms: int
    sku: str | None
    name: str
    units: int
    meaning: str
    probability: float
    runner_up: str | None
    runner_up_probability: float
    weight_change_g: float | None = None


class SaleRow(Struct, frozen=True, kw_only=True):
    """A line of the till."""

    sold_at_ms: int
    units: int
    price_minor: int | None
    till: str


class TagRow(Struct, frozen=True, kw_only=True):
    """Present tags of an article in a zone."""

    zone_id: str
    tags_present: int
    updated_at_ms: int


class ArticlelessTagRow(Struct, frozen=True, kw_only=True):
    """A present tag that the planogram gives no article. `gtin` is None where it is no article's tag, or cannot be read."""

    epc: str
    zone_id: str
    gtin: str | None
    since_ms: int


class FaultRow(Struct, frozen=True, kw_only=True):
    """Something at a device that is not well."""

    part: str
    message: str
    advice: str
    since_ms: int | None


class DeviceRow(Struct, frozen=True, kw_only=True):
    """A device as last heard of. `readable` is False when its last health message cannot be decoded any more."""

    device_id: str
    state: str
    agent_version: str
    last_seen_at_ms: int
    state_since_ms: int
    outbox_depth: int
    outbox_capacity: int
    shed: dict[str, int]
    temperature_c: float | None
    disk_free_mb: float | None
    faults: list[FaultRow]
    parts: list[str]
    readable: bool = True


class QuarantineRow(Struct, frozen=True, kw_only=True):
    """A message, or a line of one, that has no effect, and why."""

    journal_id: int
    line: int
    reason: str
    detail: str
    happened_at_ms: int
    source: str


class CounterRow(Struct, frozen=True, kw_only=True):
    """What was refused without a journal entry."""

    name: str
    count: int
    last_detail: str
    last_at_ms: int


class CloudRow(Struct, frozen=True, kw_only=True):
    """How far the cloud is behind the ledger."""

    waiting: int
    booked_at_ms: int | None

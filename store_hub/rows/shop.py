"""Rows of the plan, the stock and the till. Columns are explained in the migrations."""

from __future__ import annotations

from typing import NamedTuple


class QuarantineRow(NamedTuple):
    """An entry, or a line of it, without an effect."""

    journal_id: int
    line: int
    reason: str
    detail: str
    happened_at_ms: int


class PlanogramRow(NamedTuple):
    """The planogram in force."""

    one: int
    journal_id: int
    version: int
    in_force_from_ms: int
    payload: bytes


class SettingsRow(NamedTuple):
    """What the manager has set."""

    one: int
    journal_id: int
    revision: int
    changed_at_ms: int
    changed_by: str
    payload: bytes


class ProductRow(NamedTuple):
    """An article of it."""

    sku: str
    name: str
    gtin: str | None
    category: str
    unit_weight_g: float | None
    price_minor: int | None
    cost_minor: int | None
    case_pack_units: int


class FacingRow(NamedTuple):
    """An article's place on a shelf."""

    shelf_id: str
    sku: str
    bay_id: str
    level: int
    from_m: float
    width_m: float
    capacity_units: int
    low_units: int
    clear_units: int
    weighed: int


class ShelfWeightRow(NamedTuple):
    """A settled weight."""

    shelf_id: str
    at_ms: int
    journal_id: int
    weight_g: float
    spread_g: float
    moved_at_ms: int | None
    temperature_c: float | None


class ShelfEventRow(NamedTuple):
    """What a change of weight is believed to have been."""

    journal_id: int
    line: int
    shelf_id: str
    sku: str | None
    at_ms: int
    units: int
    meaning: str
    weight_change_g: float | None
    probability: float
    runner_up: str | None
    runner_up_probability: float


class BeliefRow(NamedTuple):
    """What a scale's belief remembers."""

    shelf_id: str
    state: bytes


class StockRow(NamedTuple):
    """On hand of an article at a place."""

    sku: str
    place: str
    units: float
    low: float | None
    high: float | None
    evidence: str
    updated_at_ms: int
    journal_id: int


class BookRow(NamedTuple):
    """The till's view of an article."""

    sku: str
    start_units: int
    received_units: int
    sold_units: int
    adjusted_units: int
    book_units: int
    updated_at_ms: int
    written_off_units: int = 0


class TotalRow(NamedTuple):
    """An article in the whole store."""

    sku: str
    units: float
    low: float | None
    high: float | None
    shelf_units: float
    out_since_ms: int | None
    basket_units: int
    quarter_started_at_ms: int
    updated_at_ms: int


class BasketRow(NamedTuple):
    """Picked, and neither paid nor back yet."""

    sku: str
    journal_id: int
    line: int
    picked_at_ms: int
    units: int


class StockoutRow(NamedTuple):
    """A spell without an article on any shelf."""

    sku: str
    started_at_ms: int
    ended_at_ms: int


class SkuQuarterSums(NamedTuple):
    """What is added to an article's quarter."""

    quarter_started_at_ms: int
    sku: str
    units_sold: int = 0
    units_picked: int = 0
    units_put_back: int = 0
    units_refilled: int = 0
    units_received: int = 0
    units_lost: int = 0
    revenue_minor: int = 0


class SkuQuarterClosing(NamedTuple):
    """The stock at the end of an article's quarter so far."""

    quarter_started_at_ms: int
    sku: str
    opening_units: float | None
    closing_units: float | None
    closing_low: float | None
    closing_high: float | None


class SaleRow(NamedTuple):
    """A line of a receipt."""

    journal_id: int
    line: int
    sku: str
    units: int
    price_minor: int | None
    till: str
    sold_at_ms: int
    known: int


class DeliveryRow(NamedTuple):
    """A line of a delivery."""

    journal_id: int
    line: int
    delivery_id: str
    sku: str
    units: int
    place: str
    arrived_at_ms: int
    known: int


class HandCountRow(NamedTuple):
    """A count by hand beside the belief."""

    journal_id: int
    sku: str
    shelf_id: str | None
    counted_units: int
    believed_units: float
    book_units: int
    counted_at_ms: int


class WriteOffRow(NamedTuple):
    """A line of goods thrown away."""

    journal_id: int
    line: int
    sku: str
    place: str | None
    units: int
    reason: str
    written_off_by: str
    written_off_at_ms: int
    known: int


class MoveRow(NamedTuple):
    """Units carried from one place to another."""

    journal_id: int
    sku: str
    from_place: str
    to_place: str
    units: int
    moved_by: str
    moved_at_ms: int


class RecentPutRow(NamedTuple):
    """Units that lately came onto a weighed shelf, and out of whose hands."""

    shelf_id: str
    sku: str
    journal_id: int
    line: int
    at_ms: int
    units: int
    source: str


class UnseenRow(NamedTuple):
    """What is believed of an article on a board that nothing watches."""

    shelf_id: str
    sku: str
    state: bytes


class HabitsRow(NamedTuple):
    """How staff refill, as far as boards on scales have shown it."""

    one: int
    state: bytes


class ReceiptsRow(NamedTuple):
    """How many receipts the shop has written."""

    one: int
    receipts: int

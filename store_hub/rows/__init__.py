"""Rows of the ledger as values: rules make them, the ledger writes them, neither knows the other.

An effect is a row (put in place of, or added to what is there, as its table says), `Gone` or `StaffCall`. All sums are integers, so that
their order never matters.
"""

from __future__ import annotations

from typing import Any

from store_hub.rows.goods import (
    CaptureRow,
    EpcisEventRow,
    EpcisThingRow,
    NoticeAcceptedRow,
    NoticeLineRow,
    NoticeRow,
    NoticeTagRow,
    StockTakeLineRow,
    StockTakeRow,
    StockTakeTagRow,
    TagGapRow,
)
from store_hub.rows.hub import (
    ChannelRow,
    ClockRow,
    ContestedRow,
    CounterRow,
    DeviceRow,
    DirtyRow,
    IdempotencyRow,
    NotificationRow,
    OutboxBootRow,
    OutboxRangeRow,
    OutboxRepeatRow,
    OutboxRow,
    PlanRow,
    ReportMarksRow,
    ReportRow,
    WebhookMarkRow,
)
from store_hub.rows.people import (
    AlertRow,
    AreaQuarterRow,
    BadgeSightingRow,
    ButtonPressRow,
    CalibrationRow,
    CameraAuditRow,
    DoorMinuteRow,
    DoorRecentRow,
    FloorTileRow,
    OccupancyRow,
    PaceRow,
    QueueRow,
    TagCountRow,
    TagRow,
    ZonePathRow,
    ZoneQuarterRow,
    ZoneVisitsRow,
)
from store_hub.rows.shop import (
    BasketRow,
    BeliefRow,
    BookRow,
    DeliveryRow,
    FacingRow,
    HandCountRow,
    PlanogramRow,
    ProductRow,
    QuarantineRow,
    SaleRow,
    SettingsRow,
    ShelfEventRow,
    ShelfWeightRow,
    SkuQuarterClosing,
    SkuQuarterSums,
    StockoutRow,
    StockRow,
    TotalRow,
)
from store_hub.rows.table import (
    Gone,
    StaffCall,
    Table,
)

_OPEN_TAKES = "stock_take_id IN (SELECT stock_take_id FROM stock_takes WHERE closed_at_ms IS NULL)"
NOTICES_REMEMBERED = 200
"""Accepted deliveries that may still be corrected: the newest so many."""
_NOTICE = f"state = 'announced' OR accept_no > (SELECT max(accept_no) FROM notices) - {NOTICES_REMEMBERED}"
_OF_NOTICE = f"delivery_id IN (SELECT delivery_id FROM notices WHERE {_NOTICE})"
TAG_REMEMBERED_MS = 14 * 24 * 3_600_000
"""How long a tag that left is remembered, counted back from the newest news of any tag."""
_EVENT_COLUMNS = EpcisEventRow._fields[2:]

DERIVED: dict[type[tuple[Any, ...]], Table] = {
    QuarantineRow: Table("quarantine", ("journal_id", "line")),
    PlanogramRow: Table("planogram", ("one",), state="1"),
    ProductRow: Table("products", ("sku",)),
    FacingRow: Table("facings", ("shelf_id", "sku")),
    ShelfWeightRow: Table("shelf_weights", ("shelf_id", "at_ms", "journal_id")),
    ShelfEventRow: Table("shelf_events", ("journal_id", "line")),
    BeliefRow: Table("beliefs", ("shelf_id",), state="1"),
    StockRow: Table("stock", ("sku", "place"), state="1"),
    BookRow: Table("books", ("sku",), state="1"),
    TotalRow: Table("totals", ("sku",), state="1"),
    BasketRow: Table("baskets", ("sku", "journal_id", "line"), state="1"),
    StockoutRow: Table("stockouts", ("sku", "started_at_ms")),
    SkuQuarterSums: Table(
        "sku_quarters",
        ("quarter_started_at_ms", "sku"),
        added=("units_sold", "units_picked", "units_put_back", "units_refilled", "units_received", "units_lost", "revenue_minor"),
    ),
    SkuQuarterClosing: Table("sku_quarters", ("quarter_started_at_ms", "sku"), first=("opening_units",)),
    SaleRow: Table("sales", ("journal_id", "line")),
    DeliveryRow: Table("deliveries", ("journal_id", "line")),
    HandCountRow: Table("hand_counts", ("journal_id",)),
    TagRow: Table("tags", ("epc", "zone_id"), state=f"present = 1 OR since_ms >= (SELECT max(since_ms) FROM tags) - {TAG_REMEMBERED_MS}"),
    TagGapRow: Table("tag_gaps", ("sku", "place"), state="1"),
    StockTakeRow: Table("stock_takes", ("stock_take_id",), state="1"),
    StockTakeTagRow: Table("stock_take_tags", ("stock_take_id", "tag"), state=_OPEN_TAKES),
    StockTakeLineRow: Table("stock_take_lines", ("stock_take_id", "sku"), state=_OPEN_TAKES),
    NoticeRow: Table("notices", ("delivery_id",), state="1"),
    NoticeLineRow: Table("notice_lines", ("delivery_id", "line"), state=_OF_NOTICE),
    NoticeTagRow: Table("notice_tags", ("delivery_id", "tag"), state=_OF_NOTICE),
    NoticeAcceptedRow: Table("notice_accepted", ("delivery_id", "sku"), state=_OF_NOTICE),
    EpcisEventRow: Table("epcis_events", ("event_id", "declared_at_ms"), first=_EVENT_COLUMNS),
    EpcisThingRow: Table("epcis_things", ("name", "role", "journal_id", "line")),
    CaptureRow: Table("epcis_captures", ("capture_id",)),
    TagCountRow: Table("tag_counts", ("sku", "zone_id"), state="1"),
    DoorMinuteRow: Table(
        "door_minutes",
        ("door_id", "minute_started_at_ms"),
        added=("people_in", "people_out", "observed_ms", "staff_in", "staff_out", "groups_in"),
    ),
    DoorRecentRow: Table("door_recent", ("door_id", "started_at_ms"), state="1"),
    BadgeSightingRow: Table("badge_sightings", ("badge_zone_id", "journal_id"), state="1"),
    OccupancyRow: Table("occupancy", ("one",), state="1"),
    FloorTileRow: Table(
        "floor_tiles", ("area_id", "quarter_started_at_ms", "cell_size_mm", "column_no", "row_no"), added=("dwell_person_ms",)
    ),
    ZoneQuarterRow: Table("zone_quarters", ("zone_id", "quarter_started_at_ms"), added=("dwell_person_ms",)),
    AreaQuarterRow: Table("area_quarters", ("area_id", "quarter_started_at_ms"), added=("observed_ms", "staff_person_ms", "people")),
    ZoneVisitsRow: Table(
        "zone_visits",
        ("zone_id", "quarter_started_at_ms"),
        added=("entries", "person_ms", "stopped", "stopped_ms", "observed_ms"),
    ),
    ZonePathRow: Table("zone_paths", ("quarter_started_at_ms", "from_zone", "to_zone"), added=("people",)),
    QueueRow: Table("queues", ("zone_id", "started_at_ms", "journal_id")),
    CameraAuditRow: Table("camera_audits", ("door_id", "area_id", "audited_at_ms", "journal_id")),
    ButtonPressRow: Table("button_presses", ("journal_id",)),
    CalibrationRow: Table("calibrations", ("shelf_id",), state="1"),
    PaceRow: Table("paces", ("shelf_id", "sku"), state="1"),
    SettingsRow: Table("settings", ("one",), state="1"),
    AlertRow: Table("alerts", ("alert_id",), state="cleared_at_ms IS NULL OR alert_id = (SELECT max(alert_id) FROM alerts)"),
}

OPERATIONAL: dict[type[tuple[Any, ...]], Table] = {
    OutboxRow: Table("outboxes", ("outbox_no",), state="1"),
    OutboxRangeRow: Table("outbox_ranges", ("outbox_no", "first_sequence"), state="1"),
    OutboxBootRow: Table("outbox_boots", ("boot_id", "outbox_no"), state="1"),
    ContestedRow: Table("contested_outboxes", ("outbox_no",), state="1"),
    OutboxRepeatRow: Table("outbox_repeats", ("outbox_no", "sequence")),
    ClockRow: Table("clocks", ("outbox_id", "boot_id"), state="1"),
    DeviceRow: Table("devices", ("device_id",), state="1"),
    CounterRow: Table("counters", ("name",), added=("count",)),
    DirtyRow: Table("dirty", ("fact", "period_ms", "subject")),
    NotificationRow: Table("notifications", ("notification_id",)),
    IdempotencyRow: Table("idempotency", ("door", "key")),
    ReportRow: Table("report_outbox", ("sequence",)),
    ReportMarksRow: Table("report_marks", ("one",), state="1"),
    PlanRow: Table("plans", ("plan_no",)),
    WebhookMarkRow: Table("webhook_marks", ("url",)),
    ChannelRow: Table("channels", ("name",)),
}

TABLES: dict[type[tuple[Any, ...]], Table] = {**DERIVED, **OPERATIONAL}

DERIVED_TABLES: tuple[str, ...] = tuple(sorted({table.name for table in DERIVED.values()}))
"""What a rebuild makes anew."""

Effect = tuple[Any, ...]
"""Any row above, `Gone` or `StaffCall`."""

__all__ = [
    "DERIVED",
    "DERIVED_TABLES",
    "NOTICES_REMEMBERED",
    "OPERATIONAL",
    "TABLES",
    "TAG_REMEMBERED_MS",
    "AlertRow",
    "AreaQuarterRow",
    "BadgeSightingRow",
    "BasketRow",
    "BeliefRow",
    "BookRow",
    "ButtonPressRow",
    "CalibrationRow",
    "CameraAuditRow",
    "CaptureRow",
    "ChannelRow",
    "ClockRow",
    "ContestedRow",
    "CounterRow",
    "DeliveryRow",
    "DeviceRow",
    "DirtyRow",
    "DoorMinuteRow",
    "DoorRecentRow",
    "Effect",
    "EpcisEventRow",
    "EpcisThingRow",
    "FacingRow",
    "FloorTileRow",
    "Gone",
    "HandCountRow",
    "IdempotencyRow",
    "NoticeAcceptedRow",
    "NoticeLineRow",
    "NoticeRow",
    "NoticeTagRow",
    "NotificationRow",
    "OccupancyRow",
    "OutboxBootRow",
    "OutboxRangeRow",
    "OutboxRepeatRow",
    "OutboxRow",
    "PaceRow",
    "PlanRow",
    "PlanogramRow",
    "ProductRow",
    "QuarantineRow",
    "QueueRow",
    "ReportMarksRow",
    "ReportRow",
    "SaleRow",
    "SettingsRow",
    "ShelfEventRow",
    "ShelfWeightRow",
    "SkuQuarterClosing",
    "SkuQuarterSums",
    "StaffCall",
    "StockRow",
    "StockTakeLineRow",
    "StockTakeRow",
    "StockTakeTagRow",
    "StockoutRow",
    "Table",
    "TagCountRow",
    "TagGapRow",
    "TagRow",
    "TotalRow",
    "WebhookMarkRow",
    "ZonePathRow",
    "ZoneQuarterRow",
    "ZoneVisitsRow",
]

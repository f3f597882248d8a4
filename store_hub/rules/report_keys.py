"""Which facts for the cloud an entry makes out of date."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from store_hub.rows import (
    AlertRow,
    AreaQuarterRow,
    DeploymentRow,
    DoorMinuteRow,
    Effect,
    FloorTileRow,
    QueueRow,
    RolloutRow,
    SaleRow,
    SkuQuarterClosing,
    SkuQuarterSums,
    ZoneQuarterRow,
    ZoneVisitsRow,
)
from store_hub.rules.quarters import quarter_start_ms

Fact = tuple[str, int, str]
"""A kind of fact, the period it is about, and its subject."""

FACT_OF: dict[type[Effect], Callable[[Any], Fact]] = {
    SkuQuarterSums: lambda row: ("sku_quarter", row.quarter_started_at_ms, row.sku),
    SkuQuarterClosing: lambda row: ("sku_quarter", row.quarter_started_at_ms, row.sku),
    DoorMinuteRow: lambda row: ("door_quarter", quarter_start_ms(row.minute_started_at_ms), row.door_id),
    QueueRow: lambda row: ("zone_quarter", quarter_start_ms(row.started_at_ms), row.zone_id),
    ZoneQuarterRow: lambda row: ("zone_quarter", row.quarter_started_at_ms, row.zone_id),
    ZoneVisitsRow: lambda row: ("zone_quarter", row.quarter_started_at_ms, row.zone_id),
    FloorTileRow: lambda row: ("tile_quarter", row.quarter_started_at_ms, row.area_id),
    AreaQuarterRow: lambda row: ("tile_quarter", row.quarter_started_at_ms, row.area_id),
    SaleRow: lambda row: ("basket_day", quarter_start_ms(row.sold_at_ms), ""),
    AlertRow: lambda row: ("alert", 0, str(row.alert_id)),
    RolloutRow: lambda row: ("rollout", 0, ""),
    DeploymentRow: lambda row: ("rollout", 0, ""),
}
"""Which fact a row changes; rows of other kinds change none."""

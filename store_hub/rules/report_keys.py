"""Which facts for the cloud an entry makes out of date."""

from __future__ import annotations

from collections.abc import Iterable

from store_hub.rows import (
    AlertRow,
    AreaQuarterRow,
    DeploymentRow,
    DirtyRow,
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


def facts_touched(effects: Iterable[Effect], journal_id: int) -> list[DirtyRow]:
    """Return the facts that these effects change, each once."""
    found: dict[tuple[str, int, str], None] = {}
    for effect in effects:
        match effect:
            case SkuQuarterSums() | SkuQuarterClosing():
                found["sku_quarter", effect.quarter_started_at_ms, effect.sku] = None
            case DoorMinuteRow():
                found["door_quarter", quarter_start_ms(effect.minute_started_at_ms), effect.door_id] = None
            case QueueRow():
                found["zone_quarter", quarter_start_ms(effect.started_at_ms), effect.zone_id] = None
            case ZoneQuarterRow() | ZoneVisitsRow():
                found["zone_quarter", effect.quarter_started_at_ms, effect.zone_id] = None
            case FloorTileRow() | AreaQuarterRow():
                found["tile_quarter", effect.quarter_started_at_ms, effect.area_id] = None
            case SaleRow():
                found["basket_day", quarter_start_ms(effect.sold_at_ms), ""] = None
            case AlertRow():
                found["alert", 0, str(effect.alert_id)] = None
            case RolloutRow() | DeploymentRow():
                found["rollout", 0, ""] = None
    return [DirtyRow(fact, period_ms, subject, journal_id) for fact, period_ms, subject in found]

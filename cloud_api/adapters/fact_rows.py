"""Facts as rows: which table a fact goes to, and its columns in the table's order.

Of several facts with one key the newest is kept; the others would only be overwritten.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import Table

from cloud_api.adapters import tables
from wire_format.reports import (
    AlertFact,
    AnyFact,
    BasketDay,
    DeviceFact,
    DoorQuarter,
    RolloutFact,
    SkuDay,
    SkuQuarter,
    TileQuarter,
    ZoneQuarter,
)

Row = tuple[Any, ...]


@lru_cache(maxsize=4096)
def moment(wall_ms: int) -> datetime:
    """Unix milliseconds as an aware time, UTC. A quarter's articles share one, which works out its hash once."""
    return datetime.fromtimestamp(wall_ms / 1000, UTC)


def fact_time_ms(fact: AnyFact) -> int | None:
    """When the fact speaks of, Unix milliseconds; None where that is only a day."""
    match fact:
        case SkuQuarter() | DoorQuarter() | ZoneQuarter() | TileQuarter():
            return fact.quarter_started_at_ms
        case AlertFact():
            return fact.raised_at_ms
        case DeviceFact():
            return fact.last_seen_at_ms
        case RolloutFact():
            return fact.changed_at_ms
        case SkuDay() | BasketDay():
            return None


def rows_by_table(store_id: str, generation: int, facts: list[AnyFact]) -> dict[str, list[Row]]:
    """Sort facts (oldest first) into rows of the tables they belong to, the newest of each key only."""
    newest: dict[str, dict[object, Row]] = {}
    for fact in facts:
        writer = _WRITERS[type(fact)]
        row = writer.row(store_id, generation, fact)
        newest.setdefault(writer.table.name, {})[row[writer.key_from : writer.key_to]] = row
    return {name: list(rows.values()) for name, rows in newest.items()}


def upsert_sql(table: Table) -> str:
    """Move what was copied to `incoming_TABLE` into the table, where it is newer than what is there."""
    columns = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key]
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns if name not in keys)
    return (
        f"INSERT INTO {table.name} AS held ({', '.join(columns)}) SELECT {', '.join(columns)} FROM incoming_{table.name} "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes} "
        "WHERE (held.generation, held.sequence) < (EXCLUDED.generation, EXCLUDED.sequence)"
    )


def newest_sql(table: Table) -> str:
    """The store's newest quarter or day from `:first` on; empty for a table without one in its key."""
    at = table.columns[1]
    if not at.primary_key or at.name not in ("quarter_at", "day"):
        return ""
    return f"SELECT max({at.name}) FROM {table.name} WHERE store_id = :store AND {at.name} >= :first"


class _Writer(msgspec.Struct, frozen=True):
    table: Table
    row: Callable[[str, int, Any], Row]
    key_from: int = 1
    key_to: int = 3


def _sku_values(fact: SkuQuarter | SkuDay) -> Row:
    return (
        fact.units_sold, fact.units_picked, fact.units_put_back, fact.units_received, fact.units_lost,
        fact.opening_units, fact.closing_units, fact.closing_low_units, fact.closing_high_units, fact.out_of_stock_min,
        fact.revenue_minor,
    )  # fmt: skip


def _sku_quarter(store_id: str, generation: int, fact: SkuQuarter) -> Row:
    return (store_id, moment(fact.quarter_started_at_ms), fact.sku, generation, fact.sequence, *_sku_values(fact))


def _sku_day(store_id: str, generation: int, fact: SkuDay) -> Row:
    return (store_id, date.fromisoformat(fact.day), fact.sku, generation, fact.sequence, *_sku_values(fact))


def _door_quarter(store_id: str, generation: int, fact: DoorQuarter) -> Row:
    at = moment(fact.quarter_started_at_ms)
    told = (fact.people_in, fact.people_out, fact.observed_min, fact.staff_in, fact.staff_out, fact.groups_in, fact.withheld)
    return (store_id, at, fact.door_id, generation, fact.sequence, *told)


def _zone_quarter(store_id: str, generation: int, fact: ZoneQuarter) -> Row:
    told = (fact.dwell_person_s, fact.entries, fact.stopped, fact.stopped_person_s, fact.waits, fact.waited_s, fact.withheld)
    return (store_id, moment(fact.quarter_started_at_ms), fact.zone_id, generation, fact.sequence, *told)


def _tile_quarter(store_id: str, generation: int, fact: TileQuarter) -> Row:
    cells = Jsonb([[cell.column, cell.row, cell.person_s] for cell in fact.cells])
    at = moment(fact.quarter_started_at_ms)
    return (store_id, at, fact.area_id, generation, fact.sequence, fact.cell_size_m, cells, fact.withheld)


def _basket_day(store_id: str, generation: int, fact: BasketDay) -> Row:
    pairs = Jsonb([[pair.first, pair.second, pair.baskets] for pair in fact.pairs])
    return (store_id, date.fromisoformat(fact.day), generation, fact.sequence, fact.baskets, Jsonb(fact.categories), pairs)


def _alert(store_id: str, generation: int, fact: AlertFact) -> Row:
    taken, cleared = (None if at is None else moment(at) for at in (fact.taken_at_ms, fact.cleared_at_ms))
    raised = moment(fact.raised_at_ms)
    return (
        store_id, generation, fact.alert_id, fact.sequence, fact.kind, fact.sku, fact.shelf_id, raised, taken, cleared, fact.units_at_raise
    )  # fmt: skip


def _device(store_id: str, generation: int, fact: DeviceFact) -> Row:
    seen = moment(fact.last_seen_at_ms)
    return (
        store_id, fact.device_id, generation, fact.sequence, fact.state, seen, fact.agent_version, fact.outbox_depth, fact.fault_codes,
        fact.temperature_c, fact.disk_free_mb, fact.clock_error_ms,
    )  # fmt: skip


def _rollout(store_id: str, generation: int, fact: RolloutFact) -> Row:
    told = (fact.version, fact.state, fact.reason, fact.devices, fact.confirmed, moment(fact.changed_at_ms))
    return (store_id, fact.rollout_id, generation, fact.sequence, *told)


_WRITERS: dict[type[AnyFact], _Writer] = {
    SkuQuarter: _Writer(tables.sku_quarter, _sku_quarter),
    SkuDay: _Writer(tables.sku_day, _sku_day),
    DoorQuarter: _Writer(tables.door_quarter, _door_quarter),
    ZoneQuarter: _Writer(tables.zone_quarter, _zone_quarter),
    TileQuarter: _Writer(tables.tile_quarter, _tile_quarter),
    AlertFact: _Writer(tables.alert, _alert),
    DeviceFact: _Writer(tables.device, _device, key_to=2),
    RolloutFact: _Writer(tables.rollout_shop, _rollout, key_to=2),
    BasketDay: _Writer(tables.basket_day, _basket_day, key_to=2),
}
FACT_TABLES = tuple(writer.table for writer in _WRITERS.values())

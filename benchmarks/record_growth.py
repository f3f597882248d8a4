"""How fast the records grow: bytes a row of each table with its key, after real ingest, and what that makes of a shop's year.

A shop of the example has 3,000 articles of which 400 sell or move in a quarter hour, 2 doors, 12 zones, 1 camera area; open 14 hours.
`python -m benchmarks.record_growth`
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from cloud_api.adapters.database import migrate, open_database
from cloud_api.adapters.embedded_postgres import EmbeddedPostgres
from cloud_api.adapters.reports_booking import ReportBook
from wire_format.observations import FloorCell
from wire_format.reports import AnyFact, DoorQuarter, ReportBatch, SkuDay, SkuQuarter, TileQuarter, ZoneQuarter

ROWS = 8000
QUARTERS_OPEN = 56
PER_QUARTER = {"sku_quarter": 400, "door_quarter": 2, "zone_quarter": 12, "tile_quarter": 1}
ARTICLES = 3000
_START = datetime(2026, 10, 1, tzinfo=UTC)
_COUNTS = {"units_sold": 2, "units_picked": 3, "units_put_back": 1, "units_received": 0, "units_lost": 0, "revenue_minor": 398}
_LEVELS = {"opening_units": 14.0, "closing_units": 12.0, "closing_low_units": 11.0, "closing_high_units": 13.0, "out_of_stock_min": 0.0}


def facts_of(first: int) -> list[AnyFact]:
    """As many rows of each kind, spread over a month."""
    facts: list[AnyFact] = []
    cells = [FloorCell(column, row, 12.5) for column in range(12) for row in range(8)]
    for number in range(ROWS):
        at_ms = int((_START + timedelta(minutes=15 * (number // 4))).timestamp() * 1000)
        place, sequence = number % 4, first + len(facts)
        day = (_START + timedelta(days=number % 30)).date().isoformat()
        quarter = {"quarter_started_at_ms": at_ms}
        facts += [
            SkuQuarter(sequence=sequence, sku=f"article-{place:04d}", **quarter, **_COUNTS, **_LEVELS),
            SkuDay(sequence=sequence + 1, day=day, sku=f"article-{number // 30:04d}", **_COUNTS, **_LEVELS),
            DoorQuarter(sequence=sequence + 2, door_id=f"door-{place}", people_in=21, people_out=18, observed_min=15.0, **quarter),
            ZoneQuarter(sequence=sequence + 3, zone_id=f"zone-{place}", dwell_person_s=612.5, entries=20, stopped=8, **quarter),
        ]
        if number % 8 == 0:
            facts.append(TileQuarter(sequence=first + len(facts), area_id=f"area-{place}", cell_size_m=0.5, cells=cells, **quarter))
    return facts


def measure() -> dict[str, float | int | str]:
    """Bytes a row by table, and gigabytes a shop and year."""
    with tempfile.TemporaryDirectory(prefix="aislewise-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "records", durable=False)
        engine = open_database(server.start())
        try:
            migrate(engine)
            book = ReportBook(engine, now=lambda: datetime(2026, 12, 31, tzinfo=UTC))
            facts = facts_of(1)
            for start in range(0, len(facts), 5000):
                part = facts[start : start + 5000]
                names = {"store_id": "shop-1", "ledger_id": "b" * 32}
                book.book(ReportBatch(**names, from_sequence=part[0].sequence, to_sequence=part[-1].sequence, facts=part))
            sizes = {}
            with engine.connect() as connection:
                for table in (*PER_QUARTER, "sku_day"):
                    query = (
                        "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(CAST(:name AS regclass)) WHERE isleaf"
                        if table in PER_QUARTER
                        else "SELECT pg_total_relation_size(CAST(:name AS regclass))"
                    )
                    total = connection.execute(text(query), {"name": table}).scalar_one()
                    sizes[table] = float(total) / int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
        finally:
            engine.dispose()
            server.stop()
    a_day = sum(sizes[table] * count * QUARTERS_OPEN for table, count in PER_QUARTER.items())
    figures: dict[str, float | int | str] = {f"bytes a row of {table}": round(size) for table, size in sizes.items()}
    figures["GB a shop and year in quarter-hours"] = a_day * 365 / 1e9
    figures["GB a shop and year in days of articles"] = sizes["sku_day"] * ARTICLES * 365 / 1e9
    return figures


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name}: {value if isinstance(value, (int, str)) else round(value, 2)}")

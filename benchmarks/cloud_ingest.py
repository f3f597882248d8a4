"""Rows a second of the cloud's ingest (copy, upsert, roll-ups and mark in one transaction) beside a bare COPY into the same keyed table.

Both write the same door and article quarters into month-partitioned tables with the same keys, on one server that syncs every commit,
in batches of the same size. The order alternates, so that a machine that slows down slows both; figures are medians of the batches.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, create_engine, make_url, text

from cloud_api.adapters.database import migrate, open_database
from cloud_api.adapters.embedded_postgres import EmbeddedPostgres
from cloud_api.adapters.fact_rows import rows_by_table
from cloud_api.adapters.partitions import Months
from cloud_api.adapters.reports_booking import ReportBook
from wire_format import codec
from wire_format.reports import AnyFact, DoorQuarter, ReportBatch, SkuQuarter

BATCH = 5000
BATCHES = 8
STORES = 4
_START = datetime(2026, 10, 1, tzinfo=UTC)
_LEDGER = "b" * 32


def facts_of(store: int, first_sequence: int) -> list[AnyFact]:
    """A batch: each quarter has one door and 49 articles."""
    facts: list[AnyFact] = []
    for sequence in range(first_sequence, first_sequence + BATCH):
        quarter, place = divmod(sequence - 1, 50)
        at_ms = int((_START + timedelta(minutes=15 * quarter)).timestamp() * 1000)
        if place == 0:
            door = DoorQuarter(
                sequence=sequence, quarter_started_at_ms=at_ms, door_id="main", people_in=store + 3, people_out=4, observed_min=15.0
            )
            facts.append(door)
            continue
        facts.append(
            SkuQuarter(
                sequence=sequence, quarter_started_at_ms=at_ms, sku=f"article-{place}", units_sold=2, units_picked=3, units_put_back=1,
                units_received=0, units_lost=0, opening_units=14.0, closing_units=12.0, closing_low_units=11.0, closing_high_units=13.0,
                out_of_stock_min=0.0, revenue_minor=398,
            )
        )  # fmt: skip
    return facts


def measure() -> dict[str, float | int | str]:
    """Run both and return rows a second, their ratio, and what a hub's HTTP body adds."""
    with tempfile.TemporaryDirectory(prefix="aislewise-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "records")
        url = server.start()
        try:
            return _measure(url)
        finally:
            server.stop()


def _measure(url: str) -> dict[str, float | int | str]:
    ingest, bare = _database(url, "ingest"), _database(url, "bare")
    book = ReportBook(ingest, now=lambda: datetime(2026, 12, 31, tzinfo=UTC))
    Months(bare).make(_START + timedelta(days=31 * month) for month in range(3))
    ingest_s: list[float] = []
    copy_s: list[float] = []
    decode_s: list[float] = []
    rows = 0
    for number in range(BATCHES):
        for store in range(STORES):
            facts = facts_of(store, 1 + number * BATCH)
            batch = ReportBatch(
                store_id=f"shop-{store}", ledger_id=_LEDGER, from_sequence=facts[0].sequence, to_sequence=facts[-1].sequence, facts=facts
            )
            body = codec.encode(batch)
            rows += len(facts)
            copied = 0.0 if (number + store) % 2 else _bare_copy(bare, batch)
            started = time.perf_counter()
            decoded = codec.report_batches.decode(body)
            decode_s.append(time.perf_counter() - started)
            started = time.perf_counter()
            book.book(decoded)
            ingest_s.append(time.perf_counter() - started)
            copy_s.append(copied or _bare_copy(bare, batch))
    same = [_count(engine) for engine in (ingest, bare)]
    ingest.dispose()
    bare.dispose()
    assert same[0] == same[1] == rows, f"the two did not write the same: {same}, {rows} rows"
    return {
        "ingest rows/s": round(BATCH / median(ingest_s)),
        "bare COPY rows/s": round(BATCH / median(copy_s)),
        "ingest beside COPY (goal 0.35)": median(bare_s / ours_s for bare_s, ours_s in zip(copy_s, ingest_s, strict=True)),
        "decode rows/s": round(BATCH / median(decode_s)),
        "rows": rows,
    }


def _database(url: str, name: str) -> Engine:
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    engine = open_database(make_url(url).set(database=name).render_as_string(hide_password=False))
    migrate(engine)
    return engine


def _bare_copy(engine: Engine, batch: ReportBatch) -> float:
    """The same rows straight into the keyed tables: the rows are made beforehand, and only COPY and commit are timed."""
    tables = rows_by_table(batch.store_id, 1, batch.facts)
    driver = engine.raw_connection()
    started = time.perf_counter()
    with driver.driver_connection.cursor() as cursor:  # type: ignore[union-attr]  # An open connection has its driver's.
        for name, rows in tables.items():
            with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    driver.commit()
    took_s = time.perf_counter() - started
    driver.close()
    return took_s


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return sum(int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()) for name in ("sku_quarter", "door_quarter"))

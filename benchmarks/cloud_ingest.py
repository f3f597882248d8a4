"""Rows a second of the cloud's ingest (copy, upsert, roll-ups and mark in one transaction) beside a bare COPY into the same keyed table.

Both write the same door and article quarters into month-partitioned tables with the same keys, on one server that syncs every commit,
in batches of the same size. The order alternates, so that a machine that slows down slows both; figures are medians of the batches.
`python -m benchmarks.cloud_ingest`
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
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
WAYS = {"ingest": 100, "roundabout": 1_000_000_000}
"""From how many rows on the store's newest is asked for: as the product has it; and never, so that all go by another table."""
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
    """Run them by turns and return rows a second, their ratio, and what a hub's HTTP body adds."""
    with tempfile.TemporaryDirectory(prefix="aislewise-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "records")
        url = server.start()
        try:
            return _measure(url)
        finally:
            server.stop()


def _measure(url: str) -> dict[str, float | int | str]:
    engines = {name: _database(url, name) for name in ("ingest", "roundabout", "bare")}
    books = {name: ReportBook(engines[name], now=_end, asked_from=asked_from) for name, asked_from in WAYS.items()}
    Months(engines["bare"]).make(_START + timedelta(days=31 * month) for month in range(3))
    took_s: dict[str, list[float]] = {name: [] for name in (*engines, "decode")}
    for number in range(BATCHES):
        for store in range(STORES):
            facts = facts_of(store, 1 + number * BATCH)
            batch = ReportBatch(
                store_id=f"shop-{store}", ledger_id=_LEDGER, from_sequence=facts[0].sequence, to_sequence=facts[-1].sequence, facts=facts
            )
            body = codec.encode(batch)
            took_s["decode"].append(_timed(partial(codec.report_batches.decode, body)))
            first = (number + store) % len(engines)
            for name in [*engines, *engines][first : first + len(engines)]:
                took_s[name].append(_bare_copy(engines[name], batch) if name == "bare" else _timed(partial(books[name].book, batch)))
    rows = BATCH * BATCHES * STORES
    counts = [_count(engine) for engine in engines.values()]
    for engine in engines.values():
        engine.dispose()
    assert set(counts) == {rows}, f"they did not write the same: {counts}, {rows} rows"
    beside = {name: median(bare_s / ours_s for bare_s, ours_s in zip(took_s["bare"], took_s[name], strict=True)) for name in WAYS}
    return {
        **{f"{name} rows/s": round(BATCH / median(seconds)) for name, seconds in took_s.items()},
        "ingest beside COPY (goal 0.35)": beside["ingest"],
        "all by another table beside COPY": beside["roundabout"],
        "rows": rows,
    }


def _end() -> datetime:
    return datetime(2026, 12, 31, tzinfo=UTC)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


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


if __name__ == "__main__":
    for title, value in measure().items():
        print(f"{title}: {value:.3f}" if isinstance(value, float) else f"{title}: {value}")
